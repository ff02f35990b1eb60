"""What the people of a simulated home do at each moment, as arrays; and stretches of time to ask about."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["MINUTE_US", "DailyLife", "Spells", "is_weekend", "local_hour"]

# Shape letters: P people, B stretches between changes of anybody, R rows of the truth, W windows, N spells.

MINUTE_US = 60_000_000
_DAY_US = 1_440 * MINUTE_US

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]

OUTSIDE = "outside"
"""Room of people who are out, in the truth."""
ROAMING = frozenset(
    (
        "walk_about",
        "wander_at_night",
        "vacuum",
        "mop",
        "tidy_up",
        "cleaner_work",
        "water_plants",
        "carer_help",
    )
)
"""Activities that lead through several rooms, whatever room the truth names."""


@dataclass(frozen=True)
class Spells:
    """Stretches of time that do not touch, in order.

    Attributes:
        begin, end: (N,) microseconds.
    """

    begin: Times
    end: Times

    @classmethod
    def union(cls, begin: Times, end: Times) -> "Spells":
        """The time that at least one of some stretches covers; empty ones are left out."""
        real = end > begin
        begin, end = begin[real], end[real]
        if not len(begin):
            return cls(begin, end)
        order = np.argsort(begin, kind="stable")
        begin, end = begin[order], np.maximum.accumulate(end[order])
        cut = np.flatnonzero(begin[1:] > end[:-1])
        return cls(np.append(begin[:1], begin[cut + 1]), np.append(end[cut], end[-1:]))

    @property
    def minutes(self) -> NDArray[np.float64]:
        """(N,) length of each."""
        return (self.end - self.begin) / MINUTE_US

    def where(self, mask: Mask) -> "Spells":
        """Some of them."""
        return Spells(self.begin[mask], self.end[mask])

    def share(self, start: Times, end: Times) -> NDArray[np.float64]:
        """(W,) share of each window's time that they cover; a window of no length is a moment."""
        end = np.maximum(end, start + 1)
        if not len(self.begin):
            return np.zeros(len(start))
        begun, ended = self._until(np.stack([start, end]))
        return np.asarray((ended - begun) / (end - start))

    def begins(self, start: Times, end: Times) -> NDArray[np.int64]:
        """(W,) how many begin in each window, its last moment included."""
        return np.searchsorted(self.begin, end, side="right") - np.searchsorted(self.begin, start)

    def _until(self, moment: Times) -> Times:
        """Covered microseconds before each moment."""
        at = np.searchsorted(self.begin, moment, side="right") - 1
        before = np.cumsum(self.end - self.begin)
        inside = np.maximum(self.end[at] - moment, 0)
        return np.where(at >= 0, before[at] - inside, 0)


@dataclass(frozen=True)
class DailyLife:
    """The truth of one home.

    Attributes:
        who, begin, end: (R,) person code, and microseconds, of each row of the truth.
        activity, place, room: (R,) words; `room` is the kind of the room, `roaming` and `outside` beside.
        inside: (R,) row of the activity that a nested one interrupts, -1 for none.
        edges: (B + 1,) moments at which somebody changes what they do.
        rows: (P, B) row of the truth that each person is at; -1 where they are neither here nor out.
        people: (P,) codes of the people.
    """

    who: NDArray[np.int64]
    begin: Times
    end: Times
    activity: NDArray[np.str_]
    place: NDArray[np.str_]
    room: NDArray[np.str_]
    inside: NDArray[np.int64]
    edges: Times
    rows: NDArray[np.int64]
    people: NDArray[np.int64]

    @classmethod
    def of(cls, truth: pl.DataFrame, room_kinds: dict[str, str]) -> "DailyLife":
        """From `simulator.RandomLife.truth` and its kinds of rooms."""
        begin, end = (truth[c].to_physical().to_numpy().astype(np.int64) for c in ("begin", "end"))
        who = truth["resident"].to_numpy().astype(np.int64)
        activity = truth["activity"].to_numpy().astype(np.str_)
        room = np.array([room_kinds.get(r, OUTSIDE) for r in truth["room"]], dtype=np.str_)
        room = np.where(np.isin(activity, list(ROAMING)), "roaming", room)
        inside = truth["nested_in"].fill_null(-1).to_numpy().astype(np.int64)
        edges = np.unique(np.concatenate([begin, end]))
        people, person = np.unique(who, return_inverse=True)
        rows = np.full((len(people), max(len(edges) - 1, 0)), -1, dtype=np.int64)
        low, high = np.searchsorted(edges, begin), np.searchsorted(edges, end)
        # Nested rows begin later than the one around them, so the innermost is written last.
        for row in np.lexsort((inside >= 0, begin)).tolist():
            rows[person[row], low[row] : high[row]] = row
        place = truth["place"].fill_null("").to_numpy().astype(np.str_)
        return cls(who, begin, end, activity, place, room, inside, edges, rows, people)

    @property
    def minutes(self) -> NDArray[np.float64]:
        """(R,) length of each row."""
        return (self.end - self.begin) / MINUTE_US

    def does(self, activities: Collection[str]) -> Mask:
        """(R,) rows of some activities."""
        return np.isin(self.activity, list(activities))

    def now(self, mask_R: Mask) -> Mask:
        """(P, B) whether each person is at one of some rows."""
        return np.asarray(np.append(mask_R, False)[self.rows])

    def spells(self, mask_B: Mask) -> Spells:
        """Stretches in which something holds, (B,)."""
        padded = np.zeros(len(mask_B) + 2, dtype=np.int8)
        padded[1:-1] = mask_B
        turns = np.diff(padded)
        return Spells(self.edges[np.flatnonzero(turns > 0)], self.edges[np.flatnonzero(turns < 0)])

    def stays(self, mask_PB: Mask) -> list[Spells]:
        """For each person the stretches in which something holds."""
        return [self.spells(own) for own in mask_PB]

    def of_rows(self, mask_R: Mask) -> Spells:
        """The time in which anybody is at one of some rows, with what interrupts them."""
        return Spells.union(self.begin[mask_R], self.end[mask_R])

    def previous_end(self, of_R: Mask) -> NDArray[np.float64]:
        """(R,) minutes from the same person's last row of some kind to each row's begin; inf without."""
        return self._distance(of_R, forward=False)

    def next_begin(self, of_R: Mask) -> NDArray[np.float64]:
        """(R,) minutes from each row's end to the same person's next row of some kind; inf without."""
        return self._distance(of_R, forward=True)

    def _distance(self, of_R: Mask, *, forward: bool) -> NDArray[np.float64]:
        found = np.full(len(self.who), np.inf)
        for person in self.people:
            own, rows = self.who == person, of_R & (self.who == person)
            if not rows.any():
                continue
            if forward:
                moments = np.append(np.sort(self.begin[rows]), np.iinfo(np.int64).max)
                at = np.searchsorted(moments, self.end[own])
                found[own] = (moments[at] - self.end[own]) / MINUTE_US
            else:
                moments = np.append(np.iinfo(np.int64).min // 2, np.sort(self.end[rows]))
                at = np.searchsorted(moments, self.begin[own], side="right") - 1
                found[own] = (self.begin[own] - moments[at]) / MINUTE_US
        return np.where(found > 1e8, np.inf, found)


def local_hour(moment: Times) -> NDArray[np.float64]:
    """Hour of the day, 0 to 24, of wall-clock microseconds."""
    return (moment % _DAY_US) / (60 * MINUTE_US)


def is_weekend(moment: Times) -> NDArray[np.bool_]:
    """Whether wall-clock microseconds lie on a Saturday or Sunday."""
    return (moment // _DAY_US + 3) % 7 >= 5  # 1970-01-01 was a Thursday
