"""Write windows as discover-v2's `train.json`, `val.json`, `test.json` and `vocab.json`."""

import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.day_parts import DAY_PARTS, GAP_BUCKETS, WEEKDAYS, day_part_codes, gap_bucket_codes
from discover.core.errors import JoinError
from discover.core.home import NO_ACTIVITY, Home
from discover.core.tables import SPLITS
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import WindowSet
from discover.interop.captions import write_v2_vocabulary

__all__ = ["write_v2_windows"]

Ints = NDArray[np.int64]
_CHUNK_WINDOWS = 2_000


def write_v2_windows(
    folder: Path,
    window_set: WindowSet,
    labels: pl.DataFrame | None = None,
    annotations: pl.DataFrame | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    strategy: str = "fixed_duration",
    parameters: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write one file per split that has windows, and `vocab.json`; return their paths.

    Args:
        folder: Where to.
        window_set: Windows with events and home.
        labels: `core.tables.LABELS` of these windows; None writes `no_activity`.
        annotations: `core.tables.ANNOTATIONS` whose offsets point into `window_set.events`; each event
            then carries the shortest annotation it lies in.
        vocabulary: Written as `vocab.json` when given.
        strategy: discover-v2's name of the sampling, for the head of the files.
        parameters: Its parameters, for the head of the files.

    Raises:
        JoinError: A window has no row in `labels`.
    """
    truth = _truth_rows(window_set, labels)
    activity = _event_activity(window_set, annotations)
    events = _EventText(window_set, activity)
    paths = []
    for split in SPLITS:
        rows = np.flatnonzero((window_set.windows["split"] == split).to_numpy())
        if not len(rows):
            continue
        head: dict[str, Any] = {
            "dataset": window_set.home.name,
            "sampling_strategy": strategy,
            "sampling_params": dict(parameters or {}),
            "split": split,
        }
        if window_set.home.floor_plan is not None:
            # Not discover-v2's: without the plan's size, x and y could not be normalised on reading.
            head["floor_plan_width"] = window_set.home.floor_plan.width
            head["floor_plan_height"] = window_set.home.floor_plan.height
        path = folder / f"{split}.json"
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "samples": [\n')
            for begin in range(0, len(rows), _CHUNK_WINDOWS):
                _write_samples(
                    stream, window_set, rows[begin : begin + _CHUNK_WINDOWS], events, truth, begin == 0
                )
            counts = window_set.windows["n_events"].gather(rows)
            statistics = {"num_samples": len(rows), "avg_events_per_sample": counts.mean()}
            stream.write('\n], "statistics": ' + json.dumps(statistics) + "}\n")
        paths.append(path)
    if vocabulary is not None:
        paths.append(write_v2_vocabulary(folder / "vocab.json", vocabulary))
    return paths


class _EventText:
    """JSON text of events, made of a few ready pieces per sensor, state and bucket."""

    def __init__(self, window_set: WindowSet, activity: tuple[NDArray[np.intp], list[str]]) -> None:
        events, home = window_set.events, window_set.home
        self.times = events["time"].to_physical().rechunk().to_numpy()
        sensors = events["sensor"].dtype.categories.to_list()  # type: ignore[attr-defined]
        self.sensor_text = pl.Series([_sensor_text(s, home) for s in sensors], dtype=pl.String)
        self.sensor_codes = events["sensor"].to_physical().cast(pl.UInt32)
        self.rooms = [home.sensor(s).room for s in sensors]
        self.events = events
        self.activity_codes = pl.Series(activity[0], dtype=pl.UInt32)
        self.activity_text = pl.Series(
            [
                f', "activity_l1": {_quoted(a)}, "activity_l2": '
                f"{_quoted(NO_ACTIVITY if a == NO_ACTIVITY else home.coarse_of(a))}"
                for a in activity[1]
            ]
        )

    def of_rows(self, rows: Ints, is_first: NDArray[np.bool_]) -> pl.Series:
        """One JSON object per event row; the first event of a window has no gap."""
        gap_s = np.diff(self.times[rows], prepend=0) / 1e6
        gap_s[is_first] = np.nan
        part = self.events[rows]
        time = part["time"]
        pieces = [
            "{" + self.sensor_text.gather(self.sensor_codes.gather(rows)),
            _state_text(part),
            ', "timestamp": "' + time.dt.strftime("%Y-%m-%d %H:%M:%S%.6f") + '"',
            self.activity_text.gather(self.activity_codes.gather(rows)),
            _bucket_text(
                "tod_bucket", [p.name for p in DAY_PARTS], day_part_codes(time.dt.hour().to_numpy())
            ),
            _bucket_text("dow_bucket", WEEKDAYS, time.dt.weekday().to_numpy() - 1),
            _bucket_text("time_delta_bucket", GAP_BUCKETS, gap_bucket_codes(gap_s)),
            _resident_text(part["resident"]) + "}",
        ]
        named = [piece.alias(str(i)) for i, piece in enumerate(pieces)]
        return pl.DataFrame(named).select(pl.concat_str(pl.all()).alias("text"))["text"]


def _write_samples(
    stream: TextIO,
    window_set: WindowSet,
    rows: NDArray[np.intp],
    events: _EventText,
    truth: list[dict[str, Any]],
    is_first_chunk: bool,
) -> None:
    windows = window_set.windows[rows]
    first, count = windows["first_event"].to_numpy(), windows["n_events"].to_numpy().astype(np.int64)
    begins = np.cumsum(count) - count
    members = np.arange(int(count.sum())) + np.repeat(first - begins, count)
    is_first = np.zeros(len(members), dtype=bool)
    is_first[begins] = True
    text = events.of_rows(members, is_first)
    sequences = (
        pl.DataFrame({"window": np.repeat(np.arange(len(rows)), count), "text": text})
        .group_by("window", maintain_order=True)
        .agg(pl.col("text").str.join(", "))["text"]
    )
    codes = events.sensor_codes.gather(members).to_numpy()
    lines = []
    for i, (row, sequence) in enumerate(zip(windows.iter_rows(named=True), sequences, strict=True)):
        rooms = [events.rooms[c] for c in codes[begins[i] : begins[i] + count[i]]]
        metadata = json.dumps(_metadata(row, rooms, truth[int(rows[i])]), ensure_ascii=False)
        name = _quoted(row["window_id"])
        lines.append(f'{{"sample_id": {name}, "sensor_sequence": [{sequence}], "metadata": {metadata}}}')
    stream.write(("" if is_first_chunk else ",\n") + ",\n".join(lines))


def _metadata(row: dict[str, Any], rooms: list[str], truth: dict[str, Any]) -> dict[str, Any]:
    segment = truth["segment"]
    metadata = {
        "window_id": row["first_event"],
        "start_time": str(row["start"]),
        "end_time": str(row["end"]),
        "duration_seconds": (row["end"] - row["start"]).total_seconds(),
        "num_events": row["n_events"],
        "rooms_visited": list(dict.fromkeys(rooms)),
        "primary_room": Counter(rooms).most_common(1)[0][0],
        "room_transitions": sum(a != b for a, b in pairwise(rooms)),
        "ground_truth_labels": {
            "primary_l1": truth["label"],
            "primary_l2": truth["coarse"],
            "all_labels_l1": truth["all_labels"],
            "all_labels_l2": truth["all_coarse"],
            "label_distribution": {truth["label"]: float(f"{truth['share']:.9g}")},
        },
        "presegmented": segment is not None,
        "special_sensors": {},
    }
    return metadata if segment is None else {**metadata, "segment": segment}


def _truth_rows(window_set: WindowSet, labels: pl.DataFrame | None) -> list[dict[str, Any]]:
    ids = window_set.windows["window_id"]
    if labels is None:
        blank = {"label": NO_ACTIVITY, "coarse": NO_ACTIVITY, "share": 0.0, "all_labels": [], "segment": None}
        return [{**blank, "all_coarse": []}] * len(ids)
    joined = ids.to_frame().join(labels, on="window_id", how="left", maintain_order="left")
    missing = joined["label"].null_count()
    if missing:
        raise JoinError(f"{missing:,} of {len(ids):,} windows have no label row. Sample the windows again.")
    coarse = {a: window_set.home.coarse_of(a) for a in labels["all_labels"].explode().drop_nulls().unique()}
    return [
        {**row, "all_coarse": list(dict.fromkeys(coarse[a] for a in row["all_labels"]))}
        for row in joined.iter_rows(named=True)
    ]


def _event_activity(
    window_set: WindowSet, annotations: pl.DataFrame | None
) -> tuple[NDArray[np.intp], list[str]]:
    codes = np.zeros(len(window_set.events), dtype=np.intp)
    names = [NO_ACTIVITY]
    if annotations is None:
        return codes, names
    names += sorted(set(annotations["activity"].to_list()) - {NO_ACTIVITY})
    # Longest first, so that the shortest annotation over an event is painted last.
    for activity, first, n in (
        annotations.sort("n_events", descending=True, maintain_order=True)
        .select("activity", "first_event", "n_events")
        .iter_rows()
    ):
        codes[first : first + n] = names.index(activity)
    return codes, names


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _sensor_text(sensor_id: str, home: Home) -> str:
    sensor = home.sensor(sensor_id)
    fields: dict[str, Any] = {"sensor_id": sensor.id, "room": sensor.room, "sensor_type": sensor.type}
    if sensor.object is not None:
        fields["sensor_detail"] = sensor.object
    if sensor.x is not None:
        fields |= {"x": sensor.x, "y": sensor.y}
    return json.dumps(fields, ensure_ascii=False)[1:-1]


def _state_text(part: pl.DataFrame) -> pl.Series:
    names = part["state"].dtype.categories.to_list()  # type: ignore[attr-defined]
    by_state = pl.Series([_quoted(n) for n in names], dtype=pl.String).gather(
        part["state"].to_physical().cast(pl.UInt32)
    )
    numbers = pl.Series([None if v is None else f'"{v!r}"' for v in part["value"]], dtype=pl.String)
    return ', "event_type": ' + numbers.fill_null(by_state)


def _bucket_text(name: str, values: Any, codes: NDArray[Any]) -> pl.Series:
    text = pl.Series([f', "{name}": "{value}"' for value in values])
    return text.gather(pl.Series(codes.astype(np.uint32)))


def _resident_text(resident: pl.Series) -> pl.Series:
    if resident.null_count() == len(resident):
        return pl.repeat("", len(resident), eager=True)
    names = resident.drop_nulls().unique().to_list()
    return resident.replace_strict(
        names, [f', "resident_info": {_quoted(n)}' for n in names], default="", return_dtype=pl.String
    ).fill_null("")
