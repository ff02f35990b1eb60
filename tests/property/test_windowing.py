"""The sampler against slow, obvious twins written from the protocol, on generated logs."""

import bisect
from collections import defaultdict
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.home import NO_ACTIVITY
from discover.core.seeds import derive_seed, hash_to_uint64
from discover.core.tables import SPLITS
from discover.core.window_set import EventLog
from discover.sampling import SamplingConfig, assign_days, check_no_leakage, sample_windows
from discover.sampling._ranges import covered_events
from discover.sampling.config import SplitConfig

DAY = 86_400_000_000
START = 1_234_567 * 1_000_000  # 06:56:07 on a day in January 1970, not a round number
Range = tuple[int, int]

gaps_s = st.sampled_from(
    [0.0, 0.2, 1.0, 7.0, 29.999999, 30.0, 45.0, 60.0, 61.5, 600.0, 7_200.0, 30_000.0, 172_800.0]
)
time_lists = st.lists(gaps_s, min_size=3, max_size=70).map(
    lambda gaps: [START + int(x) for x in np.cumsum(np.round(np.array(gaps) * 1e6))]
)
configs = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("fixed_length"),
            "size": st.integers(1, 9),
            "min_events": st.just(1),
            "overlap_train": st.sampled_from([0.0, 0.5, 0.7]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("fixed_duration"),
            "duration_s": st.sampled_from([7.0, 30.0, 60.0, 1_800.0, 50_000.0]),
            "min_events": st.integers(1, 4),
            "max_events": st.sampled_from([8, 512]),
            "overlap_train": st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.95]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("variable_duration"),
            "durations_s": st.sampled_from([(30.0, 60.0, 120.0), (10.0,), (900.0, 4_000.0)]),
            "min_events": st.integers(1, 4),
            "max_events": st.sampled_from([8, 512]),
            "overlap_train": st.sampled_from([0.0, 0.5, 0.8]),
            "seed": st.integers(0, 3),
        }
    ),
)
borders = st.fixed_dictionaries(
    {
        "max_gap_s": st.sampled_from([None, None, 45.0, 500.0]),
        "hole_s": st.sampled_from([86_400.0, 100_000.0, 5_000.0]),
        "presegmented": st.booleans(),
        "split": st.sampled_from(
            [
                {"ratios": (1, 0, 0)},
                {"ratios": (0.5, 0, 0.5)},
                {"ratios": (0.5, 0.1, 0.4), "strategy": "random", "seed": 3},
            ]
        ),
    }
)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[int], list[tuple[str, int, int]]]:
    times = draw(time_lists)
    n = len(times)
    spans = []
    for _ in range(draw(st.integers(0, 5))):
        first = draw(st.integers(0, n - 1))
        count = draw(st.integers(1, n - first))
        spans.append((draw(st.sampled_from(["sleeping", "bathing", "meal_preparation"])), first, count))
    return times, spans


def brute_blocks(log: EventLog, config: SamplingConfig) -> list[dict[str, Any]]:
    """Event by event: a new block at every border; then, if asked, segment by segment."""
    times = log.events["time"].to_physical().to_list()
    blocks: list[list[int]] = []
    for i, t in enumerate(times):
        fresh = (
            i == 0
            or t // DAY != times[i - 1] // DAY
            or t - times[i - 1] >= config.hole_s * 1e6
            or (config.max_gap_s is not None and t - times[i - 1] > config.max_gap_s * 1e6)
        )
        if fresh:
            blocks.append([])
        blocks[-1].append(i)
    if not config.presegmented:
        return [
            {"events": b, "anchor": times[b[0]] // DAY * DAY, "segment": -1, "draw": times[b[0]] // DAY}
            for b in blocks
        ]
    parts = []
    for row, (first, count) in enumerate(log.annotations.select("first_event", "n_events").iter_rows()):
        for b in blocks:
            inside = [i for i in b if first <= i < first + count]
            if inside:
                parts.append({"events": inside, "anchor": times[inside[0]], "segment": row})
    return parts


def brute_cut(times: list[int], block: dict[str, Any], config: SamplingConfig, overlap: float) -> set[Range]:
    """Window by window, each by looking at every event of the block."""
    events = block["events"]
    last = times[events[-1]]
    found: set[Range] = set()
    if config.size is not None:
        stride = max(1, round(config.size * (1 - overlap)))
        for begin in range(0, len(events), stride):
            part = events[begin : begin + config.size]
            found.add((part[0], len(part)))
            if begin + config.size >= len(events):
                break
        return found
    if config.duration_s is not None:
        duration = round(config.duration_s * 1e6)
        stride = max(1, round(duration * (1 - overlap)))
        first_k = max(0, (times[events[0]] - duration - block["anchor"]) // stride)
        spans = []
        begin = block["anchor"] + first_k * stride
        while begin <= last:
            spans.append((begin, begin + duration))
            begin += stride
    else:
        spans = brute_row(config, block, overlap, last)
    moments = [times[i] for i in events]
    for begin, end in spans:
        low, high = bisect.bisect_left(moments, begin), bisect.bisect_left(moments, end)
        if high > low:
            found.add((events[low], high - low))
    return found


def brute_row(config: SamplingConfig, block: dict[str, Any], overlap: float, last: int) -> list[Range]:
    seed = derive_seed(config.seed, "durations", config.name)
    durations = [round(d * 1e6) for d in config.durations_s or ()]
    spans, begin, position = [], block["anchor"], 0
    while begin <= last:
        bits = hash_to_uint64(np.array([block["draw"] * 2**24 + position], dtype=np.uint64), seed)[0]
        duration = durations[int((int(bits) >> 11) * 2.0**-53 * len(durations))]
        spans.append((begin, begin + duration))
        begin += max(1, round(duration * (1 - overlap)))
        position += 1
    return spans


def brute_windows(
    log: EventLog, config: SamplingConfig
) -> tuple[dict[str, list[tuple[int, int, int]]], dict[str, int]]:
    """Kept windows per split, and how many were too short."""
    times = log.events["time"].to_physical().to_list()
    days = sorted({t // DAY for t in times})
    split_of = dict(zip(days, assign_days(len(days), config.split).tolist(), strict=True))
    result: dict[str, list[tuple[int, int, int]]] = {s: [] for s in SPLITS}
    numbering: dict[str, int] = defaultdict(int)
    short: dict[str, int] = dict.fromkeys(SPLITS, 0)
    blocks = brute_blocks(log, config)
    blocks.sort(key=lambda b: (b["events"][0], len(b["events"]), b["segment"]))
    for block in blocks:
        split = SPLITS[split_of[times[block["events"][0]] // DAY]]
        if config.presegmented:
            block["draw"] = numbering[split]
            numbering[split] += 1
        for first, count in brute_cut(times, block, config, config.overlap(split)):
            parts = -(-count // config.max_events)
            edges = [p * count // parts for p in range(parts + 1)]
            for a, b in pairwise(edges):
                if b - a >= config.min_events:
                    result[split].append((first + a, b - a, block["segment"]))
                else:
                    short[split] += 1
    return {split: sorted(rows) for split, rows in result.items()}, short


def run(
    small_homes: ModuleType, generated: Any, values: dict[str, Any]
) -> tuple[EventLog, SamplingConfig, Any]:
    times, spans = generated
    log = small_homes.plain_log(times, spans)
    config = SamplingConfig(**values)
    days = len({t // DAY for t in times})
    needed = sum(r > 0 for r in config.split.ratios)
    if days < needed or (config.presegmented and not spans):
        return log, config, None
    return log, config, sample_windows(log, config)


def offsets(table: pl.DataFrame) -> list[Range]:
    return list(table.select("first_event", "n_events").iter_rows())


@given(generated=logs(), kind=configs, border=borders)
@settings(deadline=None, max_examples=100)
def test_windows_equal_the_obvious_twin(
    small_homes: ModuleType, generated: Any, kind: Any, border: Any
) -> None:
    log, config, sampled = run(small_homes, generated, {**kind, **border})
    if sampled is None:
        return
    expected, short = brute_windows(log, config)
    counted = {s: part["dropped_too_few_events"] for s, part in sampled.statistics["splits"].items()}
    assert counted == short
    segment = sampled.labels["segment"].fill_null(-1).to_list()
    found: dict[str, list[tuple[int, int, int]]] = {s: [] for s in SPLITS}
    for row, (split, first, count) in zip(
        segment, sampled.windows.select("split", "first_event", "n_events").iter_rows(), strict=True
    ):
        found[split].append((first, count, row))
    assert {s: sorted(rows) for s, rows in found.items()} == expected
    for rows in found.values():
        assert [r[:2] for r in rows] == [r[:2] for r in sorted(rows)]


@given(generated=logs(), kind=configs, border=borders)
@settings(deadline=None, max_examples=100)
def test_without_overlap_every_event_is_in_one_window_or_counted(
    small_homes: ModuleType, generated: Any, kind: Any, border: Any
) -> None:
    values = {**kind, **border, "overlap_train": 0.0, "presegmented": False}
    log, _, sampled = run(small_homes, generated, values)
    if sampled is None:
        return
    for split, part in sampled.statistics["splits"].items():
        ranges = offsets(sampled.windows.filter(pl.col("split") == split))
        members = [i for first, count in ranges for i in range(first, first + count)]
        assert members == sorted(set(members)), "an event twice, or out of order"
        assert len(members) == part["events_in_windows"]
        assert part["events_in_windows"] + part["events_in_no_window"] == part["events"]
        assert part["left_out_same_events"] == 0
    assert sum(part["events"] for part in sampled.statistics["splits"].values()) == len(log.events)


@given(generated=logs(), kind=configs, border=borders)
@settings(deadline=None, max_examples=100)
def test_windows_stay_inside_day_hole_gap_and_split(
    small_homes: ModuleType, generated: Any, kind: Any, border: Any
) -> None:
    log, config, sampled = run(small_homes, generated, {**kind, **border})
    if sampled is None:
        return
    times = log.events["time"].to_physical().to_numpy()
    day_split: dict[int, set[str]] = defaultdict(set)
    for split, first, count in sampled.windows.select("split", "first_event", "n_events").iter_rows():
        inside = times[first : first + count]
        assert inside[0] // DAY == inside[-1] // DAY
        assert (np.diff(inside) < config.hole_s * 1e6).all()
        if config.max_gap_s is not None:
            assert (np.diff(inside) <= config.max_gap_s * 1e6).all()
        assert config.min_events <= count <= max(config.max_events, config.size or 0)
        if config.duration_s is not None:
            assert inside[-1] - inside[0] < config.duration_s * 1e6
        day_split[inside[0] // DAY].add(split)
    assert all(len(splits) == 1 for splits in day_split.values())
    check_no_leakage(sampled.windows)
    assert sampled.windows["window_id"].n_unique() == len(sampled.windows)
    assert sampled.windows["start"].to_physical().to_list() == [times[f] for f, _ in offsets(sampled.windows)]


@given(generated=logs(), kind=configs)
@settings(deadline=None, max_examples=100)
def test_labels_equal_the_obvious_twin(small_homes: ModuleType, generated: Any, kind: Any) -> None:
    log, _, sampled = run(small_homes, generated, {**kind, "split": {"ratios": (1, 0, 0)}})
    annotations = log.annotations.to_dicts()
    coarse = {a.label: a.coarse for a in log.home.activities}
    for window, label in zip(sampled.windows.to_dicts(), sampled.labels.to_dicts(), strict=True):
        inside = range(window["first_event"], window["first_event"] + window["n_events"])
        ranking = []
        for row, a in enumerate(annotations):
            shared = sum(a["first_event"] <= i < a["first_event"] + a["n_events"] for i in inside)
            if shared:
                ranking.append((-shared, a["end"] - a["begin"], row, a["activity"]))
        ranking.sort()
        share = -ranking[0][0] / len(inside) if ranking else 0.0
        expected = ranking[0][3] if share >= 0.5 else NO_ACTIVITY
        assert label["window_id"] == window["window_id"]
        assert label["label"] == expected
        assert label["share"] == pytest.approx(share)
        assert label["coarse"] == coarse.get(expected, NO_ACTIVITY)
        assert label["all_labels"] == list(dict.fromkeys(r[3] for r in ranking))


@given(
    n_days=st.integers(3, 400),
    parts=st.tuples(st.floats(0.05, 1), st.floats(0.001, 1), st.floats(0.001, 1)),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=200)
def test_day_split_is_complete_fair_and_repeatable(n_days: int, parts: Any, seed: int) -> None:
    config = SplitConfig(strategy="random", ratios=parts, seed=seed)
    codes = assign_days(n_days, config)
    counts = np.bincount(codes, minlength=3)
    assert counts.sum() == n_days
    assert counts.min() >= 1
    assert np.array_equal(codes, assign_days(n_days, config))
    ordered = assign_days(n_days, SplitConfig(ratios=parts))
    assert np.array_equal(ordered, np.sort(codes))
    exact = np.array(parts) / sum(parts) * n_days
    forced = (exact < 1).sum()
    assert (np.abs(counts - exact) <= 1 + forced).all()


@given(generated=logs(), kind=configs, border=borders)
@settings(deadline=None, max_examples=30)
def test_same_config_same_result(small_homes: ModuleType, generated: Any, kind: Any, border: Any) -> None:
    first = run(small_homes, generated, {**kind, **border})[2]
    second = run(small_homes, generated, {**kind, **border})[2]
    if first is None:
        return
    assert first.windows.equals(second.windows)
    assert first.labels.equals(second.labels)
    assert first.statistics == second.statistics


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=12).map(sorted))
@settings(deadline=None, max_examples=100)
def test_covered_events_counts_each_once(ranges: list[Range]) -> None:
    first = np.array([r[0] for r in ranges], dtype=np.int64)
    count = np.array([r[1] for r in ranges], dtype=np.int64)
    assert covered_events(first, count) == len({i for f, n in ranges for i in range(f, f + n)})
