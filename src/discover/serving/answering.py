"""A question answered from one home: moments, a number with its interval, a comparison, or why not."""

import datetime as dt
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from discover.metrics.bootstrap import enough_days
from discover.query import DaySpan, ParsedQuery
from discover.query.parsed_query import Bounds
from discover.retrieval.episodes import Spans
from discover.serving import answer_words as words
from discover.serving import refusals
from discover.serving.day_answers import DayAnswer, days_with, extreme, most_active, room_beside_night
from discover.serving.measures import Measures
from discover.serving.moments import (
    DAY_S,
    Period,
    Selected,
    day_of,
    inside_question,
    period_of,
    seconds_inside,
    select_moments,
)
from discover.serving.occurrences import Occurrences
from discover.serving.replies import REFUSALS, AskedMoment, PerDay, Reply

__all__ = ["answer_question"]

_DAYS_OF = {"week": 7.0, "month": 365.25 / 12}
_OF_TIME = ("how long", "first", "last", "what first", "what last")


def answer_question(query: ParsedQuery, happened: Occurrences, *, now: dt.datetime, top_k: int = 5) -> Reply:
    """Answer a question that was read.

    Args:
        query: The question.
        happened: What happens in the home.
        now: Nothing after it counts.
        top_k: How many moments are kept.
    """
    if query.refused is not None:
        return Reply(query, "", refusal=REFUSALS[query.refused])
    return _Answer(query, happened, now, top_k).reply()


class _Answer(Measures):
    """Answers one question."""

    def __init__(self, query: ParsedQuery, happened: Occurrences, now: dt.datetime, top_k: int) -> None:
        super().__init__(query, happened)
        self.now, self.top_k = now, top_k

    def reply(self) -> Reply:
        query = self.query
        named = query.wanted or query.unwanted or query.empty or query.people
        asked = query.hours or query.days or query.weekdays or query.extreme or query.asks in _OF_TIME
        compared = query.comparison is not None
        if not (named or (asked and not compared) or (compared and not query.unread)):
            return Reply(query, "", refusal=refusals.nothing_read(query))
        if "than" in query.unread:
            return Reply(query, "", refusal=refusals.half_compared(query))
        if not named and (refusal := refusals.no_measure(query)):
            return Reply(query, "", refusal=refusal)
        if query.wanted and not self.happened.stream.sensors:
            return Reply(query, "", refusal="The log has no events.")
        period = self._period(query.days)
        if period is None:
            return Reply(query, "", refusal=refusals.outside(self.happened.stream, query.days))
        if query.asks in ("what first", "what last"):
            return self._reply(room_beside_night(self, period))
        if query.extreme is not None and not named:
            return self._reply(most_active(self, period))
        if query.asks in ("find", "how long") and not named:
            return self._rooms(period)
        if query.extreme is not None and query.extreme.of == "length" and not query.wanted:
            # "The longest time without going out" is between two outings.
            query = self.query = query.model_copy(update={"lasts": query.lasts or Bounds(low=1.0)})
        found = select_moments(query, self.happened, period)
        if found.evidence == "none":
            return Reply(query, "", refusal=f"This home cannot answer: {'; '.join(found.how)}.")
        if refusal := refusals.unproven(query, found.evidence):
            return Reply(query, "", refusal=refusal)
        if query.comparison is not None:
            return self._compared(found, period)
        if query.extreme is not None:
            return self._reply(extreme(self, found, period))
        if query.asks == "how many days":
            return self._reply(days_with(self, found, period))
        kinds: dict[str, Callable[[Selected, Period], Reply]] = {
            "how often": self._how_often, "how long": self._how_long, "when": self._when,
            "first": self._edge, "last": self._edge, "how many people": self._people,
            "whether": self._whether, "find": self._find,
        }  # fmt: skip
        return kinds[query.asks](found, period)

    def _period(self, days: DaySpan | None) -> Period | None:
        period = period_of(days, self.happened.stream, self.now, nights=self.nights)
        missed = 0 if period is None else int((~period.seen).sum())
        are = "is" if missed == 1 else "are"
        left_out = f"{words.counted(missed, 'day')} without a sign of people {are} left out."
        if missed and left_out not in self.notes:
            self.notes.append(left_out)
        return period

    def _reply(self, answer: DayAnswer) -> Reply:
        moments = (
            self._moments(answer.spans)
            if answer.ranked is None
            else tuple(self._moment(answer.spans, int(i)) for i in answer.ranked[: self.top_k])
        )
        return Reply(
            self.query, answer.said, moments=moments, n_moments=len(answer.spans), per_day=answer.per_day,
            how=answer.how, notes=tuple(self.notes), value=answer.value, refusal=answer.refusal,
        )  # fmt: skip

    def _moment(self, spans: Spans, i: int) -> AskedMoment:
        return AskedMoment(words.time(spans.begin_s[i]), words.time(spans.end_s[i]), int(spans.count[i]))

    def _made(
        self,
        found: Selected,
        said: str,
        per_day: PerDay | None = None,
        value: float | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> Reply:
        return Reply(
            self.query, said, moments=self._moments(found.spans), n_moments=len(found.spans), per_day=per_day,
            how=found.how, notes=tuple(self.notes), value=value, low=low, high=high,
        )  # fmt: skip

    def _moments(self, spans: Spans) -> tuple[AskedMoment, ...]:
        """The latest ones, spread over days: one of each day first."""
        day = day_of(spans.begin_s, nights=self.nights)
        order = np.argsort(-spans.begin_s, kind="stable")
        rank = np.zeros(len(order), dtype=np.int64)
        seen: dict[int, int] = {}
        for i in order.tolist():
            rank[i] = seen.get(int(day[i]), 0)
            seen[int(day[i])] = int(rank[i]) + 1
        chosen = sorted(order.tolist(), key=lambda i: (rank[i], -spans.begin_s[i]))[: self.top_k]
        chosen.sort(key=lambda i: -spans.begin_s[i])
        return tuple(self._moment(spans, i) for i in chosen)

    def _how_often(self, found: Selected, period: Period) -> Reply:
        days, values = self.counts(found.spans, period)
        unit = "night" if self.nights else "day"
        total = float(values.sum())
        mean, low, high, per = self._rate(
            float(values.mean()), *self.interval(float(values.mean()), values, days, found, "count"), unit
        )
        seen = f"{words.counted(total, 'time')} on {words.counted(len(days), unit)}"
        said = (
            f"{seen}: {mean:.2g} a {per}{words.interval(low, high, '.2g')}."
            if words.tells(mean, low, high)
            else words.no_number(seen, f"{low:.2g}", f"{high:.2g} a {per}")
        )
        if total == 0:
            said = f"Not once on {words.counted(len(days), unit)}."
        per_day = PerDay(words.dates(days), values, "times", f"times a {unit}")
        return self._made(found, said, per_day, value=mean, low=low, high=high)

    def _how_long(self, found: Selected, period: Period) -> Reply:
        days, values = self.hours(found.spans, period)

        if len(found.spans) and not found.spans.length_s.any():
            refusal = f"{'; '.join(found.how)}: they report when, and no end of it. Ask how often instead."
            return Reply(self.query, "", refusal=refusal)
        unit = "night" if self.nights else "day"
        hours, low, high, per = self._rate(
            float(values.mean()), *self.interval(float(values.mean()), values, days, found, "hours"), unit
        )
        each = (
            f"; {words.length(float(np.median(found.spans.length_s)))} each time (median)"
            if len(found.spans)
            else ""
        )
        mean = f"{words.length(hours * 3600)} a {per}"
        said = f"{mean} on {len(days)} {unit}s{words.interval_h(low, high)}{each}."
        if not len(found.spans):
            said = self._never(period)
        elif low is not None and high is not None and not words.tells(hours, low, high):
            seen = f"{words.length(values.mean() * 3600)} a {unit}"
            said = words.no_number(seen, words.length(low * 3600), f"{words.length(high * 3600)} a {per}")
        per_day = PerDay(words.dates(days), values, "hours", f"hours a {unit}")
        return self._made(found, said, per_day, value=hours, low=low, high=high)

    def _rate(
        self, mean: float, low: float | None, high: float | None, unit: str
    ) -> tuple[float, float | None, float | None, str]:
        """A number a day as one a week or month, if that is asked; its interval; and what it is for."""
        factor = _DAYS_OF.get(self.query.per, 1.0)
        low, high = (None if edge is None else edge * factor for edge in (low, high))
        return mean * factor, low, high, self.query.per or unit

    def _rooms(self, period: Period) -> Reply:
        """Which rooms are used, longest first: a question of time that names no thing."""
        stream, days = self.happened.stream, self.whole_days(period)
        rows = []
        for room in stream.rooms:
            sensors = frozenset(s.id for s in stream.home.sensors if s.room == room)
            inside = seconds_inside(stream.stays(sensors), days, self.query, nights=self.nights)
            rows.append((float(inside.mean()) / 3600, room))
        if not rows:
            return Reply(self.query, "", refusal="No sensor of this home has a room.")
        rows.sort(reverse=True)
        listed = ", ".join(f"{room.replace('_', ' ')} {hours:.1f}" for hours, room in rows[:6])
        said = f"Hours a day by room: {listed}."
        return Reply(self.query, said, value=rows[0][0], how=("stays in each room",))

    def _when(self, found: Selected, period: Period) -> Reply:
        days, values = self.clocks(found.spans, period)
        if not len(values):
            return self._made(found, self._never(period))
        if (self.query.days is not None and len(period.days) == 1) or len(values) == 1:
            return self._made(
                found, f"At {words.clock(values[0])} on {words.date(int(days[0]))}.", value=float(values[0])
            )
        middle = float(np.median(values))
        low, high = self.interval(middle, values, days, found, "clock")
        early, late = np.quantile(values, [0.25, 0.75])
        said = (
            f"Usually at {words.clock(middle)}; half of the days between {words.clock(early)} "
            f"and {words.clock(late)} ({len(values)} days{words.interval_clock(low, high)})."
        )
        per_day = PerDay(words.dates(days), values, "o'clock", "time of day")
        return self._made(found, said, per_day, value=middle, low=low, high=high)

    def _edge(self, found: Selected, period: Period) -> Reply:
        spans = found.spans
        if not len(spans):
            return self._made(found, self._never(period))
        at = int(np.argmin(spans.begin_s)) if self.query.asks == "first" else int(np.argmax(spans.begin_s))
        if self.query.asks == "first" and self.query.days is None:
            # "The first kitchen activity of the day" is one moment a day.
            day = day_of(spans.begin_s, nights=self.nights)
            _, first = np.unique(day, return_index=True)
            return self._when(
                Selected(Spans.of(spans.begin_s[first], spans.end_s[first]), found.how, found.evidence),
                period,
            )
        one = Selected(spans.where(np.arange(len(spans)) == at), found.how, found.evidence)
        word = "First" if self.query.asks == "first" else "Last"
        return self._made(
            one,
            f"{word} time: {words.time(spans.begin_s[at]):%A %Y-%m-%d %H:%M}.",
            value=float(spans.begin_s[at]),
        )

    def _people(self, found: Selected, period: Period) -> Reply:
        refusal = (
            "No sensor counts people. `discover changes --by company` lists moments that suggest company; "
            'ask "two people in the kitchen" for times when two rooms are busy at once.'
        )
        return Reply(self.query, "", refusal=refusal)

    def _whether(self, found: Selected, period: Period) -> Reply:
        n = len(found.spans)
        absence = not self.query.wanted and bool(self.query.unwanted)
        if not n:
            # "Didn't she eat?" finds no day without a meal.
            return self._made(
                found, "No such day: it happened each time." if absence else self._never(period), value=0.0
            )
        latest = words.time(found.spans.begin_s.max())
        if absence:
            days = words.counted(n, "day")
            return self._made(found, f"Right for {days}, the last on {latest:%A %Y-%m-%d}.", value=float(n))
        often = "once" if n == 1 else f"{n} times, the last"
        return self._made(found, f"Yes: {often} at {latest:%H:%M on %A %Y-%m-%d}.", value=float(n))

    def _find(self, found: Selected, period: Period) -> Reply:
        n = len(found.spans)
        said = self._never(period) if not n else ("1 moment." if n == 1 else f"{n} moments.")
        return self._made(found, said, value=float(n))

    def _never(self, period: Period) -> str:
        days = (
            f"on {words.date(period.first)}"
            if period.first == period.last
            else f"from {words.date(period.first)} to {words.date(period.last)}"
        )
        return f"The log shows no such moment {days}."

    def _compared(self, found: Selected, period: Period) -> Reply:
        """Two periods by the number, length or time of day that the question is about."""
        query, comparison = self.query, self.query.comparison
        if comparison is None:
            return self._find(found, period)
        mine, other = self._two_periods(period)
        if mine is None or other is None:
            return Reply(
                query,
                "",
                refusal=refusals.outside(
                    self.happened.stream, comparison.days if other is None else query.days
                ),
            )
        measure, unit = self.measure(comparison)
        if comparison.others:
            # Both kinds of days are measured, and told apart afterwards.
            self.query = query.model_copy(update={"weekdays": ()})
        both = Period(other.first, mine.last, self.nights, _seen(other, mine))
        everywhere = select_moments(self.query, self.happened, both)
        if not (query.wanted or query.unwanted or query.empty or query.people):
            # "More active": by the signs of people of all sensors.
            signs = inside_question(self.happened.stream.signs, self.query, both)
            everywhere = Selected(signs, ("signs of people of all sensors",), "sensor")
        (days_a, a), (days_b, b) = measure(everywhere.spans, mine), measure(everywhere.spans, other)
        if comparison.others:
            weekday = (days_b + 3) % 7
            chosen = np.isin(weekday, query.weekdays)
            rest = np.isin(weekday, comparison.weekdays) if comparison.weekdays else ~chosen
            days_a, a, days_b, b = days_b[chosen], b[chosen], days_b[rest & ~chosen], b[rest & ~chosen]
        if not len(a) or not len(b):
            return Reply(
                query,
                "",
                refusal="One of the two periods has no such moment, so there is nothing to compare.",
            )
        if comparison.days is not None and len(b) == 1 < len(a):
            refusal = f"{comparison.days.first} is one day, no match for {len(a)} days. Name a longer time."
            return Reply(query, "", refusal=refusal)
        gap = float(a.mean() - b.mean())
        low = high = None
        if enough_days(len(a)) and enough_days(len(b)):
            rng = np.random.default_rng(0)
            drawn = a[rng.integers(len(a), size=(1000, len(a)))].mean(1) - b[
                rng.integers(len(b), size=(1000, len(b)))
            ].mean(1)
            low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
        of = "hours" if unit != "times" else "times a day"
        sure = "" if low is None or high is None else f", 95 % {low:+.2g} to {high:+.2g}"
        mine_words, other_words = "now", "then"
        if comparison.others:
            mine_words, other_words = words.weekdays(query.weekdays), words.weekdays(comparison.weekdays)
        verdict = words.verdict(comparison.direction, gap, low, high)
        said = (
            f"{verdict} {words.amount(a.mean(), unit)} {mine_words}, "
            f"{words.amount(b.mean(), unit)} {other_words} (difference {gap:+.2g}{sure}, in {of}; "
            f"{len(a)} and {len(b)} days)."
        )
        days = np.concatenate([days_b, days_a])
        per_day = PerDay(words.dates(days), np.concatenate([b, a]), unit, f"{unit} a day")
        self.query = query
        return self._made(found, said, per_day, value=gap, low=low, high=high)

    def _two_periods(self, period: Period) -> tuple[Period | None, Period | None]:
        comparison = self.query.comparison
        if comparison is None or comparison.others:
            return period, period
        if comparison.days is None:
            # "Than usual": the days asked about, or the last week, against all days before.
            first = period.first if self.query.days is not None else max(period.first, period.last - 6)
            mine = Period(first, period.last, self.nights, period.seen[first - period.first :])
            start = int(self.happened.stream.first_s // DAY_S)
            return mine, self._period(
                DaySpan(first=words.date(start), last=words.date(first - 1))
            ) if first > start else None
        other = self._period(comparison.days)
        if self.query.days is None and other is not None:
            if other.last >= period.last:
                return None, other
            first = other.last + 1
            return Period(first, period.last, self.nights, period.seen[first - period.first :]), other
        return period, other


def _seen(a: Period, b: Period) -> NDArray[np.bool_]:
    return np.ones(max(b.last - a.first + 1, 1), dtype=bool)
