"""Intervals by resampling whole days: windows of one day are alike, no independent draws.

Percentile intervals: days are drawn with replacement, as many as there are, and the metric is computed
on all windows of the drawn days. A metric over classes present in the truth uses those of the resample.
Two systems are compared on the same draws. Several seeds of one system are averaged inside each
draw, so the interval is about days, with the seeds' mean as the system.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.errors import ConfigError, ShapeError
from discover.core.seeds import derive_seed
from discover.metrics.classification import class_f1, encode_classes, scores_from_confusion

# Shape letters: N windows, D days, K resamples, S seeds, C classes.

__all__ = [
    "Interval",
    "bootstrap_class_f1",
    "bootstrap_interval",
    "bootstrap_mean",
    "bootstrap_scores",
    "day_draws",
    "drawn_confusions",
    "paired_difference",
    "paired_mean_difference",
    "paired_score_difference",
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


def drawn_confusions(
    truth_N: NDArray[np.int64],
    guess_N: NDArray[np.int64],
    days_N: NDArray[np.int64],
    draws_KD: NDArray[np.int64],
    n_classes: int,
) -> NDArray[np.int64]:
    """Confusion matrix of each resample, (K, C, C), rows truth.

    Days' counts are summed as often as the days are drawn, which equals scoring the windows of those days.

    Args:
        truth_N, guess_N: Class numbers, 0..C-1.
        days_N: Number of each window's day, 0..D-1.
        draws_KD: How often each day is drawn, as from `day_draws`.
        n_classes: C.
    """
    n_days = draws_KD.shape[1]
    cells = (days_N * n_classes + truth_N) * n_classes + guess_N
    per_day = np.bincount(cells, minlength=n_days * n_classes**2).reshape(n_days, n_classes**2)
    # Counts are far below 2^53: exact as floats, and floats are multiplied by BLAS, integers are not.
    drawn = draws_KD.astype(np.float64) @ per_day.astype(np.float64)
    return np.rint(drawn).astype(np.int64).reshape(-1, n_classes, n_classes)


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
    codes, n_days = _days(days, resamples, level)
    order = np.argsort(codes, kind="stable")
    rows_of_day = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    values = [
        metric(np.concatenate([rows_of_day[d] for d in np.repeat(np.arange(n_days), draw)]))
        for draw in day_draws(n_days, resamples, seed)
    ]
    return _interval(float(metric(np.arange(len(codes)))), np.asarray(values, float), level, n_days)


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


def bootstrap_scores(
    truth: ArrayLike,
    predicted: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of accuracy, balanced accuracy, macro F1 and weighted F1.

    Args:
        truth: True class names, shape (N,).
        predicted: Predicted class names, shape (N,), or one row per seed, shape (S, N).
        days: Day of each window, shape (N,).
        resamples: Number of resamples, >= 1.
        level: Coverage, in (0, 1).
        seed: Same seed, same draws.

    Raises:
        ShapeError: Lengths differ or there is no window.
        ConfigError: A setting is out of range.
    """
    codes, n_days = _days(days, resamples, level)
    draws = day_draws(n_days, resamples, seed)
    whole, drawn = _score_draws(truth, predicted, codes, draws)
    return {name: _interval(whole[name], drawn[name], level, n_days) for name in whole}


def bootstrap_class_f1(
    truth: ArrayLike,
    predicted: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Interval of the F1 of every class that occurs in the truth; arguments as in `bootstrap_scores`.

    Resamples without a true example of a class say nothing about it and are left out. A class whose true
    examples lie on one day has no interval (NaN): nothing was seen of how it differs between days.
    """
    codes, n_days = _days(days, resamples, level)
    draws = day_draws(n_days, resamples, seed)
    true, guesses, names = _encode(truth, predicted, codes)
    size = len(names)
    whole = np.mean([class_f1(_counts(true, guess, size)) for guess in guesses], axis=0)
    drawn = np.mean(
        [class_f1(drawn_confusions(true, guess, codes, draws, size)) for guess in guesses], axis=0
    )
    found: dict[str, Interval] = {}
    for code in np.unique(true):
        days_with = len(np.unique(codes[true == code]))
        found[names[code]] = _interval(float(whole[code]), drawn[:, code], level, n_days, days_with)
    return found


def paired_score_difference(
    truth: ArrayLike,
    predicted_a: ArrayLike,
    predicted_b: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of score(a) - score(b) on the same draws; arguments as in `bootstrap_scores`."""
    codes, n_days = _days(days, resamples, level)
    draws = day_draws(n_days, resamples, seed)
    whole_a, drawn_a = _score_draws(truth, predicted_a, codes, draws)
    whole_b, drawn_b = _score_draws(truth, predicted_b, codes, draws)
    return {
        name: _interval(whole_a[name] - whole_b[name], drawn_a[name] - drawn_b[name], level, n_days)
        for name in whole_a
    }


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
    codes, n_days = _days(days, resamples, level)
    mean = _seed_mean(values, len(codes))
    draws = day_draws(n_days, resamples, seed)
    sums, sizes = np.bincount(codes, weights=mean), np.bincount(codes)
    return _interval(float(mean.mean()), (draws @ sums) / (draws @ sizes), level, n_days)


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


def _score_draws(
    truth: ArrayLike, predicted: ArrayLike, days_N: NDArray[np.int64], draws_KD: NDArray[np.int64]
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Scores on all windows and on each resample, averaged over seeds."""
    true, guesses, names = _encode(truth, predicted, days_N)
    size = len(names)
    whole: dict[str, list[Any]] = {}
    drawn: dict[str, list[Any]] = {}
    for guess in guesses:
        confusions = drawn_confusions(true, guess, days_N, draws_KD, size)
        for name, value in scores_from_confusion(_counts(true, guess, size)).items():
            whole.setdefault(name, []).append(value)
        for name, value in scores_from_confusion(confusions).items():
            drawn.setdefault(name, []).append(value)
    return (
        {name: float(np.mean(values)) for name, values in whole.items()},
        {name: np.mean(values, axis=0) for name, values in drawn.items()},
    )


def _encode(
    truth: ArrayLike, predicted: ArrayLike, days_N: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Class numbers of the truth, (N,), and of each seed's answers, (S, N), and the names they stand for."""
    true, guesses = np.asarray(truth), np.atleast_2d(np.asarray(predicted))
    if len(true) != len(days_N):
        raise ShapeError(f"One day per window is needed: {len(true)} windows, {len(days_N)} days.")
    if guesses.shape[1:] != true.shape:
        raise ShapeError(f"One answer per window and seed is needed: {true.shape} and {guesses.shape}.")
    repeated, codes, names = encode_classes(np.tile(true, len(guesses)), guesses.ravel())
    return repeated[: len(true)], codes.reshape(guesses.shape), names


def _counts(true: NDArray[np.int64], guess: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.bincount(true * size + guess, minlength=size * size).reshape(size, size)


def _seed_mean(values: ArrayLike, n: int) -> NDArray[np.float64]:
    array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if array.ndim != 2 or array.shape[1] != n:
        raise ShapeError(f"One value per window is needed, {n} windows; got shape {np.shape(values)}.")
    return np.asarray(array.mean(axis=0), dtype=np.float64)


def _days(days: ArrayLike, resamples: int, level: float) -> tuple[NDArray[np.int64], int]:
    if resamples < 1 or not 0 < level < 1:
        raise ConfigError(f"resamples must be >= 1 and level in (0, 1), got {resamples} and {level}.")
    given = np.asarray(days)
    if given.ndim != 1 or not len(given):
        raise ShapeError(f"days must list the day of each window, at least one; got shape {given.shape}.")
    unique, codes = np.unique(given, return_inverse=True)
    return codes.astype(np.int64), len(unique)


def _interval(
    estimate: float, values: NDArray[np.float64], level: float, n_days: int, days_with: int | None = None
) -> Interval:
    """`days_with`: days that say anything about the value; all of them by default."""
    usable = values[~np.isnan(values)]
    low = high = float("nan")
    if (n_days if days_with is None else days_with) >= 2 and len(usable):
        low, high = (float(q) for q in np.quantile(usable, [(1 - level) / 2, (1 + level) / 2]))
    return Interval(estimate, low, high, level, n_days, len(values))
