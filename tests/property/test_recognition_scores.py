"""Label-free scores: balancing meets its target, votes count prompts, probabilities are probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import ShapeError
from discover.recognition import balance_offsets, balance_scores, label_free, probabilities, prompt_votes

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def some_scores(seed: int, windows: int = 60, activities: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((windows, activities)) + 0.2 * rng.random(activities)).astype(
        np.float32
    )


@few
@given(seeds, st.sampled_from([0.03, 0.1, 1.0]), st.floats(0, 1))
def test_balanced_reference_meets_its_target_share(seed: int, temperature: float, strength: float) -> None:
    scores = some_scores(seed)
    before = probabilities(scores, temperature).mean(axis=0)
    balanced = balance_scores(scores, scores, temperature=temperature, strength=strength)
    after = probabilities(balanced, temperature).mean(axis=0)
    np.testing.assert_allclose(after, (1 - strength) * before + strength / 5, rtol=3e-3)


@few
@given(seeds)
def test_balancing_forgets_a_constant_added_to_an_activity(seed: int) -> None:
    scores = some_scores(seed)
    shift = np.array([0.3, -0.2, 0.0, 0.1, 0.05])
    plain, shifted = balance_scores(scores, scores), balance_scores(scores + shift, scores + shift)
    # Equal up to the one constant that no softmax sees.
    np.testing.assert_allclose(np.diff(plain, axis=1), np.diff(shifted, axis=1), atol=1e-3)


@few
@given(seeds)
def test_strength_zero_and_order_of_the_reference_change_nothing(seed: int) -> None:
    scores = some_scores(seed)
    np.testing.assert_array_equal(balance_scores(scores, scores, strength=0.0), scores)
    np.testing.assert_allclose(balance_offsets(scores), balance_offsets(scores[::-1]), atol=1e-9)


def test_a_prompt_that_wins_everywhere_loses_its_lead() -> None:
    scores = some_scores(3, windows=200)
    scores[:, 0] += 2.0
    assert (scores.argmax(axis=1) == 0).all()
    counts = np.bincount(balance_scores(scores, scores).argmax(axis=1), minlength=5)
    assert counts.min() > 20


def test_shares_too_small_for_a_float_are_still_balanced() -> None:
    scores = some_scores(1)
    scores[:, 0] -= 100.0
    after = probabilities(balance_scores(scores, scores), 0.05).mean(axis=0)
    np.testing.assert_allclose(after, 0.2, rtol=5e-3)


def test_balancing_stops_as_soon_as_the_shares_are_close(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    shares = label_free._log_shares
    monkeypatch.setattr(label_free, "_log_shares", lambda logits: looks.append(1) or shares(logits))
    scores = some_scores(0)
    after = probabilities(scores + balance_offsets(scores), 0.05).mean(axis=0)
    assert 2 <= len(looks) < 50
    assert 1e-9 < np.abs(5 * after - 1).max() < 1.1e-3
    looks.clear()
    balance_offsets(np.zeros((4, 5)))
    assert len(looks) == 1


def test_balancing_refuses_what_makes_no_sense() -> None:
    scores = some_scores(0)
    with pytest.raises(ShapeError, match="5 activities, the reference 4"):
        balance_scores(scores, scores[:, :4])
    for bad in ({"temperature": 0.0}, {"strength": 1.5}):
        with pytest.raises(ValueError, match="temperature > 0"):
            balance_scores(scores, scores, **bad)
    with pytest.raises(ValueError, match="at least one reference window"):
        balance_scores(scores, scores[:0])


@few
@given(seeds, st.integers(1, 12))
def test_votes_equal_a_count_by_hand(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    windows, prompts = rng.standard_normal((12, 6)), rng.standard_normal((8, 6))
    owners = np.array([0, 0, 0, 1, 1, 2, 3, 3])
    votes = prompt_votes(windows, prompts, owners, k)
    for row, window in enumerate(windows):
        cosines = prompts @ window / np.linalg.norm(prompts, axis=1) / np.linalg.norm(window)
        nearest = owners[np.argsort(-cosines)[: min(k, 8)]]
        counts = np.array([(nearest == a).sum() for a in range(4)])
        np.testing.assert_array_equal(np.floor(votes[row] * min(k, 8) + 1e-6), counts)
        tied = np.flatnonzero(counts == counts.max())
        best = max(tied, key=lambda a: cosines[owners == a].max())
        assert votes[row].argmax() == best


def test_votes_need_at_least_one_neighbour() -> None:
    with pytest.raises(ValueError, match="k must be at least 1"):
        prompt_votes(np.eye(2), np.eye(2), np.array([0, 1]), 0)


@few
@given(seeds)
def test_probabilities_sum_to_one_and_flatten_with_temperature(seed: int) -> None:
    scores = some_scores(seed)
    cold, warm = probabilities(scores, 0.05), probabilities(scores, 0.5)
    np.testing.assert_allclose(cold.sum(axis=1), 1.0, rtol=1e-5)
    assert (cold.max(axis=1) >= warm.max(axis=1)).all()
    np.testing.assert_array_equal(cold.argmax(axis=1), scores.argmax(axis=1))
