"""Retrieval between windows and captions: recall@k, MRR, median rank and mAP over relevant sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of, refuse_other_length, refuse_rows
from discover.core.errors import ConfigError, ShapeError
from discover.metrics.ranks import average_precision, relevant_ranks

# Shape letters: Q queries, N items in the pool, D width, C captions.

__all__ = [
    "RetrievalScores",
    "caption_retrieval",
    "mean_average_precision",
    "median_rank",
    "merge_by_text",
    "recall_at_k",
    "retrieval_scores",
]


@dataclass(frozen=True)
class RetrievalScores:
    """What `retrieval_scores` returns.

    Attributes:
        recall: For each k, the share of queries with a relevant item among the first k.
        mrr: Mean of 1 / rank of the first relevant item.
        median_rank: Median rank of the first relevant item, 1 is best.
        mean_average_precision: Mean over queries of average precision over all relevant items.
        n_queries: Q.
        pool_size: N.
    """

    recall: Mapping[int, float]
    mrr: float
    median_rank: float
    mean_average_precision: float
    n_queries: int
    pool_size: int

    def to_dict(self) -> dict[str, float]:
        """Flat names for logs: `recall@1`, ..., `mrr`, `median_rank`, `map`, `n_queries`, `pool_size`."""
        return {
            **{f"recall@{k}": value for k, value in self.recall.items()},
            "mrr": self.mrr,
            "median_rank": self.median_rank,
            "map": self.mean_average_precision,
            "n_queries": self.n_queries,
            "pool_size": self.pool_size,
        }


def retrieval_scores(
    queries_QD: ArrayLike,
    items_ND: ArrayLike,
    query_groups: ArrayLike | None = None,
    item_groups: ArrayLike | None = None,
    *,
    ks: Sequence[int] = (1, 5, 10),
) -> RetrievalScores:
    """Recall@k, MRR, median rank and mAP of queries against a pool.

    Args:
        queries_QD: Query embeddings, shape (Q, D).
        items_ND: Pool embeddings, shape (N, D).
        query_groups: Relevant set of each query. Windows whose captions are identical share one; None
            pairs query i with item i.
        item_groups: Relevant set of each item.
        ks: Values of k, each >= 1.

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: No query, a query without a relevant item, or a k below 1.
    """
    n_queries, n_items = len(np.asarray(queries_QD)), len(np.asarray(items_ND))
    if n_queries == 0:
        raise ConfigError("There is no query to score. Check that the split has windows.")
    if any(k < 1 for k in ks):
        raise ConfigError(f"Every k must be at least 1, got {list(ks)}.")
    if query_groups is None or item_groups is None:
        if query_groups is not None or item_groups is not None or n_queries != n_items:
            raise ShapeError(
                f"Give groups for both sides, or none and as many queries as items; got {n_queries} queries, "
                f"{n_items} items."
            )
        query_groups = item_groups = np.arange(n_queries)
    rows, ranks = relevant_ranks(queries_QD, items_ND, query_groups, item_groups)
    first = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    best = ranks[first]
    return RetrievalScores(
        recall={int(k): float((best <= k).mean()) for k in ks},
        mrr=float((1.0 / best).mean()),
        median_rank=float(np.median(best)),
        mean_average_precision=float(average_precision(rows, ranks).mean()),
        n_queries=n_queries,
        pool_size=n_items,
    )


def recall_at_k(
    queries_QD: ArrayLike,
    items_ND: ArrayLike,
    query_groups: ArrayLike | None = None,
    item_groups: ArrayLike | None = None,
    *,
    ks: Sequence[int] = (1, 5, 10),
) -> dict[int, float]:
    """Share of queries with a relevant item among the first k, for each k; see `retrieval_scores`."""
    return dict(retrieval_scores(queries_QD, items_ND, query_groups, item_groups, ks=ks).recall)


def mean_average_precision(
    queries_QD: ArrayLike,
    items_ND: ArrayLike,
    query_groups: ArrayLike | None = None,
    item_groups: ArrayLike | None = None,
) -> float:
    """Mean over queries of average precision over all relevant items; see `retrieval_scores`."""
    return retrieval_scores(queries_QD, items_ND, query_groups, item_groups).mean_average_precision


def median_rank(
    queries_QD: ArrayLike,
    items_ND: ArrayLike,
    query_groups: ArrayLike | None = None,
    item_groups: ArrayLike | None = None,
) -> float:
    """Median rank of the first relevant item, 1 is best; see `retrieval_scores`."""
    return retrieval_scores(queries_QD, items_ND, query_groups, item_groups).median_rank


def caption_retrieval(
    windows_ND: ArrayLike,
    captions_CD: ArrayLike,
    caption_windows: ArrayLike,
    caption_texts: ArrayLike,
    *,
    ks: Sequence[int] = (1, 5, 10),
) -> dict[str, RetrievalScores]:
    """Both directions between windows and their captions, identical captions merged.

    Windows that share any identical caption text form one relevant set (also along chains: if A and B
    share one text and B and C another, all three are one set).

    Args:
        windows_ND: Window embeddings, shape (N, D).
        captions_CD: Caption embeddings, shape (C, D); several per window are welcome.
        caption_windows: Row of the window that each caption describes, shape (C,) int.
        caption_texts: Caption text, or any id equal for equal texts, shape (C,).
        ks: Values of k.

    Returns:
        `{"text_to_window": ..., "window_to_text": ...}`.

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: A window has no caption.
    """
    owners = np.asarray(caption_windows)
    window_groups = merge_by_text(owners, caption_texts, len(np.asarray(windows_ND)))
    caption_groups = window_groups[owners]
    return {
        "text_to_window": retrieval_scores(captions_CD, windows_ND, caption_groups, window_groups, ks=ks),
        "window_to_text": retrieval_scores(windows_ND, captions_CD, window_groups, caption_groups, ks=ks),
    }


def merge_by_text(
    caption_windows: NDArray[np.int64], caption_texts: ArrayLike, n_windows: int
) -> NDArray[np.int64]:
    """Relevant set of each window: connected components of "has an identical caption", shape (N,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    refuse_other_length(len(caption_windows), caption_texts=caption_texts)
    refuse_rows(caption_windows, n_windows)
    _, texts = np.unique(names_of(caption_texts, "captions"), return_inverse=True)
    n_texts = int(texts.max()) + 1 if len(texts) else 0
    size = n_windows + n_texts
    edges = coo_matrix((np.ones(len(texts)), (caption_windows, texts + n_windows)), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    return np.asarray(component[:n_windows], dtype=np.int64)
