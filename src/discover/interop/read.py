"""Read discover-v2's sampled windows (`train.json`) as a stream, into one event table and offsets."""

import json
import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import ArtifactError, DataError
from discover.core.home import NO_ACTIVITY, UNKNOWN_ROOM, FloorPlan, Home, Sensor, SensorType
from discover.core.tables import LABELS, SPLITS, WINDOWS
from discover.core.window_set import WindowSet
from discover.interop.merge import merge_windows
from discover.interop.stream import head_values, stream_items

__all__ = ["V2Windows", "read_v2_windows"]

Ints = NDArray[np.int64]

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_NO_LABEL = {"", "no_activity", "none", "null"}
_FLUSH_EVENTS = 200_000


@dataclass(frozen=True)
class V2Windows:
    """Windows of discover-v2's files, with their ground truth set apart.

    Attributes:
        window_set: Window ids are the files' sample ids. `line` is 0: the files do not carry it.
        labels: `core.tables.LABELS`, for evaluation only; in the windows' order.
    """

    window_set: WindowSet
    labels: pl.DataFrame


@dataclass
class _Samples:
    """What was read so far, column by column."""

    ids: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    counts: "array[int]" = field(default_factory=lambda: array("q"))
    truth: list[dict[str, Any]] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    times: list[Ints] = field(default_factory=list)
    kinds: "array[int]" = field(default_factory=lambda: array("q"))
    kind_codes: dict[tuple[str, str, str | None], int] = field(default_factory=dict)
    sensors: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_v2_windows(path: Path | str, home: Home | None = None) -> V2Windows:
    """Read one split's file, or every split in a folder.

    Events that overlapping windows repeat are merged back into one table, so that windows are
    offsets again: a window whose first events equal the tail of the table (time, sensor, state,
    resident) continues it.

    Args:
        path: `train.json`, `val.json` or `test.json`, or the folder that holds them.
        home: Facts that win over what the file says; its labels' raw spellings are applied. None:
            a home made from the file.

    Raises:
        ArtifactError: No such file.
        DataError: Damaged JSON (with its position), or a sample without id, events or readable times.
    """
    path = Path(path)
    files = [path]
    if path.is_dir():
        files = [path / f"{s}.json" for s in SPLITS if (path / f"{s}.json").is_file()]
        if not files:
            raise ArtifactError(f"No train.json, val.json or test.json in {path}. Correct the path.")
    samples = _Samples()
    head: dict[str, Any] = {}
    for file in files:
        head = head_values(file, "samples")
        _read_file(file, str(head.get("split") or file.stem), samples)
    if not samples.ids:
        raise DataError(f"{path} holds no sample. Sample the windows again with fewer minimum events.")
    repeated = len(samples.ids) - len(set(samples.ids))
    if repeated:
        raise DataError(f"{path}: {repeated:,} sample ids occur twice; captions could not be joined to them.")
    home = _complete_home(home, samples, head)
    return _assemble(samples, home)


def _read_file(path: Path, split: str, samples: _Samples) -> None:
    split = {"validation": "val", "valid": "val", "dev": "val"}.get(split, split)
    if split not in SPLITS:
        raise DataError(
            f"{path}: split '{split}' is none of {', '.join(SPLITS)}. Name the file after its split."
        )
    for number, sample in enumerate(stream_items(path, "samples")):
        where = f"{path}: sample {number}"
        sequence = sample.get("sensor_sequence")
        name = sample.get("sample_id")
        if not isinstance(name, str) or not name:
            raise DataError(f"{where} has no sample_id. Write the file again.")
        if not isinstance(sequence, list) or not sequence:
            raise DataError(f"{where} ({name}) has no events in sensor_sequence. Write the file again.")
        samples.ids.append(name)
        samples.splits.append(split)
        samples.counts.append(len(sequence))
        samples.truth.append(_truth(sample.get("metadata") or {}))
        for event in sequence:
            try:
                _add_event(event, samples)
            except (KeyError, AttributeError, TypeError) as error:
                raise DataError(
                    f"{where} ({name}) has an event without a sensor, a state or a timestamp: "
                    f"{json.dumps(event, default=str)[:200]}. Write the file again."
                ) from error
        if len(samples.stamps) >= _FLUSH_EVENTS:
            _flush(samples, path)
    _flush(samples, path)


def _add_event(event: dict[str, Any], samples: _Samples) -> None:
    """Take one event; older files name the fields sensor, state and room_id."""
    sensor = event["sensor_id"] if "sensor_id" in event else event["sensor"]
    state = event["event_type"] if "event_type" in event else event["state"]
    resident = event.get("resident_info")
    if sensor is None or state is None:
        raise KeyError("sensor")
    if resident is not None and not isinstance(resident, str):
        resident = json.dumps(resident, sort_keys=True)
    samples.stamps.append(str(event["timestamp"]))
    kind = (str(sensor), str(state), resident or None)
    samples.kinds.append(samples.kind_codes.setdefault(kind, len(samples.kind_codes)))
    if kind[0] not in samples.sensors:
        room = event.get("room") or event.get("room_id")
        samples.sensors[kind[0]] = {
            "room": room,
            "type": event.get("sensor_type"),
            "object": event.get("sensor_detail"),
            "x": event.get("x"),
            "y": event.get("y"),
        }


def _truth(metadata: dict[str, Any]) -> dict[str, Any]:
    truth = metadata.get("ground_truth_labels") or {}
    return {
        "label": truth.get("primary_l1"),
        "coarse": truth.get("primary_l2"),
        "all": truth.get("all_labels_l1") or [],
        "distribution": truth.get("label_distribution") or {},
        "segment": metadata.get("segment"),
    }


def _flush(samples: _Samples, path: Path) -> None:
    """Turn collected time stamps into numbers, in portions, so that text never piles up."""
    if not samples.stamps:
        return
    text = pl.Series(samples.stamps).str.strip_chars().str.replace("T", " ", literal=True)
    times = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    if times.null_count():
        bad = text.filter(times.is_null())
        raise DataError(
            f"{path}: {len(bad):,} time stamps cannot be read (first: '{bad[0]}'). "
            "They must look like 2009-06-15 17:07:52.312001; the fraction may be absent."
        )
    samples.times.append(times.to_physical().to_numpy().copy())
    samples.stamps = []


def _complete_home(home: Home | None, samples: _Samples, head: dict[str, Any]) -> Home:
    known = {s.id: s for s in home.sensors} if home is not None else {}
    xs = [float(f["x"]) for f in samples.sensors.values() if f["x"] is not None and f["y"] is not None]
    ys = [float(f["y"]) for f in samples.sensors.values() if f["x"] is not None and f["y"] is not None]
    use_positions = home is None and bool(xs) and min(*xs, *ys, 0.0) >= 0
    for name, facts in samples.sensors.items():
        if name in known:
            continue
        placed = use_positions and facts["x"] is not None and facts["y"] is not None
        known[name] = Sensor(
            id=name,
            type=_sensor_type(str(facts["type"] or "")),
            room=str(facts["room"] or UNKNOWN_ROOM),
            object=str(facts["object"]) if facts["object"] else None,
            x=float(facts["x"]) if placed else None,
            y=float(facts["y"]) if placed else None,
        )
    sensors = tuple(known[name] for name in sorted(known))
    if home is not None:
        return home.model_copy(update={"sensors": sensors})
    plan = None
    if use_positions:
        # discover-v2 gives no plan size: the furthest sensor sets it, or 1 where positions are normalised.
        width, height = head.get("floor_plan_width", 1.0), head.get("floor_plan_height", 1.0)
        plan = FloorPlan(width=max(*xs, width), height=max(*ys, height))
    dataset = str(head.get("dataset") or re.split("_(?:train|val|test)_", samples.ids[0])[0])
    slug = re.sub(r"[^a-z0-9_.\-]+", "_", dataset.lower()).strip("_.-") or "v2"
    return Home(name=slug, family="casas", floor_plan=plan, sensors=sensors, source="discover-v2's files")


def _sensor_type(text: str) -> SensorType:
    word = text.strip().lower().removesuffix("_sensor").removesuffix(" sensor")
    found: SensorType = word if word in get_args(SensorType) else "unknown"  # type: ignore[assignment]
    return found


def _assemble(samples: _Samples, home: Home) -> V2Windows:
    times, kinds = np.concatenate(samples.times), np.asarray(samples.kinds, dtype=np.int64)
    counts = np.asarray(samples.counts, dtype=np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((times, owner))
    times, kinds = times[order], kinds[order]
    residents = [kind[2] or "" for kind in samples.kind_codes]
    rank = np.unique(residents, return_inverse=True)[1]
    first, table_times, table_kinds = merge_windows(times, kinds, counts, rank)
    windows = pl.DataFrame(
        {
            "window_id": samples.ids,
            "home": [home.name] * len(counts),
            "split": pl.Series(samples.splits, dtype=pl.Enum(SPLITS)),
            "first_event": first,
            "n_events": counts.astype(np.int32),
            "start": pl.Series(table_times[first]).cast(pl.Datetime("us")),
            "end": pl.Series(table_times[first + counts - 1]).cast(pl.Datetime("us")),
        },
    ).select(list(WINDOWS))
    events = _event_table(table_times, table_kinds, list(samples.kind_codes), home)
    return V2Windows(WindowSet.of(home, events, windows), _label_table(samples, home))


def _event_table(
    times: Ints, kinds: Ints, kind_list: list[tuple[str, str, str | None]], home: Home
) -> pl.DataFrame:
    numeric = [_NUMBER.fullmatch(state) is not None for _, state, _ in kind_list]
    states = ["VALUE" if n else state for n, (_, state, _) in zip(numeric, kind_list, strict=True)]
    values = [float(state) if n else None for n, (_, state, _) in zip(numeric, kind_list, strict=True)]
    facts = pl.DataFrame(
        {
            "sensor": pl.Series([k[0] for k in kind_list], dtype=pl.Enum([s.id for s in home.sensors])),
            "state": pl.Series(states, dtype=pl.Enum(sorted(set(states)))),
            "value": pl.Series(values, dtype=pl.Float64),
            "resident": pl.Series([k[2] for k in kind_list], dtype=pl.String),
        }
    )
    return facts[kinds].select(
        pl.Series("time", times).cast(pl.Datetime("us")),
        "sensor",
        "state",
        "value",
        "resident",
        pl.lit(0, dtype=pl.UInt32).alias("line"),
    )


def _label_table(samples: _Samples, home: Home) -> pl.DataFrame:
    rows = []
    for name, truth in zip(samples.ids, samples.truth, strict=True):
        raw = str(truth["label"] or "")
        label = NO_ACTIVITY if raw.lower() in _NO_LABEL else home.label_of(raw)
        spread = {str(k): float(v) for k, v in truth["distribution"].items()}
        # Shares and event counts both occur; shares of overlapping annotations may add up to more than 1.
        total = 1.0 if all(v <= 1 for v in spread.values()) else sum(spread.values())
        best = spread.get(raw, max(spread.values(), default=0.0))
        coarse = str(truth["coarse"] or "") or home.coarse_of(label)
        every = [home.label_of(str(a)) for a in truth["all"] if str(a).lower() not in _NO_LABEL]
        rows.append(
            {
                "window_id": name,
                "label": label,
                "coarse": NO_ACTIVITY if label == NO_ACTIVITY else coarse,
                "share": best / total if total else 0.0,
                "all_labels": list(dict.fromkeys(every)),
                "segment": truth["segment"],
            }
        )
    return pl.DataFrame(rows, schema=dict(LABELS))  # type: ignore[arg-type]
