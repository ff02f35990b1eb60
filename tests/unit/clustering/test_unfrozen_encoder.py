"""An encoder that learns with its clusters: it gets better, is chosen without labels, and resumes exactly."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from clustering_blobs import blobs, fit_stopped_at, minutes
from torch import Tensor, nn

from discover.clustering import (
    ClusteringConfig,
    MergedClusterer,
    SavedClustering,
    SCANClusterer,
    SCANConfig,
    Unfrozen,
    build_clusterer,
    cluster_centres,
    load_clustering,
    merge_tree,
    save_clustering,
)
from discover.core.errors import ConfigError
from discover.metrics.clustering import clustering_scores

SCAN = {
    "n_heads": 2, "epochs": 4, "batch_size": 64, "learning_rate": 0.01, "mining": {"k": 10},
    "self_label": {"epochs": 2},
    "unfreeze": {"layers": -1, "epochs": 3, "batch_size": 64, "learning_rate": 3e-3},
}  # fmt: skip
CONFIG = SCANConfig.model_validate({"n_clusters": 3, **SCAN})


class LinearNetwork:
    """Windows are given vectors, of which `altered` sets some numbers to zero; one matrix learns."""

    def __init__(self, inputs: np.ndarray) -> None:
        self.inputs = torch.from_numpy(inputs)
        self.matrix = nn.Parameter(torch.eye(inputs.shape[1]))

    def parameters(self) -> Sequence[nn.Parameter]:
        return [self.matrix]

    def weights(self) -> dict[str, Tensor]:
        return {"matrix": self.matrix.detach().clone()}

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        self.matrix.copy_(weights["matrix"])

    def vectors(self, rows: Tensor) -> Tensor:
        return self.inputs[rows] @ self.matrix

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        kept = torch.rand(self.inputs[rows].shape, generator=generator) > 0.1
        return (self.inputs[rows] * kept) @ self.matrix


def unfrozen(x: np.ndarray) -> Unfrozen:
    return Unfrozen(LinearNetwork(x), np.arange(len(x)))


@pytest.mark.parametrize("objective", ["scan", "temi"])
def test_encoder_and_clusters_learn_together(objective: str) -> None:
    x, truth = blobs(150)
    config = CONFIG.model_copy(update={"objective": objective})
    own = unfrozen(x)
    fitted = SCANClusterer(config).fit(x, spans=minutes(len(x)), unfrozen=own)
    assert {row["step"] for row in fitted.history_} == {"cluster", "unfreeze", "self_label"}
    assert fitted.best_at_["step"] in ("unfreeze", "self_label")
    assert not torch.equal(fitted.encoder_weights_["matrix"], torch.eye(x.shape[1]))
    # The encoder is left as it was when the validation loss was lowest, and labels are of its vectors.
    assert torch.equal(own.network.weights()["matrix"], fitted.encoder_weights_["matrix"])
    np.testing.assert_allclose(fitted.vectors_, x @ fitted.encoder_weights_["matrix"].numpy(), atol=1e-5)
    assert (fitted.predict(fitted.vectors_) == fitted.labels_).all()
    # TEMI sharpens the borders more slowly than these few epochs allow.
    assert clustering_scores(truth, fitted.labels_)["ari"] > (0.8 if objective == "scan" else 0.3)


def test_the_frozen_result_stays_when_training_the_encoder_makes_the_loss_worse() -> None:
    x, _ = blobs(150)
    unfreeze = {**SCAN["unfreeze"], "learning_rate": 5.0}  # type: ignore[dict-item]
    config = SCANConfig.model_validate(
        {"n_clusters": 3, **SCAN, "unfreeze": unfreeze, "self_label": {"epochs": 0}}
    )
    fitted = SCANClusterer(config).fit(x, unfrozen=unfrozen(x))
    assert fitted.best_at_["step"] == "cluster"
    assert torch.equal(fitted.encoder_weights_["matrix"], torch.eye(x.shape[1]))
    frozen = SCANClusterer(config.model_copy(update={"unfreeze": SCANConfig().unfreeze})).fit(x)
    assert (fitted.predict_proba(x) == frozen.predict_proba(x)).all()


@pytest.mark.parametrize("entropy_weight", [0.0, 5.0])
def test_the_history_says_how_many_clusters_are_used(entropy_weight: float) -> None:
    # One cloud: without the entropy term nothing keeps clusters apart that are all alike.
    x = (np.random.default_rng(0).normal(size=(150, 12)) + 0.5).astype(np.float32)
    config = SCANConfig.model_validate(
        {"n_clusters": 3, **SCAN, "entropy_weight": entropy_weight, "epochs": 20, "self_label": {"epochs": 0}}
    )
    own = Unfrozen(LinearNetwork(x), np.arange(len(x)), np.arange(len(x)))
    fitted = SCANClusterer(config).fit(x, validation=x, unfrozen=own)
    best = next(r for r in fitted.history_ if all(r[k] == v for k, v in fitted.best_at_.items()))
    assert best["used"] == len(set(fitted.labels_.tolist())) == (1 if entropy_weight == 0 else 3)
    assert fitted.health_.collapsed == (entropy_weight == 0)


@pytest.mark.parametrize("stop_at", [("cluster", 3), ("unfreeze", 1), ("self_label", 2)])
@pytest.mark.parametrize("objective", ["scan", "temi"])
def test_a_stopped_fit_with_the_encoder_goes_on_to_the_same_bytes(
    objective: str, stop_at: tuple[str, int], tmp_path: Path
) -> None:
    x, _ = blobs(120)
    config = CONFIG.model_copy(update={"objective": objective})
    whole = SCANClusterer(config).fit(x, unfrozen=unfrozen(x), state_path=tmp_path / "whole.pt")
    with fit_stopped_at(*stop_at):
        SCANClusterer(config).fit(x, unfrozen=unfrozen(x), state_path=tmp_path / "stopped.pt")
    resumed = SCANClusterer(config).fit(x, unfrozen=unfrozen(x), state_path=tmp_path / "stopped.pt")
    assert (tmp_path / "whole.pt").read_bytes() == (tmp_path / "stopped.pt").read_bytes()
    assert torch.equal(resumed.encoder_weights_["matrix"], whole.encoder_weights_["matrix"])
    assert resumed.predict_proba(x).tobytes() == whole.predict_proba(x).tobytes()
    assert resumed.history_ == whole.history_


def test_the_encoder_is_saved_beside_merged_heads(tmp_path: Path) -> None:
    x, truth = blobs(150)
    tuning = {**SCAN["unfreeze"], "epochs": 10, "event_dropout": 0.0}  # type: ignore[dict-item]
    scan = {**SCAN, "entropy_weight": 5.0, "unfreeze": tuning}
    config = ClusteringConfig.model_validate({"k": 3, "merge_from": 9, "scan": scan})
    fitted = build_clusterer(config).fit(x, unfrozen=unfrozen(x))
    assert isinstance(fitted, MergedClusterer)
    heads = fitted.fine_
    assert isinstance(heads, SCANClusterer)
    assert heads.best_at_["step"] != "cluster"
    # Clusters are merged by their centres in the space of the trained encoder.
    sizes = np.bincount(heads.labels_, minlength=9)
    centres = cluster_centres(heads.vectors_, heads.labels_, 9)[fitted.used_]
    moves = np.zeros((len(centres), len(centres)), dtype=np.int64)
    np.testing.assert_array_equal(
        fitted.tree_, merge_tree(centres, moves, sizes[fitted.used_], transition_weight=0.0)
    )
    weights = {name: w.numpy() for name, w in heads.encoder_weights_.items()}
    save_clustering(tmp_path, SavedClustering(fitted, "sensor", "a" * 64, encoder=weights))
    loaded = load_clustering(tmp_path)
    np.testing.assert_array_equal(loaded.encoder["matrix"], weights["matrix"])
    labels = loaded.predict((x @ loaded.encoder["matrix"]).astype(np.float32))
    assert (labels == fitted.labels_).mean() > 0.99
    assert clustering_scores(truth, labels)["ari"] > 0.8


def test_settings_and_encoder_must_fit_together() -> None:
    x, _ = blobs(60)
    with pytest.raises(ConfigError, match="no encoder was given"):
        SCANClusterer(CONFIG).fit(x)
    frozen = CONFIG.model_copy(update={"unfreeze": SCANConfig().unfreeze})
    with pytest.raises(ConfigError, match=r"unfreeze\.layers is 0"):
        SCANClusterer(frozen).fit(x, unfrozen=unfrozen(x))
    with pytest.raises(ConfigError, match="both or neither"):
        SCANClusterer(CONFIG).fit(x, validation=x, unfrozen=unfrozen(x))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "kmeans"}, "trains nothing"),
        ({"on": "bag"}, "do not pass through"),
        ({"on": "captions"}, "do not pass through"),
    ],
)
def test_clusters_without_the_encoder_refuse_to_train_it(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ClusteringConfig.model_validate({**settings, "scan": {"unfreeze": {"layers": 1}}})
