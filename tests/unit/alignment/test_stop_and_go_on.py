"""A training run stops, goes on exactly, and loses or overwrites nothing."""

import os
import signal
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch
from alignment_world import read_log, run_bytes

from discover.alignment import AlignmentTrainer
from discover.alignment.checkpoint import load_checkpoint, save_checkpoint
from discover.alignment.run import Run
from discover.alignment.schedule import learning_rate
from discover.core.errors import ArtifactError, CheckpointError
from discover.core.progress import SILENT


def test_same_seed_gives_the_same_bytes_and_another_seed_others(world: ModuleType, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        config = world.make_config(tmp_path / name, seed=seed)
        AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    a, b, c = (run_bytes(tmp_path / name) for name in "abc")
    assert a == b
    assert a["metrics.jsonl"] != c["metrics.jsonl"]
    assert set(a) == {"best_model.pt", "final_model.pt", "checkpoint_step_5.pt", "checkpoint_step_10.pt",
                      "metrics.jsonl"}  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_checkpoint_and_the_run_goes_on_exactly(
    world: ModuleType, tmp_path: Path, number: signal.Signals
) -> None:
    whole = world.make_config(tmp_path / "whole", training__max_steps=60)
    AlignmentTrainer(whole, inputs=world.make_inputs(whole)).train()
    cut = world.make_config(tmp_path / "cut", training__max_steps=60)
    log = tmp_path / "cut" / "metrics.jsonl"

    def interrupt() -> None:
        while not log.is_file() or log.stat().st_size < 900:
            time.sleep(0.002)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises((KeyboardInterrupt, SystemExit)) as stop:
        AlignmentTrainer(cut, inputs=world.make_inputs(cut)).train()
    thread.join()
    assert stop.type is (KeyboardInterrupt if number == signal.SIGINT else SystemExit)
    assert list((tmp_path / "cut").glob("checkpoint_step_*.pt"))
    assert not (tmp_path / "cut" / "final_model.pt").exists()
    AlignmentTrainer(cut, inputs=world.make_inputs(cut)).train()
    assert run_bytes(tmp_path / "cut") == run_bytes(tmp_path / "whole")


def test_a_finished_run_is_not_run_again(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    first = AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    before = run_bytes(tmp_path)
    stamp = first.final_path.stat().st_mtime_ns
    second = AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert first == second
    assert run_bytes(tmp_path) == before
    assert second.final_path.stat().st_mtime_ns == stamp


def test_another_run_is_not_overwritten_unasked(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    other = world.make_config(tmp_path, seed=5)
    with pytest.raises(ArtifactError, match="another output_dir"):
        AlignmentTrainer(other, inputs=world.make_inputs(other)).train()
    AlignmentTrainer(other, inputs=world.make_inputs(other), overwrite=True).train()
    assert load_checkpoint(tmp_path / "final_model.pt")["config"]["seed"] == 5


def test_a_run_can_be_extended_and_follows_the_longer_schedule(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path / "a")
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    longer = world.make_config(tmp_path / "b", training__max_steps=20)
    checkpoint = tmp_path / "a" / "checkpoint_step_10.pt"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "metrics.jsonl").write_bytes((tmp_path / "a" / "metrics.jsonl").read_bytes())
    result = AlignmentTrainer(longer, inputs=world.make_inputs(longer), resume=checkpoint).train()
    assert result.steps == 20
    rates = {
        line["step"]: line["learning_rate"] for line in read_log(tmp_path / "b") if line["split"] == "train"
    }
    assert rates[12] == learning_rate(11, 20, 0.003, 0.1)


def test_a_checkpoint_of_other_settings_data_or_weights_only_is_refused(
    world: ModuleType, tmp_path: Path
) -> None:
    config = world.make_config(tmp_path / "a")
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    checkpoint = tmp_path / "a" / "checkpoint_step_10.pt"
    other = world.make_config(tmp_path / "b", optimizer__learning_rate=0.1)
    with pytest.raises(CheckpointError, match=r"optimizer\.learning_rate"):
        AlignmentTrainer(other, inputs=world.make_inputs(other), resume=checkpoint).train()
    same = world.make_config(tmp_path / "c")
    with pytest.raises(CheckpointError, match="other windows"):
        AlignmentTrainer(same, inputs=world.make_inputs(same, seed=9), resume=checkpoint).train()
    with pytest.raises(CheckpointError, match="weights only"):
        AlignmentTrainer(
            same, inputs=world.make_inputs(same), resume=tmp_path / "a" / "best_model.pt"
        ).train()


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(world: ModuleType, tmp_path: Path) -> None:
    for name in ("whole", "hurt"):
        config = world.make_config(tmp_path / name)
        AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    hurt = tmp_path / "hurt"
    (hurt / "final_model.pt").unlink()
    (hurt / "checkpoint_step_10.pt").write_bytes(b"not a checkpoint")
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert run_bytes(hurt) == run_bytes(tmp_path / "whole")


def test_old_checkpoints_are_pruned(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, training__save_interval=2, training__keep_checkpoints=2)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert sorted(p.name for p in tmp_path.glob("checkpoint_*")) == [
        "checkpoint_step_10.pt",
        "checkpoint_step_8.pt",
    ]


def test_checkpoints_hold_data_only_and_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    content = {"a": torch.arange(3.0), "b": {"c": [1, 2.5, "x" * 3, "x" * 3]}, "t": (1, 2)}
    save_checkpoint(tmp_path / "one.pt", content)
    time.sleep(0.01)
    twin = {"a": torch.arange(6.0)[::2] / 2, "b": {"c": [1, 2.5, "".join("xxx"), "xxx"]}, "t": (1, 2)}
    save_checkpoint(tmp_path / "another name.pt", twin)
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "another name.pt").read_bytes()
    (tmp_path / "code.pt").write_bytes(b"")
    torch.save({"format": "discover-checkpoint/1", "config": Path("x")}, tmp_path / "code.pt")
    with pytest.raises(CheckpointError, match="damaged or holds code"):
        load_checkpoint(tmp_path / "code.pt")
    with pytest.raises(CheckpointError, match="No checkpoint at"):
        load_checkpoint(tmp_path / "none.pt")


def test_early_stopping_ends_a_run_that_gets_worse_and_it_stays_ended(
    world: ModuleType, tmp_path: Path
) -> None:
    config = world.make_config(
        tmp_path, training__max_steps=60, training__val_interval=2, loss__temperature_init=0.1,
        loss__learnable_temperature=False, early_stopping={"patience": 3},
    )  # fmt: skip
    inputs = world.make_inputs(config)
    inputs.train.text_RT[:] = inputs.train.text_RT.roll(14, 0)
    result = AlignmentTrainer(config, inputs=inputs).train()
    assert result.steps < 60
    values = [line["val_loss"] for line in read_log(tmp_path) if line["split"] == "val"]
    assert min(values) < min(values[-3:])
    assert result.steps == result.best_step + 6
    before = run_bytes(tmp_path)
    assert AlignmentTrainer(config, inputs=inputs).train() == result
    assert run_bytes(tmp_path) == before


@pytest.mark.parametrize(("metric", "sign"), [("val_loss", 1.0), ("val_map", -1.0)])
def test_a_gain_counts_from_min_gain_on_and_is_measured_from_the_last_one(
    world: ModuleType, tmp_path: Path, metric: str, sign: float
) -> None:
    rule = {"patience": 2, "min_gain": 0.1}
    config = world.make_config(tmp_path, early_stopping=rule, training__best_metric=metric)
    run = Run(config, world.make_inputs(config), SILENT)
    waited = []
    # Small gains that add up count as one when they have come to more than 0.1 together.
    for value in (1.0, 0.95, 0.89, 0.7, 0.65, 0.61):
        run._wait_for_gain(sign * value)
        waited.append((run.patience["waited"], run.ended))
    assert waited == [(0, False), (1, False), (0, False), (0, False), (1, False), (2, True)]


def test_half_written_files_of_a_killed_run_are_removed(world: ModuleType, tmp_path: Path) -> None:
    (tmp_path / ".best_model.pt.abc.partial").write_bytes(b"half")
    config = world.make_config(tmp_path, training__max_steps=2)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert not list(tmp_path.glob(".*.partial"))


class _Told:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self, description: str, total: int | None = None) -> None:
        del description, total

    def advance(self, units: int = 1, note: str = "") -> None:
        del units, note

    def finish(self, summary: str = "") -> None:
        self.said.append(summary)


def test_a_run_of_other_settings_is_moved_aside_with_a_sentence(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.suffix in (".pt", ".jsonl", ".yaml")}
    told = _Told()
    other = world.make_config(tmp_path, training__max_steps=6)
    AlignmentTrainer(other, inputs=world.make_inputs(other), overwrite=True, progress=told).train()
    aside = tmp_path / "earlier_1"
    assert {p.name: p.read_bytes() for p in aside.iterdir()} == before
    assert load_checkpoint(tmp_path / "final_model.pt")["step"] == 6
    sentence = next(said for said in told.said if "was moved to" in said)
    assert str(aside / "checkpoint_step_10.pt") in sentence
    assert "--resume CHECKPOINT" in sentence
    third = world.make_config(tmp_path, seed=9)
    AlignmentTrainer(third, inputs=world.make_inputs(third), overwrite=True).train()
    assert load_checkpoint(tmp_path / "earlier_2" / "final_model.pt")["step"] == 6
    assert {p.name: p.read_bytes() for p in aside.iterdir()} == before


def test_steps_after_a_named_checkpoint_are_moved_aside(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    names = {p.name for p in tmp_path.glob("*.pt")}
    first = min(int(n.removeprefix("checkpoint_step_")[:-3]) for n in names if n.startswith("checkpoint"))
    longer = world.make_config(tmp_path, training__max_steps=20)
    kept = tmp_path / f"checkpoint_step_{first}.pt"
    AlignmentTrainer(longer, inputs=world.make_inputs(longer), resume=kept).train()
    later = names - {kept.name, "best_model.pt"}
    assert {p.name for p in (tmp_path / "earlier_1").iterdir()} == later
