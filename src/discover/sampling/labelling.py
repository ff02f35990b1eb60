"""Ground truth of windows, for evaluation only.

A window's label is the annotation that covers most of its events; ties go to the annotation that
lasts shorter. Where none covers half of the events the label is `no_activity`. Exactly half counts
as covered. A presegmented window carries the label of the segment it was cut from.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import NO_ACTIVITY, Home
from discover.core.tables import ANNOTATION_WINDOWS, LABELS, SPLITS
from discover.sampling._ranges import expand_ranges

__all__ = ["label_windows", "windows_of_annotations"]

Ints = NDArray[np.int64]


def label_windows(
    windows: pl.DataFrame,
    segments: Ints,
    annotations: pl.DataFrame,
    placed: tuple[Ints, Ints, Ints],
    home: Home,
) -> pl.DataFrame:
    """Label every window by the annotations its events lie in.

    Args:
        windows: `core.tables.WINDOWS`, W rows in any order.
        segments: (W,) annotation row a window was cut from, -1 for free-running windows.
        annotations: `core.tables.ANNOTATIONS`.
        placed: (annotation row, first, count) in the windows' event table, sorted by first.
        home: Gives the coarse label.

    Returns:
        `core.tables.LABELS`, one row per window, in the windows' order. `all_labels` lists every
        annotation that shares an event with the window, best covered first.
    """
    count = windows["n_events"].to_numpy().astype(np.int64)
    window, annotation, overlap = _overlaps(windows["first_event"].to_numpy(), count, placed)
    pairs = _ranked_pairs(window, annotation, overlap, annotations)
    best = pairs.unique("window", keep="first", maintain_order=True)
    every = pairs.group_by("window", maintain_order=True).agg(
        pl.col("activity").unique(maintain_order=True).alias("all_labels")
    )
    table = pl.DataFrame(
        {
            "window": np.arange(len(windows)),
            "window_id": windows["window_id"],
            "n": count,
            "segment": segments.astype(np.int32),
        }
    ).with_columns(segment=pl.when(pl.col("segment") >= 0).then("segment"))
    table = table.join(best, on="window", how="left", maintain_order="left")
    table = table.join(every, on="window", how="left", maintain_order="left")
    table = _own_segment(table, annotations)
    coarse = {a: home.coarse_of(a) for a in annotations["activity"].unique()} | {NO_ACTIVITY: NO_ACTIVITY}
    return table.select(
        "window_id",
        "label",
        coarse=pl.col("label").replace_strict(list(coarse), list(coarse.values()), return_dtype=pl.String),
        share=pl.col("share").cast(pl.Float32),
        all_labels=pl.col("all_labels").fill_null([]),
        segment=pl.col("segment"),
    ).select(list(LABELS))


def windows_of_annotations(
    windows: pl.DataFrame,
    annotations: pl.DataFrame,
    placed: tuple[Ints, Ints, Ints],
    days: Ints,
    splits: Mapping[str, Ints],
) -> pl.DataFrame:
    """Which windows of its split each annotation shares an event with; `core.tables.ANNOTATION_WINDOWS`.

    An annotation belongs to the split of the day on which its first event lies.

    Args:
        windows: `core.tables.WINDOWS`.
        annotations: `core.tables.ANNOTATIONS`.
        placed: (annotation row, first, count) in the windows' event table, sorted by first.
        days: (A,) day of each placed annotation's first event, since 1970.
        splits: Split -> its days.
    """
    row, first, count = placed
    code = np.full(len(row), -1)
    for number, split in enumerate(SPLITS):
        code[np.isin(days, splits[split])] = number
    place = np.arange(len(row))
    numbered = (place, first, count)
    shared = _overlaps(
        windows["first_event"].to_numpy(), windows["n_events"].to_numpy().astype(np.int64), numbered
    )
    window, owner = shared[0], shared[1]
    own = windows["split"].to_physical().to_numpy()[window] == code[owner]
    found = pl.DataFrame(
        {"place": owner[own], "window_id": windows["window_id"].gather(window[own])},
        schema={"place": pl.Int64, "window_id": pl.String},
    )
    every = pl.DataFrame(
        {
            "place": place,
            "annotation": row.astype(np.int32),
            "label": annotations["activity"].gather(row),
            "split": pl.Series([SPLITS[c] for c in code], dtype=pl.Enum(SPLITS)),
            "day": pl.Series(days.astype(np.int32)).cast(pl.Date),
        }
    )
    joined = every.join(found, on="place", how="left", maintain_order="left")
    return joined.select(list(ANNOTATION_WINDOWS)).unique(maintain_order=True)


def _own_segment(table: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """Label and share: of the segment where there is one, of the best annotation or none otherwise."""
    share = (pl.col("overlap") / pl.col("n")).fill_null(0.0)
    free = pl.when(share >= 0.5).then(pl.col("activity")).otherwise(pl.lit(NO_ACTIVITY))
    names = annotations["activity"]
    owner = names.gather(table["segment"].fill_null(0)) if len(names) else names.clear(len(table))
    inside = pl.col("segment").is_not_null()
    return table.with_columns(owner=owner).with_columns(
        label=pl.when(inside).then(pl.col("owner")).otherwise(free),
        share=pl.when(inside).then(1.0).otherwise(share),
    )


def _overlaps(first: Ints, count: Ints, placed: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints]:
    """(window, annotation row, shared events) of every window and annotation that share an event.

    Enumerated from the annotations, because a window is short and an annotation may last days: the
    windows that reach into it are one stretch of the windows sorted by first event.
    """
    row, low, length = placed
    high = low + length
    order = np.argsort(first, kind="stable")
    begin = first[order]
    end = begin + count[order]
    reach = np.maximum.accumulate(end) if len(end) else end
    from_window = np.searchsorted(reach, low, side="right")
    to_window = np.searchsorted(begin, high, side="left")
    entry, position = expand_ranges(from_window, np.maximum(to_window - from_window, 0))
    shared = np.minimum(end[position], high[entry]) - np.maximum(begin[position], low[entry])
    some = shared > 0
    return order[position[some]], row[entry[some]], shared[some]


def _ranked_pairs(window: Ints, annotation: Ints, overlap: Ints, annotations: pl.DataFrame) -> pl.DataFrame:
    """Pairs sorted by window, then best covered, then shorter annotation, then earlier row."""
    lasts = (annotations["end"] - annotations["begin"]).to_physical().to_numpy()
    order = np.lexsort((annotation, lasts[annotation], -overlap, window))
    rows = annotation[order]
    return pl.DataFrame(
        {
            "window": window[order],
            "activity": annotations["activity"].gather(rows),
            "overlap": overlap[order],
        }
    )
