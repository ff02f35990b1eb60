"""The kernel of smoothing, by hand and against a slow twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.recognition import smooth_scores


def test_one_kernel_width_away_weighs_as_a_gaussian_does() -> None:
    scores = np.array([[1.0], [0.0]])
    weight = np.exp(-0.5)
    smoothed = smooth_scores(scores, np.array([0.0, 60.0]), 60.0)
    assert smoothed[:, 0] == pytest.approx([1 / (1 + weight), weight / (1 + weight)], abs=1e-6)
    twice = smooth_scores(scores, np.array([0.0, 60.0]), 30.0)
    assert twice[0, 0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)


@pytest.mark.parametrize(("distance", "joined"), [(180.0, True), (180.001, False)])
def test_windows_beyond_three_widths_are_left_alone(distance: float, joined: bool) -> None:
    smoothed = smooth_scores(np.array([[1.0], [0.0]]), np.array([0.0, distance]), 60.0)
    weight = np.exp(-4.5) if joined else 0.0
    assert smoothed[1, 0] == pytest.approx(weight / (1 + weight), abs=1e-7)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.sampled_from([20.0, 60.0, 400.0]))
def test_smoothing_is_the_weighted_mean_over_all_near_windows(seed: int, kernel: float) -> None:
    generator = np.random.default_rng(seed)
    times = generator.permutation(np.cumsum(generator.choice([0.0, 30.0, 60.0, 900.0], size=14)))
    scores = generator.normal(size=(14, 3))
    distance = np.abs(times[:, None] - times[None, :])
    weight = np.where(distance <= 3 * kernel, np.exp(-((distance / kernel) ** 2) / 2), 0.0)
    expected = weight @ scores / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(smooth_scores(scores, times, kernel), expected, atol=1e-5)
