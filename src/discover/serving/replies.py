"""The answer to a question, and why there may be none."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from discover.query import ParsedQuery

__all__ = ["REFUSALS", "AskedMoment", "PerDay", "Reply"]

REFUSALS = {
    "identity": "No sensor tells people apart, so the log cannot say who it was. Ask what happened and when.",
    "speech": "Home sensors hear nothing, so the log cannot say what was spoken. Ask what happened and when.",
    "feeling": "Home sensors see movement and use, not what somebody feels or wants. Ask for something that "
    "shows: sleep, meals, outings.",
    "language": "The rules read English, and of German, Spanish and French single words: places, things, "
    "activities, times, plain negations. Ask in English, or let a language model read the question (--llm).",
    "future": "A log holds what has happened. Ask about days in it.",
}


@dataclass(frozen=True)
class AskedMoment:
    """One moment behind an answer, with its true begin and end."""

    begin: dt.datetime
    end: dt.datetime
    count: int = 1


@dataclass(frozen=True)
class PerDay:
    """One value per day: what a number was made of.

    Attributes:
        days: Dates.
        values: (D,) times a day, hours a day, or hours of the day.
        unit: "times", "hours" or "o'clock".
        title: What they are, for a chart.
    """

    days: tuple[dt.date, ...]
    values: NDArray[np.float64]
    unit: str
    title: str


@dataclass(frozen=True)
class Reply:
    """The answer to one question.

    Attributes:
        query: What was understood.
        said: The answer in a sentence or two.
        value: Its number, where it is one; a time of day in hours; a difference for a comparison.
        low, high: 95 % interval; None without one.
        moments: Behind the answer, the latest first.
        n_moments: How many there are in all.
        per_day: What the number was made of.
        refusal: Why there is no answer; else "".
        how: What showed the moments.
        notes: What to know when reading it.
    """

    query: ParsedQuery
    said: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    moments: tuple[AskedMoment, ...] = ()
    n_moments: int = 0
    per_day: PerDay | None = None
    refusal: str = ""
    how: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
