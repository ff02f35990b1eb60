"""Times in a sentence: "at night", "before 7", "on weekends" become a preference for some windows.

Sentence vectors hardly reflect the time of day, but the start of a window is exact. Only explicit words
count. The hours of the parts of the day are those of `core.day_parts`.

Several parts of the day, or several clock times, are alternatives; "before" with "after" is one interval;
different kinds must all hold ("on weekends at night"). A time after "not", "except", "outside" or "unless" is
not used. A bare number is an hour only where no noun follows ("before 7", not "before 7 events").
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.day_parts import WEEKDAYS
from discover.query.time_grammar import NEGATED_TIME, TIME_PATTERN, day_codes, hour_of, named_part, part_hours
from discover.retrieval.day_clock import Interval, hours_away, hours_text, inside, week_minutes

__all__ = ["TimeWords", "find_time_words", "time_spans"]

# Just outside the named hours the preference falls from 1 to 0 over this long.
_MARGIN_H = 1.0
_AROUND_H, _AT_H = 1.0, 0.5

_MINUTES = np.arange(1440) / 60


@dataclass(frozen=True)
class TimeWords:
    """The times that a sentence states.

    Attributes:
        hours: Conditions that must all hold; a window meets one by beginning inside any of its intervals.
        weekdays: Codes of `WEEKDAYS`, any of them; empty for any day. A window's day is that of its start.
        found: (words of the sentence, what they mean), in the order of the sentence.
    """

    hours: tuple[tuple[Interval, ...], ...] = ()
    weekdays: tuple[int, ...] = ()
    found: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.found)

    def preference(self, start: pl.Series | NDArray[np.int16]) -> NDArray[np.float32]:
        """(W,) float32: 1 for windows that begin in the stated time, falling to 0 within an hour of it.

        Args:
            start: (W,) local times, or their `week_minutes`, which many queries can share.
        """
        best = np.ones(1440)
        for intervals in self.hours:
            away = np.min([hours_away(_MINUTES, interval) for interval in intervals], axis=0)
            best = np.minimum(best, np.clip(1 - away / _MARGIN_H, 0, 1))
        # A table over the minutes of a week makes a million windows one lookup; borders are whole minutes.
        week = np.outer(self._days(), best).ravel().astype(np.float32)
        return week[_minutes_of(start)]

    def mask(self, start: pl.Series | NDArray[np.int16]) -> NDArray[np.bool_]:
        """(W,) which windows begin strictly inside the stated time; `start` as in `preference`."""
        keep = np.ones(1440, dtype=bool)
        for intervals in self.hours:
            keep &= np.any([inside(_MINUTES, interval) for interval in intervals], axis=0)
        week = np.outer(self._days(), keep).ravel()
        return week[_minutes_of(start)]

    def describe(self) -> list[str]:
        """One line per time: "at night = 21:00–5:00"."""
        return [f"{words} = {meaning}" for words, meaning in self.found]

    def _days(self) -> NDArray[np.bool_]:
        return np.isin(np.arange(7), self.weekdays) if self.weekdays else np.ones(7, dtype=bool)


def find_time_words(text: str) -> TimeWords:
    """Read the explicit times of an English sentence.

    Examples:
        >>> find_time_words("someone opens the fridge at night").describe()
        ['at night = 21:00–5:00']
        >>> find_time_words("on weekends before 7").describe()
        ['on weekends = Saturday, Sunday', 'before 7 = 0:00–7:00']
        >>> bool(find_time_words("someone switches the night light on"))
        False
    """
    reader = _TimeReader()
    for match, negated in _matches(text):
        if not negated:
            reader.take(match)
    return reader.result()


def time_spans(text: str) -> list[tuple[int, int, bool]]:
    """(begin, end, whether it is negated) of every time, in characters."""
    return [(match.start(), match.end(), negated) for match, negated in _matches(text)]


def _matches(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    for match in TIME_PATTERN.finditer(text):
        yield match, NEGATED_TIME.search(text[: match.start()]) is not None


def _minutes_of(start: pl.Series | NDArray[np.int16]) -> NDArray[np.int16]:
    return week_minutes(start) if isinstance(start, pl.Series) else start


class _TimeReader:
    """Collects the times of one sentence."""

    def __init__(self) -> None:
        self.parts: list[Interval] = []
        self.clocks: list[Interval] = []
        self.after: list[float] = []
        self.before: list[float] = []
        self.weekdays: set[int] = set()
        self.found: list[tuple[str, str]] = []

    def take(self, match: re.Match[str]) -> None:
        words = " ".join(match.group(0).split())
        for kind, read in _KINDS:
            if match.group(kind) is not None:
                meaning = read(self, match)
                if meaning:
                    self.found.append((words, meaning))
                return

    def part(self, match: re.Match[str]) -> str:
        intervals = part_hours(match.group("part").lower())
        self.parts += intervals
        return hours_text(intervals)

    def days(self, match: re.Match[str]) -> str:
        codes = day_codes(match.group("days").lower())
        self.weekdays.update(codes)
        meaning = ", ".join(WEEKDAYS[code].capitalize() for code in codes)
        if match.group("day_part"):
            intervals = part_hours(match.group("day_part").lower())
            self.parts += intervals
            meaning += f", {hours_text(intervals)}"
        return meaning

    def between(self, match: re.Match[str]) -> str:
        end = hour_of(match, "b")
        begin = hour_of(match, "a", like=match.group("b_half"))
        if begin > end and not match.group("a_half"):
            begin = hour_of(match, "a")  # "between 11 and 1 pm" begins in the morning
        if begin == end:
            return ""
        self.clocks.append((begin % 24, end))
        return hours_text([(begin % 24, end)])

    def limit(self, match: re.Match[str]) -> str:
        word, hour = match.group("limit").lower(), hour_of(match, "c")
        if word in ("before", "until", "till", "by"):
            hour = hour or 24.0
            # "before midnight" and "after midnight" are parts of the day, not all of it.
            if hour == 24:
                return self._named("night_before_midnight")
            self.before.append(hour)
            return hours_text([(0.0, hour)])
        if hour in (0, 24):
            return self._named("night_after_midnight")
        self.after.append(hour)
        return hours_text([(hour, 24.0)])

    def clock(self, match: re.Match[str]) -> str:
        hour = hour_of(match, "d")
        half = _AT_H if match.group("clock").lower() == "at" else _AROUND_H
        interval = ((hour - half) % 24, (hour + half) % 24)
        self.clocks.append(interval)
        return hours_text([interval])

    def _named(self, name: str) -> str:
        intervals = named_part(name)
        self.parts += intervals
        return hours_text(intervals)

    def result(self) -> TimeWords:
        hours = [tuple(dict.fromkeys(group)) for group in (self.parts, self.clocks) if group]
        begin, end = max(self.after, default=0.0), min(self.before, default=24.0)
        if self.after or self.before:
            hours.append(((begin, end),) if begin != end else ((begin, 24.0), (0.0, end)))
        return TimeWords(tuple(hours), tuple(sorted(self.weekdays)), tuple(self.found))


_KINDS: tuple[tuple[str, Callable[[_TimeReader, re.Match[str]], str]], ...] = (
    ("part", _TimeReader.part),
    ("days", _TimeReader.days),
    ("between", _TimeReader.between),
    ("limit", _TimeReader.limit),
    ("clock", _TimeReader.clock),
)
