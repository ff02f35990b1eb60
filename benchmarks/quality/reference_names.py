"""Names of clusters from labelled training windows: the best name that a cluster could have had."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.errors import ShapeError

# Shape letters: W windows, C clusters, K activities, D width.

__all__ = ["centroid_names", "hungarian_names", "majority_names"]


def majority_names(
    truth: NDArray[np.str_], labels: NDArray[np.integer], n_clusters: int, classes: Sequence[str]
) -> NDArray[np.int64]:
    """Most frequent label of each cluster, (C,), as a position in `classes`; -1 where it has none."""
    table = _counts(truth, labels, n_clusters, classes)
    return np.where(table.sum(axis=1) > 0, table.argmax(axis=1), -1)


def hungarian_names(
    truth: NDArray[np.str_], labels: NDArray[np.integer], n_clusters: int, classes: Sequence[str]
) -> NDArray[np.int64]:
    """One-to-one matching of clusters and labels with most agreement, (C,); -1 for clusters left over."""
    from scipy.optimize import linear_sum_assignment

    table = _counts(truth, labels, n_clusters, classes)
    rows, columns = linear_sum_assignment(table, maximize=True)
    names = np.full(n_clusters, -1, dtype=np.int64)
    names[rows] = columns
    return names


def centroid_names(
    vectors_WD: NDArray[np.floating],
    truth: NDArray[np.str_],
    labels: NDArray[np.integer],
    n_clusters: int,
    classes: Sequence[str],
) -> NDArray[np.int64]:
    """Label whose mean vector is closest to the cluster's mean vector, (C,); -1 for an empty cluster."""
    units = unit_rows(vectors_WD)
    units = units - units.mean(axis=0)
    means = np.zeros((len(classes), units.shape[1]))
    for column, name in enumerate(classes):
        rows = truth == name
        if rows.any():
            means[column] = units[rows].mean(axis=0)
    names = np.full(n_clusters, -1, dtype=np.int64)
    targets = unit_rows(means)
    for cluster in range(n_clusters):
        rows = labels == cluster
        if rows.any():
            names[cluster] = int((targets @ unit_rows(units[rows].mean(axis=0)[None])[0]).argmax())
    return names


def _counts(
    truth: NDArray[np.str_], labels: NDArray[np.integer], n_clusters: int, classes: Sequence[str]
) -> NDArray[np.int64]:
    if len(truth) != len(labels):
        raise ShapeError(f"{len(truth):,} labels for {len(labels):,} windows.")
    order = np.argsort(np.asarray(classes, dtype=np.str_), kind="stable")
    sorted_classes = np.asarray(classes, dtype=np.str_)[order]
    place = np.minimum(np.searchsorted(sorted_classes, truth), len(classes) - 1)
    known = (sorted_classes[place] == truth) & (labels >= 0)
    cells = labels[known].astype(np.int64) * len(classes) + order[place[known]]
    return np.bincount(cells, minlength=n_clusters * len(classes)).reshape(n_clusters, len(classes))
