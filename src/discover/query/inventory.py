"""The activities that a question can name, and the words for them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from discover.core.reading import parse_yaml

__all__ = ["ACTIVITIES_FILE", "Activity", "activities", "content", "find_activities", "lemma"]

ACTIVITIES_FILE = Path(str(resources.files("discover.query").joinpath("activities.yaml")))


class Activity(BaseModel):
    """One activity; the comment of activities.yaml says what each field means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: tuple[str, ...]
    sentences: tuple[str, ...]
    objects: tuple[str, ...] = ()
    episode: str = ""
    rooms: tuple[str, ...] = ()
    hours: tuple[float, float] | None = None
    joins_s: float = 300.0
    least_s: float = 0.0
    room_least_s: float = 0.0
    longest_s: float = float("inf")


@cache
def activities() -> dict[str, Activity]:
    """All activities by name."""
    values: dict[str, Any] = parse_yaml(ACTIVITIES_FILE.read_text(encoding="utf-8"), ACTIVITIES_FILE.name)
    return {name: Activity.model_validate(entry) for name, entry in values.items()}


@lru_cache(maxsize=4096)
def lemma(word: str) -> str:
    """The dictionary form of an English word: "slept" is "sleep", "has" is "have".

    >>> [lemma(w) for w in ("slept", "dishes", "popped", "has")]
    ['sleep', 'dish', 'pop', 'have']
    """
    import simplemma

    return _SAME.get(word) or str(simplemma.lemmatize(word, lang="en")).lower()


# Where the lemmatizer keeps a form that a question means as its verb.
_SAME = {
    "left": "leave", "meds": "med", "telly": "telly", "washing": "wash", "dressed": "dress", "gone": "gone",
    "dressing": "dress", "cooking": "cook", "sleeping": "sleep", "teeth": "tooth", "wandering": "wander",
    "outings": "outing", "outing": "outing", "dozing": "doze", "drinking": "drink", "pacing": "pace",
    "doing": "do", "going": "go", "got": "get", "has": "have", "had": "have", "'s": "be", "empty": "empty",
    "napping": "nap", "ironing": "iron", "cleaning": "clean", "reading": "read", "visiting": "visit",
    "bathing": "bathe", "showering": "shower", "eaten": "eat", "eats": "eat", "woke": "wake",
    "waking": "wake",
}  # fmt: skip

# Words that stand between the words of a phrase without a meaning of their own.
_BETWEEN = frozenset(
    """he she they it we i you mum mom dad gran someone somebody anyone anybody a an the his her their my our
    your its some any to for of in on at himself herself themselves myself this that these those just
    straight right also again all quite very more then still yet already ever really much on daily no not
    never n't up-to does""".split()  # noqa: SIM905
)

_ENDS = frozenset(",;:.!?")


def content(words: Sequence[str]) -> list[tuple[int, str]]:
    """(index, lemma) of the words that carry a phrase."""
    return [(i, lemma(w)) for i, w in enumerate(words) if w not in _BETWEEN and re.match(r"[a-z]", w)]


@dataclass(frozen=True)
class Found:
    """An activity in a question: its name and the words [begin, end)."""

    name: str
    begin: int
    end: int
    size: int


def find_activities(words: Sequence[str], taken: Iterable[int] = ()) -> list[Found]:
    """The activities that a question names, in its order; the longest phrase wins, none overlap.

    Args:
        words: In lower case.
        taken: Indices of words with another meaning.
    """
    skip = set(taken)
    left = [(i, w) for i, w in content(words) if i not in skip]
    table, longest = _phrases()
    found: list[Found] = []
    at = 0
    while at < len(left):
        for size in range(min(longest, len(left) - at), 0, -1):
            part = left[at : at + size]
            # A phrase does not reach over more than three other words.
            key = tuple(w for _, w in part)
            # "A meal is prepared" is "prepare a meal".
            turned = key[::2][::-1] if size == 3 and key[1] == "be" else key[::-1]
            name, tail = table.get(key) or (table.get(turned) if len(turned) == 2 else None) or (None, "")
            if tail and words[part[-1][0] + 1 : part[-1][0] + 2] != [tail]:
                name = None  # "turns the light on" does not turn in
            if name is None and size > 1:
                name, _ = table.get(
                    tuple("go" if w == "gone" else w for w in key), (None, "")
                )  # "gone to bed"
            apart = any(w in _ENDS for w in words[part[0][0] : part[-1][0]])  # "picked up, was she out"
            if name is not None and part[-1][0] - part[0][0] < size + 3 and not apart:
                found.append(Found(name, part[0][0], part[-1][0] + 1, size))
                at += size
                break
        else:
            at += 1
    return found


@cache
def _phrases() -> tuple[dict[tuple[str, ...], tuple[str, str]], int]:
    """Words of a phrase -> (activity, the small word that must follow, "in" of "turn in"); the longest."""
    table: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, activity in activities().items():
        for phrase in (name, *activity.phrases):
            words = phrase.replace("-", " ").split()
            key = tuple(w for _, w in content(words))
            tail = words[-1] if len(key) == 1 < len(words) and words[-1] in _BETWEEN else ""
            if key:
                table.setdefault(key, (name, tail))
    return table, max(map(len, table))
