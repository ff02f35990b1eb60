"""A home's events as flat arrays, so that any stretch of years is cut, counted and sent in milliseconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.config import closest
from discover.core.errors import ConfigError
from discover.core.event_semantics import event_codes, meanings, sensors_of
from discover.core.home import Home, Sensor

__all__ = ["DAY_MS", "KINDS", "EventArrays", "Grouping", "Range", "datetime_ms", "ms_datetime", "times_ms"]

# Shape letters: E events, S sensors, N rows of an answer.

KINDS = ("begin", "end", "reading")
"""Names of the codes in the column `kind`."""

Grouping = Literal["all", "type", "room", "sensor"]
"""What events are counted by."""

DAY_MS = 86_400_000.0
_HOLE_MS = 12 * 3_600_000.0
_MOST_CELLS = 8_000_000


@dataclass(frozen=True)
class Range:
    """Which events an answer is about.

    Attributes:
        begin, end: Milliseconds, [begin, end).
        sensors: (S,) which sensors count; None: all.
    """

    begin: float
    end: float
    sensors: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class EventArrays:
    """The events of one home, sorted by time.

    Attributes:
        time: (E,) float64, milliseconds since 1970 of the wall clock.
        sensor, state: (E,) uint16, codes of `sensors` and `states`.
        kind: (E,) uint8, codes of `KINDS`.
        person: (E,) whether a person caused it.
        value: (E,) float32, NaN where it is no reading.
        sensors: Sensor of each code.
        states: State of each code.
    """

    time: NDArray[np.float64]
    sensor: NDArray[np.uint16]
    state: NDArray[np.uint16]
    kind: NDArray[np.uint8]
    person: NDArray[np.bool_]
    value: NDArray[np.float32]
    sensors: tuple[Sensor, ...]
    states: tuple[str, ...]

    @classmethod
    def of(cls, events: pl.DataFrame, home: Home) -> "EventArrays":
        """From `core.tables.EVENTS`."""
        sensor, meant_state = event_codes(events)
        table = meanings(events, home)
        kinds = np.array([[KINDS.index(m.kind) for m in row] for row in table], dtype=np.uint8)
        people = np.array([[m.person for m in row] for row in table], dtype=bool)
        states = events.schema["state"]
        return cls(
            time=times_ms(events["time"]),
            sensor=sensor.astype(np.uint16),
            state=events["state"].to_physical().to_numpy().astype(np.uint16),
            kind=kinds[sensor, meant_state],
            person=people[sensor, meant_state],
            value=events["value"].cast(pl.Float32).fill_null(float("nan")).to_numpy(),
            sensors=tuple(sensors_of(events, home)),
            states=tuple(states.categories) if isinstance(states, pl.Enum) else (),
        )

    @property
    def begin(self) -> float:
        """Time of the first event."""
        return float(self.time[0])

    @property
    def end(self) -> float:
        """Just after the last event."""
        return float(self.time[-1]) + 1.0

    @cached_property
    def holes(self) -> NDArray[np.float64]:
        """(N, 2) last event before and first after each silence of all sensors longer than twelve hours."""
        after = np.flatnonzero(np.diff(self.time) > _HOLE_MS) + 1
        return np.stack([self.time[after - 1], self.time[after]], axis=1)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(S,) events of each sensor."""
        counted: NDArray[np.int64] = np.bincount(self.sensor, minlength=len(self.sensors))
        return counted

    def chosen(self, rooms: Sequence[str], sensors: Sequence[str]) -> NDArray[np.bool_] | None:
        """(S,) the sensors that are named or stand in one of the rooms; None where nothing is named.

        Raises:
            ConfigError: There is no such room or sensor.
        """
        if not rooms and not sensors:
            return None
        ids, places = [s.id for s in self.sensors], [s.room for s in self.sensors]
        for wanted, known, what in ((rooms, places, "room"), (sensors, ids, "sensor")):
            for name in wanted:
                if name not in known:
                    raise ConfigError(f"This home has no {what} '{name}'. {closest(name, set(known))}")
        return np.array([s.id in sensors or s.room in rooms for s in self.sensors], dtype=bool)

    def rows(self, part: Range) -> NDArray[np.int64]:
        """Rows of the events of a range, in order."""
        first, last = np.searchsorted(self.time, (part.begin, part.end), side="left")
        if part.sensors is None:
            return np.arange(first, last, dtype=np.int64)
        inside: NDArray[np.int64] = first + np.flatnonzero(part.sensors[self.sensor[first:last]])
        return inside

    def groups(self, by: Grouping) -> tuple[list[str], NDArray[np.uint16]]:
        """Names of the groups, and the group of each sensor (S,)."""
        named: dict[Grouping, Callable[[Sensor], str]] = {
            "all": lambda s: "all",
            "type": lambda s: s.type,
            "room": lambda s: s.room,
            "sensor": lambda s: s.id,
        }
        of_sensor = [named[by](s) for s in self.sensors]
        names = of_sensor if by == "sensor" else sorted(set(of_sensor))
        place = {name: k for k, name in enumerate(names)}
        return names, np.array([place[name] for name in of_sensor], dtype=np.uint16)

    def density(self, part: Range, *, bins: int, by: Grouping) -> dict[str, NDArray[np.generic]]:
        """Events per group and bin: every bin with an event has a row, so nothing is lost at any zoom.

        Returns:
            group (uint16), bin and count (uint32), low and high (float32): least and greatest reading.
        """
        rows = self.rows(part)
        names, of_sensor = self.groups(by)
        at = (self.time[rows] - part.begin) * (bins / (part.end - part.begin))
        cell = of_sensor[self.sensor[rows]].astype(np.int64) * bins + np.minimum(
            at.astype(np.int64), bins - 1
        )
        if len(names) * bins <= _MOST_CELLS:
            counted = np.bincount(cell, minlength=len(names) * bins)
            cells = np.flatnonzero(counted)
            count = counted[cells]
        else:
            cells, count = np.unique(cell, return_counts=True)
        low = np.full(len(cells), np.nan, dtype=np.float32)
        high = low.copy()
        read = np.flatnonzero(~np.isnan(self.value[rows]))
        if len(read):
            order = read[np.argsort(cell[read], kind="stable")]
            having, begins = np.unique(cell[order], return_index=True)
            place, values = np.searchsorted(cells, having), self.value[rows[order]]
            low[place], high[place] = (
                np.minimum.reduceat(values, begins),
                np.maximum.reduceat(values, begins),
            )
        return {
            "group": (cells // bins).astype(np.uint16),
            "bin": (cells % bins).astype(np.uint32),
            "count": count.astype(np.uint32),
            "low": low,
            "high": high,
        }

    @cached_property
    def stretches(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Sensor, begin and end (N,) of every time in which a sensor is on, by sensor and time.

        It begins with the first of several begins and ends with the next end of the same sensor, at a hole
        of the recording, or, where no end follows, with its last begin. Sensors that never report an end are
        on for a moment at each begin.
        """
        kept = np.flatnonzero(self.kind != KINDS.index("reading"))
        order = kept[np.argsort(self.sensor[kept], kind="stable")]
        sensor, time = self.sensor[order].astype(np.int64), self.time[order]
        begins = self.kind[order] == KINDS.index("begin")
        ends_ever = np.zeros(len(self.sensors), dtype=bool)
        ends_ever[sensor[~begins]] = True
        same = np.zeros(len(order), dtype=bool)
        same[1:] = sensor[1:] == sensor[:-1]
        before = np.zeros(len(order), dtype=bool)
        before[1:] = begins[:-1]
        first = np.flatnonzero(begins & ~(same & before & ends_ever[sensor]))
        # Where the run of begins is over: the next event that is no begin of the same sensor.
        breaks = np.append(np.flatnonzero(~begins | ~same | ~(before & ends_ever[sensor])), len(order))
        stop = breaks[np.searchsorted(breaks, first, side="right")]
        inside = np.minimum(stop, len(order) - 1)
        ended = (stop < len(order)) & same[inside] & ~begins[inside] & ends_ever[sensor[first]]
        begin = time[first]
        end = np.where(ended, time[inside], time[np.maximum(stop - 1, 0)])
        for last, again in self.holes:
            end = np.where((begin <= last) & (end >= again), last, end)
        return sensor[first], begin, end

    def states_in(self, part: Range, *, bins: int) -> dict[str, NDArray[np.generic]]:
        """The `stretches` of a range; those of a sensor that begin in one bin are one row."""
        sensor, begin, end = self.stretches
        keep = (begin < part.end) & (end >= part.begin)
        if part.sensors is not None:
            keep &= part.sensors[sensor]
        sensor, begin, end = sensor[keep], begin[keep], end[keep]
        at = np.floor((begin - part.begin) * (bins / (part.end - part.begin)))
        new = np.ones(len(sensor), dtype=bool)
        new[1:] = (sensor[1:] != sensor[:-1]) | (at[1:] != at[:-1])
        first = np.flatnonzero(new)
        lengths = np.diff(np.append(first, len(sensor)))
        return {
            "sensor": sensor[first].astype(np.uint16),
            "begin": begin[first],
            "end": np.maximum.reduceat(end, first) if len(first) else end,
            "count": lengths.astype(np.uint32),
        }


def times_ms(times: pl.Series) -> NDArray[np.float64]:
    """(N,) wall-clock times in milliseconds since 1970."""
    micros: NDArray[np.float64] = times.cast(pl.Datetime("us")).to_physical().to_numpy().astype(np.float64)
    return micros / 1000


def ms_datetime(ms: float) -> datetime:
    """The wall-clock time of some milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None)


def datetime_ms(time: object) -> float:
    """One wall-clock time in milliseconds since 1970."""
    return float(np.datetime64(time, "us").astype(np.int64)) / 1000  # type: ignore[call-overload]
