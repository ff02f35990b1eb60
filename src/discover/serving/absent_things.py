"""Rooms and objects of a question that the home has no sensor for.

Only words of a fixed list count: objects that captions name, rooms, and common things of a household that no
public home has sensors for. A word outside the list is left to the text model.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from discover.captions.objects import OBJECT_PHRASES
from discover.captions.words import room_phrases
from discover.query import Lexicon, ParsedQuery, Thing, activities

__all__ = ["Absent", "absent_note", "absent_of_homes", "absent_things", "nothing_left", "stand_in"]

# Room -> objects that are usually there. A home with a sensor in that room can still answer.
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

# Rooms, outdoor places and things that captions have no word for, because no public home observes them.
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

# Ambiguous words of the list count only after an article or a possessive, very ambiguous ones never.
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
    """A room or object of a question without a sensor.

    Attributes:
        name: In the words of the question.
        room: The room where it usually is, if the home has that room; else "".
        serves: The activity that it is for: the dishwasher for washing up; "" for none.
    """

    name: str
    room: str
    serves: str = ""


def absent_things(text: str, known: Lexicon) -> list[Absent]:
    """The rooms and objects of a sentence that the home has no sensor for, in the order of the sentence.

    Args:
        text: The sentence, without what it negates.
        known: Words of the home. Without any word, nothing is known of its sensors and nothing is returned.
    """
    if not known:
        return []
    taken = " ".join(re.findall(r"\w+", text.lower()))
    found: list[tuple[int, Absent]] = []
    for phrase in sorted({*_phrases(), *known}, key=lambda p: (-len(p), p)):
        match = re.search(_pattern(phrase), taken)
        if match is None:
            continue
        # The "door" of a "garage door" is no object of its own.
        taken = taken[: match.start()] + " " * len(match[0]) + taken[match.end() :]
        if phrase not in known:
            name = OBJECT_PHRASES.get(phrase, phrase)
            room = _ROOM_OF.get(name, "")
            serves = next((a for a, facts in activities().items() if name in facts.objects), "")
            found.append((match.start(), Absent(phrase, room if room in known else "", serves)))
    return [absent for _, absent in sorted(found, key=lambda pair: pair[0])]


def absent_of_homes(
    queries: Mapping[str, ParsedQuery], lexicons: Mapping[str, Lexicon]
) -> dict[str, list[Absent]]:
    """By home, what it has no sensor for of what is asked; homes that lack nothing are left out."""
    found = {home: absent_things(query.embedded, lexicons[home]) for home, query in queries.items()}
    return {home: things for home, things in found.items() if things}


def nothing_left(absent: Sequence[Absent]) -> bool:
    """Whether a home has no sensor near what is asked, nor its usual room, and no activity is known by it."""
    return bool(absent) and not any(thing.room or thing.serves for thing in absent)


def stand_in(query: ParsedQuery, absent: Sequence[Absent]) -> ParsedQuery:
    """The question with what stands for things without a sensor: the activity they serve, else their room."""
    known = {t.name for t in (*query.wanted, *query.unwanted)}
    things = tuple(
        Thing(kind="activity" if one.serves else "room", name=one.serves or one.room, words=one.name)
        for one in absent
        if (one.serves or one.room) and not known & {one.serves, one.room}
    )
    return query.model_copy(update={"wanted": (*query.wanted, *things)})


def absent_note(
    absent: Mapping[str, Sequence[Absent]], *, asked: Collection[str], able: Collection[str]
) -> str:
    """What is said of things that homes have no sensor for; "" where there are none.

    Args:
        absent: By home, what it has no sensor for.
        asked: All homes that are searched.
        able: Those that can answer all the same.
    """
    grouped: dict[str, list[str]] = {}
    for home, things in absent.items():
        names = " or ".join(f"{'an' if a.name[0] in 'aeiou' else 'a'} {a.name}" for a in things)
        grouped.setdefault(names, []).append(home)
    said = [
        f"No sensor of {', '.join(homes) if len(asked) > 1 else 'this home'} is near {names}."
        for names, homes in grouped.items()
    ]
    if said and not able:
        said.append("--query-words off shows what the text model finds nearest.")
    elif absent.keys() & set(able):
        said.append("The answers fit the rest of the question.")
    return " ".join(said)


def _phrases() -> Iterable[str]:
    rooms = room_phrases()
    listed = (*OBJECT_PHRASES, *rooms, *rooms.values(), *(word.replace("-", " ") for word in _MORE))
    return (phrase for phrase in listed if phrase not in _NEVER)


def _pattern(phrase: str) -> str:
    words = rf"\b{re.escape(phrase)}(?:s|es)?\b"
    return _BEFORE_AMBIGUOUS + words if phrase in _AMBIGUOUS else words
