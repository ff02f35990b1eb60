"""The lexicon of a home: phrases that name its rooms and objects, each a set of sensors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Literal

__all__ = ["Lexicon", "Mention", "Place", "PlaceKind", "Word", "split_sentence"]

PlaceKind = Literal["room", "object", "content"]


@dataclass(frozen=True)
class Place:
    """A room or an object of a home, or several taken together.

    Attributes:
        name: In plain words, "kitchen".
        kind: A person is in a room; a person is at an object or uses it; a content ("cutlery") stands for the
            furniture that holds it, where something is taken out or put away.
        sensors: All sensors there.
        presence: Those that detect a person (motion, pressure).
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
        """The part of an object that is in a room; None where the object has no sensor there.

        "The doors in the kitchen" are all sensors that open there, cupboards included.
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
    def presence_sensors(self) -> frozenset[str]:
        """Sensors that detect a person at an object; all of the place where it has none, or is a room."""
        return (self.presence or self.sensors) if self.kind == "object" else self.sensors

    @property
    def use_sensors(self) -> frozenset[str]:
        """Sensors that detect use: doors and switches; all of the place where it has neither."""
        return (self.doors | self.switches) or self.sensors


@dataclass(frozen=True)
class Word:
    """A word, number or punctuation mark in lower case; characters [begin, end) of its sentence."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class Mention:
    """Words [begin, end) of a sentence that name a place."""

    begin: int
    end: int
    place: Place


class Lexicon(Mapping[str, Place]):
    """The phrases of one home and the places they name.

    A phrase is in lower case with single blanks: "living room". It is a mapping, so `lexicon["kitchen"]` is a
    place and `"garage" in lexicon` tells whether the home has a word for it.

    Examples:
        >>> lexicon = Lexicon({"fridge": Place("fridge", "object", frozenset({"D1"}))})
        >>> [mention.place.name for mention in lexicon.find_mentions(split_sentence("opens the fridges"))]
        ['fridge']
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)

    def __getitem__(self, phrase: str) -> Place:
        return self._places[phrase]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def place(self, name: str) -> Place:
        """The place of a name as a question has it: a phrase, "kitchen sink", "stove or shower".

        Raises:
            KeyError: The home has none.
        """
        parts = name.split(" or ")
        if len(parts) > 1:
            return reduce(Place.joined, map(self.place, parts))
        found = self._look_up(name)
        for cut in (i for i, c in enumerate(name) if c == " " and found is None):
            room, thing = self._look_up(name[:cut]), self._look_up(name[cut + 1 :])
            found = thing.inside(room) if room is not None and thing is not None else None
        if found is None:
            raise KeyError(name)
        return found

    def name_of(self, place: Place, words: str) -> str:
        """How a question names a place, so that `place` gives it back; `words` are those of the question."""
        try:
            return place.name if self.place(place.name).sensors == place.sensors else words
        except KeyError:
            return words

    @cached_property
    def max_words(self) -> int:
        """Number of words of the longest phrase."""
        return max((phrase.count(" ") + 1 for phrase in self), default=0)

    def find_mentions(self, words: Sequence[Word], *, taken: frozenset[int] = frozenset()) -> list[Mention]:
        """The places that a sentence names, from left to right; the longest phrase wins, none overlap.

        Args:
            words: The sentence.
            taken: Indices of words that already have another meaning.
        """
        found: list[Mention] = []
        at = 0
        while at < len(words):
            mention = self._mention_at(words, at, taken)
            if mention is not None:
                found.append(mention)
            at = at + 1 if mention is None else mention.end
        return found

    def _mention_at(self, words: Sequence[Word], at: int, taken: frozenset[int]) -> Mention | None:
        for length in range(min(self.max_words, len(words) - at), 0, -1):
            if not taken.isdisjoint(range(at, at + length)):
                continue
            place = self._look_up(" ".join(w.text for w in words[at : at + length]))
            if place is not None:
                return Mention(at, at + length, place)
        return None

    def _look_up(self, phrase: str) -> Place | None:
        singulars = [phrase.removesuffix(plural) + one for plural, one in _PLURALS if phrase.endswith(plural)]
        return next((self[name] for name in (phrase, *singulars) if name in self), None)


_WORD = re.compile(r"\d+(?:[.,]\d+)?|[a-z]+(?:'[a-z]+)?|[,;:.!?]", re.IGNORECASE)
# Longer endings first, so that "dishes" is not read as "dishe".
_PLURALS = (("shelves", "shelf"), ("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", ""))


def split_sentence(text: str) -> list[Word]:
    """Words, numbers and punctuation marks in order; a hyphen separates words."""
    return [Word(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text.replace("’", "'"))]
