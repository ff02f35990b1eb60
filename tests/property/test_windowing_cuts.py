"""The cutters by themselves, on small whole numbers, so that every border case turns up often."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.seeds import hash_to_uint64
from discover.sampling.cuts import (
    Cut,
    cut_fixed_duration,
    cut_fixed_length,
    cut_variable_duration,
    keep_by_count,
)

Block = tuple[int, int, list[int]]  # anchor, distance of the first event to it, gaps

blocks_of_events = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 12), st.lists(st.integers(0, 9), max_size=8)),
    min_size=1,
    max_size=4,
)


def arrays(blocks: list[Block]) -> tuple[Any, Any, Any]:
    """(times, borders, anchors); blocks may lie anywhere in time, even over each other."""
    times = [np.cumsum([anchor + lead, *gaps]) for anchor, lead, gaps in blocks]
    borders = np.cumsum([0, *(len(t) for t in times)])
    return np.concatenate(times).astype(np.int64), borders, np.array([b[0] for b in blocks], dtype=np.int64)


def spans_to_windows(
    times: Any, low: int, high: int, spans: list[tuple[int, int]]
) -> tuple[list[tuple[int, int]], int]:
    """Windows with events, each set of events once, and how many were left out for that."""
    found = []
    for begin, end in spans:
        members = [i for i in range(low, high) if begin <= times[i] < end]
        if members:
            found.append((members[0], len(members)))
    return sorted(set(found)), len(found) - len(set(found))


def pairs(cut: Cut) -> list[tuple[int, int]]:
    return list(zip(cut.first.tolist(), cut.count.tolist(), strict=True))


@given(blocks=blocks_of_events, duration=st.integers(1, 14), stride=st.integers(1, 14))
@settings(deadline=None, max_examples=400)
def test_fixed_duration(blocks: list[Block], duration: int, stride: int) -> None:
    stride = min(stride, duration)
    times, borders, anchors = arrays(blocks)
    cut = cut_fixed_duration(times, borders, anchors, duration, stride)
    expected, same = [], 0
    for b, anchor in enumerate(anchors):
        low, high = borders[b], borders[b + 1]
        starts = range(anchor, times[high - 1] + 1, stride)
        windows, repeated = spans_to_windows(times, low, high, [(s, s + duration) for s in starts])
        expected += windows
        same += repeated
    assert pairs(cut) == expected
    assert cut.same_events == same


@given(blocks=blocks_of_events, size=st.integers(1, 6), stride=st.integers(1, 6))
@settings(deadline=None, max_examples=200)
def test_fixed_length(blocks: list[Block], size: int, stride: int) -> None:
    stride = min(stride, size)
    borders = arrays(blocks)[1]
    expected = []
    for low, high in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        first = low
        while True:
            expected.append((first, min(size, high - first)))
            if first + size >= high:
                break
            first += stride
    assert pairs(cut_fixed_length(borders, size, stride)) == expected


@given(
    blocks=blocks_of_events,
    durations=st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    overlap=st.sampled_from([0.0, 0.3, 0.5, 0.9]),
    seed=st.integers(0, 5),
    shared=st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_variable_duration(
    blocks: list[Block], durations: list[int], overlap: float, seed: int, shared: bool
) -> None:
    if shared:  # the blocks of one day: one anchor, one row of windows, one after the other in time
        gaps = [[lead, *gap] for _, lead, gap in blocks]
        begins = np.cumsum([0, *(sum(g) for g in gaps)])
        blocks = [(7, int(b) + g[0], g[1:]) for b, g in zip(begins, gaps, strict=False)]
    times, borders, anchors = arrays(blocks)
    keys = np.full(len(blocks), 3) if shared else np.arange(len(blocks))
    cut = cut_variable_duration(
        times,
        borders,
        anchors,
        keys,
        durations=np.array(durations),
        cumulative=np.arange(1, len(durations) + 1) / len(durations),
        overlap=overlap,
        seed=seed,
        span=10**9,
    )
    expected, same = [], 0
    for b, anchor in enumerate(anchors.tolist()):
        low, high = borders[b], borders[b + 1]
        spans, begin, position = [], anchor, 0
        while begin <= times[high - 1]:
            bits = int(hash_to_uint64(np.array([keys[b] * 2**24 + position], dtype=np.uint64), seed)[0])
            lasts = durations[int((bits >> 11) * 2.0**-53 * len(durations))]
            spans.append((begin, begin + lasts))
            begin += max(1, round(lasts * (1 - overlap)))
            position += 1
        windows, repeated = spans_to_windows(times, low, high, spans)
        expected += windows
        same += repeated
    assert pairs(cut) == sorted(expected)
    assert cut.same_events == same


@given(
    windows=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), max_size=8),
    least=st.integers(1, 5),
    most=st.integers(10, 20),
)
@settings(deadline=None, max_examples=200)
def test_keep_by_count(windows: list[tuple[int, int]], least: int, most: int) -> None:
    first = np.array([w[0] for w in windows], dtype=np.int64)
    count = np.array([w[1] for w in windows], dtype=np.int64)
    kept, block, counts = keep_by_count(Cut(first, count), np.arange(len(windows)), least, most)
    expected = []
    for number, (begin, n) in enumerate(windows):
        parts = -(-n // most)
        edges = [begin + p * n // parts for p in range(parts + 1)]
        expected += [(a, b - a, number) for a, b in pairwise(edges)]
    long_enough = sorted(e for e in expected if e[1] >= least)
    assert [e[:2] for e in long_enough] == pairs(kept)
    assert sorted(zip(kept.first.tolist(), kept.count.tolist(), block.tolist(), strict=True)) == long_enough
    assert counts["too_few_events"] == len(expected) - len(long_enough)
    assert counts["cut_for_max_events"] == sum(n > most for _, n in windows)
