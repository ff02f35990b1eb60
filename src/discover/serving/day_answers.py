"""Answers about days and extremes: on which days, the longest and the earliest, what comes first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.retrieval.episodes import Spans
from discover.serving import answer_words as words
from discover.serving.measures import Measures
from discover.serving.moments import DAY_S, Period, Selected, day_of, inside_question
from discover.serving.replies import PerDay

__all__ = ["DayAnswer", "clock_hours", "days_with", "extreme", "most_active", "room_beside_night"]

_NAMED = 10
"""At most so many days are named."""


@dataclass(frozen=True)
class DayAnswer:
    """An answer without an interval.

    Attributes:
        said: In words.
        value: Its number.
        spans: The moments behind it.
        how: What showed them.
        ranked: Indices of the moments, the one that was asked for first; None: by time.
        per_day: What the number was made of.
        refusal: Why there is no answer.
    """

    said: str
    value: float | None
    spans: Spans
    how: tuple[str, ...]
    ranked: NDArray[np.int64] | None = None
    per_day: PerDay | None = None
    refusal: str = ""


def days_with(measures: Measures, found: Selected, period: Period) -> DayAnswer:
    """On how many days something happens, and the days without it."""
    days, count = measures.counts(found.spans, period)
    unit = "night" if measures.nights else "day"
    without = days[count == 0]
    n, total = int((count > 0).sum()), len(days)
    absence = not measures.query.wanted and bool(measures.query.unwanted)
    kinds = ("Those without it", "It happened") if absence else ("With it", "Without it")
    said = f"On all {total} {unit}s." if n == total else f"On {n} of {total} {unit}s."
    if n < total:
        rare = days[count > 0] if 0 < n < len(without) else without
        named = ", ".join(f"{words.date(d):%a %Y-%m-%d}" for d in rare[:_NAMED].tolist())
        more = f" and {len(rare) - _NAMED} more" if len(rare) > _NAMED else ""
        said += f" {kinds[rare is without]}: {named}{more}." if n else ""
    per_day = PerDay(words.dates(days), count, "times", f"times a {unit}")
    return DayAnswer(said, float(n), found.spans, found.how, per_day=per_day)


def extreme(measures: Measures, found: Selected, period: Period) -> DayAnswer:
    """The moment that is the longest, shortest, latest or earliest; the day that has most or least."""
    wanted = measures.query.extreme
    spans = found.spans
    if wanted is None or not len(spans):
        return DayAnswer("The log shows no such moment.", None, spans, found.how)
    if wanted.of in ("count", "hours"):
        days, values = (measures.counts if wanted.of == "count" else measures.hours)(spans, period)
        return _extreme_day(measures, days, values, spans, found.how)
    stream = measures.happened.stream
    if not wanted.high and wanted.of == "length":
        # What the edge of the log cuts only looks short.
        spans = spans.where((spans.begin_s > stream.first_s) & (spans.end_s < stream.last_s))
    values = spans.length_s if wanted.of == "length" else clock_hours(spans)
    if not len(values):
        return DayAnswer("The log shows no such moment from begin to end.", None, spans, found.how)
    ranked = np.argsort(-values if wanted.high else values, kind="stable")
    best = int(ranked[0])
    begin, end = words.time(spans.begin_s[best]), words.time(spans.end_s[best])
    if wanted.of == "length":
        until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%A %H:%M}"
        middle = words.length(float(np.median(values)))
        said = (
            f"The {wanted.words}: {words.length(values[best])}, from {begin:%A %Y-%m-%d %H:%M} to {until} "
            f"(of {len(spans)}; the middle one {middle})."
        )
        return DayAnswer(said, float(values[best]) / 3600, spans, found.how, ranked)
    said = (
        f"The {wanted.words}: {begin:%H:%M} on {begin:%A %Y-%m-%d} "
        f"(of {len(spans)}; the middle one {words.clock(float(np.median(values)))})."
    )
    return DayAnswer(said, float(values[best]) % 24, spans, found.how, ranked)


def clock_hours(spans: Spans) -> NDArray[np.float64]:
    """Hours of day of the begins, cut where they are farthest apart: 1:00 may follow 23:00 as 25.0."""
    hours = (spans.begin_s / 3600) % 24
    sorted_hours = np.unique(hours)
    gaps = np.diff(sorted_hours, append=sorted_hours[0] + 24)
    widest = int(np.argmax(gaps))
    cut = sorted_hours[(widest + 1) % len(sorted_hours)] if gaps[widest] >= 2 else 0.0
    return np.asarray(np.where(hours < cut, hours + 24, hours), dtype=np.float64)


def most_active(measures: Measures, period: Period) -> DayAnswer:
    """The busiest or quietest day, where the question names no thing: by the number of activations."""
    spans = inside_question(measures.happened.stream.signs, measures.query, period)
    days, values = measures.counts(spans, period)
    midnight = days.astype(np.float64) * DAY_S
    whole = Spans.of(midnight, midnight + DAY_S)
    return _extreme_day(measures, days, values, whole, ("signs of people of all sensors",))


def _extreme_day(
    measures: Measures,
    days: NDArray[np.int64],
    values: NDArray[np.float64],
    spans: Spans,
    how: tuple[str, ...],
) -> DayAnswer:
    wanted = measures.query.extreme
    unit = "night" if measures.nights else "day"
    hours = wanted is not None and wanted.of == "hours"
    at = int(np.argmax(values) if wanted is None or wanted.high else np.argmin(values))
    same = int((values == values[at]).sum()) - 1

    def shown(value: float) -> str:
        return words.length(value * 3600) if hours else words.counted(value, "time")

    name = wanted.words if wanted else ""
    others = f"; {words.counted(same, f'other {unit}')} alike" if same else ""
    said = (
        f"The {name}: {shown(values[at])} on {words.date(int(days[at])):%A %Y-%m-%d} "
        f"(of {len(days)} {unit}s, the middle one {shown(float(np.median(values)))}{others})."
    )
    of_day = spans.where(day_of(spans.begin_s, nights=measures.nights) == days[at])
    kind = "hours" if hours else "times"
    per_day = PerDay(words.dates(days), values, kind, f"{kind} a {unit}")
    return DayAnswer(said, float(values[at]), of_day, how, per_day=per_day)


def room_beside_night(measures: Measures, period: Period) -> DayAnswer:
    """The room in which something happens first after the night's rest, or last before it, and how often."""
    stream = measures.happened.stream
    first = measures.query.asks == "what first"
    nights = stream.nights[0]
    nothing = Spans.of(np.zeros(0), np.zeros(0))
    if not len(nights):
        refusal = "No night's rest shows in this log: a sensor at the bed or in a bedroom is needed."
        return DayAnswer("", None, nothing, (), refusal=refusal)
    edge = nights.end_s if first else nights.begin_s
    day = day_of(edge, nights=not first)
    edge = edge[np.isin(day, measures.whole_days(period))]
    bed = np.isin(stream.sensor, stream.codes_of(stream.bed_sensors))
    seen = stream.real & ~bed & (stream.room >= 0)
    time, room = stream.time_s[seen], stream.room[seen]
    at = np.searchsorted(time, edge, side="left") if first else np.searchsorted(time, edge, side="right") - 1
    inside = (at >= 0) & (at < len(time))
    at = at[inside]
    count = np.bincount(room[at], minlength=len(stream.rooms))
    if not len(at):
        return DayAnswer("The log shows no such moment.", None, nothing, ())
    order = [int(i) for i in np.argsort(-count, kind="stable") if count[i]]
    names = [f"{stream.rooms[i].replace('_', ' ')} {count[i]}" for i in order]
    said = (
        f"Most often the {names[0].rsplit(' ', 1)[0]}: {count[order[0]]} of {len(at)} times"
        f"{'; then ' + ', '.join(names[1:6]) if names[1:] else ''}."
    )
    spans = Spans.of(time[at][room[at] == order[0]], time[at][room[at] == order[0]])
    how = f"the {'first room after' if first else 'last room before'} the night's rest, the bedroom left out"
    return DayAnswer(said, float(count[order[0]]), spans, (how,))
