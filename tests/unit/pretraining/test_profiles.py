"""Profiles of windows: counts, times and states around a window, against a count by hand and a slow loop."""

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.home import Home, Sensor
from discover.core.tables import EVENTS
from discover.pretraining.profiles import HABITS, N_SPANS, PROFILE, SCENE, SENSORS_PER_WINDOW, window_profiles

SENSORS = (
    Sensor(id="D1", type="door", room="kitchen", object="fridge"),
    Sensor(id="M1", type="motion", room="bedroom", object="bed"),
    Sensor(id="M2", type="motion", room="kitchen"),
    Sensor(id="T1", type="temperature", room="kitchen"),
)
HOME = Home(name="small", sensors=SENSORS)
START = dt.datetime(2024, 1, 6, 18, 0)  # a Saturday
STATES = ("CLOSE", "OFF", "ON", "OPEN", "VALUE")
FAR = (10_800.0, 3_600.0, 1_800.0, 900.0, 480.0, 240.0, 120.0, 60.0, 20.0)


def events(rows: list[tuple[float, str, str]]) -> pl.DataFrame:
    rows = sorted(rows, key=lambda row: row[0])
    table = {
        "time": [START + dt.timedelta(seconds=s) for s, _, _ in rows],
        "sensor": [sensor for _, sensor, _ in rows],
        "state": [state for _, _, state in rows],
        "value": [20.0 if state == "VALUE" else None for _, _, state in rows],
        "resident": [None] * len(rows),
        "line": list(range(1, len(rows) + 1)),
    }
    types = {**EVENTS, "sensor": pl.Enum([s.id for s in SENSORS]), "state": pl.Enum(STATES)}
    return pl.DataFrame(table, schema=types)  # type: ignore[arg-type]


def window(start_s: float, end_s: float) -> pl.DataFrame:
    times = [START + dt.timedelta(seconds=s) for s in (start_s, end_s)]
    return pl.DataFrame(
        {"start": times[:1], "end": times[1:]},
        schema_overrides=dict.fromkeys(("start", "end"), pl.Datetime("us")),
    )


def test_profile_of_one_window_by_hand() -> None:
    log = events(
        [
            (-100, "M1", "ON"),
            (-90, "M1", "OFF"),
            (0, "M2", "ON"),
            (15, "D1", "OPEN"),
            (20, "D1", "CLOSE"),
            (30, "M2", "OFF"),
            (50, "T1", "VALUE"),
            (70, "M1", "ON"),
        ]
    )
    found = window_profiles(HOME, log, window(0, 30))
    assert found.profiles.shape == (1, SENSORS_PER_WINDOW, PROFILE)
    assert found.scenes.shape == (1, SCENE)
    assert found.habits.shape == (4, HABITS)
    place = {int(s): k for k, s in enumerate(found.sensors[0]) if s >= 0}
    assert set(place) == {0, 1, 2}  # thermometers show nobody
    assert place[1] == 2  # what is inside the window comes first
    one = np.log1p(1) / 2
    door = found.profiles[0, place[0]].astype(float)
    assert np.flatnonzero(door[:N_SPANS]).tolist() == [10]  # the second third of the window
    assert abs(door[10] - one) < 1e-3
    assert abs(door[N_SPANS + 10] - 0.5) < 0.01  # open for 5 of its 10 seconds
    assert abs(door[2 * N_SPANS] - one) < 1e-3  # a person closed it
    assert abs(door[2 * N_SPANS + 3] - 0.5) < 0.01  # first used in the middle
    bed = found.profiles[0, place[1]].astype(float)
    assert np.flatnonzero(bed[:N_SPANS]).tolist() == [6, 13]  # two minutes before, a minute after
    assert abs(bed[2 * N_SPANS + 1] - np.log1p(100) / 8) < 1e-2
    assert abs(bed[2 * N_SPANS + 2] - np.log1p(40) / 8) < 1e-2
    kitchen = found.profiles[0, place[2]].astype(float)
    assert np.allclose(kitchen[N_SPANS + 9 : N_SPANS + 12], 1, atol=0.01)
    scene = found.scenes[0].astype(float)
    assert abs(scene[0] - np.sin(2 * np.pi * 18.00417 / 24)) < 1e-2
    assert scene[4] == 1  # the weekend


def test_what_never_ends_is_not_on_for_ever() -> None:
    found = window_profiles(
        HOME, events([(0, "M1", "ON"), (90_000, "M2", "ON"), (90_001, "M2", "OFF")]), window(90_000, 90_001)
    )
    assert found.sensors[0].tolist()[:2] == [2, -1]


def test_events_after_twelve_hours_on_go_off() -> None:
    log = events(
        [(0, "M1", "ON"), (1, "M2", "ON"), (55_000, "M2", "ON"), (55_100, "M2", "OFF"), (60_000, "M1", "OFF")]
    )
    found = window_profiles(HOME, log, window(55_000, 55_050))
    assert 1 not in found.sensors[0].tolist()  # on for more than twelve hours: its end was lost


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 4_000), st.floats(1, 600))
def test_counts_and_shares_equal_a_slow_loop(seed: int, start_s: float, length_s: float) -> None:
    rng = np.random.default_rng(seed)
    rows = []
    for name, states in (("M1", ("ON", "OFF")), ("M2", ("ON", "OFF")), ("D1", ("OPEN", "CLOSE"))):
        times = np.round(np.sort(rng.uniform(-12_000, 16_000, size=60)), 3)
        rows += [(float(t), name, states[i % 2]) for i, t in enumerate(times)]
    start_s, end_s = round(start_s, 3), round(start_s + length_s, 3)
    found = window_profiles(HOME, events(rows), window(start_s, end_s))
    borders = [start_s - f for f in FAR] + [start_s + (end_s - start_s) * i / 3 for i in range(3)]
    borders += [end_s, *(end_s + f for f in reversed(FAR))]
    for k, sensor in enumerate(found.sensors[0].tolist()):
        if sensor < 0:
            continue
        own = sorted(row for row in rows if row[1] == SENSORS[sensor].id)
        for span in range(N_SPANS):
            low, high = borders[span], borders[span + 1]
            begun = sum(1 for t, _, s in own if s in ("ON", "OPEN") and low <= t < high)
            assert abs(float(found.profiles[0, k, span]) - np.log1p(begun) / 2) < 2e-3
            on = sum(
                max(0.0, min(off[0], high) - max(on[0], low))
                for on, off in zip(own[::2], own[1::2], strict=True)
            )
            assert abs(float(found.profiles[0, k, N_SPANS + span]) - on / (high - low)) < 2e-3


def test_a_window_does_not_depend_on_the_others_asked_with_it() -> None:
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 90_000, size=400))
    rows = [(float(t), ("M1", "M2")[i % 2], ("ON", "OFF")[(i // 2) % 2]) for i, t in enumerate(times)]
    log = events(rows)
    both = pl.concat([window(80_000, 80_060), window(1_000, 1_060)])
    together = window_profiles(HOME, log, both)
    for i, w in enumerate((window(80_000, 80_060), window(1_000, 1_060))):
        alone = window_profiles(HOME, log, w)
        assert np.array_equal(alone.sensors[0], together.sensors[i])
        assert np.allclose(alone.profiles[0], together.profiles[i], atol=2e-3)
