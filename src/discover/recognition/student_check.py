"""A check without labels whether a student is better than its teacher."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.arrays import numbers_of, refuse_other_length

__all__ = ["StudentCheck", "check_student", "steadiness"]

CLEAREST_SHARE = 0.25
"""The windows where the teacher is trusted most: those with the largest distance of best to second best."""
LEAST_AGREEMENT = 0.9
"""A student must give the teacher's answer on this share of them."""
MOST_MOVED = 0.5
"""A student may answer differently on this share of all windows."""
LEAST_GAIN = 0.02
"""A student's steadiness must exceed the teacher's by this much."""
NEIGHBOURS_S = (60.0, 300.0)
"""Windows whose middles are this far apart are neighbours: they share few events or none, and mostly what
is done."""
FEWEST_PAIRS = 30
"""With fewer pairs of neighbours the estimate is too noisy to use."""

# Shape letters: R windows, K activities.


@dataclass(frozen=True)
class StudentCheck:
    """A comparison of a student with its teacher on the same unlabelled windows.

    Attributes:
        agreement: Share of the teacher's clearest windows where both give the same answer.
        moved: Share of all windows where they do not.
        teacher_steadiness, student_steadiness: `steadiness` of their answers; None without times, or with
            too few neighbours.
        reason: Why the student is refused, as a clause; empty where it is not.
    """

    agreement: float
    moved: float
    teacher_steadiness: float | None
    student_steadiness: float | None
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded, for a result."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 4)

        return {
            "agreement_on_clearest": rounded(self.agreement),
            "moved": rounded(self.moved),
            "teacher_steadiness": rounded(self.teacher_steadiness),
            "student_steadiness": rounded(self.student_steadiness),
            "refused": self.reason,
        }


def check_student(
    teacher_RK: NDArray[np.floating],
    student_RK: NDArray[np.floating],
    middles_s: NDArray[np.float64] | None = None,
) -> StudentCheck:
    """Compare a student's scores with its teacher's, without labels.

    A student that learned something answers like the teacher where the teacher is clear, and is steadier over
    time: what people do lasts longer than a window, so right answers repeat from one window to the next more
    often than chance. A student that spreads one long activity over rare ones is less steady.

    Args:
        teacher_RK, student_RK: Scores of the same windows, (R, K).
        middles_s: (R,) time of each window in seconds; None leaves out steadiness.
    """
    teacher_RK = numbers_of(teacher_RK, "teacher's scores", ndim=2, at_least=1)
    student_RK = numbers_of(student_RK, "student's scores", ndim=2, at_least=1)
    refuse_other_length(len(teacher_RK), student_RK=student_RK, middles_s=middles_s)
    taught, learned = teacher_RK.argmax(axis=1), student_RK.argmax(axis=1)
    top = np.partition(np.asarray(teacher_RK, dtype=np.float64), -2, axis=1)[:, -2:]
    margin = top[:, 1] - top[:, 0]
    clear = margin >= np.quantile(margin, 1 - CLEAREST_SHARE)
    agreement = float((taught == learned)[clear].mean())
    moved = float((taught != learned).mean())
    before = after = None
    if middles_s is not None:
        before, after = steadiness(taught, middles_s), steadiness(learned, middles_s)
    return StudentCheck(agreement, moved, before, after, _reason(agreement, moved, before, after))


def steadiness(answers_R: NDArray[np.integer], middles_s: NDArray[np.float64]) -> float | None:
    """Agreement of neighbouring windows' answers beyond chance (Cohen's kappa), at most 1.

    Each window is paired with the next one that is at least `NEIGHBOURS_S[0]` later, if it is not more than
    `NEIGHBOURS_S[1]` later.

    Returns:
        None with fewer than `FEWEST_PAIRS` pairs; 0 where all answers are the same.

    References:
        Cohen 1960, Educational and Psychological Measurement 20(1), 37-46.
    """
    middles_s = np.asarray(numbers_of(middles_s, "times", ndim=1), np.float64)
    refuse_other_length(len(middles_s), answers_R=answers_R)
    order = np.argsort(middles_s, kind="stable")
    times, answers = np.asarray(middles_s, dtype=np.float64)[order], np.asarray(answers_R)[order]
    later = np.searchsorted(times, times + NEIGHBOURS_S[0], side="left")
    paired = later < len(times)
    paired[paired] &= times[later[paired]] - times[paired] <= NEIGHBOURS_S[1]
    first, second = answers[paired], answers[later[paired]]
    if len(first) < FEWEST_PAIRS:
        return None
    size = int(answers.max()) + 1
    shares = [np.bincount(side, minlength=size) / len(side) for side in (first, second)]
    chance = float(shares[0] @ shares[1])
    return float(((first == second).mean() - chance) / (1 - chance)) if chance < 1 else 0.0


def _reason(agreement: float, moved: float, before: float | None, after: float | None) -> str:
    if agreement < LEAST_AGREEMENT:
        return (
            f"it contradicts its teacher on {100 * (1 - agreement):.0f} % of the windows where the teacher "
            f"is clearest (at most {100 * (1 - LEAST_AGREEMENT):.0f} %)"
        )
    if moved > MOST_MOVED:
        return f"it changes {100 * moved:.0f} % of the teacher's answers (at most {100 * MOST_MOVED:.0f} %)"
    if before is not None and after is not None and after < before + LEAST_GAIN:
        return (
            f"its answers are not clearly steadier over time than its teacher's (agreement of neighbouring "
            f"windows beyond chance {after:.3f} against {before:.3f}; {LEAST_GAIN:g} more is asked)"
        )
    return ""
