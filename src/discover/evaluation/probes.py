"""Probes on frozen vectors: linear and one hidden layer, chosen on validation windows only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.softmax import SoftmaxModel, fit_softmax
from discover.evaluation.supervised import FittedScores, fitted_on, majority_scores
from discover.metrics.classification import macro_f1

__all__ = ["LabelledVectors", "linear_probe", "mlp_probe"]

# Shape letters: N windows of a split, W scored windows, F width of the vectors.


@dataclass(frozen=True)
class LabelledVectors:
    """Vectors with the label of each, (N, F) and (N,)."""

    vectors: NDArray[np.floating]
    labels: NDArray[np.str_]

    def only(self, keep: NDArray[np.bool_]) -> "LabelledVectors":
        """The rows where `keep` (N,) is true."""
        return LabelledVectors(self.vectors[keep], self.labels[keep])

    def __len__(self) -> int:
        return len(self.labels)


def linear_probe(
    train: LabelledVectors,
    validation: LabelledVectors,
    scored: NDArray[np.floating],
    *,
    strengths: Sequence[float],
    max_iterations: int,
) -> tuple[FittedScores, dict[str, Any]]:
    """Logistic regression on standardised vectors; C with the best macro F1 on validation windows.

    Without a validation window the middle one of `strengths` is used. Ties go to the smaller C.

    Returns:
        Probabilities of the scored windows (W, F), and facts for the result: `strength`, perhaps `converged`.
    """
    from sklearn.preprocessing import StandardScaler

    names, codes = np.unique(train.labels, return_inverse=True)
    if len(names) < 2:
        return majority_scores(train.labels, len(scored)), {}
    tried = sorted(strengths) if len(validation) else [sorted(strengths)[len(strengths) // 2]]
    scaler = StandardScaler().fit(train.vectors)
    on_train = scaler.transform(train.vectors)
    on_validation = scaler.transform(validation.vectors) if len(validation) else None
    best, chosen, model = -1.0, tried[0], None
    solution: SoftmaxModel | None = None
    for strength in tried:
        # Each solution is where the next, less regularised one begins.
        solution = fit_softmax(
            on_train, codes, len(names), strength=strength, max_iterations=max_iterations, start=solution
        )
        value = 0.0
        if on_validation is not None and len(tried) > 1:
            value = macro_f1(validation.labels, names[solution.logits(on_validation).argmax(axis=1)])
        if value > best:
            best, chosen, model = value, strength, solution
    assert model is not None
    probabilities = model.probabilities(scaler.transform(scored))
    own = names[model.logits(on_train).argmax(axis=1)]
    fitted = FittedScores(probabilities, _names(names), model.converged)
    return fitted_on(fitted, train.labels, own), {"strength": chosen}


def mlp_probe(
    train: LabelledVectors,
    validation: LabelledVectors,
    scored: NDArray[np.floating],
    *,
    width: int,
    epochs: int,
    seed: int,
    patience: int = 5,
) -> tuple[FittedScores, dict[str, Any]]:
    """One hidden layer (ReLU, Adam) on standardised vectors; the epoch with the best macro F1 on validation.

    Training stops when `patience` epochs brought nothing better. Without a validation window the last
    epoch is used.

    Returns:
        Probabilities of the scored windows (W, F), and the `epoch` they come from.
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    classes = np.unique(train.labels)
    if len(classes) < 2:
        return majority_scores(train.labels, len(scored)), {}
    scaler = StandardScaler().fit(train.vectors)
    on_train, on_scored = scaler.transform(train.vectors), scaler.transform(scored)
    on_validation = scaler.transform(validation.vectors) if len(validation) else None
    model = MLPClassifier((width,), batch_size=min(256, len(train)), random_state=seed)
    best, fitted, chosen = -1.0, None, 0
    for epoch in range(1, epochs + 1):
        model.partial_fit(on_train, train.labels, classes=classes)
        if on_validation is not None:
            value = macro_f1(validation.labels, model.predict(on_validation))
        else:
            value = float(epoch)
        if value > best:
            best, chosen = value, epoch
            fitted = FittedScores(model.predict_proba(on_scored), _names(model.classes_))
            fitted = fitted_on(fitted, train.labels, model.predict(on_train))
        elif epoch - chosen >= patience:
            break
    assert fitted is not None
    return fitted, {"epoch": chosen}


def _names(classes: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(c) for c in classes)
