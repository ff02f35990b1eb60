"""Two processes on halves of a batch give the loss and the gradients of one process on all of it."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.multiprocessing as mp

FIXTURE = Path(__file__).parents[2] / "fixtures" / "alignment_world.py"
CHANGES: dict[str, Any] = {
    "encoder__dropout": 0.0,
    "encoder__n_layers": 1,
    "training__batch_size": 24,
    "training__max_steps": 3,
    "training__val_interval": 3,
    "training__log_interval": 1,
    "optimizer__type": "sgd",
    "loss__use_hard_negatives": True,
    "loss__hard_negative_memory_size": 40,
}


def load_world() -> ModuleType:
    spec = importlib.util.spec_from_file_location("alignment_world", FIXTURE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_of_two(rank: int, folder: str, port: int) -> None:
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2", GROUP_RANK="0",
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_RUN_ID="test",
    )  # fmt: skip
    torch.set_num_threads(1)
    from discover.alignment import AlignmentTrainer

    world = load_world()
    config = world.make_config(Path(folder), **CHANGES)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_two_processes_equal_one_on_the_joint_batch(world: ModuleType, tmp_path: Path) -> None:
    from discover.alignment import AlignmentTrainer
    from discover.alignment.checkpoint import load_checkpoint

    config = world.make_config(tmp_path / "one", **CHANGES)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    mp.spawn(one_of_two, args=(str(tmp_path / "two"), free_port()), nprocs=2)
    one, two = (load_checkpoint(tmp_path / name / "final_model.pt") for name in ("one", "two"))
    start = world.make_inputs(config)
    torch.manual_seed(0)
    moved = 0.0
    for name, value in one["model"].items():
        torch.testing.assert_close(two["model"][name], value, atol=2e-6, rtol=1e-4, msg=name)
        moved += float(value.float().abs().sum())
    assert moved > 0
    assert start is not None
    lines = [(tmp_path / name / "metrics.jsonl").read_text().count("\n") for name in ("one", "two")]
    assert lines[0] == lines[1] == 4
