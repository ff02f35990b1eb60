"""Two groups of days: is there a difference, how sure is it, how large is it.

Neighbouring days resemble each other, so exchanging single days between the periods would call too
many differences real. The statistic is therefore divided by a standard error that counts correlations
between days (Newey and West 1987), as Romano and Tirlea 2022 advise for permutation tests of time series;
intervals resample blocks of consecutive days (Kuensch 1989).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from discover.core.errors import ShapeError

# Shape letters: K permutations or resamples, N days, M measures.

__all__ = [
    "DayExchange",
    "adjusted_p_values",
    "block_bootstrap_difference",
    "cliffs_delta",
    "hedges_g",
    "permutation_p_value",
]


@dataclass(frozen=True)
class DayExchange:
    """Random exchanges of days, made once and shared by all measures seen on the same days.

    Attributes:
        rows_KN: Day whose value each position gets, shape (K, N); days change places within their kind.
        late_N: Which positions belong to the later period.
        kind_N: Kind of each day, for example 0 for Monday to Friday and 1 for the weekend.
    """

    rows_KN: NDArray[np.int64]
    late_N: NDArray[np.bool_]
    kind_N: NDArray[np.int64]

    @classmethod
    def make(cls, late: ArrayLike, kind: ArrayLike, permutations: int, seed: int) -> "DayExchange":
        """Draw `permutations` exchanges of days, each kind apart."""
        late_N, kind_N = np.asarray(late, dtype=bool), np.asarray(kind, dtype=np.int64)
        if late_N.shape != kind_N.shape:
            raise ShapeError(f"late {late_N.shape} and kind {kind_N.shape} must be one per day.")
        rng = np.random.default_rng(seed)
        keys = rng.random((permutations, len(late_N))) + 2.0 * kind_N
        shuffled = np.argsort(keys, axis=1)
        rows = np.empty_like(shuffled)
        rows[:, np.argsort(kind_N, kind="stable")] = shuffled
        return cls(rows, late_N, kind_N)


def permutation_p_value(values: ArrayLike, exchange: DayExchange, *, lags: int = 2) -> float:
    """Two-sided p-value of "both periods have the same mean, the kind of day apart".

    Args:
        values: One number per day, in order of time, shape (N,).
        exchange: Exchanges of the same N days.
        lags: Correlations up to this many days enter the standard error.

    Returns:
        (1 + exchanges at least as extreme) / (1 + K); never 0.

    References:
        Romano and Tirlea 2022, "Permutation testing for dependence in time series".
        Phipson and Smyth 2010 for the +1.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.shape != exchange.late_N.shape:
        raise ShapeError(f"{x.shape} values for {exchange.late_N.shape} days.")
    x = _without_kind(x, exchange.kind_N)
    found = abs(float(_studentised(x[None, :], exchange.late_N, lags)[0]))
    null = np.abs(_studentised(x[exchange.rows_KN], exchange.late_N, lags))
    # A hair of tolerance: equal statistics that differ by rounding count as equal.
    return float((1 + np.count_nonzero(null >= found * (1 - 1e-9))) / (1 + len(null)))


def _without_kind(x: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    means = np.bincount(kind, x) / np.maximum(np.bincount(kind), 1)
    return x - means[kind]


def _studentised(x_KN: NDArray[np.float64], late: NDArray[np.bool_], lags: int) -> NDArray[np.float64]:
    parts = [x_KN[:, ~late], x_KN[:, late]]
    difference = parts[1].mean(axis=1) - parts[0].mean(axis=1)
    variance = sum(_long_run_variance(p, lags) / p.shape[1] for p in parts)
    scale = float(np.abs(x_KN).max(initial=0.0)) or 1.0
    result: NDArray[np.float64] = difference / np.sqrt(variance + (1e-9 * scale) ** 2)
    return result


def _long_run_variance(x_KN: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Newey-West variance with Bartlett weights, never below the plain one (a cautious choice)."""
    n = x_KN.shape[1]
    centred = x_KN - x_KN.mean(axis=1, keepdims=True)
    plain = np.einsum("kn,kn->k", centred, centred) / n
    total = plain.copy()
    for lag in range(1, min(lags, n - 1) + 1):
        weight = 1 - lag / (lags + 1)
        total += 2 * weight * np.einsum("kn,kn->k", centred[:, lag:], centred[:, :-lag]) / n
    result: NDArray[np.float64] = np.maximum(total, plain) * n / max(n - 1, 1)
    return result


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


def block_bootstrap_difference(
    early: ArrayLike, late: ArrayLike, *, block_days: int, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Percentile interval of mean(late) - mean(early); circular blocks of consecutive days are drawn.

    References:
        Kuensch 1989; Politis and Romano 1992 for the circle, which gives every day the same weight.
    """
    rng = np.random.default_rng(seed)
    means = []
    for side in (early, late):
        x = np.asarray(side, dtype=np.float64)
        size = min(block_days, len(x))
        n_blocks = -(-len(x) // size)
        begin = rng.integers(0, len(x), size=(resamples, n_blocks, 1))
        rows = ((begin + np.arange(size)) % len(x)).reshape(resamples, -1)[:, : len(x)]
        means.append(x[rows].mean(axis=1))
    low, high = np.quantile(means[1] - means[0], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
