"""Query words: what is read from a sentence in a home, what is cut from it, and how windows meet it."""

import datetime as dt
import doctest
from types import ModuleType

import numpy as np
import pytest

from discover.core.home import Home, Sensor
from discover.core.window_set import WindowSet
from discover.query import Lexicon, ParsedQuery, WindowTimes, match_query, matching, parse_question
from discover.query import amounts as query_amounts
from discover.query.amounts import find_durations, find_room_counts, find_times
from discover.query.matching import PREDICATE_WEIGHT
from discover.retrieval import build_activations
from discover.retrieval.day_clock import week_minutes
from discover.serving.home_lexicon import home_lexicon


@pytest.fixture(scope="module")
def home(small_homes: ModuleType) -> Home:
    return small_homes.small_home()  # type: ignore[no-any-return]


NOW = dt.datetime(2021, 3, 2)


def read(text: str, home: Home) -> ParsedQuery:
    return parse_question(text, home_lexicon(home), NOW)


def meanings_of(text: str, lexicon: Lexicon) -> list[str]:
    return [meaning for _, meaning in parse_question(text, lexicon, NOW).conditions()]


def meanings(text: str, home: Home) -> list[str]:
    return meanings_of(text, home_lexicon(home))


# sentence -> what it means in the small home, and what is embedded (None: the sentence itself)
DENIED = [
    ("busy in the kitchen but not at the stove", ["nothing at or in the stove", "at or in the kitchen"],
     "busy in the kitchen"),
    ("without opening the fridge, someone stands at the stove", ["fridge not opened", "at or in the stove"],
     "someone stands at the stove"),
    ("the fridge is not opened", ["fridge not opened"], "someone is at home"),
    ("the front door stays closed", ["front door not opened"], "someone is at home"),
    ("no stove or shower is used at night",
     ["nothing at or in the stove", "nothing at or in the shower", "21:00–5:00"], "at night"),
    ("in the bedroom and never in the kitchen", ["nothing at or in the kitchen", "at or in the bedroom"],
     "in the bedroom"),
    ("someone sits on the sofa without getting up", ["at or in the couch"], "someone sits on the sofa"),
    ("someone never leaves the kitchen", ["nowhere but the kitchen"], "someone is at home"),
    ("a visit to the kitchen, but not in the morning", ["at or in the kitchen", "12:00–5:00"],
     "a visit to the kitchen"),
    ("somewhere else than in the bathroom", ["nothing at or in the bathroom"], "someone is at home"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "embedded"), DENIED)
def test_what_a_sentence_denies_is_a_condition_and_is_not_embedded(
    text: str, expected: list[str], embedded: str, home: Home
) -> None:
    assert meanings(text, home) == expected
    assert read(text, home).embedded == embedded


AFFIRMED = [
    ("from the bedroom to the bathroom", ["bedroom → bathroom"]),
    ("into the kitchen from the hall", ["hallway → kitchen"]),
    (
        "someone goes to the kitchen, then to the bathroom, then to the bedroom",
        ["kitchen → bathroom → bedroom"],
    ),
    ("in the bedroom after being in the bathroom", ["bathroom → bedroom"]),
    ("someone goes to the bedroom after the bathroom", ["bathroom → bedroom"]),
    ("from the sofa to the fridge and back", ["couch → fridge → couch"]),
    ("out of bed in the morning", ["bed → elsewhere", "5:00–12:00"]),
    (
        "back and forth between the kitchen and the bedroom",
        ["6 or more changes of room between kitchen and bedroom"],
    ),
    ("walks through the hall", ["through the hallway"]),
    ("a walk through four or more rooms", ["4 rooms or more"]),
    ("someone walks around", ["2 or more changes of room"]),
    ("at the stove or in the shower", ["at or in the stove or shower"]),
    ("the fridge and the kettle are used", ["fridge used", "kettle used"]),
    ("the fridge is opened twice", ["fridge opened at least 2 times"]),
    ("the fridge is closed", ["fridge closed"]),
    ("a quick look into the fridge", ["fridge used", "brief (the shortest tenth of the windows)"]),
    ("a long stay in the bathroom", ["at or in the bathroom", "long (the longest quarter of the windows)"]),
    ("in the kitchen for more than ten minutes", ["at or in the kitchen", "lasting 10 min or more"]),
    ("a few seconds in the kitchen", ["at or in the kitchen", "lasting at most 10 s"]),
    ("the whole time in bed", ["nowhere but the bed", "long (the longest quarter of the windows)"]),
    ("lies in bed with hardly any movement", ["few signs of movement", "at or in the bed"]),
    ("a pause of at least a minute", ["a silence of 1 min or more"]),
    ("nothing moves for more than half an hour afterwards", ["nothing for 30 min afterwards"]),
    ("after a long silence someone is in the hall", ["nothing for 10 min before", "at or in the hallway"]),
    ("someone leaves the house", ["front door used", "nothing for 10 min afterwards"]),
    ("comes home in the evening", ["front door used", "nothing for 10 min before", "17:00–21:00"]),
    ("making breakfast", ["5:00–11:00"]),
    ("is anyone in the loo?", ["at or in the toilet"]),
    ("back under the covers after using the toilet", ["toilet → bed"]),
    ("to the kitchen and back", ["elsewhere → kitchen → elsewhere"]),
    ("brushing teeth before bed", []),
    ("takes forever in the bathroom", ["at or in the bathroom", "long (the longest quarter of the windows)"]),
    ("in the small hours in the kitchen", ["at or in the kitchen", "0:00–5:00"]),
    ("someone prepares a meal", []),
    ("not only that", []),
]


@pytest.mark.parametrize(("text", "expected"), AFFIRMED)
def test_what_a_sentence_affirms_is_a_condition_and_stays(text: str, expected: list[str], home: Home) -> None:
    assert meanings(text, home) == expected
    assert read(text, home).embedded == text


def test_lengths_and_counts() -> None:
    assert doctest.testmod(query_amounts).failed == 0
    said = {
        "90 seconds or less": (0, 90),
        "at least one and a half minutes": (90, np.inf),
        "2 h": (5400, 10800),
    }
    for text, (low, high) in said.items():
        assert [(a.low, a.high) for a in find_durations(text)] == [(low, high)]
    rooms = {
        "more than two rooms": (3, np.inf),
        "exactly two rooms": (2, 2),
        "no more than two rooms": (0, 2),
    }
    for text, (low, high) in rooms.items():
        assert [(a.low, a.high) for a in find_room_counts(text)] == [(low, high)]
    assert [
        found.low for t in ("twice", "five times", "again and again", "once") if (found := find_times(t)[0])
    ] == [2, 5, 3, 1]


def test_words_of_another_home_mean_its_own_places() -> None:
    sensors = (
        Sensor(id="a", type="motion", room="master_bedroom"),
        Sensor(id="b", type="motion", room="guest_bedroom", object="bed in guest bedroom"),
        Sensor(id="c", type="motion", room="bathroom", object="bathtub"),
        Sensor(id="d", type="door", room="kitchen", object="dishes cabinet"),
        Sensor(id="e", type="door", room="kitchen", object="cutlery drawer"),
        Sensor(id="t", type="temperature", room="kitchen", object="oven"),
    )
    lexicon = home_lexicon(Home(name="other", sensors=sensors))
    assert lexicon["bedroom"].sensors == {"a", "b"}
    assert lexicon["guest bedroom"].sensors == {"b"}
    assert lexicon["shower"].sensors == {"c"}  # the closest object of this home
    assert lexicon["dish cupboard"].sensors == lexicon["cupboard"].sensors == {"d"}
    assert lexicon["door"].doors == {"d", "e"}  # nothing here is called a door
    assert "oven" not in lexicon  # a thermometer says nothing of who is there
    assert "garage" not in lexicon
    assert meanings_of("fetching crockery", lexicon) == ["dish cabinet used"]
    assert meanings_of("washing the plates", lexicon) == []  # what is kept in it, not taken out of it


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("from the bedroom to the kitchen", 0),
        ("the fridge is opened", 1),
        ("in the kitchen without the kettle", 1),
        ("only in the bathroom", 2),
        ("nobody is in the bathroom, the hall and the kitchen", 3),
        ("a silence of more than 25 seconds", 0),
        ("only a few seconds", 2),
        ("at night", 2),
    ],
)
def test_the_window_that_fits_meets_most(text: str, best: int, home: Home, story: WindowSet) -> None:
    lexicon, activations = home_lexicon(home), build_activations(story)[story.home.name]
    times = WindowTimes(week_minutes(story.windows["start"]))
    match = match_query(read(text, home), "prefer", lexicon, activations, times)
    assert match.bonus is not None
    assert int(np.argmax(match.bonus)) == best
    assert match.mask is None


def test_a_filter_lets_nothing_else_through_and_gives_way_where_nothing_fits(
    home: Home, story: WindowSet
) -> None:
    lexicon, activations = home_lexicon(home), build_activations(story)[story.home.name]
    times = WindowTimes(week_minutes(story.windows["start"]))
    allowed = np.array([True, False, False, True])
    met = match_query(read("not in the kitchen", home), "filter", lexicon, activations, times, allowed)
    assert met.mask is not None
    assert met.mask.tolist() == [False, False, False, True]
    assert met.bonus is None
    none = match_query(
        read("the fridge is opened at night", home), "filter", lexicon, activations, times, allowed
    )
    assert none.n_met == 0
    assert "nearest come first" in none.note
    assert none.mask is allowed
    assert none.bonus is not None


def test_there_and_back_begins_and_ends_elsewhere(home: Home, story: WindowSet) -> None:
    lexicon, activations = home_lexicon(home), build_activations(story)[story.home.name]
    times = WindowTimes(week_minutes(story.windows["start"]))
    found = match_query(read("into the hall and back", home), "prefer", lexicon, activations, times).bonus
    assert found is not None
    assert (found > 1).tolist() == [True, True, False, False]  # the second: kitchen, hall, kitchen


def test_a_condition_is_met_from_half_on_and_the_bonus_is_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = [
        np.array([0.49, 0.5, 1.0, 1.0], dtype=np.float32),
        np.array([1.0, 1.0, 0.5, 0.0], dtype=np.float32),
    ]
    monkeypatch.setattr(matching, "window_scores", lambda *_: scores)
    query, times = ParsedQuery(text="anything"), WindowTimes(np.zeros(4, dtype=np.int16))
    met = match_query(query, "filter", Lexicon({}), None, times)
    assert met.mask is not None
    assert met.mask.tolist() == [False, True, True, False]
    assert (met.n_met, met.bonus, met.note) == (2, None, "")
    preferred = match_query(query, "prefer", Lexicon({}), None, times)
    assert (preferred.n_met, preferred.mask) == (2, None)
    assert preferred.bonus == pytest.approx(PREDICATE_WEIGHT * np.array([1.49, 1.5, 1.5, 1.0]))
