"""Classification scores over the classes that occur in the truth, all from one confusion matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of, numbers_of
from discover.core.errors import ConfigError, ShapeError

# Shape letters: N predictions, C classes; a leading "..." is any number of confusion matrices.

__all__ = [
    "SCORE_NAMES",
    "ClassificationScores",
    "accuracy",
    "balanced_accuracy",
    "class_f1",
    "classification_scores",
    "confusion_matrix",
    "macro_f1",
    "scores_from_confusion",
    "weighted_f1",
]

SCORE_NAMES: tuple[str, ...] = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1")


@dataclass(frozen=True)
class ClassificationScores:
    """What `classification_scores` returns.

    Attributes:
        scores: accuracy, balanced_accuracy, macro_f1, weighted_f1 (classes present in the truth).
        classes: Class names: all of truth and prediction, sorted, or the order given.
        confusion: Counts, rows truth, columns prediction, shape (C, C).
        per_class: Class name -> precision, recall, f1, support, predicted.
    """

    scores: Mapping[str, float]
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    per_class: Mapping[str, Mapping[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **self.scores,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": {name: dict(row) for name, row in self.per_class.items()},
        }


def confusion_matrix(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Counts with truth in rows and prediction in columns.

    Args:
        truth: True class names, shape (N,).
        predicted: Predicted class names, shape (N,).
        classes: Order of rows and columns, holding every name that occurs; None sorts those that do.

    Returns:
        Counts, shape (C, C), and the class names.

    Raises:
        ShapeError: Lengths differ or there is nothing to score.
        DataError: A name is missing (None, NaN).
        ConfigError: A name is missing from `classes`.
    """
    true, guess, names = encode_classes(truth, predicted, classes)
    size = len(names)
    counts = np.bincount(true * size + guess, minlength=size * size).reshape(size, size)
    return counts.astype(np.int64), names


def encode_classes(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Class numbers of truth and prediction, each shape (N,), and the names they stand for."""
    true, guess = np.asarray(truth), np.asarray(predicted)
    if true.ndim != 1 or true.shape != guess.shape or not len(true):
        raise ShapeError(
            f"Truth and prediction must be lists of one length, at least 1; got {true.shape} and "
            f"{guess.shape}. Score the same windows on both sides."
        )
    both = np.concatenate([names_of(true, "true classes"), names_of(guess, "predicted classes")])
    found, codes = np.unique(both, return_inverse=True)
    names = tuple(str(name) for name in found)
    if classes is not None:
        missing = sorted(set(names) - set(classes))
        if missing or len(set(classes)) != len(classes):
            raise ConfigError(
                f"classes must name each class once and all that occur; missing: {missing}, "
                f"given: {list(classes)}."
            )
        place = {name: i for i, name in enumerate(classes)}
        codes = np.array([place[name] for name in names], dtype=np.int64)[codes]
        names = tuple(classes)
    return codes[: len(true)].astype(np.int64), codes[len(true) :].astype(np.int64), names


def class_f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """F1 of each class of one or many confusion matrices.

    Args:
        confusion: Counts, rows truth, shape (..., C, C).

    Returns:
        Shape (..., C); 0 for a class that is never predicted right, NaN for one without a true example.
    """
    counts = _counts_of(confusion)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    support = counts.sum(-1)
    f1: NDArray[np.float64] = np.full_like(right, np.nan)
    np.divide(2 * right, support + counts.sum(-2), out=f1, where=support > 0)
    return f1


def scores_from_confusion(confusion: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """The four scores of one or many confusion matrices.

    Classes without a true example count in no mean (predicting one still costs recall and precision of
    the others). F1 of a class that is never predicted right is 0.

    Args:
        confusion: Counts, rows truth, shape (..., C, C).

    Returns:
        accuracy, balanced_accuracy, macro_f1, weighted_f1, each of shape (...).
        NaN for a matrix without any example.
    """
    counts = _counts_of(confusion)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    support = counts.sum(-1)
    present = support > 0
    recall = np.divide(right, support, out=np.zeros_like(right), where=present)
    f1 = np.where(present, class_f1(counts), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        n_present, total = present.sum(-1), support.sum(-1)
        return {
            "accuracy": right.sum(-1) / total,
            "balanced_accuracy": (recall * present).sum(-1) / n_present,
            "macro_f1": f1.sum(-1) / n_present,
            "weighted_f1": (f1 * support).sum(-1) / total,
        }


def classification_scores(
    truth: ArrayLike, predicted: ArrayLike, classes: Sequence[str] | None = None
) -> ClassificationScores:
    """All scores, the per-class table and the confusion matrix; arguments as for `confusion_matrix`."""
    counts, names = confusion_matrix(truth, predicted, classes)
    support, guessed, right = counts.sum(1), counts.sum(0), np.diagonal(counts)
    per_class = {
        name: {
            "precision": float(right[i] / guessed[i]) if guessed[i] else 0.0,
            "recall": float(right[i] / support[i]) if support[i] else 0.0,
            "f1": float(2 * right[i] / (support[i] + guessed[i])) if support[i] + guessed[i] else 0.0,
            "support": int(support[i]),
            "predicted": int(guessed[i]),
        }
        for i, name in enumerate(names)
    }
    scores = {name: float(value) for name, value in scores_from_confusion(counts).items()}
    return ClassificationScores(scores, names, counts, per_class)


def accuracy(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Share of predictions that are right."""
    return _one(truth, predicted, "accuracy")


def balanced_accuracy(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean recall over the classes present in the truth."""
    return _one(truth, predicted, "balanced_accuracy")


def macro_f1(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean F1 over the classes present in the truth."""
    return _one(truth, predicted, "macro_f1")


def weighted_f1(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean F1 over the classes present in the truth, weighted by their number of true examples."""
    return _one(truth, predicted, "weighted_f1")


def _counts_of(confusion: NDArray[Any]) -> NDArray[np.float64]:
    counts = np.asarray(numbers_of(confusion, "counts"), dtype=np.float64)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2] or not counts.shape[-1] or (counts < 0).any():
        raise ShapeError(
            f"A confusion matrix holds counts of at least 0, as many rows as columns; got {counts.shape}."
        )
    return counts


def _one(truth: ArrayLike, predicted: ArrayLike, name: str) -> float:
    return float(scores_from_confusion(confusion_matrix(truth, predicted)[0])[name])
