"""One direction of retrieval by labels: precision at every depth and level, and what was found instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.config import EvaluationConfig
from discover.evaluation.scoring import with_interval
from discover.metrics import label_means, label_shares, nearest_rows, retrieved_labels

__all__ = ["LabelTask", "LabelledDirection", "label_direction"]

# Shape letters: W queries (annotated windows), N windows of the pool, D width, B bootstrap samples, A days,
# C labels.


@dataclass(frozen=True)
class LabelTask:
    """Queries and items of one direction.

    Attributes:
        queries: (W, D) vectors of annotated windows or of their captions.
        items: (N, D) vectors of the pool.
        own: (W,) row of each query's own window in the pool; it is never among the answers.
        levels: "L1", "L2" -> labels of the queries (W,) and of the pool (N,).
        days: (W,) day of each window.
        draws: (B, A) how often each day is drawn.
    """

    queries: NDArray[np.float32]
    items: NDArray[np.float32]
    own: NDArray[np.int64]
    levels: Mapping[str, tuple[NDArray[np.str_], NDArray[np.str_]]]
    days: NDArray[np.int64]
    draws: NDArray[np.int64]


@dataclass(frozen=True)
class LabelledDirection:
    """What `label_direction` returns.

    Attributes:
        levels: Per level `values` (flat names), `intervals`, `per_label` and `confusion`.
        per_query: `L1@10`, ... -> (W,) share of the first k items with the query's label.
    """

    levels: dict[str, dict[str, Any]]
    per_query: dict[str, NDArray[np.float64]]


def label_direction(task: LabelTask, *, config: EvaluationConfig) -> LabelledDirection:
    """Search once, then read the labels of what was found at every depth and level."""
    ks = config.label_precision_ks
    rows = nearest_rows(task.queries, task.items, max(*ks, config.confusion_k), own=task.own)
    levels: dict[str, dict[str, Any]] = {}
    per_query: dict[str, NDArray[np.float64]] = {}
    for level, (asked, pool) in task.levels.items():
        shares = label_shares(rows, asked, pool, ks)
        per_query |= {f"{level}@{k}": shares[:, i] for i, k in enumerate(ks)}
        levels[level] = _summary(task, rows, (asked, pool), shares, config)
    return LabelledDirection(levels, per_query)


def _summary(
    task: LabelTask,
    rows: NDArray[np.int64],
    labels: tuple[NDArray[np.str_], NDArray[np.str_]],
    shares: NDArray[np.float64],
    config: EvaluationConfig,
) -> dict[str, Any]:
    asked, pool = labels
    names, codes = np.unique(asked, return_inverse=True)
    _, days = np.unique(task.days, return_inverse=True)
    counts = np.bincount(codes)
    values: dict[str, float] = {}
    intervals: dict[str, dict[str, float | None]] = {}
    per_label: dict[str, dict[str, float]] = {
        str(n): {"windows": int(c)} for n, c in zip(names, counts, strict=True)
    }
    for column, k in enumerate(config.label_precision_ks):
        whole = label_means(shares[:, column], codes, counts)
        drawn = label_means(shares[:, column], codes, counts, days, task.draws)
        for average in ("macro", "weighted"):
            name = f"label_precision@{k}_{average}"
            values[name] = float(whole[average][0])
            intervals[name] = with_interval(values[name], drawn[average], task.draws.shape[1])
        means = np.bincount(codes, weights=shares[:, column]) / counts
        for label, mean in zip(names, means, strict=True):
            per_label[str(label)][f"label_precision@{k}"] = round(float(mean), 6)
    # Windows without activity stand in the pool and are never asked for: a class without a row of its own.
    classes = np.unique(np.concatenate([asked, pool]))
    found = retrieved_labels(
        rows[:, : config.confusion_k],
        np.searchsorted(classes, asked),
        np.searchsorted(classes, pool),
        len(classes),
    )
    return {
        "values": values,
        "intervals": intervals,
        "per_label": per_label,
        "confusion": {
            "k": config.confusion_k,
            "classes": [str(n) for n in classes],
            "shares": np.round(found, 4).tolist(),
        },
    }
