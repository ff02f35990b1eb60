"""Rooms under the names that people give areas in other languages."""

import re
import unicodedata

from discover.core.home import UNKNOWN_ROOM
from discover.homes.places import known_rooms, place_words

__all__ = ["room_in_name", "room_of_area"]

_NAMES = {
    # room -> German, Dutch, French, Spanish, Italian, Swedish; accents left out
    "living_room": "wohnzimmer stube woonkamer salon sala soggiorno vardagsrum",
    "kitchen": "kuche kueche keuken cuisine cocina cucina kok",
    "bedroom": "schlafzimmer slaapkamer chambre dormitorio camera sovrum",
    "bathroom": "bad badezimmer badkamer bano bagno badrum gastebad",
    "guest_bathroom": "gaste-wc gaestewc gastewc",
    "hallway": "flur diele gang hal couloir pasillo corridoio hallen",
    "entrance": "eingang hauseingang windfang entree entrada ingresso",
    "office": "buro buero arbeitszimmer kantoor bureau oficina ufficio kontor",
    "dining_room": "esszimmer eetkamer comedor matrum",
    "nursery": "kinderzimmer kinderkamer barnrum",
    "guest_room": "gastezimmer gaestezimmer logeerkamer gastrum",
    "laundry_room": "waschkuche waschkueche hauswirtschaftsraum hwr buanderie lavadero lavanderia tvattstuga",
    "attic": "dachboden zolder grenier atico soffitta vind",
    "basement": "keller kelder cave sotano cantina kallare",
    "garage": "garage garaje",
    "stairs": "treppe treppenhaus trap escalier escalera scale trappa",
}
_ROOM_OF = {name: room for room, names in _NAMES.items() for name in names.split()}
_NOT_IN_NAMES = frozenset({"camera", "cave", "gang", "hal", "kok", "sala", "scale", "trap", "vind"})
"""Words that mean something else in the name of a device."""


def room_of_area(area: str) -> str:
    """Room of an area's name: one known in any of the languages, else the name itself in snake case."""
    room = place_words(area)[0]
    return room if room in known_rooms() else _room_in(area, room)


def room_in_name(name: str) -> str:
    """Room that a word of a name says in another language; `UNKNOWN_ROOM` if none does."""
    words = [word for word in _plain(name).split() if word not in _NOT_IN_NAMES]
    return _room_in(" ".join(words), UNKNOWN_ROOM)


def _room_in(name: str, otherwise: str) -> str:
    return next((_ROOM_OF[word] for word in _plain(name).split() if word in _ROOM_OF), otherwise)


def _plain(text: str) -> str:
    """Lower case without accents; words apart."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.split(r"[\s_./]+", bare.lower())).strip()
