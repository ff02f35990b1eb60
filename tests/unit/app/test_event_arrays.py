"""Counts and stretches of arrays against counts made one event at a time."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.app.event_arrays import EventArrays, Grouping, Range, datetime_ms
from discover.core.errors import ConfigError
from discover.core.home import Home, Sensor
from discover.core.window_set import EventLog

START = datetime(2024, 3, 1)
SENSORS = (
    Sensor(id="D1", type="door", room="hall"),
    Sensor(id="M1", type="motion", room="hall"),
    Sensor(id="T1", type="temperature", room="kitchen"),
)
HOME = Home(name="arrays", sensors=SENSORS)
STATES = ["CLOSE", "OFF", "ON", "OPEN", "VALUE"]


def arrays(events: list[tuple[float, str, str]]) -> EventArrays:
    """Events as (seconds, sensor, state or number)."""
    rows = [
        (START + timedelta(seconds=t), s, "VALUE" if "." in x else x, float(x) if "." in x else None, None, k)
        for k, (t, s, x) in enumerate(sorted(events, key=lambda e: e[0]), start=1)
    ]
    table = pl.DataFrame(
        rows,
        schema={
            "time": pl.Datetime("us"), "sensor": pl.Enum([s.id for s in SENSORS]), "state": pl.Enum(STATES),
            "value": pl.Float64, "resident": pl.String, "line": pl.UInt32,
        },
        orient="row",
    )  # fmt: skip
    return EventArrays.of(table, HOME)


def seconds(found: EventArrays) -> list[tuple[str, float, float]]:
    zero = datetime_ms(START)
    sensor, begin, end = found.stretches
    return [
        (SENSORS[s].id, (b - zero) / 1000, (e - zero) / 1000)
        for s, b, e in zip(sensor.tolist(), begin.tolist(), end.tolist(), strict=True)
    ]


def test_a_stretch_runs_from_the_first_begin_to_the_next_end() -> None:
    found = arrays(
        [(0, "M1", "ON"), (5, "D1", "OPEN"), (7, "M1", "ON"), (9, "M1", "OFF"), (12, "M1", "OFF"),
         (20, "M1", "ON"), (30, "D1", "CLOSE"), (40, "D1", "OPEN"), (41, "T1", "20.5")]
    )  # fmt: skip
    assert seconds(found) == [("D1", 5, 30), ("D1", 40, 40), ("M1", 0, 9), ("M1", 20, 20)]


def test_a_sensor_without_ends_is_on_for_moments_and_no_stretch_spans_a_hole() -> None:
    found = arrays([(0, "D1", "OPEN"), (60, "D1", "OPEN"), (90, "M1", "ON"), (90_000, "M1", "OFF")])
    assert seconds(found) == [("D1", 0, 0), ("D1", 60, 60), ("M1", 90, 90)]
    assert found.holes.tolist() == [[found.time[2], found.time[3]]]


event = st.tuples(
    st.integers(0, 3_000).map(lambda t: t / 10),
    st.sampled_from(["D1", "M1", "T1"]),
    st.sampled_from(["ON", "OFF", "OPEN", "CLOSE", "19.5", "20.5"]),
)


@settings(max_examples=40)
@given(
    events=st.lists(event, min_size=1, max_size=40),
    bins=st.integers(1, 50),
    begin=st.integers(-10, 290),
    by=st.sampled_from(["all", "type", "room", "sensor"]),
)
def test_every_event_of_a_range_is_in_one_bin(
    events: list[tuple[float, str, str]], bins: int, begin: int, by: Grouping
) -> None:
    found = arrays(events)
    # Bins of 1,024 ms: no rounding, so each event has one right bin.
    first = datetime_ms(START) + 1000 * begin
    names, _ = found.groups(by)
    columns = found.density(Range(first, first + 1024 * bins), bins=bins, by=by)
    values: dict[tuple[str, int], list[float | None]] = {}
    for t, sensor, state in events:
        at = round(1000 * t) - 1000 * begin
        if 0 <= at < 1024 * bins:
            s = next(one for one in SENSORS if one.id == sensor)
            group = {"all": "all", "type": s.type, "room": s.room, "sensor": s.id}[by]
            values.setdefault((group, at // 1024), []).append(float(state) if "." in state else None)
    rows = {
        (names[g], b): (n, None if np.isnan(low) else low, None if np.isnan(high) else high)
        for g, b, n, low, high in zip(*(columns[c].tolist() for c in columns), strict=True)
    }
    assert len(rows) == len(columns["group"])
    read = {cell: [v for v in given if v is not None] for cell, given in values.items()}
    assert rows == {
        cell: (len(given), min(read[cell], default=None), max(read[cell], default=None))
        for cell, given in values.items()
    }


def test_states_of_one_bin_are_one_row_and_none_is_lost(small_home_log: EventLog) -> None:
    found = EventArrays.of(small_home_log.events, small_home_log.home)
    whole = Range(found.begin, found.end)
    fine, coarse = (found.states_in(whole, bins=b) for b in (4_000_000, 50))
    assert len(fine["sensor"]) > 3 * len(coarse["sensor"])
    assert coarse["count"].sum() == fine["count"].sum() == len(found.stretches[0])
    assert (coarse["end"] >= coarse["begin"]).all()
    for code in np.unique(fine["sensor"]):
        assert fine["end"][fine["sensor"] == code].max() == coarse["end"][coarse["sensor"] == code].max()


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    found = arrays([(0, "M1", "ON")])
    assert found.chosen([], []) is None
    assert found.chosen(["hall"], []).tolist() == [True, True, False]  # type: ignore[union-attr]
    assert found.chosen(["hall"], ["T1"]).all()  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"no room 'hal'.*hall"):
        found.chosen(["hal"], [])
