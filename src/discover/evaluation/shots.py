"""Rows with a few labels: prototypes from k windows per activity, with the prompt, and small probes.

Windows are drawn from training days, several times; a result is the mean over draws with the range that
holds 95 % of them. Vectors are centred by the mean of all training windows, unlabelled, because prompts
and windows of a contrastive model lie apart in the joint space.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import unit_rows
from discover.core.seeds import derive_seed
from discover.evaluation.probes import LabelledVectors
from discover.evaluation.softmax import fit_softmax
from discover.metrics.classification import scores_from_confusion

__all__ = [
    "DrawnAnswers",
    "FewShotInputs",
    "draw_rows",
    "few_shot_probe",
    "shot_prototypes",
    "text_and_shots",
]

# Shape letters: N training windows, V validation windows, W test windows, C classes, T draws, K shots,
# D width.


@dataclass(frozen=True)
class DrawnAnswers:
    """Answers of one method for every draw.

    Attributes:
        method: k_shot, text_and_shots or few_shot_probe.
        shots: Labelled windows per activity.
        classes: (C,) names.
        answers: (T, W) class of each test window in each draw.
        prompts: Prompt set, where one takes part.
        notes: Further facts for the result.
    """

    method: str
    shots: int
    classes: tuple[str, ...]
    answers: NDArray[np.int64]
    prompts: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FewShotInputs:
    """Centred unit vectors of the annotated windows, and what they are.

    Attributes:
        train, validation: Annotated windows of these splits.
        test: (W, D) vectors of annotated test windows.
        classes: (C,) activities that can be answered.
    """

    train: LabelledVectors
    validation: LabelledVectors
    test: NDArray[np.float32]
    classes: tuple[str, ...]

    @classmethod
    def build(
        cls,
        train: LabelledVectors,
        validation: LabelledVectors,
        test: NDArray[np.floating],
        centre: NDArray[np.floating],
        labels: Sequence[str],
    ) -> "FewShotInputs":
        """Centre by the mean of unlabelled training windows, (D,); `labels` may add further classes."""

        def centred(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
            return unit_rows(unit_rows(vectors) - centre)

        classes = tuple(sorted({*labels, *(str(x) for x in train.labels)}))
        return cls(
            LabelledVectors(centred(train.vectors), train.labels),
            LabelledVectors(centred(validation.vectors), validation.labels),
            centred(test),
            classes,
        )


def draw_rows(
    labels: NDArray[np.str_], classes: Sequence[str], shots: int, draws: int, seed: int
) -> list[NDArray[np.int64]]:
    """Training rows drawn for each class, without repeats: (T, min(K, windows of the class)) each."""
    drawn = []
    for name in classes:
        rows = np.flatnonzero(labels == name)
        rng = np.random.default_rng(derive_seed(seed, "shots", shots, name))
        order = np.argsort(rng.random((draws, len(rows))), axis=1)[:, :shots]
        drawn.append(rows[order])
    return drawn


def shot_prototypes(inputs: FewShotInputs, shots: int, draws: int, seed: int) -> DrawnAnswers:
    """The nearest mean of k windows per activity."""
    prototypes = _prototypes(inputs, shots, draws, seed)
    return DrawnAnswers("k_shot", shots, inputs.classes, _nearest(inputs.test, prototypes))


def text_and_shots(
    inputs: FewShotInputs,
    prompts_CD: NDArray[np.floating],
    shots: int,
    draws: int,
    seed: int,
    *,
    weights: Sequence[float],
    prompt_set: str,
) -> DrawnAnswers:
    """Prototype = w x prompt + (1 - w) x mean of k windows, scaled to length 1; w by validation macro F1.

    Args:
        inputs: Windows and classes.
        prompts_CD: Prompt vector of each class in the joint space; zeros where a class has no prompt.
        shots: Windows per activity.
        draws: How often they are drawn.
        seed: Seed of the draws; the same windows as in `shot_prototypes`.
        weights: Values of w to try. Without validation windows the middle one is used.
        prompt_set: Name of the prompts, for the result.
    """
    present = np.linalg.norm(prompts_CD, axis=1) > 0
    text = np.zeros_like(prompts_CD, dtype=np.float32)
    text[present] = unit_rows(unit_rows(prompts_CD[present]) - unit_rows(prompts_CD[present]).mean(axis=0))
    shot_means = _prototypes(inputs, shots, draws, seed)

    def mixed(weight: float) -> NDArray[np.float32]:
        return _unit(weight * text[None] + (1 - weight) * shot_means)

    chosen = sorted(weights)[len(weights) // 2]
    if len(inputs.validation):
        truth = _codes(inputs.validation.labels, inputs.classes)
        known = truth >= 0
        values = [
            _macro(truth[known], _nearest(inputs.validation.vectors[known], mixed(w)), len(inputs.classes))
            for w in weights
        ]
        chosen = weights[int(np.argmax(values))]
    answers = _nearest(inputs.test, mixed(chosen))
    notes = {"text_weight": chosen}
    return DrawnAnswers("text_and_shots", shots, inputs.classes, answers, prompt_set, notes)


def few_shot_probe(
    inputs: FewShotInputs, shots: int, draws: int, seed: int, *, strengths: Sequence[float]
) -> DrawnAnswers:
    """Logistic regression on the drawn windows; C by validation macro F1 over the first five draws."""
    drawn = draw_rows(inputs.train.labels, inputs.classes, shots, draws, seed)
    filled = [i for i, rows in enumerate(drawn) if rows.shape[1]]
    # Unit vectors of width D have entries near 1 / sqrt(D): scaled so that C means the same at any width.
    scale = float(np.sqrt(inputs.test.shape[1]))

    def answers(draw: int, strength: float, scored: NDArray[np.float32]) -> NDArray[np.int64]:
        rows = np.concatenate([drawn[i][draw] for i in filled])
        truth = np.concatenate([np.full(drawn[i].shape[1], i) for i in filled])
        if len(filled) < 2:
            return np.full(len(scored), filled[0])
        _, codes = np.unique(truth, return_inverse=True)
        known = inputs.train.vectors[rows] * scale
        model = fit_softmax(known, codes, len(filled), strength=strength, max_iterations=50)
        best = model.logits(scored * scale).argmax(axis=1)
        return np.asarray(np.asarray(filled)[best], dtype=np.int64)

    chosen = sorted(strengths)[len(strengths) // 2]
    if len(inputs.validation) and len(strengths) > 1:
        truth = _codes(inputs.validation.labels, inputs.classes)
        known = truth >= 0
        scored = inputs.validation.vectors[known]
        values = [
            _macro(
                truth[known],
                np.stack([answers(t, strength, scored) for t in range(min(5, draws))]),
                len(inputs.classes),
            )
            for strength in strengths
        ]
        chosen = strengths[int(np.argmax(values))]
    found = np.stack([answers(t, chosen, inputs.test) for t in range(draws)])
    return DrawnAnswers("few_shot_probe", shots, inputs.classes, found, notes={"strength": chosen})


def _prototypes(inputs: FewShotInputs, shots: int, draws: int, seed: int) -> NDArray[np.float32]:
    """(T, C, D) unit mean of the drawn windows; zeros for a class without training windows."""
    means = np.zeros((draws, len(inputs.classes), inputs.test.shape[1]), dtype=np.float32)
    drawn = draw_rows(inputs.train.labels, inputs.classes, shots, draws, seed)
    for column, rows in enumerate(drawn):
        if rows.shape[1]:
            means[:, column] = inputs.train.vectors[rows].mean(axis=1)
    return _unit(means)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return unit_rows(vectors.reshape(-1, vectors.shape[-1])).reshape(vectors.shape)


def _nearest(windows_WD: NDArray[np.floating], prototypes_TCD: NDArray[np.floating]) -> NDArray[np.int64]:
    """(T, W) nearest prototype of each window; a prototype of zeros is never answered."""
    answers = np.empty((len(prototypes_TCD), len(windows_WD)), dtype=np.int64)
    for draw, prototypes in enumerate(prototypes_TCD):
        scores = windows_WD @ prototypes.T
        scores[:, ~prototypes.any(axis=1)] = -np.inf
        answers[draw] = scores.argmax(axis=1)
    return answers


def _codes(labels: NDArray[np.str_], classes: Sequence[str]) -> NDArray[np.int64]:
    place = {name: i for i, name in enumerate(classes)}
    return np.array([place.get(str(label), -1) for label in labels], dtype=np.int64)


def _macro(truth_V: NDArray[np.int64], answers_TV: NDArray[np.int64], n_classes: int) -> float:
    """Macro F1, mean over draws."""
    draws = np.arange(len(answers_TV))[:, None] * n_classes * n_classes
    cells = draws + truth_V[None] * n_classes + answers_TV
    counts = np.bincount(cells.ravel(), minlength=len(answers_TV) * n_classes**2)
    return float(scores_from_confusion(counts.reshape(-1, n_classes, n_classes))["macro_f1"].mean())
