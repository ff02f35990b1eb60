"""The one feature builder: every model input, in training, search, probing and display, is made here.

The whole event table becomes flat tensors once; a window is an offset and a length; a batch is
gathered on the device by index arithmetic. What depends on the window only (the first event has no
gap, time counts from its start) is derived in the gather. What depends on the sensor only (place,
description) is stored once per sensor and looked up by the event's sensor row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from discover.core.day_parts import DAY_PARTS, GAP_EDGES_S, WEEKDAYS, day_part_expr
from discover.core.errors import ConfigError, DataError
from discover.core.vocabulary import PAD, Vocabulary
from discover.core.window_set import WindowSet
from discover.encoders.config import EncoderConfig

# Shape letters: E events, S sensors, W windows, B batch, L events of the batch's longest window, F fields.

__all__ = ["EventFeatures", "WindowBatch", "build_event_features", "gather_batch", "gather_events"]

_US = 1_000_000
_DAY_US = 86_400 * _US


@dataclass(frozen=True)
class EventFeatures:
    """All events of one home or several as flat tensors, and the windows as slices of them.

    Homes lie one after the other, events and sensors alike; no sensor row is shared.

    Attributes:
        fields: Names of the F categorical fields.
        codes: Vocabulary ids, int32.
        sensor: Row of the event's sensor in the sensor tables, int64.
        time: Local wall clock in microseconds since 1970, int64.
        xy: Place on the floor plan in [0, 1], float32, 0 where unknown.
        has_xy: Whether the place is known, bool.
        sensor_text: Text embedding of the sensor's description, float32; None unless asked for.
        first: First event of each window after cutting to the longest length, int64.
        length: Events of each window, int64, on the CPU.
        home: Number of each window's home (W,), int64, on the CPU.
        home_events: First event of each home, and the number of all events, (H + 1,) int64, on the CPU.
        n_cut: Windows longer than the limit, whose central events were kept.
    """

    fields: tuple[str, ...]
    codes: Tensor
    sensor: Tensor
    time: Tensor
    xy: Tensor
    has_xy: Tensor
    sensor_text: Tensor | None
    first: Tensor
    length: Tensor
    home: Tensor
    home_events: Tensor
    n_cut: int

    def to(self, device: torch.device | str) -> "EventFeatures":
        """The same on another device; what batches are planned with stays on the CPU."""
        moved: dict[str, Any] = {
            f.name: value.to(device)
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), Tensor)
            and f.name not in ("length", "home", "home_events")
        }
        return replace(self, **moved)

    @property
    def n_windows(self) -> int:
        """Number of windows W."""
        return len(self.length)


@dataclass(frozen=True)
class WindowBatch:
    """B windows padded to the longest, L events. Padding is only ever read through `mask`.

    Attributes:
        codes: Vocabulary ids, int64, PAD (0) behind the end.
        sensor: Sensor rows, int64.
        gap_bucket: Codes into `core.day_parts.GAP_BUCKETS`, int64; 0 for a window's first event.
        log_gap: ln(1 + gap in s), float32; 0 for the first event.
        time_s: Seconds since the window's first event, float32.
        clock: Angle of the time of day in [0, 2 pi), float32.
        mask: True where there is an event.
        lengths: Events per window, (B,) int64 on the CPU.
        xy, has_xy, sensor_text: Sensor tables, as in `EventFeatures`.
        blackout: Optional bool: hide the event's place, gap and description (masked modelling).
    """

    codes: Tensor
    sensor: Tensor
    gap_bucket: Tensor
    log_gap: Tensor
    time_s: Tensor
    clock: Tensor
    mask: Tensor
    lengths: Tensor
    xy: Tensor
    has_xy: Tensor
    sensor_text: Tensor | None = None
    blackout: Tensor | None = None

    def to(self, device: torch.device) -> "WindowBatch":
        """The same on another device; window lengths stay on the CPU."""
        moved: dict[str, Any] = {
            f.name: (value.pin_memory() if device.type == "cuda" else value).to(device, non_blocking=True)
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), Tensor) and f.name != "lengths"
        }
        return replace(self, **moved)


def build_event_features(
    window_set: WindowSet,
    vocabulary: Vocabulary,
    config: EncoderConfig,
    *,
    sensor_texts: Mapping[str, NDArray[np.floating]] | None = None,
) -> EventFeatures:
    """Flat tensors of events of one home or several, coded with a vocabulary that may come from other homes.

    Args:
        window_set: Events, windows and homes. No label is in it.
        vocabulary: Values of the training split; anything else becomes UNK.
        config: Names the fields and the longest window.
        sensor_texts: By name of the home, one vector per sensor in its order, (S, T).

    Raises:
        ConfigError: A field asked for is not in the vocabulary, or sensor descriptions are missing.
        DataError: A window reaches outside the event table.
    """
    names = config.metadata.fields
    absent = [f for f in names if f not in vocabulary.values]
    if absent:
        raise ConfigError(
            f"The vocabulary has no field {', '.join(absent)} (it has {', '.join(vocabulary.values)}). "
            "Remove it from encoder.metadata.categorical_fields or sample the windows again."
        )
    if (config.metadata.sensor_tokens == "id") != (sensor_texts is None):
        raise ConfigError(
            f"encoder.metadata.sensor_tokens is '{config.metadata.sensor_tokens}', so vectors of sensor "
            f"descriptions must {'not ' if sensor_texts is not None else ''}be given."
        )
    first = torch.zeros(len(window_set.windows), dtype=torch.int64)
    length, home = torch.zeros_like(first), torch.zeros_like(first)
    parts: list[dict[str, Tensor]] = []
    n_cut = n_events = n_sensors = 0
    begins = [0]
    for number, (rows, part) in enumerate(window_set.by_home()):
        texts = None if sensor_texts is None else sensor_texts[part.home.name]
        tensors = _home_tensors(part, names, vocabulary, texts)
        tensors["sensor"] += n_sensors
        slices, lengths, over = _window_slices(part, config.max_seq_len)
        first[rows], length[rows], home[rows] = (
            torch.from_numpy(slices + n_events),
            torch.from_numpy(lengths),
            number,
        )
        n_cut += over
        n_events, n_sensors = n_events + len(tensors["codes"]), n_sensors + len(tensors["xy"])
        begins.append(n_events)
        parts.append(tensors)
    joined = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
    return EventFeatures(
        fields=names,
        sensor_text=joined.pop("sensor_text", None),
        **joined,
        first=first,
        length=length,
        home=home,
        home_events=torch.tensor(begins),
        n_cut=n_cut,
    )


def _home_tensors(
    window_set: WindowSet,
    names: tuple[str, ...],
    vocabulary: Vocabulary,
    sensor_texts: NDArray[np.floating] | None,
) -> dict[str, Tensor]:
    """Fields of `EventFeatures` that one home's events and sensors fill."""
    events = window_set.events
    sensors = _sensor_rows(window_set)
    sensor_E = events["sensor"].to_physical().to_numpy().astype(np.int64)
    columns = [_field_codes(f, window_set, sensors, sensor_E, vocabulary) for f in names]
    codes = np.stack(columns, axis=1) if columns else np.empty((len(events), 0), np.int32)
    known = sensors["x"].is_not_null().to_numpy()
    xy = sensors.select(pl.col("x", "y").fill_null(0.0)).to_numpy().astype(np.float32)
    tensors = {
        "codes": torch.from_numpy(codes),
        "sensor": torch.from_numpy(sensor_E),
        "time": torch.from_numpy(events["time"].to_physical().to_numpy().astype(np.int64)),
        "xy": torch.from_numpy(xy.reshape(-1, 2)),
        "has_xy": torch.from_numpy(known.astype(np.bool_)),
    }
    if sensor_texts is not None:
        tensors["sensor_text"] = torch.from_numpy(_align_texts(window_set, sensors, sensor_texts))
    return tensors


def gather_batch(features: EventFeatures, rows: Tensor) -> WindowBatch:
    """Windows `rows` (CPU int64) as one padded batch on the features' device, by index arithmetic."""
    lengths = features.length[rows]
    position, mask = _positions(lengths, features.codes.device)
    first = features.first[rows.to(features.codes.device)].unsqueeze(1)
    return gather_events(features, torch.where(mask, first + position, first), lengths)


def gather_events(
    features: EventFeatures,
    event_BL: Tensor,
    lengths: Tensor,
    *,
    clock_BL: Tensor | None = None,
    shift_us_BL: Tensor | None = None,
) -> WindowBatch:
    """A batch of freely chosen events, for windows that were changed (`gather_batch` is the plain case).

    Args:
        features: Where the events are.
        event_BL: Row of each event in the event table, any row behind a window's end, (B, L) int64.
        lengths: Events per window, (B,) on the CPU, each >= 1.
        clock_BL: Row whose time, day part and weekday the event takes, when not its own.
        shift_us_BL: Microseconds added to each event's time; an event that would overtake the next one
            waits for it, so the order stays.
    """
    position, mask = _positions(lengths, features.codes.device)
    clock = event_BL if clock_BL is None else clock_BL
    codes = features.codes[event_BL]
    if clock_BL is not None:
        when = [i for i, name in enumerate(features.fields) if name in ("tod_bucket", "dow_bucket")]
        codes[..., when] = features.codes[clock][..., when]
    time = features.time[clock]
    if shift_us_BL is not None:
        time = (time + shift_us_BL).cummax(1).values
    gap_s = torch.zeros(time.shape, device=time.device)
    gap_s[:, 1:] = (time[:, 1:] - time[:, :-1]).clamp(min=0).float() / _US
    gap_s = gap_s * mask
    edges = torch.tensor(GAP_EDGES_S, device=time.device)
    bucket = torch.bucketize(gap_s, edges, right=True) + 1
    return WindowBatch(
        codes=codes.long().masked_fill(~mask.unsqueeze(-1), PAD),
        sensor=features.sensor[event_BL],
        gap_bucket=bucket * ((position > 0) & mask),
        log_gap=torch.log1p(gap_s),
        time_s=(time - time[:, :1]).float() / _US * mask,
        clock=(time % _DAY_US).float() * (2 * torch.pi / _DAY_US),
        mask=mask,
        lengths=lengths,
        xy=features.xy,
        has_xy=features.has_xy,
        sensor_text=features.sensor_text,
    )


def _positions(lengths: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(int(lengths.max()) if len(lengths) else 1, 1)
    position = torch.arange(longest, device=device)
    return position, position < lengths.to(device).unsqueeze(1)


def _sensor_rows(window_set: WindowSet) -> pl.DataFrame:
    """One row per sensor code of the event table: sensor, type, room, object, x, y."""
    codes = pl.DataFrame({"sensor": _categories(window_set.events["sensor"])}, schema={"sensor": pl.String})
    return codes.join(window_set.home.sensor_table(), on="sensor", how="left", maintain_order="left")


def _categories(column: pl.Series) -> list[str]:
    """Values of an Enum column in order of code."""
    assert isinstance(column.dtype, pl.Enum)
    return list(column.dtype.categories)


def _field_codes(
    field: str,
    window_set: WindowSet,
    sensors: pl.DataFrame,
    sensor: NDArray[np.int64],
    vocabulary: Vocabulary,
) -> NDArray[np.int32]:
    """Ids of one field for all events: encode each distinct value once, then look up."""
    events = window_set.events
    of_sensor = {"sensor": "sensor", "room_id": "room", "sensor_type": "type", "sensor_detail": "object"}
    if field in of_sensor:
        values, index = sensors[of_sensor[field]].to_list(), sensor
    elif field == "state":
        values = _categories(events["state"])
        index = events["state"].to_physical().to_numpy().astype(np.int64)
    elif field == "tod_bucket":
        values = [part.name for part in DAY_PARTS]
        index = events.select(day_part_expr(pl.col("time"))).to_series().to_numpy().astype(np.int64)
    else:
        values = list(WEEKDAYS)
        index = events["time"].dt.weekday().to_numpy().astype(np.int64) - 1
    table = np.array(vocabulary.encode(field, values, home=window_set.home.name), dtype=np.int32)
    return table[index] if len(table) else np.empty(0, np.int32)


def _window_slices(window_set: WindowSet, longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    windows = window_set.windows
    first = windows["first_event"].to_numpy().astype(np.int64)
    length = windows["n_events"].to_numpy().astype(np.int64)
    if len(first) and (
        first.min() < 0 or (first + length).max() > len(window_set.events) or length.min() < 1
    ):
        raise DataError(
            "A window is empty or reaches outside the event table. The log was imported again since: "
            "run `discover sample` again."
        )
    over = np.maximum(length - longest, 0)
    return first + over // 2, length - over, int((over > 0).sum())


def _align_texts(
    window_set: WindowSet, sensors: pl.DataFrame, vectors: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Rows of `vectors` (order of the home's sensors) in the order of the event table's sensor codes."""
    row_of = {s.id: i for i, s in enumerate(window_set.home.sensors)}
    out = np.zeros((len(sensors), vectors.shape[1]), np.float32)
    rows = [(i, row_of[s]) for i, s in enumerate(sensors["sensor"].to_list()) if s in row_of]
    if rows:
        here, there = map(np.array, zip(*rows, strict=True))
        out[here] = vectors[there]
    return out
