"""What relevance rules can see of windows: their events, sensors and times. No caption, no label.

An event is an *activation* when it shows that somebody does something: motion that starts, a door that opens,
an item that is taken, a lamp that is switched on. Ends (OFF, CLOSE, an item put back), thermometers and
batteries are no activations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.core.window_set import WindowSet

__all__ = ["Concepts", "Selector", "WindowView"]

# Shape letters: N windows, P pairs of a window and one of its events.

_ENDS = frozenset({"OFF", "CLOSE", "CLOSED", "PRESENT", "END", "STOP", "FALSE", "IDLE", "LOCKED"})
_NO_PERSON = frozenset({"temperature", "battery", "control"})
_NUMBERS_COUNT = frozenset({"water", "burner", "power"})

Selector = Mapping[str, str]
"""Which events: any of `room`, `object`, `type` (all must fit), and `state`: begin (default), end, any."""


@dataclass(frozen=True)
class Concepts:
    """Words of the rules -> words of home descriptions.

    Attributes:
        rooms: "bedroom" -> ("bedroom", "master_bedroom", ...).
        objects: "fridge" -> ("fridge", "refrigerator").
    """

    rooms: Mapping[str, tuple[str, ...]]
    objects: Mapping[str, tuple[str, ...]]

    def fits(self, sensor: Sensor, selector: Selector) -> bool:
        """Whether a sensor is one the selector means."""
        return (
            sensor.room in self.rooms.get(selector.get("room", ""), (sensor.room,))
            and (sensor.object or "") in self.objects.get(selector.get("object", ""), (sensor.object or "",))
            and sensor.type == selector.get("type", sensor.type)
        )


class WindowView:
    """The events of N windows as flat arrays; every method returns one value per window."""

    def __init__(self, window_set: WindowSet, concepts: Concepts) -> None:
        self.home = window_set.home
        self.windows = window_set.windows
        self.events = window_set.events
        self._concepts = concepts
        ids = _categories(window_set.events, "sensor")
        known = {s.id: s for s in self.home.sensors}
        self._sensors = [known.get(i, Sensor(id=i)) for i in ids]
        first = self.windows["first_event"].to_numpy().astype(np.int64)
        count = self.windows["n_events"].to_numpy().astype(np.int64)
        self.n = len(first)
        self._first, self._stop = first, first + count
        self.row = np.repeat(np.arange(self.n), count)
        self._event = np.arange(len(self.row)) - np.repeat(np.cumsum(count) - count, count) + first[self.row]
        codes = window_set.events["sensor"].to_physical().to_numpy()
        self._sensor_of_event = codes
        self._begin_of_event, self._end_of_event = self._kinds()
        self._time: NDArray[np.int64] = window_set.events["time"].to_physical().to_numpy()

    def has(self, selector: Selector) -> bool:
        """Whether the home has a sensor of this kind."""
        return any(self._concepts.fits(s, selector) and s.is_activity for s in self._sensors)

    def matches(self, selector: Selector) -> NDArray[np.bool_]:
        """(P,) which events of the windows the selector means."""
        fits = np.array([self._concepts.fits(s, selector) for s in self._sensors], dtype=bool)
        of_event = fits[self._sensor_of_event]
        state = selector.get("state", "begin")
        if state == "begin":
            of_event = of_event & self._begin_of_event
        elif state == "end":
            of_event = of_event & self._end_of_event
        else:
            of_event = of_event & (self._begin_of_event | self._end_of_event)
        return np.asarray(of_event[self._event])

    def count(self, selector: Selector) -> NDArray[np.int64]:
        """(N,) events the selector means."""
        return np.bincount(self.row[self.matches(selector)], minlength=self.n)

    def share(self, selector: Selector) -> NDArray[np.float64]:
        """(N,) share of the window's activations that the selector means; 0 without an activation."""
        activations = self.count({})
        share = np.zeros(self.n)
        np.divide(self.count(selector), activations, out=share, where=activations > 0)
        return share

    def in_order(self, selectors: list[Selector]) -> NDArray[np.bool_]:
        """(N,) whether events of the selectors come one after another, others between them or not."""
        position = np.arange(len(self.row))
        reached = np.full(self.n, -1, dtype=np.int64)
        for selector in selectors:
            wanted = self.matches(selector) & (position > reached[self.row])
            earliest = np.full(self.n, len(position), dtype=np.int64)
            np.minimum.at(earliest, self.row[wanted], position[wanted])
            reached = earliest
        return np.asarray(reached < len(position))

    def end_sign(self, selector: Selector, *, last: bool) -> NDArray[np.bool_]:
        """(N,) whether the first (or last) activation of the window is one the selector means."""
        position = np.flatnonzero(self.matches({}))
        ends = np.full(self.n, -1, dtype=np.int64)
        rows = self.row[position]
        order = slice(None) if last else slice(None, None, -1)
        ends[rows[order]] = position[order]  # of several values written to one place the last one stays
        wanted = np.append(self.matches(selector), False)
        return np.asarray(wanted[ends] & (ends >= 0))

    @cached_property
    def hour(self) -> NDArray[np.int64]:
        """(N,) hour of day in which the window begins."""
        return self.windows["start"].dt.hour().to_numpy().astype(np.int64)

    @cached_property
    def weekday(self) -> NDArray[np.int64]:
        """(N,) Monday 0 to Sunday 6, of the window's begin."""
        return self.windows["start"].dt.weekday().to_numpy().astype(np.int64) - 1

    @cached_property
    def duration_s(self) -> NDArray[np.float64]:
        """(N,) seconds from the first to the last event."""
        return np.asarray((self._time[self._stop - 1] - self._time[self._first]) / 1e6)

    @cached_property
    def n_events(self) -> NDArray[np.int64]:
        """(N,) events of the window, activations or not."""
        return np.asarray(self._stop - self._first)

    @cached_property
    def longest_gap_s(self) -> NDArray[np.float64]:
        """(N,) longest silence between two events of the window."""
        gap = np.diff(self._time[self._event], prepend=0) / 1e6
        inside = np.diff(self.row, prepend=-1) == 0
        longest = np.zeros(self.n)
        np.maximum.at(longest, self.row[inside], gap[inside])
        return longest

    @cached_property
    def gap_before_s(self) -> NDArray[np.float64]:
        """(N,) seconds since the last activation before the window; infinite at the beginning of the log."""
        times = np.append(-np.inf, self._time[self._begin_of_event])
        at = np.searchsorted(np.flatnonzero(self._begin_of_event), self._first)
        return np.asarray((self._time[self._first] - times[at]) / 1e6)

    @cached_property
    def gap_after_s(self) -> NDArray[np.float64]:
        """(N,) seconds from the last event to the next activation; infinite at the end of the log."""
        times = np.append(self._time[self._begin_of_event], np.inf)
        at = np.searchsorted(np.flatnonzero(self._begin_of_event), self._stop)
        return np.asarray((times[at] - self._time[self._stop - 1]) / 1e6)

    @cached_property
    def rooms_visited(self) -> NDArray[np.int64]:
        """(N,) distinct rooms with an activation."""
        row, room = self._room_activations()
        pairs = np.unique(row * (len(self._room_names) + 1) + room)
        return np.bincount(pairs // (len(self._room_names) + 1), minlength=self.n)

    @cached_property
    def transitions(self) -> NDArray[np.int64]:
        """(N,) how often an activation is in another room than the activation before it."""
        row, room = self._room_activations()
        changed = (np.diff(row, prepend=-1) == 0) & (np.diff(room, prepend=-1) != 0)
        return np.bincount(row[changed], minlength=self.n)

    @cached_property
    def _room_names(self) -> list[str]:
        return sorted({s.room for s in self._sensors} - {UNKNOWN_ROOM})

    def _room_activations(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Window and room code of every activation whose room is known, in order."""
        code = {name: k for k, name in enumerate(self._room_names)}
        of_sensor = np.array([code.get(s.room, -1) for s in self._sensors], dtype=np.int64)
        room = of_sensor[self._sensor_of_event[self._event]]
        keep = self.matches({}) & (room >= 0)
        return self.row[keep], room[keep]

    def _kinds(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(E,) which events are activations, and which are ends."""
        person = np.array([s.is_activity and s.type not in _NO_PERSON for s in self._sensors], dtype=bool)
        numbers = np.array([s.type in _NUMBERS_COUNT for s in self._sensors], dtype=bool)
        states = _categories(self.events, "state")
        is_end = np.array([s in _ENDS for s in states], dtype=bool)
        is_number = np.array([s == "VALUE" for s in states], dtype=bool)
        state = self.events["state"].to_physical().to_numpy()
        sensor = self._sensor_of_event
        high = self.events["value"].fill_null(0.0).to_numpy() > 0
        begin = person[sensor] & ~is_end[state] & (~is_number[state] | (numbers[sensor] & high))
        return begin, person[sensor] & is_end[state]


def _categories(events: pl.DataFrame, column: str) -> list[str]:
    kind = events.schema[column]
    return kind.categories.to_list() if isinstance(kind, pl.Enum) else []
