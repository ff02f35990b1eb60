"""Year-month-day or year-day-month: which of the two a log means, judged by its course in time.

`2023-03-04` can be read both ways. A log runs on from day to day: under the wrong reading it jumps back and
forth, or leaps from month to month.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.homes._stamps import Stamp, is_year_day_month

__all__ = ["year_day_month"]

_FEW = 0.02
"""Dates with a month above 12 in one line, or in a smaller share of lines, may be damage."""


def year_day_month(
    stamps: Sequence[tuple[int, Stamp]], lines: NDArray[np.integer[Any]], times: NDArray[np.int64], late: bool
) -> bool:
    """Whether a log writes year-day-month: dates that allow one reading tell, else the log's course in time.

    Args:
        stamps: Line number and stamp of each line that is read one by one.
        lines, times: Line number and time of the lines read as year-month-day, microseconds.
        late: Whether one of the latter allows no other reading.

    Raises:
        DataError: There are dates of both kinds, or the course of the log fits both.
    """
    stamps = [(k, stamp) for k, stamp in stamps if stamp.is_year_first]
    one_order = [(k, stamp) for k, stamp in stamps if is_year_day_month(stamp)]
    if not one_order:
        return False
    few = len(one_order) < max(2, _FEW * (len(lines) + len(stamps)))
    example = f"line {one_order[0][0]} ('{one_order[0][1].found[0].strip()}')"
    if late or any(is_year_day_month(stamp, swapped=True) for _, stamp in stamps):
        if few:
            return False
        raise DataError(
            f"The log writes its dates in two orders: {example} can only be year-day-month, and other lines "
            "can only be year-month-day, so days up to 12 could be either. Export all dates as "
            "year-month-day (2023-10-28)."
        )
    dates = np.array([[k, *(int(stamp.found[p]) for p in "yab")] for k, stamp in stamps], dtype=np.int64)
    found = _by_course(np.concatenate([_parts(lines, times), dates]))
    if found is None and few:
        raise DataError(
            f"The log's dates can be read as year-month-day and as year-day-month: {example} can only be "
            "year-day-month, all others can be either, and time runs on in both readings. Correct that line "
            "if it is damaged; else export all dates as year-month-day (2023-10-28)."
        )
    return found is not False


def _by_course(dates: NDArray[np.int64]) -> bool | None:
    """Whether the third part is the month: time then turns round less often, or skips fewer days.

    Args:
        dates: Line, year, second and third part, (D, 4).

    Returns:
        None where both readings are as good.
    """
    dates = dates[np.argsort(dates[:, 0], kind="stable")]
    as_written, swapped = (_unrest(dates[:, 1], dates[:, a], dates[:, b]) for a, b in ((2, 3), (3, 2)))
    return None if as_written == swapped else swapped < as_written


def _parts(lines: NDArray[np.integer[Any]], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Line, year, month and day of each line, (N, 4)."""
    dates = times.astype("datetime64[us]").astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return np.stack([lines.astype(np.int64), year, months.astype(np.int64) % 12 + 1, day], axis=1)


def _unrest(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> tuple[int, int]:
    """How often days turn round, and how often they skip a day; dates without such a month are left out."""
    real = (month >= 1) & (month <= 12)
    if not real.any():
        return len(year), 0
    months = ((year[real] - 1970) * 12 + month[real] - 1).astype("datetime64[M]")
    step = np.diff(months.astype("datetime64[D]").astype(np.int64) + day[real])
    return min(int((step < 0).sum()), int((step > 0).sum())), int((np.abs(step) > 1).sum())
