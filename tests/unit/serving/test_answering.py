"""Questions answered from a made-up log whose answers are known."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discover.core.home import Home
from discover.query import ParsedQuery, parse_question
from discover.retrieval.episodes import EventStream, Spans
from discover.serving import evidence
from discover.serving.answer_words import tells
from discover.serving.answering import answer_question
from discover.serving.day_answers import clock_hours
from discover.serving.home_lexicon import home_lexicon
from discover.serving.moments import seconds_inside
from discover.serving.occurrences import Occurrences
from discover.serving.replies import Reply

FIRST = dt.datetime(2024, 5, 1)
NOW = dt.datetime(2024, 5, 15, 20)
HOME = Home.model_validate(
    {
        "name": "known",
        "sensors": [
            {"id": "K", "type": "motion", "room": "kitchen"},
            {"id": "L", "type": "motion", "room": "living_room"},
            {"id": "B", "type": "motion", "room": "bedroom", "object": "bed"},
            {"id": "F", "type": "door", "room": "kitchen", "object": "fridge"},
            {"id": "D", "type": "door", "room": "entrance", "object": "front door"},
        ],
    }
)


def known_log() -> pl.DataFrame:
    """15 days: up at 7, fridge twice at 8 (once on Sundays), out from 14 to 16 but on Saturdays.

    In bed at 22, up once at 3 in the night after each even day. Breakfast in the kitchen from 7:30 to 8:30.
    """
    rows: list[tuple[dt.datetime, str, str]] = []

    def every(day: dt.datetime, sensor: str, begin: float, end: float, minutes: float = 1) -> None:
        for k in range(int((end - begin) * 60 / minutes)):
            rows.append((day + dt.timedelta(hours=begin, minutes=k * minutes), sensor, "ON"))

    for n in range(15):
        day = FIRST + dt.timedelta(days=n)
        every(day, "B", 0, 7, 19)
        if n % 2:  # the night that began on an even day
            every(day, "L", 3, 3.1, 0.5)
        every(day, "L", 7, 7.5)
        every(day, "K", 7.5, 8.5)
        for k in range(1 if day.weekday() == 6 else 2):
            rows += [
                (day + dt.timedelta(hours=8, minutes=20 * k + s / 60), "F", x)
                for s, x in ((1, "OPEN"), (9, "CLOSE"))
            ]
        out = day.weekday() != 5
        every(day, "L", 8.5, 14)
        if out:
            rows += [
                (day + dt.timedelta(hours=14, seconds=s), "D", x) for s, x in ((5, "OPEN"), (9, "CLOSE"))
            ]
            rows += [
                (day + dt.timedelta(hours=16, seconds=s), "D", x) for s, x in ((5, "OPEN"), (9, "CLOSE"))
            ]
        every(day, "L", 16.01 if out else 14, 22)
        every(day, "B", 22, 24, 19)
    rows.sort()
    schema = {"time": pl.Datetime("us"), "sensor": pl.Enum([s.id for s in HOME.sensors]),
              "state": pl.Enum(["ON", "OFF", "OPEN", "CLOSE"])}  # fmt: skip
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.with_columns(value=pl.lit(None, pl.Float32))


@pytest.fixture(scope="module")
def happened() -> Occurrences:
    return Occurrences(EventStream.read(known_log(), HOME), home_lexicon(HOME))


def ask(happened: Occurrences, question: str, now: dt.datetime = NOW) -> Reply:
    query = parse_question(question, happened.lexicon, now)
    return answer_question(query, happened, now=now, top_k=100)


def test_a_count_is_exact_and_its_moments_stand_behind_it(happened: Occurrences) -> None:
    reply = ask(happened, "how often was the fridge opened last week?")
    assert reply.value == pytest.approx(13 / 7)
    assert len(reply.moments) == reply.n_moments == 13
    assert reply.low is None  # 7 days carry no interval
    assert reply.per_day is not None
    assert dict(zip(reply.per_day.days, reply.per_day.values, strict=True))[dt.date(2024, 5, 12)] == 1


def test_an_interval_holds_from_eight_days_on(happened: Occurrences) -> None:
    reply = ask(happened, "how many times a day is the fridge opened")
    assert reply.low is not None
    assert reply.high is not None
    assert reply.low <= 28 / 15 <= reply.high


def test_times_of_day_and_lengths(happened: Occurrences) -> None:
    breakfast = ask(happened, "What time does he usually have breakfast?")
    assert breakfast.value == pytest.approx(7.5, abs=0.05)
    out = ask(happened, "how long is she out on Fridays")
    assert out.value == pytest.approx(2.0, abs=0.02)
    up = ask(happened, "when does she usually get up")
    assert up.value == pytest.approx(7.0, abs=0.05)


def test_getting_up_at_night_is_counted_per_night(happened: Occurrences) -> None:
    reply = ask(happened, "How often did someone get up at night last week?")
    assert reply.n_moments == sum(1 for day in range(6, 13) if (day - 1) % 2 == 0)
    assert all(m.begin.hour == 3 for m in reply.moments)


def test_absence_is_a_day_without_and_never_a_day_with(happened: Occurrences) -> None:
    reply = ask(happened, "nobody went out all day")
    assert {m.begin.date() for m in reply.moments} == {dt.date(2024, 5, 4), dt.date(2024, 5, 11)}
    yes, no = ask(happened, "did she go out yesterday?"), ask(happened, "did she go out last Saturday?")
    assert yes.said.startswith("Yes")
    assert no.said.startswith("The log shows no such moment")


def test_order_length_and_first(happened: Occurrences) -> None:
    follows = ask(happened, "kitchen then living room, last Monday")
    # The hour in the kitchen begins at 7:30; its last ten minutes belong to the way.
    assert [(m.begin.hour, m.begin.minute) for m in follows.moments] == [(8, 20)]
    long = ask(happened, "in the kitchen for more than half an hour last week")
    assert len(long.moments) == 7
    assert ask(happened, "in the kitchen for more than two hours").moments == ()
    assert ask(happened, "when was the front door last opened").moments[0].begin.date() == dt.date(
        2024, 5, 15
    )


def test_a_comparison_says_what_the_days_allow(happened: Occurrences) -> None:
    reply = ask(happened, "is the fridge used less on Sundays than on weekdays")
    assert reply.value == pytest.approx(-1.0)
    assert "there are too few days" in reply.said
    same = ask(happened, "does she get up earlier this week than last week")
    assert same.value == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("who opened the fridge", "tells people apart"),
        ("how often did she shower in 2019", "no sensor"),
        ("how often was the fridge used in June 2019", "runs from 2024-05-01 to 2024-05-15"),
        ("is she lonely", "not what somebody feels"),
        ("frobnicated the gribble", "frobnicated, gribble"),
    ],
)  # fmt: skip
def test_what_the_log_cannot_answer_is_refused_with_the_reason(
    happened: Occurrences, question: str, part: str
) -> None:
    reply = ask(happened, question)
    assert part in reply.refusal
    assert reply.moments == ()
    assert reply.value is None


def _seconds_by_brute_force(spans: Spans, day: int, hours: tuple[float, float]) -> float:
    begin, end = (day * 86_400 + 3600 * h for h in (hours[0], hours[1] + 24 * (hours[1] <= hours[0])))
    second = np.arange(begin, end) + 0.5
    inside = np.zeros(len(second), dtype=bool)
    for a, b in zip(spans.begin_s, spans.end_s, strict=True):
        inside |= (second > a) & (second < b)
    return float(inside.sum())


@given(
    st.lists(st.tuples(st.integers(0, 4 * 86_400), st.integers(1, 30_000)), max_size=12),
    st.sampled_from([(2.0, 4.0), (8.0, 20.0), (22.0, 3.0), (0.0, 24.0)]),
)
def test_time_inside_hours_is_that_of_every_second_counted(
    drawn: list[tuple[int, int]], hours: tuple[float, float]
) -> None:
    begin = np.array([a for a, _ in drawn], dtype=np.float64)
    spans = Spans.of(begin, begin + np.array([n for _, n in drawn], dtype=np.float64))
    days = np.arange(1, 4)
    found = seconds_inside(spans, days, ParsedQuery(text="", hours=(hours,)), nights=False)
    assert found.tolist() == [_seconds_by_brute_force(spans, int(d), hours) for d in days]


def test_hours_asked_cut_stays_that_reach_over_them(happened: Occurrences) -> None:
    rooms = ask(happened, "what happened on May 10th between 10 and 12").said
    assert rooms == "Hours a day by room: living room 2.0, kitchen 0.0, entrance 0.0, bedroom 0.0."
    bedroom = ask(happened, "how long is she in the bedroom on Fridays between 5 and 8 in the morning")
    assert bedroom.value == pytest.approx(2.0, abs=0.01)
    across = ask(happened, "how long was she in the bedroom on May 10th")
    assert across.value == pytest.approx(53 / 6, abs=0.01)  # 0:00 to 7:00 but for ten minutes, 22:00 to 24:00


def test_an_interval_of_hours_stays_inside_the_day_and_is_no_number_where_it_is_too_wide(
    happened: Occurrences,
) -> None:
    out = ask(happened, "how long is she out")
    assert out.low is not None
    assert out.high is not None
    assert 0 <= out.low <= 26 / 15 <= out.high <= 24
    assert out.said.startswith("The sensors do not allow a number: 1 h 44 min a day is seen")
    assert ask(happened, "how long is she in the kitchen").said.startswith(
        "1 h 00 min a day on 15 days (95 %"
    )
    assert (tells(1.0, 0.5, 5.4), tells(1.0, 0.5, 5.6), tells(10.0, 0.0, 50.0)) == (True, False, True)


def test_an_extreme_is_its_moment(happened: Occurrences) -> None:
    late = ask(happened, "what's the latest she's gone to bed")
    assert late.value == pytest.approx(22.0, abs=0.02)
    assert late.said.startswith("The latest: 21:59 on")
    early = ask(happened, "earliest breakfast")
    assert early.value == pytest.approx(7.5)
    long = ask(happened, "longest outing")
    assert long.value == pytest.approx(2.0, abs=0.01)
    assert ask(happened, "shortest night").value == pytest.approx(9.0, abs=0.05)
    without = ask(happened, "the longest time without going out last week")
    assert without.said.startswith("The longest: 46 h 00 min, from Friday 2024-05-10 16:00 to Sunday 14:00")
    assert without.moments[0].begin == dt.datetime(2024, 5, 10, 16, 0, 5)


def test_the_day_with_the_fewest_is_that_day(happened: Occurrences) -> None:
    fewest = ask(happened, "which day was the fridge opened the fewest times")
    assert fewest.value == 1.0
    assert fewest.said == (
        "The fewest: 1 time on Sunday 2024-05-05 (of 15 days, the middle one 2 times; 1 other day alike)."
    )
    assert [m.begin.date() for m in fewest.moments] == [dt.date(2024, 5, 5)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [([22.5, 23.0, 1.0], [22.5, 23.0, 25.0]), ([7.0, 8.0], [7.0, 8.0]), ([0.5], [0.5])],
)  # fmt: skip
def test_a_day_is_cut_where_nothing_begins(hours: list[float], expected: list[float]) -> None:
    begin = np.array([h * 3600 + 86_400 * i for i, h in enumerate(hours)])
    assert clock_hours(Spans.of(begin, begin)).tolist() == expected


def test_every_day_is_answered_by_days_with_and_without(happened: Occurrences) -> None:
    out = ask(happened, "does she go out every day?")
    assert out.value == 13.0
    assert out.said == "On 13 of 15 days. Without it: Sat 2024-05-04, Sat 2024-05-11."
    assert ask(happened, "does she have breakfast every day").said == "On all 15 days."
    assert ask(happened, "on how many days did she not go out").value == 2.0
    assert ask(happened, "on how many days did she have dinner in the kitchen").said == "On 0 of 15 days."


def test_kinds_of_days_are_compared_with_each_other(happened: Occurrences) -> None:
    reply = ask(happened, "how often is the fridge opened on weekdays versus Sundays?")
    assert reply.value == pytest.approx(1.0)
    assert "2 times a day on weekdays, 1 times a day on Sunday" in reply.said
    assert reply.said.endswith("11 and 2 days).")
    either = ask(happened, "is she out longer on Saturdays or Fridays")
    assert either.value == pytest.approx(-2.0, abs=0.01)


def test_some_time_ago_is_compared_with_as_many_days_up_to_now(happened: Occurrences) -> None:
    reply = ask(happened, "is she going out less than a week ago?")
    query = reply.query
    assert (query.days, query.comparison) != (None, None)
    assert query.describe()[-2:] == [
        "days 2024-05-09 to 2024-05-15",
        "compared with 2024-05-02 to 2024-05-08",
    ]
    assert reply.said.endswith("7 and 7 days).")
    one = ask(happened, "is she going out less than on May 3rd")
    assert one.refusal == "2024-05-03 is one day, no match for 12 days. Name a longer time."


def test_what_comes_first_in_the_morning_is_a_room(happened: Occurrences) -> None:
    reply = ask(happened, "first thing she does in the morning")
    assert reply.said == "Most often the living room: 15 of 15 times."
    assert all(m.begin.hour == 7 for m in reply.moments)
    assert ask(happened, "last thing he does before bed").said.startswith("Most often the living room:")


def test_hours_that_the_log_hardly_holds_are_no_absence(happened: Occurrences) -> None:
    # The last night begins at 22:00 of 15 May, with the end of the log two hours later.
    assert ask(happened, "any nights with no sleep at all?").said.startswith("No such day")


def test_meals_are_counted_and_not_every_stay_in_the_kitchen() -> None:
    rows = [
        (FIRST + dt.timedelta(days=day, hours=hour, minutes=m), sensor, "ON")
        for day in range(9)
        for hour, sensor in ((8, "K"), (9, "L"), (10, "K"), (11, "L"), (12, "K"), (14, "L"), (15.5, "K"),
                             (16, "L"), (18, "K"), (20, "L"))
        for m in range(12)
    ]  # fmt: skip
    log = (
        known_log()
        .head(0)
        .vstack(
            pl.DataFrame(rows, schema=known_log().drop("value").schema, orient="row").with_columns(
                value=pl.lit(None, pl.Float32)
            )
        )
    )
    reply = ask(
        Occurrences(EventStream.read(log, HOME), home_lexicon(HOME)), "how many meals a day does she have"
    )
    assert reply.value == 3.0
    assert "breakfast, lunch, dinner" in " ".join(reply.how)


def test_days_with_few_hold_those_with_none(happened: Occurrences) -> None:
    reply = ask(happened, "days with fewer than two outings")
    assert reply.value == 15  # 13 days with one, 2 Saturdays without
    none = ask(happened, "days with fewer than one outing")
    assert [m.begin.date() for m in none.moments] == [dt.date(2024, 5, 11), dt.date(2024, 5, 4)]


def test_two_dates_leave_out_what_lies_between(happened: Occurrences) -> None:
    reply = ask(happened, "how often was the fridge opened on the 3rd and the 10th")
    assert (reply.value, reply.n_moments) == (2.0, 4)


def test_a_number_a_week_is_seven_times_that_of_a_day(happened: Occurrences) -> None:
    day, week = ask(happened, "outings per day"), ask(happened, "outings per week")
    assert day.value is not None
    assert week.value == pytest.approx(7 * day.value)
    assert "a week" in week.said


def test_a_part_of_day_has_an_activity_and_no_length(happened: Occurrences) -> None:
    assert "of what" in ask(happened, "which evening was the longest").refusal
    busiest = ask(happened, "which afternoon was the busiest")
    assert [m.begin.weekday() for m in busiest.moments] == [5]  # at home on Saturdays
    more = ask(happened, "was she more active on Saturdays than on Tuesdays")
    assert more.value is not None
    assert more.value > 0


def test_more_than_two_people_cannot_be_counted_and_alone_leaves_out_company(happened: Occurrences) -> None:
    assert "no sensor counts people" in ask(happened, "three people in the kitchen").refusal
    assert "without two rooms" in " ".join(ask(happened, "alone in the kitchen").how)


def test_one_of_two_places_is_enough_where_either_is_asked(happened: Occurrences) -> None:
    assert ask(happened, "in the kitchen or the living room at 3 at night").n_moments == 7
    assert ask(happened, "in the kitchen and the living room at 3 at night").n_moments == 0


def recognised(*hours: tuple[float, float]) -> Occurrences:
    """The same home where an activity is recognised at some hours of each day."""
    begins, ends = ([(FIRST - dt.datetime(1970, 1, 1)).days * 86_400.0 + (24 * n + h[k]) * 3600
                     for n in range(15) for h in hours] for k in (0, 1))  # fmt: skip
    spans = Spans.of(np.array(begins), np.array(ends))
    return Occurrences(EventStream.read(known_log(), HOME), home_lexicon(HOME), lambda name: spans)


def test_a_recognised_meal_is_one_a_day_in_its_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_table", lambda: {"clock": {"breakfast recognised": (-0.5, 0.5)}})
    happened = recognised((7.0, 7.1), (8.0, 8.5), (8.6, 8.7), (14.0, 15.0))
    reply = answer_question(parse_question("when is breakfast", happened.lexicon, NOW), happened, now=NOW)
    assert reply.value == pytest.approx(8.0, abs=0.6)
    assert reply.n_moments == 15
    last = reply.moments[0]
    assert (last.begin.hour, last.end.hour, last.end.minute) == (8, 8, 42)
    assert "recognised" in reply.how[0]


def test_what_only_recognition_shows_gets_a_number_only_where_its_error_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened = recognised((8.0, 8.2))
    query = parse_question("how often does she take her pills", happened.lexicon, NOW)
    monkeypatch.setattr(evidence, "_table", lambda: {"count": {}})
    reply = answer_question(query, happened, now=NOW)
    assert "No sensor shows taking medicine" in reply.refusal
    found = parse_question("someone takes pills", happened.lexicon, NOW)
    assert answer_question(found, happened, now=NOW).n_moments == 15
    monkeypatch.setattr(evidence, "_table", lambda: {"count": {"taking medicine recognised": (1.5, 4)}})
    reply = answer_question(query, happened, now=NOW)
    # What was found is inside, though simulated homes find too little.
    assert (reply.value, reply.low, reply.high) == (1, 1, pytest.approx(4.15))
    assert reply.said == "15 times on 15 days: 1 a day (95 % 1 to 4.2)."


def test_an_absence_that_only_recognition_shows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = recognised((8.0, 8.2))
    monkeypatch.setattr(evidence, "_table", dict)
    query = parse_question("how often does she not take her pills", happened.lexicon, NOW)
    assert "No sensor shows taking medicine" in answer_question(query, happened, now=NOW).refusal


def test_recognition_that_is_off_by_any_factor_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = recognised((8.0, 8.2))
    monkeypatch.setattr(evidence, "_table", lambda: {"hours": {"watching television recognised": (1, 83)}})
    query = parse_question("how many hours of tv does she watch", happened.lexicon, NOW)
    assert "No sensor shows watching television" in answer_question(query, happened, now=NOW).refusal


def test_a_comparison_that_is_read_in_part_is_refused(happened: Occurrences) -> None:
    query = ParsedQuery(
        text="", asks="when", wanted=parse_question("breakfast", happened.lexicon, NOW).wanted,
        unread=("later", "than", "christening"),
    )  # fmt: skip
    assert "later, than, christening" in answer_question(query, happened, now=NOW).refusal
