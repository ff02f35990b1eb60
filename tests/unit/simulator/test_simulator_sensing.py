"""Switching, noise and temperatures, each by itself."""

import numpy as np
import pytest

from discover.core.home import Home, Sensor
from discover.simulator.behaviours import BEHAVIOUR_INDEX
from discover.simulator.rooms import build_room_graph
from discover.simulator.sensing import STATES, SensorStates, spurious, state_pairs, temperature_readings

HOME = Home(
    name="tiny",
    sensors=(
        Sensor(id="M001", type="motion", room="kitchen"),
        Sensor(id="D001", type="door", room="kitchen", object="fridge"),
        Sensor(id="I001", type="item", room="kitchen", object="kettle"),
        Sensor(id="T001", type="temperature", room="kitchen"),
    ),
)
GRAPH = build_room_graph(HOME)


def switch(states: SensorStates, *rows: tuple[int, float, float]) -> list[tuple[str, float]]:
    """State words and seconds of activations (sensor, begin s, end s), in order of time."""
    sensor, begin, end = (np.array(column) for column in zip(*rows, strict=True))
    sent = states.messages(
        sensor, (begin * 1e6).astype(np.int64), (end * 1e6).astype(np.int64), np.zeros_like(sensor)
    )
    return sorted(
        ((STATES[s], t / 1e6) for s, t in zip(sent.state, sent.time_us, strict=True)), key=lambda r: r[1]
    )


def test_a_sensor_that_is_triggered_again_stays_on() -> None:
    assert switch(SensorStates(state_pairs(GRAPH)), (0, 1.0, 4.0), (0, 3.5, 6.5)) == [
        ("ON", 1.0),
        ("OFF", 6.5),
    ]


def test_a_short_movement_inside_a_long_one_changes_nothing() -> None:
    assert switch(SensorStates(state_pairs(GRAPH)), (0, 1.0, 9.0), (0, 2.0, 3.0)) == [
        ("ON", 1.0),
        ("OFF", 9.0),
    ]


def test_a_sensor_is_blind_for_a_moment_after_it_went_off() -> None:
    assert switch(SensorStates(state_pairs(GRAPH)), (0, 1.0, 4.0), (0, 4.3, 7.0)) == [
        ("ON", 1.0),
        ("OFF", 7.0),
    ]
    apart = switch(SensorStates(state_pairs(GRAPH)), (0, 1.0, 4.0), (0, 4.5, 7.0))
    assert apart == [("ON", 1.0), ("OFF", 4.0), ("ON", 4.5), ("OFF", 7.0)]


def test_a_later_call_goes_on_where_the_sensor_is() -> None:
    states = SensorStates(state_pairs(GRAPH))
    assert switch(states, (0, 1.0, 8.0)) == [("ON", 1.0), ("OFF", 8.0)]
    assert switch(states, (0, 6.0, 7.0), (0, 7.5, 12.0)) == [("ON", 8.4), ("OFF", 12.0)]


def test_doors_open_and_items_are_lifted() -> None:
    assert switch(SensorStates(state_pairs(GRAPH)), (1, 1.0, 4.0)) == [("OPEN", 1.0), ("CLOSE", 4.0)]
    assert switch(SensorStates(state_pairs(GRAPH)), (2, 1.0, 4.0)) == [("ABSENT", 1.0), ("PRESENT", 4.0)]


def test_noise_is_spread_over_all_hours_and_only_over_motion_sensors() -> None:
    found = spurious(GRAPH, np.full(4, 2.0), 10.0, 24.0, np.random.default_rng(0))
    assert len(found.sensor) == pytest.approx(240, abs=50)
    assert set(found.sensor.tolist()) == {0}
    assert set(found.who.tolist()) == {-1}
    assert np.histogram(found.begin_s, bins=4, range=(0, 86_400))[0].min() > 30


def readings(cooks: bool) -> dict[int, float]:
    """Kitchen reading by hour on a day with or without an hour of cooking from 12:00."""
    times = np.array([[12 * 3600.0], [13 * 3600.0]]) if cooks else np.zeros((2, 0))
    behaviour = np.array([BEHAVIOUR_INDEX["cook_lunch"]] if cooks else [], dtype=np.int64)
    last = np.full(4, np.nan)
    sent = temperature_readings(GRAPH, 3, 0.0, behaviour, *times, last, np.random.default_rng(0))
    assert set(sent.sensor.tolist()) == {3}
    assert last[3] == sent.value[-1]
    hours = (sent.time_us / 3.6e9 - 72).tolist()
    return {h: sent.value[np.searchsorted(hours, h) - 1] for h in range(1, 24)}


def test_cooking_warms_the_kitchen_for_a_while() -> None:
    plain, warm = readings(cooks=False), readings(cooks=True)
    assert [warm[h] for h in (3, 6, 9, 11)] == [plain[h] for h in (3, 6, 9, 11)]
    assert warm[13] - plain[13] > 4
    assert 0.5 < warm[14] - plain[14] < warm[13] - plain[13]
    assert abs(warm[20] - plain[20]) <= 0.5


def test_a_reading_is_sent_only_when_it_moves() -> None:
    last = np.full(4, np.nan)
    sent = temperature_readings(
        GRAPH, 3, 0.0, np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), last, np.random.default_rng(0)
    )
    assert 3 <= len(sent) < 30
    assert (np.abs(np.diff(sent.value)) >= 0.5).all()
