"""`min_events: auto` by hand, and what is said of events and annotations in no window."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.window_set import EventLog
from discover.sampling import SamplingConfig, sample_windows
from discover.sampling._ranges import overlaps_any
from discover.sampling.density import choose_least_events

MINUTE, DAY = 60_000_000, 86_400_000_000


@pytest.mark.parametrize(
    ("counts", "used", "left_out"),
    [
        ([3] * 90 + [1] * 30, 3, {3: 0.1}),  # 30 of 300 events: exactly the limit
        ([3] * 88 + [2] * 18, 2, {3: 0.12, 2: 0.0}),  # 36 of 300 events lie in pairs
        ([2] * 100, 2, {3: 1.0, 2: 0.0}),
        ([1] * 100, 1, {3: 1.0, 2: 1.0, 1: 0.0}),
        ([], 3, {3: 0.0}),
    ],
)
def test_least_events_by_hand(counts: list[int], used: int, left_out: dict[int, float]) -> None:
    count = np.array(counts, dtype=np.int64)
    found = choose_least_events(np.cumsum(count) - count, count, int(count.sum()))
    assert found.used == used
    assert dict(found.left_out) == pytest.approx(left_out)


def sparse_log(small_homes: ModuleType, per_minute: int) -> EventLog:
    """Ten days; every hour one minute with so many events."""
    times = [
        day * DAY + hour * 60 * MINUTE + second * 1_000_000
        for day in range(10)
        for hour in range(24)
        for second in range(per_minute)
    ]
    return small_homes.plain_log(times)


@pytest.mark.parametrize(("per_minute", "used"), [(1, 1), (2, 2), (3, 3), (7, 3)])
def test_sparse_homes_keep_their_windows(small_homes: ModuleType, per_minute: int, used: int) -> None:
    log = sparse_log(small_homes, per_minute)
    auto = sample_windows(log, SamplingConfig())
    given_number = sample_windows(log, SamplingConfig(min_events=used))
    assert auto.statistics["min_events"]["used"] == used
    assert auto.statistics["min_events"]["asked"] == "auto"
    assert given_number.statistics["min_events"]["asked"] == used
    assert auto.statistics["splits"]["test"]["events_in_no_window"] == 0
    assert len(auto.windows) == len(given_number.windows) > 0
    assert auto.windows.equals(given_number.windows)


def test_only_training_days_choose(small_homes: ModuleType) -> None:
    dense = [d * DAY + h * 60 * MINUTE + s * 1_000_000 for d in range(7) for h in range(24) for s in range(4)]
    sparse = [d * DAY + h * 60 * MINUTE for d in range(7, 10) for h in range(24)]
    sampled = sample_windows(small_homes.plain_log(dense + sparse), SamplingConfig())
    assert sampled.statistics["min_events"]["used"] == 3
    assert sampled.statistics["splits"]["test"]["windows"] == 0
    assert sampled.statistics["splits"]["test"]["events_in_no_window"] == 48


def test_segments_are_cut_with_the_same_number(small_home_log: EventLog) -> None:
    free = sample_windows(small_home_log, SamplingConfig())
    inside = sample_windows(small_home_log, SamplingConfig(presegmented=True))
    assert inside.statistics["min_events"] == free.statistics["min_events"]


def test_annotations_in_no_window_are_counted(small_home_log: EventLog) -> None:
    sampled = sample_windows(small_home_log, SamplingConfig(min_events=40))
    inside = np.zeros(len(small_home_log.events), dtype=bool)
    for first, count in sampled.windows.select("first_event", "n_events").iter_rows():
        inside[first : first + count] = True
    spans = small_home_log.annotations.select("first_event", "n_events").iter_rows()
    missed = sum(not inside[first : first + count].any() for first, count in spans if count)
    splits = sampled.statistics["splits"].values()
    assert sum(s["annotations_in_no_window"] for s in splits) == missed > 0
    assert sum(s["annotations"] for s in splits) == len(small_home_log.annotations)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10_000))
def test_overlaps_any_is_true_where_a_member_is_shared(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first, others = (
        generator.integers(0, 60, size=9),
        generator.integers(0, 60, size=generator.integers(0, 6)),
    )
    count, lengths = generator.integers(1, 9, size=9), generator.integers(1, 9, size=len(others))
    members = {i for begin, n in zip(others, lengths, strict=True) for i in range(begin, begin + n)}
    expected = [bool(members & set(range(f, f + c))) for f, c in zip(first, count, strict=True)]
    assert overlaps_any(first, count, others, lengths).tolist() == expected
