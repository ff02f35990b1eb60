"""Shorthand, talk around a question, misspellings, clock times beside a night: kinds once read wrongly."""

import datetime as dt

import pytest
from everyday_reading import INF, read, wanted

from discover.query.parsed_query import Bounds
from discover.query.wordings import peeled, spelled_out


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("would you say Dad naps in the afternoon", ["napping"]),
        ("Mum told me that she went out yesterday", ["going out"]),
        ("what I would really like to know is whether he cooks", ["cooking"]),
        ("I was wondering if she cooked on Monday", ["cooking"]),
        ("my sister was meant to look in on Saturday, did anybody visit", ["visitors"]),
        ("could it be that he went out at night", ["going out"]),
        ("the lady next door says he goes out at night", ["going out"]),
        ("my husband thinks he's out every evening", ["going out"]),
        ("I'm worried that he gets up at night", ["getting up"]),
        ("she looked tired, did she nap yesterday", ["napping"]),
        ("I haven't seen her since Monday, has she cooked", ["cooking"]),
    ],
)
def test_talk_around_a_question_refuses_nothing(text: str, names: list[str]) -> None:
    query = read(text)
    assert (query.refused, wanted(query), query.unwanted) == (None, names, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("would you say that Mum is lonely", "feeling"),
        ("the nurse says she is sad", "feeling"),
        ("I'd really like to know what she said", "speech"),
        ("did he eat, and was he happy", "feeling"),
        ("was it my sister who came round", "identity"),
        ("could it be that she will fall tomorrow", "future"),
    ],
)
def test_what_is_asked_inside_the_talk_is_still_refused(text: str, reason: str) -> None:
    assert read(text).refused == reason


def test_a_frame_that_denies_knowledge_denies_nothing_else() -> None:
    query = read("I don't know whether she ate yesterday")
    assert (query.asks, wanted(query), query.unwanted) == ("whether", ["eating"], ())
    denied = read("Mum said that she didn't eat yesterday")
    assert (wanted(denied), [t.name for t in denied.unwanted]) == ([], ["eating"])
    assert read("last thing he does before bed").asks == "what last"  # no "last question"
    assert peeled("i don't know") == ("i don't know", False)  # nothing else is left


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("> 10 min", "more than 10 min"),
        ("<5 visits", "less than 5 visits"),
        (">= 3x", "at least 3x"),
        ("3+ hrs", "at least 3 hrs"),
        ("40 min plus", "at least 40 min"),
        ("twice+", "at least twice"),
        ("3 ppl b4 0300", "3 people before 03:00"),
        ("no. of naps", "number of naps"),
        ("the loo x2 last nite", "the loo 2 times last night"),
        ("w/o the tv on Sat", "without the tv on saturday"),
        ("she sat on the sofa", "she sat on the sofa"),
        ("approx 2h", "about 2h"),
        ("2200-0600", "between 22:00 and 06:00"),
        ("since 2019", "since 2019"),
        ("three or more per night", "at least three times per night"),
        ("from 2024-05-01 to 2024-05-09", "from 2024-05-01 to 2024-05-09"),
        ("new year's eve", "new year's eve"),
    ],
)
def test_shorthand_in_words(text: str, plain: str) -> None:
    assert spelled_out(text) == plain


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("front door between 10 and 12 last night", (22.0, 24.0)),
        ("in the kitchen between 6 and 8 yesterday evening", (18.0, 20.0)),
        ("in the bedroom after 11 last night", (23.0, 5.0)),
        ("kettle on at half 4 am", (4.0, 5.0)),
        ("in the hall at half 4 in the night", (4.0, 5.0)),
        ("in the kitchen between 3 and 5 yesterday afternoon", (15.0, 17.0)),
        ("in the kitchen before quarter past 3", (0.0, 3.25)),
        ("in the kitchen between 2200 and 0130", (22.0, 1.5)),
    ],
)
def test_clock_times_beside_a_part_of_the_day(text: str, hours: tuple[float, float]) -> None:
    query = read(text)
    assert (query.hours, query.unread) == ((hours,), ())


@pytest.mark.parametrize(
    "text", ["not up once last night", "not up a single time last night", "didn't get up at all last night"]
)
def test_what_strengthens_a_denial_is_no_amount(text: str) -> None:
    query = read(text)
    assert ([t.name for t in query.unwanted], query.times, query.unread) == (["getting up"], None, ())
    assert read("up not more than once last night").times == Bounds(high=1)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("three or more toilet visits per night", 3, INF), ("loo x3-4/night", 3, 4), ("loo >2x/night", 3, INF)],
)
def test_amounts_per_night(text: str, low: float, high: float) -> None:
    query = read(text)
    assert (query.asks, query.times) == ("find", Bounds(low=low, high=high))


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("how many people in the kitchen", None),
        ("3 ppl in the kitchen", Bounds(low=3, high=3)),
        ("was he home by himself on Saturday night", Bounds(low=1, high=1)),
        ("on his own in the kitchen", Bounds(low=1, high=1)),
        ("in the kitchen with company", Bounds(low=2)),
        ("two of them in the kitchen", Bounds(low=2, high=2)),
    ],
)
def test_people(text: str, people: Bounds | None) -> None:
    query = read(text)
    assert (query.people, query.unread) == (people, ())


def test_a_slip_of_two_letters_names_the_thing() -> None:
    assert wanted(read("how many shwoers has he had")) == ["showering"]
    assert wanted(read("did she have a showr")) == ["showering"]


def test_an_unknown_sensor_is_not_understood() -> None:
    assert read("co2 too high in the bedroom").unread == ("co2",)


def test_days_and_comparisons_in_short() -> None:
    days = read("naps since the beginning of April").days
    assert days is not None
    assert (days.first, days.last) == (dt.date(2024, 4, 1), dt.date(2024, 5, 15))
    query = read("sleep onset earlier relative to baseline")
    assert query.comparison is not None
    assert (query.asks, query.comparison.direction, query.unread) == ("compare", "earlier", ())
    # An amount beside a day compares nothing.
    assert read("slept less than 4h last night").comparison is None
    assert read("had she popped out on Friday").lasts is None
    two = read("I don't know if she's eaten, has she cooked")
    assert (wanted(two), two.ordered) == (["eating", "cooking"], False)


def test_what_stands_before_its_denial_is_denied() -> None:
    query = read("coffee machine not used on Monday")
    assert (wanted(query), [t.name for t in query.unwanted]) == ([], ["hot drink"])


def test_an_amount_a_day_drops_no_thing() -> None:
    query = read("tv on > 6h/day")
    assert (query.asks, wanted(query), query.lasts) == ("find", ["tv"], Bounds(low=21_600))


def test_a_phrase_does_not_reach_over_a_comma() -> None:
    query = read("nobody picked up, was she out")
    assert (wanted(query), query.unwanted) == (["going out"], ())
