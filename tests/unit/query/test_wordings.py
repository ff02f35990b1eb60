"""Kinds of everyday wording that a rule once read as another question."""

import datetime as dt

import pytest
from everyday_reading import INF, read, wanted

from discover.query.parsed_query import Bounds


@pytest.mark.parametrize(
    ("text", "asks", "names"),
    [
        ("I'd like to know how often she cooks", "how often", ["cooking"]),
        ("I wonder whether dad ate", "whether", ["eating"]),
        ("any idea what time she went to bed", "when", ["going to bed"]),
        ("could you check if he took his pills please", "whether", ["taking medicine"]),
        ("show me when she went out", "find", ["going out"]),
        ("she went out, didn't she?", "whether", ["going out"]),
        ("does it look like he slept", "whether", ["sleeping"]),
        ("did he put the cooker on", "whether", ["stove"]),
        ("she turns the tv off", "find", ["tv"]),
    ],
)  # fmt: skip
def test_politeness_is_no_part_of_the_question(text: str, asks: str, names: list[str]) -> None:
    query = read(text)
    assert (query.asks, wanted(query), query.refused, query.unread) == (asks, names, None, ())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("before going to bed he took his tablets", ["taking medicine", "going to bed"]),
        ("after breakfast did he go out?", ["breakfast", "going out"]),
        ("went to the fridge on the way back from the toilet", ["toilet", "fridge"]),
        ("came home and went straight to bed", ["coming home", "going to bed"]),
        ("when she comes home does she go to bed", ["coming home", "going to bed"]),
        ("medicine prior to breakfast", ["taking medicine", "breakfast"]),
        ("as soon as she got up she cooked", ["getting up", "cooking"]),
    ],
)
def test_order_is_the_order_of_events_not_of_words(text: str, names: list[str]) -> None:
    query = read(text)
    assert query.ordered
    assert wanted(query) == names


def test_either_order_and_either_thing_are_no_order() -> None:
    query = read("does dad have breakfast before or after his shower")
    assert not query.ordered
    assert query.unread == ("before", "after")
    assert read("in the kitchen or the bathroom").either


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("days with fewer than two meals", 0, 1),
        ("nights with more than three awakenings", 4, INF),
        ("three naps in one day", 3, 3),
        ("kept going to the fridge", 3, INF),
        ("three or four trips to the loo", 3, 4),
        ("is she going to the toilet more than five times a night", 6, INF),
        ("days with more than two fridge openings", 3, INF),
    ],
)
def test_a_number_of_things_is_how_often_they_happen(text: str, low: float, high: float) -> None:
    query = read(text)
    assert query.times == Bounds(low=low, high=high)
    assert query.unread == ()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("was anybody with her on Sunday", 2, INF),
        ("the pair of them in the kitchen", 2, INF),
        ("motion in two rooms at the same time", 2, INF),
        ("nobody else in the kitchen", 1, 1),
        ("is he not alone in the evening", 2, INF),
        ("only one person in the kitchen", 1, 1),
    ],
)
def test_people_at_once(text: str, low: float, high: float) -> None:
    query = read(text)
    assert query.people == Bounds(low=low, high=high)
    assert query.unwanted == ()


def test_two_dates_are_two_days_and_neighbours_one_span() -> None:
    days = read("did mum go out on the 3rd and the 10th").days
    assert days is not None
    assert days.runs == ((dt.date(2024, 5, 3),) * 2, (dt.date(2024, 5, 10),) * 2)
    span = read("did mum go out today or yesterday").days
    assert span is not None
    assert (span.first, span.last, span.runs) == (dt.date(2024, 5, 14), dt.date(2024, 5, 15), ())


def test_a_rate_keeps_its_unit_and_a_grouping_is_not_understood() -> None:
    assert (read("hours per week in the office").asks, read("hours per week in the office").per) == (
        "how long",
        "week",
    )
    assert read("washing machine runs per week").per == "week"
    assert read("no visitors for a week").per == ""
    grouped = read("average bedtime per weekday")
    assert (grouped.weekdays, grouped.unread) == ((), ("per weekday",))


def test_a_superlative_of_a_day_names_no_activity_and_one_of_an_hour_no_day() -> None:
    quiet = read("which evening was the quietest")
    assert (quiet.wanted, quiet.extreme and quiet.extreme.of) == ((), "count")
    hour = read("what's the busiest hour of the day")
    assert hour.extreme is None
    assert "busiest" in hour.unread
    assert read("which room is used the most in the evening").extreme is None
    most = read("most time in the office").extreme
    assert most is not None
    assert (most.of, most.high) == ("hours", True)


@pytest.mark.parametrize(
    ("text", "direction", "of"),
    [
        ("was she more active on Saturdays than on Tuesdays", "more", ""),
        ("is mum going out less these days?", "less", ""),
        ("is he getting up later lately", "later", "clock"),
        ("has he been sleeping longer this week", "more", "hours"),
        ("compare time out of home in March and April", "different", "hours"),
    ],
)
def test_comparisons_without_than(text: str, direction: str, of: str) -> None:
    query = read(text)
    assert query.comparison is not None
    assert (query.asks, query.comparison.direction, query.comparison.of) == ("compare", direction, of)
    assert query.unread == ()


@pytest.mark.parametrize(
    "than", ["in", "he did in", "back in", "he did back in", "just before", "all through"]
)
def test_days_after_than_are_what_the_present_is_compared_with_and_not_the_days_asked(than: str) -> None:
    query = read(f"is he getting less sleep than {than} April")
    assert (query.asks, query.days, query.unread) == ("compare", None, ())
    assert query.comparison is not None
    assert query.comparison.direction == "less"
    assert query.comparison.days is not None


def test_misspelled_words_are_read_and_said_and_names_are_left_alone() -> None:
    query = read("how oftn did he go to the bathrom yesturday")
    assert (query.asks, query.days is not None, len(query.notes)) == ("how often", True, 3)
    assert "dorris" in read("did Dorris go out").unread


def test_last_thirty_days_are_days_and_christmas_day_is_one() -> None:
    days = read("toilet visits, past 30 days").days
    assert days is not None
    assert (days.first, days.last) == (dt.date(2024, 4, 16), dt.date(2024, 5, 15))
    feast = read("was he out on Christmas Day").days
    assert feast is not None
    assert feast.first == feast.last == dt.date(2023, 12, 25)


@pytest.mark.parametrize(
    ("text", "asks", "present", "absent"),
    [
        ("nothing happened between 9 and 11", "find", ["quiet"], []),
        ("stayed in all weekend", "find", [], ["going out"]),
        ("days when he left before eight", "find", ["going out"], []),
        ("did she lock up before bed", "whether", ["bed"], []),
        ("someone came in after midnight", "find", ["coming home"], []),
        ("someone comes in at the front door", "find", ["front door"], []),
        ("isn't she usually in bed by ten", "whether", ["bed"], []),
        ("has he not been up yet", "whether", [], ["getting up"]),
        ("last Tuesday evening in the kitchen", "find", ["kitchen"], []),
        ("breakfast straight after the shower", "find", ["shower", "breakfast"], []),
        ("putting a wash on", "find", ["laundry"], []),
        ("was he up watching telly", "whether", ["watching television"], []),
        ("was dad home by six last night", "whether", ["coming home"], []),
    ],
)  # fmt: skip
def test_small_words_change_what_happens(text: str, asks: str, present: list[str], absent: list[str]) -> None:
    query = read(text)
    assert (query.asks, wanted(query), [t.name for t in query.unwanted]) == (asks, present, absent)


@pytest.mark.parametrize(
    "text",
    [
        "one in the kitchen and another in the bathroom",
        "both were in the kitchen",
        "somebody was with him in the kitchen",
        "a few people in the kitchen",
        "with her husband in the kitchen",
        "more than one in the kitchen",
    ],
)
def test_company_in_many_words(text: str) -> None:
    query = read(text)
    assert query.people == Bounds(low=2)
    assert "kitchen" in wanted(query)
    assert query.unread == ()


def test_what_sounds_like_a_negation_and_is_none() -> None:
    assert wanted(read("no sooner had he come home than he went to bed")) == ["coming home", "going to bed"]
    on = read("the tv was never switched off")
    assert (wanted(on), on.unwanted) == (["tv"], ())
    assert read("just one person in the house").people == Bounds(low=1, high=1)


def test_out_of_bed_is_no_outing() -> None:
    for text in ("number of times out of bed per night", "how often is she out of bed at night"):
        assert (wanted(read(text)), read(text).asks) == (["getting up"], "how often"), text


def test_days_ago_are_no_length() -> None:
    query = read("someone in the bathroom three days ago")
    assert (query.lasts, query.days and query.days.first) == (None, dt.date(2024, 5, 12))
    assert [clause.kind for clause in query.clauses] == ["at"]
