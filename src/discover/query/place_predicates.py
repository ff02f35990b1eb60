"""Predicates about places and movement: presence, use, absence, routes, number of rooms.

Scores are graded where life is ("from the kitchen to the bathroom") and 0 or 1 where it is not ("the door
stays closed").
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from discover.query.lexicon import Place
from discover.query.predicates import Scores, ramp
from discover.retrieval.activations import Activations

__all__ = ["BackAndForth", "NotAt", "NumberOfRooms", "OneRoom", "PresentAt", "Route", "Uses"]

# From this share of a window's activations on, a place scores fully: a step next door does not undo a stay.
_FULL_SHARE = 0.9
# "Back and forth" means this many changes of room.
_RESTLESS_MOVES = 6


@dataclass(frozen=True)
class PresentAt:
    """Somebody is in a room or at an object.

    Attributes:
        place: The room or object.
        passing: Somebody only passes through it.
    """

    place: Place
    passing: bool = False

    def score(self, activations: Activations) -> Scores:
        """Half for two activations there, half for their share (when passing: for a change of room)."""
        sensors = sorted(self.place.presence_sensors)
        there = np.clip(activations.count(sensors) / 2, 0, 1)
        more = (
            activations.n_moves > 0
            if self.passing
            else np.clip(activations.share(sensors) / _FULL_SHARE, 0, 1)
        )
        return ((there + more * (there > 0)) / 2).astype(np.float32)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return f"{'through' if self.passing else 'at or in'} the {self.place.name}"


@dataclass(frozen=True)
class Uses:
    """An object is used: it opens, is switched on, or is taken.

    Attributes:
        place: The object.
        sensors: The sensors that detect this use.
        at_least: Number of uses.
        verb: Past participle for `meaning`.
        end: The use ends: it closes, is switched off, or is put back.
    """

    place: Place
    sensors: frozenset[str]
    at_least: int = 1
    verb: str = "used"
    end: bool = False

    def score(self, activations: Activations) -> Scores:
        """1 from `at_least` uses on, proportional below; at least 1/3 where the opposite occurs."""
        sensors = sorted(self.sensors)
        wanted = np.clip(activations.count(sensors, ends=self.end) / self.at_least, 0, 1)
        opposite = activations.count(sensors, ends=not self.end) > 0
        return np.maximum(wanted, opposite / 3).astype(np.float32)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        often = f" at least {self.at_least} times" if self.at_least > 1 else ""
        return f"{self.place.name} {self.verb}{often}"


@dataclass(frozen=True)
class NotAt:
    """Nothing happens at a place: neither an activation nor its end."""

    place: Place
    sensors: frozenset[str]
    verb: str = ""

    def score(self, activations: Activations) -> Scores:
        """0 or 1."""
        sensors = sorted(self.sensors)
        touched = activations.count(sensors) + activations.count(sensors, ends=True)
        untouched: Scores = (touched == 0).astype(np.float32)
        return untouched

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return (
            f"{self.place.name} not {self.verb}" if self.verb else f"nothing at or in the {self.place.name}"
        )


@dataclass(frozen=True)
class Route:
    """Somebody visits places in this order; None stands for anywhere else."""

    stops: tuple[Place | None, ...]

    def score(self, activations: Activations) -> Scores:
        """0.4 for the order, and with it 0.3 for the right first and 0.3 for the right last place.

        A return to the previous stop costs 0.1.
        """
        sensors = [None if stop is None else sorted(stop.presence_sensors) for stop in self.stops]
        order = np.ones(len(activations), dtype=bool)
        back = np.zeros(len(activations), dtype=bool)
        for a, b in pairwise(sensors):
            if a is not None and b is not None:
                order &= activations.in_order(a, b)
                back |= activations.in_order(b, a) if len(sensors) == 2 else False
        first, last = sensors[0], sensors[-1]
        starts = activations.starts_with(first) if first is not None else ~activations.starts_with(last or [])
        ends = activations.ends_with(last) if last is not None else ~activations.ends_with(first or [])
        if first is None and last is None:  # there and back, from elsewhere
            middle = sorted(set().union(*(s for s in sensors if s is not None)))
            order = (
                (activations.count(middle) > 0)
                & ~activations.starts_with(middle)
                & ~activations.ends_with(middle)
            )
        elif first is None or last is None:
            order = activations.count(first or last or []) > 0
        elif None in self.stops:  # there and back again
            order &= starts & ends & (activations.n_moves >= 2)
        found = order * (0.4 + 0.3 * starts + 0.3 * ends - 0.1 * (back & ~(starts & ends)))
        score: Scores = found.astype(np.float32)
        return score

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        names = ["elsewhere" if stop is None else stop.name for stop in self.stops]
        return " → ".join(names)


@dataclass(frozen=True)
class NumberOfRooms:
    """The number of different rooms lies within bounds; `at_most` None means no upper bound."""

    at_least: int = 0
    at_most: int | None = None

    def score(self, activations: Activations) -> Scores:
        """1 within the bounds, 0.5 for one room too few or too many, else 0."""
        rooms = activations.n_rooms.astype(np.int64)
        lacking = np.maximum(self.at_least - rooms, 0)
        over = 0 if self.at_most is None else np.maximum(rooms - self.at_most, 0)
        return np.clip(1 - (lacking + over) / 2, 0, 1).astype(np.float32)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
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

    def score(self, activations: Activations) -> Scores:
        """1 without an activation elsewhere."""
        if self.place is None:
            one: Scores = ((activations.n_moves == 0) & (activations.n_activations > 0)).astype(np.float32)
            return one
        share = activations.share(sorted(self.place.sensors))
        return ramp(share, 0.5, 0.995) * (share > 0)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        return "one room only" if self.place is None else f"nowhere but the {self.place.name}"


@dataclass(frozen=True)
class BackAndForth:
    """Somebody changes rooms `moves` times or more, and visits every place of `between`."""

    moves: int = _RESTLESS_MOVES
    between: tuple[Place, ...] = ()

    def score(self, activations: Activations) -> Scores:
        """Changes of room over `moves`, at most 1; 0 where a place of `between` has no activation."""
        found = np.clip(activations.n_moves / self.moves, 0, 1)
        for place in self.between:
            found = found * (activations.count(sorted(place.presence_sensors)) > 0)
        return found.astype(np.float32)

    @property
    def meaning(self) -> str:
        """The condition in plain words."""
        where = " between " + " and ".join(p.name for p in self.between) if self.between else ""
        return f"{self.moves} or more changes of room{where}"
