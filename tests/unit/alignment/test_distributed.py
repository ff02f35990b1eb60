"""Two processes on halves of a batch give the loss and the gradients of one process on all of it."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.multiprocessing as mp

from discover.alignment.distributed import (
    add_up,
    average_gradients,
    first_process_says,
    largest,
    scale_gradient,
)
from discover.losses import IGNORE, masked_event_loss

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
BATCH_NORM: dict[str, Any] = {
    "text_projection__type": "mlp",
    "text_projection__hidden_dim": 8,
    "text_projection__use_bn": True,
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
    from discover.alignment import AlignmentModel, AlignmentTrainer
    from discover.core.errors import ConfigError

    world = load_world()
    normed = world.make_config(Path(folder), **CHANGES, **BATCH_NORM)
    with pytest.raises(ConfigError, match="share only"):
        AlignmentTrainer(normed, inputs=world.make_inputs(normed)).train()
    config = world.make_config(Path(folder), **CHANGES)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    write_masked_gradient(Path(folder) / f"masked_{rank}.pt", slice(0, 2) if rank == 0 else slice(2, 9))
    device = torch.device("cpu")
    decisions = [first_process_says(rank == first, device) for first in (0, 1)]
    torch.save([largest(7 * rank, device), *decisions], Path(folder) / f"agreed_{rank}.pt")
    masked = world.make_config(Path(folder), **CHANGES, loss__mlm_weight=0.5)
    inputs = world.make_inputs(masked)
    torch.manual_seed(0)
    model = AlignmentModel(masked.model_settings, inputs.vocabulary, inputs.train.text_dim)
    parts = model(inputs.train.batch(torch.arange(12 * rank, 12 * rank + 12))).parts
    torch.save(float(parts["mlm_loss"]), Path(folder) / f"masked_loss_{rank}.pt")


def write_masked_gradient(path: Path, rows: slice) -> None:
    """Loss and gradients of masked modelling on some of nine windows, as a step makes them."""
    g = torch.Generator().manual_seed(0)
    tokens = torch.randn(9, 6, 5, generator=g)
    targets = torch.randint(3, 7, (9, 6, 2), generator=g)
    # Two fields; the first two windows are asked once about the first and never about the second.
    targets[:2, :, 1] = IGNORE
    targets[:2, 1:, 0] = IGNORE
    targets[1] = IGNORE
    layer = torch.nn.Linear(5, 14)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(14, 5, generator=g))
        layer.bias.zero_()
    a, b = layer(tokens[rows]).split(7, dim=-1)
    result = masked_event_loss({"a": a, "b": b}, targets[rows], ("a", "b"), joint=add_up)
    scale_gradient(result.loss).backward()
    average_gradients(layer.parameters())
    torch.save([result.loss.detach(), layer.weight.grad, layer.bias.grad], path)


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
    write_masked_gradient(tmp_path / "masked.pt", slice(0, 9))
    expected = torch.load(tmp_path / "masked.pt", weights_only=True)
    for rank in (0, 1):
        torch.testing.assert_close(
            torch.load(tmp_path / "two" / f"masked_{rank}.pt", weights_only=True), expected
        )
        agreed = torch.load(tmp_path / "two" / f"agreed_{rank}.pt", weights_only=True)
        assert agreed == [7, True, False], "both processes leave and stop together"
    seen = [torch.load(tmp_path / "two" / f"masked_loss_{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert seen[0] == seen[1], "the masked loss in a step is that of the joint batch"
