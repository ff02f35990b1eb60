"""The bank of situations: how many, how worded; and what is true of which window of a small life."""

import datetime as dt
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.home import Home, Sensor
from discover.core.tables import EVENTS
from discover.pretraining.daily_life import DailyLife, Spells
from discover.pretraining.meanings import meanings
from discover.pretraining.situation_loss import situation_loss
from discover.pretraining.situation_truth import situation_truth
from discover.pretraining.situations import SituationBank, situation_source, situations
from discover.simulator import RandomLife, RandomLifeConfig, simulate_random
from discover.simulator.catalogue import activities

KEYS = [s.key for s in situations()]
SENSORS = (
    Sensor(id="D1", type="door", room="cuisine", object="fridge"),
    Sensor(id="D2", type="door", room="hall", object="front door"),
    Sensor(id="M1", type="motion", room="cuisine"),
    Sensor(id="M2", type="motion", room="bed room"),
    Sensor(id="P1", type="power", room="salon", object="television"),
)
KINDS = {"cuisine": "kitchen", "hall": "hallway", "bed room": "bedroom", "salon": "living"}
MONDAY = dt.datetime(2024, 1, 8)
STATES = ("CLOSE", "OFF", "ON", "OPEN")


def at(hour: float) -> dt.datetime:
    return MONDAY + dt.timedelta(hours=hour)


@cache
def _any_life() -> RandomLife:
    return simulate_random(RandomLifeConfig(seed=3, days=1))


def small_life(
    rows: list[tuple[int, str, float, float, str, str, int | None]],
    events: list[tuple[float, str, str]],
    kept: list[tuple[str, float, float, str]] | None = None,
) -> RandomLife:
    """Rows: who, activity, begin and end hour, room, place, row around it. Events: hour, sensor, state."""
    who, activity, begin, end, room, place, nested = zip(*rows, strict=True)
    truth = pl.DataFrame(
        {
            "resident": pl.Series(who, dtype=pl.Int16),
            "activity": activity,
            "begin": pl.Series([at(h) for h in begin], dtype=pl.Datetime("us")),
            "end": pl.Series([at(h) for h in end], dtype=pl.Datetime("us")),
            "room": room,
            "place": place,
            "nested_in": pl.Series(nested, dtype=pl.Int32),
        }
    )
    log = {
        "time": [at(h) for h, _, _ in events],
        "sensor": [s for _, s, _ in events],
        "state": [s for _, _, s in events],
        "value": [None] * len(events),
        "resident": [None] * len(events),
        "line": list(range(1, len(events) + 1)),
    }
    types = {**EVENTS, "sensor": pl.Enum([s.id for s in SENSORS]), "state": pl.Enum(STATES)}
    situations_found = _any_life().situations.clear()
    if kept:
        rows_kept = [(k, at(b), at(e), 0, "", thing) for k, b, e, thing in kept]
        situations_found = pl.DataFrame(rows_kept, schema=situations_found.schema, orient="row")
    return replace(
        _any_life(),
        true_home=Home(name="small", sensors=SENSORS),
        room_kinds=KINDS,
        events=pl.DataFrame(log, schema=types),  # type: ignore[arg-type]
        truth=truth,
        situations=situations_found,
    )


def windows(*spans: tuple[float, float]) -> pl.DataFrame:
    types = dict.fromkeys(("start", "end"), pl.Datetime("us"))
    return pl.DataFrame({"start": [at(a) for a, _ in spans], "end": [at(b) for _, b in spans]}, types)


LIFE = small_life(
    [
        (0, "sleep", 0.0, 7.0, "bed room", "bed", None),
        (1, "sleep", 0.0, 8.0, "bed room", "bed", None),
        (0, "bed_to_toilet", 2.0, 2.1, "hall", "toilet", 0),
        (0, "bed_to_toilet", 4.0, 4.1, "hall", "toilet", 0),
        (0, "cook_breakfast", 7.0, 7.3, "cuisine", "counter", None),
        (0, "eat_breakfast", 7.3, 7.6, "salon", "couch", None),
        (0, "watch_tv", 7.6, 11.0, "salon", "couch", None),
        (1, "leave_home", 8.0, 8.05, "hall", "", None),
        (1, "out_work", 8.05, 17.0, "outside", "", None),
        (0, "get_drink", 9.0, 9.03, "cuisine", "fridge", 6),
        (0, "leave_home", 11.0, 11.05, "hall", "", None),
        (0, "out_shopping", 11.05, 11.5, "outside", "", None),
        (0, "enter_home", 11.5, 11.55, "hall", "", None),
        (0, "cook_dinner", 17.0, 18.5, "cuisine", "stove", None),
        (1, "enter_home", 17.0, 17.05, "hall", "", None),
        (1, "cook_dinner", 17.5, 18.5, "cuisine", "stove", None),
    ],
    [
        (2.0, "M2", "ON"),
        (2.01, "M2", "OFF"),
        (7.01, "M1", "ON"),
        (7.02, "D1", "OPEN"),
        (7.1, "D1", "CLOSE"),
        (7.6, "P1", "ON"),
        (9.01, "M1", "ON"),
        (11.04, "D2", "OPEN"),
        (11.05, "D2", "CLOSE"),
        (11.5, "D2", "OPEN"),
        (17.6, "M1", "ON"),
        (20.0, "P1", "OFF"),
    ],
    [("left_open", 7.2, 8.0, "fridge")],
)
ASKED = windows(
    (2.0, 2.05),  # 0: up in the night
    (4.02, 4.06),  # 1: up once more
    (7.0, 7.1),  # 2: breakfast is made
    (7.3, 7.5),  # 3: breakfast on the couch
    (9.0, 9.02),  # 4: a drink in the middle of the film
    (10.0, 10.0),  # 5: a moment of the film
    (11.1, 11.4),  # 6: everybody is out
    (11.5, 11.5),  # 7: back from the shop
    (17.6, 18.4),  # 8: both cook dinner
)
# Situation -> windows of which it is true, false and not known, by hand.
BY_HAND = {
    "nobody_home": ([6], [0, 1, 2, 3, 4, 5, 7, 8], []),
    "two_at_home": ([0, 1, 2, 3, 8], [4, 5, 6, 7], []),
    "one_up_one_asleep": ([0, 1, 2, 3], [4, 5, 6, 7, 8], []),
    "everyone_home": ([0, 1, 2, 3, 8], [4, 5, 6, 7], []),
    "up_again_at_night": ([1], [0, 2, 3, 4, 5, 6, 7, 8], []),
    "somebody_in.kitchen": ([2, 4, 8], [0, 1, 3, 5, 6, 7], []),
    "nobody_in.kitchen": ([0, 1, 3, 5, 6, 7], [2, 4, 8], []),
    "two_in.kitchen": ([8], [0, 1, 2, 3, 4, 5, 6, 7], []),
    "long_stay.living_room": ([3, 5], [0, 1, 2, 4, 6, 7, 8], []),
    "sat_for_hours": ([4, 5], [0, 1, 2, 3, 6, 7, 8], []),
    "used.fridge": ([2], [0, 1, 3, 4, 5, 6, 7, 8], []),
    "used.television": ([4, 5, 6, 7, 8], [0, 1, 2, 3], []),
    "used.kettle": ([], [], [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    "fridge_left_open": ([3], [0, 1, 2, 4, 5, 6, 7, 8], []),
    "just_came_home": ([7], [0, 1, 2, 3, 4, 5, 6, 8], []),
    "tv_interrupted": ([4], [0, 1, 2, 3, 5, 6, 7, 8], []),
    "before_dawn": ([1], [0, 2, 3, 4, 5, 6, 7, 8], []),
    "weekend": ([], list(range(9)), []),
    "together.cook": ([8], [0, 1, 2, 3, 4, 5, 6, 7], []),
    "after_waking.cook": ([2], [0, 1, 3, 4, 5, 6, 7, 8], []),
    "others_asleep.eat": ([3], [0, 1, 2, 4, 5, 6, 7, 8], []),
    "on_couch.eat": ([3], [0, 1, 2, 4, 5, 6, 7, 8], []),
    "lasting.watch_tv": ([4, 5], [0, 1, 2, 3, 6, 7, 8], []),
    "long.cook_dinner": ([8], [0, 1, 2, 3, 4, 5, 6, 7], []),
    "interrupted.watch_tv": ([4, 5], [0, 1, 2, 3, 6, 7, 8], []),
}


def test_truth_of_a_small_life_is_what_a_reader_finds() -> None:
    table = situation_truth(LIFE, ASKED)
    assert table.shape == (len(ASKED), len(KEYS))
    assert table.dtype == np.uint8
    for key, wanted in BY_HAND.items():
        column = table[:, KEYS.index(key)]
        assert tuple(np.flatnonzero(column == value).tolist() for value in (1, 0, 255)) == wanted, key


def test_an_opposite_is_never_true_where_its_situation_is() -> None:
    life = simulate_random(RandomLifeConfig(seed=8, days=2, residents=2))
    starts = np.sort(np.random.default_rng(0).choice(life.events["time"].to_numpy(), 120))
    asked = pl.DataFrame({"start": starts, "end": starts + np.timedelta64(240, "s")})
    table = situation_truth(life, asked)
    assert set(np.unique(table)) <= {0, 1, 255}
    for key in (
        "nobody_home",
        "nobody_in.kitchen",
        "nobody_asleep",
        "no_guests",
        "someone_out",
        "quick.cook_dinner",
    ):
        one = table[:, KEYS.index(key)]
        other = table[:, KEYS.index(situations()[KEYS.index(key)].opposite)]
        assert not ((one == 1) & (other == 1)).any(), key
    # Windows asked alone get the answers that they get among others.
    assert np.array_equal(situation_truth(life, asked[40:43]), table[40:43])


def test_four_hundred_activities_and_situations_have_forty_wordings() -> None:
    assert [s.key for s in situations() if len(s.sentences) < 40] == []
    assert [m.key for m in meanings() if len(m.sentences) < 40] == []
    assert len(situations()) + len(meanings()) >= 400
    assert len(set(KEYS)) == len(KEYS)


def test_wordings_are_whole_sentences() -> None:
    placeholders = "|".join([*situation_source()["words"], "ROOM", "FIRST", "SECOND"])
    for one in (*situations(), *meanings()):
        for sentence in one.sentences:
            words = re.findall(r"[\w'-]+", sentence.lower())
            doubled = [a for a, b in pairwise(words) if a == b]
            assert not doubled, sentence
            assert not re.search(rf"[(){{}}|]|  |\b({placeholders})\b", sentence), sentence
            assert sentence == sentence.strip(), sentence


def test_sentences_of_opposites_and_situations_are_told_apart() -> None:
    seen: dict[str, str] = {}
    for one in situations():
        for sentence in one.sentences:
            assert seen.setdefault(sentence, one.key) == one.key, (sentence, seen[sentence], one.key)
    back = {s.key: s.opposite for s in situations() if s.opposite}
    assert all(back[other] == key for key, other in back.items())


def test_the_bank_names_activities_and_kinds_of_the_simulator() -> None:
    known = set(activities()["activities"])
    source = situation_source()
    assert {name for act in source["acts"].values() for name in act["covers"]} <= known
    assert {act for manner in source["manners"].values() for act in manner["acts"]} <= set(source["acts"])


def test_a_drawn_wording_belongs_to_its_situation() -> None:
    sentences = SituationBank.sentences()
    numbers = np.arange(len(sentences), dtype=np.float32)[:, None]
    drawn = SituationBank(numbers).draw(np.random.default_rng(0))[:, 0].astype(int)
    for one, row in zip(situations(), drawn, strict=True):
        assert sentences[row] in one.sentences


def test_the_loss_is_the_mean_of_pairs_counted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    logits, per_home = rng.normal(size=(8, 3)), 4
    truth = rng.choice([0, 1, 255], size=(8, 3), p=[0.4, 0.4, 0.2])
    opposites = [1, 0, -1]
    sums, counts = np.zeros((2, 3)), np.zeros((2, 3))
    for n in range(3):
        for i in range(8):
            home, place = divmod(i, per_home)
            partners = [home * per_home + (place + shift) % per_home for shift in (1, 2)]
            for j in [*partners, (i + per_home) % 8]:
                if {truth[i, n], truth[j, n]} == {0, 1}:
                    sign = 1 if truth[i, n] == 1 else -1
                    sums[0, n] += np.log1p(np.exp(-sign * (logits[i, n] - logits[j, n])))
                    counts[0, n] += 1
            if opposites[n] >= 0 and truth[i, n] == 1 and truth[i, opposites[n]] == 0:
                sums[1, n] += np.log1p(np.exp(-(logits[i, n] - logits[i, opposites[n]])))
                counts[1, n] += 1
    weights = np.sqrt(counts)
    wanted = (sums / np.maximum(counts, 1) * weights).sum(axis=1) / weights.sum(axis=1)
    found = situation_loss(
        torch.tensor(logits, dtype=torch.float32),
        torch.tensor(truth, dtype=torch.uint8),
        torch.tensor(opposites),
        per_home,
    )
    assert float(found) == pytest.approx(wanted.sum(), rel=1e-5)


stretch = st.tuples(st.integers(0, 60), st.integers(0, 15))


@given(st.lists(stretch, max_size=8), st.lists(stretch, min_size=1, max_size=5))
def test_spells_answer_as_a_walk_over_each_moment_does(
    parts: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    begin, length = np.array([*parts, (0, 0)], dtype=np.int64).T
    spells = Spells.union(begin, begin + length)
    covered = np.zeros(100, dtype=bool)
    for first, size in parts:
        covered[first : first + size] = True
    starts = [t for t in range(100) if covered[t] and (t == 0 or not covered[t - 1])]
    assert spells.begin.tolist() == starts
    start, size = np.array(asked, dtype=np.int64).T
    end = start + size
    share, begins = spells.share(start, end), spells.begins(start, end)
    for i, (low, high) in enumerate(zip(start, end, strict=True)):
        assert share[i] == pytest.approx(covered[low : max(high, low + 1)].mean())
        assert begins[i] == sum(low <= t <= high for t in starts)


DONE = (
    ("sleep", "bed room", "bed"),
    ("cook_dinner", "cuisine", "stove"),
    ("watch_tv", "salon", "couch"),
    ("out_work", "outside", ""),
)
days = st.lists(st.tuples(st.integers(0, 3), st.integers(5, 90)), min_size=1, max_size=6)


@settings(max_examples=25)
@given(
    st.tuples(days, days),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), min_size=1, max_size=6),
)
def test_truth_is_that_of_a_walk_over_every_minute(
    plans: tuple[list[tuple[int, int]], ...], asked: list[tuple[int, int]]
) -> None:
    """Two people do one thing after another from midnight on; windows begin and end at whole minutes."""
    told: list[tuple[int, str, float, float, str, str, int | None]] = []
    minutes: list[list[tuple[int, int]]] = [[], []]
    for who, plan in enumerate(plans):
        for what, length in [*plan, (3, 1000)]:
            begin = len(minutes[who])
            told.append((who, DONE[what][0], begin / 60, (begin + length) / 60, *DONE[what][1:], None))
            minutes[who] += [(what, length)] * length
    table = situation_truth(
        small_life(told, [(0.0, "M2", "ON")]), windows(*((a / 60, (a + n) / 60) for a, n in asked))
    )

    def held(minute: int) -> dict[str, int]:
        now = [own[minute] for own in minutes]
        home = [what for what, _ in now if what != 3]
        return {
            "one_at_home": len(home) == 1,
            "company_at_home": len(home) == 2,
            "nobody_home": not home,
            "someone_asleep": 0 in home,
            "all_asleep": 0 in home and {*home} == {0},
            "one_up_one_asleep": 0 in home and {*home} != {0},
            "two_in.kitchen": home == [1, 1],
            "at_couch": 2 in home,
            "sat_half_hour": sum(what == 2 and length >= 30 for what, length in now),
            "long.cook_dinner": sum(what == 1 and length >= 50 for what, length in now),
            "quick.cook_dinner": sum(what == 1 and length <= 15 for what, length in now),
        }

    for row, (first, length) in zip(table, asked, strict=True):
        each = [held(minute) for minute in range(first, first + length)]
        for key in each[0]:
            share = sum(one[key] for one in each) / length
            # "Nobody" holds of a whole window, all else of its larger part.
            most, least = (0.98, 0.5) if key == "nobody_home" else (0.5, 0.02)
            wanted = 1 if share >= most else 0 if share <= least else 255
            assert row[KEYS.index(key)] == wanted, (key, share)


rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(1, 6), st.booleans()), min_size=1, max_size=8
)


@given(rows)
def test_distances_in_a_life_are_those_of_a_slow_search(parts: list[tuple[int, int, int, bool]]) -> None:
    minute = 60_000_000
    truth = pl.DataFrame(
        {
            "resident": [p[0] for p in parts],
            "activity": ["sleep" if p[3] else "read" for p in parts],
            "begin": [p[1] * minute for p in parts],
            "end": [(p[1] + p[2]) * minute for p in parts],
            "room": ["salon"] * len(parts),
            "place": [""] * len(parts),
            "nested_in": pl.Series([None] * len(parts), dtype=pl.Int32),
        }
    )
    life = DailyLife.of(truth, KINDS)
    wanted = life.does(("sleep",))
    before, after = life.previous_end(wanted), life.next_begin(wanted)
    for i, (who, begin, length, _) in enumerate(parts):
        own = [p for p in parts if p[0] == who and p[3]]
        ends = [begin - p[1] - p[2] for p in own if p[1] + p[2] <= begin]
        begins = [p[1] - begin - length for p in own if p[1] >= begin + length]
        assert before[i] == min(ends, default=np.inf)
        assert after[i] == min(begins, default=np.inf)
