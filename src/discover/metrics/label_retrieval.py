"""Labels of retrieved items: per-query precision, per-label means with intervals, and confusion.

One search serves every depth and every label level: the nearest rows are found once, then read with
fine and with coarse labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of, numbers_of, refuse_other_length, refuse_rows
from discover.core.errors import ConfigError, ShapeError
from discover.metrics.top_k import cosine_top_k

# Shape letters: Q queries, N items in the pool, D width, K retrieved items, C labels, B resamples, A days.

__all__ = ["label_means", "label_shares", "nearest_rows", "retrieved_labels"]


def nearest_rows(
    queries_QD: ArrayLike, items_ND: ArrayLike, k: int, *, own: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Rows of the k nearest items of each query, best first, (Q, K).

    Args:
        queries_QD: Query embeddings, shape (Q, D).
        items_ND: Pool embeddings, shape (N, D).
        k: How many; K is min(k, N), or min(k, N - 1) with `own`.
        own: Row of the one item that each query must not find, because it is the query itself, (Q,).

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: k below 1, or nothing is left to find.
    """
    if own is None:
        return cosine_top_k(queries_QD, items_ND, k)[0]
    rows, _ = cosine_top_k(queries_QD, items_ND, k + 1)
    if own.shape != (len(rows),):
        raise ShapeError(f"One own row per query is needed: {len(rows)} queries, own {own.shape}.")
    if rows.shape[1] < 2:
        raise ConfigError("The pool holds the query itself and nothing else. Give it more items.")
    # A stable sort moves the query's own row, where it is among them, behind the others.
    order = np.argsort(rows == own[:, None], axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1)[:, :-1]


def label_shares(
    rows_QK: NDArray[np.int64], query_labels: ArrayLike, item_labels: ArrayLike, ks: Sequence[int]
) -> NDArray[np.float64]:
    """Share of the first k items that carry the query's label, for each k, (Q, len(ks)).

    A k above K divides by K.

    Raises:
        ShapeError: Not one label per query.
        ConfigError: No k, or a k below 1.
    """
    if not len(ks) or min(ks) < 1:
        raise ConfigError(f"ks must hold numbers of at least 1, got {list(ks)}.")
    query, item = np.asarray(query_labels), np.asarray(item_labels)
    if query.shape != (len(rows_QK),):
        raise ShapeError(f"One label per query is needed: {len(rows_QK)} queries, labels {query.shape}.")
    item = names_of(item, "item labels")
    query = names_of(query, "query labels")
    refuse_rows(rows_QK, len(item))
    hits = np.cumsum(item[rows_QK] == query[:, None], axis=1)
    depths = np.minimum(np.asarray(ks), rows_QK.shape[1])
    return np.asarray(hits[:, depths - 1] / depths, dtype=np.float64)


def label_means(
    values_Q: NDArray[np.floating],
    label_codes_Q: NDArray[np.int64],
    pool_counts_C: NDArray[np.integer],
    day_codes_Q: NDArray[np.int64] | None = None,
    draws_BA: NDArray[np.integer] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Mean of a per-query value over the labels of the queries: `macro`, and `weighted` by pool counts.

    Args:
        values_Q: One value per query, for example its precision at 10.
        label_codes_Q: Label of each query as a row of `pool_counts_C`.
        pool_counts_C: How often each label occurs in the pool; the weights of `weighted`.
        day_codes_Q: Day of each query, 0..A-1. Needed with `draws_BA`.
        draws_BA: How often each day is drawn in each resample; None for the whole set.

    Returns:
        `macro` and `weighted`, (B,) each, or (1,) for the whole set. A resample counts the labels it holds.
    """
    values_Q = numbers_of(values_Q, "values", ndim=1, at_least=1)
    weights_C = numbers_of(pool_counts_C, "counts of the labels", ndim=1, at_least=1)
    refuse_other_length(len(values_Q), label_codes_Q=label_codes_Q, day_codes_Q=day_codes_Q)
    refuse_rows(label_codes_Q, len(weights_C))
    days = np.zeros(len(values_Q), dtype=np.int64) if day_codes_Q is None else day_codes_Q
    draws = np.ones((1, int(days.max(initial=0)) + 1)) if draws_BA is None else np.asarray(draws_BA, float)
    n_labels, n_days = len(pool_counts_C), draws.shape[1]
    cells = days * n_labels + label_codes_Q
    size = n_days * n_labels
    sums = draws @ np.bincount(cells, weights=values_Q, minlength=size).reshape(n_days, n_labels)
    counts = draws @ np.bincount(cells, minlength=size).reshape(n_days, n_labels)
    present = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=present)
    weights = present * np.asarray(pool_counts_C, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "macro": means.sum(axis=1) / present.sum(axis=1),
            "weighted": (means * weights).sum(axis=1) / weights.sum(axis=1),
        }


def retrieved_labels(
    rows_QK: NDArray[np.int64],
    query_codes: NDArray[np.int64],
    item_codes: NDArray[np.int64],
    n_labels: int,
) -> NDArray[np.float64]:
    """Which labels the queries of each label find: shares, rows = query label, (C, C).

    Rows sum to 1; the row of a label that no query has is 0.
    """
    refuse_other_length(len(rows_QK), query_codes=query_codes)
    refuse_rows(rows_QK, len(item_codes))
    refuse_rows(query_codes, n_labels)
    refuse_rows(item_codes, n_labels)
    cells = query_codes[:, None] * n_labels + item_codes[rows_QK]
    counts = np.bincount(cells.ravel(), minlength=n_labels * n_labels).reshape(n_labels, n_labels)
    totals = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(
        counts, totals, out=np.zeros((n_labels, n_labels)), where=totals > 0
    )
    return shares
