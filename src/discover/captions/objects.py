"""The object that a sensor observes, from the longest known phrase in its free text.

Object texts come from floor plans: "bed in master bedroom", "groceries cabinet", "couch left side
seat", "area sensor". A text without a known phrase is used unchanged if it is short and names more than the
place of the sensor.
"""

import re
from collections.abc import Mapping

from discover.captions.words import split_words

__all__ = ["COMMON_OBJECTS", "OBJECT_PHRASES", "name_object", "spot_of"]

COMMON_OBJECTS = frozenset(
    """cabinet chair closet cupboard door drawer fan heater lamp light mirror shelf sink table tap
    window""".split()  # noqa: SIM905
)
"""Objects that a home has several of; captions add their room: "the kitchen sink"."""

# Name in captions -> other phrases with this meaning. The name itself always counts.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "armchair": ("lounge chair", "easy chair", "tv armchair", "television armchair", "recliner"),
    "bathtub": ("bath tub", "tub"),
    "bed": ("bedside",),
    "bookcase": ("bookshelf", "book shelf"),
    "chair": ("seat",),
    "coffee machine": ("coffee maker", "espresso machine"),
    "computer": ("pc", "laptop"),
    "couch": ("sofa",),
    "cupboard": ("cups cupboard", "plates cupboard", "groceries cupboard"),
    "desk": ("working desk", "work desk", "writing desk"),
    "dining table": ("dining chair", "dining chair and table"),
    "dish cabinet": ("dishes cabinet", "plates cabinet", "cups cabinet"),
    "dryer": ("tumble dryer",),
    "exercise bike": ("treadmill", "exercise machine"),
    "food cabinet": ("groceries cabinet", "grocery cabinet", "groceries", "food cupboard"),
    "fridge": ("refrigerator", "refridgerator", "refrig"),
    "front door": ("entry door", "entrance door", "outside door", "main door", "house door"),
    "garage door": ("garage entrance door",),
    "heater": ("radiator",),
    "light": ("light switch",),
    "medicine cabinet": ("med cabinet", "medicine and pill cabinet", "pill cabinet"),
    "medicine container": ("medicine", "pill box", "pillbox", "pill dispenser"),
    "microwave": ("magnetron",),
    "nightstand": ("night stand", "bedside table"),
    "pantry": ("larder",),
    "phone": ("telephone",),
    "pot": ("pan", "saucepan"),
    "pots and pans drawer": ("pots/pans drawer", "pots pans drawer", "pans cupboard", "pots and pans"),
    "radio": ("stereo",),
    "silverware drawer": ("cutlery drawer", "silverware or pots/pans drawer"),
    "sink": ("washbasin", "wash basin", "basin", "gootsteen"),
    "stairs": ("staircase",),
    "stove": ("cooker", "hob", "range", "cooktop"),
    "tap": ("faucet",),
    "toilet": ("toilet flush", "wc"),
    "tv": ("television", "tv set"),
    "vacuum cleaner": ("vacuum",),
    "washing machine": ("washer", "laundry machine"),
}
# Names in captions without other phrases.
_PLAIN = """
    back door; bathroom cabinet; bathroom door; bedroom door; bowl; burner; cabinet; closet; closet door;
    clothes; dishwasher; door; drawer; dresser; fan; freezer; hair dryer; iron; kettle; kitchen cabinet;
    lamp; mailbox; measuring spoon; mirror; oven; phone book; piano; printer; rice cooker; shelf; shower;
    sliding door; table; toaster; wardrobe; window
""".replace("\n", " ")

_PHRASES = sorted(
    [(split_words(phrase), name) for name, others in _KNOWN.items() for phrase in (name, *others)]
    + [(name.strip(), name.strip()) for name in _PLAIN.split(";")],
    key=lambda pair: (-len(pair[0]), pair[0]),
)

OBJECT_PHRASES: Mapping[str, str] = dict(_PHRASES)
"""Phrase in lower case -> how captions call the object: "sofa" -> "couch"; read by the search as well."""

# Words for the place or kind of a sensor, not for the object that it observes.
_VAGUE = frozenset(
    """area sensor center centre middle side left right near by at on in of the and to from between toward
    towards motion aisle hall hallway room kitchen bathroom bedroom living dining office laundry entry
    entrance home house master guest first second floor general whole wide none unknown unk n/a ceiling wall
    corner""".split()  # noqa: SIM905 - a list of forty words is read more easily as text
)

_SPOTS: Mapping[str, str] = {
    "armchair": "in", "bathtub": "in", "bed": "in", "chair": "in", "closet": "in", "couch": "on",
    "pantry": "in", "shower": "in", "stairs": "on",
}  # fmt: skip


def name_object(text: str | None, sensor_id: str = "") -> str | None:
    """The object named in `text`, or else in a speaking id such as "KitchenAStove"; None if there is none.

    >>> name_object("bed in master bedroom")
    'bed'
    >>> name_object("silverware or pots/pans drawer")
    'silverware drawer'
    >>> name_object("area sensor") is None
    True
    """
    if text is None:
        return _longest(split_words(sensor_id)) if re.search(r"[A-Za-z]{4}", sensor_id) else None
    # A remark in brackets, or the things a sensor is mounted between, are not the object.
    words = split_words(re.sub(r"\(.*?\)|\bbetween\b.*", " ", text))
    found = _longest(words)
    if found is not None:
        return found
    rest = words.split()
    if not rest or len(rest) > 3 or all(w in _VAGUE or w.isdigit() for w in rest):
        return None
    return words


def spot_of(thing: str) -> str:
    """The place of a person whom a motion sensor detects at an object: "at the stove", "on the couch"."""
    preposition = next((p for spot, p in _SPOTS.items() if f" {thing}".endswith(f" {spot}")), "at")
    return f"{preposition} the {thing}"


def _longest(words: str) -> str | None:
    padded = f" {words} "
    for phrase, name in _PHRASES:
        if f" {phrase} " in padded or f" {phrase}s " in padded:
            return name
    return None
