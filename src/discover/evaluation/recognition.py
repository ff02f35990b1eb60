"""Recognition of activities in windows: label-free rows beside supervised references.

One protocol per call: presegmented when the labels name segments, free-running otherwise. Rows are
scored on the same test windows, on the annotated ones (`annotated`, the main pool) and on all with
`no_activity` as a class (`full`). Training labels reach the supervised rows only; the label-free rows
take their statistics (centring, threshold) from all training windows, unlabelled.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from discover.core.embeddings import EncodeText, ProjectText
from discover.core.home import Home
from discover.core.progress import SILENT, Progress
from discover.evaluation.answers import AnswerLog
from discover.evaluation.coarse import coarse_prompt_set, map_to_coarse
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData, coarse_label
from discover.evaluation.few_labels import few_label_rows
from discover.evaluation.label_free_rows import LabelFreeRows
from discover.evaluation.methods import (
    Method,
    Splits,
    probe_methods,
    supervised_methods,
)
from discover.evaluation.rows import Level, score_methods
from discover.evaluation.supervised import FittedScores
from discover.recognition.prompts import BACKGROUND_PROMPTS, PromptSet, PromptSetName, build_prompt_set

__all__ = ["RECOGNITION_SCHEMA", "FineTune", "activity_classes", "check_prompt_sets", "evaluate_recognition"]

RECOGNITION_SCHEMA = "discover-recognition/2"
"""Format of the result; docs/guides/evaluation.md describes it."""

FineTune = Callable[[SplitData, SplitData, SplitData], tuple[FittedScores, dict[str, Any]]]
"""Annotated training and validation windows, test windows -> scores of the test windows, and facts."""


def evaluate_recognition(
    data: EvaluationData,
    *,
    encode_text: EncodeText,
    project_text: ProjectText | None = None,
    fine_tune: FineTune | None = None,
    config: EvaluationConfig | None = None,
    answers: AnswerLog | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """All recognition rows of one home, one sampling and one model.

    Args:
        data: Windows, labels and vectors.
        encode_text: The text encoder that made `data.caption_embeddings`.
        project_text: The model's text head; None leaves out the aligned rows.
        fine_tune: Trains a copy of the encoder with labels; None leaves out the fine-tuned row.
        config: Settings; the defaults are the protocol's.
        answers: Where to note what every row answered for every window.
        progress: Told after each group of rows.

    Returns:
        JSON-able result, schema `RECOGNITION_SCHEMA`. A home without annotated training or test windows
        gives a result with `skipped` (the reason) and no rows.

    Raises:
        DataError: A prompt names a sensor.
        JoinError: A window lacks a label or a vector.
    """
    config = config or EvaluationConfig()
    splits = Splits(*(data.split(name, config.background_labels) for name in ("train", "val", "test")))
    result = _header(data, config, splits)
    for name, split in (("training", splits.train), ("test", splits.test)):
        if not len(split) or not split.annotated.any():
            return {**result, "skipped": f"no {name} window has an activity", "rows": [], "comparisons": []}
    classes, classes_from = activity_classes(data, config)
    prompt_sets, prompt_report = _prompt_sets(data.home, config, classes)
    progress.start("recognition", total=len(prompt_sets) + 3)
    free: dict[str, Any] = {"encode_text": encode_text, "project_text": project_text, "config": config}
    methods = supervised_methods(data, splits, config) + probe_methods(data, splits, config)
    if fine_tune is not None:
        methods.append(_fine_tuned(fine_tune, splits))
    progress.advance(note="supervised references")
    label_free = LabelFreeRows(data, splits.test, **free)
    for prompts in prompt_sets:
        methods += label_free.methods(prompts, students=config.self_training)
        progress.advance(note=f"prompts: {prompts.name}")
    covered = None if data.presegmented else data.annotation_windows
    fine = Level("L1", data.presegmented, config, answers, covered)
    rows, comparisons = score_methods(methods, splits.test, fine)
    few, share = few_label_rows(data, prompt_sets, splits, **free, scored=rows, answers=answers)
    progress.advance(note="rows with few labels")
    coarse = None
    if config.coarse:
        coarse = _coarse_level(data, methods, [p.name for p in prompt_sets], splits, label_free, answers)
    progress.advance(note="coarse labels")
    progress.finish()
    truth = {str(label) for label in np.unique(splits.test.labels[splits.test.annotated])}
    return {
        **result,
        "classes": list(classes),
        "classes_from": classes_from,
        "labels_without_prompt": sorted(truth - set(classes)),
        "prompts": prompt_report,
        "rows": rows + few,
        "comparisons": comparisons,
        "few_labels": share,
        "coarse": coarse,
    }


def activity_classes(data: EvaluationData, config: EvaluationConfig) -> tuple[tuple[str, ...], str]:
    """Activities that may be answered, and where they come from: the home's list, or the labels' names."""
    listed = tuple(a.label for a in data.home.activities if a.label not in config.background_labels)
    if listed:
        return listed, "home"
    found = data.labels["label"].unique().to_list()
    return tuple(sorted(set(found) - set(config.background_labels))), "labels"


def check_prompt_sets(data: EvaluationData, config: EvaluationConfig) -> None:
    """Build every prompt an evaluation asks, so that a wrong one stops it before any number is computed.

    Raises:
        DataError: A prompt names a sensor.
    """
    classes, _ = activity_classes(data, config)
    _prompt_sets(data.home, config, classes)
    if config.coarse:
        for name in config.prompt_sets:
            coarse_prompt_set(data.home, name, [coarse_label(data.home, c) for c in classes])


def _prompt_sets(
    home: Home, config: EvaluationConfig, classes: tuple[str, ...]
) -> tuple[list[PromptSet], dict[str, Any]]:
    """The prompt sets of a home, and a report with their hashes and sentences.

    Raises:
        DataError: A prompt names a sensor id.
    """
    built = {name: build_prompt_set(home, name, classes) for name in config.prompt_sets}
    return [p for p in built.values() if p is not None], {
        name: _report(prompts, "an activity of this home has no sentence of this set")
        for name, prompts in built.items()
    }


def _report(prompts: PromptSet | None, reason: str) -> dict[str, Any]:
    if prompts is None:
        return {"skipped": reason}
    groups = zip(prompts.labels, prompts.prompts, strict=True)
    return {"sha256": prompts.sha256, "prompts": {label: list(p) for label, p in groups}}


def _header(data: EvaluationData, config: EvaluationConfig, splits: Splits) -> dict[str, Any]:
    def pool(split: SplitData) -> dict[str, int]:
        return {
            "windows": len(split),
            "annotated": int(split.annotated.sum()),
            "days": len(np.unique(split.days)),
        }

    quantile = config.rejection_quantile
    return {
        "schema": RECOGNITION_SCHEMA,
        "home": data.home.name,
        "protocol": "presegmented" if data.presegmented else "free_running",
        "pools": {
            "train": pool(splits.train),
            "val": pool(splits.validation),
            "test": pool(splits.test),
        },
        "leak_check": data.leak_check,
        "unlabelled_statistics": _statistics_from(data),
        "rejection": (
            "label-free rows answer no_activity where the best score minus the best cosine with "
            f"{' or '.join(repr(s) for s in BACKGROUND_PROMPTS)} is below the {quantile:g} quantile of that "
            "margin over all training windows"
        ),
        "intervals": f"95 %, {config.bootstrap_samples} bootstrap samples of test days",
        "config": config.model_dump(mode="json"),
    }


def _statistics_from(data: EvaluationData) -> str:
    if not data.presegmented:
        return "all training windows"
    if data.reference is not None:
        return "all free-running training windows"
    return "training windows cut inside annotated segments: where activities are was looked up in the labels"


def _fine_tuned(fine_tune: FineTune, splits: Splits) -> Method:
    train, validation = (SplitData(s.table.filter(s.annotated)) for s in (splits.train, splits.validation))
    scores, notes = fine_tune(train, validation, splits.test)
    return Method("fine_tuned", True, scores, None, notes=notes)


def _coarse_level(
    data: EvaluationData,
    methods: list[Method],
    prompt_names: list[PromptSetName],
    splits: Splits,
    label_free: LabelFreeRows,
    answers: AnswerLog | None,
) -> dict[str, Any]:
    """Rows of level L2; a home whose labels share one coarse label has none."""
    home, config = data.home, label_free.config
    mapping = {label: coarse_label(home, label) for label in activity_classes(data, config)[0]}
    classes = tuple(dict.fromkeys(mapping.values()))
    if len(classes) < 2:
        return {"skipped": "all activities of this home have one coarse label", "rows": [], "comparisons": []}
    coarse = [map_to_coarse(method, home) for method in methods]
    report: dict[str, Any] = {}
    for name in prompt_names:
        prompts = coarse_prompt_set(home, name, classes)
        report[name] = _report(prompts, "a coarse label of this home has no words of its own")
        if prompts is not None:
            own = label_free.methods(prompts)
            coarse += [dataclasses.replace(method, coarse_by="own_prompts") for method in own]
    level = Level("L2", data.presegmented, config, answers)
    rows, comparisons = score_methods(coarse, splits.test.coarse(home), level)
    return {
        "classes": list(classes),
        "mapping": mapping,
        "prompts": report,
        "rows": rows,
        "comparisons": comparisons,
    }
