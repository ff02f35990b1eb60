"""Checks for a collapsed clustering: used clusters, the largest one, and how evenly windows are spread."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusterHealth", "cluster_health"]


@dataclass(frozen=True)
class ClusterHealth:
    """How the windows are spread over the clusters.

    Attributes:
        n_clusters: Clusters there could be.
        used: Clusters with at least one window.
        largest_share: Share of the windows in the largest cluster, noise left out.
        entropy: Entropy of the shares divided by ln(n_clusters): 1 when all are equally large.
        noise_share: Share of windows in no cluster.
        collapsed: Fewer than half of the clusters are used, or one holds more than half of the windows.
    """

    n_clusters: int
    used: int
    largest_share: float
    entropy: float
    noise_share: float
    collapsed: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data, shares to six digits."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def cluster_health(labels: NDArray[np.integer], n_clusters: int) -> ClusterHealth:
    """Spread of cluster labels (N,), -1 for windows in no cluster."""
    kept = labels[labels >= 0]
    counts = np.bincount(kept, minlength=max(1, n_clusters)).astype(np.float64)
    share = counts / max(1, len(kept))
    used = share[share > 0]
    entropy = float(-(used * np.log(used)).sum() / np.log(n_clusters)) if n_clusters > 1 else 0.0
    largest = float(share.max())
    return ClusterHealth(
        n_clusters=n_clusters,
        used=len(used),
        largest_share=largest,
        entropy=max(0.0, entropy),
        noise_share=float((labels < 0).mean()) if len(labels) else 0.0,
        collapsed=2 * len(used) < n_clusters or largest > 0.5,
    )
