"""Windows of a simulated home beside what its people and sensors did: what the truth of situations asks."""

from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.event_semantics import sensors_of
from discover.pretraining.daily_life import MINUTE_US, OUTSIDE, DailyLife, Spells
from discover.pretraining.profiles import state_changes
from discover.pretraining.situations import situation_source
from discover.simulator import RandomLife

__all__ = [
    "ASLEEP",
    "FALSE",
    "GUEST",
    "TRUE",
    "UNKNOWN",
    "Answers",
    "Mask",
    "Scene",
    "answers",
    "anyone",
    "between",
    "bounds",
    "end_of",
    "microseconds",
    "minutes_since",
    "minutes_until",
    "opposite",
    "soon_back",
    "together",
    "within",
]

# Shape letters: W windows, P people, B stretches between changes, R rows of the truth, S sensors.

FALSE, TRUE, UNKNOWN = 0, 1, 255
GUEST = 50
"""Codes of people from this one on are visitors."""
ASLEEP = ("sleep", "nap")
_OPENED = ("door", "item", "power", "water", "burner", "light", "phone")

Answers = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def answers(true: Mask, false: Mask) -> Answers:
    """(W,) TRUE, FALSE, or UNKNOWN where it is neither."""
    return np.where(true, TRUE, np.where(false, FALSE, UNKNOWN)).astype(np.uint8)


def opposite(found: Answers) -> Answers:
    """TRUE for FALSE and FALSE for TRUE."""
    return np.where(found == UNKNOWN, UNKNOWN, 1 - found).astype(np.uint8)


def anyone(mask_PB: Mask) -> Mask:
    """(B,) whether something holds for somebody."""
    return np.asarray(mask_PB.any(axis=0))


class Scene:
    """What is asked per window of one home.

    Args:
        life: The simulated home.
        windows: `start` and `end`, times of the first and the last event of each window.

    Attributes:
        life: What people did.
        kept: `simulator.RandomLife.situations`: what was left open or on, who was ill.
        changes: Begins and ends of the sensors.
        sensors, kinds: (S,) sensors with their true words, and the kind of each one's room.
        start, end, middle: (W,) microseconds.
        unknown: (W,) the answer where the home cannot tell.
        room: (P, B) kind of the room that each person is in; "" where they are not known to be anywhere.
        here, sleeps: (P, B) whether each person is at home, and asleep.
        resident: (P,) whether they live there.
        n_here, n_asleep: (B,) how many people.
    """

    def __init__(self, life: RandomLife, windows: pl.DataFrame) -> None:
        self.life = DailyLife.of(life.truth, life.room_kinds)
        self.kept = life.situations
        self.changes = state_changes(life.true_home, life.events)
        self.sensors = sensors_of(life.events, life.true_home)
        self.kinds = np.array([life.room_kinds.get(s.room, "") for s in self.sensors], dtype=np.str_)
        start, end = (windows[c].to_physical().to_numpy().astype(np.int64) for c in ("start", "end"))
        self.start, self.end = start, np.maximum(end, start + 1)
        self.middle = (self.start + self.end) // 2
        self.unknown = np.full(len(start), UNKNOWN, dtype=np.uint8)
        self.room = np.append(self.life.room, "")[self.life.rows]
        self.here = (self.room != OUTSIDE) & (self.room != "")
        self.resident = self.life.people < GUEST
        self.n_here = self.here.sum(axis=0)
        self.sleeps = self.life.now(self.life.does(ASLEEP))
        self.n_asleep = self.sleeps.sum(axis=0)

    def mostly(self, spells: Spells, least: float = 0.5) -> Answers:
        """TRUE where spells cover a share of a window, FALSE where they cover nothing of it."""
        if not len(spells.begin):
            return np.zeros(len(self.start), dtype=np.uint8)
        share = spells.share(self.start, self.end)
        return answers(share >= least, share <= 0.02)

    def times(self, mask_B: Mask) -> Answers:
        """`mostly` of the time in which something holds, (B,)."""
        return self.mostly(self.life.spells(mask_B))

    @cached_property
    def _overlaps(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Windows and rows of the truth that overlap, in order of windows, and the share of the window."""
        begin, end = self.life.begin, self.life.end
        window, row = np.nonzero((begin < self.end[:, None]) & (end > self.start[:, None]))
        start, stop = self.start[window], self.end[window]
        share = (np.minimum(end[row], stop) - np.maximum(begin[row], start)) / (stop - start)
        return window, row, share.astype(np.float32)

    def anybody(self, rows_RM: Mask) -> Answers:
        """(W, M): TRUE where people together spend half of a window's time or more at some rows, (R, M)."""
        window, row, share = self._overlaps
        found = np.zeros((len(self.start), rows_RM.shape[1]), dtype=np.float32)
        if len(window):
            first = np.flatnonzero(np.diff(window, prepend=-1))
            found[window[first]] = np.add.reduceat(share[:, None] * rows_RM[row], first, axis=0)
        return answers(found >= 0.5, found <= 0.02)

    def near(self, begin: NDArray[np.int64], before_min: float, after_min: float) -> Answers:
        """True from some minutes before moments to some after them."""
        return self.mostly(Spells.union(begin - microseconds(before_min), begin + microseconds(after_min)))

    def people_near(self) -> NDArray[np.int64]:
        """(W,) people at home in the middle of each window."""
        at = np.clip(np.searchsorted(self.life.edges, self.middle, side="right") - 1, 0, len(self.n_here) - 1)
        return np.asarray(self.n_here[at])

    @cached_property
    def sensors_of_thing(self) -> dict[str, Mask]:
        """(S,) which sensors show the use of each thing."""
        found = {}
        for thing, entry in situation_source()["things"].items():
            names, types = set(entry["objects"]), set(entry.get("types", _OPENED))
            rooms = entry.get("rooms")
            found[thing] = np.array(
                [
                    s.object in names and s.type in types and (rooms is None or kind in rooms)
                    for s, kind in zip(self.sensors, self.kinds, strict=True)
                ],
                dtype=bool,
            )
        return found

    def begin_times(self, sensors: Mask) -> NDArray[np.int64]:
        """Moments at which one of some sensors begins something, in order."""
        changes = self.changes
        return np.asarray(changes.times[changes.begins & np.append(sensors, False)[changes.sensors]])

    def on(self, sensors: Mask) -> Spells:
        """When at least one of some sensors is on."""
        changes = self.changes
        mine = np.append(sensors, False)[changes.sensors] & (changes.turns != 0)
        times, on = changes.times[mine], np.cumsum(changes.turns[mine]) > 0
        turns = np.diff(np.r_[0, on.astype(np.int8)])
        begin, end = times[turns > 0], times[turns < 0]
        far = int(self.end.max(initial=0)) + microseconds(1440)
        return Spells.union(begin, np.append(end, far)[: len(begin)])


def microseconds(minutes: float) -> int:
    """Minutes as microseconds."""
    return round(minutes * MINUTE_US)


def bounds(table: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Begin and end of a table's rows, microseconds."""
    begin, end = (table[c].to_physical().to_numpy().astype(np.int64) for c in ("begin", "end"))
    return begin, end


def within(moments: NDArray[np.int64], start: NDArray[Any], end: NDArray[Any]) -> NDArray[np.int64]:
    """(W,) how many sorted moments lie in each window, its ends included."""
    return np.searchsorted(moments, end, side="right") - np.searchsorted(moments, start)


def minutes_since(moments: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.float64]:
    """(W,) minutes from the last of sorted moments before each start; inf without."""
    at = np.searchsorted(moments, start) - 1
    found = (start - np.append(moments, 0)[at]) / MINUTE_US
    return np.where(at >= 0, found, np.inf)


def minutes_until(moments: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
    """(W,) minutes to the first of sorted moments after each end; inf without."""
    at = np.searchsorted(moments, end, side="right")
    found = (np.append(moments, 0)[at] - end) / MINUTE_US
    return np.where(at < len(moments), found, np.inf)


def together(parts: list[Spells]) -> Spells:
    """The time that any of some lists of spells covers."""
    none = np.zeros(0, dtype=np.int64)
    return Spells.union(
        np.concatenate([none, *(p.begin for p in parts)]), np.concatenate([none, *(p.end for p in parts)])
    )


def soon_back(spells: Spells, minutes: float) -> Spells:
    """Spells that begin at most some minutes after the one before ended."""
    gap = np.diff(spells.begin, prepend=spells.begin[:1]) * 0
    gap[1:] = spells.begin[1:] - spells.end[:-1]
    return spells.where((gap > 0) & (gap <= microseconds(minutes)))


def between(spells: Spells, others: Spells) -> Spells:
    """Spells that begin where one of the others ends, and end where one begins."""
    return spells.where(np.isin(spells.begin, others.end) & np.isin(spells.end, others.begin))


def end_of(spells: Spells, begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ends of the spells with some begins."""
    return np.asarray(spells.end[np.searchsorted(spells.begin, begin)])
