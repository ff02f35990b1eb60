"""Tests and effect sizes for two groups of days.

Two periods may have different variances, and neighbouring days are correlated, so a plain test reports too
many differences. Each period has its own variance (Welch), and the variance of its mean includes the
autocorrelation of its days. The autocorrelation is unknown: p-values and intervals are averaged over many
autoregressions, each weighted by how well it explains the days (`likeness`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import comb, stdtr
from scipy.stats import rankdata

from discover.changes.likeness import evidence_of_side
from discover.changes.shared import Shared
from discover.core.errors import ShapeError

# Shape letters: G models of likeness, N days, M measures.

__all__ = ["DayTest", "adjusted_p_values", "cliffs_delta", "compare_days", "hedges_g"]

_CREDIT = 0.8
_CREDIT_DAYS = 28
"""Averaging over models that disagree is conservative; p-values are lowered by exp(-credit * variance of the
log of the standard error over the models), less where no period has 28 days. Chosen on simulated days so that
the level lies within 0.03 to 0.06 (ledger of choices)."""


@dataclass(frozen=True)
class DayTest:
    """Difference of the means of two periods.

    Attributes:
        difference: Later minus earlier.
        low, high: Interval of the difference, from the same model as the p-value.
        p_value: Two-sided, of "both periods have the same mean, the kind of day apart".
    """

    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class _Mixture:
    """A t distribution per model of likeness, around the same middle."""

    weight_G: NDArray[np.float64]
    error_G: NDArray[np.float64]
    freedom_G: NDArray[np.float64]
    factor: float

    def tail(self, distance: float) -> float:
        """Chance of a difference at least this far from the true one, on either side."""
        each = stdtr(self.freedom_G, -distance / self.error_G)
        return float(self.factor * 2 * (self.weight_G * each).sum())

    def half_width(self, level: float) -> float:
        """Distance that is not exceeded with chance `level`."""
        far = float(self.error_G.max())
        while self.tail(far) > 1 - level:
            far *= 2
        return float(brentq(lambda x: self.tail(x) - (1 - level), 0.0, far, xtol=1e-9 * far, rtol=1e-12))


def compare_days(
    values: ArrayLike,
    days: ArrayLike,
    late: ArrayLike,
    kind: ArrayLike | None = None,
    *,
    level: float = 0.95,
    evidence: NDArray[np.float64] | None = None,
    shared: Shared | None = None,
) -> DayTest:
    """Test whether two periods have the same mean.

    On simulated days (`benchmarks/results/changes_days.md`) a test at 5 % rejects in 3 to 6 % of unchanged
    cases, measured on 2,000 of them (2.4 to 6.6 %), for spreads up to three times different, first-order
    likeness up to 0.7 and second order, with 28 days against 28 or 7. With 7 against 7 days and nothing known
    from other days it rejects in 0.5 to 6 %: seldom where days are little alike, because so few days cannot
    tell.

    Args:
        values: One number per day, in order of time, (N,).
        days: Number of each day on the calendar, (N,); a day left out leaves a gap.
        late: Which days belong to the later period, (N,); at least four on each side.
        kind: 0 or 1 per day, for example weekends, (N,), both on both sides; its effect is taken off
            each side.
        level: Coverage of the interval.
        evidence: Log-likelihood of every model of `likeness.MODELS` from more days than these (which it
            replaces), (G,).
        shared: Spread and effect of weekends as all windows of a recording tell them; `kind` then says which
            days are weekends.

    References:
        Welch 1947 for two variances; Hoeting et al. 1999 for averages over models.
    """
    x, late_N = np.asarray(values, dtype=np.float64), np.asarray(late, dtype=bool)
    when = np.asarray(days, dtype=np.int64)
    kinds = None if kind is None else np.asarray(kind, dtype=np.int64)
    if not x.shape == late_N.shape == when.shape or (kinds is not None and kinds.shape != x.shape):
        raise ShapeError(f"{x.shape} values, {when.shape} days and {late_N.shape} sides must be one per day.")
    if not np.isfinite(x).all():
        raise ShapeError("Values of days must be finite numbers. Leave days without one out.")
    if shared is not None:
        x = x if kinds is None else x - shared.weekend * kinds
        kinds = None
    share = 0.0 if kinds is None else float(kinds.mean())
    sides = [
        evidence_of_side(x[side], when[side], None if kinds is None else kinds[side], share)
        for side in (~late_N, late_N)
    ]
    if shared is not None:
        sides = [shared.moderate(side) for side in sides]
    difference = sides[1].mean - sides[0].mean
    n_late = int(late_N.sum())
    # No p-value can be below that of one order of the days out of all orders.
    least = float(2 / comb(len(x), n_late))
    spread = [side.mean_variance for side in sides]
    total = spread[0] + spread[1]
    if not total.any():
        return DayTest(difference, difference, difference, 1.0 if difference == 0 else min(least, 1.0))
    freedom = total**2 / (spread[0] ** 2 / sides[0].freedom + spread[1] ** 2 / sides[1].freedom)
    support = sides[0].log_likelihood + sides[1].log_likelihood if evidence is None else evidence
    weight = np.exp(support - support.max())
    weight /= weight.sum()
    log_error = 0.5 * np.log(total)
    doubt = float(weight @ (log_error - weight @ log_error) ** 2)
    longest = max(n_late, len(x) - n_late)
    credit = _CREDIT * min(1.0, longest / _CREDIT_DAYS) ** 2
    mixture = _Mixture(weight, np.sqrt(total), freedom, float(np.exp(-credit * doubt)))
    half = mixture.half_width(level)
    p_value = 1.0 if difference == 0 else min(max(mixture.tail(abs(difference)), least), 1.0)
    return DayTest(difference, difference - half, difference + half, p_value)


def adjusted_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini-Hochberg q-values, shape (M,): report q <= level and at most that share is false.

    References:
        Benjamini and Hochberg 1995, section 3.1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def cliffs_delta(early: ArrayLike, late: ArrayLike) -> float:
    """P(late > early) - P(late < early), in [-1, 1].

    References:
        Cliff 1993, "Dominance statistics".
    """
    a, b = np.asarray(early, dtype=np.float64), np.asarray(late, dtype=np.float64)
    ranks = rankdata(np.concatenate([a, b]))
    u = ranks[len(a) :].sum() - len(b) * (len(b) + 1) / 2
    return float(2 * u / (len(a) * len(b)) - 1)


def hedges_g(early: ArrayLike, late: ArrayLike) -> float:
    """Difference of means in pooled standard deviations, corrected for small groups; 0 without spread.

    References:
        Hedges 1981, equation 6 in its usual approximation 1 - 3 / (4 df - 1).
    """
    a, b = np.asarray(early, dtype=np.float64), np.asarray(late, dtype=np.float64)
    df = len(a) + len(b) - 2
    if df < 1:
        return 0.0
    pooled = np.sqrt((((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / df)
    return float((b.mean() - a.mean()) / pooled * (1 - 3 / (4 * df - 1))) if pooled > 0 else 0.0
