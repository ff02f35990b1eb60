"""Everyday questions are read into the schema; nothing is turned into its opposite."""

import datetime as dt

import pytest
from benchmarks.quality.everyday import inverted, load_sentences, scored
from everyday_reading import NOW, read
from hypothesis import given
from hypothesis import strategies as st

from discover.query import ParsedQuery, parse_question
from discover.query.calendar_words import find_days


def wanted(text: str) -> list[str]:
    return [t.name for t in read(text).wanted]


def unwanted(text: str) -> list[str]:
    return [t.name for t in read(text).unwanted]


def test_the_development_sentences_are_read_rightly_and_none_is_inverted() -> None:
    rows = list(scored(parse_question, load_sentences("development")))
    assert len(rows) == 84
    assert [s.text for s, _, wrong, _ in rows if wrong] == []
    assert not any(flipped for *_, flipped in rows)


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("she slept in the armchair", ["sleeping", "armchair"], []),
        ("she did not sleep in the bedroom", [], ["sleeping", "bedroom"]),
        ("he cooked but never ate", ["cooking"], ["eating"]),
        ("went out without having had breakfast", ["going out"], ["breakfast"]),
        ("nobody used the stove", [], ["stove"]),
        ("watched telly rather than sleeping", ["watching television"], ["sleeping"]),
        ("skipped lunch", [], ["lunch"]),
        ("in the kitchen, but the fridge stayed closed", ["kitchen"], ["fridge"]),
        ("no more than ten minutes in the shower", ["shower"], []),
        ("not only in the kitchen", ["kitchen"], []),
    ],
)  # fmt: skip
def test_negation_covers_what_it_stands_before_and_nothing_else(
    text: str, present: list[str], absent: list[str]
) -> None:
    assert (wanted(text), unwanted(text)) == (present, absent)


_PAST = [("eats breakfast", "ate breakfast"), ("goes out", "went out"), ("takes a shower", "took a shower"),
         ("gets up", "got up"), ("cooks", "cooked"), ("comes home", "came home")]  # fmt: skip


@given(st.sampled_from(_PAST), st.sampled_from(["she {}", "nobody {}", "he never {}", "has mum {}?"]))
def test_the_past_is_read_as_the_present_and_negated_alike(pair: tuple[str, str], frame: str) -> None:
    now, past = (read(frame.format(words)) for words in pair)
    strip = [[t.name for t in q.wanted] + ["not " + t.name for t in q.unwanted] for q in (now, past)]
    assert strip[0] == strip[1] != []
    assert bool(now.unwanted) == ("nobody" in frame or "never" in frame)


@given(
    st.sampled_from(["the kitchen", "the bathroom", "the bedroom", "the living room"]),
    st.sampled_from(["not in {}", "nobody in {}", "never in {}", "without being in {}", "no one was in {}"]),
)
def test_a_negated_place_is_never_wanted(place: str, frame: str) -> None:
    query = read(frame.format(place))
    assert query.wanted == ()
    assert [t.name for t in query.unwanted] == [place.removeprefix("the ")]
    assert not inverted(query, {"without": [place.removeprefix("the ")]})


_DENIED = [
    *("nobody {}", "never {}", "no {}", "not {}", "not a single {}", "she didn't {}", "without {}"),
    *("none of the {}", "hardly ever {}", "rarely {}", "there were no {}", "he has not {}"),
    *("she failed to {}", "nobody ever {}", "he no longer {}", "she doesn't {} any more"),
]


def _things(query: ParsedQuery) -> tuple[list[str], list[str], bool]:
    return [t.name for t in query.wanted], [t.name for t in query.unwanted], query.empty


_AFFIRMED = [
    s.text
    for s in load_sentences("development")
    if (q := read(s.text)).wanted and not (q.unwanted or q.empty or q.refused)
    and q.asks in ("find", "whether") and "quiet" not in wanted(s.text)
]  # fmt: skip


@pytest.mark.parametrize("frame", _DENIED)
def test_no_negated_sentence_is_read_as_its_positive_twin(frame: str) -> None:
    assert len(_AFFIRMED) > 40
    assert [t for t in _AFFIRMED if _things(read(frame.format(t))) == _things(read(t))] == []


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("skipped breakfast but had lunch", ["lunch"], ["breakfast"]),
        ("woke up but didn't get dressed", ["getting up"], ["getting dressed"]),
        ("she didn't leave the bedroom until noon", ["bedroom"], []),
        ("bed empty at 4 am", [], ["bed"]),
        ("no one came to see her this week", [], ["visitors"]),
        ("wasn't home at lunchtime", [], []),
        ("hardly used the bathroom yesterday", [], ["toilet visit"]),
        ("out for less than ten minutes", ["going out"], []),
        ("not a shower but a bath", ["showering"], ["showering"]),
        ("time spent outside the flat", ["going out"], []),
        ("how many hours was he away from his flat", ["going out"], []),
    ],
)  # fmt: skip
def test_a_turn_of_the_sentence_ends_what_is_denied(text: str, present: list[str], absent: list[str]) -> None:
    assert (wanted(text), unwanted(text)) == (present, absent)
    assert read(text).empty == ("home" in text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("up five times in the night", 5, 5), ("only one trip to the bathroom", 1, 1),
     ("opened the fridge a dozen times", 12, 12), ("three or more showers", 3, float("inf"))],
)  # fmt: skip
def test_how_often_something_happens(text: str, low: float, high: float) -> None:
    times = read(text).times
    assert times is not None
    assert (times.low, times.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("up before half past six", (0.0, 6.5)),
        ("between 9 and 3", (9.0, 15.0)),
        ("cooking between 11 pm and 1 am", (23.0, 1.0)),
        ("in bed by quarter to ten in the evening", (17.0, 21.75)),
        ("asleep this morning", (5.0, 12.0)),
        ("up last night", (21.0, 5.0)),
        ("in the kitchen at 3am", (2.5, 3.5)),
    ],
)  # fmt: skip
def test_the_clock_is_read_as_it_is_said(text: str, hours: tuple[float, float]) -> None:
    assert read(text).hours == (hours,)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("last week", "2024-05-06", "2024-05-12"),
        ("the week before Christmas", "2023-12-18", "2023-12-24"),
        ("since Monday", "2024-05-13", "2024-05-15"),
        ("in the last 14 days", "2024-05-02", "2024-05-15"),
        ("on 3 March", "2024-03-03", "2024-03-03"),
        ("on 3 June", "2023-06-03", "2023-06-03"),
        ("last weekend", "2024-05-11", "2024-05-12"),
        ("in spring last year", "2023-03-01", "2023-05-31"),
        ("two days ago", "2024-05-13", "2024-05-13"),
    ],
)  # fmt: skip
def test_the_calendar_counts_from_now(text: str, first: str, last: str) -> None:
    days = find_days(text.lower(), NOW)[0].days
    assert (str(days.first), str(days.last)) == (first, last)


_NAMED = (
    "today", "yesterday", "last week", "this month", "last month", "last year", "last weekend",
    "since friday", "in july", "last tuesday", "the week before christmas", "in the last 3 weeks",
    "in winter", "last easter",
)  # fmt: skip


@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)), st.sampled_from(_NAMED))
def test_named_days_have_an_order_and_never_lie_ahead(day: dt.date, words: str) -> None:
    for found in find_days(words, dt.datetime.combine(day, dt.time(12))):
        assert found.days.first <= found.days.last <= day


def test_what_is_not_understood_is_listed() -> None:
    assert read("she forgot to lock the front door").unread == ("forgot", "lock")
    assert read("gribbled in the kitchen").unread == ("gribbled",)
    assert read("how often did mum open the fridge last week?").unread == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("who ate my cake", "identity"), ("was she sad", "feeling"), ("what did he say", "speech"),
     ("will he come home tomorrow", "future"), ("did she come home", None)],
)  # fmt: skip
def test_what_no_sensor_can_tell_is_refused(text: str, reason: str | None) -> None:
    assert read(text).refused == reason
