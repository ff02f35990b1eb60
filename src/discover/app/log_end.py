"""What is going on at the end of the log, and whether its last day is unlike the others so far."""

import contextlib
from dataclasses import replace
from typing import Literal

import numpy as np

from discover.app.contract_patterns import Now
from discover.app.event_arrays import DAY_MS
from discover.app.home_view import HomeView, Recognised
from discover.app.patterns import grid_of
from discover.changes.grid import BINS_PER_DAY, TimeGrid
from discover.changes.unusual_days import unusual_days
from discover.core.errors import DataError

__all__ = ["now"]

_FALSE_ALARMS = 0.05
"""One day is asked about, so no other days are allowed for: one ordinary day in twenty is called unusual."""
_LEAST_H = 4
_OBSERVED = 0.75
"""Share of the hours so far that a day must have been observed to be compared, as 18 of 24 for whole days."""
_UNKNOWN = "unknown"


def now(view: HomeView, recognised: Recognised) -> Now:
    """The last recognised activity, and the last day beside the same hours of others of its kind."""
    # `end` of the events lies just after the last of them.
    time = view.events.end
    told: dict[str, object] = {}
    if len(recognised.activity):
        last = int(np.argmax(recognised.end))
        name = recognised.names[int(recognised.activity[last])]
        told = {
            "activity": None if name == _UNKNOWN else name,
            "since": float(recognised.begin[last]),
            "until": float(recognised.end[last]),
            "confidence": round(float(recognised.confidence[last]), 4),
        }
    hours = int(time % DAY_MS // 3_600_000)
    day = np.datetime64(int(time // DAY_MS), "D")
    return Now.model_validate(
        {"time": time, "day": str(day), **told, **_unusual(view, recognised, str(day), hours)}
    )


def _unusual(view: HomeView, recognised: Recognised, day: str, hours: int) -> dict[str, object]:
    if hours < _LEAST_H:
        return {"reason": f"The day has {hours} whole hours; from {_LEAST_H} on it is compared."}
    by: Literal["room", "activity"]
    for by in ("room", "activity"):
        # Without rooms, by what was done.
        with contextlib.suppress(DataError):
            grid = _first_hours(grid_of(view, by, recognised), hours)
            break
    else:
        return {"reason": "No room and no activity is known. Describe the sensors in a home file."}
    found = [d for d in unusual_days(grid, {}, min_observed_h=_OBSERVED * hours) if str(d.day) == day]
    if not found:
        return {"reason": "There are fewer than four other days of its kind, weekday or weekend, to compare."}
    return {
        "unusual": found[0].p_value <= _FALSE_ALARMS,
        "p_value": found[0].p_value,
        "reason": found[0].words.replace("_", " "),
    }


def _first_hours(grid: TimeGrid, hours: int) -> TimeGrid:
    """Every day up to an hour of the clock, the rest as if it had not been observed."""
    kept = np.arange(len(grid.observed_B)) % BINS_PER_DAY < hours * BINS_PER_DAY // 24
    return replace(
        grid,
        observed_B=grid.observed_B * kept,
        time_TB=grid.time_TB * kept,
        starts_TB=grid.starts_TB * kept,
    )
