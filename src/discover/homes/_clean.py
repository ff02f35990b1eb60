"""From rows to events in time order: which are events, repeats or damage, and where holes are."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.homes._lines import Rows
from discover.homes._states import KNOWN_STATES, VALUE, StateReading

__all__ = ["HOLE_US", "CleanRows", "clean_rows"]

HOLE_US = 86_400_000_000
"""A gap of a day or more between two events is a hole in the recording."""

_MIN_LAYOUT_SHARE = 0.01
_MIN_NEW_STATE = 10
_NEW_STATE = re.compile(r"[A-Z][A-Z_]+")
_DAMAGED_ID = re.compile(r"[A-Z]{0,4}\d*[a-z]\d*|[A-Z]|[\W_]+")
_DEVICE_ID = re.compile(r"[A-Z]{1,6}\d+.*")


@dataclass(frozen=True)
class CleanRows:
    """All rows in time order and the events among them.

    Attributes:
        order: Row number in time order, shape (N,). Stable: equal times keep the file's order.
        is_event: In time order, shape (N,).
        is_repeat: In time order: the row says exactly what the event before it says.
        problem: In file order: 0 or a key of REASONS.
        sensor: In file order, into `sensor_ids`.
        sensor_ids: Distinct sensor ids.
        places: Location columns per sensor id, from the log itself.
        readings: Of each state spelling, new states included.
        late: Rows (file order) earlier than the row before them.
        holes: Event numbers right after a gap of a day or more.
    """

    order: NDArray[np.int64]
    is_event: NDArray[np.bool_]
    is_repeat: NDArray[np.bool_]
    problem: NDArray[np.uint8]
    sensor: NDArray[np.int32]
    sensor_ids: list[str]
    places: dict[str, tuple[str, ...]]
    readings: list[StateReading]
    late: NDArray[np.int64]
    holes: NDArray[np.int64]


def clean_rows(rows: Rows, known_sensors: frozenset[str] = frozenset()) -> CleanRows:
    """Decide what each row is.

    Args:
        rows: As read.
        known_sensors: Ids the home's description lists; they are never taken for damage.
    """
    problem = rows.problem.copy()
    usable = problem == 0
    readings = _with_new_states(rows, usable)
    empty = np.array([r.state == "" for r in readings] + [True])
    problem[usable & empty[rows.state]] = 7
    _mark_odd_layouts(rows, problem)
    sensor, ids, places = _sensor_ids(rows, problem == 0)
    _mark_bad_sensors(rows, problem, sensor, ids, known_sensors)
    late = np.flatnonzero(rows.time[1:] < rows.time[:-1]) + 1
    # stable sort: events with equal stamps keep their order in the log
    order = np.argsort(rows.time, kind="stable") if len(late) else np.arange(len(rows.time))
    is_event, is_repeat = _without_repeats(rows, problem, sensor, order)
    times = rows.time[order][is_event]
    holes = np.flatnonzero(np.diff(times) >= HOLE_US) + 1
    return CleanRows(order, is_event, is_repeat, problem, sensor, ids, places, readings, late, holes)


def _sensor_ids(
    rows: Rows, usable: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], list[str], dict[str, tuple[str, ...]]]:
    """One id per row. Without location columns the sensor column is the id; where that column is a
    place itself ("Bedroom Bed ON"), its places together are the id, unless they all say the same."""
    if not rows.place_texts:
        return rows.sensor, rows.sensors, {}
    width = len(rows.place_texts) + 1
    pair = rows.sensor.astype(np.int64) * width + rows.places + 1
    distinct, inverse = np.unique(np.where(usable, pair, -1), return_inverse=True)
    ids: dict[str, int] = {}
    places: dict[str, tuple[str, ...]] = {}
    numbers = np.full(len(distinct), -1, dtype=np.int32)
    for k, code in enumerate(distinct.tolist()):
        if code < 0:
            continue
        first = rows.sensors[code // width]
        found = tuple(rows.place_texts[code % width - 1].replace(",", " ").split()) if code % width else ()
        if found and not _DEVICE_ID.fullmatch(first):
            found = tuple(dict.fromkeys((first, *found)))
            name = "_".join(found)
        else:
            name = first
        numbers[k] = ids.setdefault(name, len(ids))
        if found:
            places.setdefault(name, found)
    return numbers[inverse], list(ids), places


def _with_new_states(rows: Rows, usable: NDArray[np.bool_]) -> list[StateReading]:
    """Words in capitals that occur often are states of this log, whatever they mean."""
    count = np.bincount(rows.state[usable] + 1, minlength=len(rows.states) + 1)[1:]
    return [
        StateReading(text)
        if reading.state == "" and n >= _MIN_NEW_STATE and _NEW_STATE.fullmatch(text)
        else reading
        for text, reading, n in zip(rows.states, rows.readings, count.tolist(), strict=True)
    ]


def _mark_odd_layouts(rows: Rows, problem: NDArray[np.uint8]) -> None:
    good = problem == 0
    count = np.bincount(rows.shift[good], minlength=4)
    for shift in np.flatnonzero((count > 0) & (count < _MIN_LAYOUT_SHARE * count.sum())).tolist():
        problem[good & (rows.shift == shift)] = 8


def _mark_bad_sensors(
    rows: Rows,
    problem: NDArray[np.uint8],
    sensor: NDArray[np.int32],
    ids: list[str],
    known: frozenset[str],
) -> None:
    good = problem == 0
    count = np.bincount(sensor[good], minlength=len(ids)) if good.any() else np.zeros(len(ids), dtype=int)
    rare = max(2.0, 1e-4 * float(count.sum()))
    states = KNOWN_STATES | {VALUE}
    for number, name in enumerate(ids):
        if name in known or not count[number]:
            continue
        if name in states:
            problem[good & (sensor == number)] = 9
        elif count[number] <= rare and _DAMAGED_ID.fullmatch(name):
            problem[good & (sensor == number)] = 10


def _without_repeats(
    rows: Rows, problem: NDArray[np.uint8], sensor: NDArray[np.int32], order: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    readable = problem[order] == 0
    at = order[readable]
    same = np.zeros(len(at), dtype=np.bool_)
    same[1:] = rows.time[at[1:]] == rows.time[at[:-1]]
    for column in (sensor, rows.state, rows.tail):
        rest = np.flatnonzero(same)
        same[rest] = column[at[rest]] == column[at[rest - 1]]
    is_event = readable.copy()
    is_event[readable] = ~same
    is_repeat = np.zeros(len(order), dtype=np.bool_)
    is_repeat[readable] = same
    return is_event, is_repeat
