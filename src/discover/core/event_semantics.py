"""What an event means: it begins, ends or reports something; a person caused it or not; its words.

Captions, search, timelines, clusters, changes and figures all read these tables, so that a lamp that
goes off is the same event everywhere.

- A *begin* is a motion sensor going ON, a door opening, an item taken, a lamp switched on.
- An *end* is the counterpart. Motion sensors, mats and sensors of unknown type end by themselves (a timer
  sends their OFF), so their end shows nobody. A door that closes and a lamp switched off show somebody.
- A *reading* is a number. A reading of water, a burner or a power meter shows somebody while it is above 0.
  Other readings show nobody.

An item sensor reports where the item is: ABSENT begins its use, PRESENT ends it. For all other types
PRESENT means that somebody is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import Home, Sensor, SensorType

__all__ = [
    "IDLE_READING",
    "PRESENCE_TYPES",
    "USE_TYPES",
    "EventKind",
    "EventMeaning",
    "activation_mask",
    "event_codes",
    "event_meaning",
    "meanings",
    "person_mask",
    "sensors_of",
    "shows_people",
]

EventKind = Literal["begin", "end", "reading"]

PRESENCE_TYPES: frozenset[SensorType] = frozenset({"motion", "pressure", "unknown"})
"""Types that report somebody's presence. Their end comes by itself."""

USE_TYPES: frozenset[SensorType] = frozenset({"item", "light", "power", "water", "burner", "phone"})
"""Types that report the use of a thing."""

IDLE_READING = "VALUE<=0"
"""Name of a reading that is 0, below 0 or has no number, in the tables of `meanings`."""

_NOBODY: frozenset[SensorType] = frozenset({"temperature", "battery", "control"})
_METERED: frozenset[SensorType] = frozenset({"water", "burner", "power"})
_READING = "VALUE"
_ENDS = frozenset(
    {"OFF", "CLOSE", "CLOSED", "END", "STOP", "FALSE", "IDLE", "STANDBY", "LOCK", "LOCKED", "STILL", "0"}
)

# (type, state or kind) -> verb of the active voice, past participle, what the thing then is. A state wins
# over its kind.
_WORDS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("door", "begin"): ("opens", "opened", "opened"),
    ("door", "end"): ("closes", "closed", "closed"),
    ("door", "UNLOCK"): ("unlocks", "unlocked", "unlocked"),
    ("door", "UNLOCKED"): ("unlocks", "unlocked", "unlocked"),
    ("door", "LOCK"): ("locks", "locked", "locked"),
    ("door", "LOCKED"): ("locks", "locked", "locked"),
    ("item", "ABSENT"): ("takes", "taken", "taken"),
    ("item", "PRESENT"): ("puts back", "put back", "put back"),
    ("item", "OPEN"): ("opens", "opened", "opened"),
    ("item", "CLOSE"): ("closes", "closed", "closed"),
    ("item", "begin"): ("uses", "used", "used"),
    ("item", "end"): ("", "", "no longer used"),
    ("light", "begin"): ("switches on", "switched on", "switched on"),
    ("light", "end"): ("switches off", "switched off", "switched off"),
    ("power", "begin"): ("switches on", "switched on", "switched on"),
    ("power", "end"): ("switches off", "switched off", "switched off"),
    ("power", "reading"): ("uses", "used", ""),
    ("water", "begin"): ("runs", "run", "running"),
    ("water", "end"): ("", "", "stopped"),
    ("water", "reading"): ("runs", "run", ""),
    ("burner", "begin"): ("uses", "used", "switched on"),
    ("burner", "end"): ("", "", "switched off"),
    ("burner", "reading"): ("uses", "used", ""),
    ("phone", "begin"): ("uses", "used", "in use"),
    ("phone", "end"): ("", "", "put down"),
    ("pressure", "begin"): ("", "", "occupied"),
    ("pressure", "end"): ("", "", "left"),
    ("motion", "begin"): ("", "", "motion"),
    ("motion", "end"): ("", "", "motion ended"),
    ("unknown", "begin"): ("uses", "used", ""),
}


@dataclass(frozen=True, slots=True)
class EventMeaning:
    """What one event of a sensor means.

    Attributes:
        kind: Something begins, ends, or is a reading.
        person: A person caused it, by being there or by doing something.
        verb: What the person does with the thing: "opens". Empty: nothing to say.
        participle: "opened". Empty where `verb` is.
        status: What the thing is now, for timelines: "opened", "in use". Empty: the state's own name.
    """

    kind: EventKind
    person: bool
    verb: str = ""
    participle: str = ""
    status: str = ""

    @property
    def activation(self) -> bool:
        """Whether somebody begins or does something here: a person's event that is no end."""
        return self.person and self.kind != "end"


def shows_people(sensor: Sensor) -> bool:
    """Whether events of a sensor can show a person (not thermometers, batteries, radio health)."""
    return sensor.is_activity and sensor.type not in _NOBODY


def event_meaning(sensor: Sensor, state: str, value: float | None = None) -> EventMeaning:
    """Meaning of one event.

    Args:
        sensor: The sensor that wrote it.
        state: State in the spelling of the event table; `IDLE_READING` stands for a reading of 0.
        value: The number of a reading.
    """
    name = state.upper()
    if name in (_READING, IDLE_READING):
        running = name == _READING and value is not None and value > 0
        person = shows_people(sensor) and sensor.type in _METERED and running
        words = _WORDS.get((sensor.type, "reading"), ("", "", "")) if person else ("", "", "")
        return EventMeaning("reading", person, *words)
    kind = _kind(sensor, name)
    person = shows_people(sensor) and not (kind == "end" and sensor.type in PRESENCE_TYPES)
    words = _WORDS.get((sensor.type, name)) or _WORDS.get((sensor.type, kind), ("", "", ""))
    return EventMeaning(kind, person, *words)


def _kind(sensor: Sensor, state: str) -> EventKind:
    if state in ("PRESENT", "ABSENT"):
        return "end" if (state == "PRESENT") == (sensor.type == "item") else "begin"
    return "end" if state in _ENDS else "begin"


def sensors_of(events: pl.DataFrame, home: Home) -> list[Sensor]:
    """Sensors behind the codes of the event table's sensor column; unknown ids are of unknown type."""
    known = {s.id: s for s in home.sensors}
    return [known.get(i) or Sensor(id=i) for i in _categories(events, "sensor")]


def meanings(events: pl.DataFrame, home: Home) -> list[list[EventMeaning]]:
    """Meaning per sensor code and state code (S rows of K + 1), for codes as `event_codes` gives them.

    The last column is `IDLE_READING`; the column of readings holds those above 0.
    """
    states = [*_categories(events, "state"), IDLE_READING]
    return [[event_meaning(s, state, 1.0) for state in states] for s in sensors_of(events, home)]


def event_codes(events: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sensor code and state code per event, each (E,) int64; idle readings have state code K.

    Args:
        events: `core.tables.EVENTS`.
    """
    sensor = events["sensor"].to_physical().to_numpy().astype(np.int64)
    state = events["state"].to_physical().to_numpy().astype(np.int64)
    states = _categories(events, "state")
    if _READING in states:
        running = events["value"].fill_null(0.0).to_numpy() > 0
        state[(state == states.index(_READING)) & ~running] = len(states)
    return sensor, state


def person_mask(events: pl.DataFrame, home: Home) -> NDArray[np.bool_]:
    """Which events a person caused, (E,) bool."""
    return _mask(events, home, lambda meaning: meaning.person)


def activation_mask(events: pl.DataFrame, home: Home) -> NDArray[np.bool_]:
    """Which events show that somebody begins or does something, (E,) bool."""
    return _mask(events, home, lambda meaning: meaning.activation)


def _mask(events: pl.DataFrame, home: Home, holds: Callable[[EventMeaning], bool]) -> NDArray[np.bool_]:
    if not len(events):
        return np.zeros(0, dtype=bool)
    sensors, states = sensors_of(events, home), [*_categories(events, "state"), IDLE_READING]
    sensor, state = event_codes(events)
    cell = sensor * len(states) + state
    # Only what occurs: a moment has few kinds of events, also in a home of ten thousand sensors.
    table = np.zeros(len(sensors) * len(states), dtype=bool)
    for code in np.flatnonzero(np.bincount(cell)).tolist():
        table[code] = holds(event_meaning(sensors[code // len(states)], states[code % len(states)], 1.0))
    mask: NDArray[np.bool_] = table[cell]
    return mask


def _categories(events: pl.DataFrame, column: str) -> list[str]:
    kind = events.schema[column]
    return kind.categories.to_list() if isinstance(kind, pl.Enum) else []
