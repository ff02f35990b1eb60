"""Statistics of days against slow second versions and known answers."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_ind

from discover.changes.statistics import (
    DayExchange,
    _exchanged,
    adjusted_p_values,
    block_bootstrap_difference,
    cliffs_delta,
    day_likeness,
    hedges_g,
    permutation_p_value,
)

LATE = np.arange(40) >= 20
KIND = (np.arange(40) % 7 >= 5).astype(int)


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


def test_days_are_exchanged_within_their_kind_only() -> None:
    exchange = DayExchange.make(LATE, KIND, 50, 0)
    assert (np.sort(exchange.rows_KN, axis=1) == np.arange(40)).all()
    assert (KIND[exchange.rows_KN] == KIND).all()


def test_a_shift_is_found_and_a_weekend_effect_is_not_one() -> None:
    exchange = DayExchange.make(LATE, KIND, 999, 0)
    noise = np.random.default_rng(2).normal(size=40)
    assert permutation_p_value(noise + 2 * LATE, exchange) == pytest.approx(0.001)
    # A strong weekend effect with unequal numbers of weekends on the two sides leaves the p-value as it was.
    assert permutation_p_value(noise + 50 * KIND, exchange) == pytest.approx(
        permutation_p_value(noise, exchange)
    )


def test_no_spread_is_no_evidence() -> None:
    assert permutation_p_value(np.ones(40), DayExchange.make(LATE, KIND, 199, 0)) == 1.0


def alike_days(phi: float, days: int, rng: np.random.Generator) -> np.ndarray:
    x = rng.normal(size=days + 50)
    for t in range(1, days + 50):
        x[t] += phi * x[t - 1]
    return x[50:]


def _alarm_rate(phi: float, likeness: float | None) -> float:
    rng = np.random.default_rng(3)
    exchange = DayExchange.make(LATE, np.zeros(40, int), 199, 0)
    p = [permutation_p_value(alike_days(phi, 40, rng), exchange, likeness=likeness) for _ in range(300)]
    return float(np.mean(np.array(p) <= 0.05))


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_alike_days_raise_no_more_false_alarms_than_stated(phi: float) -> None:
    # 0.085: 0.05 and what 300 runs may add by chance, with the same seed every time.
    assert _alarm_rate(phi, None) <= 0.085
    assert _alarm_rate(phi, phi) <= 0.085
    assert _alarm_rate(0.5, 0.0) > 0.15


def test_the_likeness_of_days_is_told_in_spite_of_a_step_and_a_weekend_rhythm() -> None:
    rng = np.random.default_rng(5)
    for phi in (0.0, 0.6):
        days = [alike_days(phi, 40, rng) for _ in range(200)]
        plain = [day_likeness(x, LATE, np.zeros(40, int)) for x in days]
        assert np.median(plain) == pytest.approx(phi, abs=0.06)
        stepped = [day_likeness(x + 5 * LATE, LATE, np.zeros(40, int)) for x in days]
        assert stepped == pytest.approx(plain)
    weekends = [day_likeness(x + 9 * KIND, LATE, KIND) for x in days]
    assert np.median(weekends) == pytest.approx(0.6, abs=0.12)
    assert day_likeness(np.ones(40), LATE, KIND) < 0.1


def test_exchanged_days_vary_as_much_at_the_beginning_as_at_the_end_and_keep_their_likeness() -> None:
    x = alike_days(0.8, 40, np.random.default_rng(7))
    days = _exchanged(x - x.mean(), DayExchange.make(LATE, np.zeros(40, int), 2000, 0).rows_KN, 0.8)
    spread = days.std(axis=0)
    # Drawn without replacement, sums of many innovations vary a little less than single ones.
    assert spread[0] == pytest.approx(spread[-1], rel=0.2)
    assert np.corrcoef(days[:, 20], days[:, 21])[0, 1] == pytest.approx(0.8, abs=0.06)


def test_without_likeness_the_test_is_the_plain_permutation_of_days() -> None:
    x = np.random.default_rng(6).normal(size=40) + 0.7 * LATE
    exchange = DayExchange.make(LATE, np.zeros(40, int), 999, 0)

    def t(values: np.ndarray) -> float:
        return abs(float(ttest_ind(values[LATE], values[~LATE]).statistic))

    slow = (1 + sum(t(x[rows]) >= t(x) * (1 - 1e-9) for rows in exchange.rows_KN)) / 1000
    assert permutation_p_value(x, exchange, likeness=0.0) == pytest.approx(slow)


def test_the_block_bootstrap_surrounds_the_difference_and_blocks_widen_it() -> None:
    early = np.repeat(np.random.default_rng(4).normal(size=10), 3)
    late = early + 1
    spans = {}
    for block in (1, 3):
        low, high = block_bootstrap_difference(
            early, late, block_days=block, level=0.95, resamples=800, seed=0
        )
        assert low < 1 < high
        spans[block] = high - low
    assert spans[3] > 1.2 * spans[1]
