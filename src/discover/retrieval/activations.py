"""Cheap facts per window, for queries that name what must or must not happen: which sensors speak, in what
order.

An event is a *sign* when it needs a person and something begins with it: motion that starts, a door that
opens, an item that is taken. Its counterpart (motion that ends, a door that closes) is no sign, but it too
says that somebody was there, so a place is *untouched* only without both. Thermometers and batteries are
neither.

Signs are kept sparse, one entry per sensor and window that has an event of it, ordered by sensor: a question
about the kitchen reads the entries of its sensors only. 100,000 windows of five sensors each take 7 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.reading import read_npz, taken_apart

__all__ = ["LAST_PLACE", "NO_SIGN", "Activations", "read_signs", "write_signs"]

# Shape letters: W windows, S sensors of the event table, E entries (pairs of a sensor and a window).

NO_SIGN = -1
"""Sensor code of the first and last sign of a window without a sign."""

_PER_ENTRY = ("window", "begins", "ends", "first_at", "last_at")
_PER_WINDOW = (
    "first_sensor", "last_sensor", "n_signs", "duration_s", "pause_s", "before_s", "after_s", "n_rooms",
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
    "n_signs": np.int32,
    "duration_s": np.float32,
    "pause_s": np.float32,
    "before_s": np.float32,
    "after_s": np.float32,
    "n_rooms": np.int16,
    "n_moves": np.int16,
    "stay_s": np.float32,
}

LAST_PLACE = int(np.iinfo(np.int16).max)
"""Positions beyond it are told as this one."""


@dataclass(frozen=True)
class Activations:
    """What happens in each window, by sensor.

    Attributes:
        sensors: (S,) ids, in the order of their codes.
        offset: (S + 1,) int64: entries of sensor s are [offset[s], offset[s + 1]).
        window: (E,) int32 row of the window, ascending within a sensor.
        begins: (E,) int16 signs.
        ends: (E,) int16 events of a person that are no sign.
        first_at, last_at: (E,) int16 position of the first and last sign among the window's signs; -1 none.
        first_sensor, last_sensor: (W,) int16 sensor of the first and last sign; `NO_SIGN` without one.
        n_signs: (W,) int32.
        duration_s: (W,) float32 from the first to the last event.
        pause_s: (W,) float32 longest silence between two events.
        before_s, after_s: (W,) float32 silence before the first event since the last sign, and after the last
            event until the next sign; infinite at the ends of the log.
        n_rooms: (W,) int16 different rooms with a sign.
        n_moves: (W,) int16 changes of room from one sign to the next.
        stay_s: (W,) float32 longest stay of a sign of the window: time from the first to the last sign of an
            unbroken run of signs in one room, also before and after the window.
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
    n_signs: NDArray[np.int32]
    duration_s: NDArray[np.float32]
    pause_s: NDArray[np.float32]
    before_s: NDArray[np.float32]
    after_s: NDArray[np.float32]
    n_rooms: NDArray[np.int16]
    n_moves: NDArray[np.int16]
    stay_s: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.n_signs)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.sensors)}

    def codes(self, sensors: Sequence[str]) -> NDArray[np.int64]:
        """Codes of the sensors that the events know; others are left out."""
        return np.array(sorted({self._codes[s] for s in sensors if s in self._codes}), dtype=np.int64)

    def count(self, sensors: Sequence[str], *, ends: bool = False) -> NDArray[np.int32]:
        """(W,) signs of some sensors, or their other events of a person."""
        total = np.zeros(len(self), dtype=np.int32)
        values = self.ends if ends else self.begins
        for code in self.codes(sensors):
            span = slice(self.offset[code], self.offset[code + 1])
            total[self.window[span]] += values[span]  # a window has one entry per sensor
        return total

    def share(self, sensors: Sequence[str]) -> NDArray[np.float32]:
        """(W,) share of a window's signs that some sensors give; 0 without a sign."""
        part = self.count(sensors) / np.maximum(self.n_signs, 1)
        return part.astype(np.float32)

    def reached(self, sensors: Sequence[str], *, last: bool = False) -> NDArray[np.int16]:
        """(W,) position of the first (or last) sign of some sensors; the largest int16 (or -1) without
        one."""
        position = np.full(len(self), -1 if last else LAST_PLACE, dtype=np.int16)
        for code in self.codes(sensors):
            span = slice(self.offset[code], self.offset[code + 1])
            rows, found = self.window[span], (self.last_at if last else self.first_at)[span]
            if last:
                position[rows] = np.maximum(position[rows], found)
            else:
                position[rows] = np.minimum(position[rows], np.where(found < 0, LAST_PLACE, found))
        return position

    def in_order(self, before: Sequence[str], after: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether a sign of `after` comes later than one of `before`."""
        return self.reached(before) < self.reached(after, last=True)

    def opens_with(self, sensors: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether the first sign is of one of the sensors."""
        return self._among(self.first_sensor, sensors)

    def closes_with(self, sensors: Sequence[str]) -> NDArray[np.bool_]:
        """(W,) whether the last sign is of one of the sensors."""
        return self._among(self.last_sensor, sensors)

    def _among(self, code: NDArray[np.int16], sensors: Sequence[str]) -> NDArray[np.bool_]:
        table = np.zeros(len(self.sensors) + 1, dtype=bool)
        table[self.codes(sensors)] = True
        found: NDArray[np.bool_] = table[code]  # NO_SIGN is the last row, which is False
        return found

    @cached_property
    def duration_quantiles(self) -> tuple[float, float, float]:
        """Durations in seconds below which 10, 50 and 75 % of the windows lie."""
        if not len(self):
            return 0.0, 0.0, 0.0
        low, middle, high = np.quantile(self.duration_s, [0.1, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @cached_property
    def longest_s(self) -> float:
        """The longest window, in seconds."""
        return float(self.duration_s.max(initial=0))

    @cached_property
    def few_signs(self) -> float:
        """Signs that a quarter of the windows do not exceed."""
        return float(np.quantile(self.n_signs, 0.25)) if len(self) else 0.0


def write_signs(path: Path, signs: Activations) -> None:
    """Write signs as NPZ."""
    arrays = {f.name: getattr(signs, f.name) for f in fields(signs) if f.name != "sensors"}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, sensors=np.array(signs.sensors, dtype=np.str_), **arrays)


def read_signs(path: Path) -> Activations:
    """Read what `write_signs` wrote."""
    archive: dict[str, NDArray[Any]] = dict(read_npz(path))
    with taken_apart(path):
        arrays = {name: archive[name].astype(dtype, casting="safe") for name, dtype in _DTYPES.items()}
        signs = Activations(sensors=tuple(str(s) for s in archive["sensors"].tolist()), **arrays)
        _check(signs)
    return signs


def _check(signs: Activations) -> None:
    """Refuse columns whose lengths or references do not fit together."""
    per_window = {len(getattr(signs, name)) for name in _PER_WINDOW}
    per_entry = {len(getattr(signs, name)) for name in _PER_ENTRY}
    if any(getattr(signs, name).ndim != 1 for name in _DTYPES) or len(per_window) != 1 or len(per_entry) != 1:
        raise ValueError("its columns differ in length")
    steps = np.diff(signs.offset)
    if len(signs.offset) != len(signs.sensors) + 1 or signs.offset[0] or (steps < 0).any():
        raise ValueError("its entries do not follow the sensors")
    if signs.offset[-1] != len(signs.window):
        raise ValueError("its entries do not follow the sensors")
    for codes, end in (
        (signs.window, len(signs)),
        (signs.first_sensor, len(signs.sensors)),
        (signs.last_sensor, len(signs.sensors)),
    ):
        if len(codes) and not NO_SIGN <= codes.min() <= codes.max() < end:
            raise ValueError("it names windows or sensors that are not there")
