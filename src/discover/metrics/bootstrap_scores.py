"""Intervals over days (and seeds) of classification scores, all from one confusion matrix per day.

Summing the days' matrices as often as the days are drawn equals scoring the windows of the drawn days
(`bootstrap.bootstrap_interval`, which tests compare with), at a thousandth of the cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of
from discover.core.errors import ShapeError
from discover.metrics.bootstrap import Interval, day_codes, day_draws, sample_interval, seed_draws
from discover.metrics.classification import scores_from_confusion

# Shape letters: N windows, D days, K resamples, S seeds, C classes.

__all__ = [
    "ScoreSamples",
    "bootstrap_scores",
    "drawn_confusions",
    "score_samples",
]


@dataclass(frozen=True)
class ScoreSamples:
    """Scores of one system on all windows and on each resample of days and seeds.

    Attributes:
        whole: Score name -> value on all windows, mean over seeds.
        drawn: Score name -> (K,) values on the resamples, mean over the seeds drawn.
        n_days: Days resampled.
        level: Coverage of the intervals.
    """

    whole: Mapping[str, float]
    drawn: Mapping[str, NDArray[np.float64]]
    n_days: int
    level: float

    def intervals(self) -> dict[str, Interval]:
        """Interval of each score."""
        return {n: sample_interval(v, self.drawn[n], self.level, self.n_days) for n, v in self.whole.items()}

    def minus(self, other: "ScoreSamples") -> dict[str, Interval]:
        """Interval of each score minus the other system's, on the same draws of days.

        Seeds are drawn together where both systems have as many: seed i of one belongs to that of the other.
        """
        return {
            name: sample_interval(
                value - other.whole[name], self.drawn[name] - other.drawn[name], self.level, self.n_days
            )
            for name, value in self.whole.items()
        }


def score_samples(
    truth: ArrayLike,
    predicted: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ScoreSamples:
    """Accuracy, balanced accuracy, macro F1 and weighted F1 over drawn days.

    Args:
        truth: True class names, shape (N,).
        predicted: Predicted class names, shape (N,), or one row per seed, shape (S, N): then intervals
            cover seeds and days.
        days: Day of each window, shape (N,).
        resamples: Number of resamples, >= 1.
        level: Coverage, in (0, 1).
        seed: Same seed and days, same draws.

    Raises:
        ShapeError: Lengths differ or there is no window.
        ConfigError: A setting is out of range.
    """
    codes, n_days = day_codes(days, resamples, level)
    draws = day_draws(n_days, resamples, seed)
    true, guesses, names = _encode(truth, predicted, codes)
    whole: dict[str, float] = {}
    drawn: dict[str, NDArray[np.float64]] = {}
    weights = seed_draws(len(guesses), resamples, seed)
    # Seed by seed, so that memory holds the resampled matrices of one of them.
    for guess, weight in zip(guesses, weights.T, strict=True):
        for name, value in scores_from_confusion(_counts(true, guess, len(names))).items():
            whole[name] = whole.get(name, 0.0) + float(value) / len(guesses)
        confusions = drawn_confusions(true, guess, codes, draws, len(names))
        for name, values in scores_from_confusion(confusions).items():
            drawn[name] = drawn.get(name, np.zeros(resamples)) + values * weight
    return ScoreSamples(whole, drawn, n_days, level)


def bootstrap_scores(
    truth: ArrayLike,
    predicted: ArrayLike,
    days: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of accuracy, balanced accuracy, macro F1 and weighted F1; arguments as in `score_samples`."""
    return score_samples(truth, predicted, days, resamples=resamples, level=level, seed=seed).intervals()


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


def _encode(
    truth: ArrayLike, predicted: ArrayLike, days_N: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Class numbers of the truth, (N,), and of each seed's answers, (S, N), and the names they stand for."""
    true, guesses = np.asarray(truth), np.atleast_2d(np.asarray(predicted))
    if len(true) != len(days_N):
        raise ShapeError(f"One day per window is needed: {len(true)} windows, {len(days_N)} days.")
    if guesses.shape[1:] != true.shape:
        raise ShapeError(f"One answer per window and seed is needed: {true.shape} and {guesses.shape}.")
    if not len(true):
        raise ShapeError("There is no window to score.")
    both = np.concatenate([names_of(true, "true classes"), names_of(guesses.ravel(), "predicted classes")])
    names, codes = np.unique(both, return_inverse=True)
    numbers = codes.reshape(-1).astype(np.int64)
    return numbers[: len(true)], numbers[len(true) :].reshape(guesses.shape), tuple(map(str, names))


def _counts(true: NDArray[np.int64], guess: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.bincount(true * size + guess, minlength=size * size).reshape(size, size)
