"""Usual spread and weekend effect of a measure, from all windows of a rolling comparison together.

The spread of one week is a poor estimate. All weeks of the recording give a better one, each around its own
mean, so that an odd week or a step does not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from discover.changes.day_measures import DayMeasures
from discover.changes.likeness import MODELS, SideEvidence, evidence_of_side, kind_effect

# Shape letters: G models of likeness, N days.

__all__ = ["Key", "Piece", "Shared", "pieces_of", "shared_knowledge"]

Key = tuple[str, str]
_SHORTEST_PIECE = 4
_USUAL_PIECES = 12
"""As many pieces of its own count for a measure as much as what is usual among the measures of the home."""


@dataclass(frozen=True)
class Piece:
    """Consecutive days of one measure.

    Attributes:
        values, days, weekend: Number, place on the calendar, and whether it is a weekend, (N,).
    """

    values: NDArray[np.float64]
    days: NDArray[np.int64]
    weekend: NDArray[np.bool_]


@dataclass(frozen=True)
class Shared:
    """What is known of a measure beforehand.

    Attributes:
        variance: Usual variance of days, (G,).
        freedom: Weight of the usual variance against that of the compared days: larger the more similar the
            variances of the pieces.
        weekend: How much more weekends have.
    """

    variance: NDArray[np.float64]
    freedom: float
    weekend: float

    def moderate(self, side: SideEvidence) -> SideEvidence:
        """The side with its variance drawn towards the usual one.

        References:
            Smyth 2004, "Linear models and empirical Bayes methods", section 4.
        """
        freedom = self.freedom + side.freedom
        variance = (self.freedom * self.variance + side.freedom * side.variance) / freedom
        return SideEvidence(side.log_likelihood, side.mean, variance, side.mean_factor, freedom)


def pieces_of(measures: DayMeasures, piece_days: int) -> dict[Key, dict[int, Piece]]:
    """The later period and the days before it in pieces of `piece_days`, by measure and number of the piece.

    Piece 0 is the later period, -1 the days right before it, and so on.
    """
    first = int(np.flatnonzero(measures.late)[0])
    inside = measures.early | measures.late
    found: dict[Key, dict[int, Piece]] = {}
    for measure in measures.measures:
        rows = np.flatnonzero(inside & np.isfinite(measure.values))
        number = np.minimum((rows - first) // piece_days, 0)
        for at in np.unique(number):
            own = rows[number == at]
            if len(own) >= _SHORTEST_PIECE:
                piece = Piece(measure.values[own], own, measures.weekend[own])
                found.setdefault(measure.key, {})[int(at)] = piece
    return found


def shared_knowledge(pieces: Mapping[Key, Sequence[Piece]]) -> dict[Key, Shared]:
    """Spread and effect of weekends by measure, from pieces without common days."""
    weekend = {
        key: kind_effect(
            np.concatenate([p.values for p in own]),
            np.repeat(np.arange(len(own)), [len(p.values) for p in own]),
            np.concatenate([p.weekend for p in own]),
        )
        for key, own in pieces.items()
    }
    sides = {
        key: [evidence_of_side(p.values - weekend[key] * p.weekend, p.days) for p in own]
        for key, own in pieces.items()
    }
    excess = {key: _excess_spread(own) for key, own in sides.items()}
    known = [e for e in excess.values() if e is not None]
    usual = float(np.mean(known)) if known else np.inf
    return {key: _shared(own, weekend[key], excess[key], usual) for key, own in sides.items()}


def _shared(sides: list[SideEvidence], weekend: float, excess: float | None, usual: float) -> Shared:
    total = sum(s.freedom for s in sides)
    if excess is None:
        return Shared(np.zeros(len(MODELS)), 0.0, weekend)
    variance = np.sum([s.freedom * s.variance for s in sides], axis=0) / total
    # A few pieces estimate their own excess poorly. Less than usual is shrunk towards that of other measures;
    # more than usual is believed, which is the cautious side.
    drawn = (len(sides) * excess + _USUAL_PIECES * usual) / (len(sides) + _USUAL_PIECES)
    freedom = min(_freedom_of_excess(max(excess, drawn)), float(total))
    return Shared(variance, freedom, weekend)


def _excess_spread(sides: list[SideEvidence]) -> float | None:
    """Variance of the log variances beyond what chance explains; None with too few pieces."""
    model = int(np.argmax(np.sum([s.log_likelihood for s in sides], axis=0)))
    spread = [s for s in sides if s.variance[model] > 0]
    if len(spread) < 3:
        return None
    half = np.array([s.freedom for s in spread]) / 2
    logs = np.log([s.variance[model] for s in spread]) - digamma(half) + np.log(half)
    return float(np.var(logs, ddof=1) - polygamma(1, half).mean())


def _freedom_of_excess(excess: float) -> float:
    """Degrees of freedom whose log variances vary by `excess` (inverse trigamma)."""
    if excess <= 1e-6:
        return np.inf
    if excess >= 1e6:
        return 0.0
    return float(2 * np.exp(brentq(lambda x: float(polygamma(1, np.exp(x))) - excess, -12.0, 16.0)))
