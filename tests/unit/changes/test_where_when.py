"""Where and when: one coordinate convention, hours of the week, episodes and transitions."""

import datetime as dt

import numpy as np
import polars as pl

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
    windows = pl.DataFrame({"first_event": [0, 2], "n_events": [2, 2]})
    use = sensor_use(
        WindowSet(HOME, events, windows), windows, pl.Series([3, -1]), np.array([True, False, True, True])
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
