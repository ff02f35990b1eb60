"""Time words: what is read, what is not, and the preference it becomes."""

import doctest
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.day_parts import DAY_PARTS
from discover.query import find_time_words, time_words
from discover.retrieval.day_clock import hours_away, inside, week_minutes

READ = [
    ("someone opens the fridge at night", ["at night = 21:00–5:00"]),
    ("in the morning", ["in the morning = 5:00–12:00"]),
    ("Early in the morning", ["Early in the morning = 5:00–8:00"]),
    ("late in the evening", ["late in the evening = 21:00–24:00"]),
    ("in the middle of the night", ["in the middle of the night = 0:00–5:00"]),
    ("every evening", ["every evening = 17:00–21:00"]),
    ("on weekends before 7", ["on weekends = Saturday, Sunday", "before 7 = 0:00–7:00"]),
    ("after 22:00", ["after 22:00 = 22:00–24:00"]),
    ("around noon", ["around noon = 11:00–13:00"]),
    ("at midnight", ["at midnight = 23:30–0:30"]),
    ("before midnight", ["before midnight = 21:00–24:00"]),
    ("at 7 pm", ["at 7 pm = 18:30–19:30"]),
    ("at 12 am", ["at 12 am = 23:30–0:30"]),
    ("at 7 in the evening", ["at 7 in the evening = 18:30–19:30"]),
    ("after 5 in the afternoon", ["after 5 in the afternoon = 17:00–24:00"]),
    ("between 11 and 1 pm", ["between 11 and 1 pm = 11:00–13:00"]),
    ("from 7 to 9 pm", ["from 7 to 9 pm = 19:00–21:00"]),
    ("from 22:00 to 5:00", ["from 22:00 to 5:00 = 22:00–5:00"]),
    ("on monday evening", ["on monday evening = Monday, 17:00–21:00"]),
    ("monday to wednesday", ["monday to wednesday = Monday, Tuesday, Wednesday"]),
    ("saturday to monday", ["saturday to monday = Monday, Saturday, Sunday"]),
]

NOT_READ = [
    "someone switches the night light on",
    "at the night stand",
    "not at night",
    "except on weekends",
    "before 7 events",
    "after 20 minutes",
    "between 2 and 4 rooms",
    "about 20 events",
    "at 25",
    "good morning",
    "this morning",
    "",
]


@pytest.mark.parametrize(("text", "meaning"), READ)
def test_explicit_words_are_read(text: str, meaning: list[str]) -> None:
    assert find_time_words(text).describe() == meaning


@pytest.mark.parametrize("text", NOT_READ)
def test_other_words_are_left_alone(text: str) -> None:
    assert not find_time_words(text)
    assert find_time_words(text).preference(starts("2021-03-01 03:00")).tolist() == [1.0]


@pytest.mark.parametrize("part", DAY_PARTS, ids=lambda part: part.name)
def test_every_wording_of_the_table_means_its_hours(part) -> None:  # type: ignore[no-untyped-def]
    for words in (part.words, part.also):
        assert find_time_words(f"someone walks {words}").hours == (((part.begin_hour, part.end_hour),),)


def starts(*times: str) -> pl.Series:
    return pl.Series([datetime.fromisoformat(t) for t in times], dtype=pl.Datetime("us"))


def test_the_named_time_is_full_and_its_borders_are_graded() -> None:
    times = starts(
        "2021-03-01 21:00", "2021-03-01 02:00", "2021-03-01 20:45", "2021-03-01 05:30", "2021-03-01 12:00"
    )
    words = find_time_words("at night")
    assert words.preference(times) == pytest.approx([1, 1, 0.75, 0.5, 0])
    assert words.mask(times).tolist() == [True, True, False, False, False]


def test_the_minute_of_the_week() -> None:
    # Monday, a Sunday, and a time before 1970.
    times = starts("2021-03-01 00:01:59", "2021-03-07 23:59", "1969-12-31 12:00")
    assert week_minutes(times).tolist() == [1, 7 * 1440 - 1, 2 * 1440 + 720]
    words = find_time_words("on sundays after 22:00")
    assert words.preference(week_minutes(times)).tolist() == words.preference(times).tolist() == [0, 1, 0]


def test_different_kinds_must_all_hold_and_equal_kinds_are_alternatives() -> None:
    # Monday 7:00, Saturday 7:00, Saturday 19:00, Saturday 12:30
    times = starts("2021-03-01 07:00", "2021-03-06 07:00", "2021-03-06 19:00", "2021-03-06 14:00")
    both = find_time_words("on weekends in the morning or in the evening")
    assert both.mask(times).tolist() == [False, True, True, False]
    assert both.preference(times).tolist() == [0, 1, 1, 0]
    hours = find_time_words("in the morning after 7:30")
    assert hours.mask(starts("2021-03-01 07:00", "2021-03-01 08:00", "2021-03-01 13:00")).tolist() == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "interval"),
    [("after 7 and before 9", (7, 9)), ("before 7 or after 22", (22, 7)), ("after 22 and before 7", (22, 7))],
)
def test_before_and_after_are_one_stretch(text: str, interval: tuple[int, int]) -> None:
    assert find_time_words(text).hours == ((interval,),)


@settings(deadline=None, max_examples=60)
@given(hour=st.floats(0, 23.99), begin=st.integers(0, 23), length=st.integers(1, 23))
def test_distance_on_the_clock_equals_walking_it(hour: float, begin: int, length: int) -> None:
    interval = (float(begin), float((begin + length) % 24))
    grid = (begin + np.linspace(0, length, 24 * 60 * 4, endpoint=False)) % 24
    gap = np.abs(grid - hour)
    walked = float(np.minimum(gap, 24 - gap).min())
    is_inside = bool(inside(np.array([hour]), interval)[0])
    assert hours_away(np.array([hour]), interval)[0] == pytest.approx(0 if is_inside else walked, abs=0.02)
    assert is_inside == (((hour - begin) % 24) < length)


def test_the_examples_of_the_docstring() -> None:
    result = doctest.testmod(time_words)
    assert result.attempted >= 3
    assert result.failed == 0
