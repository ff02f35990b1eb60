"""The conditions of a sentence matched home by home, and put together over an index of several homes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from discover.query import Lexicon, ParsedQuery, QueryMatch, WindowTimes, match_query
from discover.retrieval import Activations, Asked, Index
from discover.retrieval.config import QueryWordsUse
from discover.retrieval.day_clock import day_numbers

__all__ = ["ask_of_home", "match_home", "meeting_homes"]

# Shape letters: W windows of the index.


def match_home(
    query: ParsedQuery,
    use: QueryWordsUse,
    lexicon: Lexicon,
    activations: Mapping[str, Activations] | None,
    side: Index,
    home: str,
    mask: NDArray[np.bool_] | None,
) -> QueryMatch:
    """The conditions of one home matched with its windows.

    Args:
        query: The sentence as it is read for this home.
        use: What conditions do.
        lexicon: Words of the home.
        activations: By home; None where only times are asked for.
        side: The index that is searched.
        home: Name of the home.
        mask: (W,) windows that pass the filters; None for all.
    """
    rows = side.rows_in(home)
    own = None if mask is None else mask[rows]
    if not query.count:
        return QueryMatch(None, own, 0)
    own_activations = None if activations is None else activations[home]
    days = None if query.days is None else day_numbers(side.windows["start"])[rows]
    return match_query(query, use, lexicon, own_activations, WindowTimes(side.week_minutes[rows], days), own)


def meeting_homes(matches: Mapping[str, QueryMatch]) -> Mapping[str, QueryMatch]:
    """Where conditions filter and some home has a window that meets them all: those homes; else all."""
    if any(match.bonus is None and match.n_met for match in matches.values()):
        return {home: match for home, match in matches.items() if match.n_met}
    return matches


def ask_of_home(vector: NDArray[np.floating], side: Index, home: str, match: QueryMatch) -> Asked:
    """A query of one home, with its mask and bonus over all windows of the index."""
    if len(side.homes) == 1:
        return Asked(vector, match.mask, match.bonus)
    rows = side.rows_in(home)
    mask = np.zeros(len(side), dtype=np.bool_)
    mask[rows] = True if match.mask is None else match.mask
    bonus = None if match.bonus is None else np.zeros(len(side), dtype=np.float32)
    if bonus is not None:
        bonus[rows] = match.bonus
    return Asked(vector, mask, bonus)
