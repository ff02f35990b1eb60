"""The order of a log's lines in time: newest first, clocks that were not set, the hour that comes twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "in_skipped_hours",
    "mark_unset_clocks",
    "newest_first",
    "repeated_hour",
    "summer_time_ends",
    "uncrowded",
]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_YEAR_US = 365 * _DAY_US
_EPOCH = datetime(1970, 1, 1)
_OLDEST = (1990 - 1970) * _YEAR_US
_MIN_DESCENTS = 10
_UNSET_SHARE = 0.05
CLOCK_NOT_SET = 19

Micros = NDArray[np.int64]
Fold = tuple[int, int, int]


def newest_first(time: Micros) -> tuple[Micros, Micros]:
    """Row numbers with every newest-first stretch turned round, and the rows that were turned.

    A stretch is turned if it falls at least ten times and never rises; a whole file that never rises needs to
    fall twice. Lines of equal times are turned as well, so that a cause keeps standing before its effect.
    """
    order = np.arange(len(time))
    if np.count_nonzero(time[1:] < time[:-1]) < 2:
        return order, order[:0]
    step = np.sign(np.diff(time))
    if not (step > 0).any():
        return order[::-1].copy(), order
    rises = np.append(np.flatnonzero(step > 0), len(step))
    falls = np.append(0, np.cumsum(step < 0))
    turned = []
    first = 0
    for last in rises[np.diff(falls[rises], prepend=0) >= _MIN_DESCENTS].tolist():
        before = rises[rises < last]
        first = int(before[-1]) + 1 if len(before) else 0
        order[first : last + 1] = order[first : last + 1][::-1].copy()
        turned.append(np.arange(first, last + 1))
    return order, np.concatenate(turned) if turned else order[:0]


def mark_unset_clocks(time: Micros, problem: NDArray[np.uint8]) -> None:
    """Refuse the few events more than a year away from all others, and events before 1990 in a later log."""
    if not len(time) or time.max() - time.min() <= _YEAR_US:
        return
    good = np.flatnonzero(problem == 0)
    if len(good) < 2:
        return
    order = good[np.argsort(time[good], kind="stable")]
    cuts = np.flatnonzero(np.diff(time[order]) > _YEAR_US) + 1
    if not len(cuts):
        return
    parts = np.split(order, cuts)
    most = max(len(part) for part in parts)
    newer = time[order[-1]] >= _OLDEST
    for part in parts:
        few = len(part) < _UNSET_SHARE * most
        if few or (newer and time[part[-1]] < _OLDEST):
            problem[part] = CLOCK_NOT_SET


def summer_time_ends(time: Micros, zone: ZoneInfo | None) -> list[Fold]:
    """(row, begin, end) of each place where the clock goes back by an hour, in a log in file order.

    begin and end bound the wall-clock hour that comes twice. Without a zone nothing is known of it.
    """
    if zone is None or len(time) < 2:
        return []
    found = []
    for row in (np.flatnonzero(np.diff(time) < 0) + 1).tolist():
        fold = repeated_hour(int(time[row - 1]), zone) or repeated_hour(int(time[row]), zone)
        if fold is None:
            continue
        begin, end = fold
        if begin <= time[row] < end and begin <= time[row - 1] < end + _HOUR_US // 60:
            found.append((row, begin, end))
    # an hour repeats once: lines that are merely late make several steps back
    return [f for f in found if sum(f[1] == other[1] for other in found) == 1]


def in_skipped_hours(time: Micros, zone: ZoneInfo) -> Micros:
    """Rows whose wall-clock time does not exist: the hour that summer time skips when it begins."""
    found = []
    for day in np.unique(time // _DAY_US).tolist():
        try:
            noon = _EPOCH + timedelta(days=day, hours=12)
            before, after = ((noon + timedelta(days=d)).replace(tzinfo=zone).utcoffset() for d in (-1, 0))
        except (OverflowError, ValueError):
            continue
        if before is None or after is None or after <= before:
            continue
        rows = np.flatnonzero(time // _DAY_US == day)
        moments = [(_EPOCH + timedelta(microseconds=t)).replace(tzinfo=zone) for t in time[rows].tolist()]
        back = [m.astimezone(UTC).astimezone(zone).replace(tzinfo=None) for m in moments]
        found += [
            r for r, m, b in zip(rows.tolist(), moments, back, strict=True) if m.replace(tzinfo=None) != b
        ]
    return np.array(found, dtype=np.int64)


def repeated_hour(micros: int, zone: ZoneInfo) -> tuple[int, int] | None:
    """Begin and end of the repeated hour that holds a wall-clock time, in microseconds; None outside."""
    try:
        local = _EPOCH + timedelta(microseconds=micros)
        early, late = (
            local.replace(tzinfo=zone, fold=0).utcoffset(),
            local.replace(tzinfo=zone, fold=1).utcoffset(),
        )
    except (OverflowError, ValueError):
        return None
    if early is None or late is None or early <= late:
        return None
    # the change lies at the last instant of the first pass: look for it to the minute
    instant = (local - early).replace(tzinfo=UTC)
    step = instant.replace(second=0, microsecond=0)
    while step.astimezone(zone).utcoffset() == early:
        step += timedelta(minutes=1)
    end = step.replace(tzinfo=None) + early
    width = early - late
    stop = (end - _EPOCH) // timedelta(microseconds=1)
    return stop - width // timedelta(microseconds=1), stop


def uncrowded(time: Micros, back: list[Fold]) -> tuple[Micros, Micros]:
    """Sorting keys and stored times in which the two passes of a repeated hour follow each other.

    The event table is in order of wall-clock time, and an hour cannot hold two: both passes are stored at
    half pace, the first in the hour's first half, the second in its second half.
    """
    if not back:
        return time, time
    stored = time.copy()
    for row, begin, end in back:
        inside = (time >= begin) & (time < end)
        rows = np.arange(len(time))
        second = inside & (rows >= row)
        first = inside & (rows < row)
        stored[first] = begin + (time[first] - begin) // 2
        stored[second] = begin + (end - begin) // 2 + (time[second] - begin) // 2
    return stored, stored
