"""Clauses about places and ways: somebody is there, uses it, keeps away from it, goes from one to another.

What a clause is, and those about length and silence, are in `length_clauses`. Degrees are graded where life
is ("from
the kitchen to the bathroom") and 0 or 1 where it is not ("the door stays closed").
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from discover.query.length_predicates import Degrees, ramp
from discover.query.lexicon import Place
from discover.retrieval.activations import Activations

__all__ = ["BackAndForth", "NotAt", "NumberOfRooms", "OneRoom", "PresentAt", "Route", "Uses"]

# A place counts fully when this share of a window's signs is there: a step next door does not undo a stay.
_FULL_SHARE = 0.9
# "Back and forth" is this many changes of room or more; three are half of it.
_RESTLESS_MOVES = 6


@dataclass(frozen=True)
class PresentAt:
    """Somebody is in a room or at an object: the share of the window's signs that are there.

    A place that is only passed, or one of several, needs two signs and no share.
    """

    place: Place
    passing: bool = False

    def degree(self, signs: Activations) -> Degrees:
        """Half for being seen there twice, half for little else (or, in passing, for a change of room)."""
        sensors = sorted(self.place.seen)
        there = np.clip(signs.count(sensors) / 2, 0, 1)
        more = signs.n_moves > 0 if self.passing else np.clip(signs.share(sensors) / _FULL_SHARE, 0, 1)
        return ((there + more * (there > 0)) / 2).astype(np.float32)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"{'through' if self.passing else 'at or in'} the {self.place.name}"


@dataclass(frozen=True)
class Uses:
    """An object is used: a door of it opens, or it is switched or taken; at least so many times.

    With `end`, its counterpart: it is closed, switched off, put back.
    """

    place: Place
    sensors: frozenset[str]
    at_least: int = 1
    verb: str = "used"
    end: bool = False

    def degree(self, signs: Activations) -> Degrees:
        """1 for as many uses as wanted; a third where only the counterpart happens."""
        sensors = sorted(self.sensors)
        wanted = np.clip(signs.count(sensors, ends=self.end) / self.at_least, 0, 1)
        other = signs.count(sensors, ends=not self.end) > 0
        return np.maximum(wanted, other / 3).astype(np.float32)

    @property
    def meaning(self) -> str:
        """In words."""
        often = f" at least {self.at_least} times" if self.at_least > 1 else ""
        return f"{self.place.name} {self.verb}{often}"


@dataclass(frozen=True)
class NotAt:
    """Nothing of a place happens: no sign there and no end either."""

    place: Place
    sensors: frozenset[str]
    verb: str = ""

    def degree(self, signs: Activations) -> Degrees:
        """0 or 1."""
        sensors = sorted(self.sensors)
        touched = signs.count(sensors) + signs.count(sensors, ends=True)
        untouched: Degrees = (touched == 0).astype(np.float32)
        return untouched

    @property
    def meaning(self) -> str:
        """In words."""
        return (
            f"{self.place.name} not {self.verb}" if self.verb else f"nothing at or in the {self.place.name}"
        )


@dataclass(frozen=True)
class Route:
    """Places one after the other. None at an end: from anywhere, or to anywhere else."""

    stops: tuple[Place | None, ...]

    def degree(self, signs: Activations) -> Degrees:
        """0.4 for the order, 0.3 for beginning at the first stop, 0.3 for ending at the last.

        The beginning and the end count only with the order. A return to the stop before costs a tenth.
        """
        sensors = [None if stop is None else sorted(stop.seen) for stop in self.stops]
        order = np.ones(len(signs), dtype=bool)
        back = np.zeros(len(signs), dtype=bool)
        for a, b in pairwise(sensors):
            if a is not None and b is not None:
                order &= signs.in_order(a, b)
                back |= signs.in_order(b, a) if len(sensors) == 2 else False
        first, last = sensors[0], sensors[-1]
        begins = signs.opens_with(first) if first is not None else ~signs.opens_with(last or [])
        ends = signs.closes_with(last) if last is not None else ~signs.closes_with(first or [])
        if first is None and last is None:  # there and back, from elsewhere
            middle = sorted(set().union(*(s for s in sensors if s is not None)))
            order = (signs.count(middle) > 0) & ~signs.opens_with(middle) & ~signs.closes_with(middle)
        elif first is None or last is None:
            order = signs.count(first or last or []) > 0
        elif None in self.stops:  # there and back again
            order &= begins & ends & (signs.n_moves >= 2)
        found = order * (0.4 + 0.3 * begins + 0.3 * ends - 0.1 * (back & ~(begins & ends)))
        degree: Degrees = found.astype(np.float32)
        return degree

    @property
    def meaning(self) -> str:
        """In words."""
        names = ["elsewhere" if stop is None else stop.name for stop in self.stops]
        return " → ".join(names)


@dataclass(frozen=True)
class NumberOfRooms:
    """So many different rooms."""

    at_least: int = 0
    at_most: int | None = None

    def degree(self, signs: Activations) -> Degrees:
        """1 within the bounds; half where one room is lacking or too many."""
        rooms = signs.n_rooms.astype(np.int64)
        lacking = np.maximum(self.at_least - rooms, 0)
        over = 0 if self.at_most is None else np.maximum(rooms - self.at_most, 0)
        return np.clip(1 - (lacking + over) / 2, 0, 1).astype(np.float32)

    @property
    def meaning(self) -> str:
        """In words."""
        if self.at_most is None:
            return f"{self.at_least} rooms or more"
        if self.at_least == self.at_most:
            return f"{self.at_least} room{'s' if self.at_least != 1 else ''}"
        return (
            f"{self.at_least} to {self.at_most} rooms" if self.at_least else f"at most {self.at_most} rooms"
        )


@dataclass(frozen=True)
class OneRoom:
    """Nobody changes rooms; with a place, everything happens there."""

    place: Place | None = None

    def degree(self, signs: Activations) -> Degrees:
        """1 without a sign elsewhere."""
        if self.place is None:
            one: Degrees = ((signs.n_moves == 0) & (signs.n_signs > 0)).astype(np.float32)
            return one
        share = signs.share(sorted(self.place.sensors))
        return ramp(share, 0.5, 0.995) * (share > 0)

    @property
    def meaning(self) -> str:
        """In words."""
        return "one room only" if self.place is None else f"nowhere but the {self.place.name}"


@dataclass(frozen=True)
class BackAndForth:
    """Changes of room; `moves` of them or more. With places, only windows that see all of them."""

    moves: int = _RESTLESS_MOVES
    between: tuple[Place, ...] = ()

    def degree(self, signs: Activations) -> Degrees:
        """By the number of changes."""
        found = np.clip(signs.n_moves / self.moves, 0, 1)
        for place in self.between:
            found = found * (signs.count(sorted(place.seen)) > 0)
        return found.astype(np.float32)

    @property
    def meaning(self) -> str:
        """In words."""
        where = " between " + " and ".join(p.name for p in self.between) if self.between else ""
        return f"{self.moves} or more changes of room{where}"
