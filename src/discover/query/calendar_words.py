"""Days that a question names: "last weekend", "in April", "the week before Christmas", "since Monday".

A span that is relative counts from `now` and never reaches beyond it. Explicit dates are read by dateutil.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dateutil import parser as dates
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

from discover.core.day_parts import WEEKDAYS
from discover.query.amounts import NUMBERS, SMALL_NUMBERS
from discover.query.parsed_query import DaySpan

__all__ = ["Named", "find_days", "joined_days"]

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_FEASTS = {
    "christmas": (12, 25),
    "xmas": (12, 25),
    "new year": (1, 1),
    "boxing day": (12, 26),
    "easter": None,
}
_EVE = dt.timedelta(days=1)
_NUMBERS = {
    word: int(NUMBERS[word]) for word in (*SMALL_NUMBERS, "a", "an", "thirteen", "fourteen", "thirty")
}
_NUMBERS |= {"couple of": 2, "a couple of": 2, "few": 3, "a few": 3}

_NUMBER = rf"(?P<n>\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?P<unit>day|night|week|fortnight|month|year)s?"
_MONTH = "|".join((*_MONTHS, *(m[:3] for m in _MONTHS if len(m) > 4), "sept"))
_DATE = (
    rf"\d{{4}}-\d\d-\d\d|(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\b(?:,?\s+\d{{4}})?|"
    rf"(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s*(?:am|pm|:))(?:,?\s+\d{{4}})?|"
    r"the\s+\d{1,2}(?:st|nd|rd|th)\b(?:\s+of\s+(?:the|this|that|last)\s+month\b|"
    r"(?=\s*(?:$|[,.;?!]|(?:and|to|until|till|at|in|between|before|after|around|during|when|while|or|but)\b)))"
)
_WEEKDAY = "|".join(WEEKDAYS)
_PATTERN = re.compile(
    rf"(?P<two>\b(?:the\s+)?(?:day\s+before\s+yesterday|night\s+before\s+last)\b)|"
    rf"\b(?:the\s+)?(?P<before_last>week-?end|week|month)\s+before\s+last\b|"
    rf"(?:\b(?P<since_near>since\s+)?\b(?P<near>today|yesterday|tonight|last\s+(?:night|evening)|the\s+other\s+(?:day|night))\b)|"
    rf"\bthis\s+(?P<now>morning|afternoon|evening|week-?end|week|month|year|spring|summer|autumn|fall|winter)\b|"
    rf"\b(?:all|the\s+whole)\s+(?P<whole>week|month|year)\b|"
    rf"\b(?:(?:in|over|during|for|within)\s+)?(?:the\s+(?:last|past|previous)\s+(?:{_NUMBER}\s+)?|"
    rf"(?:last|past|previous)\s+{_NUMBER.replace('<n>', '<n2>')}\s+){_UNIT}\b|"
    rf"\b(?P<ago>\w+(?:\s+of)?)\s+(?P<ago_unit>day|night|week|month|year)s?\s+ago(?:\s+today)?\b|"
    r"\b(?:(?:at|in|by|towards?)\s+)?(?:the\s+)?(?:(?P<third>start|beginning|middle|end)\s+of|(?P<third2>early|mid|late))"
    rf"[\s-]+(?P<third_of>{_MONTH})\b|"
    rf"\bthe\s+(?P<run>week|fortnight|month|day)\s+(?P<side>before|after)\s+(?P<feast>christmas|xmas|new\s+year|easter)\b|"
    rf"\bthe\s+(?P<prior>day|week|month)\s+before(?=\s*(?:$|[?.!,]))|"
    rf"\b(?:(?:at|on|over|around)\s+)?(?P<at_feast>(?:christmas|xmas|new\s+year(?:'?s)?)\s+(?:day|eve)|boxing\s+day|"
    r"easter\s+(?:sunday|monday))\b|\b(?:at|on|over|around)\s+(?P<feast_days>christmas|xmas|new\s+year|easter)\b|"
    rf"\b(?:between|from)\s+(?P<from>{_DATE})\s+(?:and|to|until|till)\s+(?P<to>{_DATE})|"
    rf"\b(?:(?P<since>since|after|before|until|till)\s+|(?:on|in|during)\s+)?(?:"
    rf"(?P<date>{_DATE})|"
    rf"(?P<last>last|this|past|previous)\s+(?P<what>week-?end|week|month|year|{_WEEKDAY}|{_MONTH}|"
    rf"spring|summer|autumn|fall|winter)\b|"
    rf"(?:the\s+)?(?P<season>spring|summer|autumn|fall|winter)\b(?:\s+(?P<season_year>last\s+year|\d{{4}}))?|"
    rf"(?P<month>{_MONTH})\b(?:\s+(?P<month_year>last\s+year|\d{{4}}))?|"
    rf"(?P<day>{_WEEKDAY})\b|(?P<alone>christmas|xmas|new\s+year|easter)\b)",
    re.IGNORECASE,
)
# "March" and "may" are also verbs, "fall" and "spring" too: alone they need a preposition.
_NEEDS_LEAD = frozenset({"may", "march", "fall", "spring", "mar", "sun", "sat", "dec"})


@dataclass(frozen=True)
class Named:
    """Days of a question; characters [begin, end) name them."""

    begin: int
    end: int
    days: DaySpan
    part: str = ""
    """A part of these days: "morning", "night"."""
    anchor: DaySpan | None = None
    """What a comparison is with: winter in "since winter", the days around "two weeks ago"."""
    against: DaySpan | None = None
    """As many days up to now as `anchor` has, where a comparison names no days of its own."""


def find_days(text: str, now: dt.datetime) -> list[Named]:
    """The days that a question names, in its order; weekdays alone ("on Mondays") are left to the clock.

    >>> find_days("the week before Christmas", dt.datetime(2024, 5, 15))[0].days.first
    datetime.date(2023, 12, 18)
    """
    today = now.date()
    found: list[Named] = []
    for match in _PATTERN.finditer(text):
        read = _read(match, today)
        if read is None:
            continue
        first, last, part = read
        if match["prior"] and found:
            # "Last week than the week before": before that week.
            first, last = (d - (last - (found[-1].days.first - dt.timedelta(days=1))) for d in (first, last))
        words = " ".join(match.group().lower().split())
        # Asked of the past: what has not come yet is not in a log.
        days = DaySpan(first=first, last=max(first, min(last, today)), words=words)
        anchor, against = _anchor_of(match, today), None
        if (match["ago_unit"] or "").lower() in ("week", "month", "year"):
            anchor, against = _around(first, today, words)
        found.append(Named(match.start(), match.end(), days, part, anchor, against))
    return found


def joined_days(spans: Sequence[DaySpan]) -> DaySpan | None:
    """All days of some spans, None of none; of a span that holds another one, the narrower one is meant."""
    narrow = [s for s in spans if not any(s != o and s.first <= o.first and o.last <= s.last for o in spans)]
    runs: list[tuple[dt.date, dt.date]] = []
    for first, last in sorted((s.first, s.last) for s in narrow):
        if runs and first <= runs[-1][1] + dt.timedelta(days=1):
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    if not runs:
        return None
    words = ", ".join(s.words for s in spans)
    apart = tuple(runs) if len(runs) > 1 else ()
    return DaySpan(first=runs[0][0], last=runs[-1][1], words=words, runs=apart)


def _around(at: dt.date, today: dt.date, words: str) -> tuple[DaySpan, DaySpan]:
    """(days around a day in the past, as many up to today): two thirds of the way back, 7 to 28 days."""
    day, back = dt.timedelta(days=1), (today - at).days
    length = min(max(7, 2 * back // 3), 28)
    last = min(at + length // 2 * day, today - length * day)
    around = DaySpan(first=last - (length - 1) * day, last=last, words=words)
    return around, DaySpan(first=today - (length - 1) * day, last=today, words="")


def _anchor_of(match: re.Match[str], today: dt.date) -> DaySpan | None:
    if (match["since"] or "").lower() not in ("since", "after"):
        return None
    named = find_days(f"in {match.group()[len(match['since']) :]}", dt.datetime.combine(today, dt.time()))
    return named[0].days if named else None


def _read(match: re.Match[str], today: dt.date) -> tuple[dt.date, dt.date, str] | None:
    got = {k: " ".join(v.lower().split()) for k, v in match.groupdict().items() if v is not None}
    day = dt.timedelta(days=1)
    if "two" in got:
        return today - 2 * day, today - 2 * day, "night" if "night" in got["two"] else ""
    if "before_last" in got:
        first, last = _last(got["before_last"], today)
        if got["before_last"] == "month":
            return (*_unit("month", first - day), "")
        return first - 7 * day, last - 7 * day, ""
    if "near" in got:
        near = _near(got["near"], today)
        return near if near is None or "since_near" not in got else (near[0], today, "")
    if "now" in got:
        if got["now"] in ("morning", "afternoon", "evening"):
            return today, today, got["now"]
        return (*_unit(got["now"], today), "")
    if "whole" in got:
        return (*_unit(got["whole"], today), "")
    if "unit" in got:
        n = _number(got.get("n") or got.get("n2") or "1")
        if got["unit"] == "night":
            return today - n * day, today - day, "night"
        return today - _length(got["unit"], n) + day, today, ""
    if "ago" in got:
        n = _NUMBERS.get(got["ago"]) or (int(got["ago"]) if got["ago"].isdigit() else 0)
        at = today - _length(got["ago_unit"], n)
        return (at, at, "night" if got["ago_unit"] == "night" else "") if n else None
    if "third_of" in got:
        first, last = _unit(got["third_of"], today)
        word = got.get("third") or got["third2"]
        k = 0 if word in ("start", "beginning", "early") else 1 if word in ("middle", "mid") else 2
        return first + 10 * k * day, first + (10 * k + 9) * day if k < 2 else last, ""
    if "feast" in got:
        at = _feast(got["feast"], today)
        length = _length(got["run"], 1)
        return (at - length, at - day, "") if got["side"] == "before" else (at + day, at + length, "")
    if "prior" in got:
        length = _length(got["prior"], 1)
        return today - length - length + day, today - length, ""
    if "feast_days" in got:
        at = _feast(got["feast_days"], today)
        return at, at + day, ""
    if "at_feast" in got:
        at = _feast(got["at_feast"], today)
        return at, at, ""
    if "from" in got:
        return _date(got["from"], today), _date(got["to"], today), ""
    return _anchored(match, got, today)


def _anchored(
    match: re.Match[str], got: dict[str, str], today: dt.date
) -> tuple[dt.date, dt.date, str] | None:
    """Dates, weekdays, months and seasons, perhaps after "since" or "before"."""
    first, last = today, today
    if "date" in got:
        first = last = _date(got["date"], today)
    elif "last" in got:
        first, last = _last(got["what"], today) if got["last"] != "this" else _unit(got["what"], today)
    elif "season" in got or "month" in got:
        name = got.get("season") or got["month"]
        led = match.group().split()[0].lower() != name and match.group().split()[0].lower() != "the"
        if name in _NEEDS_LEAD and not led:
            return None
        year = got.get("season_year") or got.get("month_year") or ""
        first, last = _unit(name, today, int(year) if year.isdigit() else today.year - 1 if year else None)
    elif "alone" in got and "since" in got:
        first = last = _feast(got["alone"], today)
    elif "since" not in got or got["since"] != "since":
        return None  # weekdays alone
    else:
        first = last = today - dt.timedelta(days=(today.weekday() - WEEKDAYS.index(got["day"])) % 7)
    side = got.get("since", "")
    if side in ("since", "after"):
        return first if side == "since" else last + dt.timedelta(days=1), today, ""
    if side in ("before", "until", "till"):
        return dt.date(1, 1, 1), first - dt.timedelta(days=1), ""
    return first, last, ""


def _near(word: str, today: dt.date) -> tuple[dt.date, dt.date, str] | None:
    yesterday = today - dt.timedelta(days=1)
    if word.startswith("the other"):
        return today - dt.timedelta(days=7), yesterday, word.split()[-1].replace("day", "")
    if word in ("last night", "last evening"):
        return yesterday, yesterday, word.split()[1]
    at = yesterday if word == "yesterday" else today
    return at, at, "night" if word == "tonight" else ""


def _unit(name: str, today: dt.date, year: int | None = None) -> tuple[dt.date, dt.date]:
    """The week, weekend, month, season or year that holds today, or the last one that began before it."""
    day = dt.timedelta(days=1)
    monday = today - today.weekday() * day
    if name == "week":
        return monday, monday + 6 * day
    if name.startswith("week"):
        return monday + 5 * day, monday + 6 * day
    if name == "month":
        first = today.replace(day=1)
        return first, first + relativedelta(months=1) - day
    if name == "year":
        return today.replace(month=1, day=1), today.replace(month=12, day=31)
    if name in WEEKDAYS:
        at = today - dt.timedelta(days=(today.weekday() - WEEKDAYS.index(name)) % 7)
        return at, at
    month = _SEASONS.get(name) or next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(name[:3]))
    first = dt.date(year or today.year, month, 1)
    if year is None and first > today:
        first -= relativedelta(years=1)
    return first, first + relativedelta(months=3 if name in _SEASONS else 1) - day


def _last(name: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """The one before the one that holds today; the last weekday, month or season that is over."""
    day = dt.timedelta(days=1)
    if name in ("week", "month", "year") or name.startswith("week"):
        first, _ = _unit("week" if name.startswith("week") else name, today)
        before = first - day
        if name.startswith("week") and name != "week":
            # On a Sunday evening "last weekend" is still the one before.
            return before - day, before
        return _unit(name, before)
    if name in WEEKDAYS:
        return _unit(name, today - day)
    first, last = _unit(name, today)
    return (first, last) if last < today else _unit(name, first - day)


def _length(unit: str, n: int) -> relativedelta:
    if unit == "fortnight":
        return relativedelta(days=14 * n)
    if unit in ("day", "night"):
        return relativedelta(days=n)
    if unit == "week":
        return relativedelta(weeks=n)
    return relativedelta(months=n) if unit == "month" else relativedelta(years=n)


def _number(words: str) -> int:
    return int(words) if words.isdigit() else _NUMBERS[words]


def _feast(name: str, today: dt.date) -> dt.date:
    """The last one that is over."""
    if name.endswith((" eve", " monday")):
        return _feast(name.rsplit(" ", 1)[0], today) + (-_EVE if name.endswith("eve") else _EVE)
    name = re.sub(r"(?:(?<=year)'?s)?\s+(?:day|sunday)$", "", name) if name != "boxing day" else name
    for year in (today.year, today.year - 1):
        fixed = _FEASTS.get(name)
        at = easter(year) if fixed is None else dt.date(year, *fixed)
        if at <= today:
            return at
    return at


def _day_of_month(number: int, today: dt.date, *, before: bool) -> dt.date:
    """The latest day of that number up to today, or in the month before; today where no month has it."""
    months = (today.replace(day=1) - relativedelta(months=n) for n in range(before, before + 12))
    days = (first + dt.timedelta(days=number - 1) for first in months if 1 <= number <= 31)
    fits = (day for day in days if day.day == number and day <= today)
    return next(fits, today)


def _date(words: str, today: dt.date) -> dt.date:
    """A date without its year is the last one of that name."""
    number = re.match(r"the\s+(\d+)(?:st|nd|rd|th)(?:\s+of\s+\w+\s+month)?$", words)
    if number is not None:
        return _day_of_month(int(number[1]), today, before="last" in words)
    plain = re.sub(r"\b(the|of)\b", " ", words)
    try:
        at = dates.parse(plain, default=dt.datetime(today.year, today.month, 1)).date()
    except (ValueError, OverflowError):
        return today
    has_year = re.search(r"\d{4}", words) is not None
    found: dt.date = at if has_year or at <= today else at - relativedelta(years=1)
    return found
