"""What one understood piece of a sentence asks of a window, as a degree from 0 (not at all) to 1 (fully).

Each clause is a small frozen value with two methods: `degree(signs)`, (W,) float32, and `meaning`, the same in
words for people. Degrees are graded where life is ("a long stay"), and 0 or 1 where it is not ("the door stays
closed"). Thresholds that no number in the sentence gives are stated here, beside their clause.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from discover.retrieval.home_words import Place
from discover.retrieval.window_signs import WindowSigns

__all__ = [
    "AwayAfter",
    "AwayBefore",
    "BackAndForth",
    "Clause",
    "FewSigns",
    "Lasts",
    "LastsBriefly",
    "LastsLong",
    "NotAt",
    "NumberOfRooms",
    "OneRoom",
    "Pause",
    "PresentAt",
    "Route",
    "Uses",
    "seconds_text",
]

Degrees = NDArray[np.float32]

# A place counts fully when this share of a window's signs is there: a step next door does not undo a stay.
_FULL_SHARE = 0.9
# "Back and forth" is this many changes of room or more; three are half of it.
_RESTLESS_MOVES = 6
# Beyond a stated bound a degree falls to 0 over this share of it: 33 s are nearly "more than 35 seconds".
_MARGIN = 0.3
_LONG_PAUSE_S = 30.0
_AWAY_S = 600.0


class Clause(Protocol):
    """One condition on windows."""

    def degree(self, signs: WindowSigns) -> Degrees:
        """(W,) how well each window meets it, in [0, 1]."""

    @property
    def meaning(self) -> str:
        """The condition in words."""


@dataclass(frozen=True)
class PresentAt:
    """Somebody is in a room or at an object: the share of the window's signs that are there.

    A place that is only passed, or one of several, needs two signs and no share.
    """

    place: Place
    passing: bool = False

    def degree(self, signs: WindowSigns) -> Degrees:
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

    def degree(self, signs: WindowSigns) -> Degrees:
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

    def degree(self, signs: WindowSigns) -> Degrees:
        """0 or 1."""
        sensors = sorted(self.sensors)
        touched = signs.count(sensors) + signs.count(sensors, ends=True)
        return (touched == 0).astype(np.float32)

    @property
    def meaning(self) -> str:
        """In words."""
        return (
            f"{self.place.name} not {self.verb}" if self.verb else f"nothing at or in the {self.place.name}"
        )


@dataclass(frozen=True)
class Lasts:
    """A stated length of time in seconds.

    Where it is longer than any window, the stay that the window is part of counts instead: the unbroken run of
    signs in one room (`WindowSigns.stay_s`).
    """

    at_least_s: float = 0.0
    at_most_s: float = float("inf")

    def degree(self, signs: WindowSigns) -> Degrees:
        """1 inside the bounds, falling to 0 within a third of the bound outside."""
        length = signs.stay_s if self.at_least_s > signs.longest_s else signs.duration_s
        return _within(length, self.at_least_s, self.at_most_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"lasting {_bounds_text(self.at_least_s, self.at_most_s)}"


@dataclass(frozen=True)
class LastsLong:
    """ "A long stay": 0 at the median duration of the windows, 1 for the longest quarter."""

    def degree(self, signs: WindowSigns) -> Degrees:
        """From the median to the third quartile."""
        _, middle, high = signs.duration_quantiles
        return _ramp(signs.duration_s, middle, high)

    @property
    def meaning(self) -> str:
        """In words."""
        return "long (the longest quarter of the windows)"


@dataclass(frozen=True)
class LastsBriefly:
    """ "A brief moment": 1 for the shortest tenth of the windows, 0 at their median."""

    def degree(self, signs: WindowSigns) -> Degrees:
        """From the first decile to the median."""
        low, middle, _ = signs.duration_quantiles
        return 1 - _ramp(signs.duration_s, low, middle)

    @property
    def meaning(self) -> str:
        """In words."""
        return "brief (the shortest tenth of the windows)"


@dataclass(frozen=True)
class FewSigns:
    """ "Little movement": 1 up to as many signs as a quarter of the windows have, 0 at three times as many."""

    def degree(self, signs: WindowSigns) -> Degrees:
        """By the number of signs."""
        few = max(signs.few_signs, 1.0)
        return 1 - _ramp(signs.n_signs.astype(np.float32), few, 3 * few)

    @property
    def meaning(self) -> str:
        """In words."""
        return "few signs of movement"


@dataclass(frozen=True)
class Pause:
    """A silence inside the window; 30 s where the sentence gives no length."""

    at_least_s: float = _LONG_PAUSE_S

    def degree(self, signs: WindowSigns) -> Degrees:
        """By the longest silence between two events."""
        if self.at_least_s > signs.longest_s:  # longer than any window: the silence around it
            return _within(np.maximum(signs.after_s, signs.before_s), self.at_least_s)
        return _within(signs.pause_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"a silence of {seconds_text(self.at_least_s)} or more"


@dataclass(frozen=True)
class AwayAfter:
    """Nothing happens after the window; 10 min where the sentence gives no length."""

    at_least_s: float = _AWAY_S

    def degree(self, signs: WindowSigns) -> Degrees:
        """By the silence after the last event."""
        return _within(signs.after_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"nothing for {seconds_text(self.at_least_s)} afterwards"


@dataclass(frozen=True)
class AwayBefore:
    """Nothing happened before the window; 10 min where the sentence gives no length."""

    at_least_s: float = _AWAY_S

    def degree(self, signs: WindowSigns) -> Degrees:
        """By the silence before the first event."""
        return _within(signs.before_s, self.at_least_s)

    @property
    def meaning(self) -> str:
        """In words."""
        return f"nothing for {seconds_text(self.at_least_s)} before"


@dataclass(frozen=True)
class Route:
    """Places one after the other. None at an end: from anywhere, or to anywhere else."""

    stops: tuple[Place | None, ...]

    def degree(self, signs: WindowSigns) -> Degrees:
        """0.4 for the order, 0.3 for beginning at the first stop, 0.3 for ending at the last.

        The beginning and the end count only with the order. A return to the stop before costs a tenth.
        """
        sensors = [None if stop is None else sorted(stop.seen) for stop in self.stops]
        order = np.ones(len(signs), dtype=bool)
        back = np.zeros(len(signs), dtype=bool)
        for a, b in zip(sensors, sensors[1:], strict=False):
            if a is not None and b is not None:
                order &= signs.in_order(a, b)
                back |= signs.in_order(b, a) if len(sensors) == 2 else False
        first, last = sensors[0], sensors[-1]
        begins = signs.opens_with(first) if first is not None else ~signs.opens_with(last or [])
        ends = signs.closes_with(last) if last is not None else ~signs.closes_with(first or [])
        if first is None or last is None:
            order = signs.count(first or last or []) > 0
        elif None in self.stops:  # there and back again
            order &= begins & ends & (signs.n_moves >= 2)
        found = order * (0.4 + 0.3 * begins + 0.3 * ends - 0.1 * (back & ~(begins & ends)))
        return found.astype(np.float32)

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

    def degree(self, signs: WindowSigns) -> Degrees:
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

    def degree(self, signs: WindowSigns) -> Degrees:
        """1 without a sign elsewhere."""
        if self.place is None:
            return ((signs.n_moves == 0) & (signs.n_signs > 0)).astype(np.float32)
        share = signs.share(sorted(self.place.sensors))
        return _ramp(share, 0.5, 0.995) * (share > 0)

    @property
    def meaning(self) -> str:
        """In words."""
        return "one room only" if self.place is None else f"nowhere but the {self.place.name}"


@dataclass(frozen=True)
class BackAndForth:
    """Changes of room; `moves` of them or more. With places, only windows that see all of them."""

    moves: int = _RESTLESS_MOVES
    between: tuple[Place, ...] = ()

    def degree(self, signs: WindowSigns) -> Degrees:
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


def seconds_text(seconds: float) -> str:
    """ "45 s", "30 min", "2 h"."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _bounds_text(low: float, high: float) -> str:
    if high == float("inf"):
        return f"{seconds_text(low)} or more"
    return f"at most {seconds_text(high)}" if low == 0 else f"{seconds_text(low)} to {seconds_text(high)}"


def _within(value: NDArray[np.floating], low: float, high: float = float("inf")) -> Degrees:
    degree = np.ones(len(value), dtype=np.float32)
    if low > 0:
        degree = np.minimum(degree, _ramp(value, (1 - _MARGIN) * low, low))
    if high < float("inf"):
        degree = np.minimum(degree, 1 - _ramp(value, high, (1 + _MARGIN) * high))
    return degree


def _ramp(value: NDArray[np.floating], zero: float, one: float) -> Degrees:
    """0 up to `zero`, 1 from `one` on, straight between."""
    if one <= zero:
        return (value >= one).astype(np.float32)
    # Infinite silences are as good as long ones; the difference of infinities would be no number.
    finite = np.minimum(value, one)
    return np.clip((finite - zero) / (one - zero), 0, 1).astype(np.float32)
