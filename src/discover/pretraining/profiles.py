"""What a network that knows no home reads of a window: per sensor, its activity around the window.

A window becomes a small set of sensors, each with a profile over 21 spans of time: nine before the window
(from three hours to the last 20 seconds), three thirds of the window, nine after it. No sensor id and no
position enters; what a sensor is comes from its words (`sensor_words`). Beside the set stands the scene: the
clock, the length of the window, how much happens in the home.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.day_parts import DAY_PARTS, day_part_codes
from discover.core.event_semantics import event_codes, meanings, sensors_of, shows_people
from discover.core.home import Home

__all__ = [
    "HABITS",
    "N_SPANS",
    "PROFILE",
    "SCENE",
    "SENSORS_PER_WINDOW",
    "TEXT_WIDTH",
    "Changes",
    "Profiles",
    "WindowProfiles",
    "state_changes",
    "window_profiles",
]

# Shape letters: W windows, K sensors of a window, S sensors of a home, E events, B borders of spans, T spans.

_BEFORE_S = (10_800.0, 3_600.0, 1_800.0, 900.0, 480.0, 240.0, 120.0, 60.0, 20.0)
_THIRDS = 3
N_SPANS = 2 * len(_BEFORE_S) + _THIRDS
"""Spans of time: before, inside and after the window."""
_INSIDE = slice(len(_BEFORE_S), len(_BEFORE_S) + _THIRDS)

SENSORS_PER_WINDOW = 16
"""The sensors that a window is read from: those inside it, then the most active around it."""
PROFILE = 2 * N_SPANS + 7
"""Numbers per sensor and window."""
SCENE = N_SPANS + 14
"""Numbers per window."""
HABITS = len(DAY_PARTS) + 4
"""Numbers per sensor and home: when and how often it is active, from the home's own log, without labels."""
TEXT_WIDTH = 384
"""Width of the packaged MiniLM's vectors, which describe rooms and objects, and of the network's answers."""

_LONGEST_ON_US = 12 * 3_600_000_000
"""A state that nothing ends is taken to last this long at most."""
_DAY_US = 86_400_000_000
_FAR_S = 43_200.0
_WINDOWS_AT_ONCE = 2_048

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Profiles:
    """Windows of one home as the network reads them.

    Attributes:
        sensors: (W, K) int16 sensor of each place, -1 for none; numbers are those of `sensors_of`.
        profiles: (W, K, PROFILE) float16.
        scenes: (W, SCENE) float16.
        habits: (S, HABITS) float32.
    """

    sensors: NDArray[np.int16]
    profiles: NDArray[np.float16]
    scenes: NDArray[np.float16]
    habits: Floats


@dataclass(frozen=True)
class Changes:
    """Begins and ends of the sensors that show people, in order of time; ends that nobody sent are added.

    Attributes:
        times: (E,) microseconds since 1970.
        sensors: (E,) sensor numbers.
        begins: (E,) whether something begins (1) or not (0).
        ends: (E,) whether a person ends something.
        turns: (E,) +1 where the sensor comes on, -1 where it goes off, 0 where its state stays.
        last_before: index of the sensor's own event before, -1 for none.
    """

    times: Ints
    sensors: Ints
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]
    turns: NDArray[np.int8]


class WindowProfiles:
    """Profiles of one log's windows, some windows at a time.

    Attributes:
        habits: (S, HABITS) float32.
        batches: Rows of the windows, all of them, in groups that lie near each other in time.
    """

    def __init__(self, home: Home, events: pl.DataFrame, windows: pl.DataFrame) -> None:
        """Arguments as of `window_profiles`."""
        self._n_sensors = len(sensors_of(events, home))
        self._changes = state_changes(home, events)
        self._rate = _begins_per_day(self._changes)
        self._start = windows["start"].to_physical().to_numpy().astype(np.int64)
        self._end = windows["end"].to_physical().to_numpy().astype(np.int64)
        self.habits = _habits(self._changes, self._n_sensors, self._rate)
        order = np.argsort(self._start, kind="stable")
        self.batches = [order[i : i + _WINDOWS_AT_ONCE] for i in range(0, len(order), _WINDOWS_AT_ONCE)]

    def read(self, rows: Ints) -> Profiles:
        """Profiles of the windows of some rows, in their order; several threads may ask at once."""
        tables = _Tables(self._changes, self._start[rows], self._end[rows], self._n_sensors)
        return Profiles(*tables.sets(), tables.scenes(self._rate), self.habits)


def window_profiles(home: Home, events: pl.DataFrame, windows: pl.DataFrame) -> Profiles:
    """Profiles of all windows, in their order.

    Args:
        home: The home with its sensors.
        events: `core.tables.EVENTS`, all of the log: what lies around a window is read too.
        windows: `core.tables.WINDOWS`; only `start` and `end` are read.
    """
    log = WindowProfiles(home, events, windows)
    n = len(windows)
    found = Profiles(
        np.full((n, SENSORS_PER_WINDOW), -1, dtype=np.int16),
        np.zeros((n, SENSORS_PER_WINDOW, PROFILE), dtype=np.float16),
        np.zeros((n, SCENE), dtype=np.float16),
        log.habits,
    )
    for rows in log.batches:
        part = log.read(rows)
        found.sensors[rows], found.profiles[rows], found.scenes[rows] = (
            part.sensors,
            part.profiles,
            part.scenes,
        )
    return found


def state_changes(home: Home, events: pl.DataFrame) -> Changes:
    """Begins and ends of a log, in order of time; `events`: `core.tables.EVENTS`."""
    known = sensors_of(events, home)
    shown = np.array([shows_people(s) for s in known], dtype=bool)
    if not len(events) or not shown.any():
        nothing = np.zeros(0, dtype=np.int64)
        return Changes(nothing, nothing, nothing > 0, nothing > 0, nothing.astype(np.int8))
    sensor, state = event_codes(events)
    table = meanings(events, home)
    begin_of = np.array([[m.activation for m in row] for row in table])
    end_of = np.array([[m.kind == "end" for m in row] for row in table])
    by_hand = np.array([[m.kind == "end" and m.person for m in row] for row in table])
    keep = shown[sensor] & (begin_of | end_of)[sensor, state]
    sensor, state = sensor[keep], state[keep]
    times = events["time"].to_physical().to_numpy().astype(np.int64)[keep]
    begins, ends, hands = begin_of[sensor, state], end_of[sensor, state], by_hand[sensor, state]
    return _with_missing_ends(times, sensor, begins, ends, hands)


def _with_missing_ends(
    times: Ints, sensor: Ints, begins: NDArray[np.bool_], ends: NDArray[np.bool_], hands: NDArray[np.bool_]
) -> Changes:
    """Turns of each sensor's state; what is on for too long, or never ends at all, goes off by itself."""
    by_sensor = np.lexsort((np.arange(len(times)), sensor))
    t, s, b, e = times[by_sensor], sensor[by_sensor], begins[by_sensor], ends[by_sensor]
    ever_ends = np.zeros(int(s.max(initial=0)) + 1, dtype=bool)
    ever_ends[s[e]] = True
    same = np.r_[False, s[1:] == s[:-1]]
    on_before = same & np.r_[False, b[:-1]] & ever_ends[s]
    next_t = np.r_[t[1:], 0]
    next_same = np.r_[same[1:], False]
    lasts = np.where(next_same, next_t - t, _LONGEST_ON_US + 1)
    cut = b & ever_ends[s] & (lasts > _LONGEST_ON_US)
    on_before &= ~np.r_[False, cut[:-1]]
    on_after = b & ever_ends[s]
    turns = on_after.astype(np.int8) - on_before.astype(np.int8)
    back = np.empty_like(by_sensor)
    back[by_sensor] = np.arange(len(by_sensor))
    none = np.zeros(int(cut.sum()), dtype=bool)
    all_times = np.concatenate([times, t[cut] + _LONGEST_ON_US])
    all_turns = np.concatenate([turns[back], np.full(len(none), -1, dtype=np.int8)])
    order = np.argsort(all_times, kind="stable")
    return Changes(
        all_times[order],
        np.concatenate([sensor, s[cut]])[order],
        np.concatenate([begins, none])[order],
        np.concatenate([hands, none])[order],
        all_turns[order],
    )


class _Tables:
    """Running sums over the events around some windows; a border of a span is a row of them."""

    def __init__(self, changes: Changes, start: Ints, end: Ints, n_sensors: int) -> None:
        self._start, self._end, self._n_sensors = start, end, n_sensors
        # The last event of a window lies on its end and belongs to it.
        borders = _borders(start, end + 1)
        low, high = np.searchsorted(changes.times, [borders.min() - 1, borders.max() + 1])
        # Sums cover the events near the windows only; what was on before them is carried in.
        state = np.zeros(n_sensors, dtype=np.float32)
        np.add.at(state, changes.sensors[:low], changes.turns[:low])
        times = changes.times[low:high]
        where = changes.sensors[low:high]
        zero = int(borders.min())
        at = (times - zero) / 1e6
        n = len(times)
        row = np.arange(n)

        def table(values: NDArray[np.generic]) -> Floats:
            found = np.zeros((n + 1, n_sensors), dtype=np.float32)
            found[row + 1, where] = values
            return found

        index = np.searchsorted(times, borders, side="left")  # events before the border
        begins = table(changes.begins[low:high].astype(np.float32)).cumsum(axis=0, dtype=np.float32)
        ends = table(changes.ends[low:high].astype(np.float32)).cumsum(axis=0, dtype=np.float32)
        on = table(changes.turns[low:high].astype(np.float32))
        on[0] = state
        on = on.cumsum(axis=0, dtype=np.float32)
        since = np.concatenate([[0.0], at])
        lengths = np.diff(since).astype(np.float32)
        on_time = np.zeros((n + 1, n_sensors), dtype=np.float64)
        np.cumsum(on[:-1] * lengths[:, None], axis=0, out=on_time[1:])
        border_s = (borders - zero) / 1e6
        counts = np.diff(begins[index], axis=1)
        on_until = on_time[index] + on[index] * (border_s - since[index])[:, :, None]
        spans = np.maximum(np.diff(border_s, axis=1), 1e-3)
        self.counts_WTS = counts
        self.on_WTS = (np.diff(on_until, axis=1) / spans[:, :, None]).clip(0, 1).astype(np.float32)
        inside = _INSIDE
        self.ends_WS = ends[index[:, inside.stop]] - ends[index[:, inside.start]]
        self._nearest(changes.begins[low:high], where, at, index, border_s)

    def _nearest(
        self,
        begins: NDArray[np.bool_],
        where: Ints,
        at_s: NDArray[np.float64],
        index: Ints,
        border_s: NDArray[np.float64],
    ) -> None:
        """Seconds from the window to each sensor's begins before, inside and after it."""
        n = len(where)
        last = np.full((n + 1, self._n_sensors), -np.inf, dtype=np.float32)
        rows = np.flatnonzero(begins)
        last[rows + 1, where[rows]] = at_s[rows]
        np.maximum.accumulate(last, axis=0, out=last)
        following = np.full((n + 1, self._n_sensors), np.inf, dtype=np.float32)
        following[rows, where[rows]] = at_s[rows]
        following = np.minimum.accumulate(following[::-1], axis=0)[::-1]
        start_s, end_s = border_s[:, _INSIDE.start, None], border_s[:, _INSIDE.stop, None]
        at_start, at_end = index[:, _INSIDE.start], index[:, _INSIDE.stop]
        length = np.maximum(end_s - start_s, 1e-3)
        self.since_WS = np.minimum(start_s - last[at_start], _FAR_S).astype(np.float32)
        self.until_WS = np.minimum(following[at_end] - end_s, _FAR_S).astype(np.float32)
        inside = self.counts_WTS[:, _INSIDE].sum(axis=1) > 0
        with np.errstate(invalid="ignore"):
            self.first_WS = np.where(inside, (following[at_start] - start_s) / length, 0).astype(np.float32)
            self.last_WS = np.where(inside, (last[at_end] - start_s) / length, 0).astype(np.float32)

    def sets(self) -> tuple[NDArray[np.int16], NDArray[np.float16]]:
        """The chosen sensors of each window, (W, K), and their profiles, (W, K, PROFILE)."""
        inside = self.counts_WTS[:, _INSIDE].sum(axis=1)
        active = (self.counts_WTS > 0) | (self.on_WTS > 0.02)
        weight = np.r_[np.arange(1, 10), np.full(_THIRDS, 100), np.arange(9, 0, -1)].astype(np.float32)
        relevance = np.einsum("wts,t->ws", active, weight) + 100 * (self.ends_WS > 0) + np.log1p(inside)
        k = min(SENSORS_PER_WINDOW, self._n_sensors)
        chosen = np.argsort(-relevance, axis=1, kind="stable")[:, :k]
        has = np.take_along_axis(relevance, chosen, axis=1) > 0
        row = np.arange(len(chosen))[:, None]
        parts = np.concatenate(
            [
                np.log1p(self.counts_WTS.transpose(0, 2, 1)[row, chosen]) / 2,
                self.on_WTS.transpose(0, 2, 1)[row, chosen],
                *(
                    part[row, chosen][:, :, None]
                    for part in (
                        np.log1p(self.ends_WS) / 2,
                        np.log1p(self.since_WS) / 8,
                        np.log1p(self.until_WS) / 8,
                        self.first_WS,
                        self.last_WS,
                        (inside > 0).astype(np.float32),
                        np.log1p(inside) / 2,
                    )
                ),
            ],
            axis=2,
        )
        sensors = np.full((len(chosen), SENSORS_PER_WINDOW), -1, dtype=np.int16)
        profiles = np.zeros((len(chosen), SENSORS_PER_WINDOW, PROFILE), dtype=np.float16)
        sensors[:, :k] = np.where(has, chosen, -1)
        profiles[:, :k] = np.where(has[:, :, None], parts, 0)
        return sensors, profiles

    def scenes(self, begins_per_day: float) -> NDArray[np.float16]:
        """(W, SCENE): clock, length, and how much happens in the whole home in each span."""
        middle_us = (self._start + self._end) // 2
        angle = 2 * np.pi * (middle_us % _DAY_US) / _DAY_US
        weekday = (middle_us // _DAY_US + 3) % 7  # 1970-01-01 was a Thursday
        totals = self.counts_WTS.sum(axis=2)
        inside = totals[:, _INSIDE].sum(axis=1)
        sensors = (self.counts_WTS[:, _INSIDE].sum(axis=1) > 0).sum(axis=1)
        columns = (
            np.sin(angle),
            np.cos(angle),
            np.sin(2 * angle),
            np.cos(2 * angle),
            (weekday >= 5).astype(np.float32),
            np.log1p((self._end - self._start) / 1e6) / 5,
            np.log1p(inside) / 3,
            np.log1p(sensors),
            np.full(len(middle_us), np.log1p(begins_per_day) / 8),
            np.log1p(self.since_WS.min(axis=1, initial=_FAR_S)) / 8,
            np.log1p(self.until_WS.min(axis=1, initial=_FAR_S)) / 8,
            np.log1p(inside / (begins_per_day / 1440 + 1e-3)) / 5,
            np.log1p((self.on_WTS[:, _INSIDE].max(axis=1, initial=0) > 0.5).sum(axis=1)),
            np.ones(len(middle_us)),
        )
        return np.column_stack([*columns, np.log1p(totals) / 3]).astype(np.float16)


def _borders(start: Ints, end: Ints) -> Ints:
    """(W, B) microseconds: borders of the spans before, inside and after each window."""
    far = (np.array(_BEFORE_S) * 1e6).astype(np.int64)
    length = end - start
    inside = [start + length * i // _THIRDS for i in range(_THIRDS)]
    return np.column_stack([start[:, None] - far, *inside, end, end[:, None] + far[::-1]])


def _begins_per_day(changes: Changes) -> float:
    return float(changes.begins.sum()) / max(_days(changes), 1.0)


def _days(changes: Changes) -> float:
    """Calendar days with events, so that holes in a recording do not count."""
    return float(len(np.unique(changes.times // _DAY_US)))


def _habits(changes: Changes, n_sensors: int, begins_per_day: float) -> Floats:
    """(S, HABITS): share of begins by part of the day, how often, share of all, how long it stays on."""
    found = np.zeros((n_sensors, HABITS), dtype=np.float32)
    rows = np.flatnonzero(changes.begins)
    if not len(rows):
        return found
    sensor, hour = changes.sensors[rows], (changes.times[rows] % _DAY_US) // 3_600_000_000
    part = day_part_codes(hour)
    counts = np.zeros((n_sensors, len(DAY_PARTS)))
    np.add.at(counts, (sensor, part), 1)
    total = counts.sum(axis=1)
    found[:, : len(DAY_PARTS)] = counts / np.maximum(total, 1)[:, None]
    found[:, -4] = np.log1p(total / max(_days(changes), 1.0)) / 5
    found[:, -3] = np.sqrt(total / max(total.sum(), 1))
    found[:, -2] = np.log1p(_usual_length_s(changes, n_sensors)) / 8
    found[:, -1] = np.log1p(begins_per_day) / 8
    return found


def _usual_length_s(changes: Changes, n_sensors: int) -> NDArray[np.float64]:
    """Median seconds that each sensor stays on; 0 where it never goes off."""
    order = np.lexsort((changes.times, changes.sensors))
    turn = order[changes.turns[order] != 0]
    lengths = np.diff(changes.times[turn]) / 1e6
    closed = (changes.turns[turn[:-1]] > 0) & (changes.sensors[turn[1:]] == changes.sensors[turn[:-1]])
    result = np.zeros(n_sensors)
    for sensor, values in _groups(changes.sensors[turn[:-1]][closed], lengths[closed]):
        result[sensor] = np.median(values)
    return result


def _groups(keys: Ints, values: NDArray[np.float64]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    order = np.argsort(keys, kind="stable")
    names, first = np.unique(keys[order], return_index=True)
    for name, low, high in zip(names, first, [*first[1:], len(keys)][: len(names)], strict=True):
        yield int(name), values[order[low:high]]
