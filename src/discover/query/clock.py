"""Times of day and weekdays of a sentence: "at night", "before half past nine", "on weekend mornings".

Only explicit words count; the hours of the parts of the day are those of `core.day_parts`. Several parts of
the day, or several clock times, are alternatives; "before" with "after" is one interval; different kinds must
all hold ("on weekends at night"). A bare number is an hour only where no noun follows ("before 7", not
"before 7 events").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.core.day_parts import DAY_PARTS, WEEKDAYS
from discover.query.amounts import SMALL_NUMBERS
from discover.query.calendar_words import Named
from discover.query.plain_times import TIME_ENDS
from discover.retrieval.day_clock import Interval, hours_away, inside

__all__ = ["DAYS", "Clock", "day_codes", "part_hours", "read_clock"]

_MEALS: dict[str, Interval] = {
    "breakfast": (5.0, 11.0), "lunch": (11.0, 14.0), "dinner": (17.0, 21.0), "supper": (17.0, 21.0),
}  # fmt: skip
_AROUND_H, _AT_H = 1.0, 0.5
_MINUTES = np.arange(1440) / 60


def part_hours(words: str) -> list[Interval]:
    """Hours of a phrase for a part of the day: "late in the evening", "at lunch time"."""
    words = " ".join(words.split())
    if words in ("nocturnal", "nightly"):
        words = "night"
    if "small hours" in words or "dawn" in words:
        return _named("early_morning" if "at dawn" in words else "night_after_midnight")
    meal = next((hours for name, hours in _MEALS.items() if name in words), None)
    if meal is not None:
        return [meal]
    names = {p.name for p in DAY_PARTS if words in (p.words, p.also)}
    if not names:
        # `DAY_PARTS` calls the hours before midnight "late in the evening".
        closer = {
            "early morning": "early_morning", "late morning": "late_morning",
            "late evening": "night_before_midnight", "middle night": "night_after_midnight",
        }  # fmt: skip
        noun = next(n for n in ("morning", "afternoon", "evening", "night") if n in words)
        modifier = next((m for m in ("early", "late", "middle") if m in words), "")
        exact = closer.get(f"{modifier} {noun}")
        names = {p.name for p in DAY_PARTS if p.name == exact or (exact is None and noun in p.name)}
    return _named(*names)


def _named(*names: str) -> list[Interval]:
    """Hours of some `DAY_PARTS`, neighbours joined."""
    parts = [(float(p.begin_hour), float(p.end_hour)) for p in DAY_PARTS if p.name in names]
    return list(_intervals(_mask(parts))) or parts


def _mask(intervals: Sequence[Interval]) -> NDArray[np.bool_]:
    """(1440,) minutes of the day inside any of some intervals."""
    return np.asarray(np.any([inside(_MINUTES, interval) for interval in intervals], axis=0), dtype=bool)


def _intervals(kept: NDArray[np.bool_]) -> tuple[Interval, ...]:
    """The hours of a mask over the minutes of a day; one that runs over midnight is one interval."""
    if kept.all() or not kept.any():
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.view(np.int8), [0]])))
    found = [(a / 60, b / 60) for a, b in edges.reshape(-1, 2).tolist()]
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == 24:
        found = [*found[1:-1], (found[-1][0], found[0][1])]
    return tuple(found)


def _time(name: str) -> str:
    """Pattern of a clock time; a bare number matches only where no noun follows it."""
    hours = "|".join(SMALL_NUMBERS[1:])
    number = rf"(?P<{name}_h>2[0-4]|1\d|0?\d|{hours})(?::(?P<{name}_m>[0-5]\d))?"
    half = rf"\s*(?P<{name}_half>[ap]m\b|[ap]\.m\.|o'?clock\b)"
    part = (
        rf"\s+(?P<{name}_in>(?:in\s+the\s+|yesterday\s+|this\s+)(?:morning|afternoon|evening)|at\s+night)\b"
    )
    # "At one" may be anything: an hour in words needs its "o'clock" or part of the day.
    followed = rf"(?:{half}|{part}|(?<![a-z])(?<=:\d\d)|(?<![a-z]){TIME_ENDS})"
    return rf"(?:(?P<{name}_word>noon|midday|midnight)\b|(?<![\d:.]){number}(?!\d|:\d){followed})"


DAYS = rf"(?:week-?ends?|weekdays?|work(?:ing\s+|-)?days?|(?:{'|'.join(WEEKDAYS)})s?)\b"
"""Pattern of one weekday or kind of day."""


def _pattern() -> re.Pattern[str]:
    thing = r"(?!\s*-?\s*(?:stand|table|light|lamp|gown|shirt|dress|nurse|meal))"
    noun = rf"(?:morning|afternoon|evening|night)s?\b{thing}"
    every = r"(?:all|this|that|every|each|most|half\s+the|the\s+(?:whole|entire))\s+"
    modifier = r"(?:(?:early|late)\s+)?"
    table = "|".join(
        sorted((w.replace(" ", r"\s+") for p in DAY_PARTS for w in (p.words, p.also)), reverse=True)
    )
    part = (
        rf"(?P<part>(?:{table})\b|{modifier}(?:(?:in|during|through|throughout|over)\s+(?:the\s+)?|at\s+|by\s+)"
        rf"(?:middle\s+of\s+the\s+)?{modifier}{noun}|in\s+the\s+small\s+hours\b|(?:at|before)\s+dawn\b|"
        rf"(?:(?:at|around|during|over|by)\s+)?(?:{'|'.join(_MEALS)})[\s-]?time\b(?!\s+(?:table|room))|"
        rf"nocturnal\b|nightly\b|(?<!good )(?:{every})?{modifier}{noun})"
    )
    days = (
        rf"(?:(?:on|at|during|over|every|each)\s+)?(?:the\s+)?\b(?P<days>{DAYS}"
        rf"(?:\s*(?:,|and|or|to|through|-|–)\s*{DAYS})*)(?:\s+(?P<day_part>{modifier}{noun}))?"
    )
    between = rf"(?:between\s+|from\s+){_time('a')}\s*(?:and|to|until|till|-|–)\s*{_time('b')}"
    limit = rf"(?P<limit>before|after|until|till|by)\s+{_time('c')}"
    clock = rf"(?P<clock>at|around|about|towards?)\s+{_time('d')}"
    return re.compile(rf"\b(?:{part}|{days}|(?P<between>{between})|{limit}|{clock})")


_PATTERN = _pattern()
_KINDS = ("part", "days", "between", "limit", "clock")
_NEGATED = re.compile(
    r"\b(?:not|never|except|excluding|outside|unless|(?:other|rather)\s+than|instead\s+of|"
    r"apart\s+from)(?:\s+(?:for|of))?\s*$"
)
_LATE_THINGS = re.compile(
    r"\b(?:go|goes|going|gone|went|gets?|getting|got|turn(?:s|ed|ing)?|retires?d?)\s+(?:to\s+bed|in)\b|\bbed-?\s?time|"
    r"\b(?:home|back|asleep)\s+(?:by|before|after|around|past)\b|\bcom(?:e|es|ing)\s+home\b|\bcame\s+home\b|"
    r"\b(?:dinner|supper)\b"
)
_NIGHT = re.compile(
    r"\b(?:(?:at|last|this|in\s+the|during\s+the|every|each|the|day)\s+night|tonight|overnight|\d\s+at\s+night)s?\b"
)
_HALF_SAID = re.compile(r"\b[ap]m\b|(?<!last )night|midnight|morning|dawn|\d:\d\d")


@dataclass(frozen=True)
class Clock:
    """The times that a sentence states.

    Attributes:
        hours: Hours of the day, any of them; over midnight where begin > end.
        weekdays: Codes of `WEEKDAYS`, any of them; empty for any day.
        words: The words that state them.
        spans: Characters [begin, end) of all words about time.
        negated: Of those that exclude a time, with the negator.
    """

    hours: tuple[Interval, ...] = ()
    weekdays: tuple[int, ...] = ()
    words: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    negated: tuple[tuple[int, int], ...] = ()


def read_clock(
    text: str, days: Sequence[Named] = (), compared: tuple[int, int] = (0, 0), *, meals: bool = True
) -> Clock:
    """Hours of the day and weekdays of a sentence.

    Args:
        text: As `plain_times` gives it.
        days: Its named days; their parts ("this morning") count, their weekdays ("last Friday") do not.
        compared: Characters of what it is compared with; times there do not count.
        meals: Whether "at breakfast time" states hours; asked for the breakfast time, it does not.

    Examples:
        >>> read_clock("someone opens the fridge at night").hours
        ((21.0, 5.0),)
        >>> read_clock("on weekends before 7").weekdays
        (5, 6)
        >>> read_clock("someone switches the night light on").hours
        ()
    """
    reader = _ClockReader(text)
    for day in days:
        text = text[: day.begin] + " " * (day.end - day.begin) + text[day.end :]
        if day.part:
            reader.parts += part_hours(day.part)
            reader.words.append(day.days.words)
    spans, negated = [], []
    text = text[: compared[0]] + " " * (compared[1] - compared[0]) + text[compared[1] :]
    for match in _PATTERN.finditer(text):
        spans.append(match.span())
        meal = match["part"] is not None and any(name in match["part"] for name in _MEALS)
        if meal and not meals:
            continue
        # "Never a nocturnal visit" denies the visit, not the night.
        adjective = match["part"] in ("nocturnal", "nightly")
        negator = None if adjective else _NEGATED.search(text[: match.start()])
        if negator is not None:
            negated.append((negator.start(), match.end()))
        reader.take(match, negated=negator is not None)
    return reader.result(tuple(spans), tuple(negated))


class _ClockReader:
    """Collects the times of one sentence."""

    def __init__(self, text: str) -> None:
        self.half_said = _HALF_SAID.search(text) is not None
        # "Went to bed before ten": of the two hours the late one.
        self.late = not self.half_said and _LATE_THINGS.search(text) is not None
        self.night = _NIGHT.search(text) is not None
        self.parts: list[Interval] = []
        self.clocks: list[Interval] = []
        self.limits: list[Interval] = []
        self.after: list[float] = []
        self.before: list[float] = []
        self.excluded: list[Interval] = []
        self.weekdays: set[int] = set()
        self.no_weekdays: set[int] = set()
        self.words: list[str] = []

    def take(self, match: re.Match[str], *, negated: bool) -> None:
        kind = next(k for k in _KINDS if match[k] is not None)
        into = self if not negated else _ClockReader("12:00")
        getattr(into, f"_{kind}")(match)
        if negated:
            hours = _intervals(into._kept())
            self.excluded += hours
            self.no_weekdays |= into.weekdays
        self.words.append(f"{'not ' if negated else ''}{' '.join(match[0].split())}")

    def _part(self, match: re.Match[str]) -> None:
        self.parts += part_hours(match["part"])

    def _days(self, match: re.Match[str]) -> None:
        self.weekdays.update(day_codes(match["days"]))
        if match["day_part"]:
            self.parts += part_hours(match["day_part"])

    def _between(self, match: re.Match[str]) -> None:
        end = _hour_of(match, "b")
        begin = _hour_of(match, "a", like=match["b_half"])
        if begin > end and not match["a_half"]:
            begin = _hour_of(match, "a")  # "between 11 and 1 pm" begins in the morning
        if begin != end:
            self.clocks.append(self._afternoon((begin % 24, end)))

    def _limit(self, match: re.Match[str]) -> None:
        hour = self._late(_hour_of(match, "c"))
        if self.night and not match["c_half"] and 8 <= hour < 12:
            hour += 12
        if match["limit"] == "after":
            if self.night and (hour >= 20 or 0 < hour < 6):
                self.limits.append((hour, 6.0))  # "after 11 last night" does not end at midnight
            elif hour in (0, 24):
                self.limits += _named("night_after_midnight")
            else:
                self.after.append(hour)
        elif hour in (0, 24):
            # "Before midnight" and "after midnight" are hours of the night, not all of the day.
            self.limits += _named("night_before_midnight")
        else:
            self.before.append(hour)
        begin = part_hours(match["c_in"])[0][0] if match["c_in"] else 12.0 if self.late else 24.0
        if begin < hour and match["limit"] != "after":
            # "Before ten in the evening" begins with the evening.
            self.limits.append((begin, 24.0))

    def _clock(self, match: re.Match[str]) -> None:
        hour = self._late(_hour_of(match, "d"))
        half = _AT_H if match["clock"] == "at" else _AROUND_H
        self.clocks.append(((hour - half) % 24, (hour + half) % 24))

    def _late(self, hour: float) -> float:
        return hour + 12 if self.late and 5 <= hour < 12 else hour

    def _afternoon(self, hours: Interval) -> Interval:
        """The hours, with their end in the afternoon: "between 9 and 3" ends at 15:00, if no more is said."""
        begin, end = hours
        late = not self.half_said and 5 <= begin <= 12 and end < begin and end <= 8
        return (begin, end + 12) if late else hours

    def _kept(self) -> NDArray[np.bool_]:
        kept = np.ones(1440, dtype=bool)
        for group in (self.clocks, *([one] for one in self.limits)):
            kept &= _mask(group) if group else True
        begin, end = max(self.after, default=0.0), min(self.before, default=24.0)
        if (begin, end) != (0.0, 24.0):
            kept &= _mask([self._afternoon((begin, end))])
        within = kept & _mask(self.parts) if self.parts else kept
        # "Evenings when the TV ran past midnight": the clock is meant where both exclude each other.
        if not within.any() and self.clocks and not self.half_said:
            # "Between 10 and 12 last night" is before midnight.
            late = [((a + 12) % 24, (b + 12) % 24 or 24.0) for a, b in self.clocks]
            within = _mask(late) & _mask(self.parts)
        kept = within if within.any() else kept
        return kept & ~_mask(self.excluded) if self.excluded else kept

    def result(self, spans: tuple[tuple[int, int], ...], negated: tuple[tuple[int, int], ...]) -> Clock:
        weekdays = (self.weekdays or set(range(7))) - self.no_weekdays
        weekdays = set() if len(weekdays) == 7 else weekdays
        return Clock(_intervals(self._kept()), tuple(sorted(weekdays)), ", ".join(self.words), spans, negated)


def day_codes(words: str) -> list[int]:
    """Sorted codes of `WEEKDAYS` of a list or range of days: "saturday to monday", "weekends"."""
    codes: list[int] = []
    through = False
    for token in re.findall(r"[a-z]+|[-–]", words):
        if token in ("to", "through", "-", "–"):
            through = True
            continue
        name = token.removesuffix("s")
        if name.startswith("week") and "end" in name:
            codes += [5, 6]
        elif name in ("weekday", "workday", "working"):
            codes += [0, 1, 2, 3, 4]
        elif name in WEEKDAYS:
            code = WEEKDAYS.index(name)
            span = (code - codes[-1]) % 7 if through and codes else 0
            codes += [(code - i) % 7 for i in range(span)] if span else [code]
        through = False
    return sorted(set(codes))


def _hour_of(match: re.Match[str], name: str, like: str | None = None) -> float:
    """Hour of day of one clock time; "7 pm" and "7 in the evening" are 19."""
    if match[f"{name}_word"]:
        return 0.0 if match[f"{name}_word"] == "midnight" else 12.0
    word = match[f"{name}_h"]
    hour = (SMALL_NUMBERS.index(word) if word in SMALL_NUMBERS else int(word)) + int(
        match[f"{name}_m"] or 0
    ) / 60
    half = (match[f"{name}_half"] or like or "").replace(".", "")
    if half in ("am", "pm") and 1 <= hour < 13:
        return hour % 12 + (12 if half == "pm" else 0)
    part = match[f"{name}_in"]
    if part and "morning" in part:
        return hour % 12
    if part and hour <= 12:
        # "7 in the evening" is 7:00 or 19:00; the reading closer to the evening is right.
        readings = np.array([hour, (hour + 12) % 24])
        away = np.min([hours_away(readings, interval) for interval in part_hours(part)], axis=0)
        return float(readings[np.argmin(away)])
    return hour
