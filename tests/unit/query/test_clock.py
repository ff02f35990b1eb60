"""The clock of a sentence: what is read, what is not, and how windows meet it."""

import doctest
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.day_parts import DAY_PARTS
from discover.query import ParsedQuery, WindowTimes, clock
from discover.query.clock import read_clock
from discover.query.plain_times import plain_times
from discover.retrieval.day_clock import hours_away, inside, week_minutes

READ = [
    ("someone opens the fridge at night", [(21, 5)], ""),
    ("in the morning", [(5, 12)], ""),
    ("Early in the morning", [(5, 8)], ""),
    ("late in the evening", [(21, 24)], ""),
    ("in the middle of the night", [(0, 5)], ""),
    ("every evening", [(17, 21)], ""),
    ("an afternoon nap", [(12, 17)], ""),
    ("on weekends before 7", [(0, 7)], "56"),
    ("after 22:00", [(22, 24)], ""),
    ("around noon", [(11, 14)], ""),
    ("at midnight", [(23.5, 0.5)], ""),
    ("before midnight", [(21, 24)], ""),
    ("at 7 pm", [(18.5, 19.5)], ""),
    ("at 12 am", [(23.5, 0.5)], ""),
    ("at 7 in the evening", [(18.5, 19.5)], ""),
    ("after 5 in the afternoon", [(17, 24)], ""),
    ("before 6 in the morning", [(5, 6)], ""),
    ("between 11 and 1 pm", [(11, 13)], ""),
    ("between 9 and 3", [(9, 15)], ""),
    ("from 7 to 9 pm", [(19, 21)], ""),
    ("from 22:00 to 5:00", [(22, 5)], ""),
    ("on monday evening", [(17, 21)], "0"),
    ("monday to wednesday", [], "012"),
    ("saturday to monday", [], "056"),
    ("not at night", [(5, 21)], ""),
    ("except on weekends", [], "01234"),
    ("in the morning after 7:30", [(7.5, 12)], ""),
    ("in the morning or in the evening", [(5, 12), (17, 21)], ""),
    ("after 7 and before 9", [(7, 9)], ""),
    ("before 7 or after 22", [(22, 7)], ""),
]

NOT_READ = [
    *("someone switches the night light on", "at the night stand", "before 7 events", "after 20 minutes"),
    *("between 2 and 4 rooms", "about 20 events", "at 25", "good morning", ""),
]


@pytest.mark.parametrize(("text", "hours", "weekdays"), READ)
def test_explicit_words_are_read(text: str, hours: list[tuple[float, float]], weekdays: str) -> None:
    found = read_clock(plain_times(text))
    assert (list(found.hours), "".join(map(str, found.weekdays))) == (hours, weekdays)
    assert found.words


@pytest.mark.parametrize("text", NOT_READ)
def test_other_words_are_left_alone(text: str) -> None:
    found = read_clock(plain_times(text))
    assert (found.hours, found.weekdays, found.words) == ((), (), "")


@pytest.mark.parametrize("part", DAY_PARTS, ids=lambda part: part.name)
def test_every_wording_of_the_table_means_its_hours(part) -> None:  # type: ignore[no-untyped-def]
    for words in (part.words, part.also):
        assert read_clock(f"someone walks {words}").hours == ((part.begin_hour, part.end_hour),)


def times(*starts: str) -> WindowTimes:
    begun = pl.Series([datetime.fromisoformat(t) for t in starts], dtype=pl.Datetime("us"))
    return WindowTimes(week_minutes(begun), begun.dt.epoch("d").to_numpy())


def test_the_named_time_is_full_and_its_borders_are_graded() -> None:
    begun = times(
        "2021-03-01 21:00", "2021-03-01 02:00", "2021-03-01 20:45", "2021-03-01 05:30", "2021-03-01 12:00"
    )
    query = ParsedQuery(text="at night", hours=((21.0, 5.0),))
    assert begun.scores(query) == pytest.approx([1, 1, 0.75, 0.5, 0])
    assert begun.strict(query).tolist() == [True, True, False, False, False]


def test_weekdays_and_dates_must_hold_as_well() -> None:
    # Monday, a Sunday, and a time before 1970.
    begun = times("2021-03-01 00:01:59", "2021-03-07 23:59", "1969-12-31 12:00")
    assert begun.week_minutes.tolist() == [1, 7 * 1440 - 1, 2 * 1440 + 720]
    sunday = {"text": "", "weekdays": (6,), "hours": ((22.0, 24.0),)}
    assert begun.scores(ParsedQuery.model_validate(sunday)).tolist() == [0, 1, 0]
    march = {"text": "", "days": {"first": "2021-03-01", "last": "2021-03-06"}}
    assert begun.scores(ParsedQuery.model_validate(march)).tolist() == [1, 0, 0]
    assert begun.strict(ParsedQuery.model_validate(march)).tolist() == [True, False, False]


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
    result = doctest.testmod(clock)
    assert (result.attempted, result.failed) == (3, 0)
