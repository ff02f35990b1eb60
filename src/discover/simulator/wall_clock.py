"""Elapsed time and the clock on the wall: changes to and from summer time, and when it is dark."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["WallClock"]

_DAY = 86_400.0


class WallClock:
    """The wall clock of a home during a log; seconds from the first midnight."""

    def __init__(self, zone: str, start: dt.date, days: int) -> None:
        tz = ZoneInfo(zone)
        midnight = dt.datetime.combine(start, dt.time(), tz)
        first = midnight.timestamp()
        base = midnight.utcoffset() or dt.timedelta()
        hours = np.arange((days + 2) * 24)
        offset = np.array(
            [
                ((dt.datetime.fromtimestamp(first + h * 3600, tz).utcoffset() or base) - base).total_seconds()
                for h in range(0, len(hours), 24)
            ]
        )
        self.changes: list[tuple[float, float]] = []
        """(elapsed second, new shift) of each change of the clock."""
        for day in np.flatnonzero(np.diff(offset)):
            for h in range(int(day) * 24, int(day) * 24 + 25):
                now = (dt.datetime.fromtimestamp(first + h * 3600, tz).utcoffset() or base) - base
                if now.total_seconds() != (self.changes[-1][1] if self.changes else 0.0):
                    self.changes.append((h * 3600.0, now.total_seconds()))
        south = zone.startswith(("Australia", "America/Sao", "Pacific/Auck"))
        day_of_year = start.timetuple().tm_yday + np.arange((days + 2) * 24) / 24
        season = np.cos((day_of_year + 10) / 365.25 * 2 * np.pi) * (-1 if south else 1)  # 1 in midwinter
        clock = hours % 24
        self.dark: NDArray[np.bool_] = (clock < 6.2 + 1.6 * season) | (clock > 18.8 - 2.4 * season)
        """Whether a lamp is needed, per hour."""

    def wall(self, elapsed: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the clock shows at elapsed seconds."""
        shown = elapsed.copy()
        before = 0.0
        for at, shift in self.changes:
            shown = np.where(elapsed >= at, shown + (shift - before), shown)
            before = shift
        return shown

    def elapsed(self, wall: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the clock shows a time: the first of two such moments; the change itself for skipped times."""
        found = wall.copy()
        before = 0.0
        for at, shift in self.changes:
            step = shift - before
            # Shown times from `at + before` on belong to after the change, or are skipped by it.
            found = np.where(wall >= at + before + max(step, 0.0) + max(-step, 0.0) * 0, wall - shift, found)
            found = np.where((wall >= at + before) & (wall < at + before + step), at, found)
            before = shift
        return found
