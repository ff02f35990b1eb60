"""Windows of unequal length laid end to end, so that no work is done on padding.

Linear layers, norms and activations run on the T real tokens of a batch. Only attention needs windows
apart: windows are sorted by length and attention runs once per bucket of similar lengths. Which
windows share a batch is not touched by this, so batches stay random draws.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

# Shape letters: B windows, T tokens of all windows, N tokens of one bucket, D channels.

__all__ = ["Bucket", "Packing", "pack_windows", "pad_rows", "unpad_rows"]

BUCKET_EDGES: tuple[int, ...] = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Windows share a bucket when their token counts lie between the same two edges."""


@dataclass(frozen=True)
class Bucket:
    """Consecutive windows of the packed order that attend together.

    Attributes:
        begin, end: Token range in the packed order.
        windows: Number of windows.
        width: Tokens of its longest window.
        slot: Where each token goes in the (windows * width) padded rows; None if all are full.
        padding: True at unused slots, (windows, width); None if all are full.
    """

    begin: int
    end: int
    windows: int
    width: int
    slot: Tensor | None
    padding: Tensor | None


@dataclass(frozen=True)
class Packing:
    """Where every token of a batch lies in the packed order.

    Attributes:
        buckets: Attention groups, covering all tokens in order.
        start: First token of each window in packed window order, (B,) int64.
        position: Position of the token in its window, -1 for CLS.
        event: Row of the token's event in the flattened (B * L) batch; 0 for CLS.
        is_event: False for CLS.
        event_token: Token of each event, in packed order.
        event_start: Offset of each window in `event_token`.
        unsort: Packed window of each window of the batch.
    """

    buckets: tuple[Bucket, ...]
    start: Tensor
    position: Tensor
    event: Tensor
    is_event: Tensor
    event_token: Tensor
    event_start: Tensor
    unsort: Tensor

    def split(self, rows_TD: Tensor) -> tuple[Tensor, ...]:
        """Tokens of each bucket. A split's gradient is one concatenation; slices would add full tensors."""
        return torch.split(rows_TD, [bucket.end - bucket.begin for bucket in self.buckets])


def pack_windows(lengths: Tensor, width: int, *, with_cls: bool, device: torch.device) -> Packing:
    """Plan the packed order of a batch.

    Args:
        lengths: Events per window, (B,) on the CPU, each >= 1.
        width: L of the padded batch the events are read from.
        with_cls: Put a CLS token before every window.
        device: Where the index tensors shall live.
    """
    events = lengths.numpy()
    order = np.argsort(events, kind="stable")
    extra = int(with_cls)
    tokens = events[order] + extra
    start = np.concatenate([[0], np.cumsum(tokens)])
    window = np.repeat(np.arange(len(tokens)), tokens)
    position = np.arange(start[-1]) - start[window] - extra
    is_event = position >= 0
    event = np.where(is_event, order[window] * width + position, 0)
    unsort = np.empty(len(order), np.int64)
    unsort[order] = np.arange(len(order))

    def move(array: np.ndarray[Any, Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)

    return Packing(
        buckets=_buckets(tokens, start, device),
        start=move(start[:-1]),
        position=move(position),
        event=move(event),
        is_event=move(is_event),
        event_token=move(np.flatnonzero(is_event)),
        event_start=move(start[:-1] - extra * np.arange(len(tokens))),
        unsort=move(unsort),
    )


def _buckets(
    tokens: np.ndarray[Any, Any], start: np.ndarray[Any, Any], device: torch.device
) -> tuple[Bucket, ...]:
    kind = np.searchsorted(BUCKET_EDGES, tokens)
    borders = np.concatenate([[0], np.flatnonzero(np.diff(kind)) + 1, [len(tokens)]])
    out = []
    for a, b in itertools.pairwise(borders):
        count, width = int(b - a), int(tokens[b - 1])
        slot = padding = None
        if tokens[a] != width:
            full = np.arange(width) < tokens[a:b, None]
            slot = torch.from_numpy(np.flatnonzero(full)).to(device, non_blocking=True)
            padding = torch.from_numpy(~full).to(device, non_blocking=True)
        out.append(Bucket(int(start[a]), int(start[b]), count, width, slot, padding))
    return tuple(out)


class _PadRows(torch.autograd.Function):
    """Rows to their slots. Slots are distinct, so both ways are plain copies, never additions."""

    @staticmethod
    def forward(ctx: Any, rows_ND: Tensor, slot_N: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(slot_N)
        return rows_ND.new_zeros(count, rows_ND.shape[1]).index_copy_(0, slot_N, rows_ND)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slot_N,) = ctx.saved_tensors
        return gradients[0].index_select(0, slot_N), None, None


class _UnpadRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, padded: Tensor, slot_N: Tensor) -> Tensor:
        ctx.save_for_backward(slot_N)
        ctx.count = len(padded)
        return padded.index_select(0, slot_N)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slot_N,) = ctx.saved_tensors
        gradient = gradients[0]
        return gradient.new_zeros(ctx.count, gradient.shape[1]).index_copy_(0, slot_N, gradient), None


def pad_rows(rows_ND: Tensor, bucket: Bucket) -> Tensor:
    """The bucket's tokens, (N, D), as (windows * width, D) with zeros at unused slots."""
    if bucket.slot is None:
        return rows_ND
    padded: Tensor = _PadRows.apply(rows_ND, bucket.slot, bucket.windows * bucket.width)  # type: ignore[no-untyped-call]
    return padded


def unpad_rows(padded: Tensor, bucket: Bucket) -> Tensor:
    """Inverse of `pad_rows`."""
    if bucket.slot is None:
        return padded
    rows: Tensor = _UnpadRows.apply(padded, bucket.slot)  # type: ignore[no-untyped-call]
    return rows
