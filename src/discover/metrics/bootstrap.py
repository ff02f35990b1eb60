"""Intervals by resampling whole days: windows of one day are alike, no independent draws.

Percentile intervals: days are drawn with replacement, as many as there are, and the metric is computed
on all windows of the drawn days. A metric over classes present in the truth uses those of the resample.
Two systems are compared on the same draws. Several seeds of one system are averaged inside each
draw, so the interval is about days, with the seeds' mean as the system.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.errors import ConfigError, ShapeError
from discover.core.seeds import derive_seed

# Shape letters: N windows, D days, K resamples, S seeds.

__all__ = [
    "Interval",
    "bootstrap_interval",
    "bootstrap_mean",
    "day_codes",
    "day_draws",
    "paired_difference",
    "paired_mean_difference",
    "sample_interval",
]


@dataclass(frozen=True)
class Interval:
    """An estimate on all days with its percentile interval.

    Attributes:
        estimate: The metric on all windows (mean over seeds).
        low: Lower end; NaN when there are fewer than two days, since one day says nothing about others.
        high: Upper end; NaN likewise.
        level: Coverage aimed at, for example 0.95.
        n_days: Days resampled.
        resamples: Number of resamples.
    """

    estimate: float
    low: float
    high: float
    level: float
    n_days: int
    resamples: int

    @property
    def excludes_zero(self) -> bool:
        """For differences: whether the interval lies on one side of 0 (a NaN interval does not)."""
        return bool(self.low > 0 or self.high < 0)

    def to_dict(self) -> dict[str, float]:
        """Plain data for JSON."""
        return asdict(self)


def day_draws(n_days: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each day is drawn in each resample, shape (K, D); rows sum to D."""
    rng = np.random.default_rng(derive_seed(seed, "bootstrap days"))
    return rng.multinomial(n_days, np.full(n_days, 1 / n_days), size=resamples)


def bootstrap_interval(
    metric: Callable[[NDArray[np.int64]], float],
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of any metric. The fast forms below give the same numbers for scores and means.

    Args:
        metric: Takes window rows (with repeats) and returns the metric on them. NaN values are left out.
        days: Day of each window, any sortable values, shape (N,).
        resamples: Number of resamples, >= 1.
        level: Coverage, in (0, 1).
        seed: Same seed, same draws; the draws depend on the days only, not on the metric.

    Raises:
        ShapeError: No window.
        ConfigError: A setting is out of range.
    """
    codes, n_days = day_codes(days, resamples, level)
    order = np.argsort(codes, kind="stable")
    rows_of_day = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    values = [
        metric(np.concatenate([rows_of_day[d] for d in np.repeat(np.arange(n_days), draw)]))
        for draw in day_draws(n_days, resamples, seed)
    ]
    return sample_interval(float(metric(np.arange(len(codes)))), np.asarray(values, float), level, n_days)


def paired_difference(
    metric_a: Callable[[NDArray[np.int64]], float],
    metric_b: Callable[[NDArray[np.int64]], float],
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of metric_a - metric_b on the same draws; arguments as in `bootstrap_interval`."""
    return bootstrap_interval(
        lambda rows: metric_a(rows) - metric_b(rows), days, resamples=resamples, level=level, seed=seed
    )


def bootstrap_mean(
    values: ArrayLike, days: ArrayLike, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Interval of a mean over windows or queries: hits at k, average precision, reciprocal rank.

    Args:
        values: One value per window, shape (N,), or per seed and window, shape (S, N).
        days: Day of each window, shape (N,).
        resamples: Number of resamples, >= 1.
        level: Coverage, in (0, 1).
        seed: Same seed, same draws.

    Raises:
        ShapeError: Lengths differ or there is no window.
        ConfigError: A setting is out of range.
    """
    codes, n_days = day_codes(days, resamples, level)
    mean = _seed_mean(values, len(codes))
    draws = day_draws(n_days, resamples, seed)
    sums, sizes = np.bincount(codes, weights=mean), np.bincount(codes)
    return sample_interval(float(mean.mean()), (draws @ sums) / (draws @ sizes), level, n_days)


def paired_mean_difference(
    values_a: ArrayLike,
    values_b: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of mean(a) - mean(b) on the same draws; arguments as in `bootstrap_mean`."""
    n = len(np.asarray(days))
    difference = _seed_mean(values_a, n) - _seed_mean(values_b, n)
    return bootstrap_mean(difference, days, resamples=resamples, level=level, seed=seed)


def _seed_mean(values: ArrayLike, n: int) -> NDArray[np.float64]:
    array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if array.ndim != 2 or array.shape[1] != n:
        raise ShapeError(f"One value per window is needed, {n} windows; got shape {np.shape(values)}.")
    return np.asarray(array.mean(axis=0), dtype=np.float64)


def day_codes(days: ArrayLike, resamples: int, level: float) -> tuple[NDArray[np.int64], int]:
    """Number of each window's day, (N,), and how many days there are; settings are checked on the way.

    Raises:
        ShapeError: No window.
        ConfigError: A setting is out of range.
    """
    if resamples < 1 or not 0 < level < 1:
        raise ConfigError(f"resamples must be >= 1 and level in (0, 1), got {resamples} and {level}.")
    given = np.asarray(days)
    if given.ndim != 1 or not len(given):
        raise ShapeError(f"days must list the day of each window, at least one; got shape {given.shape}.")
    unique, codes = np.unique(given, return_inverse=True)
    return codes.astype(np.int64), len(unique)


def sample_interval(
    estimate: float, values: NDArray[np.float64], level: float, n_days: int, days_with: int | None = None
) -> Interval:
    """The interval of a metric from its values over the resamples, (K,); NaN values are left out.

    Args:
        estimate: The metric on all windows.
        values: (K,) the metric on each resample.
        level: Coverage.
        n_days: Days resampled.
        days_with: Days that say anything about the metric; all of them by default.
    """
    usable = values[~np.isnan(values)]
    low = high = float("nan")
    if (n_days if days_with is None else days_with) >= 2 and len(usable):
        low, high = (float(q) for q in np.quantile(usable, [(1 - level) / 2, (1 + level) / 2]))
    return Interval(estimate, low, high, level, n_days, len(values))
