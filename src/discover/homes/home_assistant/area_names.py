"""Rooms under the names that people give areas in other languages."""

import re

from discover.core.home import UNKNOWN_ROOM
from discover.homes._foreign_names import FOREIGN_ROOMS, NOT_IN_NAMES, bare
from discover.homes.places import known_rooms, place_words

__all__ = ["room_in_name", "room_of_area"]


def room_of_area(area: str) -> str:
    """Room of an area's name: one known in any of the languages, else the name itself in snake case."""
    room = place_words(area)[0]
    return room if room in known_rooms() else _room_in(area, room)


def room_in_name(name: str) -> str:
    """Room that a word of a name says in another language; `UNKNOWN_ROOM` if none does."""
    words = [word for word in _plain(name).split() if word not in NOT_IN_NAMES]
    return _room_in(" ".join(words), UNKNOWN_ROOM)


def _room_in(name: str, otherwise: str) -> str:
    return next((FOREIGN_ROOMS[word] for word in _plain(name).split() if word in FOREIGN_ROOMS), otherwise)


def _plain(text: str) -> str:
    """Lower case without accents; words apart."""
    return " ".join(re.split(r"[\s_./]+", bare(text))).strip()
