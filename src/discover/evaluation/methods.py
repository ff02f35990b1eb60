"""The rows of a recognition table: each method's scores for all test windows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable, EncodeText, ProjectText, mean_caption_vectors
from discover.core.errors import JoinError
from discover.core.home import NO_ACTIVITY
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.features import bag_of_sensors, hour_features
from discover.evaluation.supervised import (
    FittedScores,
    gradient_boosting_scores,
    logistic_scores,
    majority_scores,
)
from discover.recognition.label_free import centre_scores, prompt_scores, rejection_threshold, smooth_scores
from discover.recognition.prompts import PromptSet

__all__ = ["Method", "label_free_methods", "supervised_methods", "window_vectors"]

# Shape letters: W test windows, K activities.


@dataclass(frozen=True)
class Method:
    """One way to recognise activities.

    Attributes:
        method: majority, hour_logistic, bag_logistic, bag_gradient_boosting, linear_probe, text_only or
            aligned_zero_shot.
        uses_labels: Whether training labels were used.
        annotated: Scores when only activities can be answered.
        full: Scores when `no_activity` is also an answer; None where no window has it.
        prompts: Prompt set, for label-free methods.
        variant: "plain" or "centred", for label-free methods.
        smoothed: Whether scores were averaged over neighbouring windows.
        notes: Further facts for the result.
    """

    method: str
    uses_labels: bool
    annotated: FittedScores
    full: FittedScores | None
    prompts: str | None = None
    variant: str | None = None
    smoothed: bool = False
    notes: dict[str, Any] = field(default_factory=dict)


def window_vectors(embeddings: EmbeddingTable, split: SplitData) -> NDArray[np.float32]:
    """(W, P) vectors of a split's windows, joined by id.

    Raises:
        JoinError: A window has no vector, or several.
    """
    rows = embeddings.rows_of(split.ids, what="window embeddings")
    if rows.shape[1] > 1:
        raise JoinError("The window embeddings hold several vectors per window; were captions passed?")
    return embeddings.vectors[rows.reshape(-1)].astype(np.float32)


def label_free_methods(
    data: EvaluationData,
    prompts: PromptSet,
    train: SplitData,
    test: SplitData,
    *,
    encode_text: EncodeText,
    project_text: ProjectText | None,
    config: EvaluationConfig,
) -> list[Method]:
    """Text-only and aligned zero-shot rows of one prompt set, plain and centred, single and smoothed."""
    sentences = np.asarray(encode_text(prompts.sentences), dtype=np.float32)
    sources = []
    if data.caption_embeddings is not None:
        captions = data.caption_embeddings
        vectors = (mean_caption_vectors(captions, train.ids), mean_caption_vectors(captions, test.ids))
        sources.append(("text_only", sentences, *vectors))
    if data.window_embeddings is not None and project_text is not None:
        embeddings = data.window_embeddings
        joint = np.asarray(project_text(sentences), dtype=np.float32)
        vectors = (window_vectors(embeddings, train), window_vectors(embeddings, test))
        sources.append(("aligned_zero_shot", joint, *vectors))
    methods: list[Method] = []
    for name, prompt_vectors, train_vectors, test_vectors in sources:
        reference = prompt_scores(train_vectors, prompt_vectors, prompts.owners)
        scores = prompt_scores(test_vectors, prompt_vectors, prompts.owners)
        variants = {
            "plain": (reference, scores),
            "centred": (centre_scores(reference, reference), centre_scores(scores, reference)),
        }
        for variant, (on_train, on_test) in variants.items():
            methods.append(_label_free(name, prompts, variant, on_train, on_test, test, config))
            if not data.presegmented:
                smooth_train = smooth_scores(on_train, train.middles_s, config.smoothing_s)
                smooth_test = smooth_scores(on_test, test.middles_s, config.smoothing_s)
                methods.append(
                    _label_free(
                        name, prompts, variant, smooth_train, smooth_test, test, config, smoothed=True
                    )
                )
    return methods


def _label_free(
    name: str,
    prompts: PromptSet,
    variant: str,
    on_train: NDArray[np.float32],
    on_test: NDArray[np.float32],
    test: SplitData,
    config: EvaluationConfig,
    *,
    smoothed: bool = False,
) -> Method:
    threshold = rejection_threshold(on_train, config.rejection_quantile)
    # A constant last column for "no activity": it wins exactly where the best score is below the threshold.
    with_rejection = np.column_stack([on_test, np.full(len(on_test), threshold)])
    full = FittedScores(with_rejection, (*prompts.labels, NO_ACTIVITY)) if not test.annotated.all() else None
    return Method(
        name,
        uses_labels=False,
        annotated=FittedScores(on_test, prompts.labels),
        full=full,
        prompts=prompts.name,
        variant=variant,
        smoothed=smoothed,
        notes={"rejection_threshold": round(threshold, 6)} if full is not None else {},
    )


def supervised_methods(
    data: EvaluationData, train: SplitData, test: SplitData, config: EvaluationConfig
) -> list[Method]:
    """Majority always; hour, bag of sensors and linear probe unless `config.supervised` is off."""
    background = not test.annotated.all()
    pools = {"annotated": train.annotated, **({"full": np.ones(len(train), bool)} if background else {})}
    majority = {p: majority_scores(train.labels[keep], len(test)) for p, keep in pools.items()}
    methods = [_supervised("majority", majority)]
    if not config.supervised:
        return methods
    hour = (hour_features(train.hours), hour_features(test.hours))
    bag = tuple(
        np.column_stack([bag_of_sensors(data.window_set, split.table), hours])
        for split, hours in zip((train, test), hour, strict=True)
    )
    features = {"hour_logistic": hour, "bag_logistic": bag}
    if data.window_embeddings is not None:
        embeddings = data.window_embeddings
        features["linear_probe"] = (window_vectors(embeddings, train), window_vectors(embeddings, test))
    for name, (on_train, on_test) in features.items():
        steps = config.max_iterations
        fitted = {
            p: logistic_scores(on_train[keep], train.labels[keep], on_test, max_iterations=steps)
            for p, keep in pools.items()
        }
        methods.append(_supervised(name, fitted))
    if config.gradient_boosting:
        rounds, seed = config.gradient_boosting_iterations, config.seed
        boosted = {
            p: gradient_boosting_scores(
                bag[0][keep], train.labels[keep], bag[1], iterations=rounds, seed=seed
            )
            for p, keep in pools.items()
        }
        methods.insert(3, _supervised("bag_gradient_boosting", boosted))
    return methods


def _supervised(name: str, fitted: dict[str, FittedScores]) -> Method:
    notes = {} if all(f.converged for f in fitted.values()) else {"converged": False}
    return Method(name, True, fitted["annotated"], fitted.get("full"), notes=notes)
