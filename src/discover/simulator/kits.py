"""Sensors of a random home: which kit is installed where, how each sensor behaves and is called.

Letters: S sensors, N places of the dwelling, K motion sensors that may see one place.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.simulator.catalogue import kits
from discover.simulator.dwelling import OUTSIDE, Dwelling

__all__ = ["KITS", "Installation", "Installed", "install"]

KITS: tuple[str, ...] = tuple(kits()["kits"])
"""Names of all sensor kits."""

_TYPE = {"contact": "door", "flush": "unknown", "vibration": "item"}
_PULSING = ("contact", "item", "vibration", "flush")
_SEEN_BY = 4


@dataclass(frozen=True, slots=True)
class Installed:
    """One sensor.

    Attributes:
        id: Name in the log.
        how: motion, presence, door (a way through), light_of_room, temperature, battery, or a way to sense a
            thing.
        type: As in `core.home.Sensor`.
        index: Place (motion), room (presence, light, temperature), door or thing.
        room: Room index.
        object: What it watches, in plain words.
        begin, end: States it sends.
        hold_s: Seconds that it stays on.
        watts: Power while on; 0: it sends states.
        wide: A motion sensor that watches the whole room.
        pulse_s: It sends short pulses this far apart instead of staying on; 0: it stays on.
    """

    id: str
    how: str
    type: Any
    index: int
    room: int
    object: str | None
    begin: str
    end: str
    hold_s: float = 3.0
    watts: float = 0.0
    wide: bool = False
    pulse_s: float = 0.0


@dataclass(frozen=True)
class Installation:
    """All sensors of a home.

    Attributes:
        sensors: In the order of their codes.
        kit, style: Names of kit and naming style.
        ends: Whether ends of activations reach the log.
        stamp_us: Resolution of the time stamps.
        view: Sensor codes that may see a movement at each place, -1 none, (N, K).
        view_share: How likely each does, (N, K).
    """

    sensors: tuple[Installed, ...]
    kit: str
    style: str
    ends: bool
    stamp_us: int
    view: NDArray[np.int64]
    view_share: NDArray[np.float64]

    def codes(self, how: str) -> list[int]:
        """Codes of the sensors of a kind."""
        return [i for i, s in enumerate(self.sensors) if s.how == how]


def install(dwelling: Dwelling, kit: str, style: str | None, rng: np.random.Generator) -> Installation:
    """Choose, place and name the sensors of a kit."""
    spec = kits()["kits"][kit]
    style = style or str(rng.choice(list(spec["styles"]), p=_shares(spec["styles"])))
    raw = [
        *_motion(dwelling, spec, rng),
        *_things(dwelling, spec, rng),
        *_rooms_and_doors(dwelling, spec, rng),
    ]
    if not raw:
        raw = [_front(dwelling, spec, rng)]
    words = spec.get("words", {})
    kept = []
    for s in raw:
        begin, end = words.get(s.type, ("ON", "OFF"))
        kept.append(replace(s, begin=begin, end=end))
    sensors = _named(kept, style, dwelling, rng)
    if rng.random() < spec.get("battery", 0.0):
        own = sensors[:: int(rng.integers(1, 4))]
        sensors += [
            replace(s, id=_battery_id(s.id), how="battery", type="battery", object=None, watts=0.0)
            for s in own
        ]
    view, share = _views(dwelling, sensors, rng)
    ends = bool(rng.random() < spec.get("ends", 1.0))
    stamp_us = 1_000_000 if rng.random() < spec.get("seconds", 0.05) else 1
    return Installation(tuple(sensors), kit, style, ends, stamp_us, view, share)


def _shares(weights: dict[str, float]) -> NDArray[np.float64]:
    w = np.array(list(weights.values()), dtype=float)
    result: NDArray[np.float64] = w / w.sum()
    return result


def _word(name: str, rng: np.random.Generator) -> str:
    options = kits()["synonyms"].get(name, [name])
    return str(options[0] if rng.random() < 0.5 else options[int(rng.integers(len(options)))])


def _motion(dwelling: Dwelling, spec: dict[str, Any], rng: np.random.Generator) -> list[Installed]:
    low, high = spec.get("hold", (1.0, 5.0))
    usual = low * (high / low) ** rng.random()
    found: list[Installed] = []

    def add(place: int, room: int, what: str | None, wide: bool) -> None:
        hold = float(np.clip(usual * rng.lognormal(0, 0.15), low, high))
        found.append(Installed("", "motion", "motion", place, room, what, "ON", "OFF", hold, wide=wide))

    density = rng.uniform(*spec["narrow"]) if "narrow" in spec else 0.0
    for r, room in enumerate(dwelling.rooms):
        if room.kind in ("balcony", "garden", "garage", "storage") and rng.random() < 0.85:
            continue
        inside = np.flatnonzero(dwelling.place_room == r)
        if density:
            wanted = max(1, int(np.ceil(room.width * room.height / density * rng.uniform(0.6, 1.3))))
            for k in _spread(dwelling.place_xy[inside], min(wanted, len(inside)), rng):
                name = dwelling.place_name[inside[k]]
                add(int(inside[k]), r, None if name in ("room", "doorway") else _word(name, rng), False)
        for name, chance in spec.get("spot", ()):
            for p in inside:
                if dwelling.place_name[p] == name and rng.random() < chance:
                    add(int(p), r, _word(name, rng), False)
        if rng.random() < spec.get("room", 0.0):
            add(int(inside[[dwelling.place_name[p] == "room" for p in inside]][0]), r, None, True)
    return found


def _spread(xy: NDArray[np.float64], n: int, rng: np.random.Generator) -> list[int]:
    """Indices of n points far from each other."""
    chosen = [int(rng.integers(len(xy)))]
    far = np.hypot(*(xy - xy[chosen[0]]).T)
    while len(chosen) < n:
        chosen.append(int(far.argmax()))
        far = np.minimum(far, np.hypot(*(xy - xy[chosen[-1]]).T))
    return chosen


def _things(dwelling: Dwelling, spec: dict[str, Any], rng: np.random.Generator) -> list[Installed]:
    found = []
    only = spec.get("only")
    # Contacts of one make bounce, those of another do not.
    pulsing = spec.get("pulse", 0.0) * float(rng.choice([0.0, 1.0, 2.2]))
    apart = float(1.5 * (25 / 1.5) ** rng.random())
    for t, thing in enumerate(dwelling.things[:-1]):
        for way in thing.ways:
            chance = spec.get("things", {}).get(way, 0.0)
            if (only and thing.name not in only) or rng.random() >= chance:
                continue
            watts = 0.0
            if way == "power" and rng.random() < spec.get("meters", 0.0):
                watts = float(rng.choice([4.0, 45.0, 110.0, 800.0, 1900.0]) * rng.lognormal(0, 0.3))
            room = int(dwelling.place_room[thing.place])
            kind = _TYPE.get(way, way)
            if way == "flush" and rng.random() < 0.4:
                kind = "water"
            pulse = apart * float(rng.random() < pulsing) * (way in _PULSING)
            hold = float(rng.uniform(1.5, 8))
            found.append(
                Installed("", way, kind, t, room, _word(thing.name, rng), "", "", hold, watts, pulse_s=pulse)
            )
            break
    return found


def _front(dwelling: Dwelling, spec: dict[str, Any], rng: np.random.Generator) -> Installed:
    t = len(dwelling.things) - 1
    room = int(dwelling.place_room[dwelling.things[t].place])
    return Installed("", "contact", "door", t, room, _word("front door", rng), "", "")


def _rooms_and_doors(dwelling: Dwelling, spec: dict[str, Any], rng: np.random.Generator) -> list[Installed]:
    found = []
    if rng.random() < spec.get("front", 0.0):
        found.append(_front(dwelling, spec, rng))
    for d, door in enumerate(dwelling.doors):
        if door.leaf and OUTSIDE not in door.rooms and rng.random() < spec.get("doors", 0.0):
            inner = max(door.rooms)
            name = dwelling.rooms[inner].name.replace("_", " ") + " door" if rng.random() < 0.7 else "door"
            found.append(Installed("", "door", "door", d, inner, name, "", ""))
    indoor = [r for r, room in enumerate(dwelling.rooms) if room.kind not in ("balcony", "garden")]
    for r in indoor:
        if rng.random() < spec.get("presence", 0.0):
            found.append(Installed("", "presence", "motion", r, r, None, "", "", float(rng.uniform(10, 90))))
        if rng.random() < spec.get("lights", 0.0):
            word = "light switch" if rng.random() < 0.3 else "light"
            found.append(Installed("", "light_of_room", "light", r, r, word, "", ""))
    if rng.random() < 0.6:
        chance = spec.get("temperature", 0.0)
        found += [
            Installed("", "temperature", "temperature", r, r, None, "", "")
            for r in indoor
            if rng.random() < chance
        ]
    return found


def _views(
    dwelling: Dwelling, sensors: list[Installed], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which motion sensors see a movement at each place, and how likely."""
    motion = [i for i, s in enumerate(sensors) if s.how == "motion"]
    n = len(dwelling.place_room)
    share = np.zeros((len(motion), n))
    reach = rng.uniform(0.4, 1.2)
    leak = rng.uniform(0.0, 0.08)
    for k, i in enumerate(motion):
        s = sensors[i]
        far = np.hypot(*(dwelling.place_xy - dwelling.place_xy[s.index]).T)
        same = dwelling.place_room == s.room
        if s.wide:
            share[k] = np.where(same, rng.uniform(0.3, 0.9), leak * np.exp(-far / 3.0))
        else:
            seen = 0.96 * np.exp(-((far / reach) ** 2))
            share[k] = np.where(same, np.maximum(seen, 0.03 * (far < 2.2 * reach)), leak * (far < 1.6))
            share[k, s.index] = 0.96
    width = min(_SEEN_BY, max(len(motion), 1))
    if not motion:
        return np.full((n, 1), -1), np.zeros((n, 1))
    best = np.argsort(-share, axis=0, kind="stable")[:width].T
    return np.array(motion)[best], np.take_along_axis(share.T, best, axis=1)


def _named(
    sensors: list[Installed], style: str, dwelling: Dwelling, rng: np.random.Generator
) -> list[Installed]:
    """Give every sensor an id in one style; sensors of a room share one in the style `room`."""
    order = rng.permutation(len(sensors)) if style in ("number", "zigbee") else np.arange(len(sensors))
    first = int(rng.integers(1, 60))
    width = 2 if rng.random() < 0.2 else 3
    counters: dict[str, int] = {}
    taken: set[str] = set()
    result = list(sensors)
    for number, i in enumerate(order):
        s = sensors[i]
        if style == "casas_id":
            letters = _LETTERS.get(s.type, "E") + ("A" if s.wide and rng.random() < 0.3 else "")
            counters[letters[0]] = counters.get(letters[0], 0) + 1
            name = f"{letters}{counters[letters[0]]:0{width}d}"
        elif style == "number":
            name = str(first + number)
        elif style == "zigbee":
            name = f"0x00158d{int(rng.integers(16**10)):010x}"
        else:
            name = _name_in_words(s, style, dwelling.rooms[s.room].name, rng)
        if style != "room":
            name = _unlike(name, style, taken)
        taken.add(name)
        result[i] = replace(s, id=name)
    return result


_LETTERS = {
    "motion": "M",
    "door": "D",
    "item": "I",
    "temperature": "T",
    "light": "L",
    "power": "P",
    "water": "W",
    "burner": "AD",
}
_KIND_WORDS = {
    "contact": "Magnetic",
    "door": "Magnetic",
    "motion": "PIR",
    "pressure": "Pressure",
    "flush": "Flush",
    "power": "Electric",
}
_PREFIXES = {"motion": "MotionD", "door": "ContactS", "power": "EMeter"}
_ENTITY_KINDS = {"door": "contact", "light": "", "item": "vibration"}


def _name_in_words(s: Installed, style: str, room: str, rng: np.random.Generator) -> str:
    """A name made of room and thing, such as KitchenASink, binary_sensor.kitchen_motion or Kitchen sink."""
    thing = s.object or ""
    camel = "".join(w.capitalize() for w in room.split("_"))
    if style == "room":
        return camel
    if style == "casas_room":
        tail = "".join(w.capitalize() for w in thing.split())
        tail = tail or ("Area" if s.wide or rng.random() < 0.5 else "")
        return (
            camel + ("" if "_" in room else "A") + tail + ("Temperature" if s.type == "temperature" else "")
        )
    if style == "homeassist":
        short = camel[: int(rng.integers(1, 3))]
        tail = thing.replace(" ", "").capitalize() if thing and s.how != "motion" else short
        return f"{_PREFIXES.get(s.type, str(s.type).capitalize())}_{tail}"
    if style == "entity":
        value = s.type == "temperature" or s.watts > 0
        domain = "light" if s.type == "light" else "sensor" if value else "binary_sensor"
        kind = "occupancy" if s.how == "presence" else _ENTITY_KINDS.get(s.type, s.type)
        return f"{domain}.{'_'.join(x for x in (room, thing.replace(' ', '_'), kind) if x)}"
    if style == "place_kind":
        kind = _KIND_WORDS.get(s.how, str(s.type).capitalize())
        return f"{camel}_{(thing or 'Area').title().replace(' ', '')}_{kind}"
    plain = f"{room.replace('_', ' ')} {thing or s.type}"
    return (plain if not thing or rng.random() < 0.6 else thing).capitalize().replace(" ", "_")


def _unlike(name: str, style: str, taken: set[str]) -> str:
    """The name, with a letter or number where it is taken."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name}{chr(64 + n)}" if style == "casas_room" and n < 26 else f"{name}_{n}"
    return found


def _battery_id(sensor: str) -> str:
    return (
        f"{sensor}_battery"
        if sensor.startswith(("binary_sensor", "sensor", "light", "0x"))
        else f"{sensor}.BatteryLevel"
    )
