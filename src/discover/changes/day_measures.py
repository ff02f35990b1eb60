"""From the time grid to one number per day: how long, how often, from when, until when."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.changes.config import ChangeConfig
from discover.changes.grid import BIN_H, BINS_PER_DAY, TimeGrid
from discover.changes.periods import Period
from discover.core.day_parts import DAY_PARTS

# Shape letters: T things, B quarter hours, D days.

__all__ = [
    "ANY",
    "DayMeasure",
    "DayMeasures",
    "clock_quantile",
    "clock_words",
    "measure_days",
    "quietest_bin",
]

ANY = "any activity"
"""The home as a whole, all things together."""

_SMALLEST_CONCENTRATION = 0.2
_SMOOTH_BINS = 8
_TAIL = 0.1


@dataclass(frozen=True)
class DayMeasure:
    """One number per day, NaN where there is none.

    Attributes:
        thing: What is measured.
        measure: time, episodes, begins, ends; of moments times, "times, late morning" and so on.
        values: (D,).
    """

    thing: str
    measure: str
    values: NDArray[np.float64]

    @property
    def key(self) -> tuple[str, str]:
        """Thing and measure."""
        return self.thing, self.measure

    @property
    def is_clock(self) -> bool:
        """Whether the values are times of day."""
        return self.measure in ("begins", "ends")


@dataclass(frozen=True)
class DayMeasures:
    """All measures of all days.

    Attributes:
        measures: One per thing and measure.
        early, late: Which days belong to the baseline and to the period, (D,).
        usable: Days with enough observed hours, (D,).
        weekend: Saturdays and Sundays, (D,).
    """

    measures: list[DayMeasure]
    early: NDArray[np.bool_]
    late: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    weekend: NDArray[np.bool_]

    @property
    def counts(self) -> tuple[int, int]:
        """Usable days of the baseline and of the period."""
        return int((self.usable & self.early).sum()), int((self.usable & self.late).sum())


def measure_days(grid: TimeGrid, baseline: Period, period: Period, config: ChangeConfig) -> DayMeasures:
    """Measure every day of two periods.

    A day begins at the home's quietest time of both periods together, so that an evening past midnight
    belongs to the day it ends; times of day of a thing use the thing's own quietest time. Both are found
    without looking which day is in which period. A thing spread over the whole day has no time of day.
    Of moments (`TimeGrid.moments`) only their number counts, per calendar day and part of it.
    """
    days = grid.days
    early = np.array([baseline.first <= d <= baseline.last for d in days])
    late = np.array([period.first <= d <= period.last for d in days])
    inside = early | late
    weekend = np.array([d.weekday() >= 5 for d in days])
    if grid.moments:
        usable = grid.by_day(grid.observed_B).sum(axis=1) >= config.min_observed_h
        return DayMeasures(_moments(grid, usable, inside, config), early, late, usable, weekend)
    things = (ANY, *grid.things)
    time = np.concatenate([np.minimum(grid.time_TB.sum(axis=0), grid.observed_B)[None], grid.time_TB])
    profile = np.where(inside[None, :, None], grid.by_day(time), 0.0).sum(axis=1)
    cut = quietest_bin(profile[0])
    observed = grid.by_day(grid.observed_B, cut).sum(axis=1)
    usable = observed >= config.min_observed_h
    rate = np.where(usable, 24 / np.maximum(observed, 1e-9), np.nan)
    spent = grid.by_day(time, cut).sum(axis=2) * rate
    episodes = grid.by_day(grid.starts_TB, cut).sum(axis=2) * rate
    measures = []
    for i, thing in enumerate(things):
        seen_on = int((spent[i][inside & usable] > 0).sum())
        if seen_on < config.min_days:
            continue
        measures.append(DayMeasure(thing, "time", spent[i]))
        if i:
            measures.append(DayMeasure(thing, "episodes", episodes[i - 1]))
        measures.extend(_clock_measures(thing, time[i], profile[i], grid, config))
    return DayMeasures(measures, early, late, usable, weekend)


def _moments(
    grid: TimeGrid, usable: NDArray[np.bool_], inside: NDArray[np.bool_], config: ChangeConfig
) -> list[DayMeasure]:
    """How often each thing happened per calendar day and part of it, where seen on `min_days` days."""
    starts, observed = grid.by_day(grid.starts_TB), grid.by_day(grid.observed_B)
    spans = {"times": (0, BINS_PER_DAY)} | {
        f"times, {part.name.replace('_', ' ')}": (part.begin_hour * 4, part.end_hour * 4)
        for part in DAY_PARTS
    }
    measures = []
    for thing, counts in zip(grid.things, starts, strict=True):
        for name, (begin, end) in spans.items():
            seen_h = observed[:, begin:end].sum(axis=1)
            # A part of the day with a quarter or more unobserved has no measure.
            known = usable & (seen_h >= 0.75 * (end - begin) * BIN_H)
            rate = np.where(known, (end - begin) * BIN_H / np.maximum(seen_h, 1e-9), np.nan)
            values = counts[:, begin:end].sum(axis=1) * rate
            if int((values[inside & known] > 0).sum()) >= config.min_days:
                measures.append(DayMeasure(thing, name, values))
    return measures


def quietest_bin(profile: NDArray[np.float64]) -> int:
    """Quarter hour of the day, 0 to 95, around which two hours hold the least time; the first of equals."""
    kernel = np.ones(_SMOOTH_BINS)
    wrapped = np.concatenate([profile[-_SMOOTH_BINS // 2 :], profile, profile[: _SMOOTH_BINS // 2 - 1]])
    return int(np.argmin(np.round(np.convolve(wrapped, kernel, mode="valid"), 9)))


def clock_quantile(time_DB: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Hours after the day's beginning until `share` of its time is over, (D,); NaN for days without any."""
    total = time_DB.sum(axis=1)
    target = share * total
    cumulative = np.cumsum(time_DB, axis=1)
    at = np.minimum((cumulative < target[:, None]).sum(axis=1), BINS_PER_DAY - 1)
    rows = np.arange(len(time_DB))
    inside = time_DB[rows, at]
    part = (target - (cumulative[rows, at] - inside)) / np.maximum(inside, 1e-12)
    return np.where(total > 0, (at + np.clip(part, 0, 1)) * BIN_H, np.nan)


def _clock_measures(
    thing: str,
    time_B: NDArray[np.float64],
    profile: NDArray[np.float64],
    grid: TimeGrid,
    config: ChangeConfig,
) -> list[DayMeasure]:
    angles = 2 * np.pi * (np.arange(BINS_PER_DAY) + 0.5) / BINS_PER_DAY
    concentration = abs((profile * np.exp(1j * angles)).sum()) / max(profile.sum(), 1e-12)
    if concentration < _SMALLEST_CONCENTRATION:
        return []
    cut = quietest_bin(profile)
    usable = grid.by_day(grid.observed_B, cut).sum(axis=1) >= config.min_observed_h
    per_day = grid.by_day(time_B, cut)
    # A cut at noon would date a night by the day it begins: its hours then run from 12 to 36.
    return [
        DayMeasure(thing, name, np.where(usable, cut * BIN_H + clock_quantile(per_day, share), np.nan))
        for name, share in (("begins", _TAIL), ("ends", 1 - _TAIL))
    ]


def clock_words(hours: float) -> str:
    """Clock time such as "23:40"; hours above 24 are after midnight."""
    minutes = round(hours * 60) % (24 * 60)
    return f"{dt.time(minutes // 60, minutes % 60):%H:%M}"
