"""How well clusters agree with labels, or with other clusters."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of
from discover.core.errors import ShapeError

# Shape letters: N windows.

__all__ = ["clustering_scores", "hungarian_accuracy", "purity"]


def clustering_scores(labels: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """NMI (arithmetic mean of entropies), ARI, V-measure, purity and Hungarian accuracy.

    V-measure equals this NMI; both names are reported because papers use either.

    Args:
        labels: True label of each window, shape (N,).
        clusters: Cluster of each window, shape (N,).

    Raises:
        ShapeError: Lengths differ or there is no window.
    """
    from sklearn.metrics import (
        adjusted_rand_score,
        normalized_mutual_info_score,
        v_measure_score,
    )

    table = _contingency(labels, clusters)
    true, found = np.asarray(labels), np.asarray(clusters)
    return {
        "nmi": float(normalized_mutual_info_score(true, found)),
        "ari": float(adjusted_rand_score(true, found)),
        "v_measure": float(v_measure_score(true, found)),
        "purity": float(table.max(axis=0).sum() / table.sum()),
        "hungarian_accuracy": _matched(table),
    }


def purity(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of windows that carry their cluster's most frequent label; grows with the number of clusters."""
    table = _contingency(labels, clusters)
    return float(table.max(axis=0).sum() / table.sum())


def hungarian_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Accuracy under the best one-to-one matching of clusters to labels; unmatched clusters are wrong."""
    return _matched(_contingency(labels, clusters))


def _matched(table: NDArray[np.int64]) -> float:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def _contingency(labels: ArrayLike, clusters: ArrayLike) -> NDArray[np.int64]:
    true, found = np.asarray(labels), np.asarray(clusters)
    if true.ndim != 1 or true.shape != found.shape or not len(true):
        raise ShapeError(
            f"Labels and clusters must be lists of one length, at least 1; got {true.shape} and "
            f"{found.shape}. Pass one of each per window."
        )
    _, rows = np.unique(names_of(true, "labels"), return_inverse=True)
    _, columns = np.unique(names_of(found, "clusters"), return_inverse=True)
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)
