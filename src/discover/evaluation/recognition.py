"""Recognition of activities in windows: label-free rows beside supervised references.

One protocol per call: presegmented when the labels name segments, free-running otherwise. Rows are
scored on the same test windows, on the annotated ones (`annotated`, the main pool) and on all with
`no_activity` as a class (`full`). Training labels reach the supervised rows only; the label-free rows
take their statistics (centring, threshold) from all training windows, unlabelled.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText
from discover.core.home import NO_ACTIVITY
from discover.core.progress import SILENT, Progress
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.leak_check import check_leaks
from discover.evaluation.methods import Method, label_free_methods, supervised_methods
from discover.evaluation.scoring import (
    Pool,
    Scored,
    day_weights,
    paired_difference,
    pool_segments,
    score_pool,
)
from discover.recognition.prompts import PromptSet, build_prompt_set

__all__ = ["RECOGNITION_SCHEMA", "activity_classes", "evaluate_recognition"]

RECOGNITION_SCHEMA = "discover-recognition/1"
"""Format of the result; docs/guides/evaluation.md describes it."""

# Pairs whose difference is reported with a paired interval, where both rows exist.
_COMPARED = (("aligned_zero_shot", "text_only"), ("linear_probe", "bag_gradient_boosting"))


def evaluate_recognition(
    data: EvaluationData,
    *,
    encode_text: EncodeText,
    project_text: ProjectText | None = None,
    config: EvaluationConfig | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """All recognition rows of one home, one sampling and one model.

    Args:
        data: Windows, labels and vectors.
        encode_text: The text encoder that made `data.caption_embeddings`.
        project_text: The model's text head; None leaves out the aligned rows.
        config: Settings; the defaults are the protocol's.
        progress: Told after each group of rows.

    Returns:
        JSON-able result, schema `RECOGNITION_SCHEMA`. A home without annotated training or test windows
        gives a result with `skipped` (the reason) and no rows.

    Raises:
        DataError: Splits share events, windows are duplicated, or a prompt names a sensor.
        JoinError: A window lacks a label or a vector.
    """
    config = config or EvaluationConfig()
    leaks = check_leaks(data.window_set, data.labels)
    train, test = (data.split(name, config.background_labels) for name in ("train", "test"))
    result = _header(data, config, leaks, train, test)
    for name, split in (("training", train), ("test", test)):
        if not len(split) or not split.annotated.any():
            return {**result, "skipped": f"no {name} window has an activity", "rows": [], "comparisons": []}
    classes, classes_from = activity_classes(data, config)
    prompt_sets, prompt_report = _prompt_sets(data, config, classes)
    progress.start("recognition", total=len(prompt_sets) + 1)
    methods = supervised_methods(data, train, test, config)
    progress.advance(note="supervised references")
    for prompts in prompt_sets:
        methods += label_free_methods(
            data, prompts, train, test, encode_text=encode_text, project_text=project_text, config=config
        )
        progress.advance(note=f"prompts: {prompts.name}")
    rows, comparisons = _score(methods, test, data.presegmented, config)
    progress.finish()
    truth = {str(label) for label in np.unique(test.labels[test.annotated])}
    return {
        **result,
        "classes": list(classes),
        "classes_from": classes_from,
        "labels_without_prompt": sorted(truth - set(classes)),
        "prompts": prompt_report,
        "rows": rows,
        "comparisons": comparisons,
    }


def activity_classes(data: EvaluationData, config: EvaluationConfig) -> tuple[tuple[str, ...], str]:
    """Activities that may be answered, and where they come from: the home's list, or the labels' names."""
    listed = tuple(a.label for a in data.home.activities if a.label not in config.background_labels)
    if listed:
        return listed, "home"
    found = data.labels["label"].unique().to_list()
    return tuple(sorted(set(found) - set(config.background_labels))), "labels"


def _header(
    data: EvaluationData, config: EvaluationConfig, leaks: dict[str, Any], train: SplitData, test: SplitData
) -> dict[str, Any]:
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
        "pools": {"train": pool(train), "test": pool(test)},
        "leak_check": leaks,
        "rejection": (
            f"label-free rows answer no_activity where the best score is below the {quantile:g} quantile of "
            "the best scores of all training windows"
        ),
        "intervals": f"95 %, {config.bootstrap_samples} bootstrap samples of test days",
        "config": config.model_dump(mode="json"),
    }


def _prompt_sets(
    data: EvaluationData, config: EvaluationConfig, classes: tuple[str, ...]
) -> tuple[list[PromptSet], dict[str, Any]]:
    sets: list[PromptSet] = []
    report: dict[str, Any] = {}
    for name in config.prompt_sets:
        prompts = build_prompt_set(data.home, name, classes)
        if prompts is None:
            report[name] = {"skipped": "an activity of this home has no sentence of this set"}
            continue
        sets.append(prompts)
        groups = zip(prompts.labels, prompts.prompts, strict=True)
        report[name] = {"sha256": prompts.sha256, "prompts": {label: list(p) for label, p in groups}}
    return sets, report


def _score(
    methods: list[Method], test: SplitData, presegmented: bool, config: EvaluationConfig
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    comparisons: list[dict[str, Any]] = []
    for unit in ("window", "segment") if presegmented else ("window",):
        pools = _pools(methods, test, unit, config)
        scored: list[tuple[Method, dict[str, Scored]]] = []
        for method in methods:
            parts = {"annotated": method.annotated, "full": method.full}
            results = {
                name: score_pool(pools[name], part.scores, part.classes)
                for name, part in parts.items()
                if part is not None and name in pools
            }
            scored.append((method, results))
            rows.append({**_describe(method), "unit": unit, **{n: s.result for n, s in results.items()}})
        comparisons += _compare(scored, unit)
    return rows, comparisons


def _pools(methods: list[Method], test: SplitData, unit: str, config: EvaluationConfig) -> dict[str, Pool]:
    keeps: dict[str, NDArray[np.bool_]] = {"annotated": test.annotated}
    if not test.annotated.all():
        keeps["full"] = np.ones(len(test), dtype=bool)
    pools: dict[str, Pool] = {}
    for name, keep in keeps.items():
        rows = np.flatnonzero(keep)
        grouped, heads = ((rows, np.arange(len(rows))), rows)
        if unit == "segment":
            grouped, heads = pool_segments(keep, test.segments)
        answers = {
            c
            for m in methods
            for c in (m.annotated if name == "annotated" else m.full or m.annotated).classes
        }
        activities = sorted((answers | {str(t) for t in test.labels[heads]}) - {NO_ACTIVITY})
        classes = (*activities, NO_ACTIVITY) if name == "full" else tuple(activities)
        days = test.days[heads]
        weights = day_weights(days, config.bootstrap_samples, config.seed)
        pools[name] = Pool(grouped, test.labels[heads], days, classes, weights)
    return pools


def _describe(method: Method) -> dict[str, Any]:
    return {
        "method": method.method,
        "uses_labels": method.uses_labels,
        "prompts": method.prompts,
        "variant": method.variant,
        "smoothed": method.smoothed,
        **method.notes,
    }


def _compare(scored: list[tuple[Method, dict[str, Scored]]], unit: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for first_name, second_name in _COMPARED:
        for first, first_scores in scored:
            for second, second_scores in scored:
                same = (first.prompts, first.variant, first.smoothed)
                if (first.method, second.method) != (first_name, second_name):
                    continue
                if same != (second.prompts, second.variant, second.smoothed):
                    continue
                found.append(
                    {
                        "first": first_name,
                        "second": second_name,
                        "prompts": first.prompts,
                        "variant": first.variant,
                        "smoothed": first.smoothed,
                        "unit": unit,
                        **{
                            pool: paired_difference(first_scores[pool], second_scores[pool])
                            for pool in first_scores
                            if pool in second_scores
                        },
                    }
                )
    return found
