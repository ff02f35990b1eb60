"""A copy of the encoder learns from somebody else's loss; the model stays, and the right layers learn."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from discover.alignment import AlignmentTrainer, load_model
from discover.alignment.loaded import LoadedModel
from discover.alignment.unfrozen import UnfrozenEncoder
from discover.core.errors import CheckpointError, ConfigError

ROWS = torch.arange(40)


@pytest.fixture(scope="module")
def trained(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("unfrozen")
    config = world.make_config(folder)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    return load_model(folder / "best_model.pt")


@pytest.mark.parametrize("projected", [True, False])
def test_vectors_are_the_models_and_move_with_training(
    projected: bool, trained: LoadedModel, world: ModuleType
) -> None:
    windows = world.make_windows()
    before = {k: v.clone() for k, v in trained.model.state_dict().items()}
    network = UnfrozenEncoder(trained, windows, layers=-1, projected=projected)
    with torch.no_grad():
        own = network.vectors(ROWS).numpy()
    plain = trained.embed_windows(windows, projected=projected).vectors[: len(ROWS)]
    np.testing.assert_allclose(own, plain, atol=1e-5)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    start = network.weights()
    torch.autograd.backward(network.vectors(ROWS).square().sum() + network.vectors(ROWS)[:, 0].sum())
    optimizer.step()
    assert all(torch.equal(before[k], v) for k, v in trained.model.state_dict().items())
    # A copy of the model with these weights gives the network's vectors, also after going back and forth.
    weights = network.weights()
    assert any(name.startswith("sensor_head") for name in weights) == projected
    changed = trained.with_weights({k: v.numpy() for k, v in weights.items()})
    with torch.no_grad():
        own = network.vectors(ROWS).numpy()
    moved = changed.embed_windows(windows, projected=projected).vectors[: len(ROWS)]
    np.testing.assert_allclose(own, moved, atol=1e-5)
    assert np.abs(moved - plain).max() > 1e-3
    network.load_weights(start)
    with torch.no_grad():
        np.testing.assert_allclose(network.vectors(ROWS).numpy(), plain, atol=1e-5)


def test_only_the_last_layers_learn(trained: LoadedModel, world: ModuleType) -> None:
    windows = world.make_windows()
    n_blocks = trained.config.encoder.n_layers
    names = UnfrozenEncoder(trained, windows, layers=1).weights().keys()
    assert {name.split(".")[2] for name in names if ".blocks." in name} == {str(n_blocks - 1)}
    assert not any(name.startswith(("encoder.tokens", "text_head")) for name in names)
    with pytest.raises(ConfigError, match=r"unfreeze\.layers is 99"):
        UnfrozenEncoder(trained, windows, layers=99)


def test_altered_windows_lack_events_and_repeat_with_the_generator(
    trained: LoadedModel, world: ModuleType
) -> None:
    network = UnfrozenEncoder(trained, world.make_windows(), layers=1, event_dropout=0.5)
    with torch.no_grad():
        first, again = (network.altered(ROWS, torch.Generator().manual_seed(3)) for _ in range(2))
        assert torch.equal(first, again)
        assert (first - network.vectors(ROWS)).abs().max() > 1e-3


def test_weights_of_another_model_are_refused(trained: LoadedModel) -> None:
    with pytest.raises(CheckpointError, match="is not one of the model"):
        trained.with_weights({"encoder.nothing": np.zeros(3, np.float32)})
    with pytest.raises(CheckpointError, match=r"of shape \(3,\)"):
        trained.with_weights({"encoder.norm.weight": np.zeros(3, np.float32)})
