"""Exact ranks of relevant items, block by block.

Ties count against us: an item stands behind every other item of the same score, so constant
embeddings score like the worst order and not like the best. Cosines are compared on a grid of 2^-20
(about ten roundings of float32): two equal vectors at different places of a matrix product can get
scores that differ in the last bits, and that must not decide a rank.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of, numbers_of, refuse_other_length
from discover.core.errors import ConfigError, DataError, ShapeError
from discover.metrics.top_k import matching_rows, row_blocks

# Shape letters: Q queries, N items in the pool, D width, R relevant (query, item) pairs.

__all__ = ["SCORE_GRID", "average_precision", "relevant_ranks"]

SCORE_GRID = 2.0**20

_COUNTED = 40
"""Up to so many relevant items, counting the scores above each is cheaper than sorting the row once
(20,000 items: about 6 microseconds per count, 300 per sort)."""


def relevant_ranks(
    queries_QD: ArrayLike, items_ND: ArrayLike, query_groups: ArrayLike, item_groups: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank of every relevant item of every query.

    An item is relevant when its group equals the query's. The rank of an item is the number of items
    whose score is at least as high, itself included, where relevant items that tie are taken one after
    another: among all items with that score the relevant ones come last.

    Args:
        queries_QD: Query embeddings, any length, shape (Q, D).
        items_ND: Pool embeddings, shape (N, D).
        query_groups: Group of each query, shape (Q,).
        item_groups: Group of each item, shape (N,).

    Returns:
        Query row of each relevant pair, shape (R,), ascending; its rank from 1, shape (R,), ascending
        within a query.

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: A query has no relevant item in the pool.
    """
    queries, items = matching_rows(queries_QD, items_ND)
    codes_Q, order, starts = _relevant_sets(queries, items, query_groups, item_groups)
    counts = np.diff(starts)[codes_Q]
    if (counts == 0).any():
        raise ConfigError(
            f"{int((counts == 0).sum())} of {len(counts)} queries have no relevant item in the pool. "
            "Pass the pool that holds the partners of all queries."
        )
    all_rows: list[NDArray[np.int64]] = []
    all_ranks: list[NDArray[np.int64]] = []
    for block in row_blocks(len(queries), len(items)):
        scores = np.rint(queries[block] @ items.T * np.float32(SCORE_GRID))
        sizes = counts[block]
        rows = np.repeat(np.arange(len(sizes)), sizes)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        columns = order[np.repeat(starts[codes_Q[block]], sizes) + within]
        relevant = scores[rows, columns]
        best_first = np.lexsort((-relevant, rows))
        all_rows.append(rows + block.start)
        all_ranks.append(_ranks(scores, rows, relevant[best_first]))
    return np.concatenate(all_rows), np.concatenate(all_ranks)


def average_precision(rows: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average precision per query from `relevant_ranks`: mean over relevant items of (hits so far) / rank."""
    refuse_other_length(len(rows), ranks=ranks)
    if not len(rows) or not (numbers_of(ranks, "ranks", ndim=1) >= 1).all():
        raise DataError("Ranks count from 1, and there must be one. Pass those of `relevant_ranks`.")
    first = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    sizes = np.diff(np.r_[first, len(rows)])
    hits = np.arange(len(rows)) - np.repeat(first, sizes) + 1
    return np.asarray(np.add.reduceat(hits / ranks, first) / sizes, dtype=np.float64)


def _ranks(scores: NDArray[Any], rows: NDArray[np.int64], relevant: NDArray[Any]) -> NDArray[np.int64]:
    """Ranks of `relevant` scores (grouped by row, best first) within their rows of `scores`."""
    ranks = np.empty(len(rows), dtype=np.int64)
    ends = np.searchsorted(rows, np.arange(len(scores)), side="right")
    begin = 0
    for row, end in enumerate(ends):
        own = relevant[begin:end]
        if end - begin <= _COUNTED:
            at_least = np.array([np.count_nonzero(scores[row] >= score) for score in own], dtype=np.int64)
        else:
            at_least = scores.shape[1] - np.searchsorted(np.sort(scores[row]), own, side="left")
        # Relevant items that tie share `at_least`: the last of them has it, each before is one better.
        same_after = np.searchsorted(-own, -own, side="right")
        ranks[begin:end] = at_least - (same_after - np.arange(1, end - begin + 1))
        begin = end
    return ranks


def _relevant_sets(
    queries: NDArray[Any], items: NDArray[Any], query_groups: ArrayLike, item_groups: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Code of each query, item rows sorted by code, and where each code starts among them."""
    left, right = np.asarray(query_groups), np.asarray(item_groups)
    if left.dtype.kind in "Of" or right.dtype.kind in "Of":
        left, right = names_of(left, "query groups"), names_of(right, "item groups")
    if left.shape != (len(queries),) or right.shape != (len(items),):
        raise ShapeError(
            f"One group per row is needed: {len(queries)} queries with groups {left.shape}, "
            f"{len(items)} items with groups {right.shape}."
        )
    _, codes = np.unique(np.concatenate([left, right]), return_inverse=True)
    codes_Q, codes_N = codes[: len(left)], codes[len(left) :]
    order = np.argsort(codes_N, kind="stable")
    starts = np.searchsorted(codes_N[order], np.arange(int(codes.max()) + 2))
    return codes_Q, order, starts
