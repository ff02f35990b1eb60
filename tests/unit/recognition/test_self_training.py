"""Self-training against hand-computed cases and a made-up home where the right answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from discover.core.errors import DataError, ShapeError
from discover.recognition.self_training import (
    FIRST_SETTINGS,
    SelfTrainedClassifier,
    SelfTrainingConfig,
    balance_exponent,
    combine_scores,
    confident_rows,
)
from discover.recognition.student_check import check_student, steadiness


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
    settings = SelfTrainingConfig(rounds=1, class_weights="balanced")
    student = SelfTrainedClassifier(settings).fit(vectors, teacher)
    assert student.predict_proba(vectors) == pytest.approx(twin.predict_proba(vectors), abs=1e-3)


@pytest.mark.parametrize(("weights", "exponent"), [("none", 0.0), ("tempered", None), ("balanced", 1.0)])
def test_a_window_weighs_by_how_many_share_its_pseudo_label(weights: str, exponent: float | None) -> None:
    vectors, teacher, _ = made_up()
    teacher = teacher + np.array([0.8, 0.0, 0.0])
    best, keep = confident_rows(teacher.astype(np.float64), 0.5)
    if exponent is None:
        exponent = balance_exponent(np.bincount(best, minlength=3) / len(best))
        assert 0.8 < exponent < 0.98
    counts = np.bincount(best[keep])
    # By class instead of by window, and in another unit: C makes up for it.
    by_class = dict(enumerate(counts**-exponent))
    mean = np.average(counts**-exponent, weights=counts)
    twin = LogisticRegression(C=1 / mean, max_iter=500, class_weight=by_class).fit(vectors[keep], best[keep])
    settings = SelfTrainingConfig(rounds=1, class_weights=weights)  # type: ignore[arg-type]
    student = SelfTrainedClassifier(settings).fit(vectors, teacher)
    assert student.exponents == pytest.approx((exponent,))
    assert student.predict_proba(vectors) == pytest.approx(twin.predict_proba(vectors), abs=2e-3)


@pytest.mark.parametrize(
    ("shares", "exponent"),
    [([0.25] * 4, 1.0), ([1.0, 0, 0, 0], 0.0), ([0.5, 0.5, 0, 0], 0.5), ([1.0], 1.0), ([0.9, 0.1], 0.469)],
)
def test_balance_exponent_by_hand(shares: list[float], exponent: float) -> None:
    assert balance_exponent(np.array(shares)) == pytest.approx(exponent, abs=1e-3)


def skewed(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Nearly all windows are of one activity, and the teacher misreads some of them as the four others."""
    generator = np.random.default_rng(seed)
    truth = np.where(generator.random(1500) < 0.93, 0, generator.integers(1, 5, size=1500))
    centres = 0.5 * generator.normal(size=(5, 16))
    vectors = centres[truth] + 0.7 * generator.normal(size=(1500, 16))
    teacher = np.eye(5)[truth] + 0.45 * generator.normal(size=(1500, 5))
    return vectors.astype(np.float32), teacher.astype(np.float32), truth


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_skewed_home_does_not_make_the_student_collapse(seed: int) -> None:
    vectors, teacher, truth = skewed(seed)

    def accuracy(answers: NDArray[np.floating]) -> float:
        return float((answers.argmax(axis=1) == truth).mean())

    old = SelfTrainedClassifier(FIRST_SETTINGS).fit(vectors, teacher)
    new = SelfTrainedClassifier().fit(vectors, teacher)
    assert old.refused == ""
    assert accuracy(old.predict_proba(vectors)) < accuracy(teacher) - 0.02
    assert accuracy(new.predict_proba(vectors)) >= accuracy(teacher) - 0.01


def test_steadiness_by_hand() -> None:
    times = np.arange(100) * 60.0
    assert steadiness(np.arange(100) // 50, times) == pytest.approx((98 / 99 - 0.5) / 0.5, abs=1e-3)
    assert steadiness(np.arange(100) % 2, times) == pytest.approx(-1.0, abs=1e-3)
    assert steadiness(np.zeros(100, dtype=int), times) == 0.0
    assert steadiness(np.arange(100) // 50, times * 6) is None  # more than 300 s apart
    assert steadiness(np.arange(30) // 15, times[:30]) is None  # 29 pairs
    # Half overlapping windows: each is paired with the one that begins when it ends, in any row order.
    answers = np.repeat([0, 1, 0, 1], 25)
    order = np.random.default_rng(0).permutation(100)
    pairs = (answers[:-2], answers[2:])
    chance = sum(float((pairs[0] == k).mean() * (pairs[1] == k).mean()) for k in (0, 1))
    expected = (float((pairs[0] == pairs[1]).mean()) - chance) / (1 - chance)
    assert steadiness(answers[order], times[order] / 2) == pytest.approx(expected)


def test_a_student_that_contradicts_its_teacher_is_refused() -> None:
    truth = np.arange(200) // 50
    margins = np.linspace(0.1, 2.0, 200)[:, None]
    teacher = np.eye(4)[truth] * margins
    clearest = np.arange(200) >= 150
    wrong = np.where(clearest & (np.arange(200) % 5 == 0), (truth + 1) % 4, truth)
    found = check_student(teacher, np.eye(4)[wrong])
    assert (found.agreement, found.moved) == pytest.approx((0.8, 0.05))
    assert "contradicts its teacher on 20 %" in found.reason
    mostly = np.where(clearest, truth, (truth + 1) % 4)
    found = check_student(teacher, np.eye(4)[mostly])
    assert (found.agreement, found.moved) == pytest.approx((1.0, 0.75))
    assert "changes 75 %" in found.reason
    same = check_student(teacher, teacher)
    assert (same.reason, same.teacher_steadiness) == ("", None)


def test_a_student_less_steady_than_its_teacher_is_refused() -> None:
    times = np.arange(200) * 60.0
    truth = np.arange(200) // 50
    margins = np.where(np.arange(200) % 4 == 0, 0.1, 1.0)[:, None]
    rough = np.where(np.arange(200) % 4 == 0, (truth + 1) % 4, truth)
    better = check_student(np.eye(4)[rough] * margins, np.eye(4)[truth], times)
    worse = check_student(np.eye(4)[truth] * margins, np.eye(4)[rough], times)
    assert better.reason == ""
    assert "not clearly steadier over time" in worse.reason
    assert better.student_steadiness == worse.teacher_steadiness == steadiness(truth, times)
    assert check_student(np.eye(4)[truth] * margins, np.eye(4)[rough]).reason == ""  # no times, no verdict


def test_refusal_can_be_switched_off_but_is_measured() -> None:
    vectors, teacher, _ = made_up()
    times = np.random.default_rng(0).permutation(len(vectors)) * 60.0  # nothing lasts
    student = SelfTrainedClassifier().fit(vectors, teacher, middles_s=times)
    free = SelfTrainedClassifier(SelfTrainingConfig(refusal=False)).fit(vectors, teacher, middles_s=times)
    assert student.check == free.check
    assert student.check is not None
    assert student.refused == student.check.reason != ""
    assert free.refused == ""


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
    first, second = np.array([[1.0, 4.0]]), np.array([[20.0, 12.0]])  # standard deviations 1.5 and 4
    reference = (np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([[0.0, 10.0], [0.0, 10.0]]))  # 1 and 5
    combined = combine_scores([(first, reference[0]), (second, reference[1])])
    assert combined == pytest.approx(np.array([[1.0 + 4.0, 4.0 + 2.4]]))
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
