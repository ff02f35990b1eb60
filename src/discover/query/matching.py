"""A parsed query matched with windows: a bonus for ranking, or a filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.query.window_conditions import WindowConditions
from discover.retrieval.activations import Activations
from discover.retrieval.config import QueryWordsUse

__all__ = ["PREDICATE_WEIGHT", "QueryMatch", "match_query"]

PREDICATE_WEIGHT = 2.0
"""Weight of one condition, the range of a cosine: the cosine decides among windows that meet equally many."""

_MET_SCORE = 0.5
"""A condition counts as met from this score on."""


@dataclass(frozen=True)
class QueryMatch:
    """How well the windows of an index meet a query.

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


def match_query(
    query: WindowConditions,
    use: QueryWordsUse,
    activations: Activations | None,
    week_minutes: NDArray[np.int16],
    mask: NDArray[np.bool_] | None = None,
) -> QueryMatch:
    """Match the conditions of a query with windows.

    Args:
        query: At least one condition.
        use: "prefer" ranks by the sum of the scores. "filter" returns only windows that meet every condition;
            where there is none, it ranks as "prefer" does.
        activations: Of the windows; None scores only the times of the query.
        week_minutes: (W,) minute of the week in which each window begins.
        mask: (W,) windows that pass the filters; None for all.
    """
    scores = query.scores(activations, week_minutes)
    met = np.logical_and.reduce([score >= _MET_SCORE for score in scores])
    if use == "filter" and query.time:
        # The preference is still 0.5 half an hour outside the stated time; a filter keeps to the time itself.
        met &= query.time.mask(week_minutes)
    if mask is not None:
        met &= mask
    n_met = int(met.sum())
    if use == "filter" and n_met:
        return QueryMatch(None, met, n_met)
    total = np.add.reduce(scores)
    note = "" if n_met else "No window meets all of it: the nearest come first."
    return QueryMatch((PREDICATE_WEIGHT * total).astype(np.float32), mask, n_met, note)
