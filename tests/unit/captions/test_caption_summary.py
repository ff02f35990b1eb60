"""Window summaries against a slow version written window by window from the definitions."""

from collections import Counter
from types import ModuleType

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.captions.facts import home_facts
from discover.captions.summary import Pattern, WindowSummary, summarise_windows
from discover.core.home import Home, Sensor
from discover.core.tables import SPLITS
from discover.core.window_set import WindowSet

IDS = ("D1", "D2", "I1", "M1", "M2", "M3", "M4", "M5", "T1", "X1")
STATES = ("ABSENT", "CLOSE", "OFF", "ON", "OPEN", "PRESENT", "VALUE")
HOME = Home(
    name="h",
    sensors=(
        Sensor(id="D1", type="door", room="hall", object="front door"),
        Sensor(id="D2", type="door", room="kitchen", object="refrigerator"),
        Sensor(id="I1", type="item", room="kitchen", object="kettle"),
        Sensor(id="M1", type="motion", room="hall"),
        Sensor(id="M2", type="motion", room="kitchen", object="stove"),
        Sensor(id="M3", type="motion", room="bedroom", object="bed"),
        Sensor(id="M4", type="motion", room="bathroom"),
        Sensor(id="M5", type="motion", room="hall", object="front door"),
        Sensor(id="T1", type="temperature", room="kitchen"),
        Sensor(id="X1", type="motion"),
    ),
)


def summarise(events: list[tuple[str, str]], sizes: list[int]) -> tuple[WindowSummary, WindowSet]:
    times = pl.Series(np.arange(len(events)) * 2_000_000).cast(pl.Datetime("us"))
    table = pl.DataFrame(
        {
            "time": times,
            "sensor": pl.Series([e[0] for e in events], dtype=pl.Enum(IDS)),
            "state": pl.Series([e[1] for e in events], dtype=pl.Enum(STATES)),
        }
    )
    first = np.cumsum([0, *sizes[:-1]])
    windows = pl.DataFrame(
        {
            "window_id": [str(i) for i in range(len(sizes))],
            "home": HOME.name,
            "split": pl.Series(["train"] * len(sizes), dtype=pl.Enum(SPLITS)),
            "first_event": first,
            "n_events": pl.Series(sizes, dtype=pl.Int32),
            "start": times.gather(first),
            "end": times.gather(first + np.array(sizes) - 1),
        }
    )
    window_set = WindowSet.of(HOME, table, windows)
    codes = [table[c].to_physical().to_numpy().astype(np.int64) for c in ("sensor", "state")]
    return summarise_windows(window_set, home_facts(HOME, table), codes[0], codes[1]), window_set


def shows_somebody(sensor: Sensor, state: str) -> bool:
    if state == "VALUE":
        return False
    return sensor.type in ("door", "item") or (
        sensor.type == "motion" and state not in ("OFF", "CLOSE", "ABSENT")
    )


def slow_rooms(events: list[tuple[str, str]]) -> tuple[int, list[str], list[str]]:
    """Pattern, path and main rooms of one window, from the words of the definition."""
    known = [(HOME.sensor(s), k) for s, k in events if HOME.sensor(s).room != "unknown_room"]
    rooms = [s.room for s, k in known if shows_somebody(s, k)] or [s.room for s, _ in known]
    if not rooms:
        return Pattern.NOWHERE, [], []
    visits = [r for i, r in enumerate(rooms) if i == 0 or r != rooms[i - 1]]
    order = list(dict.fromkeys(rooms))
    counts = Counter(rooms)
    busiest = sorted(order, key=lambda r: (-counts[r], order.index(r)))
    if len(order) == 1:
        pattern = Pattern.STAYS
    elif len(order) == 2:
        pattern = {2: Pattern.GOES, 3: Pattern.RETURNS}.get(len(visits), Pattern.ALTERNATES)
    else:
        pattern = Pattern.PASSES if len(visits) == len(order) else Pattern.ROAMS
    path = sorted(busiest[:3], key=order.index)
    if pattern == Pattern.PASSES:
        middle = [r for r in busiest if r not in (visits[0], visits[-1])]
        path = [visits[0], middle[0], visits[-1]]
    return pattern, path, busiest[:2]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_rooms_equal_the_slow_version(data: st.DataObject) -> None:
    event = st.tuples(st.sampled_from(IDS), st.sampled_from(STATES))
    windows = data.draw(st.lists(st.lists(event, min_size=1, max_size=9), min_size=1, max_size=4))
    summary, window_set = summarise([e for w in windows for e in w], [len(w) for w in windows])
    facts = home_facts(HOME, window_set.events)
    name = {"hall": "hallway"}
    for i, window in enumerate(windows):
        pattern, path, main = slow_rooms(window)
        assert summary.pattern[i] == pattern
        found = [
            [facts.places[c].name for c in codes if c >= 0]
            for codes in (summary.path[i], summary.main_rooms[i])
        ]
        assert found[0] == [name.get(r, r) for r in path]
        assert found[1] == [name.get(r, r) for r in main]
        assert summary.n_activations[i] == sum(shows_somebody(HOME.sensor(s), k) for s, k in window)
        moves = [s for s, k in window if HOME.sensor(s).type == "motion" and k in ("ON", "OPEN", "PRESENT")]
        assert summary.n_moves[i] == len(moves)


def told(summary: WindowSummary, window_set: WindowSet, row: int = 0) -> list[str]:
    facts = home_facts(HOME, window_set.events).facts
    return [facts[f].short for f in summary.facts[row] if f >= 0]


def test_uses_come_before_presence_and_frequent_before_rare() -> None:
    events = [("M2", "ON")] * 5 + [("D2", "OPEN"), ("I1", "ABSENT"), ("I1", "ABSENT"), ("M3", "ON")]
    assert told(*summarise(events, [9])) == ["kettle taken", "fridge opened", "at the stove"]


def test_closing_is_left_out_beside_opening_and_told_alone() -> None:
    assert told(*summarise([("D2", "OPEN"), ("D2", "CLOSE")], [2])) == ["fridge opened"]
    assert told(*summarise([("D2", "CLOSE"), ("D2", "CLOSE")], [2])) == ["fridge closed"]


def test_being_at_a_door_is_left_out_beside_opening_it() -> None:
    assert told(*summarise([("M5", "ON"), ("D1", "OPEN")], [2])) == ["front door opened"]
    assert told(*summarise([("M5", "ON"), ("M5", "OFF")], [2])) == ["at the front door"]


def test_facts_of_one_window_do_not_leak_into_the_next() -> None:
    summary, window_set = summarise([("D2", "OPEN"), ("M1", "ON"), ("M1", "ON"), ("D2", "CLOSE")], [2, 2])
    assert told(summary, window_set, 0) == ["fridge opened"]
    assert told(summary, window_set, 1) == ["fridge closed"]


def test_three_times_is_repeatedly() -> None:
    summary, _ = summarise([("D2", "OPEN")] * 2 + [("D2", "OPEN")] * 3, [2, 3])
    assert summary.repeated[:, 0].tolist() == [False, True]


def test_motion_off_is_no_sign_of_somebody_but_still_says_where() -> None:
    summary, window_set = summarise([("M3", "OFF"), ("M3", "OFF"), ("M2", "ON"), ("M3", "OFF")], [2, 2])
    places = home_facts(HOME, window_set.events).places
    assert [places[c].name for c in summary.path[:, 0]] == ["bedroom", "kitchen"]
    assert summary.n_activations.tolist() == [0, 1]


def test_what_ends_by_itself_is_no_sign_of_somebody() -> None:
    """A seat left or a motion sensor's OFF says nothing; a door that closes or a lamp switched off does."""
    kinds = ("motion", "pressure", "door", "light", "item", "temperature", "battery", "control")
    sensors = tuple(Sensor(id=f"S{i}", type=kind, room="kitchen") for i, kind in enumerate(kinds))
    table = pl.DataFrame(schema={"sensor": pl.Enum([s.id for s in sensors]), "state": pl.Enum(["OFF", "ON"])})
    signs = home_facts(Home(name="h", sensors=sensors), table).person_of
    assert dict(zip(kinds, signs[:, 0].tolist(), strict=True)) == {
        "motion": False, "pressure": False, "door": True, "light": True, "item": True,
        "temperature": False, "battery": False, "control": False,
    }  # fmt: skip
    assert dict(zip(kinds, signs[:, 1].tolist(), strict=True)) == {
        "motion": True, "pressure": True, "door": True, "light": True, "item": True,
        "temperature": False, "battery": False, "control": False,
    }  # fmt: skip


def test_a_log_with_one_sensor_does(small_homes: ModuleType) -> None:
    home = Home(name="h", sensors=(Sensor(id="a", type="unknown"),))
    table = small_homes.events_table([0, 1, 2], ["M001"] * 3)
    assert home_facts(home, table).places == ()
