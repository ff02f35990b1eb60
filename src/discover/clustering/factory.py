"""The clustering methods by name."""

from collections.abc import Callable, Mapping

from discover.clustering.baselines import Clusterer, GMMClusterer, HDBSCANClusterer, KMeansClusterer
from discover.clustering.config import ClusteringConfig, SCANConfig
from discover.clustering.merged import MergedClusterer

__all__ = ["METHODS", "build_clusterer"]


def _heads(config: ClusteringConfig, k: int) -> Clusterer:
    # It loads torch, which the other methods do without.
    from discover.clustering.scan import SCANClusterer

    # The batch must hold every cluster twice; more clusters than the setting allows for take a larger one.
    values = config.scan.model_dump()
    values |= {"n_clusters": k, "objective": config.method, "seed": config.seed}
    values["batch_size"] = max(values["batch_size"], 4 * k)
    values["unfreeze"]["batch_size"] = max(values["unfreeze"]["batch_size"], 4 * k)
    return SCANClusterer(SCANConfig.model_validate(values))


METHODS: Mapping[str, Callable[[ClusteringConfig, int], Clusterer]] = {
    "scan": _heads,
    "temi": _heads,
    "kmeans": lambda config, k: KMeansClusterer(k, config.seed),
    "gmm": lambda config, k: GMMClusterer(k, config.seed),
    "hdbscan": lambda config, k: HDBSCANClusterer(seed=config.seed),
}
"""Name -> builder of a clusterer with k clusters (hdbscan finds its own number)."""


def build_clusterer(config: ClusteringConfig) -> Clusterer:
    """An unfitted clusterer of `config.method`, merged from small clusters where `merge_from` is set."""
    fine = max(config.merge_from, config.k)
    if config.merge_from == 0:
        return METHODS[config.method](config, config.k)
    return MergedClusterer(METHODS[config.method](config, fine), config.k, config.transition_weight)
