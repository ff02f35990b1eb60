"""Plain words for rooms.

Floor plans and translate tables name places in many spellings ("master_bedroom", "BedroomA",
"OutsideDoor"); captions use the words people type.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Place", "name_rooms", "room_phrases", "split_words"]

_UNKNOWN_ROOMS = frozenset({"unknown room", "unknown", "unk", "other", "none", "home", "house", ""})

_ROOM_WORDS: Mapping[str, str] = {
    "living": "living room",
    "livingroom": "living room",
    "lounge": "living room",
    "dining": "dining room",
    "diningroom": "dining room",
    "dining area": "dining room",
    "hall": "hallway",
    "corridor": "hallway",
    "aisle": "hallway",
    "laundry": "laundry room",
    "wc": "toilet",
    "work area": "office",
    "work room": "office",
    "study": "office",
    "entry": "entrance",
    "entryway": "entrance",
    "main entryway": "main entrance",
    "house entrance": "entrance",
    "outside door": "front door",
    "guest room": "guest bedroom",
    "bath": "bathroom",
    "bath room": "bathroom",
    "bed room": "bedroom",
    "master bath": "master bathroom",
    "guest bath": "guest bathroom",
}

# Places that are spots rather than spaces: one is at them, not in them.
_SPOTS = frozenset({"door", "entrance", "sink", "desk", "table", "chair", "fridge", "stove", "window"})

_ON = frozenset({"stairs", "porch", "balcony", "terrace", "patio", "deck"})

_ORDINALS = {"a": "first", "b": "second", "c": "third", "d": "fourth", "1": "first", "2": "second"}


@dataclass(frozen=True, slots=True)
class Place:
    """A room as sentences use it."""

    name: str
    """Without article: "kitchen"."""
    the: str
    """As an object of a verb: "the kitchen"."""
    inside: str
    """Where something happens: "in the kitchen", "at the front door", "on the stairs"."""


def split_words(text: str) -> str:
    """Lower-case words of an identifier: "LivingRoomAArea" -> "living room a area"."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return " ".join(re.sub(r"[_\-./,;:()+]+", " ", text).lower().split())


def name_rooms(rooms: Iterable[str]) -> dict[str, Place | None]:
    """Words for each room id of one home; None where the place is unknown.

    "bedroom_a" is "the bedroom" in a home with one bedroom and "the first bedroom" beside a "bedroom_b".
    """
    ids = sorted(set(rooms))
    bases = {room: _base_and_suffix(split_words(room)) for room in ids}
    shared = {base for base, _ in bases.values() if sum(b == base for b, _ in bases.values()) > 1}
    places: dict[str, Place | None] = {}
    for room, (base, suffix) in bases.items():
        if base in _UNKNOWN_ROOMS:
            places[room] = None
            continue
        name = f"{_ORDINALS[suffix]} {base}" if suffix and base in shared else base
        places[room] = _place(name)
    return places


def room_phrases() -> dict[str, str]:
    """Phrase in lower case -> how captions call the room: "lounge" -> "living room"."""
    return dict(_ROOM_WORDS)


def _place(name: str) -> Place:
    last = name.split()[-1]
    preposition = "on" if last in _ON else "at" if last in _SPOTS else "in"
    return Place(name, f"the {name}", f"{preposition} the {name}")


def _base_and_suffix(words: str) -> tuple[str, str]:
    *head, last = words.split() or [""]
    if head and last in _ORDINALS:
        base, suffix = " ".join(head), last
    else:
        base, suffix = words, ""
    near = re.match(r"(aisle|hall|hallway|corridor) (near|by|at) (.*)", base)
    if near:
        other = near[3]
        return f"hallway by the {_ROOM_WORDS.get(other, other)}", suffix
    return _ROOM_WORDS.get(base, base), suffix
