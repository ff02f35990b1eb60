"""Maximal marginal relevance: answers that fit the query and differ from each other."""

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import ConfigError, ShapeError

__all__ = ["maximal_marginal_relevance"]

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
        # The first choice sets the term; before it there is nothing to be unlike.
        nearest = cosines if not chosen else np.maximum(nearest, cosines)
        left[best] = False
        chosen.append(best)
    return chosen
