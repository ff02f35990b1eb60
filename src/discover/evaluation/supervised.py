"""Supervised references: what labels would buy on the same windows, and when one is not to be believed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.evaluation.softmax import fit_softmax

__all__ = [
    "FittedScores",
    "check_labels",
    "doubt",
    "fitted_on",
    "logistic_scores",
    "majority_scores",
]

_MARGIN = 0.005
"""A well fitted model may be this much below majority on its training windows: it minimises log loss."""

# Shape letters: N training windows, W scored windows, F features, C classes.


@dataclass(frozen=True)
class FittedScores:
    """Class probabilities of the scored windows.

    Attributes:
        scores: (W, C) probabilities.
        classes: (C,) class names, from the training labels.
        converged: Whether the solver reached its tolerance.
        train_accuracy: Share of its own training windows it answers right, where that was asked.
        train_majority: Share of the most frequent class among them.
    """

    scores: NDArray[np.floating]
    classes: tuple[str, ...]
    converged: bool = True
    train_accuracy: float | None = None
    train_majority: float | None = None


def fitted_on(fitted: FittedScores, labels: NDArray[np.str_], answers: NDArray[np.str_]) -> FittedScores:
    """The same with `train_accuracy` and `train_majority`, from answers for its training windows, (N,)."""
    _, counts = np.unique(labels, return_counts=True)
    return replace(
        fitted,
        train_accuracy=float(np.mean(labels == answers)),
        train_majority=float(counts.max() / len(labels)),
    )


def doubt(name: str, fitted: Mapping[str, FittedScores]) -> str | None:
    """Why a reference cannot be believed, as a sentence: it knows its training windows worse than majority.

    Hour of day alone may: a line over hours that is right on average need not be right most often.
    """
    for pool, part in fitted.items():
        if part.train_accuracy is None or part.train_majority is None or name == "hour_logistic":
            continue
        if part.train_accuracy < part.train_majority - _MARGIN:
            return (
                f"{name} ({pool} windows) answers {part.train_accuracy:.3f} of its own training windows "
                f"right, where always answering the most frequent activity gives {part.train_majority:.3f}: "
                "its fit went wrong"
            )
    return None


def majority_scores(train_labels: NDArray[np.str_], n_windows: int) -> FittedScores:
    """The training labels' frequencies for every window, so that the most frequent class wins."""
    check_labels(train_labels)
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

    check_labels(train_labels)
    names, codes = np.unique(train_labels, return_inverse=True)
    if len(names) < 2:
        return majority_scores(train_labels, len(scored))
    scaler = StandardScaler().fit(train)
    model = fit_softmax(
        scaler.transform(train), codes, len(names), strength=1.0, max_iterations=max_iterations
    )
    own = names[model.logits(scaler.transform(train)).argmax(axis=1)]
    shares = model.probabilities(scaler.transform(scored))
    fitted = FittedScores(shares, tuple(str(c) for c in names), model.converged)
    return fitted_on(fitted, train_labels, own)


def check_labels(labels: NDArray[np.str_]) -> None:
    """Refuse an empty set of training labels.

    Raises:
        DataError: There is none.
    """
    if not len(labels):
        raise DataError("No training window has a label, so no supervised reference can be trained.")
