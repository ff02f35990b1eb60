"""Supervised references: what labels would buy on the same windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.evaluation.softmax import fit_softmax

__all__ = ["FittedScores", "gradient_boosting_scores", "logistic_scores", "majority_scores"]

# Shape letters: N training windows, W scored windows, F features, C classes.


@dataclass(frozen=True)
class FittedScores:
    """Class probabilities of the scored windows.

    Attributes:
        scores: (W, C) probabilities.
        classes: (C,) class names, from the training labels.
        converged: Whether the solver reached its tolerance.
    """

    scores: NDArray[np.floating]
    classes: tuple[str, ...]
    converged: bool = True


def majority_scores(train_labels: NDArray[np.str_], n_windows: int) -> FittedScores:
    """The training labels' frequencies for every window, so that the most frequent class wins."""
    _check_labels(train_labels)
    classes, counts = np.unique(train_labels, return_counts=True)
    shares = np.tile(counts / counts.sum(), (n_windows, 1))
    return FittedScores(shares, tuple(str(c) for c in classes))


def logistic_scores(
    train: NDArray[np.floating],
    train_labels: NDArray[np.str_],
    scored: NDArray[np.floating],
    *,
    max_iterations: int,
) -> FittedScores:
    """Logistic regression (C = 1) on standardised features, (N, F) -> probabilities of (W, F)."""
    from sklearn.preprocessing import StandardScaler

    _check_labels(train_labels)
    names, codes = np.unique(train_labels, return_inverse=True)
    if len(names) < 2:
        return majority_scores(train_labels, len(scored))
    scaler = StandardScaler().fit(train)
    model = fit_softmax(
        scaler.transform(train), codes, len(names), strength=1.0, max_iterations=max_iterations
    )
    shares = model.probabilities(scaler.transform(scored))
    return FittedScores(shares, tuple(str(c) for c in names), model.converged)


def gradient_boosting_scores(
    train: NDArray[np.floating],
    train_labels: NDArray[np.str_],
    scored: NDArray[np.floating],
    *,
    iterations: int,
    seed: int,
) -> FittedScores:
    """Histogram gradient boosting, (N, F) -> probabilities of (W, F)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=iterations, early_stopping=False, random_state=seed)
    return _fit(model, train, train_labels, scored)


def _fit(
    model: Any, train: NDArray[np.floating], labels: NDArray[np.str_], scored: NDArray[np.floating]
) -> FittedScores:
    _check_labels(labels)
    if len(np.unique(labels)) < 2:
        return majority_scores(labels, len(scored))
    model.fit(train, labels)
    predict: Callable[[Any], NDArray[np.floating]] = model.predict_proba
    return FittedScores(predict(scored), tuple(str(c) for c in model.classes_))


def _check_labels(labels: NDArray[np.str_]) -> None:
    if not len(labels):
        raise DataError("No training window has a label, so no supervised reference can be trained.")
