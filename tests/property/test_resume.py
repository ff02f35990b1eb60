"""k steps + a kill + the rest equal an uninterrupted run, bit for bit, wherever the cut falls."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import alignment_world
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.alignment import AlignmentTrainer, run_folder
from discover.alignment.step import TrainingStep

STEPS = 10
CUTS = st.tuples(st.sampled_from(["update", "save_checkpoint"]), st.integers(0, 9))
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "mlp heads, sigmoid, accumulation": {
        "sensor_projection__type": "mlp",
        "sensor_projection__hidden_dim": 16,
        "sensor_projection__use_bn": True,
        "loss__alignment_loss_type": "sigmoid",
        "training__gradient_accumulation": 2,
    },
    "soft targets, sgd, attention pooling": {
        "loss__targets": "soft",
        "optimizer__type": "sgd",
        "encoder__pooling": "attention",
        "encoder__use_rotary_time": True,
    },
    "masked modelling in bf16": {"training__precision": "bf16", "loss__mlm_weight": 0.5},
    "hard negatives with a curriculum": {
        "loss__use_hard_negatives": True,
        "loss__hard_negative_memory_size": 20,
        "loss__hard_negative_strategy": "mixed",
        "curriculum": {"start": 0.2, "end": 0.9, "share": 0.5},
    },
}


@cache
def inputs() -> Any:
    return alignment_world.make_inputs(alignment_world.make_config(Path("unused")), 120, longest=10)


def config_of(folder: Path, name: str) -> Any:
    changes = {"training__batch_size": 8, "training__max_steps": STEPS, "training__save_interval": 3,
               "training__val_interval": 4, "training__log_interval": 2, **VARIANTS[name]}  # fmt: skip
    return alignment_world.make_config(folder, **changes)


def content(folder: Path) -> dict[str, bytes]:
    skip = {"timing.jsonl", "config.yaml"}
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name not in skip}


@cache
def whole_run(name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        AlignmentTrainer(config_of(Path(folder), name), inputs=inputs()).train()
        return content(Path(folder))


class KilledError(Exception):
    """Stands for SIGKILL: nothing of the run's own code catches it or cleans up."""


def die_before(monkeypatch: pytest.MonkeyPatch, call: int, where: str) -> None:
    """Let the `call`-th optimizer update or checkpoint write of the run never happen."""
    count = iter(range(1000))
    owner: Any = TrainingStep if where == "update" else run_folder
    original = getattr(owner, where)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(count) == call:
            raise KilledError
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, where, dying)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("name", list(VARIANTS))
@settings(max_examples=3, deadline=None)
@given(cuts=st.lists(CUTS, min_size=1, max_size=2))
def test_killed_and_resumed_equals_uninterrupted(name: str, cuts: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for where, call in cuts:
            with pytest.MonkeyPatch.context() as patch:
                die_before(patch, call, where)
                with contextlib.suppress(KilledError):
                    AlignmentTrainer(config_of(folder, name), inputs=inputs()).train()
        AlignmentTrainer(config_of(folder, name), inputs=inputs()).train()
        assert content(folder) == whole_run(name)


@pytest.mark.parametrize("half", range(1, STEPS))
def test_k_steps_and_k_steps_equal_2k(folder: Path, half: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        die_before(patch, half, "update")
        with pytest.raises(KilledError):
            AlignmentTrainer(config_of(folder, "plain"), inputs=inputs()).train()
    AlignmentTrainer(config_of(folder, "plain"), inputs=inputs()).train()
    assert content(folder) == whole_run("plain")
