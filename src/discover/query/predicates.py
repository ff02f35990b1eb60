"""The interface of a predicate: one condition that a sentence puts on windows."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from discover.retrieval.activations import Activations

__all__ = ["Predicate", "Scores", "ramp"]

# Shape letter: W windows.

Scores = NDArray[np.float32]
"""(W,) how well each window meets a condition: 0 not at all, 1 fully."""


class Predicate(Protocol):
    """One condition on windows.

    A predicate is immutable and hashable: equal predicates of one sentence count once.
    """

    def score(self, activations: Activations) -> Scores:
        """(W,) float32 in [0, 1]: how well each window meets the condition."""

    @property
    def meaning(self) -> str:
        """The condition in plain words, as a search shows it."""


def ramp(value: NDArray[np.floating], zero: float, one: float) -> Scores:
    """(W,) 0 up to `zero`, 1 from `one` on, linear in between."""
    if one <= zero:
        return (value >= one).astype(np.float32)
    # A silence at the end of the log is infinite, and inf - inf would be NaN.
    finite = np.minimum(value, one)
    score: Scores = np.clip((finite - zero) / (one - zero), 0, 1).astype(np.float32)
    return score
