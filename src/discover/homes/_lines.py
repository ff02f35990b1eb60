"""From the bytes of a log to arrays: one row per line with a date and a time, one record per other line.

The log is read in pieces of a few megabytes, so that the working arrays stay in the processor's cache and
memory does not grow with the log. Within a piece everything is array arithmetic.
"""

import os
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from discover.homes._states import StateReading, read_states
from discover.homes._times import parse_dates, parse_times
from discover.homes._tokens import MAX_FIELD, Fields, Positions, Spellings, split_fields

__all__ = ["BLANK", "CUTTERS", "REASONS", "Rows", "looks_like_commas", "read_rows"]

_DAY_US = 86_400_000_000
_MAX_PLACES = 3
PIECE_BYTES = 1 << 20
CUTTERS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Threads that cut pieces while the main thread numbers the fields of earlier ones."""
_AHEAD = 4
"""Pieces cut before they are asked for."""

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
    pattern = re.compile(
        rb"\s*\"?\d{4}[-/]\d\d?[-/]\d\d?\"?(?:,|[ T\t]\"?\d\d?:\d\d:\d\d(?:\.\d*)?\"?,(?=\D))"
    )
    return sum(bool(pattern.match(line)) for line in lines) * 2 > len(lines)


def read_rows(data: bytes) -> Rows:
    """Read a whole log.

    Args:
        data: As `_bytes.read_log_bytes` returns it.
    """
    reader = _Reader(commas=looks_like_commas(data))
    parts: list[dict[str, NDArray[np.generic]]] = []
    n_lines = 0
    for cut in _cut_ahead(data, reader.commas):
        parts.append(_read_piece(cut, reader, n_lines))
        n_lines += len(cut.reason)
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


def _pieces(data: bytes) -> Iterator[memoryview]:
    view, at = memoryview(data), 0
    while at < len(data):
        cut = data.rfind(b"\n", at, at + PIECE_BYTES) + 1
        if cut == 0:
            cut = data.find(b"\n", at + PIECE_BYTES) + 1
        if cut == 0:
            cut = len(data)
        yield view[at:cut]
        at = cut


def _cut_ahead(data: bytes, commas: bool) -> Iterator["_Cut"]:
    """Pieces in order, the next ones cut by other threads meanwhile."""
    waiting: deque[Future[_Cut]] = deque()
    with ThreadPoolExecutor(max_workers=CUTTERS) as worker:
        for piece in _pieces(data):
            waiting.append(worker.submit(_cut_piece, piece, commas))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True)
class _Cut:
    """A piece of L lines cut into fields, with the times of the N lines that have one.

    Attributes:
        reason: Per line 0, BLANK or a key of REASONS, shape (L,).
        rows: Lines that have a time and fields after it, shape (N,).
        at, stop: Their fields from the sensor on, shape (N,).
        time: Microseconds since 1970, shape (N,).
    """

    fields: Fields
    reason: NDArray[np.uint8]
    rows: Positions
    at: Positions
    stop: Positions
    time: NDArray[np.int64]


def _cut_piece(piece: memoryview, commas: bool) -> _Cut:
    fields = split_fields(piece, commas=commas)
    first, stop = fields.first[:-1], fields.first[1:]
    reason = np.zeros(len(first), dtype=np.uint8)
    filled = stop > first
    rows = np.flatnonzero(filled)
    if len(rows) < len(first):
        reason[~filled] = BLANK
        first, stop = first[rows], stop[rows]
    date, clock, clock_end, base = _stamp_positions(fields, first, stop)
    days, real_day = parse_dates(fields, date)
    micros, real_time = parse_times(fields, clock, clock_end)
    time = days * _DAY_US + micros
    at = first + base
    good = real_day & real_time & (base > 0) & (stop >= at + 2)
    if not good.all():
        # the gravest reason counts: a later assignment overrules an earlier one
        problem = np.where(stop < at + 2, 5, 0)
        problem[~real_time] = 4
        problem[~real_day] = 3
        digit = fields.buffer[date]
        problem[(base == 0) | (digit < 48) | (digit > 57)] = 2
        reason[rows] = problem
        rows, at, stop, time = rows[good], at[good], stop[good], time[good]
    return _Cut(fields, reason, rows, at, stop, time)


def _read_piece(cut: _Cut, reader: _Reader, lines_before: int) -> dict[str, NDArray[np.generic]]:
    part = _read_fields(cut.fields, reader, cut.at, cut.stop)
    skipped = np.flatnonzero(cut.reason)
    part["line"] = (cut.rows + (lines_before + 1)).astype(np.uint32)
    part["time"] = cut.time
    part["skipped_line"] = (skipped + (lines_before + 1)).astype(np.uint32)
    part["skipped_reason"] = cut.reason[skipped]
    return part


def _stamp_positions(
    fields: Fields, first: Positions, stop: Positions
) -> tuple[Positions, Positions, Positions, Positions]:
    """Where date and time stand, and how many fields they take (0: the line begins with no date)."""
    date = fields.starts[first]
    length = fields.ends[first] - date
    second = np.minimum(first + 1, stop - 1)
    clock, clock_end = fields.starts[second], fields.ends[second]
    base = np.full(len(first), 2)
    other = np.flatnonzero(length != 10)
    if len(other):
        joined = other[length[other] >= 19]
        joined = joined[fields.buffer[date[joined] + 10] == ord("T")]
        base[other] = 0
        base[joined] = 1
        clock[joined] = date[joined] + 11
        clock_end[joined] = fields.ends[first[joined]]
    return date, clock, clock_end, base


def _read_fields(
    fields: Fields, reader: _Reader, at: Positions, stop: Positions
) -> dict[str, NDArray[np.generic]]:
    """Sensor, state and what follows of lines whose fields from the sensor on are `[at, stop)`."""
    n = len(at)
    problem = np.zeros(n, dtype=np.uint8)
    length = fields.ends[stop - 1] - fields.starts[at]
    if n and length.max() > MAX_FIELD:
        fits = length <= MAX_FIELD
        problem[~fits] = 6
        part = _read_fields(fields, reader, at[fits], stop[fits])
        whole: dict[str, NDArray[np.generic]] = {}
        for name, column in part.items():
            whole[name] = np.full(n, 0 if name == "shift" else -1).astype(column.dtype)
            whole[name][fits] = column
        return {**whole, "problem": problem}
    sensor = reader.sensors.encode(fields, fields.starts[at], fields.ends[at])
    state, shift = _find_states(fields, reader, at, stop)
    places, tail = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    rows = np.flatnonzero(shift)
    places[rows] = reader.places.encode(
        fields, fields.starts[at[rows] + 1], fields.ends[at[rows] + shift[rows]]
    )
    rows = np.flatnonzero(stop > at + shift + 2)
    tail[rows] = reader.tails.encode(
        fields, fields.starts[at[rows] + shift[rows] + 2], fields.ends[stop[rows] - 1]
    )
    return {
        "sensor": sensor,
        "state": state,
        "places": places,
        "tail": tail,
        "shift": shift.astype(np.uint8),
        "problem": problem,
    }


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
