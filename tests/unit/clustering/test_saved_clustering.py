"""A clustering that was saved and loaded predicts the same bits; strangers' and damaged files are refused."""

import json
import resource
from pathlib import Path

import numpy as np
import pytest
from clustering_blobs import blobs, minutes
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from discover.clustering import (
    ClusteringConfig,
    SavedClustering,
    SCANConfig,
    build_clusterer,
    load_clustering,
    save_clustering,
)
from discover.clustering.storage import CLUSTERER_FILE
from discover.core.errors import ArtifactError, ShapeError

SCAN = {"n_heads": 2, "epochs": 2, "batch_size": 64, "self_label": {"epochs": 1}, "mining": {"k": 10}}


def saved(folder: Path, **settings: object) -> SavedClustering:
    x, _ = blobs()
    config = ClusteringConfig.model_validate({"k": 3, "scan": SCAN, **settings})
    clusterer = build_clusterer(config).fit(x, spans=minutes(len(x)))
    clustering = SavedClustering(clusterer, config.on, "a" * 64, about={"sampling": "FD_60"})
    save_clustering(folder, clustering)
    return clustering


@pytest.mark.parametrize("merge_from", [0, 9])
@pytest.mark.parametrize("method", ["scan", "temi", "kmeans", "gmm", "hdbscan"])
def test_a_loaded_clustering_predicts_the_same_bits(method: str, merge_from: int, tmp_path: Path) -> None:
    fitted = saved(tmp_path, method=method, merge_from=merge_from)
    loaded = load_clustering(tmp_path)
    # Other windows than those it was found in, some far from all of them.
    x = np.concatenate([blobs(80, seed=9)[0], np.random.default_rng(1).normal(size=(20, 12))]).astype("f4")
    assert loaded.predict_proba(x).tobytes() == fitted.clusterer.predict_proba(x).tobytes()
    assert loaded.predict(x).tobytes() == fitted.clusterer.predict(x).tobytes()
    assert loaded.predict(x).dtype == np.int32
    assert len(set(loaded.predict(x).tolist())) >= 2
    assert (loaded.n_features_in_, loaded.model_sha256, loaded.about) == (12, "a" * 64, {"sampling": "FD_60"})


def test_heads_with_a_hidden_layer_and_many_clusters_come_back(tmp_path: Path) -> None:
    x, _ = blobs()
    config = SCANConfig.model_validate({**SCAN, "n_clusters": 3, "hidden_dim": 5, "temperature": 0.3})
    fitted = build_clusterer(
        ClusteringConfig.model_validate(
            {"k": 3, "merge_from": 0, "scan": config.model_dump(exclude={"n_clusters", "objective", "seed"})}
        )
    ).fit(x)
    save_clustering(tmp_path, SavedClustering(fitted, "sensor", "a" * 64))
    assert load_clustering(tmp_path).predict_proba(x).tobytes() == fitted.predict_proba(x).tobytes()


def test_the_same_fit_gives_the_same_file(tmp_path: Path) -> None:
    saved(tmp_path / "a", method="kmeans")
    saved(tmp_path / "b", method="kmeans")
    first, second = ((tmp_path / name / CLUSTERER_FILE).read_bytes() for name in "ab")
    assert first == second
    assert b"pickle" not in first


def test_another_model_and_other_vectors_are_refused(tmp_path: Path) -> None:
    saved(tmp_path, method="kmeans")
    assert load_clustering(tmp_path, model_sha256="a" * 64).space == "sensor"
    with pytest.raises(ArtifactError, match="of model aaaaaaaaaaaa, and this is model bbbbbbbbbbbb"):
        load_clustering(tmp_path, model_sha256="b" * 64)
    with pytest.raises(ShapeError, match=r"width 12.*space 'sensor'"):
        load_clustering(tmp_path).predict(np.zeros((2, 7), np.float32))


def test_missing_and_damaged_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no fitted clustering.*discover cluster"):
        load_clustering(tmp_path)
    saved(tmp_path, method="gmm")
    path = tmp_path / CLUSTERER_FILE
    whole = path.read_bytes()
    for damaged in (b"", whole[:200], whole[:-8], b"x" * 400):
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError, match="discover cluster"):
            load_clustering(tmp_path)
    path.write_bytes(whole.replace(b"discover-clusterer/1", b"discover-clusterer/9"))
    with pytest.raises(ArtifactError, match=r"clusterer/9.*this version reads"):
        load_clustering(tmp_path)
    path.write_bytes(whole.replace(b"means_", b"moans_"))
    with pytest.raises(ArtifactError, match="another hash"):
        load_clustering(tmp_path)


def test_a_class_of_ones_own_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot be saved; these can: SCANClusterer"):
        save_clustering(tmp_path, SavedClustering(object(), "sensor", "a"))  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", [{"n_clusters": 9_000}, {"hidden_dim": 65_536, "n_clusters": 10_000}])
def test_heads_larger_than_their_arrays_take_no_memory(setting: dict[str, int], tmp_path: Path) -> None:
    saved(tmp_path, method="scan", merge_from=0)
    path = tmp_path / CLUSTERER_FILE
    with safe_open(path, framework="numpy") as stream:
        described = json.loads(stream.metadata()["discover"])
    described["clusterer"]["config"] |= {**setting, "batch_size": 100_000}
    save_file(load_file(path), path, metadata={"discover": json.dumps(described)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArtifactError, match="is not of the size that its settings ask for"):
        load_clustering(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
