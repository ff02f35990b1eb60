"""Exact cosine top-k, block by block."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import numbers_of
from discover.core.errors import ConfigError, ShapeError

# Shape letters: Q queries, N items in the pool, D width.

__all__ = ["BLOCK_FLOATS", "cosine_top_k", "matching_rows", "normalise_rows", "row_blocks"]

BLOCK_FLOATS = 4_000_000
"""Scores held at a time: 16 MB of float32, which stays near the cache and far from the memory limit."""


def normalise_rows(vectors: ArrayLike) -> NDArray[np.float32]:
    """Rows scaled to length 1; rows of zeros stay zero.

    Raises:
        ShapeError: Not a matrix.
        DataError: Values that are not finite numbers.
    """
    matrix = np.asarray(numbers_of(vectors, "embeddings", ndim=2), dtype=np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def cosine_top_k(
    queries_QD: ArrayLike, items_ND: ArrayLike, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k most similar items of each query, exactly.

    Args:
        queries_QD: Query embeddings, any length, shape (Q, D).
        items_ND: Pool embeddings, any length, shape (N, D).
        k: How many; more than N gives N.

    Returns:
        Item rows, shape (Q, min(k, N)), best first (ties: the lower row first), and their cosines.

    Raises:
        ShapeError: Widths disagree.
        ConfigError: k below 1.
    """
    if k < 1:
        raise ConfigError(f"k must be at least 1, got {k}.")
    queries, items = matching_rows(queries_QD, items_ND)
    k = min(k, len(items))
    rows = np.empty((len(queries), k), dtype=np.int64)
    scores = np.empty((len(queries), k), dtype=np.float32)
    for block in row_blocks(len(queries), len(items)):
        rows[block], scores[block] = _top_k(queries[block] @ items.T, k)
    return rows, scores


def _top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    n_items = scores.shape[1]
    kth = np.partition(scores, n_items - k, axis=1)[:, n_items - k]
    # Everything at or above the k-th best score, in order of row: exactly k items unless some tie there.
    queries, items = np.nonzero(scores >= kth[:, None])
    counts = np.bincount(queries, minlength=len(scores))
    if (counts != k).any():
        items = _without_surplus(scores, queries, items, kth, k)
    rows = items.reshape(len(scores), k)
    found = np.take_along_axis(scores, rows, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(found, order, axis=1)


def _without_surplus(
    scores: NDArray[np.float32],
    queries: NDArray[np.int64],
    items: NDArray[np.int64],
    kth: NDArray[np.float32],
    k: int,
) -> NDArray[np.int64]:
    """Candidates without the later ones of those that tie for the last places, k per query."""
    tied = scores[queries, items] == kth[queries]
    above = np.bincount(queries[~tied], minlength=len(scores))
    # Number of ties of the same query up to and with this one; candidates are grouped by query.
    total = np.cumsum(tied)
    starts = np.flatnonzero(np.r_[True, queries[1:] != queries[:-1]])
    before = np.r_[0, total][starts]
    place = total - before[queries]
    kept: NDArray[np.int64] = items[~tied | (place <= (k - above)[queries])]
    return kept


def row_blocks(n_rows: int, n_columns: int) -> list[slice]:
    """Slices over the queries, each with at most about `BLOCK_FLOATS` scores; columns: at least 1."""
    step = max(1, BLOCK_FLOATS // n_columns)
    return [slice(begin, min(begin + step, n_rows)) for begin in range(0, n_rows, step)]


def matching_rows(queries: ArrayLike, items: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit rows of both sides, checked to be comparable."""
    left, right = normalise_rows(queries), normalise_rows(items)
    if left.shape[1] != right.shape[1] or not len(right):
        raise ShapeError(
            f"Queries and items must have one width and the pool must not be empty, got {left.shape} and "
            f"{right.shape}. Both must come from the same model."
        )
    return left, right
