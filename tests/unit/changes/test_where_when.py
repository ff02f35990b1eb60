"""Where and when: one coordinate convention, hours of the week, episodes and transitions."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from discover.changes.where_when import (
    episodes_of,
    heat_field,
    sensor_use,
    transitions_of,
)
from discover.core.home import FloorPlan, Home, Sensor
from discover.core.window_set import WindowSet

HOME = Home(
    name="corner",
    floor_plan=FloorPlan(width=200, height=100),
    sensors=(
        Sensor(id="A", type="motion", room="kitchen", x=0, y=0),
        Sensor(id="B", type="motion", room="bedroom", x=200, y=100),
    ),
)
T0 = dt.datetime(2024, 1, 1, 8)


def facts(*minutes: float) -> pl.DataFrame:
    start = [T0 + dt.timedelta(minutes=m) for m in minutes]
    return pl.DataFrame({"start": start, "end": [s + dt.timedelta(seconds=50) for s in start]})


def test_the_top_left_sensor_heats_the_top_left_corner() -> None:
    field = heat_field(HOME, pl.DataFrame({"sensor": ["A"], "events": [5]}), cells=40)
    assert field.shape == (20, 40)
    assert np.unravel_index(field.argmax(), field.shape) == (0, 0)
    field = heat_field(HOME, pl.DataFrame({"sensor": ["B"], "events": [5]}), cells=40)
    assert np.unravel_index(field.argmax(), field.shape) == (19, 39)


def test_sensors_are_counted_per_cluster_and_only_where_a_person_is() -> None:
    events = pl.DataFrame({"sensor": pl.Series(["A", "B", "A", "B"], dtype=pl.Enum(["A", "B"]))})
    windows = pl.DataFrame({"home": HOME.name, "first_event": [0, 2], "n_events": [2, 2]})
    use = sensor_use(
        WindowSet.of(HOME, events, windows), windows, pl.Series([3, -1]), np.array([True, False, True, True])
    )
    assert use.rows() == [(3, "A", 1)]


def test_episodes_join_over_short_pauses_only() -> None:
    table = episodes_of(facts(0, 2, 3, 20), pl.Series([1, 1, 2, 1]))
    assert table.select("cluster", "windows").rows() == [(1, 2), (2, 1), (1, 1)]


def test_transitions_do_not_cross_a_silence() -> None:
    table = transitions_of(facts(0, 1, 2, 60, 61), pl.Series([1, 2, 1, 2, 1]))
    assert {(b, a): n for b, a, n in table.select("before", "after", "count").iter_rows()} == {
        (1, 2): 1,
        (2, 1): 2,
    }


def test_shares_are_of_all_changes_away_and_a_cluster_does_not_follow_itself() -> None:
    table = transitions_of(facts(*range(8)), pl.Series([1, 2, 1, 3, 3, -1, 1, 2]))
    assert table.select("before", "after", "count").rows() == [(1, 2, 2), (1, 3, 1), (2, 1, 1), (3, 1, 1)]
    assert table["share"].to_list() == pytest.approx([2 / 3, 1 / 3, 1.0, 1.0])


def test_a_pause_as_long_as_allowed_still_joins() -> None:
    # Windows last 50 s: from minute 0 to minute 5 5/6 the silence is 300 s.
    kept = transitions_of(facts(0, 350 / 60), pl.Series([1, 2]))
    assert kept["count"].to_list() == [1]
    assert transitions_of(facts(0, 351 / 60), pl.Series([1, 2])).is_empty()
    assert len(episodes_of(facts(0, 170 / 60), pl.Series([1, 1]))) == 1
    assert len(episodes_of(facts(0, 171 / 60), pl.Series([1, 1]))) == 2


def test_an_episode_lasts_from_its_first_begin_to_its_last_end() -> None:
    table = episodes_of(facts(0, 2, 20), pl.Series([1, 1, 1]))
    assert table["minutes"].to_list() == pytest.approx([2 + 50 / 60, 50 / 60])
