"""Names of clusters by activity, without labels."""

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import ShapeError

# Shape letters: W windows, C clusters, K activities.

__all__ = ["prompt_names"]


def prompt_names(
    scores_WK: NDArray[np.floating], labels: NDArray[np.integer], n_clusters: int
) -> NDArray[np.int64]:
    """Activity of each cluster, (C,): the highest mean score over its windows; -1 for an empty cluster.

    Args:
        scores_WK: Label-free scores of windows against prompts, centred.
        labels: Cluster of each window, (W,).
        n_clusters: C.
    """
    if len(scores_WK) != len(labels):
        raise ShapeError(f"{len(scores_WK):,} rows of scores for {len(labels):,} windows.")
    sums = np.zeros((n_clusters, scores_WK.shape[1]))
    inside = labels >= 0
    np.add.at(sums, labels[inside], scores_WK[inside])
    counts = np.bincount(labels[inside], minlength=n_clusters)
    means = sums / np.maximum(counts, 1)[:, None]
    return np.where(counts > 0, means.argmax(axis=1), -1)
