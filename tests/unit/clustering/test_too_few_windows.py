"""Fewer windows than clusters, in every method."""

import numpy as np
import pytest

from discover.clustering import ClusteringConfig, build_clusterer
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError, DataError

ROWS = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "scan", "temi"])
@pytest.mark.parametrize("merge_from", [0, 40])
def test_more_clusters_than_windows_is_one_sentence(method: str, merge_from: int) -> None:
    config = ClusteringConfig(method=method, k=20, merge_from=merge_from, on="bag")
    with pytest.raises(DataError, match="clusters"):
        build_clusterer(config).fit(ROWS)


def test_the_sentence_says_what_to_set() -> None:
    config = ClusteringConfig(method="kmeans", k=20, merge_from=0, on="bag")
    with pytest.raises(DataError, match=r"12 training windows cannot make 20 clusters.*--k.*merge_from=0"):
        build_clusterer(config).fit(ROWS)


def test_k_above_merge_from_says_how_to_set_it() -> None:
    with pytest.raises(ConfigError, match=r"--set merge_from=80\), or 0 .*--set merge_from=0"):
        config_from_mapping({"k": 80}, ClusteringConfig)
