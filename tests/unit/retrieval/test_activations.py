"""Signs of windows against a slow second version, and what is kept of them on disk."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from discover.core.window_set import WindowSet
from discover.retrieval import Activations, build_activations
from discover.retrieval.activations import MAX_POSITION, read_activations, write_activations

ENDS = {"OFF", "CLOSE", "PRESENT"}


@pytest.fixture(scope="module")
def random_log(small_homes: ModuleType, windows_of: Callable[..., pl.DataFrame]) -> WindowSet:
    """Overlapping windows of a random log with ends, thermometers and equal stamps."""
    rng = np.random.default_rng(5)
    home = small_homes.small_home()
    ids = [s.id for s in home.sensors]
    times = np.cumsum(rng.integers(0, 40, size=160)) * 1_000_000
    sensors = rng.choice(ids, size=160).tolist()
    states = [
        "VALUE"
        if s.startswith("T")
        else str(rng.choice({"D": ["OPEN", "CLOSE"], "I": ["ABSENT", "PRESENT"]}.get(s[0], ["ON", "OFF"])))
        for s in sensors
    ]
    values = [20.0 if state == "VALUE" else None for state in states]
    events = small_homes.events_table(times, sensors, states, values)
    slices = [
        (int(a), int(n), "train")
        for a, n in zip(rng.integers(0, 140, 60), rng.integers(1, 20, 60), strict=True)
    ]
    return WindowSet.of(home, events, windows_of(events, slices))


def slow(log: WindowSet, row: int) -> list[tuple[float, str, bool]]:
    """(seconds, sensor, whether it is a sign) of the events of a person in a window."""
    window = log.windows.row(row, named=True)
    kept = []
    for event in log.events.slice(window["first_event"], window["n_events"]).iter_rows(named=True):
        sensor = log.home.sensor(event["sensor"])
        if sensor.is_activity and sensor.type != "temperature":
            kept.append((event["time"].timestamp(), sensor.id, event["state"] not in ENDS))
    return kept


def test_counts_order_rooms_and_moves_equal_the_slow_version(random_log: WindowSet) -> None:
    activations = build_activations(random_log)[random_log.home.name]
    room = {s.id: s.room for s in random_log.home.sensors}
    kitchen = [s for s, r in room.items() if r == "kitchen"]
    bath = [s for s, r in room.items() if r == "bathroom"]
    begins, ends, share = (
        activations.count(kitchen),
        activations.count(kitchen, ends=True),
        activations.share(kitchen),
    )
    order, opens, closes = (
        activations.in_order(bath, kitchen),
        activations.starts_with(bath),
        activations.ends_with(kitchen),
    )
    for i in range(len(activations)):
        events = slow(random_log, i)
        sensors = [s for _, s, sign in events if sign]
        rooms = [room[s] for s in sensors]
        assert activations.n_activations[i] == len(sensors)
        assert begins[i] == rooms.count("kitchen")
        assert ends[i] == sum(room[s] == "kitchen" and not sign for _, s, sign in events)
        assert share[i] == pytest.approx(rooms.count("kitchen") / max(len(rooms), 1))
        assert activations.n_rooms[i] == len(set(rooms))
        assert activations.n_moves[i] == sum(a != b for a, b in itertools.pairwise(rooms))
        assert opens[i] == (rooms[:1] == ["bathroom"])
        assert closes[i] == (rooms[-1:] == ["kitchen"])
        after_bath = rooms[rooms.index("bathroom") :] if "bathroom" in rooms else []
        assert order[i] == ("kitchen" in after_bath)


def test_lengths_and_silences_equal_the_slow_version(random_log: WindowSet) -> None:
    activations = build_activations(random_log)[random_log.home.name]
    every = random_log.events.with_row_index("row")
    times = [t.timestamp() for t in every["time"].to_list()]
    person = {s.id for s in random_log.home.sensors if s.is_activity and s.type != "temperature"}
    marks = [
        i for i, (s, state) in enumerate(every.select("sensor", "state").iter_rows())
        if s in person and state not in ENDS
    ]  # fmt: skip
    for i, window in enumerate(random_log.windows.iter_rows(named=True)):
        first, stop = window["first_event"], window["first_event"] + window["n_events"]
        inside = times[first:stop]
        gaps = [b - a for a, b in itertools.pairwise(inside)]
        assert activations.duration_s[i] == pytest.approx(inside[-1] - inside[0])
        assert activations.pause_s[i] == pytest.approx(max(gaps, default=0))
        before = [times[m] for m in marks if m < first]
        after = [times[m] for m in marks if m >= stop]
        assert activations.before_s[i] == pytest.approx(inside[0] - before[-1] if before else np.inf)
        assert activations.after_s[i] == pytest.approx(after[0] - inside[-1] if after else np.inf)


def test_a_stay_reaches_over_the_borders_of_its_window(story: WindowSet) -> None:
    activations = build_activations(story)[story.home.name]
    # Third window: M003 ON 23:30:00, M003 ON 23:30:04, M004 ON 23:30:06, all in the bathroom.
    assert activations.stay_s.tolist()[2] == 6
    # First window: kitchen from M005 at 7:00:40 to D002 at 7:01:00, which is in the next window.
    assert activations.stay_s.tolist()[0] == 20
    assert activations.first_sensor[3] == -1  # a thermometer and ends of motion: nobody is seen


def test_saved_signs_are_read_back(random_log: WindowSet, tmp_path: Path) -> None:
    activations = build_activations(random_log)[random_log.home.name]
    write_activations(tmp_path / "activations.npz", {"a": activations})
    again = read_activations(tmp_path / "activations.npz", "a")["a"]
    assert again.sensors == activations.sensors
    for name in ("offset", "window", "begins", "first_at", "stay_s", "after_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(activations, name))
    assert activations.positions(["nothing"]).tolist() == [MAX_POSITION] * len(activations)


def activations_of(story: WindowSet, windows: pl.DataFrame) -> Activations:
    return build_activations(replace(story, windows=windows))[story.home.name]


def test_no_window_and_no_event_of_a_person(story: WindowSet) -> None:
    none = activations_of(story, story.windows.head(0))
    assert len(none) == 0
    assert none.count(["M001"]).tolist() == []
    quiet = activations_of(story, story.windows.filter(pl.col("split") == "test"))
    assert quiet.n_activations.tolist() == [0]
    assert quiet.share(["M007"]).tolist() == [0]
