"""Cheap facts per window, for queries that name what must or must not happen: which sensors speak, in what order.

An event is a *sign* when it needs a person and something begins with it: motion that starts, a door that
opens, an item that is taken. Its counterpart (motion that ends, a door that closes) is no sign, but it too
says that somebody was there, so a place is *untouched* only without both. Thermometers and batteries are
neither.

Signs are kept sparse, one entry per sensor and window that has an event of it, ordered by sensor: a question
about the kitchen reads the entries of its sensors only. 100,000 windows of five sensors each take 7 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.core.window_set import WindowSet
from discover.retrieval.window_facts import event_pieces, needs_person, sensor_ids

__all__ = ["NO_SIGN", "WindowSigns", "build_window_signs", "read_signs", "write_signs"]

# Shape letters: W windows, S sensors of the event table, E entries (pairs of a sensor and a window).

NO_SIGN = -1
"""Sensor code of the first and last sign of a window without a sign."""

_ENDS = frozenset({"OFF", "CLOSE", "CLOSED", "PRESENT", "END", "STOP", "FALSE", "IDLE", "LOCKED", "STANDBY"})
_LAST = np.iinfo(np.int16).max


@dataclass(frozen=True)
class WindowSigns:
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
        """(W,) position of the first (or last) sign of some sensors; the largest int16 (or -1) without one."""
        position = np.full(len(self), -1 if last else _LAST, dtype=np.int16)
        for code in self.codes(sensors):
            span = slice(self.offset[code], self.offset[code + 1])
            rows, found = self.window[span], (self.last_at if last else self.first_at)[span]
            if last:
                position[rows] = np.maximum(position[rows], found)
            else:
                position[rows] = np.minimum(position[rows], np.where(found < 0, _LAST, found))
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


def build_window_signs(window_set: WindowSet, windows: pl.DataFrame | None = None) -> WindowSigns:
    """Signs of a set's windows, rows in the order of `windows` (default: the set's own).

    Args:
        window_set: Events and home.
        windows: Columns first_event and n_events.
    """
    windows = window_set.windows if windows is None else windows
    events = window_set.events
    known = {s.id: s for s in window_set.home.sensors}
    sensors = tuple(sensor_ids(events))
    described = [known.get(i, Sensor(id=i)) for i in sensors]
    sensor = events["sensor"].to_physical().to_numpy().astype(np.int64)
    begins, person = _kinds(events, described, sensor)
    time_s = events["time"].to_physical().to_numpy() / 1e6
    room = _rooms(described)[sensor] if sensors else np.zeros(0, dtype=np.int64)
    stay = _stays(np.flatnonzero(begins & (room >= 0)), room, time_s)
    first = windows["first_event"].to_numpy().astype(np.int64)
    stop = first + windows["n_events"].to_numpy().astype(np.int64)
    entries: list[pl.DataFrame] = []
    lines: dict[str, NDArray[np.generic]] = _empty_lines(len(windows))
    for rows, event in event_pieces(windows):
        gap = np.diff(time_s[event], prepend=0.0)
        inside = np.diff(rows, prepend=-1) == 0
        np.maximum.at(lines["pause_s"], rows[inside], gap[inside].astype(np.float32))
        keep = person[event]
        entries.append(_entries(rows[keep], sensor[event[keep]], begins[event[keep]]))
        sign = begins[event]
        _fill(lines, rows[sign], sensor[event[sign]], room[event[sign]], stay[event[sign]])
    sign_time = time_s[begins]
    at = np.searchsorted(np.flatnonzero(begins), first)
    beyond = np.searchsorted(np.flatnonzero(begins), stop)
    return WindowSigns(
        sensors=sensors,
        **_by_sensor(entries, len(sensors)),
        **lines,  # type: ignore[arg-type]
        duration_s=(time_s[stop - 1] - time_s[first]).astype(np.float32),
        before_s=(time_s[first] - np.append(-np.inf, sign_time)[at]).astype(np.float32),
        after_s=(np.append(sign_time, np.inf)[beyond] - time_s[stop - 1]).astype(np.float32),
    )


def write_signs(path: Path, signs: WindowSigns) -> None:
    """Write signs as NPZ."""
    arrays = {f.name: getattr(signs, f.name) for f in fields(signs) if f.name != "sensors"}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, sensors=np.array(signs.sensors, dtype=np.str_), **arrays)


def read_signs(path: Path) -> WindowSigns:
    """Read what `write_signs` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {f.name: archive[f.name] for f in fields(WindowSigns) if f.name != "sensors"}
        return WindowSigns(sensors=tuple(archive["sensors"].tolist()), **arrays)


def _kinds(
    events: pl.DataFrame, sensors: list[Sensor], sensor: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(events,) which are signs, and which are of a person at all."""
    person = np.array([needs_person(s) for s in sensors], dtype=bool)
    kind = events.schema["state"]
    states = kind.categories.to_list() if isinstance(kind, pl.Enum) else []
    if not sensors or not states:
        return np.zeros(len(events), dtype=bool), np.zeros(len(events), dtype=bool)
    state = events["state"].to_physical().to_numpy()
    # A reading of water, a burner or power is a sign while it is above 0; other readings are no deed.
    metered = np.array([s.type in ("water", "burner", "power") for s in sensors], dtype=bool)
    reading = np.array([name.upper() == "VALUE" for name in states], dtype=bool)[state]
    running = metered[sensor] & (events["value"].fill_null(0.0).to_numpy() > 0)
    ends = np.array([name.upper() in _ENDS for name in states], dtype=bool)[state]
    somebody = person[sensor] & (~reading | running)
    return somebody & ~ends, somebody


def _rooms(sensors: list[Sensor]) -> NDArray[np.int64]:
    names = sorted({s.room for s in sensors} - {UNKNOWN_ROOM})
    code = {name: i for i, name in enumerate(names)}
    return np.array([code.get(s.room, -1) for s in sensors], dtype=np.int64)


def _stays(
    sign: NDArray[np.int64], room: NDArray[np.int64], time_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(events,) length of the unbroken run of signs in one room that an event belongs to, in seconds."""
    stay = np.zeros(len(time_s), dtype=np.float32)
    if len(sign):
        run = np.cumsum(np.diff(room[sign], prepend=-1) != 0) - 1
        begin = np.flatnonzero(np.diff(run, prepend=-1) != 0)
        end = np.append(begin[1:], len(sign)) - 1
        stay[sign] = (time_s[sign[end]] - time_s[sign[begin]])[run]
    return stay


def _empty_lines(n: int) -> dict[str, NDArray[np.generic]]:
    return {
        "first_sensor": np.full(n, NO_SIGN, dtype=np.int16),
        "last_sensor": np.full(n, NO_SIGN, dtype=np.int16),
        "n_signs": np.zeros(n, dtype=np.int32),
        "pause_s": np.zeros(n, dtype=np.float32),
        "n_rooms": np.zeros(n, dtype=np.int16),
        "n_moves": np.zeros(n, dtype=np.int16),
        "stay_s": np.zeros(n, dtype=np.float32),
    }


def _fill(
    lines: dict[str, NDArray[np.generic]],
    rows: NDArray[np.int64],
    sensor: NDArray[np.int64],
    room: NDArray[np.int64],
    stay: NDArray[np.float32],
) -> None:
    """Facts per window from its signs, in order of time."""
    n = len(lines["n_signs"])
    lines["last_sensor"][rows] = sensor  # of several values written to one place the last one stays
    lines["first_sensor"][rows[::-1]] = sensor[::-1]
    lines["n_signs"] += np.bincount(rows, minlength=n).astype(np.int32)  # type: ignore[operator]
    np.maximum.at(lines["stay_s"], rows, stay)
    rows, room = rows[room >= 0], room[room >= 0]
    pairs = np.unique(rows * (int(room.max(initial=0)) + 1) + room)
    visited = np.bincount(pairs // (int(room.max(initial=0)) + 1), minlength=n)
    lines["n_rooms"] += visited.astype(np.int16)  # type: ignore[operator]
    moved = (np.diff(rows, prepend=-1) == 0) & (np.diff(room, prepend=-1) != 0)
    lines["n_moves"] += np.bincount(rows[moved], minlength=n).astype(np.int16)  # type: ignore[operator]


def _entries(rows: NDArray[np.int64], sensor: NDArray[np.int64], sign: NDArray[np.bool_]) -> pl.DataFrame:
    table = pl.DataFrame({"window": rows, "sensor": sensor, "sign": sign})
    at = pl.when("sign").then((pl.col("sign").cast(pl.Int64).cum_sum().over("window") - 1).clip(0, _LAST - 1))
    return (
        table.with_columns(at=at)
        .group_by("sensor", "window")
        .agg(
            begins=pl.col("sign").sum(),
            ends=(~pl.col("sign")).sum(),
            first_at=pl.col("at").min().fill_null(-1),
            last_at=pl.col("at").max().fill_null(-1),
        )
    )


def _by_sensor(entries: list[pl.DataFrame], n_sensors: int) -> dict[str, NDArray[np.generic]]:
    columns = ("begins", "ends", "first_at", "last_at")
    if not entries:
        empty = {name: np.zeros(0, dtype=np.int16) for name in columns}
        return {
            "offset": np.zeros(n_sensors + 1, dtype=np.int64),
            "window": np.zeros(0, dtype=np.int32),
            **empty,
        }
    table = pl.concat(entries).sort("sensor", "window")
    counts = np.bincount(table["sensor"].to_numpy(), minlength=n_sensors)
    return {
        "offset": np.append(0, np.cumsum(counts)).astype(np.int64),
        "window": table["window"].to_numpy().astype(np.int32),
        **{name: np.clip(table[name].to_numpy(), None, _LAST).astype(np.int16) for name in columns},
    }
