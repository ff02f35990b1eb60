"""Scores of windows against prompts without any label: plain, centred, balanced, smoothed, with rejection."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from discover.core.arrays import numbers_of, refuse_other_length, refuse_rows
from discover.core.embeddings import unit_rows
from discover.core.errors import ShapeError
from discover.recognition.prompts import mean_over_prompts

__all__ = [
    "activity_margins",
    "balance_offsets",
    "balance_scores",
    "centre_scores",
    "probabilities",
    "prompt_scores",
    "prompt_votes",
    "rejection_threshold",
    "smooth_scores",
]

DEFAULT_TEMPERATURE = 0.05
"""Softmax temperature for cosines; centred cosines of one window differ by a few hundredths."""

_MAX_ROUNDS, _CLOSE_ENOUGH = 500, 1e-3  # a share of 0.100 may end as 0.0999 to 0.1001

# Shape letters: W windows, K activities, S prompt sentences, D vector width.


def prompt_scores(
    windows_WD: NDArray[np.floating], prompts_SD: NDArray[np.floating], owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(W, K) cosine of each window with each activity: the mean over the activity's prompts."""
    return mean_over_prompts(_cosines(windows_WD, prompts_SD, owners), owners)


def _cosines(
    windows_WD: NDArray[np.floating], prompts_SD: NDArray[np.floating], owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(W, S) cosines of windows and sentences, both checked.

    Raises:
        ShapeError: Widths differ, or not one owner per sentence.
        DataError: Values that are not finite.
    """
    windows = numbers_of(windows_WD, "window vectors", ndim=2)
    prompts = numbers_of(prompts_SD, "prompt vectors", ndim=2, at_least=1)
    if windows.shape[1] != prompts.shape[1]:
        raise ShapeError(f"Windows {windows.shape} and prompts {prompts.shape} must have one width.")
    refuse_other_length(len(prompts), owners=owners)
    refuse_rows(owners, len(prompts))
    return np.asarray(unit_rows(windows) @ unit_rows(prompts).T, dtype=np.float32)


def prompt_votes(
    windows_WD: NDArray[np.floating], prompts_SD: NDArray[np.floating], owners: NDArray[np.int64], k: int
) -> NDArray[np.float32]:
    """(W, K) share of a window's k nearest prompts that belong to each activity.

    Activities with equally many votes are ordered by their nearest prompt: its cosine adds less than half
    a vote, so it never overturns one. `k` above the number of prompts means all of them.

    Raises:
        ValueError: `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}.")
    cosines = _cosines(windows_WD, prompts_SD, owners)
    k = min(k, cosines.shape[1])
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    activities = int(owners.max()) + 1
    cells = np.arange(len(cosines))[:, None] * activities + owners[nearest]
    votes = np.bincount(cells.ravel(), minlength=len(cosines) * activities).reshape(len(cosines), activities)
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    best = np.clip(np.maximum.reduceat(cosines, starts, axis=1), -1.0, 1.0)
    return np.asarray((votes + (1.0 + best) / 4.01) / k, dtype=np.float32)


def probabilities(
    scores_WK: NDArray[np.floating], temperature: float = DEFAULT_TEMPERATURE
) -> NDArray[np.float32]:
    """(W, K) softmax of scores / temperature: rows sum to 1; a higher temperature flattens them."""
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    return np.asarray(softmax(np.asarray(scores_WK, np.float64) / temperature, axis=1), dtype=np.float32)


def balance_scores(
    scores_WK: NDArray[np.floating],
    reference_WK: NDArray[np.floating],
    *,
    temperature: float = DEFAULT_TEMPERATURE,
    strength: float = 1.0,
) -> NDArray[np.float32]:
    """Scores shifted per activity so that the reference windows share out evenly; no label is read.

    `balance_offsets` on the reference windows, added to the scores.

    Args:
        scores_WK: Scores to correct, (W, K).
        reference_WK: Scores of all unlabelled reference windows, (R, K).
        temperature: Softmax temperature in units of the scores, > 0.
        strength: 0 leaves the scores alone, 1 asks for equal shares, between them for a mixture.

    Returns:
        (W, K) corrected scores, in the same units.

    Raises:
        ShapeError: The two tables differ in their number of activities.
        ValueError: Temperature or strength out of range.
    """
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    reference_WK = numbers_of(reference_WK, "reference scores", ndim=2)
    if scores_WK.shape[1] != reference_WK.shape[1]:
        raise ShapeError(
            f"Scores hold {scores_WK.shape[1]} activities, the reference {reference_WK.shape[1]}. "
            "Score both against the same prompts."
        )
    offsets = balance_offsets(reference_WK, temperature=temperature, strength=strength)
    return np.asarray(scores_WK + offsets, dtype=np.float32)


def balance_offsets(
    reference_WK: NDArray[np.floating], *, temperature: float = DEFAULT_TEMPERATURE, strength: float = 1.0
) -> NDArray[np.float64]:
    """(K,) shifts with mean 0 after which the mean softmax over the reference meets a target share.

    The target is (1 - strength) x today's mean softmax + strength x 1/K. The shifts are the column
    potentials of Sinkhorn's algorithm: each round adds log(target / share) to every activity, which never
    moves away from the one solution.

    Raises:
        ValueError: Temperature or strength out of range, or no reference window.

    References:
        Cuturi 2013 (Sinkhorn), https://arxiv.org/abs/1306.0895; equal shares over unlabelled data as in SwAV,
        Caron et al. 2020, section 3.1, https://arxiv.org/abs/2006.09882; the same idea for prompts of a
        text model: Zhao et al. 2021, https://arxiv.org/abs/2102.09690.
    """
    if temperature <= 0 or not 0 <= strength <= 1 or len(reference_WK) == 0:
        raise ValueError(
            f"Balancing needs temperature > 0 (got {temperature}), strength in [0, 1] (got {strength}) and "
            f"at least one reference window (got {len(reference_WK)})."
        )
    reference_WK = numbers_of(reference_WK, "reference scores", ndim=2)
    logits = np.asarray(reference_WK, dtype=np.float64) / temperature
    offsets = np.zeros(logits.shape[1])
    if strength == 0:
        return offsets
    first = _log_shares(logits)
    target = np.log((1 - strength) * np.exp(first) + strength / logits.shape[1])
    step = target - first
    for _ in range(_MAX_ROUNDS):
        if np.abs(step).max() < _CLOSE_ENOUGH:
            break
        offsets += step
        step = target - _log_shares(logits + offsets)
    return np.asarray((offsets - offsets.mean()) * temperature, dtype=np.float64)


def _log_shares(logits_WK: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) log of the mean softmax; in logs, since a share can be too small for a float."""
    rows = logits_WK - logsumexp(logits_WK, axis=1, keepdims=True)
    return np.asarray(logsumexp(rows, axis=0) - np.log(len(rows)))


def centre_scores(
    scores_WK: NDArray[np.floating], reference_WK: NDArray[np.floating], *, strength: float = 1.0
) -> NDArray[np.float32]:
    """Scores minus `strength` times each activity's mean over all unlabelled reference windows.

    Some prompts are close to every sentence about a home; without this they win everywhere. Where one
    activity has most windows, its mean is high because it is common: a low strength leaves it its due.
    """
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    reference_WK = numbers_of(reference_WK, "reference scores", ndim=2, at_least=1)
    if scores_WK.shape[1] != reference_WK.shape[1]:
        raise ShapeError(f"Scores {scores_WK.shape} and reference {reference_WK.shape} must have one width.")
    return np.asarray(scores_WK - strength * reference_WK.mean(axis=0, keepdims=True), dtype=np.float32)


def smooth_scores(
    scores_WK: NDArray[np.floating], middles_s: NDArray[np.float64], kernel_s: float
) -> NDArray[np.float32]:
    """Gaussian average of scores over windows near in time (up to 3 kernel widths), any row order.

    Args:
        scores_WK: Scores, (W, K).
        middles_s: Time of each window in seconds, (W,).
        kernel_s: Standard deviation in seconds.

    Raises:
        ShapeError: Not one time per window.
        DataError: Values that are not finite.
    """
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    middles_s = np.asarray(numbers_of(middles_s, "times", ndim=1), np.float64)
    refuse_other_length(len(scores_WK), middles_s=middles_s)
    order = np.argsort(middles_s, kind="stable")
    times, sorted_scores = middles_s[order], np.asarray(scores_WK, dtype=np.float64)[order]
    total = sorted_scores.copy()
    weight = np.ones((len(times), 1))
    for step in range(1, len(times)):
        distance = times[step:] - times[:-step]
        near = np.where(distance <= 3 * kernel_s, np.exp(-0.5 * (distance / kernel_s) ** 2), 0.0)[:, None]
        if not near.any():
            break
        total[step:] += near * sorted_scores[:-step]
        total[:-step] += near * sorted_scores[step:]
        weight[step:] += near
        weight[:-step] += near
    smoothed = np.empty_like(total)
    smoothed[order] = total / weight
    return smoothed.astype(np.float32)


def activity_margins(
    scores_WK: NDArray[np.floating],
    windows_WD: NDArray[np.floating],
    background_BD: NDArray[np.floating],
) -> NDArray[np.float32]:
    """(W,) best score of an activity minus the best cosine with a background sentence.

    Args:
        scores_WK: Uncorrected `prompt_scores` of the windows, (W, K).
        windows_WD: The same windows, (W, D).
        background_BD: Vectors of `BACKGROUND_PROMPTS`, (B, D).
    """
    scores_WK = numbers_of(scores_WK, "scores", ndim=2)
    windows_WD = numbers_of(windows_WD, "window vectors", ndim=2)
    background_BD = numbers_of(background_BD, "background vectors", ndim=2, at_least=1)
    refuse_other_length(len(scores_WK), windows_WD=windows_WD)
    if windows_WD.shape[1] != background_BD.shape[1]:
        raise ShapeError(f"Windows {windows_WD.shape} and background {background_BD.shape} differ in width.")
    background = (unit_rows(windows_WD) @ unit_rows(background_BD).T).max(axis=1)
    return np.asarray(scores_WK.max(axis=1) - background, dtype=np.float32)


def rejection_threshold(reference_W: NDArray[np.floating], quantile: float) -> float:
    """Quantile of `activity_margins` over all unlabelled reference windows; below it there is no activity."""
    return float(np.quantile(numbers_of(reference_W, "margins", ndim=1, at_least=1), quantile))
