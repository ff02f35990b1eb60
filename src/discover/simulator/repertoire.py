"""What can be done in one dwelling, and how: activities resolved to places, things and rooms.

A manner is one way to do an activity in one room (dinner from the stove or the microwave; a shower in the
upper bathroom). An activity whose main place the dwelling lacks has no manner. Letters: A activities,
M manners, N places, U uses, P people; a row (P * M) is one person's version of a manner.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.simulator.catalogue import activities
from discover.simulator.dwelling import Dwelling
from discover.simulator.tables import BehaviourTables, always_used

__all__ = ["ACTIVITIES", "CODE", "Activity", "Repertoire", "build_repertoire"]

_OPEN_AIR = ("balcony", "garden")
# Where the free floor of a room is meant: rooms in order of preference, by family; else the living room.
_FLOOR_OF = {
    "cook": ("kitchen",),
    "laundry": ("laundry", "bathroom", "bedroom"),
    "childcare": ("kids", "living"),
}
_FLOOR_ELSE = ("living", "studio", "common", "bedroom")


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity of the catalogue.

    Attributes:
        name: Name in truth tables.
        family: Label family of the field: cook, eat, relax, ...
        words: Plain words, as in "someone is ...".
        spec: Its entry in data/activities.yaml.
    """

    name: str
    family: str
    words: str
    spec: dict[str, Any] = field(repr=False)


ACTIVITIES: dict[str, Activity] = {
    name: Activity(name, spec["family"], spec["words"], spec)
    for name, spec in activities()["activities"].items()
}
"""All activities by name, in the order of their codes."""

CODE: dict[str, int] = {name: code for code, name in enumerate(ACTIVITIES)}
"""Code of each activity."""


@dataclass(frozen=True)
class Repertoire:
    """Manners of one dwelling, sorted by activity.

    Attributes:
        activity: Activity code, (M,).
        place: Main place, -1 outside, (M,).
        room: Room of the main place, -1 outside, (M,).
        weight: How usual this manner is among those of its activity, (M,).
        minutes, sigma: Median length and spread of its logarithm, (M,).
        moves, stirs: Per minute, (M,).
        cumulative: Cumulative place probabilities, (M, N).
        uses: Per manner (things, mean, low_s, high_s, phase, spread, span).
    """

    activity: NDArray[np.int64]
    place: NDArray[np.int64]
    room: NDArray[np.int64]
    weight: NDArray[np.float64]
    minutes: NDArray[np.float64]
    sigma: NDArray[np.float64]
    moves: NDArray[np.float64]
    stirs: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    uses: tuple[tuple[tuple[list[int], float, float, float, float, float, float], ...], ...]

    def __len__(self) -> int:
        return len(self.activity)

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Which activities the dwelling allows, (A,)."""
        found = np.zeros(len(ACTIVITIES), dtype=bool)
        found[self.activity] = True
        return found

    def tables(self, n_people: int, rng: np.random.Generator) -> BehaviourTables:
        """What movement draws from: one row per person and manner, with personal habits."""
        n_uses = max(len(u) for u in self.uses)
        shape = (len(self), n_uses)
        numbers = np.zeros((6, *shape))
        first, choices = np.zeros(shape, dtype=np.int64), np.ones(shape, dtype=np.int64)
        candidates: list[int] = []
        for m, uses in enumerate(self.uses):
            for u, (things, *values) in enumerate(uses):
                first[m, u], choices[m, u] = len(candidates), len(things)
                candidates += things
                numbers[:, m, u] = values
        numbers = np.tile(numbers, (1, n_people, 1))
        # Each person uses some things more and some less than others do; 8 % never use one at all, but for
        # what belongs to the activity: nobody goes out without the front door.
        habit = rng.lognormal(0.0, 0.35, size=numbers.shape[1:])
        habit *= (rng.random(numbers.shape[1:]) > 0.08) | always_used(numbers[3])
        # People of one home, and homes, differ in how lively they are (and how much a sensor makes of it).
        usual = np.array([[0.55], [0.4]]) * rng.lognormal(0.0, 0.35, size=(2, 1))
        liveliness = np.repeat(usual * rng.lognormal(0.0, 0.25, size=(2, n_people)), len(self), axis=1)
        briskness = rng.uniform(0.15, 0.9)
        own = rng.lognormal(0.0, 0.2, size=(2, n_people * len(self)))
        return BehaviourTables(
            place_cumulative=np.tile(self.cumulative, (n_people, 1))[None],
            moves=np.tile(self.moves, n_people) * liveliness[0] * own[0],
            stirs=np.tile(self.stirs, n_people) * liveliness[1] * own[1],
            use_mean=np.where(numbers[5] > 0, np.minimum(numbers[0] * habit, 1.0), numbers[0] * habit),
            use_low_s=np.where(numbers[2] < 300, numbers[1] * briskness, numbers[1]),
            use_high_s=np.where(numbers[2] < 300, numbers[2] * briskness, numbers[2]),
            use_phase=numbers[3],
            use_spread=numbers[4],
            use_span=numbers[5],
            use_first=np.tile(first, (n_people, 1)),
            use_choices=np.tile(choices, (n_people, 1)),
            candidates=np.array(candidates or [0], dtype=np.int64),
        )


def build_repertoire(dwelling: Dwelling) -> Repertoire:
    """All manners of all activities that a dwelling allows."""
    rows: list[tuple[int, int, int, float, dict[str, Any], NDArray[np.float64]]] = []
    uses: list[Any] = []
    indoor = [r for r, room in enumerate(dwelling.rooms) if room.kind not in _OPEN_AIR]
    names: dict[str, list[int]] = {}
    for p, name in enumerate(dwelling.place_name):
        names.setdefault(name, []).append(p)
    things: dict[str, list[int]] = {}
    for t, thing in enumerate(dwelling.things):
        things.setdefault(thing.name, []).append(t)
    floor_of = {int(dwelling.place_room[p]): p for p in names["room"]}
    for code, entry in enumerate(ACTIVITIES.values()):
        spec = entry.spec
        if spec.get("out"):
            rows.append(
                (code, -1, -1, 1.0, spec | {"moves": 0, "stirs": 0}, np.zeros(len(dwelling.place_name)))
            )
            uses.append(())
            continue
        for alternative in ({}, *spec.get("alt", {}).values()):
            way = spec | {"weight": 1.0} | alternative
            for room in _main_rooms(next(iter(way["at"])), entry.family, dwelling, names):
                weights = np.zeros(len(dwelling.place_name))
                main = -1
                for wish, weight in way["at"].items():
                    found = _places(wish, room, names, dwelling, floor_of, indoor)
                    if main < 0 and found:
                        main = found[0]
                    weights[found] += weight / max(len(found), 1)
                rows.append((code, main, room, float(way["weight"]), way, weights))
                uses.append(_uses(way.get("use", {}), room, things, dwelling))
    weights = np.stack([r[5] for r in rows])
    total = weights.sum(axis=1, keepdims=True)
    numbers = np.array([(*r[4]["min"], r[4]["moves"], r[4]["stirs"]) for r in rows], dtype=float).T
    activity_of, place, in_room = (np.array([r[i] for r in rows], dtype=np.int64) for i in range(3))
    return Repertoire(
        activity_of,
        place,
        in_room,
        np.array([r[3] for r in rows]),
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        np.cumsum(weights / np.where(total > 0, total, 1.0), axis=1),
        tuple(uses),
    )


def _main_rooms(main: str, family: str, dwelling: Dwelling, names: dict[str, list[int]]) -> list[int]:
    """Rooms in which an activity can take place; none where its main furniture is lacking."""
    if main in ("room", "all rooms"):
        kinds = (*_FLOOR_OF.get(family, ()), *_FLOOR_ELSE)
        found = next((dwelling.rooms_of_kind(k) for k in kinds if dwelling.rooms_of_kind(k)), [0])
        return found[:1]
    return sorted({int(dwelling.place_room[p]) for p in names.get(main, [])})


def _places(
    wish: str,
    room: int,
    names: dict[str, list[int]],
    dwelling: Dwelling,
    floor_of: dict[int, int],
    indoor: list[int],
) -> list[int]:
    """Places of a wish: in the room itself where it has such furniture, else anywhere in the dwelling."""
    if wish == "room":
        return [floor_of[room]]
    if wish == "all rooms":
        return [floor_of[r] for r in indoor]
    everywhere = names.get(wish, [])
    return [p for p in everywhere if dwelling.place_room[p] == room] or everywhere


def _uses(
    wanted: dict[str, list[float]], room: int, things: dict[str, list[int]], dwelling: Dwelling
) -> tuple[tuple[list[int], float, float, float, float, float, float], ...]:
    """Things that are there, those of the room first, with count, seconds, phase, spread and span."""
    found = []
    for name, (count, *rest) in wanted.items():
        everywhere = things.get(name, [])
        here = [t for t in everywhere if dwelling.place_room[dwelling.place_of[t]] == room]
        if not everywhere:
            continue
        span = rest[0] if len(rest) == 1 else 0.0
        low, high, phase, spread = (
            (*rest, *(2.0, 9.0, 0.5, 0.35)[len(rest) :]) if len(rest) > 1 else (1, 1, 0.5, 0.3)
        )
        found.append(
            (here or everywhere, float(count), float(low), float(high), float(phase), float(spread), span)
        )
    return tuple(found)
