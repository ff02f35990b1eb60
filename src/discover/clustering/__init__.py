"""Clusters of window vectors: SCAN, TEMI and baselines, their hierarchy, health, names and words."""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.clustering.baselines import Clusterer, GMMClusterer, HDBSCANClusterer, KMeansClusterer
    from discover.clustering.config import (
        ClusteringConfig,
        ClusterMethod,
        FeatureSpace,
        MiningConfig,
        SCANConfig,
        SelfLabelConfig,
        UnfreezeConfig,
    )
    from discover.clustering.examples import example_windows
    from discover.clustering.factory import METHODS, build_clusterer
    from discover.clustering.health import ClusterHealth, cluster_health
    from discover.clustering.hierarchy import cluster_centres, cut_tree, merge_tree, transition_counts
    from discover.clustering.merged import MergedClusterer
    from discover.clustering.naming import prompt_names
    from discover.clustering.neighbours import mine_neighbours, mine_pairs
    from discover.clustering.profiles import (
        ClusterProfile,
        Thing,
        empty_profile,
        profile_clusters,
        sure_activities,
    )
    from discover.clustering.scan import SCANClusterer
    from discover.clustering.storage import CLUSTERER_FILE, SavedClustering, load_clustering, save_clustering
    from discover.clustering.typical import CaptionPool, TypicalText, nearest_prompts
    from discover.clustering.views import Unfrozen, WindowNetwork
    from discover.clustering.wording import (
        ClusterWords,
        PlainWording,
        Wording,
        hour_words,
        length_words,
        share_words,
        word_clusters,
    )

__all__ = [
    "CLUSTERER_FILE",
    "METHODS",
    "CaptionPool",
    "ClusterHealth",
    "ClusterMethod",
    "ClusterProfile",
    "ClusterWords",
    "Clusterer",
    "ClusteringConfig",
    "FeatureSpace",
    "GMMClusterer",
    "HDBSCANClusterer",
    "KMeansClusterer",
    "MergedClusterer",
    "MiningConfig",
    "PlainWording",
    "SCANClusterer",
    "SCANConfig",
    "SavedClustering",
    "SelfLabelConfig",
    "Thing",
    "TypicalText",
    "UnfreezeConfig",
    "Unfrozen",
    "WindowNetwork",
    "Wording",
    "build_clusterer",
    "cluster_centres",
    "cluster_health",
    "cut_tree",
    "empty_profile",
    "example_windows",
    "hour_words",
    "length_words",
    "load_clustering",
    "merge_tree",
    "mine_neighbours",
    "mine_pairs",
    "nearest_prompts",
    "profile_clusters",
    "prompt_names",
    "save_clustering",
    "share_words",
    "sure_activities",
    "transition_counts",
    "word_clusters",
]

__getattr__ = lazy_names(__name__)
