"""From the bytes of a log to arrays: one row per line with a date and a time, one record per other line.

The log is read in pieces of a few megabytes, so that the working arrays stay in the processor's cache and
memory does not grow with the log. Within a piece everything is array arithmetic.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from discover.homes._states import StateReading, read_states
from discover.homes._times import parse_dates, parse_times
from discover.homes._tokens import MAX_FIELD, Fields, Positions, Spellings, split_fields

__all__ = ["BLANK", "REASONS", "Rows", "looks_like_commas", "read_rows"]

_DAY_US = 86_400_000_000
_MAX_PLACES = 3
PIECE_BYTES = 1 << 20

BLANK = 1
REASONS = {
    2: "line does not begin with a date",
    3: "no such date",
    4: "no such time of day",
    5: "too few fields (date, time, sensor and value are needed)",
    6: "more than 256 characters after the time",
    7: "value not understood",
    8: "value stands in another column than in the rest of the log",
    9: "no sensor id before the value",
    10: "damaged sensor id",
}


@dataclass
class Rows:
    """Lines with a date and a time, in file order, as parallel arrays of length N.

    Attributes:
        line: 1-based line number, uint32.
        time: Microseconds since 1970-01-01 00:00 local time, int64.
        sensor, state, places, tail: Numbers into the spellings of the same name, int32; -1 = none.
        shift: Columns between sensor and state, uint8.
        problem: 0 or a key of REASONS, uint8.
        skipped_line, skipped_reason: Lines that are not rows, with BLANK or a key of REASONS.
        n_lines: Lines in the file.
    """

    line: NDArray[np.uint32]
    time: NDArray[np.int64]
    sensor: NDArray[np.int32]
    state: NDArray[np.int32]
    places: NDArray[np.int32]
    tail: NDArray[np.int32]
    shift: NDArray[np.uint8]
    problem: NDArray[np.uint8]
    skipped_line: NDArray[np.uint32]
    skipped_reason: NDArray[np.uint8]
    n_lines: int
    sensors: list[str]
    states: list[str]
    readings: list[StateReading]
    place_texts: list[str]
    tails: list[str]


@dataclass
class _Reader:
    """What is carried from piece to piece."""

    commas: bool
    sensors: Spellings = field(default_factory=Spellings)
    states: Spellings = field(default_factory=Spellings)
    readings: list[StateReading] = field(default_factory=list)
    plain: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    places: Spellings = field(default_factory=Spellings)
    tails: Spellings = field(default_factory=Spellings)
    usual_shift: int = 0


def looks_like_commas(data: bytes) -> bool:
    """Whether commas separate the first fields of most of the first lines."""
    lines = [line for line in data[:20_000].split(b"\n")[:100] if line.strip()]
    pattern = re.compile(rb"\s*\"?\d{4}[-/]\d\d?[-/]\d\d?\"?(?:,|[ T\t]\"?\d\d?:\d\d:\d\d(?:\.\d*)?\"?,(?=\D))")
    return sum(bool(pattern.match(line)) for line in lines) * 2 > len(lines)


def read_rows(data: bytes) -> Rows:
    """Read a whole log.

    Args:
        data: As `_bytes.read_log_bytes` returns it.
    """
    reader = _Reader(commas=looks_like_commas(data))
    parts: list[dict[str, NDArray[np.generic]]] = []
    n_lines = 0
    for piece in _pieces(data):
        fields = split_fields(piece.replace(b'"', b" ") if reader.commas else piece, commas=reader.commas)
        parts.append(_read_piece(fields, reader, n_lines))
        n_lines += len(fields.first) - 1
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Rows(
        **joined,
        n_lines=n_lines,
        sensors=reader.sensors.texts,
        states=reader.states.texts,
        readings=reader.readings,
        place_texts=reader.places.texts,
        tails=reader.tails.texts,
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        cut = data.rfind(b"\n", at, at + PIECE_BYTES) + 1
        if cut == 0:
            cut = data.find(b"\n", at + PIECE_BYTES) + 1
        if cut == 0:
            cut = len(data)
        piece = data[at:cut]
        yield piece if piece.endswith(b"\n") else piece + b"\n"
        at = cut


def _read_piece(fields: Fields, reader: _Reader, lines_before: int) -> dict[str, NDArray[np.generic]]:
    first, count = fields.first[:-1], np.diff(fields.first)
    reason = np.zeros(len(first), dtype=np.uint8)
    reason[count == 0] = BLANK
    rows = np.flatnonzero(count)
    date, clock, clock_end, base = _stamp_positions(fields, first[rows], count[rows])
    days, real_day = parse_dates(fields, date)
    micros, real_time = parse_times(fields, clock, clock_end)
    # Worst first: a later assignment overrules an earlier one.
    problem = np.zeros(len(rows), dtype=np.uint8)
    problem[count[rows] < base + 2] = 5
    problem[~real_time] = 4
    problem[~real_day] = 3
    problem[base == 0] = 2
    reason[rows] = problem
    good = problem == 0
    skipped = np.flatnonzero(reason)
    rows, base, time = rows[good], base[good], (days * _DAY_US + micros)[good]
    part = _read_fields(fields, reader, first[rows] + base, first[rows] + count[rows])
    part["line"] = (rows + lines_before + 1).astype(np.uint32)
    part["time"] = time
    part["skipped_line"] = (skipped + lines_before + 1).astype(np.uint32)
    part["skipped_reason"] = reason[skipped]
    return part


def _stamp_positions(
    fields: Fields, first: Positions, count: Positions
) -> tuple[Positions, Positions, Positions, Positions]:
    """Where date and time stand, and how many fields they take (0: the line begins with no date)."""
    date = fields.starts[first]
    length = fields.ends[first] - date
    second = first + (count > 1)
    clock, clock_end = fields.starts[second], fields.ends[second]
    base = np.where(length == 10, 2, 0)
    joined = (length >= 19) & (fields.buffer[np.minimum(date + 10, len(fields.buffer) - 1)] == ord("T"))
    if joined.any():
        base[joined] = 1
        clock = np.where(joined, date + 11, clock)
        clock_end = np.where(joined, fields.ends[first], clock_end)
    digit = fields.buffer[date]
    base[(digit < 48) | (digit > 57)] = 0
    return date, clock, clock_end, base


def _read_fields(
    fields: Fields, reader: _Reader, at: Positions, stop: Positions
) -> dict[str, NDArray[np.generic]]:
    """Sensor, state and what follows of lines whose fields from the sensor on are `[at, stop)`."""
    n = len(at)
    sensor_start, sensor_end = fields.starts[at], fields.ends[at]
    tail_length = fields.ends[stop - 1] - sensor_start
    problem = np.zeros(n, dtype=np.uint8)
    if n and tail_length.max() > MAX_FIELD:
        problem[tail_length > MAX_FIELD] = 6
        usable = np.flatnonzero(problem == 0)
    else:
        usable = np.arange(n)
    out = {name: np.full(n, -1, dtype=np.int32) for name in ("sensor", "state", "places", "tail")}
    shift = np.zeros(n, dtype=np.uint8)
    at, stop = at[usable], stop[usable]
    out["sensor"][usable] = reader.sensors.encode(fields, sensor_start[usable], sensor_end[usable])
    state, moved = _find_states(fields, reader, at, stop)
    out["state"][usable] = state
    shift[usable] = moved
    if moved.any():
        rows = np.flatnonzero(moved)
        out["places"][usable[rows]] = reader.places.encode(
            fields, fields.starts[at[rows] + 1], fields.ends[at[rows] + moved[rows]]
        )
    rows = np.flatnonzero(stop > at + moved + 2)
    out["tail"][usable[rows]] = reader.tails.encode(
        fields, fields.starts[at[rows] + moved[rows] + 2], fields.ends[stop[rows] - 1]
    )
    return {**out, "shift": shift, "problem": problem}


def _find_states(
    fields: Fields, reader: _Reader, at: Positions, stop: Positions
) -> tuple[NDArray[np.int32], Positions]:
    """Number of each line's state, and how many columns stand between sensor and state."""
    state, plain = _encode_states(fields, reader, at + 1)
    shift = np.zeros(len(at), dtype=np.int64)
    open_rows = np.flatnonzero(~plain)
    for moved in range(1, _MAX_PLACES + 1):
        rows = open_rows[stop[open_rows] > at[open_rows] + 1 + moved]
        if not len(rows):
            break
        candidate, plain = _encode_states(fields, reader, at[rows] + 1 + moved)
        hits = rows[plain]
        state[hits], shift[hits] = candidate[plain], moved
        open_rows = np.setdiff1d(open_rows, hits, assume_unique=True)
    settled = np.ones(len(at), dtype=np.bool_)
    settled[open_rows] = False
    if settled.any():
        reader.usual_shift = int(np.bincount(shift[settled]).argmax())
    if reader.usual_shift:  # a damaged state is looked for where the other lines have theirs
        rows = open_rows[stop[open_rows] > at[open_rows] + 1 + reader.usual_shift]
        state[rows], _ = _encode_states(fields, reader, at[rows] + 1 + reader.usual_shift)
        shift[rows] = reader.usual_shift
    return state, shift


def _encode_states(
    fields: Fields, reader: _Reader, index: Positions
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Spelling numbers of the fields at `index`, and which are exact states or numbers."""
    numbers = reader.states.encode(fields, fields.starts[index], fields.ends[index])
    new = reader.states.texts[len(reader.readings) :]
    if new:
        readings = read_states(new)
        reader.readings += readings
        plain = np.array([r.state != "" and r.rule == "" for r in readings], dtype=np.bool_)
        reader.plain = np.concatenate([reader.plain, plain])
    return numbers, reader.plain[numbers]
