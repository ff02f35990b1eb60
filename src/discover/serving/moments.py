"""The moments that meet a question: what is wanted happens, what is unwanted does not, then and so long."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.query import DaySpan, ParsedQuery, Thing
from discover.retrieval.episodes import EventStream, Spans, join_spans, merge_spans
from discover.serving import answer_words as words
from discover.serving.occurrences import Occurrences

__all__ = [
    "Period",
    "Selected",
    "asked_spans",
    "asks_of_nights",
    "day_of",
    "hours_of_days",
    "inside_question",
    "on_weekdays",
    "period_of",
    "seconds_inside",
    "select_moments",
]  # fmt: skip

DAY_S = 86_400.0
FOLLOWS_S = 3600.0
"""A thing follows another if it begins this soon after the other's end."""
LEAD_S = 600.0
"""So much of the first and of the last thing belongs to the moment of an order."""
EVENING_H = 18.0
"""Where a night is asked about, a day lasts from this hour to the same hour of the next day."""


@dataclass(frozen=True)
class Period:
    """The days that a question is about.

    Attributes:
        first, last: Days since 1970, both included.
        nights: A day begins at `EVENING_H`, so that a night is not cut in two.
        seen: (D,) which of the days have events.
    """

    first: int
    last: int
    nights: bool
    seen: NDArray[np.bool_]

    @property
    def days(self) -> NDArray[np.int64]:
        """Numbers of the days that have events."""
        return np.arange(self.first, self.last + 1)[self.seen]


@dataclass(frozen=True)
class Selected:
    """Moments of a question.

    Attributes:
        spans: The moments.
        how: What showed them, in words, each thing once.
        evidence: The weakest kind: sensor, stay, episode, guess or recognised; "none" where one is not shown.
    """

    spans: Spans
    how: tuple[str, ...]
    evidence: str


_STRENGTH = ("sensor", "stay", "episode", "guess", "recognised", "none")


def asks_of_nights(query: ParsedQuery) -> bool:
    """Whether a day of the question is a night, from evening to evening."""
    names = {t.name for t in (*query.wanted, *query.unwanted)}
    if "getting up" in names and query.asks in ("when", "compare") and not query.hours:
        return False
    late = any(begin >= EVENING_H and (end <= 12 or end == 24) for begin, end in query.hours)
    return late or bool(names & {"sleeping", "going to bed"})


def period_of(days: DaySpan | None, stream: EventStream, now: dt.datetime, *, nights: bool) -> Period | None:
    """The named days that the log has, or all of it up to `now`; None where it has none of them."""
    end_s = min(stream.last_s, words.seconds(now))
    start = int(stream.first_s // DAY_S)
    first, last = start, int(end_s // DAY_S)
    if days is not None:
        begin, end = (words.number(day) for day in (days.first, days.last))
        first, last = max(first, begin), min(last, end)
    seen = stream.lived[first - start : last + 1 - start] if first <= last else np.zeros(0, dtype=bool)
    return Period(first, last, nights, seen) if seen.any() else None


def day_of(time_s: NDArray[np.float64], *, nights: bool) -> NDArray[np.int64]:
    """Number of the day of local times; before 18:00 a night still belongs to the day before."""
    shift = EVENING_H * 3600 if nights else 0.0
    return np.floor((time_s - shift) / DAY_S).astype(np.int64)


def on_weekdays(days: NDArray[np.int64], query: ParsedQuery) -> NDArray[np.bool_]:
    """Which days (since 1970) are of the weekdays and runs of days of a question; all where it names none."""
    runs = np.ones(len(days), dtype=bool)
    if query.days is not None and query.days.runs:
        runs = query.days.holds(days)
    if not query.weekdays:
        return runs
    return runs & np.isin((days + 3) % 7, query.weekdays)  # 1970-01-01 was a Thursday


def select_moments(query: ParsedQuery, happened: Occurrences, period: Period) -> Selected:
    """The moments of a period that meet all conditions of a question."""
    found = [happened.of(thing, query) for thing in query.wanted]
    against = [happened.of(thing, query) for thing in query.unwanted]
    if query.empty:
        out = Thing(kind="activity", name="going out", words="nobody home")
        found.insert(0, happened.of(out, query))
    how = tuple(dict.fromkeys(f.how for f in [*found, *against]))
    evidence = max((f.kind for f in [*found, *against]), key=_STRENGTH.index, default="sensor")
    if evidence == "none":
        return Selected(_none(), tuple(f.how for f in [*found, *against] if f.kind == "none"), evidence)
    if found:
        parts = [f.spans for f in found]
        spans = (
            _in_order(parts)
            if query.ordered and len(parts) > 1
            else merge_spans(parts)
            if query.either
            else _together(parts)
        )
        spans = inside_question(spans, query, period)
        for other in against:
            spans = _without(spans, other.spans)
    elif against:
        parts = [a.spans for a in against]
        spans = asked_spans(query, parts, period, happened.stream)
        spans = spans if _states_length(query) else _without(spans, merge_spans(parts))
    else:
        # Only times are asked about: whatever happens then.
        every = happened.stream.stays(frozenset(happened.stream.sensors))
        spans = inside_question(every, query, period)
    if query.people is not None and query.people.low > 2:
        return Selected(_none(), ("no sensor counts people: two rooms busy at once show two",), "none")
    if query.people is not None:
        company = happened.stream.company
        spans = _together([spans, company]) if query.people.low == 2 else _without(spans, company)
        seen = "two rooms that are busy within seconds of each other"
        how = (*how, seen if query.people.low == 2 else f"without {seen}")
        evidence = max(evidence, "episode", key=_STRENGTH.index)
    if query.lasts is not None and not (against and not found):
        keep = (spans.length_s >= query.lasts.low) & (spans.length_s <= query.lasts.high)
        spans = spans.where(keep)
    if query.times is not None:
        spans = _often(spans, query, period)
    return Selected(spans, how, evidence)


def _together(parts: list[Spans]) -> Spans:
    """Spans of the first thing during which all others happen as well, cut to what they share."""
    spans = parts[0]
    for other in parts[1:]:
        if not len(spans) or not len(other):
            return _none()
        joined = join_spans(other, 0.0)
        at = np.searchsorted(joined.end_s, spans.begin_s, side="left")
        begin = np.append(joined.begin_s, np.inf)[at]
        end = np.append(joined.end_s, np.inf)[at]
        keep = begin <= spans.end_s
        spans = Spans(
            np.maximum(spans.begin_s, begin)[keep], np.minimum(spans.end_s, end)[keep], spans.count[keep]
        )
    return spans


def _in_order(parts: list[Spans]) -> Spans:
    """Each thing soon after the one before: from the end of the first thing to the begin of the last one.

    Of both no more than `LEAD_S` belongs to the moment: who asks for the way from bed to the toilet does not
    mean the night.
    """
    begin, end = parts[0].begin_s, parts[0].end_s
    opens = np.maximum(begin, end - LEAD_S)
    for other in parts[1:]:
        # The next thing begins after this one begins, and soon after it ends.
        at = np.searchsorted(other.begin_s, begin, side="right")
        follows = np.append(other.begin_s, np.inf)[at]
        keep = follows <= end + FOLLOWS_S
        opens = np.minimum(opens, follows)[keep]
        begin, end = follows[keep], np.append(other.end_s, np.inf)[at][keep]
    return Spans.of(opens, np.minimum(np.maximum(end, begin), begin + LEAD_S))


def inside_question(spans: Spans, query: ParsedQuery, period: Period) -> Spans:
    """Those in the days, weekdays and hours of the question; a moment counts by its middle or its begin."""
    day = day_of(spans.begin_s, nights=period.nights)
    keep = (day >= period.first) & (day <= period.last) & on_weekdays(day, query)
    if query.hours:
        keep &= np.any([_overlaps(spans, hours) for hours in query.hours], axis=0)
    return spans.where(keep)


def _overlaps(spans: Spans, hours: tuple[float, float]) -> NDArray[np.bool_]:
    """Which spans begin in some hours, or have a third of their length and half an hour in them."""
    begin, end = hours
    length = (end - begin) % 24 or 24.0
    after = (spans.begin_s / 3600 - begin) % 24
    inside: NDArray[np.bool_] = after < length
    until_next = 24 - after
    shared = np.minimum(spans.length_s / 3600 - until_next, length)
    return inside | (shared >= np.maximum(0.5, spans.length_s / 3600 / 3))


def _without(spans: Spans, unwanted: Spans) -> Spans:
    """Spans in which nothing of the unwanted happens."""
    joined = join_spans(unwanted, 0.0)
    at = np.searchsorted(joined.end_s, spans.begin_s, side="left")
    touched = np.append(joined.begin_s, np.inf)[at] <= spans.end_s
    return spans.where(~touched)


def _states_length(query: ParsedQuery) -> bool:
    return query.lasts is not None and query.lasts.low > 0


def asked_spans(query: ParsedQuery, unwanted: list[Spans], period: Period, stream: EventStream) -> Spans:
    """Days or hours in which a thing may be absent; where a length is stated, the times without it."""
    if query.lasts is not None and _states_length(query):
        joined = join_spans(merge_spans(unwanted), 0.0)
        begin, end = period.first * DAY_S, (period.last + 1) * DAY_S
        since, until = np.append(begin, joined.end_s), np.append(joined.begin_s, end)
        gaps = Spans.of(np.maximum(since, begin), np.minimum(until, end))
        keep = (gaps.length_s >= query.lasts.low) & (gaps.length_s <= query.lasts.high)
        spans = inside_question(gaps.where(keep), query, period)
    else:
        days = period.days
        days = days[on_weekdays(days, query)]
        asked = hours_of_days(days, query, nights=period.nights)
        begins, ends = (np.concatenate(edges) for edges in zip(*asked, strict=True))
        spans = Spans.of(begins, ends - 1)
    # Of hours that the log holds less than half of, nothing can be said.
    held = np.minimum(spans.end_s, stream.last_s) - np.maximum(spans.begin_s, stream.first_s)
    return spans.where(held >= spans.length_s / 2)


def hours_of_days(
    days: NDArray[np.int64], query: ParsedQuery, *, nights: bool
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """(begins, ends) in seconds of each stretch of hours that a question is about, one per day."""
    hours = query.hours or (((EVENING_H, EVENING_H),) if nights else ((0.0, 24.0),))
    # Hours after midnight belong to the night that began the evening before.
    late = [
        (a + 24, b + 24) if nights and a < b <= EVENING_H else (a, b if b > a else b + 24) for a, b in hours
    ]
    midnight = days.astype(np.float64) * DAY_S
    return [(midnight + a * 3600, midnight + b * 3600) for a, b in late]


def seconds_inside(
    spans: Spans, days: NDArray[np.int64], query: ParsedQuery, *, nights: bool
) -> NDArray[np.float64]:
    """(D,) seconds of some spans inside the hours that a question is about: what lies outside is cut off."""
    joined = join_spans(spans, 0.0)
    ends, total = np.append(-np.inf, joined.end_s), np.append(0.0, np.cumsum(joined.length_s))

    def until(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        begun = np.searchsorted(joined.begin_s, time_s, side="right")
        return total[begun] - np.maximum(ends[begun] - time_s, 0.0)

    parts = [until(end) - until(begin) for begin, end in hours_of_days(days, query, nights=nights)]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def _often(spans: Spans, query: ParsedQuery, period: Period) -> Spans:
    """The stretch of each day in which the moments happen as often as asked."""
    if query.times is None:
        return spans
    day = day_of(spans.begin_s, nights=period.nights)
    _, first, count = np.unique(day, return_index=True, return_counts=True)
    last = first + count - 1
    keep = (count >= query.times.low) & (count <= query.times.high)
    often = Spans(spans.begin_s[first][keep], spans.end_s[last][keep], count[keep].astype(np.int64))
    if query.times.low > 0:
        return often
    # "Fewer than two meals" holds on a day without any.
    none = period.days[on_weekdays(period.days, query) & ~np.isin(period.days, day)]
    (begins, ends), *_ = hours_of_days(none, query, nights=period.nights)
    return merge_spans([often, Spans.of(begins, ends - 1)])


def _none() -> Spans:
    return Spans(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
