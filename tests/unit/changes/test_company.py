"""Moments that hint at company: callers at the door, two seats in turn, counted by part of the day."""

import datetime as dt

import numpy as np
import polars as pl

from discover.changes import ChangeConfig, Period, build_grid, compare_periods, marks_of_company
from discover.changes.company import AT_HOME, DOOR, TWO_SEATS
from discover.core.home import Home

HOME = Home.model_validate(
    {
        "name": "flat",
        "family": "test",
        "time_zone": "UTC",
        "sensors": [
            {"id": "D", "type": "door", "room": "entrance", "object": "front door"},
            {"id": "F", "type": "door", "room": "kitchen", "object": "fridge"},
            {"id": "E", "type": "motion", "room": "entrance"},
            {"id": "C", "type": "motion", "room": "living_room", "object": "couch"},
            {"id": "A", "type": "motion", "room": "living_room", "object": "armchair"},
        ],
    }
)
MIDNIGHT = dt.datetime(2024, 1, 1)


def marks(rows: list[tuple[float, str, str]]) -> pl.DataFrame:
    """Marks of (minutes, sensor, state)."""
    events = pl.DataFrame(
        [(MIDNIGHT + dt.timedelta(minutes=m), s, v) for m, s, v in sorted(rows)],
        schema={"time": pl.Datetime("us"), "sensor": pl.String, "state": pl.String},
        orient="row",
    )
    return marks_of_company(events, HOME, events["state"] != "OFF")


def names(rows: list[tuple[float, str, str]]) -> list[str]:
    return marks(rows)["thing"].to_list()


def test_a_door_tells_a_caller_from_leaving_and_from_coming_home() -> None:
    door = (600.0, "D", "OPEN")
    before, after = (590.0, "C", "ON"), (610.0, "C", "ON")
    assert set(names([before, door, after])) == {DOOR, AT_HOME}
    assert names([before, door]) == [DOOR]
    assert names([door, after]) == [DOOR]
    # The way to the door, the entrance itself and what lies long before or after say nothing.
    assert names([(599.0, "C", "ON"), door, after]) == [DOOR]
    assert names([(590.0, "E", "ON"), door, (610.0, "E", "ON")]) == [DOOR]
    assert names([(580.0, "C", "ON"), door, (620.0, "C", "ON")]) == [DOOR]
    assert names([before, (600.0, "F", "OPEN"), after]) == []
    assert names([before, (600.0, "D", "CLOSE"), after]) == []


def test_two_seats_need_three_changes_within_ten_minutes() -> None:
    turns = [(601.0, "C", "ON"), (602.0, "A", "ON"), (603.0, "C", "ON"), (604.0, "A", "ON")]
    table = marks(turns)
    assert table["thing"].to_list() == [TWO_SEATS]
    assert table["time"][0] == MIDNIGHT + dt.timedelta(minutes=600)
    assert names(turns[:3]) == []
    assert names([(m + 7 * i, s, v) for i, (m, s, v) in enumerate(turns)]) == []
    assert names([(m, "C", v) for m, _, v in turns]) == []


def test_morning_callers_are_found_in_the_morning() -> None:
    rng = np.random.default_rng(0)
    rows: list[tuple[float, str, str]] = []
    for day in range(41):
        rows += [(1440 * day + 60 * h, "C", "ON") for h in range(24)]
        visits = [15.0] if rng.random() < 0.4 else []
        visits += [10.0] if day >= 20 and rng.random() < 0.7 else []
        for hour in visits:
            rows += [
                (1440 * day + 60 * hour + 30 + m, s, v)
                for m, s, v in ((-5, "C", "ON"), (0, "D", "OPEN"), (5, "C", "ON"))
            ]
    config = ChangeConfig()
    times = pl.Series(
        [MIDNIGHT + dt.timedelta(minutes=m) for m, _, _ in sorted(rows)], dtype=pl.Datetime("us")
    )
    grid = build_grid(marks(rows), times, config, moments=True)
    day = grid.days
    compared = compare_periods(grid, Period(day[0], day[19]), Period(day[20], day[39]), config)
    by_key = {(c.thing, c.measure): c for c in compared.changes}
    late = by_key[AT_HOME, "times, late morning"]
    assert (late.found, late.direction, late.baseline) == (True, "more", 0.0)
    assert 0.4 < late.period < 1.0
    assert not by_key[AT_HOME, "times, afternoon"].found
    assert {m for _, m in by_key} == {"times", "times, late morning", "times, afternoon"}
