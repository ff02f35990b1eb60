"""The home whose words the everyday sentences use: one with a sensor at nearly everything."""

from functools import cache

from discover.core.home import Home
from discover.query import Lexicon
from discover.serving.home_lexicon import home_lexicon

__all__ = ["everyday_lexicon"]

_ROOMS = {
    "kitchen": ["fridge", "stove", "oven", "sink", "kettle", "microwave", "dishwasher"],
    "bathroom": ["toilet", "shower", "bathroom sink"],
    "bedroom": ["bed", "wardrobe"],
    "living_room": ["couch", "armchair", "tv"],
    "dining_room": ["dining table"],
    "hallway": ["medicine cabinet"],
    "entrance": ["front door"],
    "office": ["desk"],
    "laundry_room": ["washing machine"],
}
_TYPES = {
    "fridge": "door", "front door": "door", "medicine cabinet": "door", "wardrobe": "door", "tv": "power",
    "kettle": "power", "microwave": "power", "dishwasher": "power", "washing machine": "power",
    "stove": "power", "oven": "power",
}  # fmt: skip


@cache
def everyday_lexicon() -> Lexicon:
    """The lexicon of that home."""
    sensors = []
    for room, things in _ROOMS.items():
        sensors.append({"id": f"M_{room}", "type": "motion", "room": room})
        for thing in things:
            kind = _TYPES.get(thing, "motion")
            sensors.append(
                {"id": f"S_{thing.replace(' ', '_')}_{room}", "type": kind, "room": room, "object": thing}
            )
    return home_lexicon(Home.model_validate({"name": "everyday", "sensors": sensors}))
