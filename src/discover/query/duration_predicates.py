"""Predicates about duration, silence and stillness.

Thresholds that no number in the sentence gives are constants here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from discover.query.predicates import Scores, ramp
from discover.retrieval.activations import Activations

__all__ = [
    "Away",
    "FewActivations",
    "Lasts",
    "LastsBriefly",
    "LastsLong",
    "Pause",
    "seconds_text",
]

# Outside a stated bound a score falls to 0 over this share of it: 33 s nearly meet "more than 35 seconds".
_MARGIN = 0.3
_LONG_PAUSE_S = 30.0
_AWAY_S = 600.0


@dataclass(frozen=True)
class Lasts:
    """The duration lies within stated bounds, in seconds.

    Where the lower bound exceeds every window, the stay that the window belongs to counts instead: the
    unbroken run of activations in one room (`Activations.stay_s`).
    """

    at_least_s: float = 0.0
    at_most_s: float = float("inf")

    def score(self, activations: Activations) -> Scores:
        """1 within the bounds, falling to 0 over 30 % of a bound outside."""
        length = activations.stay_s if self.at_least_s > activations.longest_s else activations.duration_s
        return _within(length, self.at_least_s, self.at_most_s)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return f"lasting {_bounds_text(self.at_least_s, self.at_most_s)}"


@dataclass(frozen=True)
class LastsLong:
    """The window is long for its index ("a long stay")."""

    def score(self, activations: Activations) -> Scores:
        """0 up to the median duration of the windows, 1 from the third quartile on."""
        _, middle, high = activations.duration_quantiles
        return ramp(activations.duration_s, middle, high)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return "long (the longest quarter of the windows)"


@dataclass(frozen=True)
class LastsBriefly:
    """The window is short for its index ("a brief moment")."""

    def score(self, activations: Activations) -> Scores:
        """1 up to the first decile of the windows' durations, 0 from the median on."""
        low, middle, _ = activations.duration_quantiles
        return 1 - ramp(activations.duration_s, low, middle)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return "brief (the shortest tenth of the windows)"


@dataclass(frozen=True)
class FewActivations:
    """The window has few activations for its index ("little movement")."""

    def score(self, activations: Activations) -> Scores:
        """1 up to the first quartile of the number of activations, 0 from three times as many on."""
        few = max(activations.few_activations, 1.0)
        return 1 - ramp(activations.n_activations.astype(np.float32), few, 3 * few)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return "few signs of movement"


@dataclass(frozen=True)
class Pause:
    """There is a silence inside the window; 30 s where the sentence states no length."""

    at_least_s: float = _LONG_PAUSE_S

    def score(self, activations: Activations) -> Scores:
        """1 from the stated length on; a length that exceeds every window counts around the window."""
        if self.at_least_s > activations.longest_s:
            return _within(np.maximum(activations.after_s, activations.before_s), self.at_least_s)
        return _within(activations.pause_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return f"a silence of {seconds_text(self.at_least_s)} or more"


@dataclass(frozen=True)
class Away:
    """Nothing happens before or after the window; for 10 min where the sentence states no length."""

    when: Literal["before", "afterwards"]
    at_least_s: float = _AWAY_S

    def score(self, activations: Activations) -> Scores:
        """1 where the silence before the first, or after the last event has the stated length."""
        silence = activations.before_s if self.when == "before" else activations.after_s
        return _within(silence, self.at_least_s)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return f"nothing for {seconds_text(self.at_least_s)} {self.when}"


def seconds_text(seconds: float) -> str:
    """A duration as "45 s", "30 min" or "2 h"."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _bounds_text(low: float, high: float) -> str:
    if high == float("inf"):
        return f"{seconds_text(low)} or more"
    return f"at most {seconds_text(high)}" if low == 0 else f"{seconds_text(low)} to {seconds_text(high)}"


def _within(value: NDArray[np.floating], low: float, high: float = float("inf")) -> Scores:
    score = np.ones(len(value), dtype=np.float32)
    if low > 0:
        score = np.minimum(score, ramp(value, (1 - _MARGIN) * low, low))
    if high < float("inf"):
        score = np.minimum(score, 1 - ramp(value, high, (1 + _MARGIN) * high))
    return score
