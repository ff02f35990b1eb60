"""Answers per window become a timeline: one row per window, and runs of one activity as segments."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ShapeError
from discover.core.window_set import window_middles_s
from discover.recognition.config import RecognitionConfig
from discover.recognition.recogniser import Recogniser

__all__ = ["SEGMENTS", "TIMELINE", "to_segments", "window_timeline"]

TIMELINE: dict[str, type[pl.DataType] | pl.DataType] = {
    "window_id": pl.String,
    "home": pl.String,
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "activity": pl.String,
    "confidence": pl.Float32,
    "best": pl.String,
    "score": pl.Float32,
    "margin": pl.Float32,
}
"""One row per window, by time. activity: the answer, "unknown" included. best: the activity with the
highest score, also where the answer is "unknown"; confidence: its probability; score: its score (a cosine,
or a student's probability). margin: what the unknown rule reads."""

SEGMENTS: dict[str, type[pl.DataType] | pl.DataType] = {
    "home": pl.String,
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "activity": pl.String,
    "confidence": pl.Float32,
    "n_windows": pl.Int32,
}
"""One row per segment, by time, without overlap within a home. confidence: mean over its windows."""


def window_timeline(
    recogniser: Recogniser, vectors: NDArray[np.floating], windows: pl.DataFrame
) -> pl.DataFrame:
    """`TIMELINE` of windows with scores and margins smoothed over time, each home by itself.

    Args:
        recogniser: Fitted with times.
        vectors: (W, P), one row per window.
        windows: window_id, home, start, end; any order.

    Raises:
        ShapeError: Vectors and windows differ in number.
    """
    if len(vectors) != len(windows):
        raise ShapeError(
            f"{len(vectors)} vectors for {len(windows)} windows: they must be in the same order."
        )
    parts = []
    for (_,), rows in windows.with_row_index("row").group_by("home", maintain_order=True):
        part = vectors[rows["row"].to_numpy()]
        middles_s = window_middles_s(rows)
        scores = recogniser.decision_function(part, middles_s=middles_s)
        margins = recogniser.margins(part, middles_s=middles_s)
        answers = recogniser.name_scores(scores, margins, smoothed=True)
        best = scores.argmax(axis=1)
        confidence = recogniser.score_probabilities(scores).max(axis=1)
        parts.append(
            rows.select("window_id", "home", "start", "end").with_columns(
                pl.Series("activity", answers.tolist(), pl.String),
                pl.Series("confidence", confidence, pl.Float32),
                pl.Series("best", recogniser.classes_[best].tolist(), pl.String),
                pl.Series("score", scores.max(axis=1), pl.Float32),
                pl.Series("margin", margins, pl.Float32),
            )
        )
    table = pl.concat(parts) if parts else pl.DataFrame(schema=TIMELINE)
    return table.select(list(TIMELINE)).sort("home", "start", "end", "window_id")


def to_segments(timeline: pl.DataFrame, config: RecognitionConfig | None = None) -> pl.DataFrame:
    """Merge neighbouring windows of one activity into `SEGMENTS`.

    A new segment starts where the home or the activity changes, or after a silence longer than
    `config.join_gap_s`, so that nothing is claimed for a gap in the recording. Where windows overlap, the
    earlier segment ends when the next one starts.

    Args:
        timeline: Columns of `TIMELINE`; order does not matter.
        config: Settings; `join_gap_s` is read.
    """
    gap = pl.duration(microseconds=round((config or RecognitionConfig()).join_gap_s * 1e6))
    ordered = timeline.sort("home", "start", "end", "window_id")
    last_end = pl.col("end").shift(1).cum_max().over("home")
    changed = (
        (pl.col("home") != pl.col("home").shift(1))
        | (pl.col("activity") != pl.col("activity").shift(1))
        | (pl.col("start") - last_end > gap)
    )
    numbered = ordered.with_columns(changed.fill_null(value=True).cum_sum().alias("segment"))
    merged = numbered.group_by("segment", maintain_order=True).agg(
        pl.col("home").first(),
        pl.col("start").min(),
        pl.col("end").max(),
        pl.col("activity").first(),
        pl.col("confidence").mean().cast(pl.Float32),
        pl.len().cast(pl.Int32).alias("n_windows"),
    )
    cut = pl.min_horizontal("end", pl.col("start").shift(-1).over("home"))
    return merged.with_columns(cut.alias("end")).select(list(SEGMENTS))
