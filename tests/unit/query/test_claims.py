"""Every word of a question is claimed by a rule, small, or listed as not understood."""

from collections.abc import Sequence
from typing import Any

import pytest
from benchmarks.quality.everyday import load_sentences
from benchmarks.queries.everyday_home import everyday_lexicon
from everyday_reading import NOW, read

from discover.query import parse_question, rules
from discover.query.claims import SMALL_WORDS, is_weighty, left_over
from discover.query.inventory import lemma


def test_a_word_whose_claim_is_deleted_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, ...]] = []

    def kept(*given: Any) -> list[str]:
        seen.append(given)
        return left_over(*given)

    monkeypatch.setattr(rules, "left_over", kept)
    tried = 0
    for sentence in load_sentences("development"):
        read(sentence.text)
        text, words, claimed, named = seen[-1]
        for word in words:
            small = not word.text[0].isalnum() or len(word.text) < 3 or lemma(word.text) in named
            if is_weighty(word.text) or not (
                small or not SMALL_WORDS.isdisjoint((word.text, lemma(word.text)))
            ):
                others = [(a, b) for a, b in claimed if not a <= word.begin < b]
                left = left_over(text, words, others, named)
                assert any(one.startswith(word.text) for one in left), (sentence.text, word.text)
                tried += 1
    assert tried > 200


def test_no_word_of_a_day_a_time_a_number_or_a_comparison_is_small() -> None:
    assert not {word for word in SMALL_WORDS if is_weighty(word)}
    assert all(map(is_weighty, ("14th", "7", "nine", "fridays", "weekends", "didn't", "than", "hours")))


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("the 3rd time she went out", ("3rd",)),
        ("she went for 2 walks", ("2",)),
        ("13 drinks", ()),
        ("is she home now?", ("now",)),
        ("walks past 3 doors", ("past", "3")),
        ("average number of outings per weekday", ("per weekday",)),
        ("midnight snack", ("midnight",)),
        ("a late shower", ("late",)),
        ("cooking but no eating afterwards", ("afterwards",)),
        ("was anyone home around noon on the 14th?", ()),
        ("how often is she usually out on Mondays", ()),
    ],
)  # fmt: skip
def test_what_no_rule_reads_is_listed(text: str, unread: tuple[str, ...]) -> None:
    assert read(text).unread == unread


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("in the kitchen on the 14th", ("2024-05-14", "2024-05-14")),
        ("in the kitchen on the 16th", ("2024-04-16", "2024-04-16")),
        ("in the kitchen on the 31st", ("2024-03-31", "2024-03-31")),
        ("on the 3rd of the month", ("2024-05-03", "2024-05-03")),
        ("the 3rd of last month", ("2024-04-03", "2024-04-03")),
        ("out between the 3rd and the 10th", ("2024-05-03", "2024-05-10")),
        ("since the 2nd", ("2024-05-02", "2024-05-15")),
        ("on the 14th of March", ("2024-03-14", "2024-03-14")),
    ],
)  # fmt: skip
def test_a_day_of_the_month_is_the_latest_one(text: str, days: tuple[str, str]) -> None:
    found = read(text).days
    assert found is not None
    assert (str(found.first), str(found.last)) == days


@pytest.mark.parametrize(
    ("text", "asks", "thing", "hours"),
    [
        ("days when she got up later than nine", "find", "getting up", (9.0, 24.0)),
        ("days when she got up before seven", "find", "getting up", (0.0, 7.0)),
        ("got up earlier than half past six", "find", "getting up", (0.0, 6.5)),
        ("got up after half eight", "find", "getting up", (8.5, 24.0)),
        ("evenings when the TV was watched past midnight", "find", "watching television", (0.0, 5.0)),
        ("dinner no later than seven", "find", "dinner", (12.0, 19.0)),
        ("went to bed before ten", "find", "going to bed", (12.0, 22.0)),
        ("lunch later than half one", "find", "lunch", (1.5, 24.0)),
        ("how late did she come home", "when", "coming home", None),
        ("hours asleep per night", "how long", "sleeping", None),  # all of the sleep, also after five
        ("when did she get up", "when", "getting up", None),
    ],
)  # fmt: skip
def test_bare_hours_are_read_after_a_comparison(
    text: str, asks: str, thing: str, hours: tuple[float, float] | None
) -> None:
    query = read(text)
    assert (query.asks, [t.name for t in query.wanted], query.unread) == (asks, [thing], ())
    assert query.hours == (() if hours is None else (hours,))


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("she's gone to bed", ["going to bed"]),
        ("he has gone to the toilet", ["toilet visit"]),
        ("mum has gone out", ["going out"]),
        ("she is gone", ["going out"]),
    ],
)  # fmt: skip
def test_the_longer_phrase_wins_over_the_word_inside(text: str, things: list[str]) -> None:
    assert [t.name for t in read(text).wanted] == things


@pytest.mark.parametrize(
    ("text", "extreme"),
    [
        ("how long was the longest nap", ("length", True)),
        ("shortest night", ("length", False)),
        ("what's the latest he came home", ("clock", True)),
        ("earliest breakfast", ("clock", False)),
        ("which day did she go out most", ("count", True)),
        ("the day with the fewest toilet visits", ("count", False)),
        ("busiest day", ("count", True)),
        ("the day she spent the most time in bed", ("hours", True)),
        ("latest visit to the kitchen", None),
        ("which room is used most", None),
        ("out for at most an hour", None),
        ("does she go out most days", None),
    ],
)  # fmt: skip
def test_a_superlative_is_an_extreme(text: str, extreme: tuple[str, bool] | None) -> None:
    found = read(text).extreme
    assert (None if found is None else (found.of, found.high)) == extreme


@pytest.mark.parametrize(
    ("text", "mine", "other", "direction"),
    [
        ("how often is the fridge opened on weekdays versus weekends", range(5), (5, 6), "different"),
        ("more on Mondays than on Fridays in the kitchen", [0], (4,), "more"),
        ("does she go out less on weekdays or weekends?", range(5), (5, 6), "less"),
        ("is the fridge used more at weekends than on other days", [5, 6], (), "more"),
        ("sleeping less on Sundays compared to Saturdays", [6], (5,), "less"),
    ],
)  # fmt: skip
def test_two_kinds_of_days_are_compared(
    text: str, mine: Sequence[int], other: tuple[int, ...], direction: str
) -> None:
    query = read(text)
    assert (query.asks, query.weekdays, query.unread) == ("compare", tuple(mine), ())
    assert query.comparison is not None
    assert (query.comparison.others, query.comparison.weekdays) == (True, other)
    assert query.comparison.direction == direction


def test_the_same_thing_may_come_twice_in_an_order() -> None:
    assert [t.name for t in read("kitchen, then bathroom, then kitchen again").wanted] == [
        "kitchen", "bathroom", "kitchen",
    ]  # fmt: skip


def test_words_beside_a_named_thing_do_not_vanish_with_a_text_model() -> None:
    query = parse_question("was the kitchen busy", everyday_lexicon(), NOW, nearest=lambda _: "cooking")
    assert ([t.name for t in query.wanted], query.unread) == (["kitchen"], ("busy",))
