"""Query words met with windows: a bonus for ranking, or a filter, and a word where nothing fits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.query.parsing import MET, ParsedQuery
from discover.retrieval.activations import Activations
from discover.retrieval.config import QueryWordsUse

__all__ = ["WORD_WEIGHT", "WordMatch", "match_words"]

WORD_WEIGHT = 2.0
"""A condition met against one not met weighs as much as the whole range of a cosine: among windows that meet
as
many conditions as well, the cosine decides."""


@dataclass(frozen=True)
class WordMatch:
    """How windows meet a sentence's query words.

    Attributes:
        bonus: (W,) added to the cosines for ranking; None where nothing is ranked by it.
        mask: (W,) windows that may be returned; None for all.
        n_met: Windows that meet every condition, among those that the filters let through.
        note: Said to the asker where no window meets all of them, else "".
    """

    bonus: NDArray[np.float32] | None
    mask: NDArray[np.bool_] | None
    n_met: int
    note: str = ""


def match_words(
    words: ParsedQuery,
    use: QueryWordsUse,
    signs: Activations | None,
    week_minutes: NDArray[np.int16],
    mask: NDArray[np.bool_] | None = None,
) -> WordMatch:
    """Bonus and mask of a sentence's conditions.

    Args:
        words: What the sentence demands, at least one condition.
        use: "prefer" ranks by the sum of degrees; "filter" lets only windows through that meet every
            condition, and prefers where there is none.
        signs: Of the windows; None leaves only the times of `words`.
        week_minutes: (W,) of the windows.
        mask: (W,) windows that the filters let through.
    """
    degrees = words.degrees(signs, week_minutes)
    met = np.logical_and.reduce([degree >= MET for degree in degrees])
    if use == "filter" and words.time:
        met &= words.time.mask(week_minutes)
    if mask is not None:
        met &= mask
    n_met = int(met.sum())
    if use == "filter" and n_met:
        return WordMatch(None, met, n_met)
    total = np.add.reduce(degrees)
    note = "" if n_met else "No window meets all of it: the nearest come first."
    return WordMatch((WORD_WEIGHT * total).astype(np.float32), mask, n_met, note)
