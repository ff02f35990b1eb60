"""Predictions to scores with intervals: bootstrap over days, windows or whole segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.seeds import derive_seed
from discover.metrics.classification import SCORE_NAMES, classification_scores, scores_from_confusion

__all__ = ["Pool", "Scored", "day_weights", "paired_difference", "pool_segments", "score_pool"]

# Shape letters: N scored windows or segments, C classes, D days, B bootstrap samples.

_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Pool:
    """What is scored: the truth of each window or segment and the day it is on.

    Attributes:
        rows: For each of N units, the test windows in it; (N,) lists flattened as (window row, unit).
        truth: (N,) class names.
        days: (N,) calendar day numbers.
        classes: Order of rows and columns of every confusion matrix.
        weights: (B, D) how often each day is drawn in each bootstrap sample.
    """

    rows: tuple[NDArray[np.int64], NDArray[np.int64]]
    truth: NDArray[np.str_]
    days: NDArray[np.int64]
    classes: tuple[str, ...]
    weights: NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """Scores of one method on one pool.

    Attributes:
        result: JSON-able: n, scores with intervals, per_class, classes, confusion.
        samples: Score name -> (B,) values over the bootstrap samples.
    """

    result: Mapping[str, Any]
    samples: Mapping[str, NDArray[np.float64]]


def day_weights(days: NDArray[np.int64], samples: int, seed: int) -> NDArray[np.int64]:
    """(B, D) draws with replacement of the distinct days, the same for every method of a pool."""
    n_days = len(np.unique(days))
    generator = np.random.default_rng(derive_seed(seed, "bootstrap days"))
    return generator.multinomial(n_days, np.full(n_days, 1 / n_days), size=samples)


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


def score_pool(pool: Pool, scores: NDArray[np.floating], classes: Sequence[str]) -> Scored:
    """Score the best class of each unit; a segment's scores are the mean of its windows' scores.

    Args:
        pool: What to score.
        scores: (W, C') scores of all test windows, higher is better.
        classes: (C',) class of each column, all in `pool.classes`.
    """
    window, unit = pool.rows
    total = np.zeros((len(pool.truth), len(classes)))
    np.add.at(total, unit, scores[window])
    total /= np.bincount(unit, minlength=len(pool.truth))[:, None]
    predicted = np.asarray(classes, dtype=np.str_)[total.argmax(axis=1)]
    whole = classification_scores(pool.truth, predicted, pool.classes)
    sampled = scores_from_confusion(_bootstrap(pool, predicted))
    days = int(pool.weights.shape[1])
    result = {
        "n": len(pool.truth),
        "days": days,
        **{name: _with_interval(whole.scores[name], sampled[name], days) for name in SCORE_NAMES},
        "classes": list(whole.classes),
        "confusion": whole.confusion.tolist(),
        "per_class": {name: dict(row) for name, row in whole.per_class.items() if row["support"]},
    }
    return Scored(result, sampled)


def paired_difference(first: Scored, second: Scored) -> dict[str, dict[str, float | bool | None]]:
    """Score by score: first minus second, its 95 % interval on the same drawn days, and the verdict.

    `differs` is true when the interval excludes 0; only then may a difference be claimed.
    """
    differences: dict[str, dict[str, float | bool | None]] = {}
    for name in SCORE_NAMES:
        value = first.result[name]["value"] - second.result[name]["value"]
        samples = first.samples[name] - second.samples[name]
        interval = _with_interval(value, samples, first.result["days"])
        low, high = interval["low"], interval["high"]
        excludes_zero = low is not None and high is not None and (low > 0 or high < 0)
        differences[name] = {**interval, "differs": excludes_zero}
    return differences


def _bootstrap(pool: Pool, predicted: NDArray[np.str_]) -> NDArray[np.int64]:
    """(B, C, C) confusion matrices over drawn days; summing days' counts equals scoring their windows."""
    place = {name: i for i, name in enumerate(pool.classes)}
    size = len(place)
    true = np.array([place[str(t)] for t in pool.truth], dtype=np.int64)
    guess = np.array([place[str(p)] for p in predicted], dtype=np.int64)
    _, day = np.unique(pool.days, return_inverse=True)
    cells = (day * size + true) * size + guess
    n_days = pool.weights.shape[1]
    per_day = np.bincount(cells, minlength=n_days * size * size).reshape(n_days, size * size)
    return (pool.weights @ per_day).reshape(-1, size, size)


def _with_interval(value: float, samples: NDArray[np.float64], days: int) -> dict[str, float | None]:
    # One day drawn with replacement is always the same day: an interval of width 0 would claim certainty.
    if days < 2:
        return {"value": round(float(value), 6), "low": None, "high": None}
    low, high = np.nanpercentile(samples, _INTERVAL)
    return {"value": round(float(value), 6), "low": round(float(low), 6), "high": round(float(high), 6)}
