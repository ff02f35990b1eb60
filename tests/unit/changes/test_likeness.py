"""Models of how days resemble each other against dense second versions and planted likeness."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.stats import multivariate_normal

from discover.changes.likeness import MODELS, _autocorrelation, evidence_of_side, kind_effect, with_others
from discover.core.errors import ShapeError

WEEKEND = (np.arange(28) % 7 >= 5).astype(int)


def alike_days(one: float, two: float, days: int, rng: np.random.Generator) -> np.ndarray:
    x = rng.normal(size=days + 60)
    for t in range(2, days + 60):
        x[t] += one * x[t - 1] + two * x[t - 2]
    return x[60:]


def test_correlations_are_those_of_an_autoregression() -> None:
    rho = _autocorrelation(6)
    assert rho[MODELS.index((0.5, 0.0))] == pytest.approx(0.5 ** np.arange(6))
    # Partial correlations 0.5 and 0.4 are coefficients 0.3 and 0.4: 0.3 * 0.5 + 0.4 = 0.55, and so on.
    assert rho[MODELS.index((0.5, 0.4))] == pytest.approx([1, 0.5, 0.55, 0.365, 0.3295, 0.24485])
    for model in range(len(MODELS)):
        assert np.linalg.eigvalsh(toeplitz(rho[model])).min() > 0


def dense(x: np.ndarray, days: np.ndarray, regressors: np.ndarray, model: int) -> tuple[float, float, float]:
    """Log-likelihood of the days beside their regressors (up to a constant), spread, and mean variance."""
    correlation = _autocorrelation(int(days[-1]) + 1)[model][np.abs(days[:, None] - days)]
    inverse = np.linalg.inv(correlation)
    gram = regressors.T @ inverse @ regressors
    left = x - regressors @ np.linalg.solve(gram, regressors.T @ inverse @ x)
    freedom = len(x) - regressors.shape[1]
    squares = left @ inverse @ left
    log = -0.5 * (np.linalg.slogdet(correlation)[1] + np.linalg.slogdet(gram)[1] + freedom * np.log(squares))
    share = np.array([1.0, 0.3])[: regressors.shape[1]]
    weights = regressors @ np.linalg.inv(regressors.T @ regressors) @ share
    return log, squares / freedom, squares / freedom * (weights @ correlation @ weights)


@pytest.mark.parametrize("with_kind", [False, True])
def test_likelihood_and_variance_agree_with_full_matrices(with_kind: bool) -> None:
    x = alike_days(0.4, 0.2, 28, np.random.default_rng(0)) + 10
    days = np.arange(28)
    kind = WEEKEND if with_kind else None
    regressors = np.stack([np.ones(28), WEEKEND], axis=1)[:, : 2 if with_kind else 1]
    found = evidence_of_side(x, days, kind, 0.3)
    slow = [dense(x, days, regressors, model) for model in range(len(MODELS))]
    assert found.log_likelihood == pytest.approx([s[0] for s in slow])
    assert found.mean_variance == pytest.approx([s[2] for s in slow])
    assert found.freedom == 28 - regressors.shape[1]
    if not with_kind:
        assert found.mean == pytest.approx(x.mean())
    else:
        assert found.mean == pytest.approx(0.7 * x[WEEKEND == 0].mean() + 0.3 * x[WEEKEND == 1].mean())


def test_days_left_out_leave_a_gap() -> None:
    x = np.random.default_rng(1).normal(size=10)
    days = np.array([0, 1, 2, 3, 4, 9, 10, 11, 12, 20])
    found = evidence_of_side(x, days)
    first_order = [i for i, (_, partial) in enumerate(MODELS) if partial == 0]
    slow = [dense(x, days, np.ones((10, 1)), model) for model in first_order]
    # Of first order one day before is enough, whatever the gap.
    assert found.log_likelihood[first_order] == pytest.approx([s[0] for s in slow])
    assert found.mean_variance[first_order] == pytest.approx([s[2] for s in slow])


def test_independent_days_have_the_likelihood_of_the_normal_distribution() -> None:
    x, y = np.random.default_rng(2).normal(size=(2, 9))
    model = MODELS.index((0.0, 0.0))
    found = [evidence_of_side(v, np.arange(9)).log_likelihood[model] for v in (x, y)]
    # Spread integrated out: the ratio of two samples is that of their sums of squares.
    ratio = -4 * np.log(((x - x.mean()) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    assert found[0] - found[1] == pytest.approx(ratio)
    correlated = multivariate_normal(np.zeros(2), [[1, 0.5], [0.5, 1]])
    assert np.exp(correlated.logpdf([0, 0])) == pytest.approx(1 / (2 * np.pi * np.sqrt(0.75)))


@pytest.mark.parametrize(("one", "two"), [(0.0, 0.0), (0.7, 0.0), (0.3, 0.3), (0.6, -0.3)])
def test_many_days_tell_their_likeness(one: float, two: float) -> None:
    x = alike_days(one, two, 600, np.random.default_rng(3))
    found = evidence_of_side(x, np.arange(600)).log_likelihood
    near, partial = MODELS[int(np.argmax(found))]
    assert near == pytest.approx(one / (1 - two), abs=0.11)
    assert partial == pytest.approx(two, abs=0.21)


def test_scale_and_place_of_the_days_do_not_matter() -> None:
    x = np.random.default_rng(4).normal(size=12)
    found, moved = (evidence_of_side(v, np.arange(12)).log_likelihood for v in (x, 1e6 + 100 * x))
    assert moved - moved.max() == pytest.approx(found - found.max(), abs=1e-4)


def test_days_without_spread_tell_nothing() -> None:
    found = evidence_of_side(np.full(8, 0.1), np.arange(8))
    assert (found.log_likelihood == 0).all()
    assert (found.mean_variance == 0).all()
    assert found.mean == pytest.approx(0.1)


def test_the_effect_of_weekends_is_fitted_within_groups() -> None:
    x = np.random.default_rng(5).normal(size=28)
    group = np.arange(28) // 14
    plain = kind_effect(x, group, WEEKEND)
    within = [x[g][WEEKEND[g] == 1].mean() - x[g][WEEKEND[g] == 0].mean() for g in (group == 0, group == 1)]
    assert plain == pytest.approx(np.mean(within))
    assert kind_effect(x + 5 * WEEKEND + 9 * group, group, WEEKEND) == pytest.approx(plain + 5)
    assert kind_effect(x, group, np.zeros(28)) == 0.0


def believed(evidence: np.ndarray, model: tuple[float, float]) -> float:
    weight = np.exp(evidence - evidence.max())
    return float(weight[MODELS.index(model)] / weight.sum())


def test_other_measures_say_what_is_likely_beforehand() -> None:
    clear = np.where([m == (0.0, 0.0) for m in MODELS], 0.0, -40.0)
    unsure = np.zeros(len(MODELS))
    assert (with_others(unsure[None]) == 0).all()
    # Nine others that are sure of one model: trust 0.5 * 9 / 12 = 0.375, and a flat share of the rest.
    joined = with_others(np.stack([unsure, *[clear] * 9]))
    assert believed(joined[0], (0.0, 0.0)) == pytest.approx(0.375 * (1 + 0 / 9) + 0.625 / 70, abs=0.01)
    # What a measure itself says is not heard twice: two measures that know nothing stay that way.
    assert with_others(np.zeros((2, len(MODELS)))) == pytest.approx(np.full((2, len(MODELS)), -np.log(70)))


def test_a_measure_that_is_alike_in_another_way_keeps_its_own_voice() -> None:
    clear = np.where([m == (0.0, 0.0) for m in MODELS], 0.0, -10.0)
    odd = np.where([m == (0.7, 0.0) for m in MODELS], 0.0, -10.0)
    joined = with_others(np.stack([odd, *[clear] * 30]))
    assert believed(joined[0], (0.7, 0.0)) > 0.9


@pytest.mark.parametrize(("values", "days"), [([1.0, 2.0], [0, 1]), ([1.0, 2.0, 3.0], [0, 1])])
def test_too_few_days_and_unequal_lengths_are_refused(values: list[float], days: list[int]) -> None:
    with pytest.raises(ShapeError, match="one number for each of three or more"):
        evidence_of_side(values, days)
