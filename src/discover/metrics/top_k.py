"""Exact cosine top-k, block by block."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.errors import ConfigError, ShapeError

# Shape letters: Q queries, N items in the pool, D width.

__all__ = ["BLOCK_FLOATS", "cosine_top_k", "matching_rows", "normalise_rows", "row_blocks"]

BLOCK_FLOATS = 4_000_000
"""Scores held at a time: 16 MB of float32, which stays near the cache and far from the memory limit."""


def normalise_rows(vectors: ArrayLike) -> NDArray[np.float32]:
    """Rows scaled to length 1; rows of zeros stay zero.

    Raises:
        ShapeError: Not a matrix.
    """
    matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.ndim != 2:
        raise ShapeError(f"Embeddings must be a matrix (rows, width), got shape {matrix.shape}.")
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
    # One integer per item that orders by score, then by row: float bits made monotone in the upper half,
    # the row counted from the end in the lower. Selecting numbers is far cheaper than a stable argsort.
    bits = scores.view(np.int32)
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    keys = (ordered << 32) | np.arange(n_items - 1, -1, -1, dtype=np.int64)
    best = -np.sort(-np.partition(keys, n_items - k, axis=1)[:, n_items - k :], axis=1)
    rows = n_items - 1 - (best & 0xFFFFFFFF)
    return rows, np.take_along_axis(scores, rows, axis=1)


def row_blocks(n_rows: int, n_columns: int) -> list[slice]:
    """Slices over the queries, each with at most about `BLOCK_FLOATS` scores."""
    step = max(1, BLOCK_FLOATS // max(1, n_columns))
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
