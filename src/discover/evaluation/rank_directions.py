"""One direction of retrieval by relevant sets: recall, ranks and mAP, with intervals over query days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.config import EvaluationConfig
from discover.evaluation.scoring import excludes_zero, with_interval
from discover.metrics import average_precision, relevant_ranks

__all__ = ["RankedDirection", "chance_recall", "paired_ranks", "rank_direction"]

# Shape letters: W queries and as many items, D width, B bootstrap samples, A days.


@dataclass(frozen=True)
class RankedDirection:
    """What `rank_direction` returns.

    Attributes:
        scores: recall@k, mrr, median_rank, map, n_queries, pool_size.
        intervals: recall@k, mrr and map with `value`, `low`, `high`.
        curve: `k` and `recall` lists, for a plot.
        ranks: (W,) rank of the first right item of each query.
    """

    scores: dict[str, float]
    intervals: dict[str, dict[str, float | None]]
    curve: dict[str, list[float]]
    ranks: NDArray[np.int64]


def rank_direction(
    queries_WD: NDArray[np.float32],
    items_WD: NDArray[np.float32],
    groups_W: NDArray[np.int64],
    days_W: NDArray[np.int64],
    draws_BA: NDArray[np.int64],
    config: EvaluationConfig,
) -> RankedDirection:
    """Rank all items for every query; an item of the query's group is right.

    Days of queries are drawn for the intervals; the pool stays whole.
    """
    rows, ranks = relevant_ranks(queries_WD, items_WD, groups_W, groups_W)
    first = ranks[np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])]
    values = {
        **{f"recall@{k}": (first <= k).astype(np.float64) for k in config.recall_ks},
        "mrr": 1.0 / first,
        "map": average_precision(rows, ranks),
    }
    means = {name: float(value.mean()) for name, value in values.items()}
    n = len(first)
    scores = {**means, "median_rank": float(np.median(first)), "n_queries": n, "pool_size": len(items_WD)}
    depths = [k for k in config.recall_curve_ks if k <= len(items_WD)]
    curve: dict[str, list[float]] = {
        "k": [float(k) for k in depths],
        "recall": [round(float((first <= k).mean()), 6) for k in depths],
    }
    intervals = {
        name: with_interval(means[name], _drawn_means(value, days_W, draws_BA), draws_BA.shape[1])
        for name, value in values.items()
    }
    return RankedDirection(scores, intervals, curve, first)


def paired_ranks(
    first_W: NDArray[np.int64],
    second_W: NDArray[np.int64],
    days_W: NDArray[np.int64],
    draws_BA: NDArray[np.int64],
    ks: Sequence[int],
) -> dict[str, dict[str, Any]]:
    """recall@k of the first minus the second on the same queries and drawn days."""
    found: dict[str, dict[str, Any]] = {}
    for k in ks:
        difference = (first_W <= k).astype(np.float64) - (second_W <= k)
        samples = _drawn_means(difference, days_W, draws_BA)
        interval = with_interval(float(difference.mean()), samples, draws_BA.shape[1])
        found[f"recall@{k}"] = {**interval, "differs": excludes_zero(interval)}
    return found


def chance_recall(sizes: NDArray[np.int64], k: int) -> float:
    """Mean recall@k of a random order: 1 - C(N - m, k) / C(N, k) for a relevant set of m."""
    n = int(sizes.sum())
    if k >= n:
        return 1.0
    steps = np.arange(k)
    miss = np.clip((n - sizes[:, None] - steps) / (n - steps), 0, 1).prod(axis=1)
    return float(np.average(1 - miss, weights=sizes))


def _drawn_means(
    values_W: NDArray[np.floating], days_W: NDArray[np.int64], draws_BA: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(B,) mean over the queries of the drawn days."""
    _, codes = np.unique(days_W, return_inverse=True)
    sums, sizes = np.bincount(codes, weights=values_W), np.bincount(codes)
    return np.asarray((draws_BA @ sums) / (draws_BA @ sizes), dtype=np.float64)
