"""The inputs of an evaluation, joined by window id and cut into splits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.day_parts import day_part_codes
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DataError, JoinError
from discover.core.home import NO_ACTIVITY, Home
from discover.core.window_set import WindowSet, window_middles_s
from discover.evaluation.leak_check import check_leaks

__all__ = ["EvaluationData", "SplitData", "coarse_label"]

# Shape letters: W windows, d width of the text encoder, P width of the joint space.


@dataclass(frozen=True)
class EvaluationData:
    """Everything an evaluation reads about one home and one sampling.

    It is checked for leaks when it is put together, so no number can come from windows that share events.

    Attributes:
        window_set: Windows of all three splits with their events and home.
        labels: `core.tables.LABELS` of these windows; `segment` is set for presegmented windows.
        window_embeddings: One vector per window in the joint space; None leaves out the aligned rows.
        caption_embeddings: Caption vectors of the text encoder; None leaves out the text-only rows.
        captions: `core.tables.CAPTIONS`; needed by `evaluate_retrieval` to know identical captions.
        encoder_embeddings: One vector per window from before the projection head, for probes; optional.
        reference: For presegmented windows, the free-running ones of the same home and model. Label-free rows
            take their statistics from its training windows: segments are cut with labels, so to look at
            segments only would already use them. None: from the training windows themselves.
        annotation_windows: `core.tables.ANNOTATION_WINDOWS`: where windows are free-running, annotations are
            scored too, those without a window as misses. None leaves these rows out.
        leak_check: The report of `check_leaks`, for the result.

    Raises:
        DataError: Splits share events (or the reference trains on a test day), or windows are duplicated.
    """

    window_set: WindowSet
    labels: pl.DataFrame
    window_embeddings: EmbeddingTable | None = None
    caption_embeddings: EmbeddingTable | None = None
    captions: pl.DataFrame | None = None
    encoder_embeddings: EmbeddingTable | None = None
    reference: "EvaluationData | None" = None
    annotation_windows: pl.DataFrame | None = None
    leak_check: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "leak_check", check_leaks(self.window_set, self.labels))
        if self.reference is not None:
            seen, asked = _days(self.reference, "train"), _days(self, "test")
            if seen & asked:
                raise DataError(
                    f"The reference windows train on {len(seen & asked)} test days (first: "
                    f"{min(seen & asked)}). Sample both with the same split."
                )

    @property
    def unlabelled(self) -> "EvaluationData":
        """Whose training windows label-free rows may look at: all windows of a day, annotated or not."""
        return self if self.reference is None else self.reference

    @property
    def home(self) -> Home:
        """The home evaluated."""
        return self.window_set.home

    @property
    def presegmented(self) -> bool:
        """Whether windows were cut inside annotated segments."""
        return len(self.labels) > 0 and self.labels["segment"].null_count() < len(self.labels)

    def split(self, name: str, background: Sequence[str] = (NO_ACTIVITY,)) -> "SplitData":
        """The windows of one split, joined with their labels by id.

        Raises:
            JoinError: A window has no label row.
        """
        windows = self.window_set.of_split(name).windows
        truth = self.labels.select("window_id", "label", "segment")
        joined = windows.join(truth, on="window_id", how="left", maintain_order="left")
        missing = joined.filter(pl.col("label").is_null())
        if len(missing):
            raise JoinError(
                f"{len(missing):,} of {len(windows):,} {name} windows have no label row "
                f"(first: {missing['window_id'][0]}). Labels were made for other windows: sample again."
            )
        label = pl.when(pl.col("label").is_in(list(background))).then(pl.lit(NO_ACTIVITY)).otherwise("label")
        return SplitData(joined.with_columns(label.alias("label")))


@dataclass(frozen=True)
class SplitData:
    """Windows of one split with the label of each."""

    table: pl.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> NDArray[np.str_]:
        """(W,) window ids."""
        return self.table["window_id"].to_numpy().astype(np.str_)

    @property
    def labels(self) -> NDArray[np.str_]:
        """(W,) labels; every background label is `no_activity`."""
        return self.table["label"].to_numpy().astype(np.str_)

    @property
    def annotated(self) -> NDArray[np.bool_]:
        """(W,) whether a window has an activity."""
        return np.asarray(self.labels != NO_ACTIVITY, dtype=np.bool_)

    @property
    def days(self) -> NDArray[np.int64]:
        """(W,) calendar day of each window's start, as days since 1970."""
        return self.table["start"].dt.date().to_physical().to_numpy().astype(np.int64)

    @property
    def hours(self) -> NDArray[np.int64]:
        """(W,) hour of day in which each window starts."""
        return self.table["start"].dt.hour().to_numpy().astype(np.int64)

    @property
    def middles_s(self) -> NDArray[np.float64]:
        """(W,) time between first and last event, in seconds since 1970."""
        return window_middles_s(self.table)

    @property
    def day_parts(self) -> NDArray[np.uint8]:
        """(W,) part of the day in which each window starts, as a code into `core.day_parts.DAY_PARTS`."""
        return day_part_codes(self.hours)

    @property
    def segments(self) -> NDArray[np.int64]:
        """(W,) annotated segment of each window; -1 for free-running windows."""
        return self.table["segment"].fill_null(-1).to_numpy().astype(np.int64)

    def coarse(self, home: Home) -> "SplitData":
        """The same windows with coarse labels (level L2); `no_activity` stays what it is."""
        names = {str(n): coarse_label(home, str(n)) for n in self.table["label"].unique() if n != NO_ACTIVITY}
        return SplitData(self.table.with_columns(pl.col("label").replace(names)))


def _days(data: EvaluationData, split: str) -> set[date]:
    return set(data.window_set.of_split(split).windows["start"].dt.date().to_list())


def coarse_label(home: Home, label: str) -> str:
    """Coarse label of an activity. One that stands for no activity in both levels keeps its name."""
    return label if label == NO_ACTIVITY else home.coarse_of(label)
