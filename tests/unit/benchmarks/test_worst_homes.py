"""What the table of failures says of an activity."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.quality.worst_homes import Activity, reason, sensor_counts, sensor_overlap
from tests.fixtures.alignment_world import make_windows

_PLAIN = Activity("cooking", 10, 0.5, 0.5, 0.65, "eating", 0.4, 0.3, "kitchen fridge")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"taught": 0.29}, "labels do not help"),
        ({"overlap": 0.8, "taught": 0.59}, "nearly the same sensors"),
        ({}, "a little behind"),
        ({"taught": 0.59}, "as good as with labels"),
        ({"text": 0.56}, "captions alone are better"),
        ({"taught": 0.71}, "tell it apart"),
    ],
)
def test_a_reason_follows_from_the_figures(change: dict[str, float], words: str) -> None:
    assert words in reason(replace(_PLAIN, **change))


def test_overlap_is_one_for_equal_shares_and_zero_for_other_sensors() -> None:
    assert sensor_overlap(np.array([1, 1, 0]), np.array([5, 5, 0])) == pytest.approx(1)
    assert sensor_overlap(np.array([1, 0, 0]), np.array([0, 2, 0])) == 0
    assert sensor_overlap(np.array([1, 1]), np.array([1, 0])) == pytest.approx(np.sqrt(0.5))
    assert sensor_overlap(np.zeros(2), np.array([1, 0])) == 0


def test_counts_of_a_window_are_its_own_events() -> None:
    windows = make_windows(30)
    counts, words = sensor_counts(windows)
    assert len(words) == counts.shape[1]
    assert counts.sum(axis=1).tolist() == windows.windows["n_events"].to_list()
    row = windows.windows.row(7, named=True)
    events = windows.events[row["first_event"] : row["first_event"] + row["n_events"]]
    assert counts[7].tolist() == np.bincount(events["sensor"].to_physical(), minlength=len(words)).tolist()
