"""A question answered from one home: moments, a number with its interval, a comparison, or why there is none."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from discover.metrics.bootstrap import bootstrap_mean, enough_days
from discover.query import DaySpan, ParsedQuery
from discover.retrieval.episodes import Spans
from discover.serving.evidence import likely_range
from discover.serving.moments import DAY_S, Period, Selected, day_of, select_moments
from discover.serving.occurrences import Occurrences

__all__ = ["AskedMoment", "PerDay", "Reply", "answer_question"]

_REFUSALS = {
    "identity": "No sensor tells people apart, so the log cannot say who it was. Ask what happened and when.",
    "speech": "Home sensors hear nothing, so the log cannot say what was spoken. Ask what happened and when.",
    "feeling": "Home sensors see movement and use, not what somebody feels or wants. Ask for something that shows: sleep, meals, outings.",
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


def answer_question(query: ParsedQuery, happened: Occurrences, *, now: dt.datetime, top_k: int = 5) -> Reply:
    """Answer a question that was read.

    Args:
        query: The question.
        happened: What happens in the home.
        now: Nothing after it counts.
        top_k: How many moments are kept.
    """
    if query.refused is not None:
        return Reply(query, "", refusal=_REFUSALS[query.refused])
    return _Answer(query, happened, now, top_k).reply()


class _Answer:
    """Answers one question."""

    def __init__(self, query: ParsedQuery, happened: Occurrences, now: dt.datetime, top_k: int) -> None:
        self.query, self.happened, self.now, self.top_k = query, happened, now, top_k
        names = {t.name for t in (*query.wanted, *query.unwanted)}
        late = any(begin >= 18 and (end <= 12 or end == 24) for begin, end in query.hours)
        self.nights = late or bool(names & {"sleeping", "going to bed"})
        if "getting up" in names and query.asks in ("when", "compare") and not query.hours:
            self.nights = False
        self.notes: list[str] = []

    def reply(self) -> Reply:
        query = self.query
        if not (
            query.wanted
            or query.unwanted
            or query.empty
            or query.hours
            or query.days
            or query.weekdays
            or query.people
        ):
            return Reply(query, "", refusal=self._nothing_read())
        if query.wanted and not self.happened.stream.sensors:
            return Reply(query, "", refusal="The log has no events.")
        period = self._period(query.days)
        if period is None:
            return Reply(query, "", refusal=self._outside(query.days))
        found = select_moments(query, self.happened, period)
        if found.evidence == "none":
            return Reply(query, "", refusal=f"This home cannot answer: {'; '.join(found.how)}.")
        if query.comparison is not None:
            return self._compared(found, period)
        kinds: dict[str, Callable[[Selected, Period], Reply]] = {
            "how often": self._how_often, "how long": self._how_long, "when": self._when,
            "first": self._edge, "last": self._edge, "how many people": self._people,
            "whether": self._whether, "find": self._find,
        }  # fmt: skip
        return kinds[query.asks](found, period)

    def _nothing_read(self) -> str:
        known = f" (not understood: {', '.join(self.query.unread)})" if self.query.unread else ""
        return (
            f"The question names nothing that the log could show{known}. Name an activity, a room, a thing or a time, "
            'such as "how often does someone get up at night".'
        )

    def _period(self, days: DaySpan | None) -> Period | None:
        stream = self.happened.stream
        end_s = min(stream.last_s, _seconds(self.now))
        first, last = (int(x // DAY_S) for x in (stream.first_s, end_s))
        if days is not None:
            first, last = max(first, _number(days.first)), min(last, _number(days.last))
        if first > last:
            return None
        active = np.unique(day_of(stream.time_s, nights=False))
        seen = np.isin(np.arange(first, last + 1), active)
        if not seen.any():
            return None
        return Period(first, last, self.nights, seen)

    def _outside(self, days: DaySpan | None) -> str:
        stream = self.happened.stream
        asked = (
            f"{days.words or 'these days'} ({days.first} to {days.last})"
            if days is not None
            else "these days"
        )
        return (
            f"The log has no events for {asked}: it runs from {_date(int(stream.first_s // DAY_S))} to "
            f'{_date(int(stream.last_s // DAY_S))}. Ask about days in it, or say with --now when "today" is.'
        )

    def _whole(self, period: Period) -> NDArray[np.int64]:
        """Days that the log covers from begin to end; those at its edges may be cut."""
        days = period.days
        if self.query.weekdays:
            days = days[np.isin((days + 3) % 7, self.query.weekdays)]
        stream = self.happened.stream
        begin = days * DAY_S + (18 * 3600 if self.nights else 0)
        inside = (begin >= stream.first_s - 6 * 3600) & (begin + DAY_S <= stream.last_s + 6 * 3600)
        return days[inside] if inside.any() else days

    def _counts(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        days = self._whole(period)
        day = day_of(spans.begin_s, nights=self.nights)
        per_day = np.array([(day == d).sum() for d in days], dtype=np.float64)
        return days, per_day

    def _hours(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        days = self._whole(period)
        day = day_of(spans.begin_s, nights=self.nights)
        return days, np.array([spans.length_s[day == d].sum() / 3600 for d in days])

    def _clocks(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first begin of each day that has one, in hours; after midnight of a night beyond 24."""
        day = day_of(spans.begin_s, nights=self.nights)
        days, first = np.unique(day, return_index=True)
        whole = np.isin(days, self._whole(period))
        days, first = days[whole], first[whole]
        return days, (spans.begin_s[first] - days * DAY_S) / 3600

    def _made(
        self, found: Selected, said: str, per_day: PerDay | None = None, **numbers: float | None
    ) -> Reply:
        return Reply(
            self.query, said, moments=self._moments(found.spans), n_moments=len(found.spans), per_day=per_day,
            how=found.how, notes=tuple(self.notes), **numbers,
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
        return tuple(
            AskedMoment(_time(spans.begin_s[i]), _time(spans.end_s[i]), int(spans.count[i])) for i in chosen
        )

    def _how_often(self, found: Selected, period: Period) -> Reply:
        days, values = self._counts(found.spans, period)
        unit = "night" if self.nights else "day"
        total, mean = float(values.sum()), float(values.mean())
        low, high = self._range(values, days, found, "count")
        said = f"{total:g} times on {len(days)} {unit}s: {mean:.2g} a {unit}{_interval(low, high, '.2g')}."
        if total == 0:
            said = f"Not once on {len(days)} {unit}s."
        per_day = PerDay(_dates(days), values, "times", f"times a {unit}")
        return self._made(found, said, per_day, value=mean, low=low, high=high)

    def _how_long(self, found: Selected, period: Period) -> Reply:
        days, values = self._hours(found.spans, period)
        if not self.query.wanted and not self.query.empty:
            return self._rooms(period)
        unit = "night" if self.nights else "day"
        low, high = self._range(values, days, found, "hours")
        each = (
            f"; {_length(float(np.median(found.spans.length_s)))} each time (median)"
            if len(found.spans)
            else ""
        )
        said = (
            f"{_length(values.mean() * 3600)} a {unit} on {len(days)} {unit}s{_interval_h(low, high)}{each}."
        )
        per_day = PerDay(_dates(days), values, "hours", f"hours a {unit}")
        return self._made(found, said, per_day, value=float(values.mean()), low=low, high=high)

    def _rooms(self, period: Period) -> Reply:
        """Which rooms are used, longest first: a question of time that names no thing."""
        stream = self.happened.stream
        rows = []
        for room in stream.rooms:
            spans = stream.stays(frozenset(s.id for s in stream.home.sensors if s.room == room))
            day = day_of(spans.begin_s, nights=False)
            inside = (day >= period.first) & (day <= period.last)
            rows.append((spans.length_s[inside].sum() / 3600 / max(len(period.days), 1), room))
        if not rows:
            return Reply(self.query, "", refusal="No sensor of this home has a room.")
        rows.sort(reverse=True)
        said = (
            "Hours a day: "
            + ", ".join(f"{room.replace('_', ' ')} {hours:.1f}" for hours, room in rows[:6])
            + "."
        )
        return Reply(self.query, said, value=rows[0][0], how=("stays in each room",))

    def _when(self, found: Selected, period: Period) -> Reply:
        days, values = self._clocks(found.spans, period)
        if not len(values):
            return self._made(found, self._never(period))
        if (self.query.days is not None and len(period.days) == 1) or len(values) == 1:
            return self._made(
                found, f"At {_clock(values[0])} on {_date(int(days[0]))}.", value=float(values[0])
            )
        low, high = self._range(values, days, found, "clock")
        middle = float(np.median(values))
        early, late = np.quantile(values, [0.25, 0.75])
        said = (
            f"Usually at {_clock(middle)}; half of the days between {_clock(early)} and {_clock(late)} "
            f"({len(values)} days{_interval_clock(low, high)})."
        )
        per_day = PerDay(_dates(days), values, "o'clock", "time of day")
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
            one, f"{word} time: {_time(spans.begin_s[at]):%A %Y-%m-%d %H:%M}.", value=float(spans.begin_s[at])
        )

    def _people(self, found: Selected, period: Period) -> Reply:
        return Reply(
            self.query, "", refusal="No sensor counts people. `discover changes --by company` lists moments that suggest "
            "company; ask \"two people in the kitchen\" for times when two rooms are busy at once.",
        )  # fmt: skip

    def _whether(self, found: Selected, period: Period) -> Reply:
        n = len(found.spans)
        absence = not self.query.wanted and bool(self.query.unwanted)
        if not n:
            # "Didn't she eat?" finds no day without a meal.
            return self._made(
                found, "No such day: it happened each time." if absence else self._never(period), value=0.0
            )
        latest = _time(found.spans.begin_s.max())
        if absence:
            days = "1 day" if n == 1 else f"{n} days"
            return self._made(found, f"Right for {days}, the last on {latest:%A %Y-%m-%d}.", value=float(n))
        often = "once" if n == 1 else f"{n} times, the last"
        return self._made(found, f"Yes: {often} at {latest:%H:%M on %A %Y-%m-%d}.", value=float(n))

    def _find(self, found: Selected, period: Period) -> Reply:
        n = len(found.spans)
        said = self._never(period) if not n else ("1 moment." if n == 1 else f"{n} moments.")
        return self._made(found, said, value=float(n))

    def _never(self, period: Period) -> str:
        days = (
            f"on {_date(period.first)}"
            if period.first == period.last
            else f"from {_date(period.first)} to {_date(period.last)}"
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
                refusal=self._outside(comparison.days) if other is None else self._outside(query.days),
            )
        names = {t.name for t in query.wanted}
        measure = self._counts
        unit = "times"
        if comparison.direction in ("earlier", "later"):
            measure, unit = self._clocks, "o'clock"
        elif names & {"sleeping", "watching television", "working", "reading"} or " long" in query.text:
            measure, unit = self._hours, "hours"
        fresh = query.model_copy(update={"weekdays": ()}) if comparison.others else query
        everywhere = select_moments(
            fresh, self.happened, Period(other.first, mine.last, self.nights, _seen(other, mine))
        )
        (days_a, a), (days_b, b) = measure(everywhere.spans, mine), measure(everywhere.spans, other)
        if comparison.others:
            chosen = np.isin((days_b + 3) % 7, query.weekdays)
            days_a, a, days_b, b = days_b[chosen], b[chosen], days_b[~chosen], b[~chosen]
        if not len(a) or not len(b):
            return Reply(
                query,
                "",
                refusal="One of the two periods has no such moment, so there is nothing to compare.",
            )
        gap = float(a.mean() - b.mean())
        low = high = None
        if enough_days(len(a)) and enough_days(len(b)):
            rng = np.random.default_rng(0)
            drawn = a[rng.integers(len(a), size=(1000, len(a)))].mean(1) - b[
                rng.integers(len(b), size=(1000, len(b)))
            ].mean(1)
            low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
        said = (
            _verdict(comparison.direction, gap, low, high)
            + f" {_amount(a.mean(), unit)} now, {_amount(b.mean(), unit)} then"
        )
        said += f" (difference {gap:+.2g}{'' if low is None or high is None else f', 95 % {low:+.2g} to {high:+.2g}'}, in {'hours' if unit != 'times' else 'times a day'};"
        said += f" {len(a)} and {len(b)} days)."
        days = np.concatenate([days_b, days_a])
        per_day = PerDay(_dates(days), np.concatenate([b, a]), unit, f"{unit} a day")
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
                DaySpan(first=_date(start), last=_date(first - 1))
            ) if first > start else None
        other = self._period(comparison.days)
        if self.query.days is None and other is not None:
            if other.last >= period.last:
                return None, other
            first = other.last + 1
            return Period(first, period.last, self.nights, period.seen[first - period.first :]), other
        return period, other

    def _range(
        self, values: NDArray[np.float64], days: NDArray[np.int64], found: Selected, kind: str
    ) -> tuple[float | None, float | None]:
        """The interval of a mean (a median for times of day): days drawn again, and what the evidence misses."""
        if not enough_days(len(np.unique(days))):
            self.notes.append(f"No interval: {len(np.unique(days))} days, and 8 are needed.")
            return None, None
        if kind == "clock":
            rng = np.random.default_rng(0)
            drawn = np.median(values[rng.integers(len(values), size=(1000, len(values)))], axis=1)
            low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
        else:
            found_interval = bootstrap_mean(values, days)
            low, high = float(found_interval.low), float(found_interval.high)
        names = [t.name for t in self.query.wanted]
        low, high, note = likely_range(low, high, kind, found.evidence, names)
        if note:
            self.notes.append(note)
        return low, high


def _verdict(direction: str, gap: float, low: float | None, high: float | None) -> str:
    sure = low is not None and high is not None and (low > 0 or high < 0)
    if direction == "different":
        return (
            ("Not alike:" if sure else "About alike, as far as the log can tell:")
            if low is not None
            else "Too few days to say:"
        )
    wanted = gap > 0 if direction in ("more", "later") else gap < 0
    if low is None:
        return f"{'It looks so' if wanted else 'It does not look so'}, but there are too few days to be sure:"
    if not sure:
        return "The log cannot tell them apart:"
    return "Yes:" if wanted else "No, the other way round:"


def _seen(a: Period, b: Period) -> NDArray[np.bool_]:
    return np.ones(max(b.last - a.first + 1, 1), dtype=bool)


def _amount(value: float, unit: str) -> str:
    if unit == "o'clock":
        return _clock(value)
    return _length(value * 3600) if unit == "hours" else f"{value:.2g} times a day"


def _interval(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f" (95 % {low:{form}} to {high:{form}})"


def _interval_h(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" (95 % {_length(low * 3600)} to {_length(high * 3600)})"


def _interval_clock(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"; 95 % {_clock(low)} to {_clock(high)}"


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _clock(hours: float) -> str:
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60}:{minutes % 60:02d}"


def _time(seconds: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=float(seconds))


def _seconds(at: dt.datetime) -> float:
    return (at - dt.datetime(1970, 1, 1)).total_seconds()


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(day))


def _dates(days: NDArray[np.int64]) -> tuple[dt.date, ...]:
    return tuple(_date(int(d)) for d in days)
