"""What the words of a sentence mean in one home: rooms and objects as sets of its sensors.

The table of words is made above this room (`pipeline.home_words`), from the words that captions use, and
handed in. Here a sentence is cut into words and searched for the longest phrases of that table.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Lexicon", "Mention", "Place", "PlaceKind", "Word", "find_mentions", "split_sentence"]

PlaceKind = Literal["room", "object", "content"]


@dataclass(frozen=True)
class Place:
    """A room or an object of a home, or several taken together.

    Attributes:
        name: In plain words, "kitchen".
        kind: A room is somewhere to be; an object is also something to use; a content ("cutlery") means the
            piece of furniture that keeps it, where something is taken or put away.
        sensors: All sensors there.
        presence: Those of them that see somebody (motion, pressure).
        doors: Those that open and close.
        switches: Those that are switched, taken or run.
    """

    name: str
    kind: PlaceKind
    sensors: frozenset[str]
    presence: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()

    def inside(self, room: "Place") -> "Place | None":
        """The part of an object that is in a room; None where there is nothing of it.

        "The doors in the kitchen" are all that open there, cupboards too.
        """
        if self.name == "door" and room.doors:
            return Place(f"{room.name} doors", "object", room.doors, frozenset(), room.doors)
        if not self.sensors & room.sensors:
            return None
        return Place(
            f"{room.name} {self.name}" if not self.name.startswith(room.name) else self.name,
            self.kind,
            self.sensors & room.sensors,
            self.presence & room.sensors,
            self.doors & room.sensors,
            self.switches & room.sensors,
        )

    def joined(self, other: "Place") -> "Place":
        """Either of two places."""
        return Place(
            self.name if other.name == self.name else f"{self.name} or {other.name}",
            "room" if "room" in (self.kind, other.kind) else "object",
            self.sensors | other.sensors,
            self.presence | other.presence,
            self.doors | other.doors,
            self.switches | other.switches,
        )

    @property
    def seen(self) -> frozenset[str]:
        """Sensors that say somebody is at the object; all of them where none sees people."""
        return (self.presence or self.sensors) if self.kind == "object" else self.sensors

    @property
    def used(self) -> frozenset[str]:
        """Sensors that say the object is used; all of them where there are only such that see people."""
        return (self.doors | self.switches) or self.sensors


Lexicon = Mapping[str, Place]
"""Phrase in lower case, words parted by single blanks ("living room", "fridge") -> what it means here."""


@dataclass(frozen=True)
class Word:
    """A word, number or comma of a sentence and where it stands in it."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Mention:
    """A phrase of the sentence that names a place: words [begin, end)."""

    begin: int
    end: int
    place: Place
    several: bool = field(default=False, compare=False)
    """A plural ("the cupboards")."""


_WORD = re.compile(r"\d+(?:[.,]\d+)?|[a-z]+(?:'[a-z]+)?|[,;:.!?]", re.IGNORECASE)
_PLURALS = (("shelves", "shelf"), ("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", ""))


def split_sentence(text: str) -> list[Word]:
    """Lower-case words, numbers and punctuation marks, in order; hyphens part words."""
    return [Word(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text.replace("’", "'"))]


def find_mentions(
    words: Sequence[Word], known: Lexicon, *, taken: frozenset[int] = frozenset()
) -> list[Mention]:
    """The longest phrases that the home knows, from left to right, never two over the same word.

    Args:
        words: A sentence.
        known: Its home's words.
        taken: Numbers of words that mean something else already.
    """
    longest = max((phrase.count(" ") + 1 for phrase in known), default=0)
    found: list[Mention] = []
    at = 0
    while at < len(words):
        mention = None
        for length in range(min(longest, len(words) - at), 0, -1):
            if any(i in taken for i in range(at, at + length)):
                continue
            phrase = " ".join(w.text for w in words[at : at + length])
            place, several = _look_up(phrase, known)
            if place is not None:
                mention = Mention(at, at + length, place, several)
                break
        if mention is not None:
            found.append(mention)
        at = at + 1 if mention is None else mention.end
    return found


def _look_up(phrase: str, known: Lexicon) -> tuple[Place | None, bool]:
    if phrase in known:
        return known[phrase], False
    for ending, singular in _PLURALS:
        if phrase.endswith(ending) and phrase[: -len(ending)] + singular in known:
            return known[phrase[: -len(ending)] + singular], True
    return None, False
