"""How an index is searched, and which windows a search may return."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from discover.core.config import StrictModel, closest
from discover.core.day_parts import WEEKDAYS

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


def _read_time(value: Any) -> Any:
    """A local time; "2009-07" is its first day, "2009-07-14" its midnight."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(f"{value}-01" if re.fullmatch(r"\d{4}-\d{2}", value) else value)
    except ValueError as error:
        raise ValueError("a date is written as 2009-07-14, 2009-07 or '2009-07-14 18:30'") from error


def _read_hours(value: Any) -> Any:
    """Hours of day "22-5" or "6:30-8"; 22-0 means until midnight, which is hour 24 here."""
    if not isinstance(value, str):
        return value
    clock = r"\s*(\d{1,2})(?::([0-5]\d))?\s*"
    match = re.fullmatch(rf"{clock}[-–]{clock}", value)
    if match is None:
        raise ValueError("hours are written as 22-5 or 6:30-8")
    begin_h, begin_m, end_h, end_m = (int(part or 0) for part in match.groups())
    begin, end = begin_h + begin_m / 60, end_h + end_m / 60
    return (0.0 if begin == 24 else begin), (24.0 if end == 0 else end)


def _read_weekdays(value: Any) -> Any:
    """Days of the week in their order, from names and groups; a text may hold several with commas."""
    groups = {"weekend": WEEKDAYS[5:], "weekends": WEEKDAYS[5:], "weekday": WEEKDAYS[:5]}
    known = {**groups, "weekdays": WEEKDAYS[:5], **{day: (day,) for day in WEEKDAYS}}
    names = [part.strip().lower() for text in _listed(value) for part in str(text).split(",")]
    for name in filter(None, names):
        if name not in known:
            raise ValueError(f"'{name}' is no day of the week. {closest(name, known)}")
    chosen = {day for name in filter(None, names) for day in known[name]}
    return tuple(day for day in WEEKDAYS if day in chosen)


def _read_rooms(value: Any) -> Any:
    """Rooms as homes write them: "Living room" is living_room."""
    return tuple(r.strip().lower().replace(" ", "_") if isinstance(r, str) else r for r in _listed(value))


def _listed(value: Any) -> Collection[Any]:
    """Several values, also where one is given without a list."""
    return value if isinstance(value, list | tuple | set) else (value,)


class SearchFilters(StrictModel):
    """Conditions a window must meet, all of them; an empty condition lets every window through."""

    homes: tuple[str, ...] = ()
    """Only these homes, any of them."""
    after: Annotated[datetime | None, BeforeValidator(_read_time)] = None
    """The window begins at or after this local time: 2009-07-14, 2009-07 or '2009-07-14 18:30'."""
    before: Annotated[datetime | None, BeforeValidator(_read_time)] = None
    """The window begins before this local time."""
    hours: Annotated[tuple[float, float] | None, BeforeValidator(_read_hours)] = None
    """Hours of day in which the window begins, the last not included: 6:30-8; 22-5 runs over midnight."""
    weekdays: Annotated[tuple[Weekday, ...], BeforeValidator(_read_weekdays)] = ()
    """Days on which the window begins: monday ... sunday, weekend, weekdays."""
    rooms: Annotated[tuple[str, ...], BeforeValidator(_read_rooms)] = ()
    """Someone was in one of these rooms."""
    min_duration_s: float = Field(default=0.0, ge=0, le=1_000_000_000)
    """Shortest time between a window's first and last event, in seconds."""
    max_duration_s: float | None = Field(default=None, ge=0, le=1_000_000_000)
    """Longest time between a window's first and last event, in seconds."""
    splits: tuple[Split, ...] = ()
    """Only the days of these splits: train, val or test."""
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
    """Compare a sentence with window vectors (sensors), or with captions only (a baseline)."""
    clustering: str | None = None
    """Which clustering `filters.clusters` means, where there are several."""
    episodes: bool = True
    """Moments of any length come before windows where the question names something that happens."""


class RetrievalConfig(StrictModel):
    """The search index of a run, and the defaults of its searches."""

    index: IndexConfig = IndexConfig()
    """Exact or approximate search."""
    vectors: Literal["float16", "float32"] = "float16"
    """How window vectors are stored; float16 changes a cosine by less than 0.001 and halves the file."""
    search: SearchDefaults = SearchDefaults()
    """Defaults of `discover search`, and of the report's example searches (which bring their own top_k)."""
