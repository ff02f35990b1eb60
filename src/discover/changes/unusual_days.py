"""Unusual days: their distance from days of the same kind, and the differences."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from discover.changes.grid import BINS_PER_DAY, TimeGrid
from discover.changes.statistics import adjusted_p_values
from discover.core.day_parts import DAY_PARTS

# Shape letters: D days, F features (things in day parts, and the quiet rest of each).

__all__ = ["UnusualDay", "unusual_days"]

_FALSE_SHARE = 0.05
_EFFICIENCY = 0.37
"""The median absolute deviation of n days is as precise as the standard deviation of 0.37 n days."""


@dataclass(frozen=True)
class UnusualDay:
    """A day, how far it is from the others of its kind, and how surprising that is.

    Attributes:
        day: Its date.
        distance: Jensen-Shannon distance (base 2, in [0, 1]) to the mean of the other days of its kind.
        p_value: Share of days expected at least as far, from median and spread of the days of its kind; 1
            where they do not spread.
        stays: Whether it stays unusual when all days that were looked at are allowed for.
        words: What there was more or less of, in hours.
    """

    day: dt.date
    distance: float
    p_value: float
    stays: bool
    words: str


def unusual_days(
    grid: TimeGrid, titles: Mapping[str, str], *, min_observed_h: float = 18.0
) -> list[UnusualDay]:
    """All comparable days, most unusual first; weekdays and weekends are compared separately.

    A day is the hours of each thing in each part of the day, with the quiet rest, as shares. Days with
    less than `min_observed_h` observed are left out, and kinds with fewer than 5 days.

    The rank of a day among its own kind cannot survive a correction for many days, whatever the day was like:
    the most unusual of sixty always has rank 1 in 60. So the logarithm of its distance is compared with the
    median and the median absolute deviation of the days of its kind, by Student's t; Benjamini-Hochberg then
    allows for all days.

    References:
        Endres and Schindelin 2003, "A new metric for probability distributions".
    """
    usable = grid.by_day(grid.observed_B).sum(axis=1) >= min_observed_h
    hours, days = _hours_by_part(grid), grid.days
    found: list[UnusualDay] = []
    for weekend in (False, True):
        rows = [i for i, d in enumerate(days) if usable[i] and (d.weekday() >= 5) == weekend]
        if len(rows) < 5:
            continue
        h = hours[rows]
        others = (h.sum(axis=0) - h) / (len(rows) - 1)
        distance = _distance(h, others)
        for i, p in enumerate(_surprise(distance)):
            words = _words(h[i] - others[i], grid, titles)
            found.append(UnusualDay(days[rows[i]], float(distance[i]), float(p), False, words))
    if not found:
        return []
    stays = adjusted_p_values([d.p_value for d in found]) <= _FALSE_SHARE
    marked = [replace(d, stays=bool(s)) for d, s in zip(found, stays, strict=True)]
    return sorted(marked, key=lambda d: (d.p_value, -d.distance, d.day))


def _surprise(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-sided p-value of each of some distances among them, by median and spread of their logarithms."""
    from scipy.stats import t

    far = np.log(np.maximum(distance, 1e-6))
    middle = np.median(far)
    # 1.4826: a normal distribution's standard deviation over its median absolute deviation.
    spread = 1.4826 * float(np.median(np.abs(far - middle)))
    if spread <= 1e-9:
        return np.ones(len(far))
    p_values: NDArray[np.float64] = t.sf((far - middle) / spread, _EFFICIENCY * (len(far) - 1))
    return p_values


def _hours_by_part(grid: TimeGrid) -> NDArray[np.float64]:
    """(D, F) hours; per part of the day all things, then the quiet rest."""
    time = grid.by_day(grid.time_TB)
    quiet = np.maximum(grid.by_day(grid.observed_B) - time.sum(axis=0), 0)
    stacked = np.concatenate([time, quiet[None]])
    step = BINS_PER_DAY // 24
    parts = [stacked[..., p.begin_hour * step : p.end_hour * step].sum(axis=-1) for p in DAY_PARTS]
    return np.concatenate(parts).T


def _distance(a_DF: NDArray[np.float64], b_DF: NDArray[np.float64]) -> NDArray[np.float64]:
    p = a_DF / np.maximum(a_DF.sum(axis=1, keepdims=True), 1e-12)
    q = b_DF / np.maximum(b_DF.sum(axis=1, keepdims=True), 1e-12)
    m = (p + q) / 2

    def relative(x: NDArray[np.float64]) -> NDArray[np.float64]:
        safe = np.where(x > 0, x / np.where(m > 0, m, 1), 1)
        result: NDArray[np.float64] = np.where(x > 0, x * np.log2(safe), 0).sum(axis=1)
        return result

    return np.sqrt(np.clip((relative(p) + relative(q)) / 2, 0, 1))


def _words(difference_F: NDArray[np.float64], grid: TimeGrid, titles: Mapping[str, str]) -> str:
    names = [titles.get(t, t) for t in grid.things] + ["quiet"]
    parts = []
    # Less quiet is the mirror image of more of something: it is named only where no other difference is
    # large.
    is_quiet = np.arange(len(difference_F)) % len(names) == len(names) - 1
    weight = np.abs(difference_F) * np.where(is_quiet, 0.3, 1.0)
    for i in np.argsort(-weight, kind="stable")[:3]:
        part, thing = divmod(int(i), len(names))
        hours = float(difference_F[i])
        if abs(hours) < 0.1:
            continue
        size = f"{abs(hours):.1f} h" if abs(hours) >= 1 else f"{60 * abs(hours):.0f} min"
        parts.append(f"{size} {'more' if hours > 0 else 'less'} “{names[thing]}” {DAY_PARTS[part].words}")
    return "; ".join(parts) or "many small differences"
