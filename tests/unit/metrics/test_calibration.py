from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discover.core.errors import DiscoverError
from discover.metrics import expected_calibration_error


def test_the_error_of_six_answers_counted_by_hand() -> None:
    # Two bins: (0, .5] holds .2, .4 and .5, (.5, 1] holds .6, .9 and 1.
    confidence = [0.2, 0.4, 0.5, 0.6, 0.9, 1.0]
    right = [0, 1, 1, 1, 1, 0]
    # Lower bin: mean confidence 1.1/3, right 2/3. Upper: 2.5/3, right 2/3. Each holds half of the answers.
    wanted = 0.5 * (2 / 3 - 1.1 / 3) + 0.5 * (2.5 / 3 - 2 / 3)
    assert expected_calibration_error(right, confidence, bins=2) == pytest.approx(wanted)
    # One bin: right 4/6, mean confidence .6.
    assert expected_calibration_error(right, confidence, bins=1) == pytest.approx(4 / 6 - 0.6)


def test_gaps_within_a_bin_cancel_and_gaps_of_bins_do_not() -> None:
    assert expected_calibration_error([1, 0], [0.5, 0.5], bins=10) == 0
    assert expected_calibration_error([0, 1], [0.9, 0.1], bins=10) == pytest.approx(0.9)
    assert expected_calibration_error([True, True, False], [1.0, 1.0, 0.0]) == 0


def test_the_usual_number_of_bins_is_15() -> None:
    # 6/15 and 7/15 end two bins that 10 or 14 bins would not part.
    right, confidence = [1, 0], [0.45, 0.3999]
    assert expected_calibration_error(right, confidence) == pytest.approx((0.55 + 0.3999) / 2)
    assert expected_calibration_error(right, confidence) == expected_calibration_error(
        right, confidence, bins=15
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), min_size=1, max_size=40), st.integers(1, 20))
def test_the_error_equals_exact_fractions_sorted_into_bins_one_by_one(
    answers: list[tuple[bool, int]], bins: int
) -> None:
    found = expected_calibration_error([a for a, _ in answers], [c / 1000 for _, c in answers], bins=bins)
    total = Fraction(0)
    for b in range(bins):
        low, high = Fraction(b, bins), Fraction(b + 1, bins)
        mine = [
            (int(a), Fraction(c, 1000))
            for a, c in answers
            if low < Fraction(c, 1000) <= high or (b == 0 and c == 0)
        ]
        if mine:
            gap = Fraction(sum(a for a, _ in mine), len(mine)) - sum(c for _, c in mine) / len(mine)
            total += abs(gap) * Fraction(len(mine), len(answers))
    assert found == pytest.approx(float(total), abs=1e-12)


@pytest.mark.parametrize(
    ("right", "confidence", "bins"),
    [
        ([1, 0], [0.5, 1.1], 15),
        ([1, 0], [0.5, -0.1], 15),
        ([1, 0], [0.5, np.nan], 15),
        ([1, 2], [0.5, 0.5], 15),
        ([1, 0], [0.5, 0.5], 0),
        ([1], [0.5, 0.5], 15),
        ([], [], 15),
    ],
)
def test_what_is_no_confidence_or_no_truth_is_refused(
    right: list[float], confidence: list[float], bins: int
) -> None:
    with pytest.raises(DiscoverError):
        expected_calibration_error(right, confidence, bins=bins)
