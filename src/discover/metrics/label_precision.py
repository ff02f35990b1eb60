"""Label precision@k: how many of the first k items carry the query's activity."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from discover.core.arrays import names_of
from discover.core.errors import ConfigError, ShapeError
from discover.metrics.top_k import cosine_top_k

# Shape letters: Q queries, N items in the pool, D width.

__all__ = ["label_precision_at_k"]


def label_precision_at_k(
    queries_QD: ArrayLike,
    items_ND: ArrayLike,
    query_labels: ArrayLike,
    item_labels: ArrayLike,
    *,
    ks: Sequence[int] = (10, 50, 100),
) -> dict[str, float]:
    """Share of the first k items that carry the query's label.

    Args:
        queries_QD: Query embeddings, shape (Q, D).
        items_ND: Pool embeddings, shape (N, D).
        query_labels: Label of each query, shape (Q,).
        item_labels: Label of each item, shape (N,).
        ks: Values of k; a k above N divides by N.

    Returns:
        `label_precision@k_macro` (mean over the labels of the queries, each label alike) and
        `label_precision@k_weighted` (labels weighted by how often they occur in the pool) for each k.

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: k below 1, no k, no query, or no query's label in the pool.
    """
    if not ks or min(ks) < 1:
        raise ConfigError(f"ks must hold numbers of at least 1, got {list(ks)}.")
    names, codes = np.unique(
        np.concatenate([names_of(query_labels, "query labels"), names_of(item_labels, "item labels")]),
        return_inverse=True,
    )
    n_queries = len(np.asarray(query_labels))
    codes_Q, codes_N = codes[:n_queries], codes[n_queries:]
    rows, _ = cosine_top_k(queries_QD, items_ND, max(ks))
    if len(rows) != n_queries or len(codes_N) != len(np.asarray(items_ND)) or n_queries == 0:
        raise ShapeError(
            f"One label per row is needed: {len(rows)} queries with {n_queries} labels, "
            f"{len(np.asarray(items_ND))} items with {len(codes_N)} labels."
        )
    hits = codes_N[rows] == codes_Q[:, None]
    in_pool = np.bincount(codes_N, minlength=len(names)).astype(np.float64)
    per_label = np.bincount(codes_Q, minlength=len(names))
    asked = per_label > 0
    if not in_pool[asked].sum():
        raise ConfigError(
            "No query's label occurs in the pool. Check that both sides use the same label names."
        )
    result: dict[str, float] = {}
    for k in ks:
        share = hits[:, :k].mean(axis=1)
        means = np.bincount(codes_Q, weights=share, minlength=len(names))[asked] / per_label[asked]
        result[f"label_precision@{k}_macro"] = float(means.mean())
        result[f"label_precision@{k}_weighted"] = float(np.average(means, weights=in_pool[asked]))
    return result
