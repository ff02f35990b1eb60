"""Example moments of each cluster: windows that are surely in it, from different days."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ShapeError

# Shape letters: W windows.

__all__ = ["example_windows"]


def example_windows(
    facts: pl.DataFrame,
    labels: NDArray[np.integer],
    confidence: NDArray[np.floating],
    *,
    per_cluster: int = 3,
) -> pl.DataFrame:
    """Up to `per_cluster` windows of each cluster, on different days, by cluster and then by time.

    The surest window of each day is looked at, and the surest of these are taken. Where more are equally sure
    (to two digits) than are wanted, those taken lie evenly over the recording, not all in its first days.

    Args:
        facts: One row per window with at least window_id and start; other columns are kept.
        labels: Cluster of each row, (W,); -1 for none.
        confidence: Confidence of each row, (W,).
        per_cluster: How many.

    Raises:
        ShapeError: Rows disagree.
    """
    if not len(facts) == len(labels) == len(confidence):
        raise ShapeError(f"{len(facts):,} windows, {len(labels):,} labels, {len(confidence):,} confidences.")
    days = (
        facts.with_columns(
            cluster=pl.Series(labels.astype(np.int32)), sure=pl.Series(np.round(confidence.astype(float), 2))
        )
        .filter(pl.col("cluster") >= 0)
        .sort("cluster", "sure", "start", "window_id", descending=[False, True, False, False])
        .unique(["cluster", pl.col("start").dt.date()], keep="first", maintain_order=True)
    )
    counts = days.group_by("cluster", maintain_order=True).agg(
        n=pl.len(), equal=(pl.col("sure") == pl.col("sure").max()).sum()
    )
    rows, begin = [], 0
    for n, equal in counts.select("n", "equal").iter_rows():
        among = max(equal, min(n, per_cluster))
        places = np.linspace(0, among - 1, min(among, per_cluster)).round().astype(int)
        rows.append(begin + places)
        begin += n
    taken = days[np.concatenate(rows)] if rows else days
    return taken.sort("cluster", "start", "window_id").drop("sure")
