"""A checkpoint that asks for more than it holds is refused before the model takes memory."""

import resource
from pathlib import Path
from types import ModuleType

import pytest
import torch

from discover.alignment import AlignmentTrainer, load_model
from discover.core.errors import CheckpointError


@pytest.fixture
def model(world: ModuleType, tmp_path: Path) -> Path:
    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    return tmp_path / "best_model.pt"


def test_a_model_larger_than_its_weights_takes_no_memory(model: Path) -> None:
    load_model(model)
    content = torch.load(model, weights_only=True)
    content["config"]["encoder"] |= {"d_model": 8192, "n_layers": 64, "n_heads": 8, "d_ff": 32768}
    torch.save(content, model)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"does not hold a whole model"):
        load_model(model)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_weights_that_repeat_one_number_cannot_stand_for_many(model: Path) -> None:
    content = torch.load(model, weights_only=True)
    content["model"] = {
        k: torch.zeros((), dtype=v.dtype).expand(v.shape) for k, v in content["model"].items()
    }
    content = {k: v for k, v in content.items() if k not in ("optimizer", "scheduler")}
    torch.save(content, model)
    with pytest.raises(CheckpointError, match="claims weights of"):
        load_model(model)
