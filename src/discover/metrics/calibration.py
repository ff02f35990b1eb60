"""Calibration: do answers that are given with 80 % confidence come out right in 80 % of cases?"""

import numpy as np
from numpy.typing import ArrayLike

from discover.core.arrays import numbers_of, refuse_other_length
from discover.core.errors import DataError

__all__ = ["expected_calibration_error"]

# Shape letters: N answers.


def expected_calibration_error(right: ArrayLike, confidence: ArrayLike, *, bins: int = 15) -> float:
    """Mean distance between the confidence of answers and the share of them that are right, from 0 to 1.

    Answers are sorted into bins of equal width by their confidence, a bin holding its upper end; each bin
    counts with its share of the answers.

    Args:
        right: Whether each answer is right, shape (N,), N at least 1.
        confidence: Probability given to each answer, in [0, 1], shape (N,).
        bins: Number of bins, at least 1.

    Raises:
        ShapeError: Lengths differ or there is no answer.
        DataError: A confidence outside [0, 1], a truth value other than 0 and 1, or no bin.

    References:
        Guo, Pleiss, Sun & Weinberger 2017, ICML, equation 3, https://arxiv.org/abs/1706.04599.
    """
    sure = np.asarray(numbers_of(confidence, "confidences", ndim=1, at_least=1), dtype=np.float64)
    true = np.asarray(numbers_of(right, "right answers", ndim=1), dtype=np.float64)
    refuse_other_length(len(sure), right=true)
    if bins < 1 or sure.min() < 0 or sure.max() > 1 or not np.isin(true, (0.0, 1.0)).all():
        raise DataError(
            "Calibration needs confidences from 0 to 1, answers that are right (1) or wrong (0), and at "
            f"least one bin; got confidences from {sure.min():g} to {sure.max():g} and {bins} bins."
        )
    places = np.digitize(sure, np.arange(1, bins) / bins, right=True)
    gaps = np.bincount(places, weights=true - sure)
    return float(np.abs(gaps).sum() / len(sure))
