"""A checkpoint that asks for more than it holds is refused before the model takes memory."""

import resource
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from discover.alignment import AlignmentTrainer, load_model
from discover.alignment.checkpoint import CHECKPOINT_FORMAT, load_checkpoint
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


def test_a_compressed_checkpoint_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(200_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"compressed part \('archive/data.pkl'\)"):
        load_checkpoint(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_parts_that_share_bytes_of_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "overlap.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(100_000))
        archive.filelist += archive.filelist * 30
    with pytest.raises(CheckpointError, match=r"lists parts of 3,100,000 bytes, more than the file has"):
        load_checkpoint(path)


@pytest.mark.parametrize("kind", ["deep", "repeated", "within itself"])
def test_nesting_has_a_limit(kind: str, tmp_path: Path) -> None:
    config: list[Any] = []
    if kind == "within itself":
        config.append(config)
    for _ in range({"deep": 60, "repeated": 30, "within itself": 0}[kind]):
        config = [config] if kind == "deep" else [config, config]
    torch.save({"format": CHECKPOINT_FORMAT, "config": config}, tmp_path / "nested.pt")
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "nested.pt")
