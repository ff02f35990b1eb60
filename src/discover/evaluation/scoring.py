"""Predictions to scores with intervals: bootstrap over days, windows or whole segments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.day_parts import DAY_PARTS
from discover.metrics.bootstrap import enough_days, sample_interval
from discover.metrics.bootstrap_scores import drawn_confusions
from discover.metrics.calibration import expected_calibration_error
from discover.metrics.classification import SCORE_NAMES, class_f1, scores_from_confusion

__all__ = [
    "Pool",
    "Scored",
    "excludes_zero",
    "paired_difference",
    "pool_segments",
    "score_draws",
    "score_pool",
    "with_interval",
]

# Shape letters: N scored windows or segments, C classes, D days, B bootstrap samples.

_LEVEL = 0.95
_RANGE = (2.5, 97.5)


@dataclass(frozen=True)
class Pool:
    """What is scored: the truth of each window or segment and the day it is on.

    Attributes:
        rows: For each of N units, the test windows in it; (N,) lists flattened as (window row, unit).
        truth: (N,) class names.
        days: (N,) calendar day numbers.
        classes: Order of rows and columns of every confusion matrix.
        weights: (B, D) how often each day is drawn in each bootstrap sample (`metrics.bootstrap.day_draws`).
        day_parts: (N,) codes into `core.day_parts.DAY_PARTS`; None leaves out the scores by part of day.
    """

    rows: tuple[NDArray[np.int64], NDArray[np.int64]]
    truth: NDArray[np.str_]
    days: NDArray[np.int64]
    classes: tuple[str, ...]
    weights: NDArray[np.int64]
    day_parts: NDArray[np.uint8] | None = None

    @cached_property
    def truth_codes(self) -> NDArray[np.int64]:
        """(N,) place of each truth in `classes`; looked up once for all methods of the pool."""
        return places(self.classes, self.truth)

    @cached_property
    def day_codes(self) -> NDArray[np.int64]:
        """(N,) number of each unit's day, 0..D-1."""
        return np.asarray(np.unique(self.days, return_inverse=True)[1], dtype=np.int64)


@dataclass(frozen=True)
class Scored:
    """Scores of one method on one pool.

    Attributes:
        result: JSON-able: n, scores with intervals, calibration_error (None without probabilities),
            per_class, classes, confusion.
        samples: Score name -> (B,) values over the bootstrap samples.
        answers: (N,) class answered for each unit.
    """

    result: Mapping[str, Any]
    samples: Mapping[str, NDArray[np.float64]]
    answers: NDArray[np.str_]


def pool_segments(
    keep: NDArray[np.bool_], segments: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]:
    """Kept windows grouped by annotated segment.

    Returns:
        (window row, segment number 0..N-1) of every kept window, and the first window of each segment.
    """
    rows = np.flatnonzero(keep)
    _, first, unit = np.unique(segments[rows], return_index=True, return_inverse=True)
    return (rows, unit.astype(np.int64)), rows[first]


def score_pool(
    pool: Pool,
    scores: NDArray[np.floating],
    classes: Sequence[str],
    *,
    to_probabilities: Callable[[NDArray[np.floating]], NDArray[np.floating]] | None = None,
) -> Scored:
    """Score the best class of each unit; a segment's scores are the mean of its windows' scores.

    Args:
        pool: What to score.
        scores: (W, C') scores of all test windows, higher is better.
        classes: (C',) class of each column, all in `pool.classes`.
        to_probabilities: (N, C') scores of units to probabilities of the columns; None: there are none.
    """
    window, unit = pool.rows
    chosen = scores[window]
    # Segments are numbered by their place in the log, windows stand in any order: also where every segment
    # has one window, rows must be brought into the order of the truth.
    if not np.array_equal(unit, np.arange(len(pool.truth))):
        sizes = np.bincount(unit, minlength=len(pool.truth))
        sums = [np.bincount(unit, weights=column, minlength=len(pool.truth)) for column in chosen.T]
        chosen = np.stack(sums, axis=1) / sizes[:, None]
    columns = places(pool.classes, np.asarray(classes, dtype=np.str_))
    guess = columns[chosen.argmax(axis=1)]
    size = len(pool.classes)
    counts = np.bincount(pool.truth_codes * size + guess, minlength=size * size).reshape(size, size)
    whole = scores_from_confusion(counts)
    drawn = drawn_confusions(pool.truth_codes, guess, pool.day_codes, pool.weights, size)
    sampled = scores_from_confusion(drawn)
    days = int(pool.weights.shape[1])
    result: dict[str, Any] = {
        "n": len(pool.truth),
        "days": days,
        **{name: with_interval(float(whole[name]), sampled[name], days) for name in SCORE_NAMES},
        "calibration_error": None,
        "classes": list(pool.classes),
        "confusion": counts.tolist(),
        "per_class": _per_class(counts, pool.classes, _f1_ranges(pool, drawn)),
    }
    if to_probabilities is not None:
        # Several columns may stand for one class; what counts is the probability of the answer.
        answered = to_probabilities(chosen) * (columns == guess[:, None])
        error = expected_calibration_error(guess == pool.truth_codes, answered.sum(axis=1).clip(0, 1))
        result["calibration_error"] = round(error, 6)
    if pool.day_parts is not None:
        result["by_day_part"] = _by_day_part(pool.truth_codes, guess, pool.day_parts, size)
    return Scored(result, sampled, np.asarray(pool.classes, dtype=np.str_)[guess])


def score_draws(
    truth: NDArray[np.str_], classes: Sequence[str], answers_TN: NDArray[np.int64], days: int
) -> dict[str, Any]:
    """Scores of repeated draws: mean, and the range that holds 95 % of the draws as `low` and `high`.

    With too few test days for an interval there is no range either: it would be read as one.

    Args:
        truth: (N,) class names, all in `classes`.
        classes: (C,) order of rows and columns.
        answers_TN: (T, N) class of each window in each draw, as a place in `classes`.
        days: Test days, for the result.
    """
    size = len(classes)
    true = places(classes, truth)
    cells = (np.arange(len(answers_TN))[:, None] * size + true) * size + answers_TN
    counts = np.bincount(cells.ravel(), minlength=len(answers_TN) * size * size).reshape(-1, size, size)
    sampled = scores_from_confusion(counts)
    total = counts.sum(axis=0)
    f1 = class_f1(counts)
    result: dict[str, Any] = {"n": len(truth), "days": days, "draws": len(answers_TN)}
    for name in SCORE_NAMES:
        ends = [round(float(v), 6) for v in np.percentile(sampled[name], _RANGE)]
        low, high = ends if enough_days(days) else (None, None)
        result[name] = {"value": round(float(sampled[name].mean()), 6), "low": low, "high": high}
    result["classes"] = list(classes)
    result["confusion"] = total.tolist()
    result["per_class"] = _per_class(total, classes, _ranges(f1 if enough_days(days) else f1 * np.nan))
    for name, scores in result["per_class"].items():
        # Mean over draws, as the other scores, so that macro F1 is the mean of these.
        scores["f1"] = float(f1[:, list(classes).index(name)].mean())
        scores["support"] //= len(answers_TN)
        scores["predicted"] /= len(answers_TN)
    return result


def places(classes: Sequence[str], names: NDArray[np.str_]) -> NDArray[np.int64]:
    """(N,) place of each name in `classes`.

    Raises:
        KeyError: A name is not among them.
    """
    found, codes = np.unique(names, return_inverse=True)
    place = {name: i for i, name in enumerate(classes)}
    return np.array([place[str(name)] for name in found], dtype=np.int64)[codes.reshape(-1)]


def _per_class(
    counts: NDArray[np.int64], classes: Sequence[str], f1_ranges: NDArray[np.float64]
) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 with its interval (2, C), support and answers of every class in the truth."""
    ends = [[None if np.isnan(v) else round(float(v), 6) for v in end] for end in f1_ranges]
    support, guessed, right = counts.sum(axis=1), counts.sum(axis=0), np.diagonal(counts)
    return {
        name: {
            "precision": float(right[i] / guessed[i]) if guessed[i] else 0.0,
            "recall": float(right[i] / support[i]),
            "f1": float(2 * right[i] / (support[i] + guessed[i])),
            "f1_low": ends[0][i],
            "f1_high": ends[1][i],
            "support": int(support[i]),
            "predicted": int(guessed[i]),
        }
        for i, name in enumerate(classes)
        if support[i]
    }


def _f1_ranges(pool: Pool, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """(2, C) ends of the interval of each class's F1; NaN where its true windows lie on too few days.

    Drawn samples without a true window of a class say nothing about it and are left out.
    """
    size, n_days = len(pool.classes), pool.weights.shape[1]
    seen = np.zeros((size, n_days), dtype=np.bool_)
    seen[pool.truth_codes, pool.day_codes] = True
    found = [
        sample_interval(0.0, values, _LEVEL, n_days, int(days))
        for values, days in zip(class_f1(drawn).T, seen.sum(axis=1), strict=True)
    ]
    return np.array([[f.low for f in found], [f.high for f in found]])


def _ranges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, C) ends of the range that holds 95 % of (B, C) values without NaN; NaN where there are none."""
    ends = np.full((2, values.shape[1]), np.nan)
    known = ~np.isnan(values).all(axis=0)
    if known.any():
        ends[:, known] = np.nanpercentile(values[:, known], _RANGE, axis=0)
    return ends


def _by_day_part(
    truth: NDArray[np.int64], guess: NDArray[np.int64], parts: NDArray[np.uint8], size: int
) -> dict[str, dict[str, float]]:
    """Scores of the windows of each part of the day that has any, over the classes present in it."""
    cells = (parts.astype(np.int64) * size + truth) * size + guess
    counts = np.bincount(cells, minlength=len(DAY_PARTS) * size * size).reshape(-1, size, size)
    found: dict[str, dict[str, float]] = {}
    for part, here in zip(DAY_PARTS, counts, strict=True):
        if here.any():
            scores = scores_from_confusion(here)
            found[part.name] = {"n": int(here.sum()), **{k: round(float(v), 6) for k, v in scores.items()}}
    return found


def paired_difference(first: Scored, second: Scored) -> dict[str, dict[str, float | bool | None]]:
    """Score by score: first minus second, its 95 % interval on the same drawn days, and the verdict.

    `differs` is true when the interval excludes 0; only then may a difference be claimed. Without an interval
    it is false.
    """
    differences: dict[str, dict[str, float | bool | None]] = {}
    for name in SCORE_NAMES:
        value = first.result[name]["value"] - second.result[name]["value"]
        samples = first.samples[name] - second.samples[name]
        interval = with_interval(value, samples, first.result["days"])
        differences[name] = {**interval, "differs": excludes_zero(interval)}
    return differences


def excludes_zero(interval: Mapping[str, float | None]) -> bool:
    """Whether an interval exists and lies on one side of 0."""
    low, high = interval["low"], interval["high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def with_interval(value: float, samples: NDArray[np.float64], days: int) -> dict[str, float | None]:
    """A value with the 95 % interval of its bootstrap samples; none where there are too few days."""
    found = sample_interval(float(value), np.asarray(samples, dtype=np.float64), _LEVEL, days)
    low, high = (None if np.isnan(end) else round(end, 6) for end in (found.low, found.high))
    return {"value": round(found.estimate, 6), "low": low, "high": high}
