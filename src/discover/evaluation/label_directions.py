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

# Shape letters: W annotated windows, D width, B bootstrap samples, A days, C labels.


@dataclass(frozen=True)
class LabelTask:
    """Queries and items of one direction; row i of both belongs to window i.

    Attributes:
        queries, items: (W, D) vectors.
        own_excluded: Whether a query may not find its own window.
        levels: "L1", "L2" -> (W,) labels.
        days: (W,) day of each window.
        draws: (B, A) how often each day is drawn.
    """

    queries: NDArray[np.float32]
    items: NDArray[np.float32]
    own_excluded: bool
    levels: Mapping[str, NDArray[np.str_]]
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
    own = np.arange(len(task.queries)) if task.own_excluded else None
    rows = nearest_rows(task.queries, task.items, max(*ks, config.confusion_k), own=own)
    levels: dict[str, dict[str, Any]] = {}
    per_query: dict[str, NDArray[np.float64]] = {}
    for level, labels in task.levels.items():
        shares = label_shares(rows, labels, labels, ks)
        per_query |= {f"{level}@{k}": shares[:, i] for i, k in enumerate(ks)}
        levels[level] = _summary(task, rows, labels, shares, config)
    return LabelledDirection(levels, per_query)


def _summary(
    task: LabelTask,
    rows: NDArray[np.int64],
    labels: NDArray[np.str_],
    shares: NDArray[np.float64],
    config: EvaluationConfig,
) -> dict[str, Any]:
    names, codes = np.unique(labels, return_inverse=True)
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
    found = retrieved_labels(rows[:, : config.confusion_k], codes, codes, len(names))
    return {
        "values": values,
        "intervals": intervals,
        "per_label": per_label,
        "confusion": {
            "k": config.confusion_k,
            "classes": [str(n) for n in names],
            "shares": np.round(found, 4).tolist(),
        },
    }
