"""From the bytes of a log to arrays: one row per line with a date and a time, one record per other line.

The log is read in pieces of a few megabytes, so that the working arrays stay in the processor's cache and
memory does not grow with the log. Within a piece everything is array arithmetic.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from discover.homes._cutting import BLANK, HARD, LONGEST_LINE, Cut, cut_ahead
from discover.homes._date_order import year_day_month
from discover.homes._hard_lines import HEADING, HardRow, Heading, find_heading, read_hard_lines
from discover.homes._stamps import find_stamp
from discover.homes._states import BINARY_STATES, HEALTH, VALUE, StateReading, read_states
from discover.homes._tokens import MAX_FIELD, Fields, Positions, Spellings

__all__ = [
    "BLANK",
    "DEVICE_HEALTH",
    "HEADING",
    "REASONS",
    "Rows",
    "looks_like_commas",
    "read_rows",
]

_MAX_PLACES = 7
_ROW_COLUMNS = ("line", "time", "sensor", "state", "places", "tail", "shift", "problem", "zoned")
_BLANK_BYTES = bytes(range(33))
_WORD, _NUMBER, _PLAIN, _BINARY = 1, 2, 4, 8
"""Kinds of state spellings: a word, a number, exact (not repaired), one of ON, OFF, OPEN ..."""

DEVICE_HEALTH = 22
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
    11: "no such time of day: hours and minutes without seconds",
    12: "time with a time zone, and the home has no time_zone",
    13: "two times in one line (a line end is lost)",
    14: "NUL or control bytes in the line",
    15: "day and month cannot be told apart",
    16: "year of two digits",
    17: "seconds since 1970 (UTC), and the home has no time_zone",
    18: "number with a comma in a line separated by commas",
    19: "clock not set: the time lies more than a year from all others",
    20: "only one of the sensor's two states is known: both or neither are read",
    HEADING: "heading",
    DEVICE_HEALTH: "device reports its own health, nothing in the home",
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
        zoned: Whether the time was converted from another zone to the home's.
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
    zoned: NDArray[np.bool_]
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
    kinds: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    places: Spellings = field(default_factory=Spellings)
    tails: Spellings = field(default_factory=Spellings)
    usual_shift: int = 0

    def has(self, states: NDArray[np.int32], kind: int) -> NDArray[np.bool_]:
        """Which of these states are of a kind."""
        found: NDArray[np.bool_] = (self.kinds & kind)[states] != 0
        return found


def looks_like_commas(data: bytes) -> bool:
    """Whether commas separate the first fields of most of the first lines."""
    lines = [line for line in data[:20_000].split(b"\n")[:100] if line.strip()]
    pattern = re.compile(
        rb"\s*\"?\d{4}[-/]\d\d?[-/]\d\d?\"?(?:,|[ T\t]\"?\d\d?:\d\d:\d\d(?:\.\d*)?\"?,(?!\d+[ \t]))"
    )
    return sum(bool(pattern.match(line)) for line in lines) * 2 > len(lines)


def read_rows(data: bytes, zone: ZoneInfo | None = None) -> Rows:
    """Read a whole log.

    Lines in the usual shapes are read as arrays. What is left over is read line by line, with decisions
    (order of day and month, column of the state) made from all of it.

    Args:
        data: As `_bytes.read_log_bytes` returns it.
        zone: The home's time zone, for times with an offset; None: such lines are refused.
    """
    reader = _Reader(commas=looks_like_commas(data))
    head = [t.decode("utf-8", errors="replace") for t in data[:20_000].split(b"\n")[:30] if t.strip()]
    heading = find_heading(head)
    if heading is not None and not heading.usual:
        return _read_all_hard(data, reader, heading, zone)
    parts: list[dict[str, NDArray[np.generic]]] = []
    hard: list[tuple[int, str]] = []
    n_lines, n_rows, late_day = 0, 0, False
    for cut in cut_ahead(data, reader.commas):
        hard += [(n_lines + k, text) for k, text in cut.hard]
        parts.append(_read_piece(cut, reader, n_lines))
        n_lines += len(cut.reason)
        n_rows += len(cut.rows)
        late_day |= cut.day_above_12
    if hard:
        stamps = [(k, stamp) for k, text in hard if len(text) < 1000 and (stamp := find_stamp(text))]
        line, time = (np.concatenate([part[name] for part in parts]) for name in ("line", "time"))
        swapped = year_day_month(stamps, line, time, late_day)
        if n_rows and swapped:
            return _read_all_hard(data, _Reader(commas=False), None, zone)
        rows, refused = read_hard_lines(hard, heading=None, zone=zone, swapped=swapped)
        parts.append(_hard_part(rows, refused, reader))
    return _joined(parts, reader, n_lines)


def _read_all_hard(data: bytes, reader: "_Reader", heading: Heading | None, zone: ZoneInfo | None) -> "Rows":
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    blank = [k for k, line in enumerate(lines, start=1) if not line.strip(_BLANK_BYTES)]
    empty = set(blank)
    hard = [(k, _decoded(line)) for k, line in enumerate(lines, start=1) if k not in empty]
    swapped = True if heading is None else None
    rows, refused = read_hard_lines(hard, heading=heading, zone=zone, swapped=swapped)
    part = _hard_part(rows, [*refused, *((k, BLANK) for k in blank)], reader)
    return _joined([part], reader, len(lines))


def _decoded(line: bytes) -> str:
    return line[:LONGEST_LINE].decode("utf-8", errors="replace")


def _hard_part(
    rows: Sequence[HardRow], refused: Sequence[tuple[int, int]], reader: "_Reader"
) -> dict[str, NDArray[np.generic]]:
    """Rows read one by one, in the arrays of the others."""
    texts = {"sensor": reader.sensors, "state": reader.states, "places": reader.places, "tail": reader.tails}
    part: dict[str, NDArray[np.generic]] = {
        name: np.array(
            [spellings.number_of(text) if (text := getattr(row, name)) else -1 for row in rows],
            dtype=np.int32,
        )
        for name, spellings in texts.items()
    }
    reader.readings += read_states(reader.states.texts[len(reader.readings) :])
    part["shift"] = np.array([min(row.shift, 255) for row in rows], dtype=np.uint8)
    part["problem"] = np.array([row.problem for row in rows], dtype=np.uint8)
    part["zoned"] = np.array([row.zoned for row in rows], dtype=np.bool_)
    part["line"] = np.array([row.line for row in rows], dtype=np.uint32)
    part["time"] = np.array([row.time for row in rows], dtype=np.int64)
    part["skipped_line"] = np.array([line for line, _ in refused], dtype=np.uint32)
    part["skipped_reason"] = np.array([reason for _, reason in refused], dtype=np.uint8)
    return part


def _joined(parts: list[dict[str, NDArray[np.generic]]], reader: "_Reader", n_lines: int) -> "Rows":
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for key in ("line", "skipped_line"):
        if len(parts) > 1 and (np.diff(joined[key].astype(np.int64)) < 0).any():
            order = np.argsort(joined[key], kind="stable")
            names = ("skipped_line", "skipped_reason") if key == "skipped_line" else _ROW_COLUMNS
            joined.update({name: joined[name][order] for name in names})
    return Rows(
        **joined,
        n_lines=n_lines,
        sensors=reader.sensors.texts,
        states=reader.states.texts,
        readings=reader.readings,
        place_texts=reader.places.texts,
        tails=reader.tails.texts,
    )


def _read_piece(cut: Cut, reader: _Reader, lines_before: int) -> dict[str, NDArray[np.generic]]:
    part = _read_fields(cut.fields, reader, cut.at, cut.stop)
    skipped = np.flatnonzero((cut.reason != 0) & (cut.reason != HARD))
    part["line"] = (cut.rows + (lines_before + 1)).astype(np.uint32)
    part["time"] = cut.time
    part["zoned"] = np.zeros(len(cut.rows), dtype=np.bool_)
    part["skipped_line"] = (skipped + (lines_before + 1)).astype(np.uint32)
    part["skipped_reason"] = cut.reason[skipped]
    return part


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
        # behind a word that is a state of its own (`detected`) a number or `unknown` is a label
        plain &= ~(reader.has(state[rows], _WORD) & ~reader.has(candidate, _WORD))
        hits = rows[plain]
        state[hits], shift[hits] = candidate[plain], moved
        open_rows = np.setdiff1d(open_rows, hits, assume_unique=True)
    _numbers_of_names(fields, reader, at, stop, state, shift)
    settled = np.ones(len(at), dtype=np.bool_)
    settled[open_rows] = False
    if settled.any():
        reader.usual_shift = int(np.bincount(shift[settled]).argmax())
    if reader.usual_shift:  # a damaged state is looked for where the other lines have theirs
        rows = open_rows[stop[open_rows] > at[open_rows] + 1 + reader.usual_shift]
        state[rows], _ = _encode_states(fields, reader, at[rows] + 1 + reader.usual_shift)
        shift[rows] = reader.usual_shift
    return state, shift


def _numbers_of_names(
    fields: Fields,
    reader: _Reader,
    at: Positions,
    stop: Positions,
    state: NDArray[np.int32],
    shift: Positions,
) -> None:
    """A number with ON, OFF, OPEN ... right behind it belongs to the sensor's name: `Motion Sensor 1 ON`."""
    rows = np.flatnonzero(reader.has(state, _NUMBER) & (stop > at + shift + 2))
    if not len(rows):
        return
    candidate, plain = _encode_states(fields, reader, at[rows] + shift[rows] + 2)
    hits = plain & reader.has(candidate, _BINARY)
    state[rows[hits]] = candidate[hits]
    shift[rows[hits]] += 1


def _encode_states(
    fields: Fields, reader: _Reader, index: Positions
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Spelling numbers of the fields at `index`, and which are exact states or numbers."""
    numbers = reader.states.encode(fields, fields.starts[index], fields.ends[index])
    new = reader.states.texts[len(reader.readings) :]
    if new:
        readings = read_states(new)
        reader.readings += readings
        reader.kinds = np.concatenate([reader.kinds, [_kind(r) for r in readings]]).astype(np.uint8)
    return numbers, reader.has(numbers, _PLAIN)


def _kind(reading: StateReading) -> int:
    word = reading.state not in ("", VALUE, HEALTH)
    plain = reading.state != "" and reading.rule == ""
    binary = reading.state in BINARY_STATES
    return _WORD * word | _NUMBER * (reading.state == VALUE) | _PLAIN * plain | _BINARY * binary
