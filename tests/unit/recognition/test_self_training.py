"""Self-training against hand-computed cases and a made-up home where the right answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from discover.core.errors import DataError, ShapeError
from discover.recognition.self_training import (
    SelfTrainedClassifier,
    SelfTrainingConfig,
    combine_scores,
    confident_rows,
)


def made_up(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Three blobs of windows, and a teacher that is right about 70 % of the time."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(3, size=600)
    centres = generator.normal(size=(3, 8))
    vectors = centres[truth] + 0.3 * generator.normal(size=(600, 8))
    teacher = np.eye(3)[truth] + 0.8 * generator.normal(size=(600, 3))
    return vectors.astype(np.float32), teacher.astype(np.float32), truth


def test_the_student_is_better_than_its_teacher() -> None:
    vectors, teacher, truth = made_up()
    student = SelfTrainedClassifier().fit(vectors, teacher)
    taught = float((teacher.argmax(1) == truth).mean())
    learned = float((student.predict_proba(vectors).argmax(1) == truth).mean())
    assert taught < 0.85
    assert learned > 0.97
    assert student.converged
    assert student.pseudo_counts.shape == (2, 3)


def test_the_second_round_listens_to_teacher_and_student() -> None:
    vectors, teacher, _ = made_up()
    one = SelfTrainedClassifier(SelfTrainingConfig(rounds=1)).fit(vectors, teacher)
    first = one.predict_proba(vectors)
    joined = combine_scores([(first, first), (teacher, teacher)])
    best, keep = confident_rows(joined, 0.5)
    two = SelfTrainedClassifier(SelfTrainingConfig(rounds=2)).fit(vectors, teacher)
    assert two.pseudo_counts[1].tolist() == np.bincount(best[keep], minlength=3).tolist()


def test_the_student_reads_only_clear_windows() -> None:
    vectors, teacher, _ = made_up()
    best, keep = confident_rows(teacher.astype(np.float64), 0.5)
    twin = LogisticRegression(max_iter=500, class_weight="balanced").fit(vectors[keep], best[keep])
    student = SelfTrainedClassifier(SelfTrainingConfig(rounds=1)).fit(vectors, teacher)
    assert student.predict_proba(vectors) == pytest.approx(twin.predict_proba(vectors), abs=1e-5)


def test_confident_rows_by_hand() -> None:
    scores = np.array([[1.0, 0.0, 0.0], [0.5, 0.25, 0.0], [0.25, 0.0, 0.0], [0.0, 0.5, 0.25]])
    best, keep = confident_rows(scores, 0.5)
    assert best.tolist() == [0, 0, 0, 1]
    # Margins 1, 1/4, 1/4 of activity 0: ties at the median stay; activity 1 keeps its only one.
    assert keep.tolist() == [True, True, True, True]
    assert confident_rows(scores, 0.2)[1].tolist() == [True, False, False, True]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.05, 1.0))
def test_every_named_activity_keeps_its_share(seed: int, share: float) -> None:
    scores = np.random.default_rng(seed).normal(size=(50, 4))
    best, keep = confident_rows(scores, share)
    ordered = np.sort(scores, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    for activity in np.unique(best):
        mine = best == activity
        assert keep[mine].sum() >= np.floor(share * (mine.sum() - 1))
        if (mine & ~keep).any():
            assert margin[mine & ~keep].max() < margin[mine & keep].min()


def test_scores_are_combined_in_units_of_their_spread() -> None:
    first, second = np.array([[1.0, 3.0]]), np.array([[20.0, 10.0]])
    reference = (np.array([[0.0, 2.0]]), np.array([[0.0, 10.0]]))  # standard deviations 1 and 5
    combined = combine_scores([(first, reference[0]), (second, reference[1])])
    assert combined == pytest.approx(np.array([[5.0, 5.0]]))
    assert combine_scores([(first, first * 0)]) == pytest.approx(first)


def test_an_activity_never_named_gets_no_probability() -> None:
    vectors, teacher, _ = made_up()
    padded = np.column_stack([teacher, np.full(len(teacher), -99.0)])
    proba = SelfTrainedClassifier().fit(vectors, padded).predict_proba(vectors)
    assert (proba[:, 3] == 0).all()
    assert proba.sum(axis=1) == pytest.approx(np.ones(len(proba)), abs=1e-5)


def test_same_windows_same_bytes() -> None:
    vectors, teacher, _ = made_up()
    runs = [SelfTrainedClassifier().fit(vectors, teacher).predict_proba(vectors) for _ in range(2)]
    assert runs[0].tobytes() == runs[1].tobytes()


def test_wrong_input_is_refused() -> None:
    vectors, teacher, _ = made_up()
    with pytest.raises(ShapeError, match="599"):
        SelfTrainedClassifier().fit(vectors[:-1], teacher)
    with pytest.raises(DataError, match="same activity"):
        SelfTrainedClassifier().fit(vectors, teacher * 0 + np.array([1.0, 0, 0]))
    with pytest.raises(DataError, match="fitted"):
        SelfTrainedClassifier().predict_proba(vectors)
    with pytest.raises(ShapeError, match="one shape"):
        combine_scores([(teacher, teacher), (teacher[:, :2], teacher[:, :2])])
