"""nDCG@k for graded relevance."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import numbers_of
from discover.core.errors import ConfigError, ShapeError

# Shape letters: Q queries, N items in the pool.

__all__ = ["ndcg_at_k"]


def ndcg_at_k(scores_QN: ArrayLike, grades_QN: ArrayLike, k: int = 10) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain of graded relevance, per query.

    Gain is 2^grade - 1, the discount log2(1 + rank). Items that tie share the mean gain of their
    places (McSherry and Najork 2008), so the order of rows does not matter. A query without any
    relevant item is NaN: it says nothing about the ranking.

    Args:
        scores_QN: Scores, higher is better, shape (Q, N). Pass queries in blocks when N is large.
        grades_QN: Grades >= 0, shape (Q, N).
        k: Depth, >= 1.

    Returns:
        nDCG@k per query in [0, 1], shape (Q,).

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: k below 1 or a negative grade.

    References:
        Jarvelin and Kekalainen 2002; exponential gain: Burges et al. 2005.
    """
    scores = np.atleast_2d(np.asarray(numbers_of(scores_QN, "scores", at_least=1), float))
    grades = np.atleast_2d(np.asarray(numbers_of(grades_QN, "grades", at_least=1), float))
    if scores.shape != grades.shape:
        raise ShapeError(f"Scores and grades must have one shape, got {scores.shape} and {grades.shape}.")
    if k < 1 or (grades < 0).any():
        raise ConfigError(f"k must be at least 1 (got {k}) and grades at least 0.")
    return np.array([_ndcg(s, 2.0**g - 1.0, k) for s, g in zip(scores, grades, strict=True)])


def _ndcg(scores: NDArray[Any], gains: NDArray[Any], k: int) -> float:
    k = min(k, len(scores))
    discount = np.zeros(len(scores))
    discount[:k] = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = float(np.sort(gains)[::-1] @ discount)
    if ideal == 0:
        return float("nan")
    _, place, sizes = np.unique(-scores, return_inverse=True, return_counts=True)
    mean_gain = np.bincount(place, weights=gains) / sizes
    return float(np.repeat(mean_gain, sizes) @ discount) / ideal
