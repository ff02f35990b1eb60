"""The rows of a recognition table: each method's scores for all test windows."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.boosting import choose_boosting, gradient_boosting_scores
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.features import bag_of_sensors, hour_features
from discover.evaluation.probes import LabelledVectors, linear_probe, mlp_probe
from discover.evaluation.supervised import FittedScores, doubt, logistic_scores, majority_scores
from discover.recognition.label_free import probabilities

__all__ = ["Method", "Splits", "probe_methods", "supervised_methods"]

# Shape letters: W test windows, K activities.


@dataclass(frozen=True)
class Method:
    """One way to recognise activities.

    Attributes:
        method: majority, hour_logistic, bag_logistic, bag_gradient_boosting, linear_probe, mlp_probe,
            fine_tuned, text_only, aligned_zero_shot, combined, self_trained or text_only_self_trained
            (`_first` behind these two: with the settings of version 0.1.0).
        uses_labels: Whether training labels were used.
        annotated: Scores when only activities can be answered.
        full: Scores when `no_activity` is also an answer; None where no window has it.
        prompts: Prompt set, for label-free methods.
        variant: "plain", "centred" or "balanced", for label-free methods.
        smoothed: Whether scores were averaged over neighbouring windows.
        space: For probes: "joint" (after the projection head) or "encoder" (before it).
        coarse_by: For coarse labels: "mapping" (of fine answers) or "own_prompts".
        temperature: Softmax temperature that makes probabilities of the scores; None: they are probabilities.
        notes: Further facts for the result.
    """

    method: str
    uses_labels: bool
    annotated: FittedScores
    full: FittedScores | None
    prompts: str | None = None
    variant: str | None = None
    smoothed: bool = False
    space: str | None = None
    coarse_by: str | None = None
    temperature: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def to_probabilities(self, scores_NK: NDArray[np.floating]) -> NDArray[np.floating]:
        """(N, K) probabilities for scores of the annotated pool, (N, K)."""
        return scores_NK if self.temperature is None else probabilities(scores_NK, self.temperature)


@dataclass(frozen=True)
class Splits:
    """Training, validation and test windows of one evaluation."""

    train: SplitData
    validation: SplitData
    test: SplitData

    def annotated(self) -> "Splits":
        """Annotated windows only."""
        return Splits(
            *(SplitData(s.table.filter(s.annotated)) for s in (self.train, self.validation, self.test))
        )

    @property
    def pools(self) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Name of each pool -> training and validation windows it may learn from, (N,) and (V,)."""
        found = {"annotated": (self.train.annotated, self.validation.annotated)}
        if not self.test.annotated.all():
            found["full"] = (np.ones(len(self.train), bool), np.ones(len(self.validation), bool))
        return found


def supervised_methods(data: EvaluationData, splits: Splits, config: EvaluationConfig) -> list[Method]:
    """Majority always; hour and bag of sensors unless `config.supervised` is off."""
    train, test, pools = splits.train, splits.test, splits.pools
    majority = {p: majority_scores(train.labels[keep], len(test)) for p, (keep, _) in pools.items()}
    methods = [_supervised("majority", majority)]
    if not config.supervised:
        return methods
    hour = (hour_features(train.hours), hour_features(test.hours))
    bag = tuple(
        np.column_stack([bag_of_sensors(data.window_set, split.table), hours])
        for split, hours in zip((train, test), hour, strict=True)
    )
    for name, (on_train, on_test) in {"hour_logistic": hour, "bag_logistic": bag}.items():
        steps = config.max_iterations
        fitted = {
            p: logistic_scores(on_train[keep], train.labels[keep], on_test, max_iterations=steps)
            for p, (keep, _) in pools.items()
        }
        methods.append(_supervised(name, fitted))
    if config.gradient_boosting:
        # Chosen on annotated windows; the larger pool takes the same, as the linear probe does.
        seed, known = config.seed, train.annotated
        settings, facts = choose_boosting(
            bag[0][known],
            train.labels[known],
            train.days[known],
            iterations=config.gradient_boosting_iterations,
            seed=seed,
        )
        boosted = {
            p: gradient_boosting_scores(
                bag[0][keep], train.labels[keep], bag[1], settings=settings, seed=seed
            )
            for p, (keep, _) in pools.items()
        }
        methods.append(_supervised("bag_gradient_boosting", boosted, notes=facts))
    return methods


def probe_methods(data: EvaluationData, splits: Splits, config: EvaluationConfig) -> list[Method]:
    """Linear and MLP probes on frozen vectors, after and before the projection head."""
    methods: list[Method] = []
    for space, embeddings in (("joint", data.window_embeddings), ("encoder", data.encoder_embeddings)):
        if embeddings is None or not config.supervised:
            continue
        # Before the head, annotated windows suffice: half of the pass through the encoder.
        parts_of = splits if space == "joint" else splits.annotated()
        train, validation = (
            LabelledVectors(embeddings.of_windows(split.ids), split.labels)
            for split in (parts_of.train, parts_of.validation)
        )
        scored = embeddings.of_windows(parts_of.test.ids)
        linear: dict[str, FittedScores] = {}
        hidden: dict[str, FittedScores] = {}
        facts: dict[str, dict[str, Any]] = {"linear": {}, "hidden": {}}
        strengths = config.probe_strengths
        for pool, (keep_train, keep_validation) in parts_of.pools.items():
            parts = (train.only(keep_train), validation.only(keep_validation), scored)
            linear[pool], found = linear_probe(
                *parts, strengths=strengths, max_iterations=config.probe_iterations
            )
            facts["linear"].update({f"{k}_{pool}": v for k, v in found.items()})
            # The larger pool takes the strength chosen for the main one: each further fit costs seconds.
            strengths = (found.get("strength", strengths[0]),)
            if config.mlp_probe:
                hidden[pool], found = mlp_probe(
                    *parts, width=config.mlp_width, epochs=config.mlp_epochs, seed=config.seed
                )
                facts["hidden"].update({f"{k}_{pool}": v for k, v in found.items()})
        if space == "encoder":
            linear, hidden = (_on_all_windows(fitted, splits.test) for fitted in (linear, hidden))
        methods.append(_supervised("linear_probe", linear, space=space, notes=facts["linear"]))
        if hidden:
            methods.append(_supervised("mlp_probe", hidden, space=space, notes=facts["hidden"]))
    return methods


def _on_all_windows(fitted: dict[str, FittedScores], test: SplitData) -> dict[str, FittedScores]:
    """Scores of annotated windows at their places among all test windows; the others are never read."""
    placed: dict[str, FittedScores] = {}
    for pool, part in fitted.items():
        scores = np.zeros((len(test), len(part.classes)), dtype=np.float32)
        scores[test.annotated] = part.scores
        placed[pool] = replace(part, scores=scores)
    return placed


def _supervised(
    name: str,
    fitted: dict[str, FittedScores],
    *,
    space: str | None = None,
    notes: dict[str, Any] | None = None,
) -> Method:
    notes = dict(notes or {}) | ({} if all(f.converged for f in fitted.values()) else {"converged": False})
    reason = doubt(name, fitted)
    if reason is not None:
        notes["doubt"] = reason
    return Method(name, True, fitted["annotated"], fitted.get("full"), space=space, notes=notes)
