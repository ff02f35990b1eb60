"""What a question names and the home has no sensor near."""

import datetime as dt

import pytest

from discover.homes import load_home, unknown_home
from discover.query import parse_question
from discover.serving.absent_things import Absent, absent_things, stand_in
from discover.serving.home_lexicon import home_lexicon

DEMO = home_lexicon(load_home("demo"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("someone plays the piano", [Absent("piano", "")]),
        ("someone plays piano at night", [Absent("piano", "")]),
        ("two people in the garage", [Absent("garage", "")]),
        ("someone swims in the swimming pool", [Absent("swimming pool", "")]),
        ("feeding fish at the aquariums", [Absent("aquarium", "")]),
        ("someone uses the rice cooker", [Absent("rice cooker", "kitchen")]),
        ("from the attic to the balcony", [Absent("attic", ""), Absent("balcony", "")]),
    ],
)
def test_things_that_the_home_lacks(text: str, found: list[Absent]) -> None:
    assert absent_things(text, DEMO) == found


@pytest.mark.parametrize(
    "text",
    [
        "someone opens the fridge at night",
        "someone goes from the bedroom to the bathroom",
        "a light breakfast",
        "someone studies late",
        "someone sleeps long on a weekend",
        "midnight snack",
        "jemand öffnet nachts den Kühlschrank",
    ],
)
def test_nothing_is_missing(text: str) -> None:
    assert absent_things(text, DEMO) == []


def test_a_home_of_which_nothing_is_known_is_not_said_to_lack_things() -> None:
    assert absent_things("someone plays the piano", home_lexicon(unknown_home("mine"))) == []


def test_the_activity_that_a_thing_serves_stands_for_it_else_its_room() -> None:
    text = "tablets taken, then a nap on the couch, then the desk"
    query = parse_question(text, home_lexicon(unknown_home("mine")), dt.datetime(2024, 5, 15, 20))
    absent = [Absent("sofa", "living room"), Absent("desk", "office", "working"), Absent("piano", "")]
    added = stand_in(query, absent).wanted[len(query.wanted) :]
    assert [(t.kind, t.name, t.words) for t in added] == [
        ("room", "living room", "sofa"), ("activity", "working", "desk"),
    ]  # fmt: skip
    once = stand_in(query, [Absent("medicine cabinet", "bathroom", "taking medicine")])
    assert [t.name for t in once.wanted].count("taking medicine") == 1
