"""Numbers of each window that sentences are made from: rooms in order, objects, movement, time.

All windows of a block at once: the events of all windows are laid out flat and counted per window
with `bincount`; no loop over windows or events.

Shape letters: W windows, E events of the home, R rooms, F facts.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.facts import HomeFacts
from discover.core.day_parts import day_part_codes
from discover.core.window_set import WindowSet

__all__ = ["N_FACTS", "N_ROOMS", "Pattern", "WindowSummary", "summarise_windows"]

N_ROOMS = 3
N_FACTS = 3


class Pattern:
    """How the rooms of a window follow each other."""

    NOWHERE = 0
    STAYS = 1
    GOES = 2
    RETURNS = 3
    ALTERNATES = 4
    PASSES = 5
    ROAMS = 6


@dataclass(frozen=True)
class WindowSummary:
    """One entry per window.

    Attributes:
        start_minute: Minute of the day of the first event, 0..1439.
        end_minute: Minute of the day of the last event.
        day_part: Code into `core.day_parts.DAY_PARTS` of the first event.
        weekend: Whether it starts on a Saturday or Sunday.
        duration_s: Seconds from the first to the last event.
        n_moves: Movements seen (motion sensors going ON).
        n_activations: Events that show somebody: movements, doors, items, appliances.
        pattern: `Pattern` code.
        path: (W, 3) rooms to name in order of the visit; -1 none. For GOES and RETURNS the two rooms, for
            PASSES first, busiest between, and last; otherwise the busiest ones.
        main_rooms: (W, 2) busiest rooms, busiest first; -1 none.
        facts: (W, 3) fact codes, deliberate uses before presence, then by count; -1 none.
        repeated: (W, 3) whether that fact was seen three times or more.
        main_sensors: (W, 2) most active sensors; -1 none.
    """

    start_minute: NDArray[np.int64]
    end_minute: NDArray[np.int64]
    day_part: NDArray[np.uint8]
    weekend: NDArray[np.bool_]
    duration_s: NDArray[np.float64]
    n_moves: NDArray[np.int64]
    n_activations: NDArray[np.int64]
    pattern: NDArray[np.int64]
    path: NDArray[np.int64]
    main_rooms: NDArray[np.int64]
    facts: NDArray[np.int64]
    repeated: NDArray[np.bool_]
    main_sensors: NDArray[np.int64]


def summarise_windows(
    window_set: WindowSet, facts: HomeFacts, sensor_E: NDArray[np.int64], state_E: NDArray[np.int64]
) -> WindowSummary:
    """Summarise the windows of one block.

    Args:
        window_set: The windows; their offsets point into the two code arrays.
        facts: Lookup tables of the home.
        sensor_E: Sensor code of every event of the home.
        state_E: State code of every event of the home.
    """
    windows = window_set.windows
    n = windows["n_events"].to_numpy().astype(np.int64)
    first = windows["first_event"].to_numpy().astype(np.int64)
    row = np.repeat(np.arange(len(n)), n)
    event = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)
    sensor, state = sensor_E[event], state_E[event]
    pattern, path, main_rooms = _rooms(row, sensor, state, facts, len(n))
    fact_codes, repeated = _facts(row, facts.fact_of[sensor, state], facts, len(n))
    moves = np.bincount(row[facts.move_of[sensor, state]], minlength=len(n))
    activations = np.bincount(row[facts.person_of[sensor, state]], minlength=len(n))
    sensors_WS = _counts(row, sensor, len(n), len(facts.sensor_words))
    start, end = windows["start"], windows["end"]
    minute = _minute_of_day(start)
    return WindowSummary(
        start_minute=minute,
        end_minute=_minute_of_day(end),
        day_part=day_part_codes(minute // 60),
        weekend=(start.dt.weekday() >= 6).to_numpy(),
        duration_s=(end - start).dt.total_microseconds().to_numpy() / 1e6,
        n_moves=moves,
        n_activations=activations,
        pattern=pattern,
        path=path,
        main_rooms=main_rooms,
        facts=fact_codes,
        repeated=repeated,
        main_sensors=_top(sensors_WS, 2),
    )


def _minute_of_day(times: pl.Series) -> NDArray[np.int64]:
    return (times.dt.hour().cast(pl.Int64) * 60 + times.dt.minute().cast(pl.Int64)).to_numpy()


def _counts(row: NDArray[np.int64], code: NDArray[np.integer], w: int, width: int) -> NDArray[np.int64]:
    return np.bincount(row * width + code, minlength=w * width).reshape(w, width)


def _top(score: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Columns of the k largest positive scores of each row, largest first, ties to the left; -1 pads."""
    w, width = score.shape
    top = np.full((w, k), -1, dtype=np.int64)
    left = score.copy()
    for column in range(min(k, width)):
        best = left.argmax(axis=1)
        found = left[np.arange(w), best] > 0
        top[found, column] = best[found]
        left[np.arange(w), best] = 0
    return top


def _rooms(
    row: NDArray[np.int64],
    sensor: NDArray[np.int64],
    state: NDArray[np.int64],
    facts: HomeFacts,
    w: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pattern (W,), path (W, 3) and main rooms (W, 2)."""
    r = len(facts.places)
    room = facts.room_of[sensor].astype(np.int64)
    active = facts.person_of[sensor, state] & (room >= 0)
    # A window without an activation (only OFF, say) is described by the rooms of its sensors.
    silent = np.bincount(row[active], minlength=w) == 0
    room = np.where(silent[row] | active, room, -1)
    row, room = row[room >= 0], room[room >= 0]
    if not len(row):
        nothing = np.full((w, N_ROOMS), -1, dtype=np.int64)
        return np.zeros(w, dtype=np.int64), nothing, nothing[:, :2]
    counts = _counts(row, room, w, r)
    starts = np.r_[True, row[1:] != row[:-1]]
    changes = np.bincount(row[np.r_[False, room[1:] != room[:-1]] & ~starts], minlength=w)
    seen = _first_seen(row, room, w, r)
    distinct = (counts > 0).sum(axis=1)
    first, last = np.full(w, -1), np.full(w, -1)
    first[row[starts]] = room[starts]
    ends = np.r_[row[1:] != row[:-1], True]
    last[row[ends]] = room[ends]
    # Busiest first; equal counts in order of the visit.
    busy = np.where(counts > 0, counts * (seen.max() + 2) - seen, 0)
    main = _top(busy, N_ROOMS)
    pattern = _pattern(distinct, changes)
    return pattern, _path(pattern, first, last, main, busy, seen), main[:, :2]


def _first_seen(row: NDArray[np.int64], room: NDArray[np.int64], w: int, r: int) -> NDArray[np.int64]:
    """(W, R) position in its window of each room's first event; 0 where the room is not visited."""
    begins = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    lengths = np.diff(np.r_[begins, len(row)])
    position = np.arange(len(row)) - np.repeat(begins, lengths)
    seen = np.zeros(w * r, dtype=np.int64)
    key = row * r + room
    seen[key[::-1]] = position[::-1]  # the earliest event is written last and stays
    return seen.reshape(w, r)


def _pattern(distinct: NDArray[np.int64], changes: NDArray[np.int64]) -> NDArray[np.int64]:
    two = distinct == 2
    return np.select(
        [
            distinct == 0,
            distinct == 1,
            two & (changes == 1),
            two & (changes == 2),
            two,
            changes == distinct - 1,
        ],
        [
            Pattern.NOWHERE,
            Pattern.STAYS,
            Pattern.GOES,
            Pattern.RETURNS,
            Pattern.ALTERNATES,
            Pattern.PASSES,
        ],
        Pattern.ROAMS,
    ).astype(np.int64)


def _path(
    pattern: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    main: NDArray[np.int64],
    busy: NDArray[np.int64],
    seen: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Rooms to name, in order of their first visit."""
    w = len(pattern)
    rows = np.arange(w)
    order = np.where(main >= 0, seen[rows[:, None], np.maximum(main, 0)], np.iinfo(np.int64).max)
    path = np.take_along_axis(main, np.argsort(order, axis=1, kind="stable"), axis=1)
    passes = pattern == Pattern.PASSES
    between = busy.copy()
    between[rows, np.maximum(first, 0)] = 0
    between[rows, np.maximum(last, 0)] = 0
    via = _top(between, 1)[:, 0]
    path[passes] = np.stack([first, via, last], axis=1)[passes]
    return path


def _facts(
    row: NDArray[np.int64], fact: NDArray[np.int16], facts: HomeFacts, w: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Codes (W, 3) of the facts to state, and whether each occurs three times or more."""
    f = len(facts.facts)
    named = fact >= 0
    if not named.any():
        return np.full((w, N_FACTS), -1, dtype=np.int64), np.zeros((w, N_FACTS), dtype=bool)
    counts = _counts(row[named], fact[named].astype(np.int64), w, f)
    seen = counts > 0
    for code, words in enumerate(facts.facts):
        if words.unless:
            counts[seen[:, list(words.unless)].any(axis=1), code] = 0
    rank = np.array([words.rank for words in facts.facts])
    score = np.where(counts > 0, counts + (rank - 1) * (counts.max() + 1), 0)
    top = _top(score, N_FACTS)
    picked = np.take_along_axis(counts, np.maximum(top, 0), axis=1)
    return top, (top >= 0) & (picked >= 3)
