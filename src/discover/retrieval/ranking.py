"""From one query vector to a list of answers: moments, and answers that differ from each other."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from heapq import merge as merge_sorted
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import ConfigError, ShapeError
from discover.retrieval.hits import Hit, Moment, merge_moments
from discover.retrieval.index import Index

__all__ = [
    "DAY_STEP", "MERGE_GAP_S", "Asked", "maximal_marginal_relevance", "rank_answers", "spread_days",
    "with_each_home",
]  # fmt: skip

_Answer = TypeVar("_Answer", bound=Hit)

MERGE_GAP_S = 60.0
"""Hits at most this many seconds apart are joined into one moment."""

# Diversity chooses among this many times `top_k` answers, at least 50: enough to find other things, few
# enough that the last of them still answers the query.
_POOL_TIMES, _POOL_LEAST, _SPREAD_TIMES = 10, 50, 3

DAY_STEP = 0.05
"""An answer counts this much less for each better one of its day: those of other days that are nearly as good
come first. A condition weighs 2, so this never outweighs one."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the windows of one home, or of all.

    Attributes:
        vector: (P,) or (1, P) query.
        mask: (W,) windows of the index that may be returned; None for all.
        bonus: (W,) added to the cosines for ranking (`discover.query.match_query`); None for none.
    """

    vector: NDArray[np.floating]
    mask: NDArray[np.bool_] | None = None
    bonus: NDArray[np.float32] | None = None


def rank_answers(
    index: Index, asked: Sequence[Asked], top_k: int, *, merge: bool = True, mmr: float | None = None
) -> Sequence[Hit | Moment]:
    """The `top_k` best answers, best first.

    Moments are spread over days (`spread_days`) where no balance is given.

    Where there are several homes, each has its own query, and its best answer is among the `top_k` if these
    are as many as the homes; the others are the best of all homes.

    Args:
        index: The windows.
        asked: One query per home.
        top_k: Number of answers; fewer where fewer windows may be returned.
        merge: Join neighbouring and overlapping hits into moments.
        mmr: Balance of `maximal_marginal_relevance` among a pool of the best answers, by the vectors of
            their best windows; None keeps the order of relevance.

    Raises:
        ConfigError: `top_k` below 1 or `mmr` outside [0, 1].
    """
    if top_k < 1:
        raise ConfigError(f"top_k must be at least 1, got {top_k}.")
    pool = (
        max(_POOL_LEAST, _POOL_TIMES * top_k)
        if mmr is not None
        else _SPREAD_TIMES * top_k
        if merge
        else top_k
    )
    found = [_moments(index, one, pool) if merge else _hits(index, one, pool) for one in asked]
    answers: list[Hit | Moment] = list(merge_sorted(*found, key=lambda answer: -answer.rank_score))
    if mmr is None or not answers:
        if merge:
            days = [(one.home, one.start.date()) for one in answers]
            answers = [answers[i] for i in spread_days([one.rank_score for one in answers], days)]
        return with_each_home(answers, [one[0] for one in found if one], top_k)
    relevance = np.array([answer.rank_score for answer in answers])
    vectors = index.vectors_of([answer.window_id for answer in answers])
    return [answers[i] for i in maximal_marginal_relevance(relevance, vectors, top_k, balance=mmr)]


def spread_days(values: Sequence[float], days: Sequence[Hashable], step: float = DAY_STEP) -> list[int]:
    """The order of answers, best first, each counting a step less per better answer of its day.

    Args:
        values: (N,) falling.
        days: (N,) the day of each answer, in any form.
        step: In the unit of the values.
    """
    seen: Counter[Hashable] = Counter()
    spread = []
    for value, day in zip(values, days, strict=True):
        spread.append(value - step * seen[day])
        seen[day] += 1
    order: list[int] = np.argsort(-np.array(spread), kind="stable").tolist()
    return order


def with_each_home(answers: Sequence[_Answer], firsts: Sequence[_Answer], top_k: int) -> Sequence[_Answer]:
    """The first `top_k` answers, with the best one of every home if there is room for all."""
    others = top_k - len(firsts)
    if others < 0:
        return answers[:top_k]
    # Two answers may be equal or name the same window.
    best = {id(answer) for answer in firsts}
    kept = best.union([id(answer) for answer in answers if id(answer) not in best][:others])
    return [answer for answer in answers if id(answer) in kept]


def _hits(index: Index, asked: Asked, wanted: int) -> list[Hit | Moment]:
    return list(index.hits(asked.vector, wanted, mask=asked.mask, bonus=asked.bonus))


def _moments(index: Index, asked: Asked, wanted_moments: int) -> list[Hit | Moment]:
    wanted = wanted_moments
    while True:
        # Neighbouring windows share moments: ask for more windows until there are enough moments.
        wanted = min(len(index), wanted * 4)
        hits = index.hits(asked.vector, wanted, mask=asked.mask, bonus=asked.bonus)
        moments = merge_moments(hits, max_gap_s=MERGE_GAP_S)
        if len(moments) >= wanted_moments or len(hits) < wanted or wanted == len(index):
            return list(moments[:wanted_moments])


# Shape letters: N candidates, P width of the vectors.


def maximal_marginal_relevance(
    relevance_N: NDArray[np.floating], vectors_NP: NDArray[np.floating], k: int, *, balance: float
) -> list[int]:
    """Choose k of N candidates one by one, each as relevant and as unlike the chosen ones as possible.

    The next choice is the candidate with the highest

        balance * relevance - (1 - balance) * (highest cosine with a chosen candidate)

    With balance 1 the order is that of relevance. Equal values: the earlier candidate.

    Args:
        relevance_N: (N,) fit to the query, best as cosine, since it is weighed against cosines.
        vectors_NP: (N, P) unit vectors.
        k: Number to choose; at most N are.
        balance: The paper's lambda, in [0, 1].

    Returns:
        Candidate numbers in the order chosen.

    Raises:
        ConfigError: `balance` is outside [0, 1].
        ShapeError: The two inputs do not have one row per candidate.

    References:
        Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking for reordering documents
        and producing summaries", SIGIR.
    """
    if not 0 <= balance <= 1:
        raise ConfigError(f"mmr must be between 0 (only different) and 1 (only relevant), got {balance}.")
    if vectors_NP.ndim != 2 or len(relevance_N) != len(vectors_NP):
        raise ShapeError(
            f"Relevance {relevance_N.shape} and vectors {vectors_NP.shape} must have one row per candidate."
        )
    vectors = np.asarray(vectors_NP, dtype=np.float32)
    relevance = np.asarray(relevance_N, dtype=np.float64)
    left = np.ones(len(vectors), dtype=bool)
    nearest = np.zeros(len(vectors))
    chosen: list[int] = []
    for _ in range(min(k, len(vectors))):
        value = np.where(left, balance * relevance - (1 - balance) * nearest, -np.inf)
        best = int(np.argmax(value))
        cosines = (vectors @ vectors[best]).astype(np.float64)
        # The redundancy term starts with the first choice.
        nearest = cosines if not chosen else np.maximum(nearest, cosines)
        left[best] = False
        chosen.append(best)
    return chosen
