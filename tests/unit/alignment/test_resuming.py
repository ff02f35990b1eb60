"""Going on from a checkpoint that is named: what comes along, what is replaced, what is refused."""

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from discover.alignment import AlignmentTrainer
from discover.alignment.checkpoint import load_checkpoint
from discover.core.errors import ArtifactError, CheckpointError


def train(world: ModuleType, folder: Path, resume: Any = "auto", **changes: Any) -> Any:
    config = world.make_config(folder, **changes)
    return AlignmentTrainer(config, inputs=world.make_inputs(config), resume=resume).train()


def files_of(folder: Path) -> dict[str, bytes]:
    skip = {"timing.jsonl", "config.yaml"}
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name not in skip}


def test_a_new_folder_gets_the_log_and_the_best_model(world: ModuleType, tmp_path: Path) -> None:
    train(world, tmp_path / "a")
    train(world, tmp_path / "b", tmp_path / "a" / "checkpoint_step_10.pt")
    whole, gone_on = files_of(tmp_path / "a"), files_of(tmp_path / "b")
    del whole["checkpoint_step_5.pt"], whole["checkpoint_step_10.pt"]
    assert gone_on == whole


def test_a_checkpoint_without_its_folder_starts_a_log_and_looks_for_the_best_anew(
    world: ModuleType, tmp_path: Path
) -> None:
    train(world, tmp_path / "a")
    (tmp_path / "alone").mkdir()
    shutil.copy(tmp_path / "a" / "checkpoint_step_10.pt", tmp_path / "alone")
    result = train(world, tmp_path / "b", tmp_path / "alone" / "checkpoint_step_10.pt")
    assert result.best_step == 12
    assert load_checkpoint(result.best_path)["best"]["step"] == 12
    assert (tmp_path / "b" / "metrics.jsonl").read_text().startswith('{"step": 12')


def test_an_earlier_checkpoint_with_more_steps_replaces_what_came_after(
    world: ModuleType, tmp_path: Path
) -> None:
    train(world, tmp_path)
    # The best model of the first run comes after step 5: it is none of the longer run's.
    final = load_checkpoint(tmp_path / "final_model.pt")
    assert final["best"]["step"] > 5
    result = train(
        world, tmp_path, tmp_path / "checkpoint_step_5.pt",
        training__max_steps=14, training__keep_checkpoints=1, training__save_interval=3,
    )  # fmt: skip
    kept = load_checkpoint(tmp_path / "checkpoint_step_12.pt")
    assert kept["total_steps"] == 14
    assert not (tmp_path / "checkpoint_step_10.pt").exists()
    best = load_checkpoint(result.best_path)
    assert best["total_steps"] == 14
    assert best["best"] == load_checkpoint(result.final_path)["best"]


def test_another_run_in_the_new_folder_is_not_touched(world: ModuleType, tmp_path: Path) -> None:
    train(world, tmp_path / "a")
    train(world, tmp_path / "b", seed=3)
    before = files_of(tmp_path / "b")
    with pytest.raises(ArtifactError, match="another output_dir"):
        train(world, tmp_path / "b", tmp_path / "a" / "checkpoint_step_10.pt")
    assert files_of(tmp_path / "b") == before


def test_a_complete_run_without_its_best_model_says_so(world: ModuleType, tmp_path: Path) -> None:
    train(world, tmp_path / "a")
    (tmp_path / "a" / "best_model.pt").unlink()
    with pytest.raises(CheckpointError, match="complete at step 12"):
        train(world, tmp_path / "a")
    with pytest.raises(CheckpointError, match=r"more training\.max_steps"):
        train(world, tmp_path / "b", tmp_path / "a" / "final_model.pt")


def test_an_unfinished_run_without_its_best_model_finds_another(world: ModuleType, tmp_path: Path) -> None:
    train(world, tmp_path)
    for name in ("best_model.pt", "final_model.pt"):
        (tmp_path / name).unlink()
    result = train(world, tmp_path)
    assert result.best_step == 12
    assert result.best_path.is_file()


def test_a_later_best_model_of_the_same_run_stays(world: ModuleType, tmp_path: Path) -> None:
    """As after a kill: best_model.pt is of step 12, the newest checkpoint of step 10."""
    train(world, tmp_path)
    whole = files_of(tmp_path)
    (tmp_path / "final_model.pt").unlink()
    train(world, tmp_path)
    assert files_of(tmp_path) == whole
