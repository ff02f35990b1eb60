"""Hours on the circle of the day: distances and wordings of stretches that may run over midnight."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Interval", "day_numbers", "hours_away", "hours_text", "inside", "week_minutes"]

Interval = tuple[float, float]
"""Hours of day [begin, end); begin > end runs over midnight, equal ones are the whole day."""

# Times count from 1970-01-01, a Thursday.
_FIRST_DAY = 3


def week_minutes(start: pl.Series) -> NDArray[np.int16]:
    """(W,) whole minutes since Monday 0:00 of local times."""
    minutes = start.to_physical().to_numpy() // 60_000_000
    return ((minutes + _FIRST_DAY * 1440) % (7 * 1440)).astype(np.int16)


def inside(hour: NDArray[np.float64], interval: Interval) -> NDArray[np.bool_]:
    """(W,) which hours of day lie in [begin, end)."""
    return np.asarray(_after_begin(hour, interval) < _length(interval), dtype=bool)


def hours_away(hour: NDArray[np.float64], interval: Interval) -> NDArray[np.float64]:
    """(W,) hours around the clock to the nearer border of an interval, 0 inside."""
    after = _after_begin(hour, interval)
    beyond = after - _length(interval)
    return np.where(beyond < 0, 0, np.minimum(beyond, 24 - after))


def hours_text(intervals: list[Interval]) -> str:
    """Intervals as "21:00–5:00", separated by commas."""
    return ", ".join(f"{_clock_text(begin)}–{_clock_text(end)}" for begin, end in intervals)


def _length(interval: Interval) -> float:
    return (interval[1] - interval[0]) % 24 or 24.0


def _after_begin(hour: NDArray[np.float64], interval: Interval) -> NDArray[np.float64]:
    return (hour - interval[0]) % 24


def _clock_text(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def day_numbers(times: pl.Series) -> NDArray[np.int32]:
    """(N,) days since 1970 of local times."""
    return times.dt.epoch("d").to_numpy().astype(np.int32)
