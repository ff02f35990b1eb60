"""Clauses about length, silence and stillness; and what every clause is.

A clause is what one understood piece of a sentence asks of a window: a small frozen value with
`degree(signs)`, (W,)
float32 from 0 (not at all) to 1 (fully), and `meaning`, the same in words for people. Thresholds that no
number in
the sentence gives are stated here, beside their clause.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from discover.retrieval.activations import Activations

__all__ = [
    "AwayAfter",
    "AwayBefore",
    "Clause",
    "Degrees",
    "FewSigns",
    "Lasts",
    "LastsBriefly",
    "LastsLong",
    "Pause",
    "ramp",
    "seconds_text",
]

Degrees = NDArray[np.float32]

# Beyond a stated bound a degree falls to 0 over this share of it: 33 s are nearly "more than 35 seconds".
_MARGIN = 0.3
_LONG_PAUSE_S = 30.0
_AWAY_S = 600.0


class Clause(Protocol):
    """One condition on windows."""

    def degree(self, signs: Activations) -> Degrees:
        """(W,) how well each window meets it, in [0, 1]."""

    @property
    def meaning(self) -> str:
        """The condition in words."""


@dataclass(frozen=True)
class Lasts:
    """A stated length of time in seconds.

    Where it is longer than any window, the stay that the window is part of counts instead: the unbroken run
    of
    signs in one room (`Activations.stay_s`).
    """

    at_least_s: float = 0.0
    at_most_s: float = float("inf")

    def degree(self, signs: Activations) -> Degrees:
        """1 inside the bounds, falling to 0 within a third of the bound outside."""
        length = signs.stay_s if self.at_least_s > signs.longest_s else signs.duration_s
        return _within(length, self.at_least_s, self.at_most_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"lasting {_bounds_text(self.at_least_s, self.at_most_s)}"


@dataclass(frozen=True)
class LastsLong:
    """ "A long stay": 0 at the median duration of the windows, 1 for the longest quarter."""

    def degree(self, signs: Activations) -> Degrees:
        """From the median to the third quartile."""
        _, middle, high = signs.duration_quantiles
        return ramp(signs.duration_s, middle, high)

    @property
    def meaning(self) -> str:
        """In words."""
        return "long (the longest quarter of the windows)"


@dataclass(frozen=True)
class LastsBriefly:
    """ "A brief moment": 1 for the shortest tenth of the windows, 0 at their median."""

    def degree(self, signs: Activations) -> Degrees:
        """From the first decile to the median."""
        low, middle, _ = signs.duration_quantiles
        return 1 - ramp(signs.duration_s, low, middle)

    @property
    def meaning(self) -> str:
        """In words."""
        return "brief (the shortest tenth of the windows)"


@dataclass(frozen=True)
class FewSigns:
    """ "Little movement": 1 up to as many signs as a quarter of the windows have, 0 at three times as
    many."""

    def degree(self, signs: Activations) -> Degrees:
        """By the number of signs."""
        few = max(signs.few_signs, 1.0)
        return 1 - ramp(signs.n_signs.astype(np.float32), few, 3 * few)

    @property
    def meaning(self) -> str:
        """In words."""
        return "few signs of movement"


@dataclass(frozen=True)
class Pause:
    """A silence inside the window; 30 s where the sentence gives no length."""

    at_least_s: float = _LONG_PAUSE_S

    def degree(self, signs: Activations) -> Degrees:
        """By the longest silence between two events."""
        if self.at_least_s > signs.longest_s:  # longer than any window: the silence around it
            return _within(np.maximum(signs.after_s, signs.before_s), self.at_least_s)
        return _within(signs.pause_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"a silence of {seconds_text(self.at_least_s)} or more"


@dataclass(frozen=True)
class AwayAfter:
    """Nothing happens after the window; 10 min where the sentence gives no length."""

    at_least_s: float = _AWAY_S

    def degree(self, signs: Activations) -> Degrees:
        """By the silence after the last event."""
        return _within(signs.after_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"nothing for {seconds_text(self.at_least_s)} afterwards"


@dataclass(frozen=True)
class AwayBefore:
    """Nothing happened before the window; 10 min where the sentence gives no length."""

    at_least_s: float = _AWAY_S

    def degree(self, signs: Activations) -> Degrees:
        """By the silence before the first event."""
        return _within(signs.before_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"nothing for {seconds_text(self.at_least_s)} before"


def seconds_text(seconds: float) -> str:
    """ "45 s", "30 min", "2 h"."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _bounds_text(low: float, high: float) -> str:
    if high == float("inf"):
        return f"{seconds_text(low)} or more"
    return f"at most {seconds_text(high)}" if low == 0 else f"{seconds_text(low)} to {seconds_text(high)}"


def _within(value: NDArray[np.floating], low: float, high: float = float("inf")) -> Degrees:
    degree = np.ones(len(value), dtype=np.float32)
    if low > 0:
        degree = np.minimum(degree, ramp(value, (1 - _MARGIN) * low, low))
    if high < float("inf"):
        degree = np.minimum(degree, 1 - ramp(value, high, (1 + _MARGIN) * high))
    return degree


def ramp(value: NDArray[np.floating], zero: float, one: float) -> Degrees:
    """0 up to `zero`, 1 from `one` on, straight between."""
    if one <= zero:
        return (value >= one).astype(np.float32)
    # Infinite silences are as good as long ones; the difference of infinities would be no number.
    finite = np.minimum(value, one)
    degree: Degrees = np.clip((finite - zero) / (one - zero), 0, 1).astype(np.float32)
    return degree
