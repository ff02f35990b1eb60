"""What a correction in words says: "M012 is the dishwasher, not the fridge", "that was Dad, not Mum"."""

import re
from dataclasses import dataclass

from discover.core.errors import ConfigError
from discover.core.home import UNKNOWN_ROOM, Sensor
from discover.homes.activity_labels import sentence_known
from discover.homes.places import known_objects, known_rooms, place_words

__all__ = ["Said", "described", "is_person", "read_sentence"]

_SENTENCE = re.compile(
    r"(?:the )?(?:(?P<this>this|that|it|these|those)|(?P<about>.+?))(?P<sensor> sensors?)? "
    r"(?P<verb>was|is|were|are) (?P<article>(?:the|an?|my|our) )?(?P<text>.+?)"
    r"(?:,? (?:and |but )?not (?P<wrong>.+?))?[.!]?",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?:me|i|you|he|she|him|her|they|them|us|mum|mom|mummy|mommy|mother|dad|daddy|father|grandma|grandmother|"
    r"grandpa|grandfather|granny|son|daughter|husband|wife|brother|sister|child|kid|baby|resident|carer|nurse)"
    r"(?: \d+)?",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z]\w+")
_LEAD = r"(?:in|at|near|by|on|above|under|beside) "
_ARTICLE = r"(?:the|an?|my|our) "
_IN = re.compile(rf"(?:(?P<thing>.+?) )?in (?:{_ARTICLE})?(?P<room>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """A sentence taken apart.

    Attributes:
        about: What it is about, as it is called; empty for "this", "that" and where there is no sentence.
        text: What that is or was.
        wrong: What it is not; empty where nothing is said.
        of_sensor: Whether it says what a sensor is: it names one, or it says in the present what "this" is,
            and that is a thing, a place or no known activity.
    """

    about: str
    text: str
    wrong: str = ""
    of_sensor: bool = False


def read_sentence(text: str) -> Said:
    """Take a correction apart; words that are no such sentence ("breakfast") are an activity or a name.

    Raises:
        ConfigError: The sentence is about a sensor, but it has no thing and no place.
    """
    plain = " ".join(text.split())
    found = _SENTENCE.fullmatch(plain)
    if found is None or (found["about"] and found["verb"].lower() in ("was", "were") and not found["sensor"]):
        return Said("", plain)
    words, named = found["text"], bool(found["about"] or found["sensor"])
    place = _is_place(words) or re.match(_LEAD + _ARTICLE, words, re.IGNORECASE) is not None
    thing = bool(found["article"]) and not sentence_known(words)
    now = found["verb"].lower() in ("is", "are")
    if named and not (place or found["article"] or _IN.fullmatch(words)):
        raise ConfigError(
            f"'{plain}' does not say what a sensor watches or where it is. Write it as 'M012 is the "
            "dishwasher' or 'M012 is in the bathroom'; what was done as 'that was cooking'."
        )
    of_sensor = named or (now and (place or thing) and not is_person(words))
    return Said(found["about"] or "", words, found["wrong"] or "", of_sensor)


def is_person(words: str, wrong: str = "", known: frozenset[str] = frozenset()) -> bool:
    """Whether words mean a person: kin and the like, a name told before, or one name and not another.

    Args:
        words: What was said.
        wrong: What it was not.
        known: People told before, in lower case.
    """
    names = _NAME.fullmatch(words) and _NAME.fullmatch(wrong) and not sentence_known(words)
    return bool(_PERSON.fullmatch(words) or words.lower() in known or names)


def described(sensor: Sensor, words: str) -> Sensor:
    """The sensor as words describe it: "dishwasher", "in the bathroom", "fridge in the kitchen".

    Raises:
        ConfigError: There is no thing and no room in the words.
    """
    found = _IN.fullmatch(words)
    thing, room = words, ""
    if found is not None:
        room, inside = place_words(found["room"])
        thing = found["thing"] or inside or ""
    thing = re.sub(f"^(?:{_LEAD})?(?:{_ARTICLE})?", "", thing, flags=re.IGNORECASE)
    if _is_place(thing):
        implied, inside = place_words(thing)
        thing = inside or ""
        # A thing implies a room only where nothing else says one.
        room = room or (implied if not inside or sensor.room == UNKNOWN_ROOM else "")
    if not any(c.isalnum() for c in thing + room) or (room == UNKNOWN_ROOM and not thing):
        raise ConfigError(
            f"'{words}' names no thing and no room, so sensor {sensor.id} stays as it is. Say what it "
            "watches, such as dishwasher, or where it is, such as in the bathroom."
        )
    known_room = {} if room in ("", UNKNOWN_ROOM) else {"room": room}
    return sensor.model_copy(update={**known_room, **({"object": thing} if thing else {})})


def _is_place(words: str) -> bool:
    """Whether words are a thing or a room of the table, in any spelling that it knows."""
    room, thing = place_words(words)
    return thing in known_objects() or (thing is None and room in known_rooms())
