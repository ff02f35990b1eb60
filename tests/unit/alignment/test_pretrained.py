"""An exported model is the same model, and damage is told."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from discover.alignment import AlignmentTrainer, from_pretrained, load_model, save_pretrained
from discover.core.errors import ArtifactError, CheckpointError


@pytest.fixture(scope="module")
def run(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("run")
    config = world.make_config(folder, training__max_steps=2)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    return folder


def test_round_trip(world: ModuleType, run: Path, tmp_path: Path) -> None:
    model = load_model(run)
    save_pretrained(model, tmp_path / "out", values={"R@10": 0.5})
    windows = world.make_windows(20)
    copies = [from_pretrained(tmp_path / "out"), load_model(tmp_path / "out")]
    for copy in copies:
        assert copy.home == model.home
        assert copy.vocabulary == model.vocabulary
        assert copy.config.encoder == model.config.encoder
        np.testing.assert_array_equal(
            copy.embed_windows(windows).vectors, model.embed_windows(windows).vectors
        )
    card = (tmp_path / "out" / "README.md").read_text()
    assert "R@10: 0.5" in card
    assert str(run) not in (tmp_path / "out" / "config.json").read_text()


def test_a_folder_that_holds_something_is_not_overwritten(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ArtifactError, match="not empty"):
        save_pretrained(load_model(run), tmp_path)
    save_pretrained(load_model(run), tmp_path, overwrite=True)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.json", "home.json"])
def test_damage_is_told(run: Path, tmp_path: Path, name: str) -> None:
    save_pretrained(load_model(run), tmp_path)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        from_pretrained(tmp_path)
