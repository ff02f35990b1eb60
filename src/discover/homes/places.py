"""Rooms and objects in plain words, from sensor ids, WSU `.translate` tables and location columns.

`guess_sensor` describes a sensor that no home description lists; `read_translate` reads WSU's own
sensor-to-place tables (lines `sensor place1 place2`, for example `M012 Bedroom Bed`).
"""

import re
from collections.abc import Iterable
from pathlib import Path

from discover.core.errors import DataError
from discover.core.home import UNKNOWN_ROOM, Sensor, SensorType
from discover.homes._foreign_names import in_english

__all__ = ["guess_sensor", "known_objects", "known_rooms", "place_words", "read_translate"]

_TYPES: tuple[tuple[str, SensorType], ...] = (
    (r"BAT\w*\d+.*|ZB\w*\d+.*|RSSI\w*|.*(?i:battery|rssi|linkquality|commfailure|signal).*", "battery"),
    (r"(?:ENTER|LEAVE)_?HOME|E\d+.*|SYS\w*\d*|C\d+", "control"),
    (r"MA?\d+.*|PIR\w*\d+.*", "motion"),
    (r"D\d+.*", "door"),
    (r"TP?\d+.*", "temperature"),
    (r"LS\d+.*|LL?\d+.*", "light"),
    (r"I\d+.*", "item"),
    (r"AD\d+-[AB]", "water"),
    (r"AD\d+-C", "burner"),
    (r"P\d+.*", "power"),
    (r"(?i:asterisk)|PHONE\w*", "phone"),
)
"""Id patterns of CASAS homes. AD (analogue) channels: A and B water, C the burner."""

_TYPE_WORDS: tuple[tuple[str, SensorType], ...] = (
    ("battery rssi linkquality signal voltage firmware", "battery"),
    ("temperature temp thermometer", "temperature"),
    ("light lights lamp lux illuminance luminance brightness dimmer", "light"),
    ("motion pir presence occupancy movement radar", "motion"),
    ("pressure mat press", "pressure"),
    ("water tap faucet flow leak moisture", "water"),
    ("burner", "burner"),
    ("phone telephone", "phone"),
    ("power energy plug socket outlet meter emeter electric consumption current watt switch", "power"),
    ("contact door doors window opening magnetic reed lock cabinet cupboard drawer", "door"),
)
"""Words of an id -> type, the first line that fits. A cabinet tells that it is opened, as a door does."""

_DOMAINS: dict[str, SensorType | None] = {
    "binary_sensor": None,
    "sensor": None,
    "light": "light",
    "switch": "power",
    "media_player": "power",
    "fan": "power",
    "vacuum": "power",
    "climate": "temperature",
    "cover": "door",
    "lock": "door",
    **dict.fromkeys(
        ("input_boolean", "input_number", "input_select", "input_datetime", "input_text"), "control"
    ),
    **dict.fromkeys(("device_tracker", "person", "sun", "zone", "automation", "script", "scene"), "control"),
    **dict.fromkeys(
        ("update", "weather", "group", "timer", "counter", "button", "number", "select"), "control"
    ),
}
"""Prefix of a Home Assistant entity id -> type, None where the words behind it say."""

_ROOMS = {
    # a place word that names a room -> the room
    "aisle": "hallway",
    "attic": "attic",
    "basement": "basement",
    "bath": "bathroom",
    "bathroom": "bathroom",
    "bedroom": "bedroom",
    "closet": "closet",
    "corridor": "hallway",
    "den": "den",
    "diner": "dining_room",
    "dining": "dining_room",
    "dining room": "dining_room",
    "entrance": "entrance",
    "entry": "entrance",
    "entryway": "entrance",
    "foyer": "entrance",
    "garage": "garage",
    "guest bathroom": "guest_bathroom",
    "guest bedroom": "guest_bedroom",
    "guest room": "guest_room",
    "hall": "hallway",
    "hallway": "hallway",
    "kitchen": "kitchen",
    "laundry": "laundry_room",
    "laundry room": "laundry_room",
    "living": "living_room",
    "living room": "living_room",
    "lounge": "living_room",
    "main entryway": "entrance",
    "master bathroom": "master_bathroom",
    "master bedroom": "master_bedroom",
    "lobby": "entrance",
    "nursery": "nursery",
    "office": "office",
    "office/study": "office",
    "restroom": "bathroom",
    "stairs": "stairs",
    "staircase": "stairs",
    "study": "office",
    "utility room": "laundry_room",
    "vestibule": "entrance",
    "wc": "bathroom",
    "work area": "office",
}

_OBJECTS = {
    # a place word that names a thing -> the thing, and the room it implies when no other is given
    "armchair": ("armchair", "living_room"),
    "back door": ("back door", "entrance"),
    "basin": ("sink", "bathroom"),
    "bath tub": ("bathtub", "bathroom"),
    "bathroom door": ("bathroom door", "bathroom"),
    "bathtub": ("bathtub", "bathroom"),
    "bed": ("bed", "bedroom"),
    "bedroom door": ("bedroom door", "bedroom"),
    "chair": ("chair", ""),
    "closet": ("closet", ""),
    "closet door": ("closet door", ""),
    "coffee machine": ("coffee machine", "kitchen"),
    "coffee maker": ("coffee machine", "kitchen"),
    "coffeemaker": ("coffee machine", "kitchen"),
    "computer": ("computer", ""),
    "cooktop": ("stove", "kitchen"),
    "couch": ("couch", "living_room"),
    "desk": ("desk", ""),
    "cabinet": ("cabinet", ""),
    "cupboard": ("cupboard", ""),
    "dining chair": ("dining chair", ""),
    "dining table": ("dining table", "dining_room"),
    "dishwasher": ("dishwasher", "kitchen"),
    "door": ("door", ""),
    "drawer": ("drawer", ""),
    "dresser": ("dresser", "bedroom"),
    "dryer": ("dryer", "laundry_room"),
    "entrance door": ("front door", "entrance"),
    "faucet": ("tap", ""),
    "freezer": ("freezer", "kitchen"),
    "fridge": ("fridge", "kitchen"),
    "front door": ("front door", "entrance"),
    "frontdoor": ("front door", "entrance"),
    "garage door": ("garage door", "entrance"),
    "hamper": ("laundry basket", ""),
    "kettle": ("kettle", "kitchen"),
    "kitchen cabinet": ("kitchen cabinet", "kitchen"),
    "lounge chair": ("lounge chair", "living_room"),
    "main door": ("front door", "entrance"),
    "main entryway": ("main entrance", "entrance"),
    "maindoor": ("front door", "entrance"),
    "med cabinet": ("medicine cabinet", ""),
    "medicine cabinet": ("medicine cabinet", ""),
    "microwave": ("microwave", "kitchen"),
    "mirror": ("mirror", ""),
    "oven": ("oven", "kitchen"),
    "outside door": ("outside door", "entrance"),
    "pantry": ("pantry", "kitchen"),
    "pillow": ("bed", "bedroom"),
    "radio": ("radio", ""),
    "recliner": ("recliner", "living_room"),
    "refrigerator": ("fridge", "kitchen"),
    "seat": ("chair", ""),
    "shower": ("shower", "bathroom"),
    "sink": ("sink", ""),
    "sofa": ("couch", "living_room"),
    "stairs": ("stairs", "stairs"),
    "stereo": ("stereo", "living_room"),
    "stove": ("stove", "kitchen"),
    "table": ("table", ""),
    "tap": ("tap", ""),
    "telephone": ("telephone", ""),
    "television": ("television", "living_room"),
    "toaster": ("toaster", "kitchen"),
    "toilet": ("toilet", "bathroom"),
    "toilet flush": ("toilet", "bathroom"),
    "tv": ("television", "living_room"),
    "wardrobe": ("wardrobe", "bedroom"),
    "washing machine": ("washing machine", "laundry_room"),
    "washingmachine": ("washing machine", "laundry_room"),
    "window": ("window", ""),
}

_ORDINALS = {"a": "", "b": "second_", "c": "third_", "d": "fourth_", "e": "fifth_"}
_KIND_AT_END = re.compile(
    r"(?:(?:^|\s+)(?:light|temp|temperature|motion|pir|presence|occupancy|movement|mmwave|radar|contact"
    r"|power|plug|(?<!light )switch))+$"
)
"""Words behind a place that say what kind of sensor it is, not what it is near."""
_NOWHERE = {"", "ignore", "other room", "other", "unknown", "unk", "area"}


def guess_sensor(
    sensor_id: str,
    *,
    states: Iterable[str] = (),
    places: Iterable[str] = (),
) -> Sensor:
    """Describe a sensor from what can be seen: its id, its states, and place words where there are any.

    Args:
        sensor_id: As in the log.
        states: States it was seen in, the commonest first.
        places: Place words from a translate table or the log's location columns; else the id is read as one.
    """
    seen = list(states)
    kind = next((t for pattern, t in _TYPES if re.fullmatch(pattern, sensor_id)), None)
    name = in_english(sensor_id)
    room, thing = place_words(*(in_english(place) for place in places))
    if room == UNKNOWN_ROOM and thing is None and kind is None:
        room, thing = place_words(*_split_id(name))
        if room == UNKNOWN_ROOM and thing is None:
            room, thing = _scan_id(name)
    kind = kind or _type_of_id(name)
    if kind is None:
        kind = _type_from_states(seen, known_place=room != UNKNOWN_ROOM or thing is not None)
    if kind == "control":
        room, thing = UNKNOWN_ROOM, None
    # Pseudo-sensors such as ENTERHOME repeat what annotators wrote, E channels steer an experiment, and WSU
    # writes "Ignore" as the place of batteries and radios.
    if sensor_id.lower() == "ignore":
        kind = "control"
    return Sensor(
        id=sensor_id, type=kind, room=room, object=thing, is_activity=kind not in ("battery", "control")
    )


def place_words(*places: str) -> tuple[str, str | None]:
    """Room and object that place words name, the first room and the last object winning.

    `("Bedroom", "Bed")` -> `("bedroom", "bed")`, `("OutsideDoor", "FrontDoor")` -> `("entrance", "front
    door")`.
    """
    room, implied, thing = "", "", None
    for place in places:
        words = _KIND_AT_END.sub("", _plain(place))
        prefix = ""
        lettered = re.fullmatch(r"(.+?) ([a-e])", words)
        if lettered:
            words, prefix = lettered[1], _ORDINALS[lettered[2]]
        if words in _NOWHERE:
            continue
        if words in _OBJECTS and not (words == "closet" and not room):
            thing, from_object = _OBJECTS[words]
            implied = implied or from_object
            room = room or ("entrance" if words == "outside door" else "")
        elif words in _ROOMS:
            room = room or prefix + _ROOMS[words]
        elif (parts := _room_first(words)) is not None:
            room = room or prefix + _ROOMS[parts[0]]
            thing = parts[1]
        elif words.split()[-1] in ("door", "cabinet", "drawer", "chair", "sensor"):
            thing = words
        elif not room:
            room = prefix + re.sub(r"\W+", "_", words).strip("_")
        else:
            thing = words
    return room or implied or UNKNOWN_ROOM, thing


def known_rooms() -> frozenset[str]:
    """Rooms that a place word can name; any other word may name a thing as well."""
    return frozenset(_ROOMS.values())


def known_objects() -> frozenset[str]:
    """Things that a place word can name."""
    return frozenset(thing for thing, _ in _OBJECTS.values())


def read_translate(path: Path) -> dict[str, tuple[str, str]]:
    """Sensor id -> (place1, place2) of a WSU translate table (its lines on activities do no harm).

    Raises:
        DataError: Missing file or no line of three fields.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(
            f"Cannot read the translate table {path} ({error.strerror}). Check the path."
        ) from error
    table = {f[0]: (f[1], f[2]) for f in (line.split() for line in lines) if len(f) == 3}
    if not table:
        raise DataError(
            f"{path} is no translate table: no line has three fields. Expected lines like `M012 Bedroom Bed`."
        )
    return table


def _plain(word: str) -> str:
    """`MedCabinet`, `med_cabinet` -> `med cabinet`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\-.]+", " ", word)
    return " ".join(spaced.lower().split())


def _room_first(words: str) -> tuple[str, str] | None:
    """`bathroom pir` -> `("bathroom", "pir")`; None if no known room comes first."""
    for room in sorted(_ROOMS, key=len, reverse=True):
        if words.startswith(room + " "):
            return room, words[len(room) + 1 :]
    return None


_LONGEST_FIRST = sorted({*_ROOMS, *_OBJECTS}, key=lambda name: (-len(name), name))
_ID_ROOMS = sorted((r for r in {*_ROOMS, *_NOWHERE, "main entryway"} if r), key=len, reverse=True)


def _split_id(sensor_id: str) -> list[str]:
    """Parts of a room-named id: `BedroomABed` -> `["bedroom a", "bed"]`."""
    words = _plain(sensor_id)
    for room in _ID_ROOMS:
        if not words.startswith(room):
            continue
        found = re.fullmatch(rf"({room}(?: [a-e])?)(?: (.+))?", words)
        if found:
            # "entryway b" and the like name a place and a thing at once
            parts = (re.sub(r"\s*\d+$", "", part or "") for part in found.groups())
            return [part for part in parts if part and part != "area"]
    return [words] if words in _OBJECTS else []


def _id_words(sensor_id: str) -> tuple[str, list[str]]:
    """Prefix of a Home Assistant entity ("" without one) and the words of an id, numbers left out."""
    domain, _, name = sensor_id.partition(".")
    if not name or domain.lower() not in _DOMAINS:
        domain, name = "", sensor_id
    words = re.sub(r"\d+", " ", _plain(name)).split()
    return domain.lower(), words


def _type_of_id(sensor_id: str) -> SensorType | None:
    domain, words = _id_words(sensor_id)
    for listed, kind in _TYPE_WORDS:
        if set(listed.split()) & set(words) and _DOMAINS.get(domain) is None:
            return kind
    return _DOMAINS.get(domain)


def _scan_id(sensor_id: str) -> tuple[str, str | None]:
    """Room and object that an id names anywhere: `MotionSensorKitchen1`, `binary_sensor.fridge_door`."""
    text = " ".join(_id_words(sensor_id)[1])
    found = [name for name in _LONGEST_FIRST if name in text and re.search(rf"\b{re.escape(name)}\b", text)]
    things = [name for name in found if name in _OBJECTS and name not in _ROOMS]
    # a door, window or table of something is named after the thing it belongs to
    named = [name for name in things if name not in ("door", "window", "table", "tap", "faucet")] or things
    room = next((name for name in found if name in _ROOMS), "")
    rest = text.replace(room, " ", 1) if room and named and room in named[0] and room != named[0] else text
    room = room if re.search(rf"\b{re.escape(room)}\b", rest) else ""
    return place_words(*(place for place in (room, *named[:1]) if place))


def _type_from_states(states: list[str], *, known_place: bool) -> SensorType:
    first = states[0] if states else ""
    if first in ("OPEN", "CLOSE"):
        return "door"
    if first in ("PRESENT", "ABSENT"):
        return "item"
    if first in ("ON", "OFF") and known_place:
        return "motion"
    return "unknown"
