"""Exact wording on windows made for it."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from discover.captions import CaptionConfig, caption_windows
from discover.captions.compose import choose_forms, hash_ids
from discover.captions.phrases import clock, per_combination
from discover.core.day_parts import DAY_PARTS
from discover.core.home import Home, Sensor
from discover.core.tables import SPLITS
from discover.core.window_set import WindowSet

HOME = Home(
    name="h",
    sensors=(
        Sensor(id="D1", type="door", room="entry", object="front door"),
        Sensor(id="D2", type="door", room="kitchen", object="refrigerator"),
        Sensor(id="I1", type="item", room="kitchen", object="bowl"),
        Sensor(id="M1", type="motion", room="hall"),
        Sensor(id="M2", type="motion", room="kitchen", object="stove"),
        Sensor(id="M3", type="motion", room="bedroom", object="bed"),
        Sensor(id="W1", type="water", room="kitchen"),
        Sensor(id="T1", type="temperature", room="kitchen"),
    ),
)
IDS = tuple(s.id for s in HOME.sensors)
STATES = ("ABSENT", "CLOSE", "OFF", "ON", "OPEN", "PRESENT", "VALUE")
MORNING = datetime(2021, 3, 6, 6, 50)  # a Saturday


def one_window(
    events: list[tuple[float, str, str]], start: datetime = MORNING, home: Home = HOME, window_id: str = "w"
) -> WindowSet:
    """Events as (second, sensor, state)."""
    times = pl.Series([start + timedelta(seconds=s) for s, _, _ in events]).cast(pl.Datetime("us"))
    table = pl.DataFrame(
        {
            "time": times,
            "sensor": pl.Series([e[1] for e in events], dtype=pl.Enum(IDS)),
            "state": pl.Series([e[2] for e in events], dtype=pl.Enum(STATES)),
            "value": pl.Series([1.0 if e[2] == "VALUE" else None for e in events], dtype=pl.Float64),
        }
    )
    windows = pl.DataFrame(
        {
            "window_id": [window_id],
            "home": ["h"],
            "split": pl.Series(["train"], dtype=pl.Enum(SPLITS)),
            "first_event": [0],
            "n_events": pl.Series([len(events)], dtype=pl.Int32),
            "start": times[:1],
            "end": times[-1:],
        }
    )
    return WindowSet.of(home, table, windows)


def captions(window_set: WindowSet, style: str = "baseline", n: int = 8) -> list[str]:
    return caption_windows(window_set, CaptionConfig(style=style, n_captions=n))["caption"].to_list()


BREAKFAST = [
    (0, "M3", "ON"),
    (5, "M1", "ON"),
    (9, "M2", "ON"),
    (12, "D2", "OPEN"),
    (14, "D2", "CLOSE"),
    (15, "M3", "OFF"),
    (30, "I1", "ABSENT"),
    (58, "M2", "ON"),
]


def test_structured_says_four_parts() -> None:
    assert captions(one_window(BREAKFAST), "structured", 2) == [
        "From 6:50 am to 6:50 am, lasting 58 seconds, mainly in the kitchen and in the bedroom, most active "
        "the door sensor at the fridge and the motion sensor at the stove.",
        "Mainly in the kitchen and in the bedroom, most active the door sensor at the fridge and the motion "
        "sensor at the stove, from 6:50 am to 6:50 am, lasting 58 seconds.",
    ]


def test_baseline_sentences() -> None:
    told = captions(one_window(BREAKFAST))
    assert (
        "Someone walks from the bedroom through the hallway to the kitchen around 7 am for about a minute "
        "and opens the fridge." in told
    )
    weekend = [t for t in told if t.startswith("On the weekend ")]
    assert len(weekend) == 1
    assert weekend[0].endswith(
        " someone walks from the bedroom through the hallway to the kitchen, with little movement."
    )
    assert "The fridge is opened and the bowl is taken in the kitchen and in the bedroom around 7 am." in told


def test_both_voices_are_used() -> None:
    told = " ".join(captions(one_window(BREAKFAST)))
    assert "someone walks" in told.lower()
    assert "is opened" in told


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(0, "M2", "ON"), (9, "M2", "ON")], "stays in the kitchen"),
        ([(0, "M3", "ON"), (9, "M2", "ON")], "goes from the bedroom to the kitchen"),
        (
            [(0, "M3", "ON"), (9, "M2", "ON"), (20, "M3", "ON")],
            "goes from the bedroom to the kitchen and back",
        ),
        (
            [(0, "M3", "ON"), (9, "M2", "ON"), (20, "M3", "ON"), (30, "M2", "ON")],
            "moves back and forth between the bedroom and the kitchen",
        ),
        (
            [(0, "M3", "ON"), (9, "M2", "ON"), (20, "M1", "ON"), (30, "M2", "ON")],
            "moves around between the bedroom, the kitchen and the hallway",
        ),
    ],
)
def test_movement_between_rooms(events: list[tuple[float, str, str]], expected: str) -> None:
    told = captions(one_window(events))
    assert sum(f"omeone {expected}" in t for t in told) == 3


@pytest.mark.parametrize("part", DAY_PARTS, ids=lambda p: p.name)
def test_day_parts_change_exactly_at_their_borders(part: object) -> None:
    begin = datetime(2021, 3, 3) + timedelta(hours=part.begin_hour)  # type: ignore[attr-defined]
    last = datetime(2021, 3, 3) + timedelta(hours=part.end_hour, microseconds=-1)  # type: ignore[attr-defined]
    before = DAY_PARTS[DAY_PARTS.index(part) - 1]  # type: ignore[arg-type]
    words = (part.words, part.also)  # type: ignore[attr-defined]

    def told(at: datetime) -> str:
        return " ".join(captions(one_window([(0, "M2", "ON"), (1, "M2", "ON")], at))).lower()

    assert any(w in told(begin) for w in words)
    assert any(w in told(last) for w in words)
    assert any(w in told(begin - timedelta(microseconds=1)) for w in (before.words, before.also))
    others = {w for p in DAY_PARTS if p != part for w in (p.words, p.also)}
    assert not any(w in told(begin) for w in others if not any(w in own for own in words))


def test_weekdays_and_weekends() -> None:
    for days, words in (
        (0, "on the weekend"),
        (1, "on the weekend"),
        (2, "on a weekday"),
        (6, "on a weekday"),
    ):
        told = captions(one_window([(0, "M2", "ON")], MORNING + timedelta(days=days)))
        assert sum(words in t.lower() for t in told) == 1


def test_hours_are_rounded_to_the_nearest() -> None:
    for hour, minute, words in (
        (0, 10, "midnight"),
        (23, 45, "midnight"),
        (12, 29, "noon"),
        (16, 31, "5 pm"),
    ):
        told = captions(one_window([(0, "M2", "ON")], datetime(2021, 3, 3, hour, minute)))
        assert any(f"around {words}" in t for t in told)


def test_a_home_without_motion_sensors_has_signals_not_movement() -> None:
    told = " ".join(captions(one_window([(0, "I1", "ABSENT"), (30, "D2", "OPEN")])))
    assert "signals in the kitchen" in told or "signals only in the kitchen" in told
    assert "movement" not in told.replace("only movement", "")


def test_unknown_rooms_are_somewhere_in_the_home() -> None:
    bare = Home(name="h", sensors=())
    told = captions(one_window([(0, "M1", "ON"), (5, "M2", "ON")], home=bare))
    assert any("about the home" in t for t in told)


def test_water_runs_and_closing_the_door_alone_is_told() -> None:
    assert any("runs the water" in t for t in captions(one_window([(0, "W1", "VALUE")])))
    assert any("closes the front door" in t for t in captions(one_window([(0, "D1", "CLOSE")])))


def test_a_window_of_temperatures_has_captions() -> None:
    told = captions(one_window([(0, "T1", "VALUE"), (9, "T1", "VALUE")]))
    assert len(set(told)) == 8


def test_sentences_are_short() -> None:
    assert max(len(t.split()) for t in captions(one_window(BREAKFAST))) <= 32


@pytest.mark.parametrize(
    ("below", "words", "beyond"),
    [
        (15, "a few seconds", "about half a minute"),
        (45, "about half a minute", "about a minute"),
        (90, "about a minute", "about 2 minutes"),
        (150, "about 2 minutes", "about 3 minutes"),
        (240, "about 3 minutes", "about 5 minutes"),
        (450, "about 5 minutes", "about 10 minutes"),
        (750, "about 10 minutes", "about a quarter of an hour"),
        (1050, "about a quarter of an hour", "about 20 minutes"),
        (1500, "about 20 minutes", "about half an hour"),
        (2700, "about half an hour", "about an hour"),
        (5400, "about an hour", "about 2 hours"),
        (9000, "about 2 hours", "about 3 hours"),
        (14400, "about 3 hours", "many hours"),
    ],
)
def test_sentences_round_durations_at_these_borders(below: int, words: str, beyond: str) -> None:
    for last, said in ((below - 0.1, words), (below, beyond)):
        told = captions(one_window([(0, "M2", "ON"), (last, "M2", "ON")]))
        assert any(f"for {said} " in t.lower() for t in told), told


@pytest.mark.parametrize(
    ("signs", "last_s", "amount"),
    [
        (5, 2, "steady movement"),  # counted over half a minute: ten a minute
        (1, 2, "hardly any movement"),
        (3, 60, "little movement"),
        (7, 60, "little movement"),
        (8, 60, "steady movement"),
        (19, 60, "steady movement"),
        (20, 60, "a lot of movement"),
        (5, 120, "hardly any movement"),
    ],
)
def test_amount_is_signs_per_minute(signs: int, last_s: float, amount: str) -> None:
    moments = np.linspace(0, last_s, signs) if signs > 1 else np.array([0.0])
    events = [(float(s), "M1", "ON") for s in moments]
    told = captions(one_window([*events, (last_s, "M1", "OFF")]))
    assert any(amount in t.lower() for t in told), told
    others = {"hardly any movement", "little movement", "steady movement", "a lot of movement"} - {amount}
    assert not any(other in t.lower() for t in told for other in others)


def test_clock() -> None:
    assert [clock(m) for m in (0, 432, 719, 720, 1439)] == [
        "12:00 am",
        "7:12 am",
        "11:59 am",
        "12:00 pm",
        "11:59 pm",
    ]


def test_hashes_depend_on_the_id_alone() -> None:
    ids = pl.Series(["a", "window_000001", "b" * 40, "größe"])
    together = hash_ids(ids)
    assert [hash_ids(ids[i : i + 1])[0] for i in range(len(ids))] == together.tolist()
    assert len(set(together.tolist())) == len(ids)


def test_chosen_forms_are_distinct_and_about_uniform() -> None:
    ids = hash_ids(pl.Series([f"w{i}" for i in range(4000)]))
    chosen = choose_forms(ids, 8, 4, seed=0, style="x")
    assert all(len(set(row)) == 4 for row in chosen.tolist())
    counts = np.bincount(chosen.ravel(), minlength=8)
    assert counts.min() > 1800
    assert counts.max() < 2200


def test_parts_are_said_once_per_combination() -> None:
    calls = []

    def say(a: int, b: int) -> str:
        calls.append((a, b))
        return f"{a}/{b}"

    said = per_combination([np.array([-1, 5, -1, 5]), np.array([2, -1, 2, -1])], say)
    assert said.to_list() == ["-1/2", "5/-1", "-1/2", "5/-1"]
    assert len(calls) == 2
