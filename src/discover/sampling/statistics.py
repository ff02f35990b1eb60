"""Numbers that describe one sampling: plain JSON values, drawn later by the report."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import Home
from discover.sampling._ranges import covered_events, overlaps_any
from discover.sampling.blocks import Blocks, Recording
from discover.sampling.config import SamplingConfig
from discover.sampling.cuts import Cut
from discover.sampling.density import LeastEvents
from discover.sampling.splits import DAY_US

__all__ = ["SplitWindows", "describe_sampling"]

Ints = NDArray[np.int64]

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_EVENT_EDGES = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 128, 200, 320, 513)
_DURATION_EDGES_S = (
    0.0,
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    30.0,
    60.0,
    120.0,
    300.0,
    900.0,
    3600.0,
    14400.0,
    86400.0,
)


@dataclass(frozen=True)
class SplitWindows:
    """Window offsets of one split, with what they were cut from.

    Attributes:
        split: train, val or test.
        cut: Offsets into the recording's events, sorted by first event.
        segment: (W,) annotation row of presegmented windows, -1 otherwise.
        blocks: The split's blocks.
        days: Days since 1970-01-01 that belong to the split.
        counts: What `keep_by_count` counted.
    """

    split: str
    cut: Cut
    segment: Ints
    blocks: Blocks
    days: Ints
    counts: dict[str, int]


def describe_sampling(
    parts: tuple[SplitWindows, ...],
    windows: pl.DataFrame,
    labels: pl.DataFrame,
    recording: Recording,
    home: Home,
    config: SamplingConfig,
    placed: tuple[Ints, Ints, Ints],
    least: LeastEvents | None = None,
) -> dict[str, Any]:
    """Statistics of the windows of one home; entries on labels and annotations are for evaluation only.

    Args:
        parts: Windows of each split.
        windows, labels: Their tables.
        recording, home: What was cut.
        config: How, with a number as `min_events`.
        placed: (annotation row, first, count) of each annotation, from `place_annotations`.
        least: How that number was found; None where it was given.
    """
    splits = {}
    for part in parts:
        mine = (windows["split"] == part.split).to_numpy()
        splits[part.split] = _describe_split(part, windows.filter(mine), labels.filter(mine), config)
        splits[part.split].update(_annotation_counts(part, placed, recording))
    return {
        "format": "discover-statistics/1",
        "home": home.name,
        "sampling": config.name,
        "config": config.model_dump(mode="json"),
        "min_events": {
            "used": config.min_events,
            "asked": config.min_events if least is None else "auto",
            "training_events_in_no_window": {}
            if least is None
            else {str(n): round(share, 4) for n, share in least.left_out.items()},
        },
        "events_in_log": recording.n_log,
        "health_events_left_out": _left_out(recording),
        "streams": [name or "" for name in recording.stream_names],
        "windows": len(windows),
        "splits": splits,
        "holes": [
            {"after": _time(a), "before": _time(b), "hours": round((b - a) / 3.6e9, 2)}
            for a, b in recording.holes_us.tolist()
        ],
    }


def _describe_split(
    part: SplitWindows, windows: pl.DataFrame, labels: pl.DataFrame, config: SamplingConfig
) -> dict[str, Any]:
    count = part.cut.count
    seconds = (windows["end"] - windows["start"]).to_physical().to_numpy() / 1e6
    in_blocks = covered_events(part.blocks.first, part.blocks.count)
    in_windows = covered_events(part.cut.first, part.cut.count)
    described: dict[str, Any] = {
        "windows": len(windows),
        "days": len(part.days),
        "first_day": _day(part.days[0]) if len(part.days) else None,
        "last_day": _day(part.days[-1]) if len(part.days) else None,
        "day_list": [_day(d) for d in part.days],
        "events": in_blocks,
        "events_in_windows": in_windows,
        "events_in_no_window": in_blocks - in_windows,
        "mean_windows_per_event": float(count.sum() / in_windows) if in_windows else 0.0,
        "dropped_too_few_events": part.counts["too_few_events"],
        "left_out_same_events": part.counts["same_events"],
        "cut_for_max_events": part.counts["cut_for_max_events"],
        "events_per_window": _distribution(count, _EVENT_EDGES),
        "seconds_per_window": _distribution(seconds, _DURATION_EDGES_S),
        "labels": _counts(labels, "label"),
        "coarse_labels": _counts(labels, "coarse"),
    }
    if config.presegmented:
        described["segments"] = len(np.unique(part.blocks.segment))
        described["segments_without_window"] = len(np.setdiff1d(part.blocks.segment, part.segment))
    return described


def _annotation_counts(
    part: SplitWindows, placed: tuple[Ints, Ints, Ints], recording: Recording
) -> dict[str, int]:
    """Annotations that begin on the split's days, and how many of them share no event with a window."""
    _, first, count = placed
    mine = np.isin(recording.times[first] // DAY_US, part.days)
    covered = overlaps_any(first[mine], count[mine], part.cut.first, part.cut.count)
    return {"annotations": len(covered), "annotations_in_no_window": int((~covered).sum())}


def _distribution(values: NDArray[Any], edges: tuple[float, ...]) -> dict[str, Any]:
    """Quantiles, mean and a histogram; the last bin is open, so that every value is counted."""
    if not len(values):
        return {"mean": None, "quantiles": {}, "edges": list(edges), "histogram": [0] * len(edges)}
    bins = np.searchsorted(np.asarray(edges), values, side="right") - 1
    return {
        "mean": float(values.mean()),
        "quantiles": {
            f"{q:g}": float(v) for q, v in zip(_QUANTILES, np.quantile(values, _QUANTILES), strict=True)
        },
        "edges": list(edges),
        "histogram": np.bincount(np.maximum(bins, 0), minlength=len(edges)).tolist(),
    }


def _counts(labels: pl.DataFrame, column: str) -> dict[str, int]:
    table = labels.group_by(column).len().sort(["len", column], descending=[True, False])
    return dict(table.iter_rows())


def _left_out(recording: Recording) -> int:
    return recording.n_log - len(recording.times)


def _day(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(day))).isoformat()


def _time(us: int) -> str:
    return str(np.datetime64(us, "us")).replace("T", " ")
