"""The activations of a window set, counted from its events."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.event_semantics import EventMeaning, event_codes, meanings, sensors_of, shows_people
from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.core.window_set import WindowSet
from discover.retrieval.activations import MAX_POSITION, NO_SENSOR, Activations
from discover.retrieval.window_facts import event_pieces

__all__ = ["build_activations"]


def build_activations(window_set: WindowSet) -> dict[str, Activations]:
    """By name of the home, the activations of its windows, in their order."""
    return {part.home.name: _activations_of_home(part) for _, part in window_set.by_home()}


def _activations_of_home(window_set: WindowSet) -> Activations:
    windows, events = window_set.windows, window_set.events
    described = sensors_of(events, window_set.home)
    sensors = tuple(s.id for s in described)
    sensor, state = event_codes(events)
    begins, person = _kinds(meanings(events, window_set.home), described, sensor, state)
    time_s = events["time"].to_physical().to_numpy() / 1e6
    room = _rooms(described)[sensor] if sensors else np.zeros(0, dtype=np.int64)
    stay = _stays(np.flatnonzero(begins & (room >= 0)), room, time_s)
    first = windows["first_event"].to_numpy().astype(np.int64)
    stop = first + windows["n_events"].to_numpy().astype(np.int64)
    entries: list[pl.DataFrame] = []
    columns: dict[str, NDArray[Any]] = _empty_columns(len(windows))
    for rows, event in event_pieces(windows):
        gap = np.diff(time_s[event], prepend=0.0)
        inside = np.diff(rows, prepend=-1) == 0
        np.maximum.at(columns["pause_s"], rows[inside], gap[inside].astype(np.float32))
        keep = person[event]
        entries.append(_entries(rows[keep], sensor[event[keep]], begins[event[keep]]))
        active = begins[event]
        _fill(columns, rows[active], sensor[event[active]], room[event[active]], stay[event[active]])
    active_time = time_s[begins]
    at = np.searchsorted(np.flatnonzero(begins), first)
    beyond = np.searchsorted(np.flatnonzero(begins), stop)
    # `at` activations lie before a window: entry `at` of the list that begins with -inf is the last of them.
    return Activations(
        sensors=sensors,
        **_by_sensor(entries, len(sensors)),
        **columns,
        duration_s=(time_s[stop - 1] - time_s[first]).astype(np.float32),
        before_s=(time_s[first] - np.append(-np.inf, active_time)[at]).astype(np.float32),
        after_s=(np.append(active_time, np.inf)[beyond] - time_s[stop - 1]).astype(np.float32),
    )


def _kinds(
    meant: list[list[EventMeaning]],
    sensors: list[Sensor],
    sensor: NDArray[np.int64],
    state: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(events,) bool: which are activations, and which are activations or their ends."""
    if not len(sensor):
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    begins = np.array([[m.activation for m in row] for row in meant], dtype=bool)
    counted = [
        [m.activation or (m.kind == "end" and shows_people(s)) for m in row]
        for s, row in zip(sensors, meant, strict=True)
    ]
    return begins[sensor, state], np.array(counted, dtype=bool)[sensor, state]


def _rooms(sensors: list[Sensor]) -> NDArray[np.int64]:
    names = sorted({s.room for s in sensors} - {UNKNOWN_ROOM})
    code = {name: i for i, name in enumerate(names)}
    return np.array([code.get(s.room, -1) for s in sensors], dtype=np.int64)


def _stays(
    active: NDArray[np.int64], room: NDArray[np.int64], time_s: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(events,) seconds of the unbroken run of activations in one room that an event belongs to."""
    stay = np.zeros(len(time_s), dtype=np.float32)
    if len(active):
        run = np.cumsum(np.diff(room[active], prepend=-1) != 0) - 1
        begin = np.flatnonzero(np.diff(run, prepend=-1) != 0)
        end = np.append(begin[1:], len(active)) - 1
        stay[active] = (time_s[active[end]] - time_s[active[begin]])[run]
    return stay


def _empty_columns(n: int) -> dict[str, NDArray[Any]]:
    return {
        "first_sensor": np.full(n, NO_SENSOR, dtype=np.int16),
        "last_sensor": np.full(n, NO_SENSOR, dtype=np.int16),
        "n_activations": np.zeros(n, dtype=np.int32),
        "pause_s": np.zeros(n, dtype=np.float32),
        "n_rooms": np.zeros(n, dtype=np.int16),
        "n_moves": np.zeros(n, dtype=np.int16),
        "stay_s": np.zeros(n, dtype=np.float32),
    }


def _fill(
    columns: dict[str, NDArray[Any]],
    rows: NDArray[np.int64],
    sensor: NDArray[np.int64],
    room: NDArray[np.int64],
    stay: NDArray[np.float32],
) -> None:
    """Fill the columns per window from its activations, which are in order of time."""
    n = len(columns["n_activations"])
    columns["last_sensor"][rows] = sensor  # NumPy keeps the last of several values for one row
    columns["first_sensor"][rows[::-1]] = sensor[::-1]
    columns["n_activations"] += np.bincount(rows, minlength=n).astype(np.int32)
    np.maximum.at(columns["stay_s"], rows, stay)
    rows, room = rows[room >= 0], room[room >= 0]
    pairs = np.unique(rows * (int(room.max(initial=0)) + 1) + room)
    visited = np.bincount(pairs // (int(room.max(initial=0)) + 1), minlength=n)
    columns["n_rooms"] += visited.astype(np.int16)
    moved = (np.diff(rows, prepend=-1) == 0) & (np.diff(room, prepend=-1) != 0)
    columns["n_moves"] += np.bincount(rows[moved], minlength=n).astype(np.int16)


def _entries(rows: NDArray[np.int64], sensor: NDArray[np.int64], active: NDArray[np.bool_]) -> pl.DataFrame:
    table = pl.DataFrame({"window": rows, "sensor": sensor, "active": active})
    at = pl.when("active").then(
        (pl.col("active").cast(pl.Int64).cum_sum().over("window") - 1).clip(0, MAX_POSITION - 1)
    )
    return (
        table.with_columns(at=at)
        .group_by("sensor", "window")
        .agg(
            begins=pl.col("active").sum(),
            ends=(~pl.col("active")).sum(),
            first_at=pl.col("at").min().fill_null(-1),
            last_at=pl.col("at").max().fill_null(-1),
        )
    )


def _by_sensor(entries: list[pl.DataFrame], n_sensors: int) -> dict[str, NDArray[Any]]:
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
        **{name: np.clip(table[name].to_numpy(), None, MAX_POSITION).astype(np.int16) for name in columns},
    }
