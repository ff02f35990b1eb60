"""From rows to events in time order: which are events, repeats or damage, and where holes are."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from discover.homes._lines import DEVICE_HEALTH, Rows
from discover.homes._order import mark_unset_clocks, newest_first, summer_time_ends, uncrowded
from discover.homes._sensor_states import half_known, set_apart, two_state_numbers
from discover.homes._states import HEALTH, KNOWN_STATES, VALUE, StateReading

__all__ = ["CleanRows", "clean_rows", "hole_starts"]

_HOLE_US = 86_400_000_000
"""A gap of a day or more between two events is a hole in the recording."""

_MIN_LAYOUT_SHARE = 0.01
_MIN_NEW_STATE = 10
_OFTEN = 3
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
        state: In file order, into `readings`: the row's spelling; ON and OFF of a sensor that says 1 and 0.
        time: In file order: microseconds as stored.
        reversed_rows: Rows that stood newest first.
        clock_back: Rows at which the clock goes back by an hour at the end of summer time.
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
    state: NDArray[np.int32]
    time: NDArray[np.int64]
    reversed_rows: NDArray[np.int64]
    clock_back: NDArray[np.int64]


def hole_starts(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the events right after a recording hole: a day or more without an event.

    Args:
        times: Microseconds of each event, in order of time, (E,).
    """
    return np.flatnonzero(np.diff(times) >= _HOLE_US) + 1


def clean_rows(
    rows: Rows, known_sensors: frozenset[str] = frozenset(), zone: ZoneInfo | None = None
) -> CleanRows:
    """Decide what each row is.

    Args:
        rows: As read.
        known_sensors: Ids the home's description lists; they are never taken for damage.
        zone: The home's time zone: where summer time ends, an hour comes twice.
    """
    problem = rows.problem.copy()
    usable = problem == 0
    readings = _with_new_states(rows, usable)
    empty = np.array([r.state == "" for r in readings] + [True])
    problem[usable & empty[rows.state]] = 7
    health = np.array([r.state == HEALTH for r in readings] + [False])
    if health.any():
        problem[usable & health[rows.state]] = DEVICE_HEALTH
    _mark_cut_numbers(rows, readings, problem)
    _mark_odd_layouts(rows, problem)
    sensor, ids, places = _sensor_ids(rows, problem == 0)
    _mark_bad_sensors(rows, problem, sensor, ids, known_sensors)
    half_known(rows, sensor, readings, problem)
    state, readings = two_state_numbers(rows, sensor, ids, readings, problem)
    set_apart(sensor, state, readings, problem)
    mark_unset_clocks(rows.time, problem)
    file_order, reversed_rows = newest_first(rows.time)
    in_order = rows.time[file_order]
    late = file_order[np.flatnonzero(in_order[1:] < in_order[:-1]) + 1]
    back = summer_time_ends(in_order, zone)
    # stable sort: events with equal stamps keep their order in the log; of an hour that comes twice the first
    # pass stands before the second
    key, stored = uncrowded(in_order, back)
    order = file_order[np.argsort(key, kind="stable")] if len(late) or len(reversed_rows) else file_order
    time = rows.time.copy()
    time[file_order] = stored
    is_event, is_repeat = _without_repeats(rows, problem, sensor, order)
    times = time[order][is_event]
    holes = hole_starts(times)
    clock_back = file_order[[row for row, _, _ in back]] if back else np.empty(0, dtype=np.int64)
    late = np.setdiff1d(late, clock_back)
    return CleanRows(
        order, is_event, is_repeat, problem, sensor, ids, places, readings, np.sort(late), holes, state, time,
        reversed_rows, clock_back,
    )  # fmt: skip


_NUMBER_TAIL = re.compile(r"\d{1,3}(?:\.\d+)?")


def _mark_cut_numbers(rows: Rows, readings: list[StateReading], problem: NDArray[np.uint8]) -> None:
    """`1,234.5` in a file of commas: its halves are no reading and no label."""
    cut = np.array([bool(_NUMBER_TAIL.fullmatch(text)) for text in rows.tails] + [False])
    if not cut.any():
        return
    number = np.array([r.state == VALUE for r in readings] + [False])
    rows_cut = (problem == 0) & number[rows.state] & cut[rows.tail]
    if rows_cut.sum() * 2 < (rows.tail >= 0).sum() or (rows.tail >= 0).sum() * 2 < len(rows.tail):
        problem[rows_cut] = 18


def _sensor_ids(
    rows: Rows, usable: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], list[str], dict[str, tuple[str, ...]]]:
    """One sensor id per row.

    Without location columns the sensor column is the id. Where that column is a place itself ("Bedroom Bed
    ON"), its places together are the id, unless they are all equal.
    """
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
        odd = np.flatnonzero(good & (rows.shift == shift))
        name = rows.sensor[odd].astype(np.int64) * (len(rows.place_texts) + 1) + rows.places[odd] + 1
        _, inverse, seen = np.unique(name, return_inverse=True, return_counts=True)
        problem[odd[seen[inverse] < _OFTEN]] = 8  # a name of several words comes again, damage does not


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
    verdict = np.zeros(len(ids) + 1, dtype=np.uint8)
    for number, name in enumerate(ids):
        if name in known or not count[number]:
            continue
        if name in states:
            verdict[number] = 9
        elif count[number] <= rare and _DAMAGED_ID.fullmatch(name):
            verdict[number] = 10
    if verdict.any():
        problem[good] = verdict[sensor[good]]


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
