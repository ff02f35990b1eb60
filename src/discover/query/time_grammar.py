"""The grammar of times in a sentence: one pattern, and its parts as hours and weekdays."""

import re

import numpy as np

from discover.core.day_parts import DAY_PARTS, WEEKDAYS
from discover.retrieval.day_clock import Interval, hours_away

__all__ = ["NEGATED_TIME", "TIME_PATTERN", "day_codes", "hour_of", "named_part", "part_hours"]


# Hours of meals, for "at dinner time" and "making breakfast". `DAY_PARTS` has no meals.
_MEALS: dict[str, Interval] = {
    "breakfast": (5.0, 11.0),
    "lunch": (11.0, 14.0),
    "dinner": (17.0, 21.0),
    "supper": (17.0, 21.0),
}


_HOUR_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


def named_part(*names: str) -> list[Interval]:
    """Hours of some `DAY_PARTS`, neighbours joined."""
    return _join([(float(p.begin_hour), float(p.end_hour)) for p in DAY_PARTS if p.name in names])


def part_hours(words: str) -> list[Interval]:
    """Hours of a phrase for a part of the day: "late in the evening", "at lunch time"."""
    words = " ".join(words.split())
    if "small hours" in words or "dawn" in words:
        return named_part("early_morning" if "at dawn" in words else "night_after_midnight")
    meal = next((hours for name, hours in _MEALS.items() if name in words), None)
    if meal is not None:
        return [meal]
    names = {p.name for p in DAY_PARTS if words in (p.words, p.also)}
    if not names:
        # `DAY_PARTS` calls the hours before midnight "late in the evening".
        closer = {
            "early morning": "early_morning",
            "late morning": "late_morning",
            "late evening": "night_before_midnight",
            "middle night": "night_after_midnight",
        }
        noun = next(n for n in ("morning", "afternoon", "evening", "night") if n in words)
        modifier = next((m for m in ("early", "late", "middle") if m in words), "")
        exact = closer.get(f"{modifier} {noun}")
        names = {p.name for p in DAY_PARTS if p.name == exact or (exact is None and noun in p.name)}
    return named_part(*names)


def _join(intervals: list[Interval]) -> list[Interval]:
    """Join neighbouring intervals, also over midnight: 21–24 and 0–5 are 21–5."""
    joined: list[Interval] = []
    for begin, end in sorted(intervals):
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    if len(joined) > 1 and joined[0][0] == 0 and joined[-1][1] == 24:
        joined = [*joined[1:-1], (joined[-1][0], joined[0][1])]
    return joined


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


def hour_of(match: re.Match[str], name: str, like: str | None = None) -> float:
    """Hour of day of one clock time; "7 pm" and "7 in the evening" are 19."""
    if match.group(f"{name}_word"):
        return 0.0 if match.group(f"{name}_word").lower() == "midnight" else 12.0
    word = match.group(f"{name}_h").lower()
    hour = (_HOUR_WORDS.index(word) + 1 if word in _HOUR_WORDS else int(word)) + int(
        match.group(f"{name}_m") or 0
    ) / 60
    half = (match.group(f"{name}_half") or like or "").lower().replace(".", "")
    if half in ("am", "pm") and 1 <= hour < 13:
        return hour % 12 + (12 if half == "pm" else 0)
    part = match.group(f"{name}_in")
    if part and hour <= 12:
        # "7 in the evening" is 7:00 or 19:00; the reading closer to the evening is right.
        readings = np.array([hour, (hour + 12) % 24])
        away = np.min([hours_away(readings, interval) for interval in part_hours(part.lower())], axis=0)
        return float(readings[np.argmin(away)])
    return hour


def _time(name: str) -> str:
    """Pattern of a clock time; a bare number matches only where no noun follows it."""
    ends = r"(?=\s*(?:$|[.,;:!?)]|(?:and|or|in|on|at|during|when|while|but|every|each|then|to|until|till)\b))"
    number = rf"(?P<{name}_h>2[0-4]|1\d|0?\d|{'|'.join(_HOUR_WORDS)})(?::(?P<{name}_m>[0-5]\d))?"
    half = rf"\s*(?P<{name}_half>[ap]m\b|[ap]\.m\.|o'?clock\b)"
    part = rf"\s+(?P<{name}_in>in\s+the\s+(?:morning|afternoon|evening)|at\s+night)\b"
    # "At one" may be anything: an hour in words needs its "o'clock" or part of the day.
    followed = rf"(?:{half}|{part}|(?<![a-z])(?<=:\d\d)|(?<![a-z]){ends})"
    return rf"(?:(?P<{name}_word>noon|midday|midnight)\b|(?<![\d:.]){number}(?!\d|:\d){followed})"


def _pattern() -> re.Pattern[str]:
    noun = r"(?:morning|afternoon|evening|night)s?\b(?!\s*-?\s*(?:stand|table|light|lamp|gown|shirt|dress))"
    modifier = r"(?:(?:early|late)\s+)?"
    table = "|".join(
        sorted((w.replace(" ", r"\s+") for p in DAY_PARTS for w in (p.words, p.also)), reverse=True)
    )
    part = (
        rf"(?P<part>(?:{table})\b|{modifier}(?:(?:in|during|through|throughout|over)\s+(?:the\s+)?|at\s+|by\s+)"
        rf"(?:middle\s+of\s+the\s+)?{modifier}{noun}|(?:every|each)\s+{modifier}{noun}|overnight\b|in\s+the\s+small\s+hours\b|(?:at|before)\s+dawn\b|"
        rf"(?:(?:at|around|during|over|by)\s+)?(?:{'|'.join(_MEALS)})(?:[\s-]?time)?\b(?!\s+(?:table|room)))"
    )
    day = rf"(?:week-?ends?|weekdays?|work(?:ing\s+|-)?days?|(?:{'|'.join(WEEKDAYS)})s?)\b"
    days = (
        rf"(?:(?:on|at|during|over|every|each)\s+)?(?:the\s+)?\b(?P<days>{day}(?:\s*(?:,|and|or|to|through|"
        rf"-|–)"
        rf"\s*{day})*)(?:\s+(?P<day_part>{modifier}{noun}))?"
    )
    between = rf"(?:between\s+|from\s+){_time('a')}\s*(?:and|to|until|till|-|–)\s*{_time('b')}"
    limit = rf"(?P<limit>before|after|until|till|by)\s+{_time('c')}"
    clock = rf"(?P<clock>at|around|about|towards?)\s+{_time('d')}"
    kinds = rf"{part}|{days}|(?P<between>{between})|{limit}|{clock}"
    return re.compile(rf"\b(?:{kinds})", re.IGNORECASE)


TIME_PATTERN = _pattern()
NEGATED_TIME = re.compile(
    r"\b(?:not|never|except|excluding|outside|unless|(?:other|rather)\s+than|instead\s+of|"
    r"apart\s+from)(?:\s+(?:for|of))?\s*$",
    re.IGNORECASE,
)
