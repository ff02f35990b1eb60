"""A hierarchy of clusters: those that follow one another in time and have similar vectors are merged.

Someone who cooks is at the stove, the sink and the fridge within minutes. Windows of these three look
different, but each follows the other far more often than chance: transitions add information that vectors
    lack.
"""

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ConfigError, ShapeError

# Shape letters: N windows, C clusters, D width.

__all__ = ["cluster_centres", "cut_tree", "merge_tree", "transition_counts"]


def transition_counts(
    labels: NDArray[np.integer], spans: NDArray[np.float64], n_clusters: int, *, max_gap_s: float = 300.0
) -> NDArray[np.int64]:
    """How often a window of one cluster is followed by a window of another, (C, C): from row to column.

    A window is followed by the next window that begins after its end (overlapping ones are skipped), if
    that is at most `max_gap_s` seconds later. Windows in no cluster (-1) take no part.

    Args:
        labels: Cluster of each window, (N,).
        spans: First and last second of each window, (N, 2).
        n_clusters: C.
        max_gap_s: Longest pause between the two.
    """
    if spans.shape != (len(labels), 2):
        raise ShapeError(f"Spans must be (windows, 2) for {len(labels)} windows, got {spans.shape}.")
    order = np.argsort(spans[:, 0], kind="stable")
    starts = spans[order, 0]
    following = np.searchsorted(starts, spans[:, 1], side="right")
    exists = following < len(order)
    after = order[np.minimum(following, len(order) - 1)]
    close = exists & (spans[after, 0] - spans[:, 1] <= max_gap_s) & (labels >= 0) & (labels[after] >= 0)
    cells = labels[close].astype(np.int64) * n_clusters + labels[after[close]]
    return np.bincount(cells, minlength=n_clusters**2).reshape(n_clusters, n_clusters)


def cluster_centres(
    vectors_ND: NDArray[np.floating], labels: NDArray[np.integer], n_clusters: int
) -> NDArray[np.float64]:
    """Mean of each cluster's unit vectors, (C, D); zeros for an empty cluster."""
    total = np.zeros((n_clusters, vectors_ND.shape[1]))
    for cluster in range(n_clusters):
        rows = np.flatnonzero(labels == cluster)
        if len(rows):
            total[cluster] = unit_rows(vectors_ND[rows]).mean(axis=0, dtype=np.float64)
    return total


def merge_tree(
    centres_CD: NDArray[np.floating],
    transitions_CC: NDArray[np.integer],
    sizes: NDArray[np.integer],
    *,
    transition_weight: float = 0.5,
) -> NDArray[np.float64]:
    """Average-linkage tree over clusters, in scipy's form, (C - 1, 4).

    The similarity of two clusters is the weighted mean of

    - lift / (1 + lift), where lift is how often one follows the other (in both directions) over how often it
      would if clusters came in random order: 0.5 at chance, towards 1 when they alternate;
    - (1 + cosine) / 2 of their centres after taking off the mean of all windows.

    Args:
        centres_CD: Mean vectors.
        transitions_CC: From `transition_counts`; the diagonal counts towards what chance would give.
        sizes: Windows per cluster, (C,).
        transition_weight: Share of the first part, in [0, 1].

    Raises:
        ConfigError: Weight out of range, or fewer than two clusters.
    """
    from scipy.cluster.hierarchy import linkage

    n = len(centres_CD)
    if n < 2:
        raise ConfigError(f"A hierarchy needs at least two clusters, got {n}.")
    if not 0 <= transition_weight <= 1:
        raise ConfigError(f"transition_weight must be in [0, 1], got {transition_weight}.")
    overall = np.average(centres_CD, axis=0, weights=np.maximum(sizes, 1e-9))
    centred = unit_rows(centres_CD - overall).astype(np.float64)
    cosine = (1 + centred @ centred.T) / 2
    both = (transitions_CC + transitions_CC.T).astype(np.float64)
    margin = both.sum(axis=1)
    expected = np.outer(margin, margin) / max(float(margin.sum()), 1.0)
    lift = both / np.maximum(expected, 1e-9)
    # Without any transition there is no evidence: chance.
    follows = np.where(expected > 0, lift / (1 + lift), 0.5)
    likeness = transition_weight * follows + (1 - transition_weight) * cosine
    upper = np.triu_indices(n, 1)
    tree: NDArray[np.float64] = linkage(np.clip(1 - likeness[upper], 0, None), "average")
    return tree


def cut_tree(tree: NDArray[np.float64], n_groups: int) -> NDArray[np.int64]:
    """Group 0..G-1 of each cluster, (C,), for the cut into at most `n_groups`; numbered by first cluster."""
    from scipy.cluster.hierarchy import fcluster

    if n_groups < 1:
        raise ConfigError(f"A hierarchy is cut into at least one group, got {n_groups}.")
    raw = fcluster(tree, n_groups, criterion="maxclust")
    _, first, inverse = np.unique(raw, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
