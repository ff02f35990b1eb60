"""What single events of a home say, as lookup tables from (sensor, state) codes.

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
from discover.core.home import Home, Sensor

__all__ = ["Fact", "HomeFacts", "home_facts"]

_OFF_STATES = frozenset({"OFF", "CLOSE", "CLOSED", "END", "STOP", "0", "FALSE", "IDLE", "STANDBY"})
_AWAY_STATES = frozenset({"ABSENT"})

_MOTION, _USE = 1, 2

# (sensor type, event kind) -> verb of the active voice, past participle of the passive. Kind "on" is
# an opening, a switching on or a taking; "off" its end; "value" a numeric reading.
_VERBS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("door", "on"): ("opens", "opened"),
    ("door", "off"): ("closes", "closed"),
    ("item", "off"): ("takes", "taken"),
    ("item", "on"): ("puts back", "put back"),
    ("light", "on"): ("switches on", "switched on"),
    ("light", "off"): ("switches off", "switched off"),
    ("power", "on"): ("switches on", "switched on"),
    ("power", "off"): ("switches off", "switched off"),
    ("power", "value"): ("uses", "used"),
    ("water", "on"): ("runs", "run"),
    ("water", "value"): ("runs", "run"),
    ("burner", "on"): ("uses", "used"),
    ("burner", "value"): ("uses", "used"),
    ("phone", "on"): ("uses", "used"),
    ("unknown", "on"): ("uses", "used"),
}

_BEGINNINGS: Mapping[str, str] = {"closes": "opens", "puts back": "takes", "switches off": "switches on"}

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
        unless: Codes of the facts beside which this one is left out.
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

    Attributes:
        places: Words per room code.
        facts: Words per fact code.
        room_of: (S,) int16, room code of the sensor; -1 unknown.
        fact_of: (S, K) int16, fact code; -1 none.
        sign_of: (S, K) bool, the event shows somebody (a motion sensor's OFF does not: a timer sends it).
        move_of: (S, K) bool, the event is a movement.
        sensor_words: Per sensor, for the structured style: "motion sensor at the stove".
    """

    places: tuple[Place, ...]
    facts: tuple[Fact, ...]
    room_of: NDArray[np.int16]
    fact_of: NDArray[np.int16]
    sign_of: NDArray[np.bool_]
    move_of: NDArray[np.bool_]
    sensor_words: tuple[str, ...]


def home_facts(home: Home, events: pl.DataFrame) -> HomeFacts:
    """Build the tables for the sensors and states that `events` (`core.tables.EVENTS`) can hold."""
    known = {s.id: s for s in home.sensors}
    sensors = [known.get(i, Sensor(id=i)) for i in _categories(events, "sensor")]
    states = _categories(events, "state")
    named = name_rooms([s.room for s in sensors])
    room_ids = sorted({p.name for p in named.values() if p is not None})
    by_name = {p.name: p for p in named.values() if p is not None}
    codes = {room: -1 if p is None else room_ids.index(p.name) for room, p in named.items()}

    shape = (len(sensors), len(states))
    signs = np.array([[_shows_somebody(s, k) for k in states] for s in sensors], dtype=bool)
    moves = np.array([[s.type == "motion" and _kind(k) == "on" for k in states] for s in sensors], dtype=bool)
    fact_of, facts = _fact_table(sensors, states, named)
    return HomeFacts(
        places=tuple(by_name[r] for r in room_ids),
        facts=facts,
        room_of=np.array([codes[s.room] for s in sensors], dtype=np.int16),
        fact_of=fact_of,
        sign_of=signs.reshape(shape),
        move_of=moves.reshape(shape),
        sensor_words=tuple(_sensor_words(s, named) for s in sensors),
    )


def _categories(events: pl.DataFrame, column: str) -> list[str]:
    kind = events.schema[column]
    return list(kind.categories) if isinstance(kind, pl.Enum) else []


def _kind(state: str) -> str:
    name = state.upper()
    if name == "VALUE":
        return "value"
    return "off" if name in _OFF_STATES or name in _AWAY_STATES else "on"


def _shows_somebody(sensor: Sensor, state: str) -> bool:
    if not sensor.is_activity or sensor.type in ("temperature", "control", "battery"):
        return False
    return not (sensor.type in ("motion", "pressure") and _kind(state) == "off")


def _fact_table(
    sensors: Sequence[Sensor], states: Sequence[str], named: Mapping[str, Place | None]
) -> tuple[NDArray[np.int16], tuple[Fact, ...]]:
    table = np.full((len(sensors), len(states)), -1, dtype=np.int16)
    index: dict[Fact, int] = {}
    for s, sensor in enumerate(sensors):
        thing = _thing(sensor, named)
        for k, state in enumerate(states):
            fact = _fact(sensor, _kind(state), thing)
            if fact is not None:
                table[s, k] = index.setdefault(fact, len(index))
    return table, tuple(replace(fact, unless=_stronger(fact, index)) for fact in index)


def _stronger(fact: Fact, index: Mapping[Fact, int]) -> tuple[int, ...]:
    """Facts beside which this one is not worth saying: closing after opening, being where one opens."""
    if fact.rank == _MOTION:
        return tuple(i for other, i in index.items() if other.rank == _USE and other.about == fact.about)
    beginning = _BEGINNINGS.get(fact.verb)
    return tuple(i for other, i in index.items() if other.about == fact.about and other.verb == beginning)


def _fact(sensor: Sensor, kind: str, thing: str | None) -> Fact | None:
    if not sensor.is_activity or thing is None:
        return None
    if sensor.type in ("motion", "pressure"):
        spot = spot_of(thing)
        return None if kind == "off" else Fact("is", "", thing, spot, spot, _MOTION)
    verbs = _VERBS.get((sensor.type, kind))
    return None if verbs is None else Fact(*verbs, thing, f"the {thing}", f"{thing} {verbs[1]}", _USE)


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
