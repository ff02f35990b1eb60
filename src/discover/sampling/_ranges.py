"""Index arithmetic on ranges `[first, first + count)`, shared by the cutters and the labeller."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["covered_events", "expand_ranges", "overlaps_any"]

Ints = NDArray[np.int64]


def expand_ranges(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """All members of R ranges, one after the other.

    Returns:
        (owner, value), each of shape (sum(count),): the row of the range and the member itself.
    """
    total = int(count.sum())
    owner = np.repeat(np.arange(len(first), dtype=np.int64), count)
    begins = np.cumsum(count) - count
    value = np.arange(total, dtype=np.int64)
    value += np.repeat(first - begins, count)
    return owner, value


def covered_events(first: Ints, count: Ints) -> int:
    """Number of distinct integers inside ranges sorted by `first` (they may overlap)."""
    if not len(first):
        return 0
    end = first + count
    seen = np.empty_like(end)
    seen[0] = first[0]
    np.maximum.accumulate(end[:-1], out=seen[1:])
    return int(np.maximum(end - np.maximum(first, seen), 0).sum())


def overlaps_any(first: Ints, count: Ints, others_first: Ints, others_count: Ints) -> NDArray[np.bool_]:
    """Whether each range, (R,) of at least one member, shares one with any of the others (O,)."""
    if not len(others_first):
        return np.zeros(len(first), dtype=np.bool_)
    order = np.argsort(others_first, kind="stable")
    begins, reach = others_first[order], np.maximum.accumulate((others_first + others_count)[order])
    # Of all others that begin before a range ends, the one that reaches farthest must reach into it.
    before = np.searchsorted(begins, first + count, side="left")
    return np.asarray((before > 0) & (reach[np.maximum(before - 1, 0)] > first), dtype=np.bool_)
