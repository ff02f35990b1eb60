"""Moments of any length, from the event stream: stays, uses, outings, quiet times, nights, times up at night.

Every span has its true begin and end: a stay ends when something happens elsewhere, not with the last
movement that a sensor saw. Nothing tells people apart, so spans are those of the household.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.event_semantics import (
    IDLE_READING,
    PRESENCE_TYPES,
    activation_mask,
    event_codes,
    meanings,
    sensors_of,
)
from discover.core.home import UNKNOWN_ROOM, Home

__all__ = ["EventStream", "Spans", "join_spans", "merge_spans"]

# Shape letters: E events, A activations, S spans.

STAY_GAP_S = 300.0
"""A shorter pause does not end a stay; a longer one does if anything happens elsewhere meanwhile."""
QUIET_S = 1200.0
"""From this long on a time without an activation is a quiet time."""
OUT_S, DOOR_S, STRAY_PER_HOUR = 120.0, 180.0, 1.0
"""An outing lasts OUT_S or longer; people are seen for DOOR_S after the door; how many strays are borne."""
ALONE_S = 180.0
"""A motion without another activation this near is a false alarm."""
UP_S, NIGHT_S = 1800.0, 9000.0
"""Up for longer than UP_S ends a night; a night rests for NIGHT_S or longer in all."""
STIR_S = 45.0
"""What moves elsewhere for less than this does not interrupt a rest."""
TURNS_S = 20.0
_PACING_MOVES, _PACING_S = 6, 180.0
LONGEST_STAY_S = 14 * 3600.0
_EVENING_H, _NOON_H = 18, 12

_METERED = frozenset({"water", "burner", "power"})
_NEAR_DOOR = ("entrance", "entry", "front", "hall", "outside")
_OUTER = ("front door", "entrance door", "outside door", "main door", "entry door", "house door", "back door",
          "apartment door", "garage entrance")  # fmt: skip


@dataclass(frozen=True)
class Spans:
    """Spans of time in order of their begin.

    Attributes:
        begin_s, end_s: (S,) local time in seconds since 1970.
        count: (S,) activations or uses inside.
    """

    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begin_s)

    @property
    def length_s(self) -> NDArray[np.float64]:
        """(S,) seconds."""
        return self.end_s - self.begin_s

    def where(self, keep: NDArray[np.bool_]) -> "Spans":
        """Those that a mask keeps."""
        return Spans(self.begin_s[keep], self.end_s[keep], self.count[keep])

    @classmethod
    def of(cls, begin_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> "Spans":
        """Spans that are counted once each, sorted."""
        order = np.argsort(begin_s, kind="stable")
        return cls(begin_s[order], end_s[order], np.ones(len(order), dtype=np.int64))


def join_spans(spans: Spans, gap_s: float) -> Spans:
    """Spans of which none lie less than `gap_s` apart: neighbours and overlapping ones become one."""
    if not len(spans):
        return spans
    latest = np.maximum.accumulate(spans.end_s)
    first = np.concatenate([[True], spans.begin_s[1:] - latest[:-1] >= gap_s])
    at = np.flatnonzero(first)
    return Spans(spans.begin_s[at], np.maximum.reduceat(spans.end_s, at), np.add.reduceat(spans.count, at))


def merge_spans(parts: Sequence[Spans]) -> Spans:
    """All spans of several parts in one order, counted once each; none are joined."""
    none = np.zeros(0)
    edges = ([getattr(part, name) for part in parts] for name in ("begin_s", "end_s"))
    begin_s, end_s = (np.concatenate([none, *edge]) for edge in edges)
    return Spans.of(begin_s, end_s)


@dataclass(frozen=True)
class EventStream:
    """The events of one home as arrays, and the spans that can be read from them.

    Attributes:
        home: The home.
        time_s: (A,) local times of the activations, sorted.
        sensor: (A,) their sensor codes.
        room: (A,) codes of their rooms; -1 for an unknown room.
        sensors: Ids by code.
        rooms: Names by code.
        change_s, changed: (E,) times and sensor codes of all events that begin or end something.
        ends: (E,) which of these end something.
        first_s, last_s: First and last event.
    """

    home: Home
    time_s: NDArray[np.float64]
    sensor: NDArray[np.int64]
    room: NDArray[np.int64]
    sensors: tuple[str, ...]
    rooms: tuple[str, ...]
    change_s: NDArray[np.float64]
    changed: NDArray[np.int64]
    ends: NDArray[np.bool_]
    first_s: float
    last_s: float

    @classmethod
    def read(cls, events: pl.DataFrame, home: Home) -> "EventStream":
        """From `core.tables.EVENTS`."""
        described = sensors_of(events, home)
        names = sorted({s.room for s in described} - {UNKNOWN_ROOM})
        codes = {name: i for i, name in enumerate(names)}
        room_of = np.array([codes.get(s.room, -1) for s in described], dtype=np.int64)
        sensor, state = event_codes(events)
        time_s = events["time"].dt.timestamp("us").to_numpy() / 1e6
        active = activation_mask(events, home)
        state_type = events.schema["state"]
        names_of = [
            *(state_type.categories.to_list() if isinstance(state_type, pl.Enum) else []),
            IDLE_READING,
        ]
        # An idle reading ends the use of what is metered.
        kinds = [
            [
                m.kind == "end" or (name == IDLE_READING and s.type in _METERED)
                for m, name in zip(row, names_of, strict=True)
            ]
            for s, row in zip(described, meanings(events, home), strict=True)
        ]
        ends = np.array(kinds, dtype=bool)[sensor, state] if len(sensor) else np.zeros(0, dtype=bool)
        change = active | ends
        return cls(
            home, time_s[active], sensor[active], room_of[sensor[active]] if len(sensor) else sensor,
            tuple(s.id for s in described), tuple(names), time_s[change], sensor[change], ends[change],
            float(time_s[0]) if len(time_s) else 0.0, float(time_s[-1]) if len(time_s) else 0.0,
        )  # fmt: skip

    @property
    def signs(self) -> Spans:
        """Every sign of a person, of any sensor."""
        return Spans.of(self.time_s, self.time_s)

    def codes_of(self, sensors: frozenset[str]) -> NDArray[np.int64]:
        """Codes of those sensor ids that the log knows."""
        return np.array([i for i, s in enumerate(self.sensors) if s in sensors], dtype=np.int64)

    def stays(self, sensors: frozenset[str]) -> Spans:
        """Stays at the sensors of a place.

        Two activations there belong to one stay if they lie at most `STAY_GAP_S` apart, or if nothing happens
        in another room between them. A stay ends with the next activation elsewhere, or with an outing.
        """
        here = np.isin(self.sensor, self.codes_of(sensors))
        at = np.flatnonzero(here)
        if not len(at):
            return _NONE
        rooms = np.unique(self.room[at])
        # Other things in the same room do not end a stay at the sofa.
        elsewhere = np.cumsum(~here & ~np.isin(self.room, rooms))
        time = self.time_s[at]
        apart = (np.diff(time) > STAY_GAP_S) & (np.diff(elsewhere[at]) > 0)
        out = self.outings
        # An outing ends a stay even where nothing else happens.
        left = np.diff(np.searchsorted(out.begin_s, time, side="left")) > 0
        first = np.concatenate([[True], apart | left])
        begin = np.flatnonzero(first)
        last = np.append(begin[1:], len(at)) - 1
        end = self._until_next(time[last], at[last], here)
        return Spans(time[begin], end, np.diff(np.append(begin, len(at))))

    def _until_next(
        self, time: NDArray[np.float64], at: NDArray[np.int64], here: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """When each stay ends whose last activation is given."""
        following = np.append(self.time_s, self.last_s)[at + 1]
        again = np.append(here, False)[at + 1]
        following = np.where(again, time, following)
        leaving = np.append(self.outings.begin_s, np.inf)[
            np.searchsorted(self.outings.begin_s, time, side="left")
        ]
        end = np.minimum(following, leaving)
        end = np.where(end - time > LONGEST_STAY_S, time, end)
        return np.maximum(end, time)

    def uses(self, sensors: frozenset[str], joins_s: float = 0.0) -> Spans:
        """Uses of things, from begin to end; those less than `joins_s` apart are one."""
        found: list[Spans] = []
        for code in self.codes_of(sensors):
            own = self.changed == code
            time, ends = self.change_s[own], self.ends[own]
            begins = time[~ends]
            if not len(begins):
                continue
            before = np.searchsorted(time[ends], begins, side="right")
            # Of several begins without an end between them, the first one counts: readings of one use.
            first = (
                np.concatenate([[True], np.diff(before) > 0]) if ends.any() else np.ones(len(begins), bool)
            )
            begins, before = begins[first], before[first]
            length = np.append(time[ends], np.inf)[before] - begins
            found.append(Spans.of(begins, begins + np.where(length <= LONGEST_STAY_S, length, 0.0)))
        return join_spans(merge_spans(found), joins_s)

    @cached_property
    def lived(self) -> NDArray[np.bool_]:
        """(D,) which days of the log have a tenth of the usual activations or more: people are there."""
        first = int(self.first_s // 86_400)
        day = (self.time_s // 86_400).astype(np.int64) - first
        count = np.bincount(day, minlength=int(self.last_s // 86_400) - first + 1)
        usual = float(np.median(count[count > 0])) if count.any() else 0.0
        return np.asarray(count >= max(1.0, 0.1 * usual), dtype=np.bool_)

    @cached_property
    def outer_doors(self) -> frozenset[str]:
        """Sensors of doors to the outside: so named, else the doors of an entrance or hallway."""
        sensors = [s for s in self.home.sensors if s.id in self.sensors]
        named = [s for s in sensors if s.object and _is_outer(s.object)]
        contacts = [s for s in named if s.type == "door"]
        doors = [s for s in sensors if s.type == "door" and (s.object or "door").lower() == "door"]
        near = [s for s in doors if any(w in s.room for w in _NEAR_DOOR)]
        close = [s for s in sensors if s.type == "motion" and any(w in s.room for w in _NEAR_DOOR[:3])]
        return frozenset(s.id for s in contacts or near or named or close)

    @cached_property
    def outer_contact(self) -> bool:
        """Whether an outer door says itself that it opens; else movement near it has to do."""
        return any(self._type_of(sensor) == "door" for sensor in self.outer_doors)

    @cached_property
    def real(self) -> NDArray[np.bool_]:
        """(A,) which are no false alarms: a motion that is alone for `ALONE_S` in both directions is one."""
        presence = np.array([self._type_of(name) in PRESENCE_TYPES for name in self.sensors], dtype=bool)
        apart = np.diff(self.time_s, prepend=-np.inf, append=np.inf) > ALONE_S
        alone = apart[:-1] & apart[1:]
        return ~(alone & presence[self.sensor]) if len(self.sensor) else alone

    def _type_of(self, sensor: str) -> str:
        return self._types.get(sensor, "unknown")

    @cached_property
    def _types(self) -> dict[str, str]:
        return {s.id: s.type for s in self.home.sensors}

    @cached_property
    def outings(self) -> Spans:
        """Times with nobody at home: hardly anything happens between two movements of the outer door."""
        doors = self.codes_of(self.outer_doors)
        moved = self.change_s[np.isin(self.changed, doors)]
        if len(moved) < 2:
            return _NONE
        left, back = moved[:-1], moved[1:]
        long = back - left >= OUT_S
        left, back = left[long], back[long]
        inside = self.time_s[self.real & ~np.isin(self.sensor, doors)]
        # People still put on a coat near the door, and are seen before it shuts.
        first = np.searchsorted(inside, left + np.minimum(DOOR_S, (back - left) / 3), side="right")
        last = np.searchsorted(inside, back - np.minimum(DOOR_S / 3, (back - left) / 3), side="left")
        keep = np.maximum(last - first, 0) <= (back - left) / 3600 * STRAY_PER_HOUR
        return Spans.of(left[keep], back[keep])

    @cached_property
    def quiet(self) -> Spans:
        """Times at home without an activation."""
        time = self.time_s[self.real]
        gaps = Spans.of(time[:-1], time[1:]) if len(time) > 1 else _NONE
        long = gaps.where(gaps.length_s >= QUIET_S)
        return long.where(~_touches(long, self.outings))

    @cached_property
    def pacing(self) -> Spans:
        """Times with `_PACING_MOVES` changes of room within `_PACING_S`, joined."""
        known = self.room >= 0
        time, room = self.time_s[known], self.room[known]
        moved = time[1:][np.diff(room) != 0]
        if len(moved) < _PACING_MOVES:
            return _NONE
        begin, end = moved[: 1 - _PACING_MOVES], moved[_PACING_MOVES - 1 :]
        keep = end - begin <= _PACING_S
        return join_spans(Spans.of(begin[keep], end[keep]), _PACING_S)

    @cached_property
    def company(self) -> Spans:
        """Times in which two rooms take turns faster than one person walks: A, B, A, B within `TURNS_S`."""
        known = (self.room >= 0) & self.real
        time, room = self.time_s[known], self.room[known]
        if len(room) < 4:
            return _NONE
        turns = (room[:-3] == room[2:-1]) & (room[1:-2] == room[3:]) & (room[:-3] != room[1:-2])
        keep = turns & (time[3:] - time[:-3] <= TURNS_S)
        return join_spans(Spans.of(time[:-3][keep], time[3:][keep]), 10 * TURNS_S)

    @cached_property
    def bed_sensors(self) -> frozenset[str]:
        """Sensors of the bed and of rooms to sleep in."""
        own = [
            s
            for s in self.home.sensors
            if "bed" in s.room or (s.object and s.object.lower().split()[0:1] == ["bed"])
        ]
        return frozenset(s.id for s in own)

    @cached_property
    def rests(self) -> Spans:
        """Times of `QUIET_S` or longer in which only the bedroom stirs, or at night for two hours nothing."""
        bed = np.isin(self.sensor, self.codes_of(self.bed_sensors))
        others = self.time_s[~bed & self.real]
        edges = np.concatenate([[self.first_s], others, [self.last_s]])
        begin, end = edges[:-1], edges[1:]
        stirs = self.time_s[bed]
        count = np.searchsorted(stirs, end, side="left") - np.searchsorted(stirs, begin, side="right")
        late = ((begin / 3600 - 20) % 24 < 8) & (end - begin >= 6 * QUIET_S)
        keep = (end - begin >= QUIET_S) & (end - begin <= LONGEST_STAY_S) & ((count > 0) | late)
        found = join_spans(Spans(begin[keep], end[keep], np.maximum(count[keep], 1)), STIR_S)
        return found.where(~_touches(found, self.outings))

    @cached_property
    def nights(self) -> tuple[Spans, Spans]:
        """(nights, times up in them): one night a day at most, the longest rest that begins after 18:00.

        Rests less than `UP_S` apart are one night; what lies between them are times up.
        """
        rests = self.rests
        # The night of a day: rests that begin between 18:00 of it and 12:00 of the next.
        day = np.floor((rests.begin_s - _EVENING_H * 3600) / 86_400)
        hour = ((rests.begin_s / 3600 - _EVENING_H) % 24) + _EVENING_H
        rests, day = rests.where(hour < 24 + _NOON_H), day[hour < 24 + _NOON_H]
        if not len(rests):
            return _NONE, _NONE
        breaks = (rests.begin_s[1:] - rests.end_s[:-1] >= UP_S) | (np.diff(day) > 0)
        at = np.flatnonzero(np.concatenate([[True], breaks]))
        stop = np.append(at[1:], len(rests))
        rested = np.add.reduceat(rests.length_s, at)
        best: dict[float, int] = {}
        for k in np.argsort(-rested, kind="stable").tolist():
            if rested[k] >= NIGHT_S:
                best.setdefault(float(day[at[k]]), k)
        kept = sorted(best.values())
        nights = Spans(
            rests.begin_s[at[kept]], rests.end_s[stop[kept] - 1], np.ones(len(kept), dtype=np.int64)
        )
        inner = np.array([i for k in kept for i in range(at[k], stop[k] - 1)], dtype=np.int64)
        return nights, Spans.of(rests.end_s[inner], rests.begin_s[inner + 1])


def _is_outer(thing: str) -> bool:
    words = thing.replace("_", " ").lower()
    return words in ("entrance", "door to the outside") or any(name in words for name in _OUTER)


_NONE = Spans(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))


def _touches(spans: Spans, others: Spans) -> NDArray[np.bool_]:
    """(S,) which spans overlap one of the others; the others do not overlap each other."""
    if not len(others):
        return np.zeros(len(spans), dtype=bool)
    after = np.searchsorted(others.end_s, spans.begin_s, side="right")
    touched: NDArray[np.bool_] = np.append(others.begin_s, np.inf)[after] < spans.end_s
    return touched
