"""Things a question names that no sensor of the home is near, so that the asker is told instead of shown
something else.

Only words of a fixed list count: what captions can call by name, rooms, and common things of a household
that no home of the field has sensors for. A word outside the list is left to the text model.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from discover.captions.objects import OBJECT_PHRASES
from discover.captions.words import room_phrases
from discover.query import Lexicon

__all__ = ["Absent", "absent_things"]

# Where a thing usually stands: a home without a sensor at it, but in that room, can still answer.
_USUAL_ROOM: Mapping[str, tuple[str, ...]] = {
    "kitchen": (
        "burner", "coffee machine", "dish cabinet", "dishwasher", "food cabinet", "freezer", "fridge",
        "kettle", "kitchen cabinet", "microwave", "oven", "pantry", "pots and pans drawer", "rice cooker",
        "silverware drawer", "stove", "toaster",
    ),
    "bathroom": ("bathroom cabinet", "bathtub", "hair dryer", "shower", "sink", "toilet"),
    "bedroom": ("bed", "bedroom door", "dresser", "nightstand", "wardrobe"),
    "living room": ("armchair", "bookcase", "couch", "radio", "tv"),
    "office": ("computer", "desk", "phone book", "printer"),
    "dining room": ("dining table",),
    "laundry room": ("dryer", "washing machine"),
    "entrance": ("front door", "mailbox"),
}  # fmt: skip
_ROOM_OF = {thing: room for room, things in _USUAL_ROOM.items() for thing in things}

# Rooms and places outside that captions have no word for, and things no home of the field watches.
_MORE = frozenset(
    """
    garage garden backyard yard lawn driveway shed greenhouse balcony terrace patio porch veranda
    attic loft basement cellar workshop conservatory nursery playroom library gym sauna pool
    swimming-pool hot-tub jacuzzi elevator lift stairs grand-piano keyboard organ guitar violin cello
    drum drums flute trumpet harp aquarium fish-tank terrarium bird-cage litter-box dog-bed fireplace
    chimney air-conditioner dehumidifier humidifier sewing-machine loom easel telescope billiard-table
    pool-table table-tennis-table ping-pong-table game-console playstation rowing-machine trampoline
    dumbbells bicycle motorbike motorcycle car scooter wheelchair pram crib cradle cot hammock sandpit
    barbecue grill lawnmower tractor safe alarm-clock grandfather-clock jukebox record-player
    turntable projector chandelier ladder tent kennel stable barn chicken-coop beehive fountain pond
    """.split()  # noqa: SIM905 - a list of a hundred words is read more easily as text
)

# Words of the list that mean something else as often as not count after an article or a possessive; those
# that do so even then, never.
_AMBIGUOUS = frozenset(
    """fan table basin pan pot bowl hall keyboard organ drum drums car lift window chair door drawer cabinet
    cupboard shelf lamp phone mirror grill stable lounge entry bath laundry tap""".split()  # noqa: SIM905
)
_NEVER = frozenset(
    "light iron range safe study medicine groceries clothes living dining seat".split()  # noqa: SIM905
)
_BEFORE_AMBIGUOUS = r"(?:the|a|an|his|her|their|my|our)\s+(?:\w+\s+)?"


@dataclass(frozen=True)
class Absent:
    """Something a question names and the home has no sensor near.

    Attributes:
        name: As it was asked for.
        room: The room it usually stands in, where this home has that room; else "".
    """

    name: str
    room: str


def absent_things(text: str, known: Lexicon) -> list[Absent]:
    """What a sentence names and the home has not, longest phrases first taken, in the order they stand.

    Args:
        text: The sentence, without what it denies.
        known: Words of the home (`home_lexicon`). A home without any word is not asked: nothing is known of
            where its sensors are.
    """
    if not known:
        return []
    taken = " ".join(re.findall(r"\w+", text.lower()))
    found: list[tuple[int, Absent]] = []
    for phrase in sorted({*_phrases(), *known}, key=lambda p: (-len(p), p)):
        match = re.search(_pattern(phrase), taken)
        if match is None:
            continue
        # What a longer phrase has used up is no thing of its own: the "door" of a "garage door".
        taken = taken[: match.start()] + " " * len(match[0]) + taken[match.end() :]
        if phrase not in known:
            room = _ROOM_OF.get(OBJECT_PHRASES.get(phrase, phrase), "")
            found.append((match.start(), Absent(phrase, room if room in known else "")))
    return [absent for _, absent in sorted(found, key=lambda pair: pair[0])]


def _phrases() -> Iterable[str]:
    rooms = room_phrases()
    listed = (*OBJECT_PHRASES, *rooms, *rooms.values(), *(word.replace("-", " ") for word in _MORE))
    return (phrase for phrase in listed if phrase not in _NEVER)


def _pattern(phrase: str) -> str:
    words = rf"\b{re.escape(phrase)}(?:s|es)?\b"
    return _BEFORE_AMBIGUOUS + words if phrase in _AMBIGUOUS else words
