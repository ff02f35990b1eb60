"""The lexicon of a home, built from the words of captions.

A synonym names what a caption calls by another word: "sofa" is the couch, "refrigerator" the fridge, "hall"
the hallway. A general word names all its kinds: "cupboard" every cupboard and cabinet, "bedroom" every
bedroom. For an object without a sensor, the lexicon has a similar object of the home (`_SIMILAR`) or nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from discover.captions.objects import OBJECT_PHRASES, name_object
from discover.captions.words import name_rooms, room_phrases, split_words
from discover.core.event_semantics import PRESENCE_TYPES, USE_TYPES, shows_people
from discover.core.home import Home, Sensor
from discover.query import Lexicon, Place, PlaceKind

__all__ = ["home_lexicon"]

# General word -> last words of the objects it covers.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "cupboard": ("cupboard", "cabinet", "pantry"),
    "cabinet": ("cupboard", "cabinet", "pantry"),
    "closet": ("closet", "wardrobe"),
    "drawer": ("drawer",),
    "door": ("door",),
    "chair": ("chair", "armchair"),
    "seat": ("chair", "armchair", "couch", "seat"),
    "table": ("table",),
    "sink": ("sink",),
    "lamp": ("lamp", "light"),
    "light": ("lamp", "light"),
    "shelf": ("shelf", "bookcase"),
    "tap": ("tap", "sink"),
}

# Object without a sensor -> similar objects, best first; the first one that the home has takes its place.
_SIMILAR: Mapping[str, tuple[str, ...]] = {
    "bath": ("bathtub", "shower", "bathroom"),
    "bathtub": ("shower",),
    "shower": ("bathtub",),
    "oven": ("stove",),
    "stove": ("burner", "oven"),
    "burner": ("stove",),
    "dresser": ("wardrobe", "closet"),
    "wardrobe": ("closet", "dresser"),
    "closet": ("wardrobe", "dresser"),
    "freezer": ("fridge",),
    "pantry": ("food cabinet",),
    "food cabinet": ("pantry",),
    "bed": ("bedroom",),
    "desk": ("office",),
    "toilet": ("bathroom",),
    "bathroom": ("toilet",),
    "front door": ("entrance", "hallway"),
    "entrance": ("main entrance", "front door"),
    "hallway": ("entrance",),
    "armchair": ("chair",),
}

# Everyday words -> their names in floor plans.
_EVERYDAY: Mapping[str, str] = {
    "loo": "toilet",
    "lavatory": "toilet",
    "restroom": "toilet",
    "washroom": "bathroom",
    "covers": "bed",
    "blankets": "bed",
    "duvet": "bed",
    "sitting room": "living room",
    "landing": "hallway",
    "settee": "couch",
    "cooker": "stove",
    "telly": "tv",
}

# Furniture -> its contents. "Taking a plate" is a use of the cabinet; "washing a plate" is not.
_CONTENTS: Mapping[str, tuple[str, ...]] = {
    "dish cabinet": ("crockery", "plate", "cup", "mug", "glass", "bowl"),
    "silverware drawer": ("cutlery", "silverware", "knife", "knives", "fork", "spoon"),
    "pots and pans drawer": ("pot", "pan", "saucepan"),
    "food cabinet": ("groceries", "food"),
    "medicine cabinet": ("medicine", "medication", "pill", "tablet"),
}

# Words that are no place in the home, or that a sentence uses in another meaning as often.
_NO_PHRASE = frozenset(
    {"home", "house", "range", "seat", "pan", "pot", "groceries", "medicine", "living", "dining"}
)


def home_lexicon(home: Home) -> Lexicon:
    """The lexicon of a home: rooms and objects with sensors that can show a person."""
    sensors = [s for s in home.sensors if shows_people(s)]
    rooms = _rooms(sensors)
    objects = _objects(sensors)
    known: dict[str, Place] = dict(objects)
    known |= {phrase: rooms[name] for phrase, name in room_phrases().items() if name in rooms}
    known |= rooms
    for phrase, name in OBJECT_PHRASES.items():
        if name in objects and phrase not in rooms:
            known[phrase] = objects[name]
    known |= _doors(sensors, objects)
    for word, similar in _SIMILAR.items():
        # "bath" is short for bathroom only in a home without a bathtub or shower.
        if word == "bath" or word not in known:
            nearest = next((known[k] for k in similar if k in known), None)
            known |= {} if nearest is None else {word: nearest}
    known |= {phrase: known[name] for phrase, name in OBJECT_PHRASES.items()
              if name in known and phrase not in known}  # fmt: skip
    known |= {_swapped(phrase): place for phrase, place in known.items() if _swapped(phrase) not in known}
    known |= {word: known[name] for word, name in _EVERYDAY.items() if name in known and word not in known}
    known = {phrase: place for phrase, place in known.items() if phrase not in _NO_PHRASE}
    for name, things in _CONTENTS.items():
        if name in known:
            inside = replace(known[name], kind="content")
            known |= {thing: inside for thing in things if thing not in known}
    bathroom, sink = known.get("bathroom"), known.get("sink")
    if bathroom is not None and sink is not None and sink.inside(bathroom) is not None:
        # A kitchen has a sink, not a washbasin.
        known |= {word: sink.inside(bathroom) or sink for word in ("washbasin", "wash basin", "basin")}
    return Lexicon(known)


def _rooms(sensors: Iterable[Sensor]) -> dict[str, Place]:
    """Rooms by name, and by the last words of their names: "bedroom" is every bedroom."""
    by_room: dict[str, list[Sensor]] = {}
    for sensor in sensors:
        by_room.setdefault(sensor.room, []).append(sensor)
    found: dict[str, Place] = {}
    general: dict[str, list[Sensor]] = {}
    for room, place in name_rooms(by_room).items():
        if place is None:
            continue
        found[place.name] = _place(place.name, "room", by_room[room])
        words = place.name.split()
        for begin in range(1, len(words)):
            general.setdefault(" ".join(words[begin:]), []).extend(by_room[room])
    general.pop("room", None)
    for name, members in general.items():
        same = [s for room, place in name_rooms(by_room).items() if place is not None and place.name == name
                for s in by_room[room]]  # fmt: skip
        found[name] = _place(name, "room", [*members, *same])
    return found


def _objects(sensors: Iterable[Sensor]) -> dict[str, Place]:
    """Objects by their name in captions, by their own words, and by general words."""
    by_name: dict[str, list[Sensor]] = {}
    for sensor in sensors:
        thing = name_object(sensor.object, sensor.id)
        if thing is None:
            continue
        names = {thing, split_words(sensor.object or thing)}
        last = {word for name in names for word in name.split()[-1:]}
        names |= {general for general, ends in _KINDS.items() if last & set(ends)}
        for name in names:
            by_name.setdefault(name, []).append(sensor)
    return {name: _place(name, "object", members) for name, members in by_name.items()}


def _doors(sensors: Iterable[Sensor], objects: Mapping[str, Place]) -> dict[str, Place]:
    """The word "door": the objects called so, or all sensors that open in a home without such a name."""
    opening = [s for s in sensors if s.type == "door"]
    return {} if "door" in objects or not opening else {"door": _place("door", "object", opening)}


def _place(name: str, kind: PlaceKind, sensors: Iterable[Sensor]) -> Place:
    members = list(sensors)
    return Place(
        name=name,
        kind=kind,
        sensors=frozenset(s.id for s in members),
        presence=frozenset(s.id for s in members if s.type in PRESENCE_TYPES),
        doors=frozenset(s.id for s in members if s.type == "door"),
        switches=frozenset(s.id for s in members if s.type in USE_TYPES),
    )


def _swapped(phrase: str) -> str:
    """The phrase with "cabinet" for "cupboard" and the reverse."""
    words = {"cabinet": "cupboard", "cupboard": "cabinet"}
    return " ".join(words.get(word, word) for word in phrase.split())
