"""Clock times and parts of the day of everyday speech, in the words that the grammar of times reads."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from discover.query.calendar_words import Named
from discover.query.time_grammar import part_hours
from discover.query.time_words import find_time_words, time_spans

__all__ = ["ALL_DAY", "PART_OF_DAY", "plain_times", "read_hours", "time_characters"]


_HOURS = {
    word: hour
    for hour, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
}
_H = rf"(?P<h>\d{{1,2}}|{'|'.join(_HOURS)})"
_HALF = re.compile(
    rf"\b(?:(?P<q>half|quarter)\s+(?P<side>past|to|after)\s+{_H}|"
    r"half\s+(?P<h2>four|five|six|seven|eight|nine|ten|eleven|twelve))\b"
)
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2})\s*([ap])\.?m\b\.?")
_BARE_CLOCK = re.compile(
    r"(?<!at )(?<!around )(?<!before )(?<!after )(?<!by )(?<!until )(?<!and )(?<!to )(?<!from )"
    r"(?<!between )(?<!about )\b(\d{1,2}(?::\d\d)?\s+[ap]m)\b"
)
_WORD_HOUR = re.compile(
    rf"\b(at|by|before|after|until|till|around|about|past)\s+({'|'.join(_HOURS)})\b"
    r"(?=\s*(?:$|[,.?!]|(?:and|on|in|at|every|last|yesterday|today|this)\b))"
)
PART_OF_DAY = re.compile(
    r"\b(?:(?P<all>all|this|that|every|each|the\s+(?:whole|entire)|most|half\s+the)\s+)?(?:(?P<mod>early|late)\s+)?"
    r"(?P<noun>morning|afternoon|evening|night)s?\b(?!\s*-?\s*(?:stand|table|light|lamp|gown|shirt|nurse))"
)
_WORDS_FOR_TIMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\b(?:nocturnal|nightly|night-?\s?time|at\s+nights)\b", "at night"),
        (r"\bovernight\b", "at night"),
        (r"\b(?:crack\s+of\s+dawn|first\s+light|sunrise|daybreak)\b", "in the early morning"),
        (
            r"\b(?:during\s+the\s+day(?!s)|in\s+the\s+day(?:time)?|by\s+day|"
            r"(?:during\s+the\s+)?day-?\s?time)\b",
            "between 8:00 and 20:00",
        ),
        (
            r"\b(?:late(?:\s+at\s+night)?(?=\s*(?:$|[,.?!]|on\b|last\b|yesterday\b)))",
            "between 21:00 and 5:00",
        ),
        (r"\b(?:at\s+)?midday\b|\baround\s+noon\b", "between 11:00 and 14:00"),
        (r"\bbefore\s+noon\b", "before 12:00"),
    )
)


ALL_DAY = re.compile(r"\b(?:all|the\s+whole|the\s+entire)\s+day(?:\s+long)?\b|\ball-day\b")
_MEAL = re.compile(r"\b(?:breakfast|lunch|dinner|supper)\b(?!\s*-?\s*time\b)")
_ANY_MEAL = re.compile(r"\b(?:breakfast|lunch|dinner|supper)\b(?:\s*-?\s*time\b)?")
_LIMIT_IN = re.compile(
    r"\b(?:before|by|until|after)\s+\d[\d:]*\s+in\s+the\s+(?P<part>morning|afternoon|evening)\b"
)
_TIME_WORD = re.compile(
    r"\b(?:at\s+night|in\s+the\s+(?:early\s+)?morning|midnight|noon|o'?clock|[ap]m|lunch-?time|dinner-?time)\b"
)


def plain_times(text: str) -> str:
    """Clock times in one spelling: "half past nine" is 9:30, "3am" is 3 am."""

    def clock(match: re.Match[str]) -> str:
        word = match["h"] or match["h2"]
        hour = _HOURS.get(word) if word in _HOURS else int(word)
        if match["h2"]:
            return f"{hour}:30"
        minutes = 30 if match["q"] == "half" else 15
        return f"{hour}:{minutes:02d}" if match["side"] != "to" else f"{(hour or 12) - 1}:{60 - minutes}"

    text = _HALF.sub(clock, text)
    text = re.sub(r"(?<=\d)\.(?=[0-5]\d\b)(?=\d\d\s*(?:[ap]m|$|[,;?]))", ":", text)
    text = _CLOCK.sub(r"\1 \2m", text)
    text = _WORD_HOUR.sub(lambda m: f"{m[1]} {_HOURS[m[2]]}", text)
    for pattern, put in _WORDS_FOR_TIMES:
        text = pattern.sub(put, text)
    text = _BARE_CLOCK.sub(r"at \1", text)
    return re.sub(r"\b(\d+)x\b", r"\1 x", text)


def _nouns_to_phrases(text: str) -> str:
    """Parts of the day in the words that the grammar of times reads: "this morning" is "in the morning"."""
    spans = time_spans(text)

    def put(match: re.Match[str]) -> str:
        if any(a < match.end() and match.start() < b for a, b, _ in spans):
            return match.group()
        mod = f"{match['mod']} " if match["mod"] else ""
        return "at night" if match["noun"] == "night" and not mod else f"in the {mod}{match['noun']}"

    return PART_OF_DAY.sub(put, text)


def _afternoon(hours: tuple[float, float], text: str) -> tuple[float, float]:
    """The hours with their end in the afternoon: "between 9 and 3" means 15:00 unless it says otherwise."""
    begin, end = hours
    said = re.search(r"\b[ap]m\b|night|midnight|morning|dawn|\d:\d\d", text)
    if said is None and 5 <= begin <= 12 and end < begin and end <= 8:
        return begin, end + 12
    return hours


def _in_hours(minute: NDArray[np.float64], hours: tuple[float, float]) -> NDArray[np.bool_]:
    begin, end = hours
    inside: NDArray[np.bool_] = (
        (minute >= begin) & (minute < end) if begin < end else (minute >= begin) | (minute < end)
    )
    return inside


def _intervals(inside: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """The hours of a mask over the minutes of a day; one that runs over midnight is one interval."""
    if inside.all() or not inside.any():
        return ()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.view(np.int8), [0]])))
    found = [(a / 60, b / 60) for a, b in edges.reshape(-1, 2).tolist()]
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == 24:
        found = [*found[1:-1], (found[-1][0], found[0][1])]
    return tuple(found)


def read_hours(
    text: str, days: Sequence[Named], compared: tuple[int, int], *, meals: bool = True
) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
    """Hours of the day and weekdays of a question.

    Args:
        text: As `plain_times` gives it.
        days: Its named days; their parts ("this morning") count.
        compared: Characters of what it is compared with; weekdays there do not count.
        meals: Whether "at breakfast time" states hours; asked for the breakfast time, it does not.
    """
    said = text
    for day in sorted(days, key=lambda d: -d.begin):
        if day.part:
            put = "at night" if day.part == "night" else f"in the {day.part}"
            said = said[: day.begin] + put + " " + said[day.end :]
    # "Had breakfast" is an activity, "at breakfast time" an hour.
    said = (_MEAL if meals else _ANY_MEAL).sub(" ", _nouns_to_phrases(said))
    found = find_time_words(said)
    inside = np.ones(1440, dtype=bool)
    minute = np.arange(1440) / 60
    for group in found.hours:
        inside &= np.any([_in_hours(minute, _afternoon(hours, said)) for hours in group], axis=0)
    limited = _LIMIT_IN.search(said)
    if limited is not None:
        # "Before ten in the evening" begins with the evening.
        begin = part_hours(f"in the {limited['part']}")[0][0]
        inside &= _in_hours(minute, (begin, 24.0))
    for begin, end, negated in time_spans(said):
        for group in find_time_words(said[begin:end]).hours if negated else ():
            inside &= ~np.any([_in_hours(minute, hours) for hours in group], axis=0)
    # "Last Friday" and "than on Sundays" are no weekdays to keep to.
    skip = [(d.begin, d.end) for d in days] + [compared]
    kept = "".join(" " if any(a <= i < b for a, b in skip) else c for i, c in enumerate(text))
    return _intervals(inside), find_time_words(kept).weekdays


def time_characters(text: str) -> list[tuple[int, int]]:
    """Characters of words that state hours, parts of the day and weekdays."""
    spans = [m.span() for p in (PART_OF_DAY, ALL_DAY, _TIME_WORD) for m in p.finditer(text)]
    return spans + [(begin, end) for begin, end, _ in time_spans(text)]
