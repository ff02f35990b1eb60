"""Going on from a checkpoint that is named: what comes along, what is replaced, what is refused."""

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from alignment_world import run_bytes

from discover.alignment import AlignmentTrainer
from discover.alignment.checkpoint import load_checkpoint, save_checkpoint
from discover.core.errors import ArtifactError, CheckpointError


def train(world: ModuleType, folder: Path, resume: Any = "auto", **changes: Any) -> Any:
    config = world.make_config(folder, **changes)
    return AlignmentTrainer(config, inputs=world.make_inputs(config), resume=resume).train()


@pytest.fixture(scope="module")
def finished(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 12 steps with checkpoints of steps 5 and 10; not to be changed."""
    folder: Path = tmp_path_factory.mktemp("finished") / "run"
    train(world, folder)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "copied"))


def test_a_new_folder_gets_the_log_and_the_best_model(
    world: ModuleType, finished: Path, tmp_path: Path
) -> None:
    train(world, tmp_path / "b", finished / "checkpoint_step_10.pt")
    whole, gone_on = run_bytes(finished), run_bytes(tmp_path / "b")
    del whole["checkpoint_step_5.pt"], whole["checkpoint_step_10.pt"]
    assert gone_on == whole


def test_a_checkpoint_without_its_folder_starts_a_log_and_looks_for_the_best_anew(
    world: ModuleType, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "alone").mkdir()
    shutil.copy(finished / "checkpoint_step_10.pt", tmp_path / "alone")
    result = train(world, tmp_path / "b", tmp_path / "alone" / "checkpoint_step_10.pt")
    assert result.best_step == 12
    assert load_checkpoint(result.best_path)["best"]["step"] == 12
    assert (tmp_path / "b" / "metrics.jsonl").read_text().startswith('{"step": 12')


def test_an_earlier_checkpoint_with_other_steps_replaces_what_came_after(
    world: ModuleType, copied: Path
) -> None:
    # Checkpoint 10 of the first run would count as newer than 8 of the second.
    train(
        world, copied, copied / "checkpoint_step_5.pt",
        training__max_steps=9, training__keep_checkpoints=1, training__save_interval=2,
    )  # fmt: skip
    assert [p.name for p in copied.glob("*step*.pt")] == ["checkpoint_step_8.pt"]
    assert load_checkpoint(copied / "checkpoint_step_8.pt")["total_steps"] == 9
    assert load_checkpoint(copied / "final_model.pt")["total_steps"] == 9


def test_a_best_model_of_the_replaced_steps_is_not_kept(world: ModuleType, copied: Path) -> None:
    path = copied / "checkpoint_step_10.pt"
    content = load_checkpoint(path)
    # best_model.pt is of step 12; a best one of step 8 that nothing beats is not in the folder.
    content["best"]["value"] = -1e9
    save_checkpoint(path, content)
    result = train(world, copied, path, training__max_steps=14)
    best = load_checkpoint(result.best_path)
    assert best["total_steps"] == 14
    assert best["best"] == load_checkpoint(result.final_path)["best"]
    assert result.best_value > -1e9


def test_a_missing_checkpoint_is_told_before_anything_is_made(world: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No checkpoint at"):
        train(world, tmp_path / "new", tmp_path / "absent.pt")
    assert not (tmp_path / "new").exists()


def test_another_run_in_the_new_folder_is_not_touched(
    world: ModuleType, finished: Path, copied: Path
) -> None:
    path = finished / "checkpoint_step_10.pt"
    before = run_bytes(copied)
    with pytest.raises(ArtifactError, match="another output_dir"):
        train(world, copied, path, training__max_steps=14)
    assert run_bytes(copied) == before


def test_a_complete_run_without_its_best_model_says_so(
    world: ModuleType, copied: Path, tmp_path: Path
) -> None:
    (copied / "best_model.pt").unlink()
    with pytest.raises(CheckpointError, match="complete at step 12"):
        train(world, copied)
    with pytest.raises(CheckpointError, match=r"more training\.max_steps"):
        train(world, tmp_path / "b", copied / "final_model.pt")


def test_an_unfinished_run_without_its_best_model_finds_another(world: ModuleType, copied: Path) -> None:
    for name in ("best_model.pt", "final_model.pt"):
        (copied / name).unlink()
    result = train(world, copied)
    assert result.best_step == 12
    assert result.best_path.is_file()


def test_a_later_best_model_of_the_same_run_stays(world: ModuleType, copied: Path) -> None:
    """As after a kill: best_model.pt is of step 12, the newest checkpoint of step 10."""
    whole = run_bytes(copied)
    (copied / "final_model.pt").unlink()
    train(world, copied)
    assert run_bytes(copied) == whole
