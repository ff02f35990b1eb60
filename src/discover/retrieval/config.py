"""How an index is searched, and which windows a search may return."""

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from discover.core.config import StrictModel

__all__ = [
    "AUTO_ANN_WINDOWS",
    "Backend",
    "IndexConfig",
    "QueryWordsUse",
    "RetrievalConfig",
    "SearchDefaults",
    "SearchFilters",
    "SearchOptions",
    "SearchSide",
]

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Split = Literal["train", "val", "test"]
Backend = Literal["auto", "exact", "faiss"]
SearchSide = Literal["sensors", "captions"]
"""What a query is compared with: window vectors of the model, or the mean of each window's caption vectors in
the text encoder's own space (the baseline without the sensor side)."""

QueryWordsUse = Literal["prefer", "filter", "off"]
"""Windows that meet the conditions of a sentence rank first, are the only answers, or are not preferred."""

AUTO_ANN_WINDOWS = 200_000
"""Above this number of windows `backend: auto` uses FAISS where it is installed."""


class IndexConfig(StrictModel):
    """Exact or approximate search of an index."""

    backend: Backend = "auto"
    """exact scores every window; faiss looks into the nearest groups only (extra `ann`); auto is exact up to
    200,000 windows, and above where FAISS is not installed."""
    min_recall: float = Field(default=0.95, gt=0, le=1)
    """Recall@10 against exact search to reach on a sample of the index's own windows; eight times as many
    groups as that takes are then looked into, for sentences."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Seed of the grouping and of that sample."""

    @model_validator(mode="after")
    def _used(self) -> "IndexConfig":
        idle = sorted({"min_recall", "seed"} & self.model_fields_set)
        if self.backend == "exact" and idle:
            raise ValueError(
                f"{' and '.join(idle)} shape the groups of FAISS; backend exact has none. "
                "Leave them out, or choose backend: faiss or auto"
            )
        return self


class SearchFilters(StrictModel):
    """Conditions a window must meet, all of them; an empty condition lets every window through."""

    homes: tuple[str, ...] = ()
    """Names of homes, any of them."""
    after: datetime | None = None
    """Windows that begin at or after this local time."""
    before: datetime | None = None
    """Windows that begin before this local time."""
    hours: tuple[float, float] | None = None
    """Hours of day [begin, end) in which the window begins; (22, 5) runs over midnight."""
    weekdays: tuple[Weekday, ...] = ()
    """Weekdays on which the window begins."""
    rooms: tuple[str, ...] = ()
    """Rooms in snake_case; at least one of them was visited."""
    min_duration_s: float = Field(default=0.0, ge=0, le=1_000_000_000)
    """Shortest time between a window's first and last event, in seconds."""
    max_duration_s: float | None = Field(default=None, ge=0, le=1_000_000_000)
    """Longest time between a window's first and last event, in seconds."""
    splits: tuple[Split, ...] = ()
    """Splits to search in."""
    clusters: tuple[int, ...] = ()
    """Numbers of clusters, any of them (`discover cluster`); -1 is what belongs to none."""

    @model_validator(mode="after")
    def _ranges(self) -> "SearchFilters":
        if self.hours is not None:
            begin, end = self.hours
            if not (0 <= begin < 24 and 0 < end <= 24 and begin != end):
                raise ValueError(
                    f"hours must be two different hours of day, such as [22, 5]; got {self.hours}"
                )
        for name in ("after", "before"):
            stamp = getattr(self, name)
            if stamp is not None and stamp.tzinfo is not None:
                raise ValueError(f"{name} is a local wall-clock time: leave out the zone (got {stamp})")
        if self.after is not None and self.before is not None and self.after >= self.before:
            raise ValueError(f"after ({self.after}) must be earlier than before ({self.before})")
        if self.max_duration_s is not None and self.max_duration_s < self.min_duration_s:
            raise ValueError(
                f"max_duration_s {self.max_duration_s} is below min_duration_s {self.min_duration_s}"
            )
        return self


class SearchDefaults(StrictModel):
    """How questions are answered by default."""

    top_k: int = Field(default=5, ge=1, le=10_000_000)
    """Number of answers."""
    merge: bool = True
    """Join neighbouring and overlapping windows into one moment."""
    mmr: float | None = Field(default=None, ge=0, le=1)
    """Balance between relevance (1) and difference (0) of the answers; null: relevance alone."""
    query_words: QueryWordsUse = "prefer"
    """What the conditions of a sentence (places, absence, duration, movement, times) do: prefer ranks windows
    that meet them first, filter returns no others, off ignores them."""


class SearchOptions(SearchDefaults):
    """How a question is answered."""

    filters: SearchFilters = SearchFilters()
    """Which windows may be returned."""
    by: SearchSide = "sensors"
    """Compare with the sensor side, or with captions only."""
    clustering: str | None = None
    """Which clustering `filters.clusters` means, where there are several."""


class RetrievalConfig(StrictModel):
    """The search index of a run, and the defaults of its searches."""

    index: IndexConfig = IndexConfig()
    """Exact or approximate search."""
    vectors: Literal["float16", "float32"] = "float16"
    """How window vectors are stored; float16 changes a cosine by less than 0.001 and halves the file."""
    search: SearchDefaults = SearchDefaults()
    """Defaults of `discover search`, and of the report's example searches (which bring their own top_k)."""
