"""Time on the grid: held windows, holes in the recording, and measures per day."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from discover.changes import ChangeConfig, build_grid, marks_of_lists, marks_of_windows, thin_windows
from discover.changes.day_measures import clock_quantile, quietest_bin
from discover.changes.grid import BINS_PER_DAY

DAY = dt.datetime(2024, 1, 1)


def at(hours: float) -> dt.datetime:
    return DAY + dt.timedelta(hours=hours)


def times(*hours: float) -> pl.Series:
    return pl.Series([at(h) for h in hours], dtype=pl.Datetime("us"))


def grid_of(marks: list[tuple[float, str | None]], events: pl.Series, **settings: float):  # type: ignore[no-untyped-def]
    facts = pl.DataFrame({"start": times(*(h for h, _ in marks))})
    things = pl.Series([t for _, t in marks], dtype=pl.String)
    return build_grid(marks_of_windows(facts, things), events, ChangeConfig(**settings))


def test_a_window_lasts_until_the_next_or_as_long_as_it_may_be_held() -> None:
    grid = grid_of([(8.0, "a"), (8.05, "b"), (9.0, None)], times(*np.arange(0, 24, 0.5)), hold_s=300)
    assert grid.things == ("a", "b")
    assert grid.time_TB.sum(axis=1) == pytest.approx([0.05, 300 / 3600])
    # 8:03 + 5 minutes stays in the quarter hour from 8:00.
    assert grid.time_TB[1, 32] == pytest.approx(300 / 3600)


def test_held_time_crosses_into_the_next_quarter_hour() -> None:
    grid = grid_of([(8.2, "a")], times(*np.arange(0, 24, 0.5)), hold_s=360)
    assert grid.time_TB[0, 32:34] == pytest.approx([0.05, 0.05])


def test_a_long_silence_is_not_observed_and_a_short_one_is() -> None:
    events = times(0, 8, 30, 47)
    assert grid_of([(0.0, "a")], events, gap_h=12).observed_B.sum() == pytest.approx(8)
    assert grid_of([(0.0, "a")], events, gap_h=10).observed_B.sum() == pytest.approx(8)
    assert grid_of([(0.0, "a")], times(0, 8, 18), gap_h=12).observed_B.sum() == pytest.approx(18)


def test_episodes_are_counted_once_across_short_pauses() -> None:
    marks = [(8.0, "a"), (8.02, "b"), (8.04, "a"), (10.0, "a")]
    grid = grid_of(marks, times(*np.arange(0, 24, 0.5)))
    assert grid.starts_TB.sum(axis=1).tolist() == [2.0, 1.0]


def test_rooms_of_one_window_share_its_time() -> None:
    facts = pl.DataFrame({"start": times(8.0), "rooms": [["kitchen", "hall", "kitchen"]]})
    grid = build_grid(marks_of_lists(facts, "rooms"), times(*np.arange(0, 24, 0.5)), ChangeConfig(hold_s=360))
    assert dict(zip(grid.things, grid.time_TB.sum(axis=1).tolist(), strict=True)) == pytest.approx(
        {"hall": 0.05, "kitchen": 0.05}
    )


def test_overlapping_windows_are_thinned_to_one_per_minute() -> None:
    facts = pl.DataFrame({"start": times(8, 8 + 20 / 3600, 8 + 70 / 3600), "row": [0, 1, 2]})
    assert thin_windows(facts)["row"].to_list() == [0, 2]


def test_days_may_begin_after_midnight() -> None:
    grid = grid_of([(25.0, "a")], times(*np.arange(0, 48, 0.5)))
    by_day = grid.by_day(grid.time_TB, 8)
    assert by_day[0, 0].sum() > 0
    assert by_day[0, 1].sum() == 0


def test_the_quietest_time_and_the_clock_within_it() -> None:
    profile = np.ones(BINS_PER_DAY)
    profile[10:20] = 0
    assert 12 <= quietest_bin(profile) <= 17
    spent = np.zeros((2, BINS_PER_DAY))
    spent[0, 40:44] = 0.25
    assert clock_quantile(spent, 0.5)[0] == pytest.approx(10.5)
    assert np.isnan(clock_quantile(spent, 0.5)[1])
