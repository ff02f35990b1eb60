"""Many small clusters first, then merged: sizes come out as they are in the log, not forced to be equal."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin

from discover.clustering.baselines import Clusterer
from discover.clustering.health import cluster_health
from discover.clustering.hierarchy import cluster_centres, cut_tree, merge_tree, transition_counts

# Shape letters: N windows, D width, F fine clusters, C clusters.

__all__ = ["MergedClusterer"]


class MergedClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """A clusterer with more clusters than requested, merged along a tree.

    SCAN's entropy term and k-means both favour clusters of equal size, but behaviours differ in length: one
    may last half of a day, and taking medicine a minute. Rare behaviours get a fine cluster of their own,
    common ones several, and average linkage on centres (and transitions) puts the common ones back together.

    Attributes:
        fine_: The fitted clusterer.
        tree_: Linkage over its clusters, scipy's form.
        used_: Small clusters that hold a training window; the tree's leaves.
        groups_: Final cluster of each small cluster, (F,).
        labels_, health_, n_features_in_: As in `SCANClusterer`.
    """

    def __init__(self, fine: Clusterer, n_clusters: int, transition_weight: float = 0.0) -> None:
        """Keep the settings.

        Args:
            fine: Finds the small clusters.
            n_clusters: How many are left after merging.
            transition_weight: As in `merge_tree`; above 0 `fit` needs spans.
        """
        self.fine, self.n_clusters, self.transition_weight = fine, n_clusters, transition_weight

    def fit(
        self,
        X: NDArray[np.floating],
        y: object = None,
        *,
        spans: NDArray[np.float64] | None = None,
        **context: Any,
    ) -> Self:
        """Find small clusters in vectors (N, D) and merge them; arguments as in `SCANClusterer.fit`."""
        del y
        self.fine_ = self.fine.fit(X, spans=spans, **context)
        labels = self.fine_.labels_
        # Clusters of an encoder that was trained with them lie in its new space.
        X = getattr(self.fine_, "vectors_", X)
        n_fine = max(self.fine_.health_.n_clusters, 1)
        sizes = np.bincount(labels[labels >= 0], minlength=n_fine)
        used = np.flatnonzero(sizes)
        self.groups_ = np.zeros(n_fine, dtype=np.int64)
        self.tree_ = np.zeros((0, 4))
        if len(used) > 1:
            centres = cluster_centres(X, labels, n_fine)[used]
            moves = np.zeros((n_fine, n_fine), dtype=np.int64)
            if spans is not None:
                moves = transition_counts(labels, spans, n_fine)
            weight = self.transition_weight if spans is not None else 0.0
            self.tree_ = merge_tree(centres, moves[np.ix_(used, used)], sizes[used], transition_weight=weight)
        self.used_ = used
        self.n_features_in_ = X.shape[1]
        return self.recut(self.n_clusters)

    def recut(self, n_clusters: int) -> Self:
        """Cut the same tree into another number of clusters; nothing is fitted again."""
        self.n_clusters = n_clusters
        if len(self.used_) > 1:
            self.groups_[self.used_] = cut_tree(self.tree_, n_clusters)
        self.labels_ = self._coarse(self.fine_.labels_)
        self.health_ = cluster_health(self.labels_, n_clusters)
        return self

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Assignment to each cluster, (N, C): the sum over its small clusters."""
        fine = self.fine_.predict_proba(X)
        member = np.zeros((len(self.groups_), self.n_clusters), dtype=np.float32)
        member[np.arange(len(self.groups_)), self.groups_] = 1
        proba: NDArray[np.float32] = fine @ member[: fine.shape[1]]
        return proba

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Merged cluster of the most likely small cluster, (N,); -1 for noise."""
        return self._coarse(self.fine_.predict(X))

    def fit_predict(self, X: NDArray[np.floating], y: object = None, **context: Any) -> NDArray[np.int32]:
        """`fit`, then the labels of the same windows."""
        return self.fit(X, y, **context).labels_

    def _coarse(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.where(labels >= 0, self.groups_[np.maximum(labels, 0)], -1).astype(np.int32)
