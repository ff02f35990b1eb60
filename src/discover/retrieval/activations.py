"""The activations of windows: which sensors a person triggers in each window, and in what order.

An *activation* is an event that a person causes and that is no end: motion that starts, a door that opens, an
item that is taken (`core.event_semantics`). Its counterpart (a door that closes) is no activation but also
shows a person, so a place is *untouched* only without both. Thermometers and batteries have neither.

The table is sparse, one entry per sensor and window with an event, ordered by sensor: a query about the
kitchen reads only the entries of its sensors. 100,000 windows of five sensors each take 7 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.reading import read_npz, taken_apart

__all__ = ["MAX_POSITION", "NO_SENSOR", "Activations", "read_activations", "write_activations"]

# Shape letters: W windows, S sensors of the event table, E entries (pairs of a sensor and a window).

NO_SENSOR = -1
"""Code of the first and last sensor of a window without an activation."""

_PER_ENTRY = ("window", "begins", "ends", "first_at", "last_at")
_PER_WINDOW = (
    "first_sensor", "last_sensor", "n_activations", "duration_s", "pause_s", "before_s", "after_s", "n_rooms",
    "n_moves", "stay_s",
)  # fmt: skip
_DTYPES: Mapping[str, type[np.generic]] = {
    "offset": np.int64,
    "window": np.int32,
    "begins": np.int16,
    "ends": np.int16,
    "first_at": np.int16,
    "last_at": np.int16,
    "first_sensor": np.int16,
    "last_sensor": np.int16,
    "n_activations": np.int32,
    "duration_s": np.float32,
    "pause_s": np.float32,
    "before_s": np.float32,
    "after_s": np.float32,
    "n_rooms": np.int16,
    "n_moves": np.int16,
    "stay_s": np.float32,
}

_NAMES = tuple(_DTYPES)

_FORMER = {"n_signs": "n_activations"}

MAX_POSITION = int(np.iinfo(np.int16).max)
"""Larger positions are stored as this one."""


@dataclass(frozen=True)
class Activations:
    """Activations of W windows, by sensor.

    Attributes:
        sensors: (S,) ids, in the order of their codes.
        offset: (S + 1,) int64: entries of sensor s are [offset[s], offset[s + 1]).
        window: (E,) int32 row of the window, ascending within a sensor.
        begins: (E,) int16 number of activations.
        ends: (E,) int16 number of ends that a person causes or that follow a person's presence.
        first_at, last_at: (E,) int16 position of the sensor's first and last activation among those of the
            window; -1 for none.
        first_sensor, last_sensor: (W,) int16 sensor of the first and last activation, or `NO_SENSOR`.
        n_activations: (W,) int32.
        duration_s: (W,) float32 seconds from the first to the last event.
        pause_s: (W,) float32 longest silence between two events, in seconds.
        before_s, after_s: (W,) float32 seconds from the previous activation to the first event, and from the
            last event to the next activation; infinite at the ends of the log.
        n_rooms: (W,) int16 number of different rooms with an activation.
        n_moves: (W,) int16 changes of room from one activation to the next.
        stay_s: (W,) float32 seconds of the longest unbroken run of activations in one room that the window
            has a part in; the run may begin before the window and end after it.
    """

    sensors: tuple[str, ...]
    offset: NDArray[np.int64]
    window: NDArray[np.int32]
    begins: NDArray[np.int16]
    ends: NDArray[np.int16]
    first_at: NDArray[np.int16]
    last_at: NDArray[np.int16]
    first_sensor: NDArray[np.int16]
    last_sensor: NDArray[np.int16]
    n_activations: NDArray[np.int32]
    duration_s: NDArray[np.float32]
    pause_s: NDArray[np.float32]
    before_s: NDArray[np.float32]
    after_s: NDArray[np.float32]
    n_rooms: NDArray[np.int16]
    n_moves: NDArray[np.int16]
    stay_s: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.n_activations)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.sensors)}

    def codes(self, sensors: Sequence[str]) -> NDArray[np.int64]:
        """Sorted int64 codes of those sensors that the event table has."""
        return np.array(sorted({self._codes[s] for s in sensors if s in self._codes}), dtype=np.int64)

    def count(self, sensors: Sequence[str], *, ends: bool = False) -> NDArray[np.int32]:
        """(W,) int32 number of activations of some sensors, or of their ends."""
        total = np.zeros(len(self), dtype=np.int32)
        values = self.ends if ends else self.begins
        for code in self.codes(sensors):
            span = slice(self.offset[code], self.offset[code + 1])
            total[self.window[span]] += values[span]  # a window has one entry per sensor
        return total

    def share(self, sensors: Sequence[str]) -> NDArray[np.float32]:
        """(W,) float32 share of a window's activations that come from some sensors; 0 without any."""
        part = self.count(sensors) / np.maximum(self.n_activations, 1)
        return part.astype(np.float32)

    def positions(self, sensors: Sequence[str], *, last: bool = False) -> NDArray[np.int16]:
        """(W,) int16 position of the first activation of some sensors; `MAX_POSITION` without one.

        With `last`, of the last activation; -1 without one.
        """
        position = np.full(len(self), -1 if last else MAX_POSITION, dtype=np.int16)
        for code in self.codes(sensors):
            span = slice(self.offset[code], self.offset[code + 1])
            rows, found = self.window[span], (self.last_at if last else self.first_at)[span]
            if last:
                position[rows] = np.maximum(position[rows], found)
            else:
                position[rows] = np.minimum(position[rows], np.where(found < 0, MAX_POSITION, found))
        return position

    def in_order(self, before: Sequence[str], after: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether an activation of `after` follows one of `before`."""
        return self.positions(before) < self.positions(after, last=True)

    def starts_with(self, sensors: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether the first activation comes from one of the sensors."""
        return self._among(self.first_sensor, sensors)

    def ends_with(self, sensors: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether the last activation comes from one of the sensors."""
        return self._among(self.last_sensor, sensors)

    def _among(self, code: NDArray[np.int16], sensors: Sequence[str]) -> NDArray[np.bool_]:
        table = np.zeros(len(self.sensors) + 1, dtype=bool)
        table[self.codes(sensors)] = True
        found: NDArray[np.bool_] = table[code]  # NO_SENSOR (-1) reads the last row, which is False
        return found

    @cached_property
    def duration_quantiles(self) -> tuple[float, float, float]:
        """Quantiles 0.1, 0.5 and 0.75 of the durations, in seconds."""
        if not len(self):
            return 0.0, 0.0, 0.0
        low, middle, high = np.quantile(self.duration_s, [0.1, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @cached_property
    def longest_s(self) -> float:
        """Duration of the longest window, in seconds."""
        return float(self.duration_s.max(initial=0))

    @cached_property
    def few_activations(self) -> float:
        """First quartile of the number of activations."""
        return float(np.quantile(self.n_activations, 0.25)) if len(self) else 0.0


def write_activations(path: Path, activations: Mapping[str, Activations]) -> None:
    """Write the activations of each home as NPZ; columns of several homes begin with the home's number."""
    several = len(activations) > 1
    arrays: dict[str, NDArray[Any]] = {"homes": np.array(list(activations))} if several else {}
    for number, table in enumerate(activations.values()):
        prefix = f"{number}." if several else ""
        arrays[f"{prefix}sensors"] = np.array(table.sensors, dtype=np.str_)
        arrays |= {f"{prefix}{name}": getattr(table, name) for name in _NAMES}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_activations(path: Path, home: str) -> dict[str, Activations]:
    """Read what `write_activations` wrote, now or under the former names of its columns.

    Args:
        path: The NPZ.
        home: Name of the home where there is one; a file of several names them.

    Raises:
        ArtifactError: The file is damaged, or its columns do not fit together.
    """
    archive: dict[str, NDArray[Any]] = {_FORMER.get(name, name): a for name, a in read_npz(path).items()}
    with taken_apart(path):
        if "homes" not in archive:
            return {home: _table(archive, "")}
        names = [str(name) for name in archive["homes"].tolist()]
        return {name: _table(archive, f"{number}.") for number, name in enumerate(names)}


def _table(archive: Mapping[str, NDArray[Any]], prefix: str) -> Activations:
    arrays = {name: archive[prefix + name].astype(kind, casting="safe") for name, kind in _DTYPES.items()}
    table = Activations(sensors=tuple(str(s) for s in archive[f"{prefix}sensors"].tolist()), **arrays)
    _check(table)
    return table


def _check(table: Activations) -> None:
    """Refuse columns whose lengths or references do not fit together."""
    per_window = {len(getattr(table, name)) for name in _PER_WINDOW}
    per_entry = {len(getattr(table, name)) for name in _PER_ENTRY}
    if any(getattr(table, name).ndim != 1 for name in _DTYPES) or len(per_window) != 1 or len(per_entry) != 1:
        raise ValueError("its columns differ in length")
    steps = np.diff(table.offset)
    if len(table.offset) != len(table.sensors) + 1 or table.offset[0] or (steps < 0).any():
        raise ValueError("its entries do not follow the sensors")
    if table.offset[-1] != len(table.window):
        raise ValueError("its entries do not follow the sensors")
    for codes, end in (
        (table.window, len(table)),
        (table.first_sensor, len(table.sensors)),
        (table.last_sensor, len(table.sensors)),
    ):
        if len(codes) and not NO_SENSOR <= codes.min() <= codes.max() < end:
            raise ValueError("it names windows or sensors that are not there")
