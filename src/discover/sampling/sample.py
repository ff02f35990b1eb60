"""Step 1: cut a home's event log into windows, split by day, with ground truth set apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import write_json, write_text
from discover.core.day_parts import DAY_PARTS, GAP_BUCKETS, WEEKDAYS
from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.seeds import derive_seed
from discover.core.tables import ANNOTATION_WINDOWS, EVENTS, LABELS, SPLITS, WINDOWS
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import EventLog, write_home, write_table
from discover.sampling._ranges import expand_ranges
from discover.sampling.blocks import (
    Blocks,
    Recording,
    enum_values,
    find_blocks,
    open_recording,
    place_annotations,
    segment_blocks,
)
from discover.sampling.config import SamplingConfig
from discover.sampling.cuts import (
    Cut,
    cut_fixed_duration,
    cut_fixed_length,
    cut_variable_duration,
    keep_by_count,
)
from discover.sampling.density import LeastEvents, choose_least_events
from discover.sampling.labelling import label_windows, windows_of_annotations
from discover.sampling.splits import DAY_US, check_no_leakage, split_codes
from discover.sampling.statistics import SplitWindows, describe_sampling

__all__ = ["WINDOW_FILES", "SampledWindows", "active_days", "cut_windows", "sample_windows", "write_windows"]

Ints = NDArray[np.int64]

WINDOW_FILES = (
    "windows.parquet",
    "labels.parquet",
    "annotation_windows.parquet",
    "vocab.json",
    "statistics.json",
)
"""What `write_windows` always writes."""

# Temporary arrays of this size stay near the processor and are reused: 25 M events cut at once took
# 2.5 times as long and three times the memory.
_PORTION_EVENTS = 1_000_000
_PORTION_BLOCKS = 500


@dataclass(frozen=True)
class SampledWindows:
    """What one way of sampling made of one log.

    Attributes:
        windows: `core.tables.WINDOWS`; train first, then val, test; by first event within a split.
        labels: `core.tables.LABELS`, one row per window in the same order. For evaluation only.
        vocabulary: Values of the training windows' events.
        statistics: Plain JSON values: counts, distributions, what was dropped.
        annotation_windows: `core.tables.ANNOTATION_WINDOWS`. For evaluation only.
        events: Event table of the offsets when it is not the home's own (health sensors left out,
            per-resident streams); None otherwise.
    """

    windows: pl.DataFrame
    labels: pl.DataFrame
    vocabulary: Vocabulary
    statistics: dict[str, Any]
    annotation_windows: pl.DataFrame
    events: pl.DataFrame | None


def active_days(log: EventLog, config: SamplingConfig) -> list[date]:
    """Calendar days with events that windows may hold, in order."""
    times = open_recording(log.events, log.home, config).times
    found: list[date] = np.unique(times // DAY_US).astype("datetime64[D]").tolist()
    return found


def sample_windows(
    log: EventLog, config: SamplingConfig, days: Mapping[date, str] | None = None
) -> SampledWindows:
    """Cut a log into windows.

    Days are split first; a window never crosses a split, a calendar day, or a recording hole. Labels
    steer nothing unless `config.presegmented`.

    Args:
        log: The log.
        config: How windows are cut.
        days: Split of each active day (`extend_days`); None draws them by `config.split`.

    Raises:
        DataError: No events, too few days for the splits, no annotation to presegment by, or (a
            mistake of ours) an event in two splits.
    """
    if not len(log.events):
        raise DataError(f"The log of home {log.home.name} has no events, so there is nothing to sample.")
    recording = open_recording(log.events, log.home, config)
    if not len(recording.times):
        raise DataError(
            f"All {len(log.events):,} events of home {log.home.name} are of health sensors (is_activity: "
            "false). Correct the home's YAML or set include_health_sensors: true."
        )
    if config.presegmented and not len(log.annotations):
        raise DataError(
            f"Home {log.home.name} has no annotations, so {config.name} cannot cut inside segments. "
            "Use a sampling without _p."
        )
    config, least = _settle_least_events(recording, config, days)
    parts = cut_windows(recording, log.annotations, config, days)
    windows = _window_table(parts, recording, log.home, config)
    check_no_leakage(windows)
    segments = np.concatenate([p.segment for p in parts])
    placed = place_annotations(log.annotations, recording)
    labels = label_windows(windows, segments, log.annotations, placed, log.home)
    return SampledWindows(
        windows=windows,
        labels=labels,
        vocabulary=_training_vocabulary(parts[0].cut, recording.events, log.home),
        statistics=describe_sampling(parts, windows, labels, recording, log.home, config, placed, least),
        annotation_windows=windows_of_annotations(
            windows,
            log.annotations,
            placed,
            recording.times[placed[1]] // DAY_US,
            {part.split: part.days for part in parts},
        ),
        events=None if recording.original is None else recording.events,
    )


def cut_windows(
    recording: Recording,
    annotations: pl.DataFrame,
    config: SamplingConfig,
    fixed: Mapping[date, str] | None = None,
) -> tuple[SplitWindows, ...]:
    """Window offsets of each split, in the order of `core.tables.SPLITS`; no tables are made."""
    config, _ = _settle_least_events(recording, config, fixed)
    blocks = find_blocks(recording, config)
    days = np.unique(blocks.day)
    split_of_day = split_codes(days, config.split, fixed)
    if config.presegmented:
        blocks = segment_blocks(blocks, place_annotations(annotations, recording), recording.times)
    split_of_block = split_of_day[np.searchsorted(days, blocks.day)]
    return tuple(
        _cut_split(
            recording.times, blocks.select(split_of_block == code), name, days[split_of_day == code], config
        )
        for code, name in enumerate(SPLITS)
    )


def write_windows(folder: Path, sampled: SampledWindows, home: Home) -> list[Path]:
    """Write `WINDOW_FILES`; return their paths.

    When the windows have an event table of their own, `events.parquet` and `home.yaml` go beside them.
    """
    paths = [folder / name for name in WINDOW_FILES]
    write_table(paths[0], sampled.windows, WINDOWS)
    write_table(paths[1], sampled.labels, LABELS)
    write_table(paths[2], sampled.annotation_windows, ANNOTATION_WINDOWS)
    write_text(paths[3], sampled.vocabulary.to_json() + "\n")
    write_json(paths[4], sampled.statistics)
    if sampled.events is not None:
        paths += [folder / "events.parquet", folder / "home.yaml"]
        write_table(paths[5], sampled.events, EVENTS)
        write_home(paths[6], home)
    return paths


def _settle_least_events(
    recording: Recording, config: SamplingConfig, fixed: Mapping[date, str] | None
) -> tuple[SamplingConfig, LeastEvents | None]:
    """The config with a number in place of `min_events: auto`, and how it was found.

    Free-running windows decide for presegmented ones too, so that both hold the same kind of windows.
    """
    if config.min_events != "auto":
        return config, None
    blocks = find_blocks(recording, config)
    days = np.unique(blocks.day)
    training = split_codes(days, config.split, fixed)[np.searchsorted(days, blocks.day)] == 0
    settings = {"min_events": 1, "presegmented": False, "overlap_train": config.overlap_eval}
    part = _cut_split(
        recording.times, blocks.select(training), "train", days, config.model_copy(update=settings)
    )
    events = int(blocks.count[training].sum())
    least = choose_least_events(part.cut.first, part.cut.count, events)
    return config.model_copy(update={"min_events": least.used}), least


def _cut_split(times: Ints, blocks: Blocks, split: str, days: Ints, config: SamplingConfig) -> SplitWindows:
    """Cut one split's blocks, some at a time."""
    # Blocks with equal keys share one row of drawn durations: the blocks of a day do, segments do not.
    keys = np.arange(len(blocks.day)) if config.presegmented else blocks.day
    first, count, block, same = [], [], [], 0
    for begin, end in _portions(blocks.count):
        part = blocks.select(slice(begin, end))
        borders = np.concatenate([[0], np.cumsum(part.count)])
        base, rows = int(part.first[0]), None
        if np.array_equal(part.first[1:], part.first[:-1] + part.count[:-1]):
            own_times = times[base : base + int(borders[-1])]
        else:
            rows = expand_ranges(part.first, part.count)[1]
            own_times = times[rows]
        cut = _cut_blocks(own_times, borders, part.anchor_us, keys[begin:end], split, config)
        first.append(cut.first + base if rows is None else rows[cut.first])
        count.append(cut.count)
        block.append(np.searchsorted(borders, cut.first, side="right") - 1 + begin)
        same += cut.same_events
    none = np.empty(0, dtype=np.int64)
    made = Cut(np.concatenate([none, *first]), np.concatenate([none, *count]), same)
    assert isinstance(config.min_events, int)
    kept, owner, counts = keep_by_count(
        made, np.concatenate([none, *block]), config.min_events, config.max_events
    )
    return SplitWindows(split, kept, blocks.segment[owner], blocks, days, counts)


def _portions(count: Ints) -> Iterator[tuple[int, int]]:
    """Block ranges of about `_PORTION_EVENTS` events and at most `_PORTION_BLOCKS` blocks each."""
    events = np.cumsum(count) // _PORTION_EVENTS
    group = np.concatenate([[0], np.cumsum(np.diff(events) > 0)]) if len(count) else events
    begin = 0
    while begin < len(count):
        end = min(int(np.searchsorted(group, group[begin], side="right")), begin + _PORTION_BLOCKS)
        yield begin, end
        begin = end


def _cut_blocks(
    times: Ints, borders: Ints, anchors: Ints, keys: Ints, split: str, config: SamplingConfig
) -> Cut:
    overlap = config.overlap(split)
    if config.size is not None:
        stride = max(1, round(config.size * (1 - overlap)))
        return cut_fixed_length(borders, config.size, stride)
    if config.duration_s is not None:
        duration = round(config.duration_s * 1e6)
        stride = max(1, round(duration * (1 - overlap)))
        return cut_fixed_duration(times, borders, anchors, duration, stride)
    durations = np.rint(np.asarray(config.durations_s) * 1e6).astype(np.int64)
    weights = np.asarray(config.weights or np.ones(len(durations)), dtype=np.float64)
    return cut_variable_duration(
        times,
        borders,
        anchors,
        keys,
        durations=durations,
        cumulative=np.cumsum(weights / weights.sum()),
        overlap=overlap,
        seed=derive_seed(config.seed, "durations", config.name),
        span=DAY_US,
    )


def _window_table(
    parts: tuple[SplitWindows, ...], recording: Recording, home: Home, config: SamplingConfig
) -> pl.DataFrame:
    tables = []
    for part in parts:
        first, count = part.cut.first, part.cut.count
        tables.append(
            pl.DataFrame(
                {
                    "home": pl.repeat(home.name, len(first), dtype=pl.String, eager=True),
                    "split": pl.repeat(part.split, len(first), dtype=pl.Enum(SPLITS), eager=True),
                    "first_event": first,
                    "n_events": count.astype(np.int32),
                    "start": pl.Series(recording.times[first]).cast(pl.Datetime("us")),
                    "end": pl.Series(recording.times[first + count - 1]).cast(pl.Datetime("us")),
                }
            )
        )
    # By the time of the first event: a window keeps its id when days are added or splits are drawn anew.
    stamp = pl.lit(f"{home.name}_{config.name}_") + pl.col("start").dt.strftime("%Y%m%d_%H%M%S")
    again = pl.int_range(pl.len()).over(stamp)
    window_id = pl.when(again == 0).then(stamp).otherwise(pl.format("{}_{}", stamp, again))
    return pl.concat(tables).select(window_id.alias("window_id"), pl.all()).rechunk()


def _training_vocabulary(train: Cut, events: pl.DataFrame, home: Home) -> Vocabulary:
    """Values of the events in training windows; buckets of time are fixed tables, so all are in."""
    change = np.zeros(len(events) + 1, dtype=np.int32)
    np.add.at(change, train.first, 1)
    np.subtract.at(change, train.first + train.count, 1)
    inside = np.cumsum(change[:-1]) > 0
    seen = {}
    for column in ("sensor", "state"):
        codes = events[column].to_physical().to_numpy()
        names = enum_values(events[column])
        seen[column] = [names[c] for c in np.flatnonzero(np.bincount(codes[inside], minlength=len(names)))]
    known = {s.id: s for s in home.sensors}
    sensors = [known[s] if s in known else home.sensor(s) for s in seen["sensor"]]
    return Vocabulary.build(
        {
            "sensor": seen["sensor"],
            "state": seen["state"],
            "room_id": [s.room for s in sensors],
            "sensor_type": [s.type for s in sensors],
            "sensor_detail": [s.object for s in sensors if s.object is not None],
            "tod_bucket": [p.name for p in DAY_PARTS],
            "dow_bucket": list(WEEKDAYS),
            "time_delta_bucket": list(GAP_BUCKETS),
        }
    )
