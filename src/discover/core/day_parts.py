"""When does "evening" begin: one table of day parts, weekdays and gap sizes for every room.

Sampler statistics, feature builder, captions, prompts and query rules all read this table.
The day-part names and borders are those of discover-v2's files, so vocabularies stay comparable.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = [
    "DAY_PARTS",
    "GAP_BUCKETS",
    "GAP_EDGES_S",
    "WEEKDAYS",
    "DayPart",
    "day_part_codes",
    "day_part_expr",
    "gap_bucket_codes",
]


@dataclass(frozen=True, slots=True)
class DayPart:
    """A named stretch of the day: hours in [begin_hour, end_hour), local time."""

    name: str
    begin_hour: int
    end_hour: int
    words: str
    """How a sentence says it: "in the early morning"."""
    also: str
    """Another common wording of the same hours: "early in the morning"."""


DAY_PARTS: tuple[DayPart, ...] = (
    DayPart("night_after_midnight", 0, 5, "in the middle of the night", "at night after midnight"),
    DayPart("early_morning", 5, 8, "in the early morning", "early in the morning"),
    DayPart("late_morning", 8, 12, "in the late morning", "in the morning before noon"),
    DayPart("afternoon", 12, 17, "in the afternoon", "during the afternoon"),
    DayPart("evening", 17, 21, "in the evening", "during the evening"),
    DayPart("night_before_midnight", 21, 24, "late in the evening", "at night before midnight"),
)
"""In order of the clock; index = code."""

WEEKDAYS: tuple[str, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
"""Index = code; Monday is 0 (`polars` weekday - 1)."""

GAP_EDGES_S: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper edges in seconds of the time-since-previous-event buckets; the last bucket is open."""

GAP_BUCKETS: tuple[str, ...] = (
    "first",
    "lt_0.5s",
    "0.5-1s",
    "1-2s",
    "2-5s",
    "5-10s",
    "10-30s",
    "30-60s",
    "1-5min",
    "5-30min",
    "gt_30min",
)
"""Bucket names; "first" is the first event of a window, whose gap belongs to no window."""

_HOUR_TO_PART: NDArray[np.uint8] = np.array(
    [next(i for i, p in enumerate(DAY_PARTS) if p.begin_hour <= h < p.end_hour) for h in range(24)],
    dtype=np.uint8,
)


def day_part_codes(hours: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Codes into `DAY_PARTS` for hours of day 0..23, same shape."""
    codes: NDArray[np.uint8] = _HOUR_TO_PART[hours]
    return codes


def day_part_expr(time: pl.Expr) -> pl.Expr:
    """Day-part code (UInt8) of a Datetime expression."""
    return time.dt.hour().replace_strict(list(range(24)), _HOUR_TO_PART.tolist(), return_dtype=pl.UInt8)


def gap_bucket_codes(gap_s: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Codes into `GAP_BUCKETS` for gaps in seconds; NaN (no previous event) gives code 0."""
    codes = np.searchsorted(np.asarray(GAP_EDGES_S), gap_s, side="right") + 1
    return np.where(np.isnan(gap_s), 0, codes).astype(np.uint8)
