"""The ladder of labels: offsets that fit, and errors that each step mends."""

import numpy as np
import pytest
from benchmarks.quality.ladder import offsets, per_activity, surroundings
from tests.fixtures.alignment_world import make_windows

from discover.pretraining.any_home import TEMPERATURE


def test_offsets_give_back_how_common_two_activities_are_where_scores_say_nothing() -> None:
    truth = np.repeat([0, 1], [90, 10])
    found = offsets(np.zeros((100, 2)), truth)
    # Windows weigh by the root of their activity's number, so 90 and 10 count as their roots.
    assert found[0] - found[1] == pytest.approx(np.log(np.sqrt(90 / 10)), abs=1e-3)
    lifted = np.zeros((100, 2))
    lifted[:, 1] = TEMPERATURE
    again = offsets(lifted, truth)
    assert again[0] - again[1] == pytest.approx(found[0] - found[1] + 1, abs=1e-3)


def test_an_error_counts_for_the_first_step_that_mends_it() -> None:
    labels = np.array(["eat"] * 5 + ["cook"] * 2)
    start = np.array(["eat", "cook", "cook", "cook", "wash", "cook", "cook"])
    first = np.array(["cook", "eat", "cook", "cook", "cook", "cook", "cook"])
    second = np.array(["eat", "eat", "eat", "cook", "cook", "cook", "eat"])
    rows, misread = per_activity(
        labels, {"captions": start, "network and captions": start, "one": first, "two": second}
    )
    cook, eat = rows
    assert eat == ("eat", 5, "0.20", "0.20", "0.20", "0.60", "cook 0.60", "0.25/0.25", "0.50")
    assert cook == ("cook", 2, "1.00", "1.00", "1.00", "0.50", "", "", "")
    assert misread == {"eat": "cook"}


def test_surroundings_count_each_sensor_before_and_after_but_not_inside() -> None:
    windows = make_windows(12)
    found = np.expm1(surroundings(windows))
    time = windows.events["time"].dt.epoch("us").to_numpy() / 1e6
    start, end = (windows.windows[c].dt.epoch("us").to_numpy() / 1e6 for c in ("start", "end"))
    for i in range(len(start)):
        before = ((time >= start[i] - 1_800) & (time < start[i])).sum()
        after = ((time >= end[i]) & (time < end[i] + 1_800)).sum()
        assert found[i].sum() == pytest.approx(before + after, abs=1e-3)
