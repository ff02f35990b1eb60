"""Blocks: the longest runs of events that a window may lie in.

A block ends where the calendar day ends, where the recording has a hole, where a silence is longer
than `max_gap_s`, and where one resident's stream ends. Presegmented sampling cuts blocks further
down to the annotated segments. Windows are then cut inside blocks only, so none can cross a border.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import Home
from discover.core.tables import EVENTS
from discover.sampling._ranges import expand_ranges
from discover.sampling.config import SamplingConfig
from discover.sampling.splits import DAY_US

__all__ = [
    "Blocks",
    "Recording",
    "enum_values",
    "find_blocks",
    "open_recording",
    "place_annotations",
    "segment_blocks",
]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Recording:
    """The events windows are cut from, N of them.

    Attributes:
        events: `core.tables.EVENTS`; the home's own table, or a filtered and stream-sorted one.
        times: (N,) int64 microseconds, rising within each stream.
        original: (N,) row of each event in the home's table; None when it is that table.
        stream_first: (S + 1,) borders of the streams; `[0, N]` when there is one.
        stream_names: S resident names; None for the one stream, or for events without a resident.
        hole_first: Rows of the home's table that follow a hole, sorted.
        holes_us: (H, 2) times of the last event before and the first after each hole.
        n_log: Events of the home's table.
    """

    events: pl.DataFrame
    times: Ints
    original: Ints | None
    stream_first: Ints
    stream_names: tuple[str | None, ...]
    hole_first: Ints
    holes_us: Ints
    n_log: int


@dataclass(frozen=True)
class Blocks:
    """B runs of events, in order of their first event.

    Attributes:
        first: (B,) first event.
        count: (B,) number of events, >= 1.
        day: (B,) days since 1970-01-01.
        anchor_us: (B,) time from which window borders are counted: midnight, or the segment's first event.
        segment: (B,) annotation row of a presegmented block, -1 otherwise.
    """

    first: Ints
    count: Ints
    day: Ints
    anchor_us: Ints
    segment: Ints

    def select(self, rows: NDArray[np.bool_] | slice) -> "Blocks":
        """Some of the blocks."""
        return Blocks(
            self.first[rows], self.count[rows], self.day[rows], self.anchor_us[rows], self.segment[rows]
        )


def open_recording(events: pl.DataFrame, home: Home, config: SamplingConfig) -> Recording:
    """Pick and order the events to cut, and find the holes of the recording.

    Holes are silences of the whole home, health sensors included: a battery report shows that the
    recorder ran.
    """
    all_times = _microseconds(events)
    hole_first = _hole_positions(all_times, round(config.hole_s * 1e6))
    holes_us = np.stack([all_times[hole_first - 1], all_times[hole_first]], axis=1)
    rows = _activity_rows(events, home) if not config.include_health_sensors else None
    by_resident = config.streams == "resident" and events["resident"].null_count() < len(events)
    if rows is None and not by_resident:
        return Recording(
            events, all_times, None, np.array([0, len(events)]), (None,), hole_first, holes_us, len(events)
        )
    original = np.arange(len(events)) if rows is None else rows
    names: tuple[str | None, ...] = (None,)
    borders = np.array([0, len(original)])
    if by_resident:
        original, names, borders = _by_resident(events, original)
    own = events[original].select(list(EVENTS)).rechunk()
    return Recording(own, all_times[original], original, borders, names, hole_first, holes_us, len(events))


def enum_values(column: pl.Series) -> list[str]:
    """Values of an Enum column's type; the physical codes index this list."""
    dtype = column.dtype
    assert isinstance(dtype, pl.Enum), f"column {column.name} is {dtype}, not Enum"
    return dtype.categories.to_list()


def find_blocks(recording: Recording, config: SamplingConfig) -> Blocks:
    """Cut the recording at days, holes, long silences and stream borders."""
    times, n = recording.times, len(recording.times)
    borders = [recording.stream_first[:-1]]
    for begin, end in zip(recording.stream_first[:-1], recording.stream_first[1:], strict=True):
        part = times[begin:end]
        if len(part):
            midnights = np.arange(part[0] // DAY_US + 1, part[-1] // DAY_US + 1) * DAY_US
            borders.append(begin + np.searchsorted(part, midnights))
        if recording.original is None:
            borders.append(recording.hole_first)
        else:
            borders.append(begin + np.searchsorted(recording.original[begin:end], recording.hole_first))
    if config.max_gap_s is not None:
        borders.append(np.flatnonzero(np.diff(times) > round(config.max_gap_s * 1e6)) + 1)
    first = np.unique(np.concatenate(borders)).astype(np.int64)
    first = first[first < n]
    count = np.diff(first, append=n)
    day = times[first] // DAY_US
    return Blocks(first, count, day, day * DAY_US, np.full(len(first), -1, dtype=np.int64))


def segment_blocks(blocks: Blocks, placed: tuple[Ints, Ints, Ints], times: Ints) -> Blocks:
    """The parts of blocks inside annotated segments, one per (segment, block) that meet.

    Segments may overlap; each is cut by itself. Window borders count from the part's first event.

    Args:
        blocks: A partition of all events.
        placed: (annotation row, first, count) of each segment, from `place_annotations`.
        times: (N,) microseconds.
    """
    row, seg_first, seg_count = placed
    seg_end = seg_first + seg_count
    low = np.searchsorted(blocks.first, seg_first, side="right") - 1
    high = np.searchsorted(blocks.first, seg_end, side="left")
    segment, block = expand_ranges(low, np.where(seg_count > 0, high - low, 0))
    first = np.maximum(seg_first[segment], blocks.first[block])
    count = np.minimum(seg_end[segment], blocks.first[block] + blocks.count[block]) - first
    order = np.lexsort((row[segment], count, first))
    first, count, block, segment = first[order], count[order], block[order], segment[order]
    return Blocks(first, count, blocks.day[block], times[first], row[segment])


def place_annotations(annotations: pl.DataFrame, recording: Recording) -> tuple[Ints, Ints, Ints]:
    """Where each annotation's events are in the recording.

    In per-resident streams an annotation that names a resident counts in that stream only; one
    without a resident counts in all.

    Returns:
        (annotation row, first, count), sorted by first; one entry per annotation and stream, empty
        ranges left out.
    """
    first = annotations["first_event"].to_numpy().astype(np.int64)
    end = first + annotations["n_events"].to_numpy()
    rows = np.arange(len(first), dtype=np.int64)
    if recording.original is None:
        found = [(rows, first, end - first)]
    else:
        resident = annotations["resident"].to_numpy()
        found = []
        for name, begin, stop in zip(
            recording.stream_names, recording.stream_first[:-1], recording.stream_first[1:], strict=True
        ):
            part = recording.original[begin:stop]
            low, high = np.searchsorted(part, first), np.searchsorted(part, end)
            several = len(recording.stream_names) > 1
            mine = np.array([r is None or r == name or not several for r in resident], dtype=bool)
            found.append((rows[mine], (begin + low)[mine], (high - low)[mine]))
    row, placed_first, count = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(placed_first, kind="stable")
    order = order[count[order] > 0]
    return row[order], placed_first[order], count[order]


def _microseconds(events: pl.DataFrame) -> Ints:
    return events["time"].to_physical().rechunk().to_numpy()


def _hole_positions(times: Ints, hole_us: int) -> Ints:
    if len(times) < 2:
        return np.empty(0, dtype=np.int64)
    if hole_us < DAY_US:
        return np.flatnonzero(np.diff(times) >= hole_us) + 1
    # A silence of a day or more contains a midnight, so only events next to one need a look:
    # days x log(N) steps instead of N.
    midnights = np.arange(times[0] // DAY_US + 1, times[-1] // DAY_US + 1) * DAY_US
    after = np.unique(np.searchsorted(times, midnights))
    return after[times[after] - times[after - 1] >= hole_us]


def _activity_rows(events: pl.DataFrame, home: Home) -> Ints | None:
    """Rows of events that windows may hold; None when that is every row."""
    health = {s.id for s in home.sensors if not s.is_activity}
    categories = enum_values(events["sensor"])
    is_health = np.array([c in health for c in categories], dtype=bool)
    if not is_health.any():
        return None
    drop = is_health[events["sensor"].to_physical().to_numpy()]
    return None if not drop.any() else np.flatnonzero(~drop)


def _by_resident(events: pl.DataFrame, rows: Ints) -> tuple[Ints, tuple[str | None, ...], Ints]:
    residents = events["resident"].gather(rows)
    # Events without a resident come first, as a stream of their own.
    names = sorted(residents.drop_nulls().unique().to_list())
    codes = residents.replace_strict(names, list(range(1, len(names) + 1)), default=0, return_dtype=pl.Int32)
    code = codes.to_numpy()
    order = np.argsort(code, kind="stable")
    counts = np.bincount(code, minlength=len(names) + 1)
    streams: tuple[str | None, ...] = (None, *names)
    keep = counts > 0
    borders = np.concatenate([[0], np.cumsum(counts[keep])])
    return rows[order], tuple(s for s, k in zip(streams, keep, strict=True) if k), borders
