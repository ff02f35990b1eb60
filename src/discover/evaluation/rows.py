"""Methods to table rows: every method scored on the same pools, with paired comparisons."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import NO_ACTIVITY
from discover.evaluation.annotation_rows import AnnotationPool
from discover.evaluation.answers import AnswerLog, row_key
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import SplitData
from discover.evaluation.methods import Method
from discover.evaluation.scoring import (
    Pool,
    Scored,
    paired_difference,
    pool_segments,
    score_pool,
)
from discover.metrics.bootstrap import day_draws

__all__ = ["Level", "score_methods"]

# Pairs whose difference is reported with a paired interval, where both rows exist.
_COMPARED = (
    ("aligned_zero_shot", "text_only"),
    ("combined", "text_only"),
    ("self_trained", "text_only"),
    ("self_trained", "combined"),
    ("self_trained", "text_only_self_trained"),
    ("text_only_self_trained", "text_only"),
    ("self_trained_first", "text_only"),
    ("linear_probe", "bag_gradient_boosting"),
    ("mlp_probe", "bag_gradient_boosting"),
)


@dataclass(frozen=True)
class Level:
    """What rows are scored on.

    Attributes:
        name: "L1" for the scored labels, "L2" for coarse ones.
        presegmented: Whether windows belong to annotated segments, which are then scored too.
        config: Settings.
        answers: Where to note what every row answered for every window.
        annotation_windows: `core.tables.ANNOTATION_WINDOWS`, to score annotations as well.
    """

    name: str
    presegmented: bool
    config: EvaluationConfig
    answers: AnswerLog | None = None
    annotation_windows: pl.DataFrame | None = None


def score_methods(
    methods: list[Method], test: SplitData, level: Level
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows and comparisons of all methods; docs/guides/evaluation.md describes both.

    Args:
        methods: Scores of all test windows.
        test: Test windows with the labels of this level.
        level: How to score them.
    """
    rows: list[dict[str, Any]] = []
    comparisons: list[dict[str, Any]] = []
    for unit in ("window", "segment") if level.presegmented else ("window",):
        pools = _pools(methods, test, unit, level.config)
        scored: list[tuple[Method, dict[str, Scored]]] = []
        for method in methods:
            parts = {"annotated": method.annotated, "full": method.full}
            results = {
                name: score_pool(
                    pools[name],
                    part.scores,
                    part.classes,
                    # Refusing to answer by a margin is a rule without a probability.
                    to_probabilities=method.to_probabilities
                    if method.uses_labels or name == "annotated"
                    else None,
                )
                for name, part in parts.items()
                if part is not None and name in pools
            }
            scored.append((method, results))
            rows.append({**_describe(method), "unit": unit, **{n: s.result for n, s in results.items()}})
            if unit == "window":
                _note_answers(method, results, pools, test, level)
        comparisons += _compare(scored, unit)
    if level.annotation_windows is not None:
        rows += _annotation_rows(methods, test, level.annotation_windows, level.config)
    return rows, comparisons


def _annotation_rows(
    methods: list[Method], test: SplitData, table: pl.DataFrame, config: EvaluationConfig
) -> list[dict[str, Any]]:
    pool = AnnotationPool(table, test, methods, config)
    if not len(pool):
        return []
    return [
        {
            **_describe(method),
            "unit": "annotation",
            "annotated": {**pool.score(method.annotated).result, "without_window": pool.without_window},
        }
        for method in methods
        if method.space != "encoder"  # those score annotated windows only
    ]


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
        weights = day_draws(len(np.unique(days)), config.bootstrap_samples, config.seed)
        pools[name] = Pool(grouped, test.labels[heads], days, classes, weights, test.day_parts[heads])
    return pools


def _note_answers(
    method: Method, results: dict[str, Scored], pools: dict[str, Pool], test: SplitData, level: Level
) -> None:
    if level.answers is None or method.coarse_by == "mapping":
        return
    names = {
        "protocol": "presegmented" if level.presegmented else "free_running",
        "level": level.name,
        "row": row_key(_describe(method)),
    }
    for pool, scored in results.items():
        level.answers.add_answers(test, pools[pool].rows[0], scored.answers, pool=pool, **names)


def _describe(method: Method) -> dict[str, Any]:
    return {
        "method": method.method,
        "uses_labels": method.uses_labels,
        "prompts": method.prompts,
        "variant": method.variant,
        "smoothed": method.smoothed,
        **({"space": method.space} if method.space else {}),
        **({"coarse_by": method.coarse_by} if method.coarse_by else {}),
        **method.notes,
    }


def _compare(scored: list[tuple[Method, dict[str, Scored]]], unit: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for first_name, second_name in _COMPARED:
        for first, first_scores in scored:
            for second, second_scores in scored:
                same = (first.prompts, first.variant, first.smoothed, first.coarse_by)
                if (first.method, second.method) != (first_name, second_name):
                    continue
                if same != (second.prompts, second.variant, second.smoothed, second.coarse_by):
                    continue
                found.append(
                    {
                        "first": first_name,
                        "second": second_name,
                        "prompts": first.prompts,
                        "variant": first.variant,
                        "smoothed": first.smoothed,
                        "unit": unit,
                        **({"space": first.space} if first.space else {}),
                        **({"coarse_by": first.coarse_by} if first.coarse_by else {}),
                        **{
                            pool: paired_difference(first_scores[pool], second_scores[pool])
                            for pool in first_scores
                            if pool in second_scores
                        },
                    }
                )
    return found
