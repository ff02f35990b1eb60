"""Example moments of each cluster: windows that are surely in it, at its usual hours, from different days."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ShapeError

# Shape letters: W windows.

__all__ = ["example_windows"]

_USUAL_SHARE = 0.6


def example_windows(
    facts: pl.DataFrame,
    labels: NDArray[np.integer],
    confidence: NDArray[np.floating],
    *,
    per_cluster: int = 3,
) -> pl.DataFrame:
    """Up to `per_cluster` windows of each cluster, on different days, by cluster and then by time.

    Windows at the cluster's usual hours (the fewest hours of day that hold 60 % of it) come first: the window
    of "breakfast" with the highest confidence may be in an afternoon, and would mislead a reader. Of each day
    the window with the highest confidence is looked at, and the surest of these are taken. Where more are
    equally sure (to two digits) than are wanted, those taken lie evenly over the recording, not all in its
    first days.

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
        .with_columns(hour=pl.col("start").dt.hour())
        .pipe(lambda table: table.join(_usual_hours(table), on=["cluster", "hour"], maintain_order="left"))
        # Two is more than any confidence: what is usual counts before what is sure.
        .with_columns(sure=pl.col("sure") + pl.col("usual"))
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
    return taken.sort("cluster", "start", "window_id").drop("sure", "hour", "usual")


def _usual_hours(table: pl.DataFrame) -> pl.DataFrame:
    """cluster, hour, and usual: 2 where the hour is among the fewest that hold most of it, else 0."""
    counts = table.group_by("cluster", "hour").len("n")
    counts = counts.sort("cluster", "n", "hour", descending=[False, True, False])
    before = (pl.col("n").cum_sum() - pl.col("n")).over("cluster") / pl.col("n").sum().over("cluster")
    return counts.select("cluster", "hour", usual=pl.when(before < _USUAL_SHARE).then(2.0).otherwise(0.0))
