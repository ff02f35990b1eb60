"""Two groups of days: is there a difference, how sure is it, how large is it.

Neighbouring days resemble each other, so exchanging single days between the periods would call too
many differences real. The test therefore takes the likeness of neighbouring days (a first-order
autoregression) out of the days, exchanges what is left, puts the likeness back, and compares differences
in units of a standard error that counts it, both in the days as they were and in every exchange.
With no likeness this is the plain permutation test. Intervals resample blocks of consecutive days
(Kuensch 1989).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter
from scipy.stats import rankdata

from discover.core.errors import ShapeError

# Shape letters: K permutations or resamples, N days, M measures.

__all__ = [
    "DayExchange",
    "adjusted_p_values",
    "block_bootstrap_difference",
    "cliffs_delta",
    "day_likeness",
    "hedges_g",
    "permutation_p_value",
]

_MOST_LIKENESS = 0.95


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


def permutation_p_value(values: ArrayLike, exchange: DayExchange, *, likeness: float | None = None) -> float:
    """Two-sided p-value of "both periods have the same mean, the kind of day apart".

    Args:
        values: One number per day, in order of time, shape (N,). Days left out are skipped: their
            neighbours count as consecutive.
        exchange: Exchanges of the same N days.
        likeness: Correlation of a day with the day before, in [0, 0.95], where more is known about it than
            these days tell; None: `day_likeness` of the days, and again of every exchange, so that the
            doubt about it counts.

    Returns:
        (1 + exchanges at least as extreme) / (1 + K); never 0.

    References:
        Exchange of innovations: Davison and Hinkley 1997, section 8.2 (model-based resampling), without
        replacement; studentised: Romano and Tirlea 2022, "Permutation testing for dependence in time
        series". Phipson and Smyth 2010 for the +1.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.shape != exchange.late_N.shape:
        raise ShapeError(f"{x.shape} values for {exchange.late_N.shape} days.")
    x = _without_kind(x, exchange.kind_N)
    late = exchange.late_N
    phi = float(_likeness(x[None, :], late)[0]) if likeness is None else likeness
    fixed = None if likeness is None else np.array([likeness])
    found = abs(float(_studentised(x[None, :], late, fixed)[0]))
    null = np.abs(_studentised(_exchanged(x, exchange.rows_KN, phi), late, fixed))
    # A hair of tolerance: equal statistics that differ by rounding count as equal.
    return float((1 + np.count_nonzero(null >= found * (1 - 1e-9))) / (1 + len(null)))


def day_likeness(values: ArrayLike, late: ArrayLike, kind: ArrayLike) -> float:
    """Correlation of a day with the day before, in [0, 0.95], each period and kind of day around its mean.

    Few days make such a correlation look smaller than it is; what is missing is added
    (Marriott and Pope 1954). Likeness below 0 counts as 0, a cautious choice.
    """
    x = _without_kind(np.asarray(values, dtype=np.float64), np.asarray(kind, dtype=np.int64))
    return float(_likeness(x[None, :], np.asarray(late, dtype=bool))[0])


def _without_kind(x: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    means = np.bincount(kind, x) / np.maximum(np.bincount(kind), 1)
    return x - means[kind]


def _exchanged(x: NDArray[np.float64], rows_KN: NDArray[np.int64], phi: float) -> NDArray[np.float64]:
    """Days whose innovations changed places, (K, N): e_t = x_t - phi x_(t-1), the first to the same scale."""
    if phi <= 0:
        moved: NDArray[np.float64] = x[rows_KN]
        return moved
    first = np.sqrt(1 - phi**2)
    innovations = np.append(x[0] * first, x[1:] - phi * x[:-1])
    moved = innovations[rows_KN]
    moved[:, 0] /= first
    rebuilt: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], moved, axis=1)
    return rebuilt


def _likeness(x_KN: NDArray[np.float64], late: NDArray[np.bool_]) -> NDArray[np.float64]:
    products, squares = np.zeros(len(x_KN)), np.zeros(len(x_KN))
    for centred in _centred_sides(x_KN, late):
        products += np.einsum("kn,kn->k", centred[:, 1:], centred[:, :-1])
        squares += np.einsum("kn,kn->k", centred, centred)
    n = x_KN.shape[1]
    r = np.divide(products, squares, out=np.zeros(len(x_KN)), where=squares > 0)
    # Two means are taken off: E[r] = phi - 2 (1 + 3 phi) / n, solved for phi; below 20 days held back.
    phi: NDArray[np.float64] = np.clip((r + 2 / n) / max(1 - 6 / n, 0.7), 0.0, _MOST_LIKENESS)
    return phi


def _studentised(
    x_KN: NDArray[np.float64], late: NDArray[np.bool_], likeness: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    difference = x_KN[:, late].mean(axis=1) - x_KN[:, ~late].mean(axis=1)
    squares = sum(np.einsum("kn,kn->k", c, c) for c in _centred_sides(x_KN, late))
    phi = _likeness(x_KN, late) if likeness is None else likeness
    n_late = int(late.sum())
    widened = _widening(phi, n_late) / n_late + _widening(phi, len(late) - n_late) / (len(late) - n_late)
    variance = squares / (len(late) - 2) * widened
    scale = float(np.abs(x_KN).max(initial=0.0)) or 1.0
    result: NDArray[np.float64] = difference / np.sqrt(variance + (1e-9 * scale) ** 2)
    return result


def _widening(phi: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Variance of a mean of n days alike by `phi`, as a multiple of the one of independent days."""
    result: NDArray[np.float64] = (1 + phi) / (1 - phi) - 2 * phi * (1 - phi**n) / (n * (1 - phi) ** 2)
    return result


def _centred_sides(x_KN: NDArray[np.float64], late: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    return [side - side.mean(axis=1, keepdims=True) for side in (x_KN[:, ~late], x_KN[:, late])]


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
