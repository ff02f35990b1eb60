"""Scores of windows against prompts without any label: plain, centred, smoothed, with rejection."""

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.recognition.prompts import mean_over_prompts

__all__ = ["centre_scores", "prompt_scores", "rejection_threshold", "smooth_scores"]

# Shape letters: W windows, K activities, S prompt sentences, D vector width.


def prompt_scores(
    windows_WD: NDArray[np.floating], prompts_SD: NDArray[np.floating], owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(W, K) cosine of each window with each activity: the mean over the activity's prompts."""
    return mean_over_prompts(unit_rows(windows_WD) @ unit_rows(prompts_SD).T, owners)


def centre_scores(scores_WK: NDArray[np.floating], reference_WK: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scores minus each activity's mean over all unlabelled reference windows.

    Some prompts are close to every sentence about a home; without this they win everywhere.
    """
    return np.asarray(scores_WK - reference_WK.mean(axis=0, keepdims=True), dtype=np.float32)


def smooth_scores(
    scores_WK: NDArray[np.floating], middles_s: NDArray[np.float64], kernel_s: float
) -> NDArray[np.float32]:
    """Gaussian average of scores over windows near in time (up to 3 kernel widths), any row order.

    Args:
        scores_WK: Scores, (W, K).
        middles_s: Time of each window in seconds, (W,).
        kernel_s: Standard deviation in seconds.
    """
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


def rejection_threshold(reference_WK: NDArray[np.floating], quantile: float) -> float:
    """Best-score quantile over all unlabelled reference windows; below it a window has no activity."""
    return float(np.quantile(reference_WK.max(axis=1), quantile))
