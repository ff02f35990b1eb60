"""Every method finds clear clusters, gives the same answer twice, and keeps scikit-learn's conventions."""

from pathlib import Path

import numpy as np
import pytest
from clustering_blobs import blobs, fit_stopped_at, minutes
from sklearn.base import clone

from discover.clustering import (
    ClusteringConfig,
    KMeansClusterer,
    MergedClusterer,
    SCANClusterer,
    SCANConfig,
    build_clusterer,
    cluster_health,
)
from discover.core.errors import ArtifactError, DataError, ShapeError
from discover.metrics.clustering import clustering_scores

FAST = SCANConfig(n_clusters=3, n_heads=2, epochs=8, batch_size=64, learning_rate=0.01)
SCAN = {"n_heads": 2, "epochs": 10, "batch_size": 64, "learning_rate": 0.01, "mining": {"k": 10}}


@pytest.mark.parametrize("merge_from", [0, 9])
@pytest.mark.parametrize("method", ["scan", "temi", "kmeans", "gmm", "hdbscan"])
def test_every_method_finds_three_clear_clusters(method: str, merge_from: int) -> None:
    x, truth = blobs()
    # TEMI sharpens the borders more slowly.
    scan = {**SCAN, "epochs": 25} if method == "temi" else SCAN
    config = ClusteringConfig.model_validate(
        {"method": method, "k": 3, "merge_from": merge_from, "scan": scan}
    )
    clusterer = build_clusterer(config).fit(x, spans=minutes(len(x)))
    labels = clusterer.predict(x)
    assert clustering_scores(truth, labels)["ari"] > 0.8
    assert (labels == clusterer.labels_).all()
    proba = clusterer.predict_proba(x)
    assert proba.shape[0] == len(x)
    assert proba.sum(axis=1).max() <= 1 + 1e-5
    again = build_clusterer(config).fit(x, spans=minutes(len(x)))
    assert (again.predict_proba(x) == proba).all()
    assert not clusterer.health_.collapsed


def test_k_means_fits_some_windows_and_assigns_all() -> None:
    x, truth = blobs()
    few = KMeansClusterer(3, max_points=30).fit(x)
    assert len(few.labels_) == len(x)
    assert clustering_scores(truth, few.labels_)["ari"] > 0.8
    assert not np.array_equal(few.centres_, KMeansClusterer(3).fit(x).centres_)
    assert np.array_equal(
        KMeansClusterer(3, max_points=len(x)).fit(x).centres_, KMeansClusterer(3).fit(x).centres_
    )


def test_scan_follows_scikit_learns_conventions() -> None:
    x, _ = blobs()
    clusterer = clone(SCANClusterer(FAST))
    assert clusterer.get_params() == {"config": FAST}
    with pytest.raises(DataError, match="Call fit first"):
        clusterer.predict(x)
    labels = clusterer.fit_predict(x)
    assert labels.dtype == np.int32
    assert clusterer.n_features_in_ == x.shape[1]
    assert (clusterer.predict_proba(x).argmax(1) == labels).all()
    with pytest.raises(ShapeError, match="width 12"):
        clusterer.predict(x[:, :3])


def test_bad_input_is_refused_with_advice() -> None:
    x, _ = blobs()
    with pytest.raises(DataError, match="cannot fill"):
        SCANClusterer(FAST).fit(x[:4])
    with pytest.raises(ShapeError, match="spans"):
        SCANClusterer(FAST).fit(x, spans=minutes(5))
    broken = x.copy()
    broken[0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        SCANClusterer(FAST).fit(broken)
    with pytest.raises(DataError, match="None of"):
        SCANClusterer(FAST).fit(x, spans=np.tile([0.0, 1.0], (len(x), 1)))


def test_the_kept_head_has_the_lowest_validation_loss_of_its_step() -> None:
    x, _ = blobs()
    fitted = SCANClusterer(FAST).fit(x, validation=blobs(60, seed=5)[0])
    best = min(row["validation_loss"] for row in fitted.history_)
    # One head alone and the same head among several differ in the last bits.
    assert fitted.best_loss_ == pytest.approx(best, abs=1e-5)
    kept = [r for r in fitted.history_ if all(r[k] == v for k, v in fitted.best_at_.items())]
    assert len(kept) == 1
    assert kept[0]["validation_loss"] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("stop_at", [("cluster", 3), ("self_label", 2)])
@pytest.mark.parametrize("objective", ["scan", "temi"])
def test_a_stopped_fit_goes_on_to_the_same_bytes(
    objective: str, stop_at: tuple[str, int], tmp_path: Path
) -> None:
    x, _ = blobs(120)
    config = FAST.model_copy(update={"objective": objective, "epochs": 5})
    whole = SCANClusterer(config).fit(x, state_path=tmp_path / "whole.pt")
    with fit_stopped_at(*stop_at):
        SCANClusterer(config).fit(x, state_path=tmp_path / "stopped.pt")
    resumed = SCANClusterer(config).fit(x, state_path=tmp_path / "stopped.pt")
    assert (tmp_path / "whole.pt").read_bytes() == (tmp_path / "stopped.pt").read_bytes()
    assert resumed.predict_proba(x).tobytes() == whole.predict_proba(x).tobytes()
    assert resumed.history_ == whole.history_


def test_a_state_of_other_settings_or_damaged_is_refused(tmp_path: Path) -> None:
    x, _ = blobs(120)
    path = tmp_path / "state.pt"
    SCANClusterer(FAST).fit(x, state_path=path)
    with pytest.raises(ArtifactError, match="other windows or settings"):
        SCANClusterer(FAST.model_copy(update={"seed": 3})).fit(x, state_path=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtifactError, match="not a readable"):
        SCANClusterer(FAST).fit(x, state_path=path)


def test_collapse_is_seen_and_reported() -> None:
    health = cluster_health(np.zeros(50, dtype=np.int32), 4)
    assert health.collapsed
    assert (health.used, health.largest_share, health.entropy) == (1, 1.0, 0.0)
    half_used = cluster_health(np.repeat([0, 1], 10), 4)
    assert (half_used.used, half_used.largest_share, half_used.collapsed) == (2, 0.5, False)
    assert cluster_health(np.repeat([0, 1], 10), 5).collapsed
    assert cluster_health(np.r_[np.zeros(11, int), np.arange(1, 10)], 10).collapsed
    assert not cluster_health(np.r_[np.zeros(10, int), np.arange(1, 10), 9], 10).collapsed
    even = cluster_health(np.arange(40) % 4, 4)
    assert not even.collapsed
    assert even.entropy == pytest.approx(1.0)
    x, _ = blobs()
    config = FAST.model_copy(update={"entropy_weight": 0.0, "epochs": 40, "n_heads": 1, "patience": 40})
    assert SCANClusterer(config).fit(x).health_.used <= 3


def test_a_merged_clustering_can_be_cut_again() -> None:
    x, truth = blobs()
    config = ClusteringConfig.model_validate({"method": "kmeans", "k": 5, "merge_from": 12})
    clusterer = build_clusterer(config).fit(x)
    assert isinstance(clusterer, MergedClusterer)
    fine = clusterer.labels_.copy()
    coarse = clusterer.recut(3).labels_
    assert clustering_scores(truth, coarse)["ari"] > 0.95
    assert all(len(set(coarse[fine == c])) == 1 for c in set(fine.tolist()))
