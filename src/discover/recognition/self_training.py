"""Self-training: a classifier of windows taught by label-free scores of unlabelled windows.

The teacher's scores (cosines with prompts) are right most often where they are clear. The student, a
logistic regression on the windows' vectors, learns from the clearest windows of each predicted activity and
answers for all: their common features decide, not one cosine. It never sees a true label.

A student can be worse than its teacher. `check_student` compares both without labels, and a refused student
must not answer: the teacher does.
"""

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from discover.core.arrays import numbers_of, refuse_other_length
from discover.core.config import StrictModel
from discover.core.errors import DataError, ShapeError
from discover.recognition.student_check import StudentCheck, check_student

__all__ = [
    "FIRST_SETTINGS",
    "SelfTrainedClassifier",
    "SelfTrainingConfig",
    "balance_exponent",
    "combine_scores",
    "confident_rows",
]

# Shape letters: W windows, R unlabelled reference windows, K activities, D vector width.


class SelfTrainingConfig(StrictModel):
    """Settings of `SelfTrainedClassifier`. None of them is fitted to labels."""

    keep_share: float = Field(default=0.5, gt=0, le=1)
    """Share of the windows of each predicted activity that the student learns from: the clearest half."""
    rounds: int = Field(default=2, ge=1, le=10)
    """Students in a row; from the second on, the teacher is joined by the student before."""
    inverse_penalty: float = Field(default=1.0, gt=0, le=1_000_000_000)
    """Inverse strength of the student's ridge penalty (scikit-learn's C)."""
    max_iterations: int = Field(default=500, ge=1, le=1_000_000)
    """Most solver iterations of a student."""
    class_weights: Literal["tempered", "balanced", "none"] = "tempered"
    """How much a rare activity's windows weigh. balanced: all activities together alike. none: all windows
    alike. tempered: between the two, the nearer to none the more the teacher's answers crowd into few
    activities (`balance_exponent`)."""
    refusal: bool = True
    """Let the teacher answer instead of a student that fails `check_student`."""


FIRST_SETTINGS = SelfTrainingConfig(class_weights="balanced", refusal=False)
"""The student of version 0.1.0, chosen on the main home's test labels; kept so that tables can show both."""


def balance_exponent(shares_K: NDArray[np.floating]) -> float:
    """How far to balance activities, from 0 (not) to 1 (fully), given their shares (K,) of the answers.

    The entropy of the shares over its maximum. Where answers spread evenly, a rare pseudo-label is a rare
    activity and must not drown. Where one activity has nearly all, most pseudo-labels of the others are its
    own windows misread, and full balance would multiply just these.
    """
    shares = np.asarray(numbers_of(shares_K, "shares", ndim=1, at_least=1), dtype=np.float64)
    if len(shares) < 2:
        return 1.0
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum() / np.log(len(shares)))


def combine_scores(
    parts: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]],
) -> NDArray[np.float32]:
    """Sum of several (W, K) scores, each in units of its spread over the reference windows.

    Args:
        parts: (scores (W, K), the same kind of scores of unlabelled reference windows (R, K)) per kind.

    Raises:
        ShapeError: The kinds have different shapes.
    """
    shapes = {scores.shape for scores, _ in parts}
    if len(shapes) != 1:
        raise ShapeError(f"Scores of one shape are needed, got {sorted(shapes)}.")
    total = np.zeros(shapes.pop(), dtype=np.float64)
    for scores, reference in parts:
        numbers_of(scores, "scores", ndim=2)
        numbers_of(reference, "reference scores", ndim=2, at_least=1)
        # Constant reference scores have no spread to scale with and carry no information: added unscaled.
        total += np.asarray(scores, dtype=np.float64) / (float(np.std(reference)) or 1.0)
    return total.astype(np.float32)


def confident_rows(
    scores_WK: NDArray[np.floating], keep_share: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Best activity of each window, (W,), and whether it is among the clearest of that activity, (W,).

    Clear means: far above the second best. Choosing per activity keeps the rare and the timid ones in
    (class-balanced self-training: Zou et al. 2018, ECCV, section 3.2).
    """
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    if scores_WK.ndim != 2 or scores_WK.shape[1] < 2:
        raise ShapeError(f"Scores of at least two activities are needed, got {scores_WK.shape}.")
    best = scores_WK.argmax(axis=1).astype(np.int64)
    top = np.partition(scores_WK, -2, axis=1)[:, -2:]
    margin = top[:, 1] - top[:, 0]
    keep = np.zeros(len(best), dtype=np.bool_)
    for activity in np.unique(best):
        rows = np.flatnonzero(best == activity)
        keep[rows[margin[rows] >= np.quantile(margin[rows], 1 - keep_share)]] = True
    return best, keep


class SelfTrainedClassifier:
    """A student of label-free scores (pseudo-labels: Lee 2013; per class: Zou et al. 2018).

    Args:
        config: Settings.

    Attributes:
        n_activities: K, set by `fit`.
        pseudo_counts: (rounds, K) windows each student learned from, by activity.
        exponents: (rounds,) a window weighs (number of its pseudo-label's windows) ** -exponent.
        check: The student beside its teacher on the windows of `fit`; None before `fit`.
        converged: Whether every student's solver did.
    """

    def __init__(self, config: SelfTrainingConfig | None = None) -> None:
        self.config = config or SelfTrainingConfig()
        self.pseudo_counts: NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)
        self.exponents: tuple[float, ...] = ()
        self.check: StudentCheck | None = None
        self.n_activities = 0
        self.converged = False

    @property
    def refused(self) -> str:
        """Why the teacher must answer instead, as a clause; empty where the student may."""
        return self.check.reason if self.check is not None and self.config.refusal else ""

    def fit(
        self,
        vectors_RD: NDArray[np.floating],
        teacher_RK: NDArray[np.floating],
        *,
        middles_s: NDArray[np.float64] | None = None,
    ) -> "SelfTrainedClassifier":
        """Learn from unlabelled windows.

        Args:
            vectors_RD: Vectors of the windows, (R, D): what the student reads.
            teacher_RK: Label-free scores of the same windows, (R, K).
            middles_s: (R,) time of each window in seconds. Without it the check cannot compare how steady
                teacher and student are over time.

        Raises:
            ShapeError: Different numbers of windows.
            DataError: The teacher gives every window the same activity.
        """
        if len(vectors_RD) != len(teacher_RK):
            raise ShapeError(f"{len(vectors_RD)} vectors but {len(teacher_RK)} rows of teacher scores.")
        vectors_RD = numbers_of(vectors_RD, "window vectors", ndim=2)
        teacher_RK = numbers_of(teacher_RK, "teacher's scores", ndim=2)
        refuse_other_length(len(vectors_RD), middles_s=middles_s)
        self.n_activities = teacher_RK.shape[1]
        scores, counts, self.converged = np.asarray(teacher_RK, dtype=np.float64), [], True
        exponents = []
        for _ in range(self.config.rounds):
            best, keep = confident_rows(scores, self.config.keep_share)
            counts.append(np.bincount(best[keep], minlength=self.n_activities))
            exponents.append(self._exponent(best))
            self._learn(vectors_RD[keep], best[keep], exponents[-1])
            student = self.predict_proba(vectors_RD)
            scores = combine_scores([(student, student), (teacher_RK, teacher_RK)]).astype(np.float64)
        self.pseudo_counts, self.exponents = np.array(counts, dtype=np.int64), tuple(exponents)
        self.check = check_student(teacher_RK, student, middles_s)
        return self

    def predict_proba(self, vectors_WD: NDArray[np.floating]) -> NDArray[np.float32]:
        """(W, K) probabilities; 0 for an activity the teacher never named.

        Raises:
            DataError: Called before `fit`.
        """
        if not self.n_activities:
            raise DataError("This classifier has not been fitted. Call fit(vectors, teacher scores) first.")
        out = np.zeros((len(vectors_WD), self.n_activities), dtype=np.float32)
        out[:, self._student.classes_] = self._student.predict_proba(np.asarray(vectors_WD, np.float32))
        return out

    def _exponent(self, answers_R: NDArray[np.int64]) -> float:
        if self.config.class_weights == "tempered":
            return balance_exponent(np.bincount(answers_R, minlength=self.n_activities) / len(answers_R))
        return 1.0 if self.config.class_weights == "balanced" else 0.0

    def _learn(self, vectors: NDArray[np.floating], labels: NDArray[np.int64], exponent: float) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        names, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(names) < 2:
            raise DataError(
                "The teacher gives every window the same activity, so there is nothing to learn. "
                "Centre its scores, or check the prompts."
            )
        weights = (counts.astype(np.float64) ** -exponent)[codes]
        student = LogisticRegression(C=self.config.inverse_penalty, max_iter=self.config.max_iterations)
        with warnings.catch_warnings():
            # Whether it converged is an attribute instead of a line on the screen.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # The mean weight is 1, so that the penalty keeps its strength.
            self._student = student.fit(
                np.asarray(vectors, dtype=np.float32), labels, sample_weight=weights / weights.mean()
            )
        self.converged &= bool((student.n_iter_ < self.config.max_iterations).all())
