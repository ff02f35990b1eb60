"""From the bytes of a log to arrays: one row per line with a date and a time, one record per other line.

The log is read in pieces of a few megabytes, so that the working arrays stay in the processor's cache and
memory does not grow with the log. Within a piece everything is array arithmetic.
"""

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from discover.homes._hard_lines import HEADING, HardRow, Heading, find_heading, read_hard_lines
from discover.homes._stamps import find_stamp, order_of_dates
from discover.homes._states import BINARY_STATES, VALUE, StateReading, read_states
from discover.homes._times import parse_dates, parse_times
from discover.homes._tokens import MAX_FIELD, Fields, Positions, Spellings, split_fields

__all__ = [
    "BLANK",
    "CUTTERS",
    "DEVICE_HEALTH",
    "HEADING",
    "REASONS",
    "Rows",
    "looks_like_commas",
    "read_rows",
]

_DAY_US = 86_400_000_000
_MAX_PLACES = 7
PIECE_BYTES = 1 << 20
CUTTERS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Threads that cut pieces while the main thread numbers the fields of earlier ones."""
_HARD = 255
_CLOCK_WORDS = np.array(
    [
        int.from_bytes(word.encode(), "little")
        for word in ("AM", "PM", "am", "pm", "Am", "Pm", "A.M.", "P.M.", "a.m.", "p.m.", "Z", "UTC", "GMT")
    ],
    dtype=np.uint64,
)
_ROW_COLUMNS = ("line", "time", "sensor", "state", "places", "tail", "shift", "problem")
_BLANK_BYTES = bytes(range(33))
_LONGEST_LINE = 5000
"""Bytes of a line that are looked at; a longer line is refused."""
_AHEAD = 4
"""Pieces cut before they are asked for."""

BLANK = 1
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
    for cut in _cut_ahead(data, reader.commas):
        hard += [(n_lines + k, text) for k, text in cut.hard]
        parts.append(_read_piece(cut, reader, n_lines))
        n_lines += len(cut.reason)
        n_rows += len(cut.rows)
        late_day |= cut.day_above_12
    if hard:
        year_month_day = late_day or n_rows > 2 * len(hard)
        if not year_month_day and n_rows and _year_day_month(hard):
            return _read_all_hard(data, _Reader(commas=False), None, zone)
        rows, refused = read_hard_lines(hard, heading=None, zone=zone, plain_day_above_12=year_month_day)
        parts.append(_hard_part(rows, refused, reader))
    return _joined(parts, reader, n_lines)


def _year_day_month(hard: list[tuple[int, str]]) -> bool:
    stamps = (find_stamp(text) for _, text in hard if len(text) < 1000)
    return order_of_dates(stamp for stamp in stamps if stamp is not None).year_day_month


def _read_all_hard(data: bytes, reader: "_Reader", heading: Heading | None, zone: ZoneInfo | None) -> "Rows":
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    blank = [k for k, line in enumerate(lines, start=1) if not line.strip(_BLANK_BYTES)]
    empty = set(blank)
    hard = [(k, _decoded(line)) for k, line in enumerate(lines, start=1) if k not in empty]
    rows, refused = read_hard_lines(hard, heading=heading, zone=zone, plain_day_above_12=False)
    part = _hard_part(rows, [*refused, *((k, BLANK) for k in blank)], reader)
    return _joined([part], reader, len(lines))


def _decoded(line: bytes) -> str:
    return line[:_LONGEST_LINE].decode("utf-8", errors="replace")


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


def _pieces(data: bytes) -> Iterator[memoryview]:
    """Whole lines, about a megabyte at a time; of a line longer than that only the beginning."""
    view, at = memoryview(data), 0
    while at < len(data):
        cut = data.rfind(b"\n", at, at + PIECE_BYTES) + 1
        if cut == 0:
            cut = data.find(b"\n", at + PIECE_BYTES) + 1 or len(data)
            yield view[at : min(cut, at + max(PIECE_BYTES, _LONGEST_LINE))]
        else:
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
        hard: Number within the piece (from 1) and text of each line left to `_hard_lines`.
        day_above_12: Whether a date read here has a day that is no month.
    """

    fields: Fields
    reason: NDArray[np.uint8]
    rows: Positions
    at: Positions
    stop: Positions
    time: NDArray[np.int64]
    hard: list[tuple[int, str]]
    day_above_12: bool


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
    good &= ~_odd_lines(fields, np.where(good, at, 0), clock_end, stop, good)
    hard: list[tuple[int, str]] = []
    if not good.all():
        bad = np.flatnonzero(~good)
        begin = _line_starts(fields)
        for k in rows[bad].tolist():
            start, end = begin[k], min(begin[k + 1] - 1, begin[k] + _LONGEST_LINE)
            hard.append((k + 1, fields.text(start, end)))
        reason[rows[bad]] = _HARD
        rows, at, stop, time = rows[good], at[good], stop[good], time[good]
        date = date[good]
    late_day = _day_above_12(fields, date)
    return _Cut(fields, reason, rows, at, stop, time, hard, late_day)


def _line_starts(fields: Fields) -> list[int]:
    """First byte of each line, and one past the last line's end."""
    ends = np.flatnonzero(fields.buffer[: fields.size] == 10)
    return [*(ends + 1).tolist()]


def _day_above_12(fields: Fields, date: Positions) -> bool:
    if not len(date):
        return False
    tens, units = fields.buffer[date + 8], fields.buffer[date + 9]
    return bool(((tens > 49) | ((tens == 49) & (units > 50))).any())


def _odd_lines(
    fields: Fields, at: Positions, clock_end: Positions, stop: Positions, good: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Lines that look readable and are not: other separators, quotes, AM or PM, a zone, two times, NUL."""
    buffer = fields.buffer
    start, end = fields.starts[at], fields.ends[at]
    after_clock, after_sensor = buffer[clock_end], buffer[end]
    second = np.minimum(at + 1, stop - 1)
    after_second = buffer[fields.ends[second]]
    odd: NDArray[np.bool_] = after_sensor != after_clock
    odd |= (after_second != after_clock) & (after_second != 10) & (after_second != 13)
    first = buffer[start]
    odd |= (first == 34) | (buffer[fields.starts[second]] == 34) | (first == 43) | (first == 45)
    short = np.flatnonzero((end - start <= 4) & ((first | 32) != 109))  # not the usual M...
    if len(short):
        words = fields.masked_words(start[short], end[short] - start[short])
        odd[short] |= np.isin(words, _CLOCK_WORDS)
    used = buffer[: fields.size]
    colon = used == 58
    if np.count_nonzero(colon[3:] & colon[:-3]) > np.count_nonzero(good):
        odd |= _more_than_once(fields, np.flatnonzero(colon[3:] & colon[:-3]))[_filled(fields)]
    if fields.has_control:
        control = (used < 32) & (used != 9) & (used != 10) & (used != 13)
        odd |= _more_than_once(fields, np.flatnonzero(control), 1)[_filled(fields)]
    return odd


def _filled(fields: Fields) -> NDArray[np.bool_]:
    filled: NDArray[np.bool_] = fields.first[1:] > fields.first[:-1]
    return filled


def _more_than_once(fields: Fields, positions: Positions, least: int = 2) -> NDArray[np.bool_]:
    """Lines that hold at least so many of the positions, shape (L,)."""
    ends = np.flatnonzero(fields.buffer[: fields.size] == 10)
    line = np.searchsorted(ends, positions) - 1
    count = np.bincount(line[line >= 0], minlength=len(ends) - 1)[: len(ends) - 1]
    enough: NDArray[np.bool_] = count >= least
    return enough


def _read_piece(cut: _Cut, reader: _Reader, lines_before: int) -> dict[str, NDArray[np.generic]]:
    part = _read_fields(cut.fields, reader, cut.at, cut.stop)
    skipped = np.flatnonzero((cut.reason != 0) & (cut.reason != _HARD))
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
    is_number = np.array([r.state == VALUE for r in reader.readings], dtype=np.bool_)
    rows = np.flatnonzero(is_number[state] & (stop > at + shift + 2))
    if not len(rows):
        return
    candidate, _ = _encode_states(fields, reader, at[rows] + shift[rows] + 2)
    binary = np.array([r.state in BINARY_STATES and r.rule == "" for r in reader.readings])
    hits = binary[candidate]
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
        plain = np.array([r.state != "" and r.rule == "" for r in readings], dtype=np.bool_)
        reader.plain = np.concatenate([reader.plain, plain])
    return numbers, reader.plain[numbers]
