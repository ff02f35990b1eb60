"""A question matched with windows: a bonus for ranking, or a filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.query.clauses import Scores, clause_scores
from discover.query.lexicon import Lexicon
from discover.query.parsed_query import ParsedQuery
from discover.retrieval.activations import Activations
from discover.retrieval.config import QueryWordsUse
from discover.retrieval.day_clock import hours_away, inside

__all__ = ["PREDICATE_WEIGHT", "QueryMatch", "WindowTimes", "match_query", "window_scores"]

PREDICATE_WEIGHT = 2.0
"""Weight of one condition, the range of a cosine: the cosine decides among windows that meet equally many."""

_MET_SCORE = 0.5
"""A condition counts as met from this score on."""
_MARGIN_H = 1.0
"""Just outside the hours of a question the preference falls from 1 to 0 over this long."""
_MINUTES = np.arange(1440) / 60


@dataclass(frozen=True)
class WindowTimes:
    """When windows begin.

    Attributes:
        week_minutes: (W,) minute of the week.
        days: (W,) days since 1970; None where no question names dates.
    """

    week_minutes: NDArray[np.int16]
    days: NDArray[np.int32] | None = None

    def scores(self, query: ParsedQuery) -> Scores:
        """(W,) float32: 1 in the hours, weekdays and days of a question, falling to 0 an hour from them."""
        away = np.min([hours_away(_MINUTES, hours) for hours in query.when_hours] or [_MINUTES * 0], axis=0)
        return self._graded(query, np.clip(1 - away / _MARGIN_H, 0, 1))

    def strict(self, query: ParsedQuery) -> NDArray[np.bool_]:
        """(W,) which windows begin strictly inside them."""
        kept = np.any([inside(_MINUTES, hours) for hours in query.when_hours] or [_MINUTES >= 0], axis=0)
        met: NDArray[np.bool_] = self._graded(query, kept.astype(float)) == 1
        return met

    def _graded(self, query: ParsedQuery, of_day: NDArray[np.float64]) -> Scores:
        # A table over the minutes of a week makes a million windows one lookup; borders are whole minutes.
        on = np.isin(np.arange(7), query.weekdays) if query.weekdays else np.ones(7, dtype=bool)
        found: Scores = np.outer(on, of_day).ravel().astype(np.float32)[self.week_minutes]
        if query.days is None or self.days is None:
            return found
        return found * query.days.holds(self.days)


@dataclass(frozen=True)
class QueryMatch:
    """How well the windows of an index meet a question.

    Attributes:
        bonus: (W,) float32, added to the cosines for ranking; None where the conditions only filter.
        mask: (W,) windows that may be returned; None for all.
        n_met: Number of windows that meet every condition and pass the filters.
        note: A sentence for the user where no window meets every condition, else "".
    """

    bonus: NDArray[np.float32] | None
    mask: NDArray[np.bool_] | None
    n_met: int
    note: str = ""


def window_scores(
    query: ParsedQuery, lexicon: Lexicon, activations: Activations | None, times: WindowTimes
) -> list[Scores]:
    """(W,) float32 in [0, 1] per condition, in the order of `ParsedQuery.conditions`.

    Args:
        query: The question.
        lexicon: Words of the home that it was read for.
        activations: Of the windows; None scores only times.
        times: When the windows begin.
    """
    found = [] if activations is None else [clause_scores(one, lexicon, activations) for one in query.clauses]
    return [*found, times.scores(query)] if query.timed else found


def match_query(
    query: ParsedQuery,
    use: QueryWordsUse,
    lexicon: Lexicon,
    activations: Activations | None,
    times: WindowTimes,
    mask: NDArray[np.bool_] | None = None,
) -> QueryMatch:
    """Match the conditions of a question with windows.

    Args:
        query: At least one condition.
        use: "prefer" ranks by the sum of the scores. "filter" returns only windows that meet every condition;
            where there is none, it ranks as "prefer" does.
        lexicon, activations, times: As in `window_scores`.
        mask: (W,) windows that pass the filters; None for all.
    """
    scores = window_scores(query, lexicon, activations, times)
    met = np.logical_and.reduce([score >= _MET_SCORE for score in scores])
    if use == "filter" and query.timed:
        # The preference is still 0.5 half an hour outside the stated time; a filter keeps to the time itself.
        met &= times.strict(query)
    if mask is not None:
        met &= mask
    n_met = int(met.sum())
    if use == "filter" and n_met:
        return QueryMatch(None, met, n_met)
    total = np.add.reduce(scores)
    note = "" if n_met else "No window meets all of it: the nearest come first."
    return QueryMatch((PREDICATE_WEIGHT * total).astype(np.float32), mask, n_met, note)
