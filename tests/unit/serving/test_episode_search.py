"""Moments of any length in a search: which questions name them, their windows, and why they were found."""

import datetime as dt
import doctest

import numpy as np
import pytest
from benchmarks.queries.everyday_home import everyday_lexicon

from discover.query import parse_question
from discover.retrieval.episodes import Spans
from discover.retrieval.hits import Episode, Hit
from discover.retrieval.ranking import DAY_STEP, spread_days
from discover.serving import reasons
from discover.serving.episode_search import HomeWindows, episodes_first, names_episode
from discover.serving.reasons import matched_words, reason_of

NOW = dt.datetime(2024, 5, 15, 20)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("sat on the sofa for half an hour", True),
        ("nobody went out all day", True),
        ("popped out for a couple of minutes", True),
        ("up three times in the night", True),
        ("two people in the kitchen", True),
        ("came home late", True),
        ("never in the kitchen", True),
        ("someone opens the fridge at night", False),
        ("in the kitchen but not at the stove", False),
        ("a few seconds in the kitchen", False),
        ("from the bedroom to the bathroom", True),
    ],
)
def test_a_stay_a_length_a_night_a_count_or_an_absence_names_an_episode(text: str, named: bool) -> None:
    assert names_episode(parse_question(text, everyday_lexicon(), NOW)) == named


def test_the_windows_of_a_span_or_the_nearest_one() -> None:
    begin = np.array([0.0, 60.0, 120.0, 1000.0])
    windows = HomeWindows(np.array([7, 8, 9, 4]), begin, begin + 50, np.zeros(0))
    spans = Spans.of(np.array([30.0, 180.0, 900.0, 2000.0]), np.array([130.0, 181.0, 950.0, 2100.0]))
    first, last = windows.inside(spans)
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(1, 3), (2, 3), (3, 4), (3, 4)]


def hit(kind: type[Hit], minute: int, length: int, **more: object) -> Hit:
    start = NOW + dt.timedelta(minutes=minute)
    return kind(
        window_id=f"w{minute}", score=0.5, home="h", split="test", start=start,
        end=start + dt.timedelta(minutes=length), first_event=0, n_events=1, rooms=(), objects=(), **more,
    )  # type: ignore[arg-type]  # fmt: skip


def test_episodes_come_first_and_windows_inside_them_are_not_told_again() -> None:
    stay = hit(Episode, 0, 60, how=("stays at or in the couch",))
    inside, outside = hit(Hit, 20, 1), hit(Hit, 90, 1)
    assert episodes_first([stay], [inside, outside], 5) == [stay, outside]  # type: ignore[list-item]
    assert episodes_first([], [inside, outside], 1) == [inside]
    assert [h.unit for h in (stay, outside)] == ["episode", "window"]


def test_answers_of_other_days_come_before_nearly_equal_ones_of_the_same_day() -> None:
    near = DAY_STEP / 2
    assert spread_days([1.0, 1.0 - near, 1.0 - near, 0.2], ["a", "a", "b", "c"]) == [0, 2, 1, 3]
    assert spread_days([5.0, 3.0, 2.0], ["a", "a", "b"]) == [0, 1, 2]  # a condition weighs more than a day


def test_the_reason_names_what_showed_it_and_the_words_of_captions() -> None:
    assert doctest.testmod(reasons).failed == 0
    captions = ["someone sits on the couch for a minute in the evening"]
    assert matched_words("she sat on the couch for a minute", captions) == ("sat", "couch")
    stay = hit(Episode, 0, 60, how=("stays at or in the couch",))
    assert reason_of(stay, "on the couch", captions) == "stays at or in the couch; captions say couch"
    assert reason_of(hit(Hit, 0, 1), "at the stove", captions) == ""
