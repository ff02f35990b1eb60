"""What an entity of Home Assistant is as a sensor: how its states are read, its type, room and object.

The guess comes from domain, device class, unit, names and area. It is a list of `EntityRule`s that the user
can correct (`entity_file`).
"""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from discover.core.config import StrictModel
from discover.core.home import UNKNOWN_ROOM, Sensor, SensorType
from discover.homes._states import VALUE, read_state
from discover.homes.home_assistant.area_names import room_in_name, room_of_area
from discover.homes.home_assistant.registry_files import Registered
from discover.homes.home_assistant.states import LONGEST_ID, Entity
from discover.homes.places import guess_sensor

__all__ = ["POWER_OFF_W", "POWER_ON_W", "EntityRule", "Reading", "guess_rule"]

Reading = Literal["states", "open_close", "lock", "threshold", "number", "press", "skip"]

POWER_ON_W, POWER_OFF_W = 10.0, 5.0
"""A plug is ON from the first power on and OFF below the second; between the two it stays as it was."""


class EntityRule(StrictModel):
    """How one entity is read."""

    entity: str = Field(min_length=1, max_length=LONGEST_ID)
    """Entity id, the sensor's id as well."""
    read: Reading
    """states: words such as on, off, open, home, playing. open_close, lock: on and off of a door or a lock.
    threshold: a number, ON and OFF by `above` and `below`. number: a number, kept as it is. press: each new
    state is one ON (buttons). skip: not read, its rows are counted."""
    type: SensorType = "unknown"
    """What kind of thing it senses."""
    room: str = UNKNOWN_ROOM
    """Room in snake_case, for example master_bedroom."""
    object: str | None = None
    """What it watches, in plain words: "fridge", "front door"."""
    above: float | None = Field(default=None, ge=-1e12, le=1e12)
    """With threshold: ON from this number on."""
    below: float | None = Field(default=None, ge=-1e12, le=1e12)
    """With threshold: OFF below this number; None: below `above`."""
    in_windows: bool = True
    """False: kept in the event table, left out of windows."""
    name: str = ""
    """What Home Assistant calls it, for people."""
    why: str = ""
    """Why it is skipped."""

    @model_validator(mode="after")
    def _thresholds(self) -> "EntityRule":
        if (self.read == "threshold") != (self.above is not None):
            raise ValueError(f"{self.entity}: `above` goes with `read: threshold`, and that needs it")
        if self.below is not None and (self.above is None or self.below > self.above):
            raise ValueError(f"{self.entity}: `below` must not be higher than `above`")
        return self

    def sensor(self, sensor_id: str) -> Sensor:
        """The sensor of a home."""
        return Sensor(
            id=sensor_id, type=self.type, room=self.room, object=self.object, is_activity=self.in_windows
        )


_BINARY: Mapping[str, tuple[Reading, SensorType]] = {
    **dict.fromkeys(("motion", "moving", "occupancy", "presence", "sound"), ("states", "motion")),
    **dict.fromkeys(("door", "garage_door", "opening", "window"), ("open_close", "door")),
    "lock": ("lock", "door"),
    "vibration": ("states", "item"),
    "moisture": ("states", "water"),
    **dict.fromkeys(("plug", "power", "running"), ("states", "power")),
    "light": ("states", "light"),
}
"""Device class of a binary sensor -> how it is read, and its type."""

_HEALTH_CLASSES = frozenset(
    (
        *("battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "gas", "heat"),
        *("problem", "safety", "smoke", "tamper", "update"),
    )
)
_DOMAINS: Mapping[str, tuple[Reading, SensorType]] = {
    "light": ("states", "light"),
    **dict.fromkeys(("switch", "fan", "media_player", "vacuum", "humidifier", "siren"), ("states", "power")),
    **dict.fromkeys(("valve", "water_heater"), ("states", "water")),
    **dict.fromkeys(("cover", "lock"), ("states", "door")),
    "climate": ("states", "control"),
    **dict.fromkeys(("person", "device_tracker", "input_boolean", "schedule"), ("states", "control")),
    **dict.fromkeys(("event", "input_button"), ("press", "item")),
}
"""Domain -> how it is read, and its type. Domains that are not here say nothing of daily life."""

_OBJECTS = {
    ("media_player", "tv"): "television",
    ("media_player", "speaker"): "speaker",
    ("media_player", "receiver"): "stereo",
    ("media_player", ""): "media player",
    ("cover", "garage"): "garage door",
    ("cover", ""): "blind",
    ("lock", ""): "lock",
    ("vacuum", ""): "vacuum cleaner",
    ("event", "doorbell"): "doorbell",
    ("binary_sensor", "window"): "window",
    ("binary_sensor", "garage_door"): "garage door",
}
_PLAIN_COVERS = frozenset(
    ("awning", "blind", "curtain", "damper", "door", "gate", "shade", "shutter", "window")
)
_SAT_ON = frozenset({"bed", "couch", "chair", "armchair", "recliner", "desk chair"})
_PRESSED = re.compile(r"_(action|click)$")
_WATTS = {"W": 1.0, "kW": 0.001}


def guess_rule(entity: Entity, known: Registered | None = None) -> EntityRule:
    """How an entity is read, as far as it can be told from what is known of it."""
    known = known or Registered()
    name = known.name or _attribute(entity, "friendly_name")
    kind = known.device_class or _attribute(entity, "device_class")
    read, sensor_type, why = _reading(entity, known, kind)
    if read == "skip":
        return EntityRule(entity=entity.id, read="skip", name=name[:200], why=why)
    room, thing = _place(entity, known, name, kind)
    guessed = guess_sensor(entity.id, states=[read_state(entity.state).state]).type
    if sensor_type == "unknown":
        sensor_type = guessed
    if entity.id.startswith("binary_sensor.") and sensor_type == "door" and read == "states":
        read = "open_close"
    if kind in ("occupancy", "presence") and thing in _SAT_ON:
        sensor_type = "pressure"
    watts = _WATTS.get(_attribute(entity, "unit_of_measurement"), 1.0)
    return EntityRule(
        entity=entity.id,
        read=read,
        type=sensor_type,
        room=room,
        object=thing,
        above=POWER_ON_W * watts if read == "threshold" else None,
        below=POWER_OFF_W * watts if read == "threshold" else None,
        in_windows=sensor_type not in ("control", "battery", "temperature"),
        name=name[:200],
    )


def _reading(entity: Entity, known: Registered, kind: str) -> tuple[Reading, SensorType, str]:
    """How it is read, its type, and why not."""
    domain = entity.id.partition(".")[0]
    if known.hidden or known.category:
        return "skip", "unknown", "hidden, or a setting or diagnosis of a device"
    if isinstance(entity.attributes.get("entity_id"), list):
        return "skip", "unknown", "a group of other entities"
    if domain == "binary_sensor":
        if kind in _HEALTH_CLASSES:
            return "skip", "unknown", "health of a device"
        read, sensor_type = _BINARY.get(kind, ("states", "unknown"))
        if guess_sensor(entity.id).type == "battery":
            return "skip", "unknown", "health of a device"
        return read, sensor_type, ""
    if domain == "sensor":
        return _measured(entity, kind)
    if domain not in _DOMAINS:
        return "skip", "unknown", f"{domain}: not of daily life"
    read, sensor_type = _DOMAINS[domain]
    return read, sensor_type, ""


def _measured(entity: Entity, kind: str) -> tuple[Reading, SensorType, str]:
    """A `sensor` measures something, or says a word."""
    unit = _attribute(entity, "unit_of_measurement")
    if kind == "power" and unit in ("W", "kW", ""):
        return "threshold", "power", ""
    if kind == "temperature":
        return "number", "temperature", ""
    if not unit and not kind and read_state(entity.state).state == VALUE:
        # An export has no class and no unit, so the id decides.
        named = guess_sensor(entity.id).type
        if named == "power" and "energy" not in entity.id:
            return "threshold", "power", ""
        if named == "temperature":
            return "number", "temperature", ""
    if unit or kind not in ("", "enum"):
        return "skip", "unknown", "a measurement that no sentence speaks of"
    if _PRESSED.search(entity.id):
        return "press", "item", ""
    state = read_state(entity.state).state
    if state in ("", "HEALTH", VALUE):
        return "skip", "unknown", "words or numbers of a kind that is not known"
    return "states", "unknown", ""


def _place(entity: Entity, known: Registered, name: str, kind: str) -> tuple[str, str | None]:
    """Room and object: the area says the room, else the names do."""
    domain, _, plain_id = entity.id.partition(".")
    by_name = guess_sensor(f"{domain}.{_slug(name)}") if name else None
    by_id = guess_sensor(f"{domain}.{plain_id}")
    found = [s for s in (by_name, by_id) if s is not None]
    named = [*(s.room for s in found), room_in_name(f"{name} {plain_id}")]
    room = room_of_area(known.area) if known.area else UNKNOWN_ROOM
    if room == UNKNOWN_ROOM:
        room = next((r for r in named if r != UNKNOWN_ROOM), UNKNOWN_ROOM)
    thing = next((s.object for s in found if s.object is not None), None)
    if domain == "cover" and kind in _PLAIN_COVERS and thing is None:
        thing = kind
    if thing is None:
        thing = _OBJECTS.get((domain, kind)) or (_OBJECTS.get((domain, "")))
    return room, thing


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_") or "_"


def _attribute(entity: Entity, key: str) -> str:
    value = entity.attributes.get(key)
    return value if isinstance(value, str) else ""
