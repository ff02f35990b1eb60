"""Statistics of days against slow second versions, known answers and planted truth."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import false_discovery_control, t, ttest_ind

from discover.changes.likeness import MODELS, evidence_of_side
from discover.changes.statistics import adjusted_p_values, cliffs_delta, compare_days, hedges_g
from discover.core.errors import ShapeError

LATE = np.arange(56) >= 28
DAYS = np.arange(56)
WEEKEND = (DAYS % 7 >= 5).astype(int)


def known(model: tuple[float, float]) -> np.ndarray:
    """Evidence that leaves one model."""
    return np.where([m == model for m in MODELS], 0.0, -np.inf)


def test_q_values_agree_with_scipy() -> None:
    p = np.random.default_rng(0).random(30) ** 2
    assert adjusted_p_values(p) == pytest.approx(false_discovery_control(p))


def test_cliffs_delta_by_counting_pairs() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, 9), rng.integers(1, 7, 12)
    slow = np.mean([np.sign(y - x) for x in a for y in b])
    assert cliffs_delta(a, b) == pytest.approx(slow)
    assert cliffs_delta([1, 2], [3, 4]) == 1.0


def test_hedges_g_of_a_known_case() -> None:
    # Means 2 and 4, pooled sd 1, df 4: 2 * (1 - 3 / 15).
    assert hedges_g([1, 2, 3], [3, 4, 5]) == pytest.approx(1.6)
    assert hedges_g([1, 1], [1, 1]) == 0.0


def test_where_days_are_known_to_be_independent_it_is_welchs_test() -> None:
    x = np.random.default_rng(6).normal(size=56) * np.where(LATE, 3, 1) + 0.7 * LATE
    found = compare_days(x, DAYS, LATE, evidence=known((0.0, 0.0)))
    welch = ttest_ind(x[LATE], x[~LATE], equal_var=False)
    assert found.p_value == pytest.approx(welch.pvalue)
    interval = welch.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.difference == pytest.approx(x[LATE].mean() - x[~LATE].mean())
    narrow = compare_days(x, DAYS, LATE, evidence=known((0.0, 0.0)), level=0.8)
    assert narrow.high - narrow.low < found.high - found.low


def test_known_likeness_widens_the_standard_error() -> None:
    x = np.random.default_rng(7).normal(size=56) + 0.5 * LATE
    found = compare_days(x, DAYS, LATE, evidence=known((0.5, 0.0)))
    sides = [evidence_of_side(x[s], DAYS[s]) for s in (~LATE, LATE)]
    variance = [s.mean_variance[MODELS.index((0.5, 0.0))] for s in sides]
    freedom = sum(variance) ** 2 / sum(v**2 / 27 for v in variance)
    slow = 2 * t.sf(abs(found.difference) / np.sqrt(sum(variance)), freedom)
    assert found.p_value == pytest.approx(slow)
    assert found.p_value > compare_days(x, DAYS, LATE, evidence=known((0.0, 0.0))).p_value


def test_models_count_by_how_well_they_explain_the_days() -> None:
    x = np.random.default_rng(8).normal(size=56) + 0.6 * LATE
    sides = [evidence_of_side(x[s], DAYS[s]) for s in (~LATE, LATE)]
    log = sides[0].log_likelihood + sides[1].log_likelihood
    weight = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
    each = [compare_days(x, DAYS, LATE, evidence=known(m)).p_value for m in MODELS]
    error = 0.5 * np.log(sides[0].mean_variance + sides[1].mean_variance)
    doubt = weight @ (error - weight @ error) ** 2
    assert compare_days(x, DAYS, LATE).p_value == pytest.approx(np.exp(-0.8 * doubt) * (weight @ each))


def test_the_interval_ends_where_the_test_does() -> None:
    x = np.random.default_rng(9).normal(size=35) + 3.0 * (np.arange(35) >= 28)
    late = np.arange(35) >= 28
    found = compare_days(x, np.arange(35), late)
    assert found.low < found.difference < found.high
    shifted = compare_days(x - found.low * late, np.arange(35), late)
    assert shifted.p_value == pytest.approx(0.05, rel=1e-6)


def test_a_shift_is_found_and_a_weekend_effect_is_not_one() -> None:
    noise = np.random.default_rng(2).normal(size=56)
    assert compare_days(noise + 2 * LATE, DAYS, LATE, WEEKEND).p_value < 1e-4
    # However strong, it leaves the test as it was, also where one side has more weekends.
    kept = (DAYS % 7 != 6) | LATE
    plain, strong = (
        compare_days((noise + size * WEEKEND)[kept], DAYS[kept], LATE[kept], WEEKEND[kept])
        for size in (0, 50)
    )
    assert strong.p_value == pytest.approx(plain.p_value)
    assert strong.difference == pytest.approx(plain.difference)


def test_no_spread_is_no_evidence_and_no_result_is_surer_than_one_order_of_the_days() -> None:
    same = compare_days(np.ones(56), DAYS, LATE)
    assert (same.p_value, same.difference, same.low, same.high) == (1.0, 0.0, 0.0, 0.0)
    fourteen, late = np.arange(14), np.arange(14) >= 7
    # 14 over 7 is 3,432.
    assert compare_days(late * 1.0, fourteen, late).p_value == pytest.approx(2 / 3432)
    noise = np.random.default_rng(3).normal(size=14)
    assert compare_days(noise + 1e6 * late, fourteen, late).p_value == pytest.approx(2 / 3432)
    one_side = compare_days(np.where(late, 0.5, noise), fourteen, late)
    assert 0 < one_side.p_value < 1


@pytest.mark.parametrize("wrong", ["short", "nan", "kind"])
def test_wrong_shapes_and_missing_numbers_are_refused(wrong: str) -> None:
    x = np.zeros(56)
    if wrong == "nan":
        x[3] = np.nan
    with pytest.raises(ShapeError):
        compare_days(
            x[:9] if wrong == "short" else x, DAYS, LATE, WEEKEND[:9] if wrong == "kind" else WEEKEND
        )


def alarm_rate(early: int, late: int, coefficients: tuple[float, float], spread: float) -> float:
    """Share of 400 unchanged pairs of periods with p at most 0.05."""
    rng = np.random.default_rng(10)
    shocks = rng.normal(size=(400, early + late + 60))
    x = lfilter([1.0], [1.0, -coefficients[0], -coefficients[1]], shocks, axis=1)[:, 60:]
    side = np.arange(early + late) >= early
    x[:, side] *= spread
    return float(np.mean([compare_days(row, np.arange(len(row)), side).p_value <= 0.05 for row in x]))


@pytest.mark.parametrize(
    ("early", "late", "coefficients", "spread"),
    [
        (28, 28, (0.0, 0.0), 3.0), (28, 28, (0.7, 0.0), 1.0), (28, 7, (0.0, 0.0), 3.0),
        (28, 7, (0.5, 0.0), 1 / 3), (28, 7, (0.3, 0.3), 1.0),
    ],
)  # fmt: skip
def test_the_level_holds_for_unequal_spreads_and_alike_days(
    early: int, late: int, coefficients: tuple[float, float], spread: float
) -> None:
    # 0.03 to 0.06, and what 400 pairs may add by chance, with the same seed every time.
    assert 0.015 <= alarm_rate(early, late, coefficients, spread) <= 0.082


def test_seven_days_a_side_keep_the_upper_end() -> None:
    assert alarm_rate(7, 7, (0.5, 0.0), 1.0) <= 0.06
    assert alarm_rate(7, 7, (0.7, 0.0), 3.0) <= 0.085
