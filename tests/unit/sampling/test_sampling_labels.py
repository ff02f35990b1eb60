"""Labels of hand-made windows whose answer is known by eye."""

from types import ModuleType
from typing import Any

import numpy as np
import polars as pl

from discover.sampling import SamplingConfig, sample_windows
from discover.sampling.labelling import label_windows

SECOND = 1_000_000


def labels(small_homes: ModuleType, spans: list[tuple[str, int, int]], **values: Any) -> pl.DataFrame:
    """Ten events a second apart in windows of ten."""
    log = small_homes.plain_log([i * SECOND for i in range(10)], spans)
    config = {"type": "fixed_length", "size": 10, "split": {"ratios": (1, 0, 0)}, **values}
    return sample_windows(log, SamplingConfig(**config)).labels


def test_most_events_win(small_homes: ModuleType) -> None:
    row = labels(small_homes, [("sleeping", 0, 4), ("bathing", 4, 6)]).row(0, named=True)
    assert (row["label"], row["coarse"]) == ("bathing", "hygiene")
    assert abs(row["share"] - 0.6) < 1e-6
    assert row["all_labels"] == ["bathing", "sleeping"]
    assert row["segment"] is None


def test_exactly_half_is_covered_and_less_is_not(small_homes: ModuleType) -> None:
    assert labels(small_homes, [("sleeping", 5, 5)])["label"].to_list() == ["sleeping"]
    row = labels(small_homes, [("sleeping", 6, 4)]).row(0, named=True)
    assert (row["label"], row["coarse"]) == ("no_activity", "no_activity")
    assert abs(row["share"] - 0.4) < 1e-6
    assert row["all_labels"] == ["sleeping"]


def test_ties_go_to_the_shorter_annotation(small_homes: ModuleType) -> None:
    # Two windows: in the first, sleeping (10 events in all) and bathing (5 events) both cover all five.
    spans = [("sleeping", 0, 10), ("bathing", 0, 5)]
    found = labels(small_homes, spans, size=5, overlap_train=0)
    assert found["label"].to_list() == ["bathing", "sleeping"]
    assert found["all_labels"].to_list() == [["bathing", "sleeping"], ["sleeping"]]


def test_no_annotation_at_all(small_homes: ModuleType) -> None:
    row = labels(small_homes, []).row(0, named=True)
    assert (row["label"], row["share"], row["all_labels"]) == ("no_activity", 0.0, [])


def test_presegmented_windows_carry_their_segment(small_homes: ModuleType) -> None:
    spans = [("sleeping", 0, 10), ("bathing", 2, 4)]
    found = labels(small_homes, spans, size=4, min_events=2, overlap_train=0, presegmented=True)
    rows = sorted(found.select("segment", "label", "share").rows())
    # Segment 0 gives 4 + 4 + 2 events, segment 1 four; the second sleeping window lies half in bathing.
    assert rows == [(0, "sleeping", 1.0)] * 3 + [(1, "bathing", 1.0)]
    assert sorted(map(tuple, found["all_labels"].to_list()))[0] == ("bathing", "sleeping")


def test_a_long_window_before_short_ones_keeps_its_label(small_homes: ModuleType) -> None:
    """Windows inside a longer one: sorted by first event, but not by last."""
    log = small_homes.plain_log([i * SECOND for i in range(100)], [("sleeping", 50, 50)])
    windows = pl.DataFrame(
        {"window_id": ["a", "b", "c", "d"], "first_event": [0, 10, 20, 60], "n_events": [100, 2, 2, 2]}
    )
    placed = (np.array([0]), np.array([50]), np.array([50]))
    found = label_windows(windows, np.full(4, -1), log.annotations, placed, log.home)
    assert found["label"].to_list() == ["sleeping", "no_activity", "no_activity", "sleeping"]
    assert found["share"].to_list() == [0.5, 0.0, 0.0, 1.0]
