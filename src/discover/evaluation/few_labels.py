"""Rows with few labels of one model, and how much of the full probe they reach."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText, unit_rows
from discover.evaluation.answers import AnswerLog, row_key
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.methods import Splits
from discover.evaluation.probes import LabelledVectors
from discover.evaluation.scoring import score_draws
from discover.evaluation.shots import (
    DrawnAnswers,
    FewShotInputs,
    few_shot_probe,
    shot_prototypes,
    text_and_shots,
)
from discover.recognition.prompts import PromptSet, place_prompts

__all__ = ["few_label_rows"]


def few_label_rows(
    data: EvaluationData,
    prompt_sets: Sequence[PromptSet],
    splits: Splits,
    *,
    encode_text: EncodeText,
    project_text: ProjectText | None,
    config: EvaluationConfig,
    scored: Sequence[Mapping[str, Any]],
    answers: AnswerLog | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of k-shot prototypes, text and shots, and small probes, on annotated test windows.

    Args:
        data: Windows and vectors.
        prompt_sets: The first one takes part in the prototypes of text and shots.
        splits: The windows of the splits.
        encode_text: The text encoder.
        project_text: The model's text head.
        config: Settings.
        scored: Rows made with all labels, to compare with.
        answers: Where to note what every row answered in every draw.

    Returns:
        Rows as in a recognition result with `shots` and `interval_over: "draws"`, and per row its share of
        the linear probe's scores.
    """
    embeddings = data.window_embeddings
    if embeddings is None or not config.supervised or not config.shots:
        return [], []
    test = SplitData(splits.test.table.filter(splits.test.annotated))
    train = LabelledVectors(embeddings.of_windows(splits.train.ids), splits.train.labels).only(
        splits.train.annotated
    )
    reference = data if data.unlabelled.window_embeddings is None else data.unlabelled
    seen = reference.window_embeddings
    assert seen is not None
    everything = seen.of_windows(reference.split("train", config.background_labels).ids)
    validation = LabelledVectors(embeddings.of_windows(splits.validation.ids), splits.validation.labels).only(
        splits.validation.annotated
    )
    prompts = prompt_sets[0] if prompt_sets and project_text is not None else None
    centre = unit_rows(everything).mean(axis=0)
    truth = np.unique(test.labels)
    labels = [*(prompts.labels if prompts else ()), *(str(t) for t in truth)]
    inputs = FewShotInputs.build(train, validation, embeddings.of_windows(test.ids), centre, labels)
    vectors = None
    if prompts is not None and project_text is not None and config.shots:
        placed = place_prompts(prompts, encode_text(prompts.sentences), encode_text, project_text)
        vectors = _class_vectors(prompts, inputs.classes, placed)
    drawn: list[DrawnAnswers] = []
    for shots in config.shots:
        how = (shots, config.shot_draws, config.seed)
        drawn.append(shot_prototypes(inputs, *how))
        if prompts is not None and vectors is not None:
            drawn.append(
                text_and_shots(inputs, vectors, *how, weights=config.text_weights, prompt_set=prompts.name)
            )
        drawn.append(few_shot_probe(inputs, *how, strengths=config.probe_strengths))
    days = len(np.unique(test.days))
    rows = [_row(d, test, days) for d in drawn]
    if answers is not None:
        names = {"protocol": "presegmented" if data.presegmented else "free_running", "level": "L1"}
        for row, d in zip(rows, drawn, strict=True):
            answers.add_draws(test, d.classes, d.answers, row=row_key(row), pool="annotated", **names)
    return rows, _shares(rows, scored)


def _class_vectors(
    prompts: PromptSet, classes: Sequence[str], sentences: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(C, D) unit mean of each class's prompt vectors; zeros for a class without prompt."""
    unit = unit_rows(sentences)
    vectors = np.zeros((len(classes), unit.shape[1]), dtype=np.float32)
    for place, label in enumerate(prompts.labels):
        vectors[classes.index(label)] = unit[prompts.owners == place].mean(axis=0)
    return unit_rows(vectors)


def _row(drawn: DrawnAnswers, test: SplitData, days: int) -> dict[str, Any]:
    return {
        "method": drawn.method,
        "uses_labels": True,
        "prompts": drawn.prompts,
        "variant": None,
        "smoothed": False,
        "shots": drawn.shots,
        "interval_over": "draws",
        **drawn.notes,
        "unit": "window",
        "annotated": score_draws(test.labels, drawn.classes, drawn.answers, days),
    }


def _shares(rows: Sequence[Mapping[str, Any]], scored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    full = next(
        (r["annotated"] for r in scored if r["method"] == "linear_probe" and r["unit"] == "window"), None
    )
    if full is None:
        return []
    names = ("accuracy", "macro_f1", "weighted_f1")
    return [
        {
            "method": row["method"],
            "shots": row["shots"],
            **{
                f"{name}_share_of_probe": round(row["annotated"][name]["value"] / full[name]["value"], 4)
                for name in names
                if full[name]["value"] > 0
            },
        }
        for row in rows
    ]
