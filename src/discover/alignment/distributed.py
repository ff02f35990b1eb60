"""Training in several processes (`torchrun`): every process encodes its share, all see the joint batch."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from discover.losses import PairKeys

# Shape letters: N processes, B pairs of one process.

__all__ = [
    "add_up",
    "average_gradients",
    "first_process_says",
    "gather_keys",
    "gather_rows",
    "largest",
    "processes",
    "scale_gradient",
]


def processes() -> int:
    """Processes of this run, as `torchrun` started them; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def gather_rows(rows: Tensor) -> Tensor:
    """Rows of all processes in order of rank, (N * B, ...), with gradient to every process's own rows.

    Every process then computes the same loss on the joint batch. The gradient that reaches a process's
    rows is the sum over processes, N times that of one loss, and `average_gradients` divides by N.
    """
    if not _several():
        return rows
    joint: Tensor = _GatherRows.apply(rows)  # type: ignore[no-untyped-call]
    return joint


def gather_keys(keys: PairKeys) -> PairKeys:
    """Keys of all processes in order of rank."""
    if not _several():
        return keys
    names = ("window_id", "caption_id", "home", "first_event", "n_events")
    numbers = torch.stack([getattr(keys, name) for name in names], dim=1)
    columns = dict(zip(names, _gather_plain(numbers).unbind(1), strict=True))
    text = None if keys.text is None else _gather_plain(keys.text)
    return replace(keys, **columns, text=text)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over processes, in one exchange."""
    if not _several():
        return
    trained = [p for p in parameters if p.requires_grad]
    flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in trained])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = torch.split(flat, [p.numel() for p in trained])
    for parameter, part in zip(trained, parts, strict=True):
        parameter.grad = part.view_as(parameter).clone()


def add_up(numbers: Tensor) -> Tensor:
    """The sum over processes of a tensor without gradient."""
    if _several():
        numbers = numbers.clone()
        dist.all_reduce(numbers)
    return numbers


def scale_gradient(loss: Tensor) -> Tensor:
    """The same value with N times the gradient, for a loss whose gradient is one process's share of a sum.

    `average_gradients` divides by N, so what is left is the sum.
    """
    if not _several():
        return loss
    own = loss.detach()
    return own + (loss - own) * dist.get_world_size()


def largest(number: int, device: torch.device) -> int:
    """The largest of the processes' numbers, the same in all of them."""
    if not _several():
        return number
    shared = torch.tensor(number, device=device)
    dist.all_reduce(shared, op=dist.ReduceOp.MAX)
    return int(shared)


def first_process_says(decision: bool, device: torch.device) -> bool:
    """The decision of the first process, the same in all of them: rounding may differ between machines."""
    if not _several():
        return decision
    shared = torch.tensor(int(decision), device=device)
    dist.broadcast(shared, src=0)
    return bool(shared)


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _gather_plain(rows: Tensor) -> Tensor:
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.contiguous())
    return torch.cat(parts)


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.count = len(rows)
        return _gather_plain(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        begin = dist.get_rank() * ctx.count
        return total[begin : begin + ctx.count]
