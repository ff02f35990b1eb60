"""The autocorrelation of days, estimated from the days.

A few days never determine it exactly, so no single value is chosen. Seventy autoregressions of first and
second order, from alternating to hardly changing days, are each weighted by how well they explain the days (a
Bayesian average over a fixed grid, all models equally likely beforehand).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.errors import ShapeError

# Shape letters: G models of likeness, N days.

__all__ = ["MODELS", "SideEvidence", "evidence_of_side", "kind_effect", "with_others"]

MODELS: tuple[tuple[float, float], ...] = tuple(
    product([round(0.1 * i, 1) for i in range(-4, 10)], [-0.4, -0.2, 0.0, 0.2, 0.4])
)
"""(correlation with the day before, partial correlation with the day before that), (G,)."""

_FLAT = 0.5
_OTHERS = 3
"""The prior from other measures weighs at most 1 - _FLAT, and half of that with _OTHERS of them."""
_ROUNDS = 20
_CONSTANT = 1e-9
"""Days whose spread is below this share of their largest value are constant."""


@dataclass(frozen=True)
class SideEvidence:
    """The evidence of one row of days under every autoregression.

    Attributes:
        log_likelihood: Of the days around their mean (and the effect of their kind), with mean, effect and
            spread integrated out, (G,); all 0 for days without spread, which carry no information.
        mean: Mean of the days at the asked share of the second kind; the plain mean where it is theirs.
        variance: Of a day, (G,); 0 for days without spread.
        mean_factor: Variance of the mean as a multiple of it, (G,).
        freedom: Degrees of freedom of the variance.
    """

    log_likelihood: NDArray[np.float64]
    mean: float
    variance: NDArray[np.float64]
    mean_factor: NDArray[np.float64]
    freedom: float

    @property
    def mean_variance(self) -> NDArray[np.float64]:
        """Variance of the mean, (G,)."""
        return self.variance * self.mean_factor


@dataclass(frozen=True)
class _Design:
    """All that depends on dates and kinds alone. R: regressors, one for the mean and one for the kind."""

    before_GN: NDArray[np.float64]
    second_GN: NDArray[np.float64]
    scale_GN: NDArray[np.float64]
    basis_GNR: NDArray[np.float64]
    log_weight_G: NDArray[np.float64]
    mean_weights_N: NDArray[np.float64]
    mean_factor_G: NDArray[np.float64]


def evidence_of_side(
    values: ArrayLike, days: ArrayLike, kind: ArrayLike | None = None, share: float = 0.0
) -> SideEvidence:
    """Likelihood of every model, and the variance of the mean under it, for at least three days.

    Args:
        values: One number per day, (N,).
        days: Number of each day on the calendar, increasing, (N,); days left out leave a gap.
        kind: 0 or 1 per day (weekends), (N,), both at least once; its effect is fitted along. None: no kinds.
        share: Share of days of kind 1 that the mean is for.

    References:
        Integrated likelihood: Harville 1974. Days after a gap are predicted from the two days seen last
        (Vecchia 1988), which is exact without gaps.
    """
    x = np.asarray(values, dtype=np.float64)
    when = np.asarray(days, dtype=np.int64)
    if x.ndim != 1 or x.shape != when.shape or len(x) < 3:
        raise ShapeError(
            f"{x.shape} values for {when.shape} days; give one number for each of three or more."
        )
    kinds = () if kind is None else tuple(np.asarray(kind, dtype=np.int64).tolist())
    design = _design(tuple((when - when[0]).tolist()), kinds, share)
    mean = float(design.mean_weights_N @ x)
    freedom = len(x) - design.basis_GNR.shape[2]
    middle = float(x.mean())
    # The plain mean is taken off first only for the numbers' sake: it is fitted below.
    y = _whiten(x - middle, design.before_GN, design.second_GN, design.scale_GN)
    fitted = np.einsum("gn,gnr->gr", y, design.basis_GNR)
    squares = np.einsum("gn,gn->g", y, y) - np.einsum("gr,gr->g", fitted, fitted)
    if float(squares.max()) <= len(x) * (_CONSTANT * max(float(np.abs(x).max()), 1e-150)) ** 2:
        return SideEvidence(np.zeros(len(MODELS)), mean, np.zeros(len(MODELS)), design.mean_factor_G, freedom)
    log_likelihood = design.log_weight_G - 0.5 * freedom * np.log(squares)
    return SideEvidence(log_likelihood, mean, squares / freedom, design.mean_factor_G, freedom)


def kind_effect(values: ArrayLike, group: ArrayLike, kind: ArrayLike) -> float:
    """How much more days of kind 1 have than days of kind 0 of the same group; 0 where no group has both."""
    x, weekend = (np.asarray(v, dtype=np.float64) for v in (values, kind))
    own, centred = (v - _group_means(v, np.asarray(group, dtype=np.int64)) for v in (x, weekend))
    square = float(centred @ centred)
    return 0.0 if square <= 0 else float(centred @ own) / square


def with_others(evidence_MG: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihoods of the models for M measures of a home, with a prior from the other measures, (M, G).

    Days of different measures of one home often resemble each other in the same way. So a model's prior is
    the mean posterior it has in the other measures, mixed with a flat prior. A measure that differs from
    the others is still decided by its own days, and a measure alone has the flat prior.
    """
    measures, models = evidence_MG.shape
    others = measures - 1
    if others < 1:
        return evidence_MG
    trust = (1 - _FLAT) * others / (others + _OTHERS)
    likelihood = np.exp(evidence_MG - evidence_MG.max(axis=1, keepdims=True))
    prior = np.full(evidence_MG.shape, 1 / models)
    for _ in range(_ROUNDS):
        belief = likelihood * prior
        belief /= belief.sum(axis=1, keepdims=True)
        prior = (1 - trust) / models + trust * (belief.sum(axis=0) - belief) / others
    joined: NDArray[np.float64] = evidence_MG + np.log(prior)
    return joined


def _group_means(x: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = (np.bincount(group, x) / np.maximum(np.bincount(group), 1))[group]
    return means


@lru_cache(maxsize=64)
def _design(days: tuple[int, ...], kinds: tuple[int, ...], share: float) -> _Design:
    when = np.array(days, dtype=np.int64)
    rho = _autocorrelation(int(when[-1]) + 1)
    n = len(when)
    before, second = np.zeros((2, len(MODELS), n))
    variance = np.ones((len(MODELS), n))
    first = rho[:, when[1] - when[0]]
    before[:, 1], variance[:, 1] = first, 1 - first**2
    a, b, c = (rho[:, lag] for lag in (when[2:] - when[1:-1], when[2:] - when[:-2], when[1:-1] - when[:-2]))
    before[:, 2:] = (a - b * c) / (1 - c**2)
    second[:, 2:] = (b - a * c) / (1 - c**2)
    variance[:, 2:] = 1 - before[:, 2:] * a - second[:, 2:] * b
    scale = np.sqrt(variance)
    regressors = (
        np.ones((n, 1)) if not kinds else np.stack([np.ones(n), np.array(kinds, dtype=float)], axis=1)
    )
    white = np.stack([_whiten(column, before, second, scale) for column in regressors.T], axis=2)
    basis, triangle = np.linalg.qr(white)
    log_weight = -np.log(scale).sum(axis=1) - np.log(np.abs(np.diagonal(triangle, axis1=1, axis2=2))).sum(
        axis=1
    )
    weights = np.linalg.pinv(regressors).T @ np.array([1.0, share])[: regressors.shape[1]]
    together = np.bincount(
        np.abs(when[:, None] - when[None]).ravel(), np.outer(weights, weights).ravel(), minlength=rho.shape[1]
    )
    return _Design(before, second, scale, basis, log_weight, weights, rho @ together)


def _whiten(
    x_N: NDArray[np.float64],
    before_GN: NDArray[np.float64],
    second_GN: NDArray[np.float64],
    scale_GN: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Days as numbers that are independent under each model, (G, N)."""
    y = np.broadcast_to(x_N, before_GN.shape).copy()
    y[:, 1:] -= before_GN[:, 1:] * x_N[:-1]
    y[:, 2:] -= second_GN[:, 2:] * x_N[:-2]
    whitened: NDArray[np.float64] = y / scale_GN
    return whitened


def _autocorrelation(length: int) -> NDArray[np.float64]:
    """(G, length): correlation of two days that lie 0, 1, ... days apart."""
    near, partial = np.array(MODELS).T
    rho = np.ones((len(MODELS), length))
    rho[:, 1] = near
    for lag in range(2, length):
        rho[:, lag] = near * (1 - partial) * rho[:, lag - 1] + partial * rho[:, lag - 2]
    return rho
