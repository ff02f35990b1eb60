"""Checks that run before any number is computed; each is a hard error."""

from typing import Any

import numpy as np
import polars as pl

from discover.core.errors import DataError
from discover.core.tables import SPLITS
from discover.core.window_set import WindowSet

__all__ = ["check_leaks"]


def check_leaks(window_set: WindowSet, labels: pl.DataFrame) -> dict[str, Any]:
    """Refuse windows that share events between splits, and duplicated windows.

    Training windows may overlap each other, so two of them can hold the same events when the rest of
    both is empty; these are counted. In validation and test a duplicate is an error, because it would
    be scored twice. Presegmented windows of two concurrent annotations are no duplicates.

    Returns:
        Counts, for the result: windows and events per split, shared events, duplicate training windows, and
        days with windows of two splits. These are no error, since windows of other tools may be split so,
        but neighbouring windows of one day are alike: such scores are too good.

    Raises:
        DataError: An event belongs to windows of two splits, or a window is there twice.
    """
    windows = window_set.windows
    repeated = windows.filter(pl.col("window_id").is_duplicated())
    if len(repeated):
        raise DataError(
            f"{len(repeated):,} windows share an id (first: {repeated['window_id'][0]}). Sample again."
        )
    covered = {
        split: _covered(windows.filter(pl.col("split") == split), len(window_set.events)) for split in SPLITS
    }
    total = np.sum([c.astype(np.int8) for c in covered.values()], axis=0)
    shared = int((total > 1).sum())
    if shared:
        names = [s for s in SPLITS if bool((covered[s] & (total > 1)).any())]
        raise DataError(
            f"{shared:,} events are in windows of more than one split ({', '.join(names)}): a test score "
            "would measure memory. Split by day before cutting windows: run `discover sample` again."
        )
    slices = windows.join(labels.select("window_id", "segment"), on="window_id", how="left")
    same = pl.struct("split", "first_event", "n_events", "segment")
    doubled = slices.filter(same.is_duplicated() & ~same.is_first_distinct())
    scored = doubled.filter(pl.col("split") != "train")
    if len(scored):
        raise DataError(
            f"{len(scored):,} validation or test windows hold exactly the events of another one "
            f"(first: {scored['window_id'][0]}). Sample again without overlap in these splits."
        )
    days = windows.group_by(pl.col("start").dt.date()).agg(pl.col("split").n_unique())
    return {
        "shared_events": 0,
        "shared_days": int((days["split"] > 1).sum()),
        "duplicate_training_windows": len(doubled),
        "windows": {s: int((windows["split"] == s).sum()) for s in SPLITS},
        "events": {s: int(covered[s].sum()) for s in SPLITS},
    }


def _covered(windows: pl.DataFrame, n_events: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(E,) whether an event lies in any of the windows."""
    steps = np.zeros(n_events + 1, dtype=np.int64)
    first = windows["first_event"].to_numpy().astype(np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, first + windows["n_events"].to_numpy().astype(np.int64), -1)
    mask: np.ndarray[Any, np.dtype[np.bool_]] = np.cumsum(steps)[:-1] > 0
    return mask
