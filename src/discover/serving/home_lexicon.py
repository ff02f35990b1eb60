"""The words that mean rooms and objects of one home, from the tables that captions use.

A phrase means what a caption would call by it: "sofa" is the couch, "refrigerator" the fridge, "hall" the
hallway. A general word means all its kinds: "cupboard" every cupboard and cabinet of the home, "bedroom"
every bedroom. A word that the home has no sensor for means its nearest kin if there is one (`_KIN`), else
nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from discover.captions.objects import OBJECT_PHRASES, name_object
from discover.captions.words import name_rooms, room_phrases, split_words
from discover.core.event_semantics import PRESENCE_TYPES, USE_TYPES, shows_people
from discover.core.home import Home, Sensor
from discover.query import Lexicon, Place, PlaceKind

__all__ = ["home_words"]

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

# Where a home has no sensor for the first, people mean one of the others, the first that it has.
_KIN: Mapping[str, tuple[str, ...]] = {
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

# Everyday words that no floor plan uses -> what they mean.
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

# What is kept in a piece of furniture; meant by it only where something is taken out or put away.
_KEPT: Mapping[str, tuple[str, ...]] = {
    "dish cabinet": ("crockery", "plate", "cup", "mug", "glass", "bowl"),
    "silverware drawer": ("cutlery", "silverware", "knife", "knives", "fork", "spoon"),
    "pots and pans drawer": ("pot", "pan", "saucepan"),
    "food cabinet": ("groceries", "food"),
    "medicine cabinet": ("medicine", "medication", "pill", "tablet"),
}

# What "home", "the house" and the like are called is no place inside it.
_NO_PHRASE = frozenset(
    {"home", "house", "range", "seat", "pan", "pot", "groceries", "medicine", "living", "dining"}
)


def home_words(home: Home) -> Lexicon:
    """Phrase -> room or object of this home; see the top of this file."""
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
    for word, kin in _KIN.items():
        # "bath" is short for bathroom only where there is nothing to bathe in.
        if word == "bath" or word not in known:
            nearest = next((known[k] for k in kin if k in known), None)
            known |= {} if nearest is None else {word: nearest}
    known |= {phrase: known[name] for phrase, name in OBJECT_PHRASES.items()
              if name in known and phrase not in known}  # fmt: skip
    known |= {_swapped(phrase): place for phrase, place in known.items() if _swapped(phrase) not in known}
    known |= {word: known[name] for word, name in _EVERYDAY.items() if name in known and word not in known}
    known = {phrase: place for phrase, place in known.items() if phrase not in _NO_PHRASE}
    for name, things in _KEPT.items():
        if name in known:
            inside = replace(known[name], kind="content")
            known |= {thing: inside for thing in things if thing not in known}
    bathroom, sink = known.get("bathroom"), known.get("sink")
    if bathroom is not None and sink is not None and sink.inside(bathroom) is not None:
        # A kitchen has a sink, not a washbasin.
        known |= {word: sink.inside(bathroom) or sink for word in ("washbasin", "wash basin", "basin")}
    return known


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
    """Objects by the name captions give them, by their own words, and by the general words that cover
    them."""
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
    """ "doors" are those called so; in a home that calls none so, everything that opens."""
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
    """A cabinet is a cupboard."""
    words = {"cabinet": "cupboard", "cupboard": "cabinet"}
    return " ".join(words.get(word, word) for word in phrase.split())
