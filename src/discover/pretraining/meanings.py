"""The bank of meanings: sentences for what people do, and label sets as data sets draw them.

`meanings.yaml` holds fragments; here they become sentences. A label covers one or several of the simulator's
activities: "cooking" covers three meals. One training step compares windows with the labels of one random
set.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from discover.core.reading import parse_yaml

__all__ = ["BACKGROUND", "Meaning", "meanings"]

BACKGROUND = "walk_about"
"""The activity of somebody who does nothing in particular."""

_OPENINGS = ("someone", "a person", "the resident", "somebody")
_QUESTIONS = (
    "when someone {}",
    "times when someone {}",
    "is this when someone {}?",
    "show me when somebody {}",
    "find moments in which someone {}",
)


@dataclass(frozen=True)
class Meaning:
    """One label.

    Attributes:
        key: Name of its activity, or of the wider label.
        covers: The activities that it stands for.
        does: Sentences with somebody in them.
        signs: Sentences in the words of sensors.
        names: Spellings of the label.
        asks: Sentences in the words of a search.
    """

    key: str
    covers: tuple[str, ...]
    does: tuple[str, ...]
    signs: tuple[str, ...]
    names: tuple[str, ...]
    asks: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, each once."""
        return tuple(dict.fromkeys((*self.does, *self.signs, *self.names, *self.asks)))


@cache
def meanings() -> tuple[Meaning, ...]:
    """All labels, those of one activity first."""
    text = resources.files("discover.pretraining").joinpath("meanings.yaml").read_text(encoding="utf-8")
    bank: Any = parse_yaml(text, "meanings.yaml")
    single = [_meaning(key, (key,), entry) for key, entry in bank["activities"].items()]
    wider = [_meaning(f"wider_{i}", tuple(entry["covers"]), entry) for i, entry in enumerate(bank["wider"])]
    return (*single, *wider)


def _meaning(key: str, covers: tuple[str, ...], entry: dict[str, list[str]]) -> Meaning:
    does, signs = entry["does"], entry["signs"]
    where, when = ["", *entry["where"]], ["", *entry["when"]]
    said, seen = [], []
    for i, verb in enumerate(does):
        for j, place in enumerate(where):
            for k, time in enumerate(when):
                # Every verb with every place and time; who does it goes round.
                if _says(verb, place) or _says(verb, time):
                    continue
                said.append(_join(f"{_OPENINGS[(i + j + k) % len(_OPENINGS)]} {verb}", place, time))
    for sign in signs:
        for k, time in enumerate(when):
            if time and k % 2 and sign.split()[-1] == time.split()[0]:
                continue
            seen.append(_join(sign, "", time) if k % 2 else _join(time and f"{time},", sign))
    asks = [_QUESTIONS[(i + q) % len(_QUESTIONS)].format(verb) for i, verb in enumerate(does) for q in (0, 1)]
    return Meaning(key, covers, tuple(said), tuple(seen), tuple(entry["names"]), tuple(asks))


def _says(verb: str, more: str) -> bool:
    """Whether a verb already holds the last word of a place or a time, or would double its first."""
    words = more.split()
    return bool(words) and (words[-1] in verb.split() or words[0] == verb.split()[-1])


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
