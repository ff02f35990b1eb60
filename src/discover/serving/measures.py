"""What is counted on each day of a question: times, hours, times of day."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from discover.metrics.bootstrap import bootstrap_mean, enough_days
from discover.query import Comparison, ParsedQuery
from discover.retrieval.episodes import Spans
from discover.serving import answer_words as words
from discover.serving import evidence
from discover.serving.moments import (
    DAY_S,
    Period,
    Selected,
    asks_of_nights,
    day_of,
    hours_of_days,
    on_weekdays,
    seconds_inside,
    select_moments,
)
from discover.serving.occurrences import Occurrences

__all__ = ["Measures"]

_Measure = Callable[[Spans, Period], tuple[NDArray[np.int64], NDArray[np.float64]]]
_LASTING = frozenset(["sleeping", "watching television", "working", "reading"])


class Measures:
    """Numbers per day of the moments of one question.

    Attributes:
        query: The question.
        happened: What happens in the home.
        nights: A day lasts from evening to evening.
        notes: What to know when reading the answer.
    """

    def __init__(self, query: ParsedQuery, happened: Occurrences) -> None:
        self.query, self.happened = query, happened
        self.nights = asks_of_nights(query)
        self.notes: list[str] = []

    def measure(self, comparison: Comparison) -> tuple[_Measure, str]:
        """What a comparison compares, and its unit."""
        if comparison.of == "clock" or comparison.direction in ("earlier", "later"):
            return self.clocks, "o'clock"
        if comparison.of == "hours" or (not comparison.of and {t.name for t in self.query.wanted} & _LASTING):
            return self.hours, "hours"
        return self.counts, "times"

    def whole_days(self, period: Period) -> NDArray[np.int64]:
        """Days that the log covers from begin to end; those at its edges may be cut."""
        days = period.days[on_weekdays(period.days, self.query)]
        stream = self.happened.stream
        begin = days * DAY_S + (18 * 3600 if self.nights else 0)
        inside = (begin >= stream.first_s - 6 * 3600) & (begin + DAY_S <= stream.last_s + 6 * 3600)
        return days[inside] if inside.any() else days

    def counts(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(days, times per day)."""
        days = self.whole_days(period)
        day = day_of(spans.begin_s, nights=self.nights)
        per_day = np.array([(day == d).sum() for d in days], dtype=np.float64)
        return days, per_day

    def hours(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(days, hours per day) inside the hours asked."""
        days, query = self.whole_days(period), self.query
        if {t.name for t in query.wanted} & {"sleeping", "getting up"}:
            # "Asleep at night": the night is what is measured, and no stretch of hours that cuts it.
            day = day_of(spans.begin_s, nights=self.nights)
            return days, np.array([spans.length_s[day == d].sum() / 3600 for d in days])
        # A moment may begin on the day before.
        wide = Period(period.first - 1, period.last, self.nights, np.append(True, period.seen))
        anywhen = query.model_copy(update={"hours": (), "weekdays": ()})
        spans = select_moments(anywhen, self.happened, wide).spans
        return days, seconds_inside(spans, days, query, nights=self.nights) / 3600

    def clocks(self, spans: Spans, period: Period) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first begin of each day that has one, in hours; after midnight of a night beyond 24."""
        day = day_of(spans.begin_s, nights=self.nights)
        days, first = np.unique(day, return_index=True)
        whole = np.isin(days, self.whole_days(period))
        days, first = days[whole], first[whole]
        return days, (spans.begin_s[first] - days * DAY_S) / 3600

    def interval(
        self,
        value: float,
        values: NDArray[np.float64],
        days: NDArray[np.int64],
        found: Selected,
        kind: str,
    ) -> tuple[float | None, float | None]:
        """The interval of a mean, or of a median time of day: from days drawn again, and what is missed."""
        n = len(np.unique(days))
        if not enough_days(n):
            self.notes.append(f"No interval: {words.counted(n, 'day')}, and 8 are needed.")
            return None, None
        if kind == "clock":
            rng = np.random.default_rng(0)
            drawn = np.median(values[rng.integers(len(values), size=(1000, len(values)))], axis=1)
            low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
        else:
            found_interval = bootstrap_mean(values, days)
            low, high = float(found_interval.low), float(found_interval.high)
        names = [t.name for t in self.query.wanted]
        low, high, note = evidence.likely_range(value, low, high, kind, found.evidence, names)
        if note:
            self.notes.append(note)
        if kind == "hours":
            asked = hours_of_days(np.zeros(1, dtype=np.int64), self.query, nights=self.nights)
            possible = min(24.0, sum(float((end - begin)[0]) / 3600 for begin, end in asked))
            low, high = min(low, possible), min(high, possible)
        return low, high
