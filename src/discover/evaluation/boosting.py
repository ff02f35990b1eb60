"""Gradient boosting as a supervised reference; held-out training days choose its settings.

scikit-learn's default settings diverge with many or rare classes: a leaf of windows that are all but certain
divides by almost nothing, so one tree can undo all before it. Every candidate here regularises its leaves.
Which one is used, with how many trees, is decided on training days that it was not fitted to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.supervised import FittedScores, check_labels, fitted_on, majority_scores

__all__ = ["BOOSTING_CANDIDATES", "BoostingSettings", "choose_boosting", "gradient_boosting_scores"]

# Shape letters: N training windows, W scored windows, F features, C classes.

_EVERY = 5
"""One training day in so many is held out for the choice; days in turn, so that every season has some."""

_FLOOR = 1e-6
"""Least probability in a log loss, so that one window cannot decide it."""


@dataclass(frozen=True)
class BoostingSettings:
    """Learning rate, L2 penalty of leaf values, and number of trees per class."""

    learning_rate: float
    l2_regularization: float
    iterations: int


BOOSTING_CANDIDATES = ((0.05, 1.0), (0.1, 1.0), (0.1, 10.0))
"""Learning rates with penalties. The first is used where there is nothing to choose with."""


def choose_boosting(
    train: NDArray[np.floating],
    labels: NDArray[np.str_],
    days: NDArray[np.int64],
    *,
    iterations: int,
    seed: int,
    candidates: Sequence[tuple[float, float]] = BOOSTING_CANDIDATES,
) -> tuple[BoostingSettings, dict[str, Any]]:
    """The candidate and number of trees with the least log loss on every fifth training day.

    Held-out windows of an activity that the other days lack are left out: nobody could know them. The loss is
    the mean over activities weighted by the square root of their windows, so that rare ones count in the
    choice and do not decide it alone.

    Args:
        train: (N, F) features.
        labels: (N,) activities.
        days: (N,) day of each window.
        iterations: Most trees per class.
        seed: Of the fits.
        candidates: Learning rates with L2 penalties.

    Returns:
        Settings, and facts for the result: the chosen values and, where there was a choice, the held-out
        log loss of the chosen settings and of the activities' frequencies.
    """
    unique = np.unique(days)
    held = np.isin(days, unique[_EVERY // 2 :: _EVERY])
    fit = ~held
    held &= np.isin(labels, np.unique(labels[fit]))
    if len(np.unique(labels[fit])) < 2 or not held.any():
        return BoostingSettings(*candidates[0], iterations), {"boosting": "nothing to choose with"}
    names, codes = np.unique(labels[fit], return_inverse=True)
    truth = np.searchsorted(names, labels[held])
    counts = np.bincount(truth, minlength=len(names))
    weights = 1 / np.sqrt(counts[truth])
    frequencies = np.bincount(codes) / len(codes)
    prior = _log_loss(np.tile(frequencies, (len(truth), 1)), truth, weights)
    best, chosen = np.inf, BoostingSettings(*candidates[0], iterations)
    for rate, penalty in candidates:
        model = _model(BoostingSettings(rate, penalty, iterations), seed).fit(train[fit], codes)
        for trees, shares in enumerate(model.staged_predict_proba(train[held]), start=1):
            loss = _log_loss(shares, truth, weights)
            if loss < best:
                best, chosen = loss, BoostingSettings(rate, penalty, trees)
    return chosen, {
        "learning_rate": chosen.learning_rate,
        "l2_regularization": chosen.l2_regularization,
        "trees": chosen.iterations,
        "held_out_log_loss": round(float(best), 4),
        "held_out_log_loss_of_frequencies": round(float(prior), 4),
    }


def gradient_boosting_scores(
    train: NDArray[np.floating],
    train_labels: NDArray[np.str_],
    scored: NDArray[np.floating],
    *,
    settings: BoostingSettings,
    seed: int,
) -> FittedScores:
    """Histogram gradient boosting, (N, F) -> probabilities of (W, F)."""
    check_labels(train_labels)
    if len(np.unique(train_labels)) < 2:
        return majority_scores(train_labels, len(scored))
    model = _model(settings, seed).fit(train, train_labels)
    names = np.asarray(model.classes_, dtype=np.str_)
    own = names[model.predict_proba(train).argmax(axis=1)]
    shares = np.asarray(model.predict_proba(scored))
    return fitted_on(FittedScores(shares, tuple(str(c) for c in names)), train_labels, own)


def _model(settings: BoostingSettings, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Its own early stopping draws single windows: neighbours of training windows, and a class of one window
    # cannot be split at all.
    return HistGradientBoostingClassifier(
        max_iter=settings.iterations,
        learning_rate=settings.learning_rate,
        l2_regularization=settings.l2_regularization,
        early_stopping=False,
        random_state=seed,
    )


def _log_loss(shares: NDArray[np.floating], truth: NDArray[np.intp], weights: NDArray[np.floating]) -> float:
    right = np.clip(shares[np.arange(len(truth)), truth], _FLOOR, None)
    return float(-(weights * np.log(right)).sum() / weights.sum())
