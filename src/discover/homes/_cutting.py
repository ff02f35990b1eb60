"""Cut a log into pieces and lines into fields on other threads; find the lines to look at more closely."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.homes._times import parse_dates, parse_times
from discover.homes._tokens import Fields, Positions, split_fields

__all__ = ["BLANK", "CUTTERS", "HARD", "LONGEST_LINE", "Cut", "cut_ahead"]

_DAY_US = 86_400_000_000
PIECE_BYTES = 1 << 20
CUTTERS = max(1, min(2, (os.cpu_count() or 1) - 1))
"""Threads that cut pieces while the main thread numbers the fields of earlier ones."""
_AHEAD = 4
"""Pieces cut before they are asked for."""
BLANK = 1
HARD = 255
"""Mark of a line that is read one by one."""
LONGEST_LINE = 5000
"""Bytes of a line that are looked at; a longer line is refused."""
_WORDS = (b"AM", b"PM", b"am", b"pm", b"Am", b"Pm", b"A.M.", b"P.M.", b"a.m.", b"p.m.", b"Z", b"UTC", b"GMT")
_CLOCK_WORDS = np.array([int.from_bytes(word, "little") for word in _WORDS], dtype=np.uint64)
_ODD, _CLOCK = 1, 2
_FIRST = np.zeros(256, dtype=np.uint8)
"""First byte of a sensor's id: quotes and signs are odd, some letters may begin a word of the clock."""
_FIRST[list(b'"+-')] = _ODD
_FIRST[[word[0] for word in _WORDS]] = _CLOCK


def _pieces(data: bytes) -> Iterator[memoryview]:
    """Whole lines, about a megabyte at a time; of a line longer than that only the beginning."""
    view, at = memoryview(data), 0
    while at < len(data):
        cut = data.rfind(b"\n", at, at + PIECE_BYTES) + 1
        if cut == 0:
            cut = data.find(b"\n", at + PIECE_BYTES) + 1 or len(data)
            yield view[at : min(cut, at + max(PIECE_BYTES, LONGEST_LINE))]
        else:
            yield view[at:cut]
        at = cut


def cut_ahead(data: bytes, commas: bool) -> Iterator["Cut"]:
    """Pieces in order, the next ones cut by other threads meanwhile."""
    waiting: deque[Future[Cut]] = deque()
    with ThreadPoolExecutor(max_workers=CUTTERS) as worker:
        signs = b";" in data or b"|" in data or (not commas and b"," in data)
        quotes = b'"' in data
        for piece in _pieces(data):
            waiting.append(worker.submit(_cut_piece, piece, commas, signs, quotes))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True)
class Cut:
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


def _cut_piece(piece: memoryview, commas: bool, other_signs: bool, quotes: bool) -> Cut:
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
    if good.any():
        good &= ~_odd_lines(fields, np.where(good, at, 0), clock_end, int(np.count_nonzero(good)), quotes)
    if other_signs:
        good &= ~_other_separators(fields, np.where(good, at, 0), commas)
    hard: list[tuple[int, str]] = []
    if not good.all():
        bad = np.flatnonzero(~good)
        begin = _line_starts(fields)
        for k in rows[bad].tolist():
            start, end = begin[k], min(begin[k + 1] - 1, begin[k] + LONGEST_LINE)
            hard.append((k + 1, fields.text(start, end)))
        reason[rows[bad]] = HARD
        rows, at, stop, time = rows[good], at[good], stop[good], time[good]
        date = date[good]
    late_day = _day_above_12(fields, date)
    return Cut(fields, reason, rows, at, stop, time, hard, late_day)


def _line_starts(fields: Fields) -> list[int]:
    """First byte of each line, and one past the last line's end."""
    ends = np.flatnonzero(fields.buffer[: fields.size] == 10)
    return [*(ends + 1).tolist()]


def _day_above_12(fields: Fields, date: Positions) -> bool:
    if not len(date):
        return False
    tens = fields.buffer[date + 8]
    if (tens > 49).any():
        return True
    return bool((fields.buffer[date[tens == 49] + 9] > 50).any())


def _odd_lines(
    fields: Fields, at: Positions, clock_end: Positions, n_good: int, quotes: bool
) -> NDArray[np.bool_]:
    """Lines that look readable and are not: other separators, quotes, AM or PM, a zone, two times, NUL.

    Of two fields or more in the piece; `at` is the field of the sensor, one follows it.
    """
    buffer = fields.buffer
    start, end = fields.starts[at], fields.ends[at]
    after_clock, after_second = buffer[clock_end], buffer[fields.ends[1:][at]]
    odd: NDArray[np.bool_] = buffer[end] != after_clock
    odd |= (after_second != after_clock) & (after_second != 10) & (after_second != 13)
    first = _FIRST[buffer[start]]
    odd |= first == _ODD
    if quotes:
        odd |= buffer[fields.starts[1:][at]] == 34
    clock = np.flatnonzero(first == _CLOCK)
    if len(clock):
        words = fields.masked_words(start[clock], end[clock] - start[clock])
        odd[clock] |= np.isin(words, _CLOCK_WORDS)
    used = buffer[: fields.size]
    colon = used == 58
    if np.count_nonzero(colon) > 2 * n_good:  # every good line has two of its own
        odd |= _more_than_once(fields, np.flatnonzero(colon[3:] & colon[:-3]))[_filled(fields)]
    if fields.has_control:
        control = (used < 32) & (used != 9) & (used != 10) & (used != 13)
        odd |= _more_than_once(fields, np.flatnonzero(control), 1)[_filled(fields)]
    return odd


def _other_separators(fields: Fields, at: Positions, commas: bool) -> NDArray[np.bool_]:
    """Lines whose sensor field holds a sign that separates fields elsewhere: `PM,M001,ON,Sleep begin`."""
    used = fields.buffer[: fields.size]
    sign = (used == 59) | (used == 124)
    if not commas:
        sign |= used == 44
    signs = np.flatnonzero(sign)
    if not len(signs):
        return np.zeros(len(at), dtype=np.bool_)
    inside: NDArray[np.bool_] = np.searchsorted(signs, fields.starts[at]) < np.searchsorted(
        signs, fields.ends[at]
    )
    return inside


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
