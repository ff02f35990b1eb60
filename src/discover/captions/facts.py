"""The facts that single events of a home state, as lookup tables by (sensor, state) code.

Everything that needs Python runs here, once per sensor and state of the home; windows are then
described by array lookups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.objects import COMMON_OBJECTS, name_object, spot_of
from discover.captions.words import Place, name_rooms
from discover.core.event_semantics import EventMeaning, meanings, sensors_of, shows_people
from discover.core.home import Home, Sensor

__all__ = ["Fact", "HomeFacts", "home_facts"]

_MOTION, _USE = 1, 2

_BEGINNINGS: Mapping[str, str] = {
    "closes": "opens",
    "locks": "unlocks",
    "puts back": "takes",
    "switches off": "switches on",
}

_DEFAULT_THING: Mapping[str, str] = {
    "door": "door",
    "item": "item",
    "light": "light",
    "water": "water",
    "burner": "stove burner",
    "phone": "phone",
    "power": "appliance",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a sensor reports about an object, in words.

    Attributes:
        verb: "opens", "is" (being at the object), ...
        participle: "opened"; empty for presence at an object.
        about: The object: "fridge".
        thing: "the fridge", or for presence "at the stove".
        short: Two or three words: "fridge opened", "at the stove".
        rank: 2 for a deliberate use, 1 for presence at an object.
        unless: Codes of the facts that make this one redundant.
    """

    verb: str
    participle: str
    about: str
    thing: str
    short: str
    rank: int
    unless: tuple[int, ...] = ()


@dataclass(frozen=True)
class HomeFacts:
    """Lookup tables of one home; S sensors and K states are the categories of its event table.

    State code K is an idle reading, as in `core.event_semantics.event_codes`.

    Attributes:
        places: Words per room code.
        facts: Words per fact code.
        room_of: (S,) int16, room code of the sensor; -1 unknown.
        fact_of: (S, K + 1) int16, fact code; -1 none.
        person_of: (S, K + 1) bool, a person caused the event (a timer sends a motion sensor's OFF).
        move_of: (S, K + 1) bool, the event is a movement.
        sensor_words: Per sensor, for the structured style: "motion sensor at the stove".
    """

    places: tuple[Place, ...]
    facts: tuple[Fact, ...]
    room_of: NDArray[np.int16]
    fact_of: NDArray[np.int16]
    person_of: NDArray[np.bool_]
    move_of: NDArray[np.bool_]
    sensor_words: tuple[str, ...]


def home_facts(home: Home, events: pl.DataFrame) -> HomeFacts:
    """Build the tables for the sensors and states that `events` (`core.tables.EVENTS`) can hold."""
    sensors = sensors_of(events, home)
    meant = meanings(events, home)
    named = name_rooms([s.room for s in sensors])
    room_ids = sorted({p.name for p in named.values() if p is not None})
    by_name = {p.name: p for p in named.values() if p is not None}
    codes = {room: -1 if p is None else room_ids.index(p.name) for room, p in named.items()}

    persons = np.array([[m.person for m in row] for row in meant], dtype=bool)
    moves = np.array(
        [[s.type == "motion" and m.activation for m in row] for s, row in zip(sensors, meant, strict=True)],
        dtype=bool,
    )
    fact_of, facts = _fact_table(sensors, meant, named)
    return HomeFacts(
        places=tuple(by_name[r] for r in room_ids),
        facts=facts,
        room_of=np.array([codes[s.room] for s in sensors], dtype=np.int16),
        fact_of=fact_of,
        person_of=persons.reshape(fact_of.shape),
        move_of=moves.reshape(fact_of.shape),
        sensor_words=tuple(_sensor_words(s, named) for s in sensors),
    )


def _fact_table(
    sensors: Sequence[Sensor], meant: Sequence[Sequence[EventMeaning]], named: Mapping[str, Place | None]
) -> tuple[NDArray[np.int16], tuple[Fact, ...]]:
    table = np.full((len(sensors), len(meant[0]) if meant else 1), -1, dtype=np.int16)
    index: dict[Fact, int] = {}
    for s, sensor in enumerate(sensors):
        thing = _thing(sensor, named)
        for k, meaning in enumerate(meant[s]):
            fact = _fact(sensor, meaning, thing)
            if fact is not None:
                table[s, k] = index.setdefault(fact, len(index))
    return table, tuple(replace(fact, unless=_stronger(fact, index)) for fact in index)


def _stronger(fact: Fact, index: Mapping[Fact, int]) -> tuple[int, ...]:
    """Codes of the facts that make a fact redundant: opening for closing, use for presence."""
    if fact.rank == _MOTION:
        return tuple(i for other, i in index.items() if other.rank == _USE and other.about == fact.about)
    beginning = _BEGINNINGS.get(fact.verb)
    return tuple(i for other, i in index.items() if other.about == fact.about and other.verb == beginning)


def _fact(sensor: Sensor, meaning: EventMeaning, thing: str | None) -> Fact | None:
    if not shows_people(sensor) or thing is None:
        return None
    if sensor.type in ("motion", "pressure"):
        spot = spot_of(thing)
        return Fact("is", "", thing, spot, spot, _MOTION) if meaning.activation else None
    if not meaning.verb:
        return None
    verb, done = meaning.verb, meaning.participle
    return Fact(verb, done, thing, f"the {thing}", f"{thing} {done}", _USE)


def _thing(sensor: Sensor, named: Mapping[str, Place | None]) -> str | None:
    """The watched object, with its room where a home has several: "kitchen sink"."""
    default = _DEFAULT_THING.get(sensor.type)
    if sensor.type in ("water", "burner"):
        return default
    thing = name_object(sensor.object, sensor.id) or default
    place = named.get(sensor.room)
    if sensor.type == "light" and thing is not None and not thing.endswith(("light", "lamp")):
        return f"{thing} light"
    if thing not in COMMON_OBJECTS or place is None:
        return thing
    return place.name if place.name.endswith(thing) else f"{place.name} {thing}"


def _sensor_words(sensor: Sensor, named: Mapping[str, Place | None]) -> str:
    kind = "sensor" if sensor.type == "unknown" else f"{sensor.type} sensor"
    thing = None if sensor.object is None and sensor.type in _DEFAULT_THING else _thing(sensor, named)
    place = named.get(sensor.room)
    if thing is not None:
        return f"{kind} at the {thing}"
    return f"{kind} {place.inside}" if place is not None else kind
