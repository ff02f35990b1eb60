"""What many windows tell together: usual spread and how far it is trusted, the effect of weekends."""

import numpy as np
import pytest
from scipy.special import polygamma

from discover.changes.likeness import MODELS, evidence_of_side
from discover.changes.shared import Piece, _freedom_of_excess, shared_knowledge
from discover.changes.statistics import compare_days

KEY = ("tea", "time")
INDEPENDENT = MODELS.index((0.0, 0.0))


def weeks(spreads: np.ndarray, weekend: float = 0.0, seed: int = 0) -> list[Piece]:
    rng = np.random.default_rng(seed)
    at_weekend = np.arange(7) >= 5
    return [
        Piece(5 * i + s * rng.normal(size=7) + weekend * at_weekend, 7 * i + np.arange(7), at_weekend)
        for i, s in enumerate(spreads)
    ]


def test_even_spreads_are_trusted_and_uneven_ones_are_not() -> None:
    even = shared_knowledge({KEY: weeks(np.full(60, 2.0))})[KEY]
    assert even.variance[INDEPENDENT] == pytest.approx(4, rel=0.2)
    assert even.freedom > 30
    uneven = shared_knowledge({KEY: weeks(np.where(np.arange(60) % 2, 1.0, 5.0))})[KEY]
    assert uneven.freedom < 4
    # Beside measures that spread unevenly, an even one is trusted less.
    beside = shared_knowledge(
        {KEY: weeks(np.full(60, 2.0)), ("bed", "time"): weeks(np.geomspace(0.1, 10, 60))}
    )
    assert beside[KEY].freedom < even.freedom


def test_the_freedom_is_what_the_variance_of_log_variances_says() -> None:
    for freedom in (1.0, 6.0, 40.0):
        assert _freedom_of_excess(float(polygamma(1, freedom / 2))) == pytest.approx(freedom)
    assert _freedom_of_excess(-0.1) == np.inf
    assert _freedom_of_excess(1e7) == 0.0


def test_the_effect_of_weekends_is_taken_from_all_weeks() -> None:
    found = shared_knowledge({KEY: weeks(np.full(40, 1.0), weekend=3.0)})[KEY]
    assert found.weekend == pytest.approx(3, abs=0.4)
    assert found.variance[INDEPENDENT] == pytest.approx(1, rel=0.25)


def test_few_or_constant_weeks_leave_the_days_to_themselves() -> None:
    few = shared_knowledge({KEY: weeks(np.full(2, 1.0))})[KEY]
    assert few.freedom == 0
    constant = shared_knowledge({KEY: weeks(np.zeros(9))})[KEY]
    assert constant.freedom == 0
    x = np.random.default_rng(1).normal(size=35)
    late = np.arange(35) >= 28
    plain = compare_days(x, np.arange(35), late)
    assert compare_days(x, np.arange(35), late, shared=constant).p_value == pytest.approx(plain.p_value)


def test_a_variance_is_drawn_towards_the_usual_one() -> None:
    known = shared_knowledge({KEY: weeks(np.full(60, 2.0))})[KEY]
    side = evidence_of_side(np.random.default_rng(2).normal(size=7), np.arange(7))
    drawn = known.moderate(side)
    assert drawn.freedom == pytest.approx(known.freedom + 6)
    slow = (known.freedom * known.variance + 6 * side.variance) / (known.freedom + 6)
    assert drawn.variance == pytest.approx(slow)
    assert drawn.mean == side.mean
