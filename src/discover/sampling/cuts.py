"""Cut blocks of events into windows by count, by a time grid, or by drawn durations.

All cutters take events as one array with block borders and return window offsets into it; each is a
few passes of numpy over whole arrays. Time borders count from each block's anchor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.core.seeds import hash_to_uint64
from discover.sampling._ranges import expand_ranges

__all__ = ["Cut", "cut_fixed_duration", "cut_fixed_length", "cut_variable_duration", "keep_by_count"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cut:
    """W windows, sorted by first event, then by length.

    Attributes:
        first: (W,) first event.
        count: (W,) number of events, >= 1.
        same_events: Windows left out because they would hold exactly the events of another one.
    """

    first: Ints
    count: Ints
    same_events: int = 0


def cut_fixed_length(borders: Ints, size: int, stride: int) -> Cut:
    """Windows of `size` events every `stride` events, from each block's first event.

    The last window of a block may be shorter; it is made only if it reaches an event that the
    window before it does not.

    Args:
        borders: (B + 1,) block borders, rising from 0.
        size: Events per window, >= 1.
        stride: Events from one window to the next, in [1, size].
    """
    length = np.diff(borders)
    windows = 1 + np.maximum(0, -(-(length - size) // stride))
    block, step = expand_ranges(np.zeros(len(length), dtype=np.int64), windows)
    first = borders[block] + step * stride
    return Cut(first, np.minimum(size, borders[block + 1] - first))


def cut_fixed_duration(times: Ints, borders: Ints, anchors: Ints, duration: int, stride: int) -> Cut:
    """Windows `[anchor + k * stride, anchor + k * stride + duration)`, k = 0, 1, ..., clipped to blocks.

    Windows without events are not made; of windows with exactly the same events one is made. The
    work grows with the events, not with the length of the calendar.

    Args:
        times: (N,) microseconds, rising within each block, >= the block's anchor.
        borders: (B + 1,) block borders, rising from 0 to N.
        anchors: (B,) microseconds.
        duration: Microseconds, > 0.
        stride: Microseconds, in [1, duration].
    """
    if not len(times):
        return Cut(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    run_first, run_slot, run_block = _runs(times, borders, anchors, stride)
    reach = -(-duration // stride)
    # One number per run, rising, so far apart between blocks that no window reaches the next block.
    key = run_slot + run_block * (int(run_slot.max()) + reach + 1)
    run_border = np.append(run_first, len(times))
    if reach == 1:
        return Cut(run_first, np.diff(run_border))
    back = np.minimum(np.diff(key, prepend=key[0] - reach) - 1, np.minimum(run_slot, reach - 1))
    first_of_block = np.diff(run_block, prepend=-1) > 0
    back = np.where(first_of_block, np.minimum(run_slot, reach - 1), back)
    # Column c holds the window that begins reach - 1 - c slots before the run's own slot.
    ends = np.empty((len(key), reach), dtype=np.int64)
    offsets = None
    if duration % stride:
        offsets = _separated(times, borders, anchors, duration)
    for column in range(reach):
        shift = reach - 1 - column
        if offsets is None:
            ends[:, column] = run_border[_runs_below(key, key - shift + reach, reach)]
        else:
            begin = (run_slot - shift) * stride + run_block * offsets[1]
            ends[:, column] = np.searchsorted(offsets[0], begin + duration)
    made = np.arange(reach - 1, -1, -1)[None, :] <= back[:, None]
    made &= ends > run_first[:, None]
    fresh = np.ones_like(made)
    fresh[:, 1:] = ~made[:, :-1] | (ends[:, 1:] != ends[:, :-1])
    kept = made & fresh
    run = np.flatnonzero(kept) // reach
    return Cut(run_first[run], ends[kept] - run_first[run], int(made.sum() - kept.sum()))


def cut_variable_duration(
    times: Ints,
    borders: Ints,
    anchors: Ints,
    draw_keys: Ints,
    *,
    durations: Ints,
    cumulative: NDArray[np.float64],
    overlap: float,
    seed: int,
    span: int,
) -> Cut:
    """Windows that follow one another from the anchor, each lasting a drawn duration.

    A window begins `(1 - overlap)` of the previous window's duration after it. Draws depend on the
    seed, the block's draw key and the position in the row of windows only, so that changing one day
    of a log leaves the windows of all others alone.

    Args:
        times, borders, anchors: As in `cut_fixed_duration`.
        draw_keys: (B,) blocks with equal keys and anchors share their row of windows.
        durations: (D,) microseconds to draw from.
        cumulative: (D,) cumulative probability of each, last 1.
        overlap: In [0, 1).
        seed: Seed of the draws.
        span: Microseconds after the anchor in which windows may begin.
    """
    if not len(times):
        return Cut(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    steps = np.maximum(np.rint(durations * (1 - overlap)).astype(np.int64), 1)
    last = times[borders[1:] - 1] - anchors
    tape, tape_of_block = np.unique(draw_keys, return_inverse=True)
    tape_span = np.zeros(len(tape), dtype=np.int64)
    np.maximum.at(tape_span, tape_of_block, np.minimum(last, span - 1))
    owner, position = expand_ranges(np.zeros(len(tape), dtype=np.int64), tape_span // int(steps.min()) + 1)
    bits = hash_to_uint64((tape[owner] * np.int64(1 << 24) + position).astype(np.uint64), seed)
    drawn = np.searchsorted(cumulative, (bits >> np.uint64(11)) * 2.0**-53, side="right")
    drawn = np.minimum(drawn, len(durations) - 1)
    step = steps[drawn]
    begin = np.cumsum(step) - step
    begin -= begin[np.searchsorted(owner, np.arange(len(tape)))][owner]
    inside = begin <= tape_span[owner]
    owner, begin, drawn = owner[inside], begin[inside], drawn[inside]
    tape_first = np.searchsorted(owner, np.arange(len(tape)))
    longest = int(durations.max())
    wide = int(tape_span.max()) + longest + 1
    tape_key = begin + owner * wide
    earliest = np.maximum(times[borders[:-1]] - anchors - longest, -1) + tape_of_block * wide
    first_on = np.maximum(np.searchsorted(tape_key, earliest, "right"), tape_first[tape_of_block])
    after = np.searchsorted(tape_key, last + tape_of_block * wide, "right")
    block, window = expand_ranges(first_on, np.maximum(after - first_on, 0))
    separated, apart = _separated(times, borders, anchors, longest)
    begins = begin[window] + block * apart
    low = np.searchsorted(separated, begins)
    high = np.searchsorted(separated, begins + durations[drawn[window]])
    return _distinct(low, high)


def keep_by_count(
    cut: Cut, block: Ints, min_events: int, max_events: int
) -> tuple[Cut, Ints, dict[str, int]]:
    """Cut long windows into equal parts, drop short ones, and put the rest in order.

    Args:
        cut: W windows in any order.
        block: (W,) block of each.
        min_events: Shorter windows are dropped.
        max_events: Longer windows are cut.

    Returns:
        The kept windows, sorted by first event, then length, then block; the block of each; and
        counts: `cut_for_max_events` (long windows), `too_few_events` (dropped), `same_events`.
    """
    first, count = cut.first, cut.count
    parts = -(-count // max_events)
    long = int((parts > 1).sum())
    if long:
        window, part = expand_ranges(np.zeros(len(parts), dtype=np.int64), parts)
        begin = part * count[window] // parts[window]
        end = (part + 1) * count[window] // parts[window]
        first, count, block = first[window] + begin, end - begin, block[window]
    enough = count >= min_events
    dropped = int(len(count) - enough.sum())
    first, count, block = first[enough], count[enough], block[enough]
    step = np.diff(first)
    if (step < 0).any() or ((step == 0) & (np.diff(count) < 0)).any():
        order = np.lexsort((block, count, first))
        first, count, block = first[order], count[order], block[order]
    counts = {"cut_for_max_events": long, "too_few_events": dropped, "same_events": cut.same_events}
    return Cut(first, count, cut.same_events), block, counts


def _runs(times: Ints, borders: Ints, anchors: Ints, stride: int) -> tuple[Ints, Ints, Ints]:
    """Runs of events in one slot of the grid: (first event, slot, block) of each."""
    slot = times - np.repeat(anchors, np.diff(borders))
    slot //= stride
    begins = np.empty(len(slot), dtype=bool)
    np.not_equal(slot[1:], slot[:-1], out=begins[1:])
    begins[borders[:-1]] = True
    run_first = np.flatnonzero(begins)
    per_block = np.diff(np.searchsorted(run_first, borders))
    return run_first, slot[run_first], np.repeat(np.arange(len(anchors)), per_block)


def _runs_below(key: Ints, bound: Ints, reach: int) -> Ints:
    """For each run, the number of runs with a key below its bound; bounds lie within `reach` of the key."""
    n = len(key)
    if reach > 8:
        return np.searchsorted(key, bound)
    below = np.arange(1, n + 1, dtype=np.int64)
    for ahead in range(1, min(reach, n)):
        below[: n - ahead] += key[ahead:] < bound[: n - ahead]
    return below


def _separated(times: Ints, borders: Ints, anchors: Ints, duration: int) -> tuple[Ints, int]:
    """Times since the anchor, blocks moved so far apart that one search serves all; and how far apart."""
    offset = times - np.repeat(anchors, np.diff(borders))
    apart = int(offset.max()) + 2 * duration + 1
    offset += np.repeat(np.arange(len(anchors), dtype=np.int64) * apart, np.diff(borders))
    return offset, apart


def _distinct(low: Ints, high: Ints) -> Cut:
    """Windows with events, each set of events once, in order."""
    some = high > low
    low, high = low[some], high[some]
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    fresh = np.ones(len(low), dtype=bool)
    fresh[1:] = (np.diff(low) > 0) | (np.diff(high) > 0)
    return Cut(low[fresh], high[fresh] - low[fresh], int(len(low) - fresh.sum()))
