"""k-means, Gaussian mixture and HDBSCAN behind the interface of `SCANClusterer`."""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin

from discover.clustering.health import ClusterHealth, cluster_health
from discover.core.embeddings import unit_rows
from discover.core.errors import DataError, ShapeError
from discover.core.seeds import derive_seed

# Shape letters: N windows, D width, C clusters.

__all__ = ["Clusterer", "GMMClusterer", "HDBSCANClusterer", "KMeansClusterer", "Projection"]

_PCA_DIM = 32
_BLOCK_ROWS = 65_536


class Clusterer(Protocol):
    """The interface of every method. `fit` takes what `SCANClusterer.fit` takes; baselines use only X."""

    labels_: NDArray[np.int32]
    health_: ClusterHealth
    n_features_in_: int

    def fit(self, X: NDArray[np.floating], y: object = None, **context: Any) -> Self:
        """Find clusters in vectors (N, D)."""
        ...

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Cluster of each row, (N,); -1 for none."""
        ...

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Assignment to each cluster, (N, C)."""
        ...


@dataclass(frozen=True)
class Projection:
    """Principal components as plain arrays: mean (D,) and axes (R, D)."""

    mean: NDArray[np.floating]
    axes: NDArray[np.floating]

    @classmethod
    def fit(cls, rows: NDArray[np.float32], seed: int) -> Self:
        """The first components of rows (N, D), at most 32."""
        from sklearn.decomposition import PCA

        width = min(_PCA_DIM, *rows.shape)
        model = PCA(width, svd_solver="randomized", random_state=seed).fit(rows)
        # Products of arrays in another memory layout differ in the last bits, and files keep no layout.
        return cls(np.ascontiguousarray(model.mean_), np.ascontiguousarray(model.components_))

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.floating]:
        """Rows (N, D) in the components, (N, R)."""
        reduced: NDArray[np.floating] = rows @ self.axes.T - self.mean @ self.axes.T
        return reduced


class _Baseline(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """Rows are scaled to length 1 (cosine geometry), then a model of scikit-learn is fitted."""

    def fit(self, X: NDArray[np.floating], y: object = None, **context: Any) -> Self:
        """Find clusters in vectors (N, D); times, twin and validation windows are not used."""
        del y, context
        rows = unit_rows(X)
        if len(rows) < 2:
            raise DataError(f"{len(rows)} windows cannot be clustered. Use more days or shorter windows.")
        wanted = getattr(self, "n_clusters", 0)
        if len(rows) < wanted:
            raise DataError(
                f"{len(rows):,} training windows cannot make {wanted:,} clusters. Ask for fewer: --k, and "
                "--set merge_from=0 or at least k (small clusters are found first and merged to k)."
            )
        self.n_features_in_ = rows.shape[1]
        self._fit(rows)
        self.labels_ = self.predict(X)
        self.health_ = cluster_health(self.labels_, self.n_clusters_)
        return self

    def fit_predict(self, X: NDArray[np.floating], y: object = None, **context: Any) -> NDArray[np.int32]:
        """`fit`, then the labels of the same windows."""
        return self.fit(X, y, **context).labels_

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Assignment to each cluster, (N, C); rows sum to 1, or less where a window may be noise."""
        if not hasattr(self, "n_features_in_"):
            raise DataError(f"This {type(self).__name__} has no clusters yet. Call fit first.")
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ShapeError(f"Clusters were found in vectors of width {self.n_features_in_}, got {X.shape}.")
        blocks = [
            self._proba(unit_rows(X[begin : begin + _BLOCK_ROWS])) for begin in range(0, len(X), _BLOCK_ROWS)
        ]
        empty = np.zeros((0, self.n_clusters_), dtype=np.float32)
        return np.concatenate([empty, *blocks]).astype(np.float32)

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Most likely cluster of each row, (N,); -1 for noise."""
        proba = self.predict_proba(X)
        if not proba.shape[1]:
            return np.full(len(proba), -1, dtype=np.int32)
        return np.where(proba.max(axis=1) > 0, proba.argmax(axis=1), -1).astype(np.int32)

    def _fit(self, rows: NDArray[np.float32]) -> None:
        raise NotImplementedError

    def _proba(self, rows: NDArray[np.float32]) -> NDArray[np.floating]:
        raise NotImplementedError

    @property
    def n_clusters_(self) -> int:
        """C, known after `fit`."""
        raise NotImplementedError


class KMeansClusterer(_Baseline):
    """k-means on unit vectors of at most `max_points` windows.

    Assignments fall with the squared distance to each centre.
    """

    def __init__(
        self, n_clusters: int = 20, seed: int = 0, n_init: int = 3, max_points: int = 20_000
    ) -> None:
        """Keep the settings."""
        self.n_clusters, self.seed, self.n_init, self.max_points = n_clusters, seed, n_init, max_points

    @property
    def n_clusters_(self) -> int:
        """C."""
        return self.n_clusters

    def _fit(self, rows: NDArray[np.float32]) -> None:
        from sklearn.cluster import KMeans

        seed = derive_seed(self.seed, "kmeans") % 2**32
        rows = _thinned(rows, max(self.max_points, self.n_clusters), seed)
        model = KMeans(self.n_clusters, n_init=self.n_init, random_state=seed).fit(rows)
        self.centres_ = model.cluster_centers_
        self.spread_ = max(float(model.inertia_) / len(rows), 1e-12)

    def _proba(self, rows: NDArray[np.float32]) -> NDArray[np.floating]:
        from sklearn.metrics.pairwise import euclidean_distances

        # The mean squared distance to the own centre sets the scale: a window twice as far is less sure.
        logits = -(euclidean_distances(rows, self.centres_) ** 2) / self.spread_
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        proba: NDArray[np.floating] = weights / weights.sum(axis=1, keepdims=True)
        return proba


class GMMClusterer(_Baseline):
    """Mixture of Gaussians with diagonal covariances on the first principal components."""

    def __init__(self, n_clusters: int = 20, seed: int = 0) -> None:
        """Keep the settings."""
        self.n_clusters, self.seed = n_clusters, seed

    @property
    def n_clusters_(self) -> int:
        """C."""
        return self.n_clusters

    def _fit(self, rows: NDArray[np.float32]) -> None:
        from sklearn.mixture import GaussianMixture

        seed = derive_seed(self.seed, "gmm") % 2**32
        self.projection_ = Projection.fit(rows, seed)
        self.model_ = GaussianMixture(
            self.n_clusters, covariance_type="diag", random_state=seed, reg_covar=1e-4, max_iter=200
        ).fit(self.projection_(rows).astype(np.float64))

    def _proba(self, rows: NDArray[np.float32]) -> NDArray[np.floating]:
        reduced = self.projection_(rows).astype(np.float64)
        proba: NDArray[np.floating] = self.model_.predict_proba(reduced)
        return proba


class HDBSCANClusterer(_Baseline):
    """HDBSCAN on the first principal components of at most `max_points` windows.

    It finds the number of clusters itself and calls sparse windows noise. A new window takes the cluster of
    its nearest fitted window, and is noise where that one is.
    """

    def __init__(self, min_cluster_size: int | None = None, seed: int = 0, max_points: int = 10_000) -> None:
        """Keep the settings; `min_cluster_size` None means 1 % of the fitted windows, at least 5."""
        self.min_cluster_size, self.seed, self.max_points = min_cluster_size, seed, max_points

    @property
    def n_clusters_(self) -> int:
        """Clusters found."""
        return int(self.fitted_labels_.max(initial=-1)) + 1

    def _fit(self, rows: NDArray[np.float32]) -> None:
        from sklearn.cluster import HDBSCAN

        seed = derive_seed(self.seed, "hdbscan") % 2**32
        rows = _thinned(rows, self.max_points, seed)
        self.projection_ = Projection.fit(rows, seed)
        self.points_ = self.projection_(rows)
        smallest = self.min_cluster_size or max(5, len(rows) // 100)
        model = HDBSCAN(min_cluster_size=smallest, copy=True).fit(self.points_)
        self.fitted_labels_ = model.labels_
        self.strength_ = model.probabilities_

    def _proba(self, rows: NDArray[np.float32]) -> NDArray[np.floating]:
        from sklearn.neighbors import NearestNeighbors

        nearest = NearestNeighbors(n_neighbors=1).fit(self.points_)
        found = nearest.kneighbors(self.projection_(rows), return_distance=False)[:, 0]
        labels = self.fitted_labels_[found]
        proba = np.zeros((len(rows), self.n_clusters_))
        inside = np.flatnonzero(labels >= 0)
        proba[inside, labels[inside]] = np.maximum(self.strength_[found[inside]], 1e-6)
        return proba


def _thinned(rows: NDArray[np.float32], most: int, seed: int) -> NDArray[np.float32]:
    """At most so many rows (N, D), drawn at random, in their order."""
    if len(rows) <= most:
        return rows
    picked = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return rows[np.sort(picked)]
