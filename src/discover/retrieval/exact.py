"""Exact scores of all or of some windows, and the best of them, without sorting them all.

Vectors stay float16; a float32 copy is made at the first search while it fits (`KEEP_FLOAT32_BYTES`).
"""

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError, ShapeError

__all__ = ["ExactScorer", "best_rows", "unit_queries"]

# Rows converted and scored at a time: 16,384 x 256 float32 = 16 MB, inside most last-level caches.
BLOCK_ROWS = 16_384
# Below this a float32 copy is kept after the first search: no conversion per query.
KEEP_FLOAT32_BYTES = 2 << 30
# Scores are compared on this grid (2^-20, ten roundings of float32): equal vectors at different places of a
# matrix product differ in their last bits, and that must not decide their order.
SCORE_GRID = np.float32(2**20)
# Scoring picked rows copies them, which beats scoring everything only when few are left.
_GATHER_SHARE = 0.25
# The best k are looked for among blocks of this many scores: 0.1 ms instead of 1.1 ms for 100,000 scores.
_PICK_BLOCK = 64

# Shape letters: W windows, P width of the joint space, Q queries, K results per query.


class ExactScorer:
    """Cosines between unit queries and every stored vector.

    Attributes:
        vectors: (W, P) float16 unit vectors.
    """

    def __init__(self, vectors: NDArray[np.float16 | np.float32]) -> None:
        self.vectors = vectors
        self._float32: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def top(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        mask: NDArray[np.bool_] | None = None,
        bonus: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows (Q, K) and cosines (Q, K) of the best windows, ranked by cosine + `bonus`.

        Args:
            queries: (Q, P) unit vectors.
            k: Number wanted; K = min(k, windows in `mask`).
            mask: (W,) windows that may be returned.
            bonus: (W,) added to the cosine for ranking only.
        """
        kept = None if mask is None else np.flatnonzero(mask)
        if kept is not None and len(kept) <= _GATHER_SHARE * len(self):
            scores = self.some(queries, kept)
            rows = best_rows(scores if bonus is None else scores + bonus[kept], k)
            return kept[rows], np.take_along_axis(scores, rows, axis=1)
        scores = self.all(queries)
        ranked = scores if bonus is None else scores + bonus
        if kept is not None and mask is not None:
            k = min(k, len(kept))
            ranked = np.where(mask, ranked, -np.inf)
        rows = best_rows(ranked, k)
        return rows, np.take_along_axis(scores, rows, axis=1)

    def some(self, queries: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosines (Q, N) with the vectors of some rows."""
        source = self.vectors if self._float32 is None else self._float32
        scores: NDArray[np.float32] = queries @ source[rows].astype(np.float32, copy=False).T
        return scores

    def all(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines (Q, W) with every vector."""
        if self._float32 is None and self.vectors.size * 4 <= KEEP_FLOAT32_BYTES:
            self._float32 = self.vectors.astype(np.float32)
        if self._float32 is not None:
            if len(queries) == 1:
                return _one_query(self._float32, queries[0])[None, :]
            product: NDArray[np.float32] = (self._float32 @ queries.T).T
            return np.ascontiguousarray(product)
        scores = np.empty((len(queries), len(self)), dtype=np.float32)
        for begin in range(0, len(self), BLOCK_ROWS):
            block = self.vectors[begin : begin + BLOCK_ROWS].astype(np.float32)
            scores[:, begin : begin + BLOCK_ROWS] = queries @ block.T
        return scores


def best_rows(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Columns (Q, K) of the k highest scores, best first, equal scores (to six digits) by column."""
    n_queries, n = scores.shape
    k = min(k, n)
    rows = np.empty((n_queries, k), dtype=np.int64)
    for q in range(n_queries):
        candidates = _candidates(scores[q], k) if 0 < k < n else np.arange(n)
        order = np.argsort(-np.rint(scores[q][candidates] * SCORE_GRID), kind="stable")
        rows[q] = candidates[order[:k]]
    return rows


def unit_queries(query_vectors: NDArray[np.floating], dim: int) -> NDArray[np.float32]:
    """Queries (Q, dim) or (dim,) as unit rows (Q, dim).

    Raises:
        ShapeError: They have another width.
        DataError: One is zero or not finite.
    """
    queries = np.atleast_2d(np.asarray(query_vectors, dtype=np.float32))
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise ShapeError(
            f"The query has width {queries.shape[-1]}, the index {dim}. "
            "Encode the query with the model that made the index."
        )
    norms = np.linalg.norm(queries, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise DataError("A query vector is zero or not finite. Is the query empty?")
    unit: NDArray[np.float32] = queries / norms
    return unit


def _candidates(line: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Columns, ascending, that hold the k best scores and everything equal to the k-th on the grid."""
    blocks = len(line) // _PICK_BLOCK
    if blocks > 2 * k:
        # k blocks have a best score of at least `border`, so the k-th best score of all is no lower.
        best = line[: blocks * _PICK_BLOCK].reshape(blocks, _PICK_BLOCK).max(axis=1)
        border = np.partition(best, blocks - k)[blocks - k]
        few = np.flatnonzero(line >= border - 1 / SCORE_GRID)
    else:
        few = np.arange(len(line))
    grid = np.rint(line[few] * SCORE_GRID)
    if k < len(few):
        few = few[grid >= np.partition(grid, len(few) - k)[len(few) - k]]
    return np.asarray(few, dtype=np.int64)


def _one_query(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    # A dot product per row: for one query a matrix product is slower, 9 to 20 ms against 4 over
    # 100,000 x 256 on one core.
    # vecdot came with NumPy 2 and is a little faster than einsum.
    if hasattr(np, "vecdot"):
        line: NDArray[np.float32] = np.vecdot(vectors, query)
    else:
        line = np.einsum("wp,p->w", vectors, query)
    return line
