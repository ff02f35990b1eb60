"""The bank of situations: who is there, for how long, in what order, what is left on; in many wordings.

`situations.yaml` and `manners.yaml` hold fragments; here they become sentences. Which windows a situation is
true of is computed in `situation_truth`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.reading import parse_yaml

__all__ = ["Situation", "SituationBank", "situation_source", "situations"]

_WHO = ("someone", "a person", "the resident", "somebody")
_ASKS = (
    "when {}",
    "times when {}",
    "is this when {}?",
    "show me when {}",
    "find moments when {}",
    "right now {}",
    "moments in which {}",
)


@dataclass(frozen=True)
class Situation:
    """Something that is true of a window or not.

    Attributes:
        key: Its name.
        opposite: Key of what surely does not hold where this does; "" for none.
        sentences: Its wordings, each once.
    """

    key: str
    opposite: str
    sentences: tuple[str, ...]


@cache
def situation_source() -> dict[str, Any]:
    """The two files, as one mapping."""
    found: dict[str, Any] = {}
    for name in ("situations.yaml", "manners.yaml"):
        text = resources.files("discover.pretraining").joinpath(name).read_text(encoding="utf-8")
        found |= parse_yaml(text, name)
    return found


@cache
def situations() -> tuple[Situation, ...]:
    """All situations, in a fixed order."""
    entries = list(_entries(situation_source()))
    known = {key for key, *_ in entries}
    back = {opposite: key for key, opposite, *_ in entries if opposite in known}
    return tuple(
        Situation(key, opposite if opposite in known else back.get(key, ""), _sentences(clauses, names))
        for key, opposite, clauses, names in entries
    )


def _entries(bank: dict[str, Any]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Key, key of the opposite, clauses and labels of each situation."""

    def all_of(patterns: list[str], **words: str) -> list[str]:
        return [s for p in patterns for s in _expanded(p, {**bank["words"], **words})]

    for key, entry in bank["situations"].items():
        yield key, entry.get("opposite", ""), all_of(entry["says"]), all_of(entry["names"])
    for room, place in bank["rooms"].items():
        for kind in place["has"]:
            entry, words = bank["per_room"][kind], {"ROOM": place["words"]}
            opposite = f"{entry['opposite']}.{room}" if "opposite" in entry else ""
            yield f"{kind}.{room}", opposite, all_of(entry["says"], **words), all_of(entry["names"], **words)
    ways = bank["ways"]
    for first, second in ways["between"]:
        words = {"FIRST": bank["rooms"][first]["words"], "SECOND": bank["rooms"][second]["words"]}
        yield f"way.{first}.{second}", "", all_of(ways["says"], **words), all_of(ways["names"], **words)
    for thing, entry in bank["things"].items():
        yield f"used.{thing}", "", all_of(entry["used"]), [f"{thing.replace('_', ' ')} used"]
        if "unused" in entry:
            names = [f"{thing.replace('_', ' ')} not used"]
            yield f"unused.{thing}", f"used.{thing}", all_of(entry["unused"]), names
    for manner, entry in bank["manners"].items():
        for act in entry["acts"]:
            verbs = bank["acts"][act]["says"]
            clauses = [
                f"{_WHO[(i + j) % len(_WHO)]} {verb} {how}"
                for i, verb in enumerate(verbs)
                for j, how in enumerate(entry["says"])
            ]
            yield f"{manner}.{act}", f"{entry['opposite']}.{act}" if "opposite" in entry else "", clauses, []


def _sentences(clauses: list[str], names: list[str]) -> tuple[str, ...]:
    """Clauses, two questions for each (one for every second where there are many), and labels."""
    turns, step = ((0, 3), 1) if len(clauses) < 25 else ((0,), 2)
    asks = [
        _ASKS[(i + t) % len(_ASKS)].format(clauses[i]) for i in range(0, len(clauses), step) for t in turns
    ]
    return tuple(dict.fromkeys((*clauses, *asks, *names)))


def _expanded(pattern: str, words: dict[str, str]) -> Iterator[str]:
    """Each choice of a pattern: words in capitals are looked up, then `(a|b)` is a or b."""
    for name, meaning in words.items():
        pattern = re.sub(rf"\b{name}\b", meaning, pattern)
    parts = [part.split("|") for part in re.split(r"[()]", pattern)]
    yield from ("".join(choice) for choice in product(*parts))


class SituationBank:
    """All situations with the vectors of their sentences.

    Args:
        vectors: Vector of each sentence of `SituationBank.sentences()`, (S, D).

    Attributes:
        opposites: (N,) number of each situation's opposite, -1 for none.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors
        row_of = {sentence: i for i, sentence in enumerate(self.sentences())}
        self._rows = np.array([row_of[s] for one in situations() for s in one.sentences])
        self._counts = np.array([len(one.sentences) for one in situations()])
        self._first = np.cumsum(self._counts) - self._counts
        number = {one.key: i for i, one in enumerate(situations())}
        self.opposites = np.array([number.get(one.opposite, -1) for one in situations()])

    @staticmethod
    def sentences() -> list[str]:
        """Every sentence once, in a fixed order."""
        return list(dict.fromkeys(s for one in situations() for s in one.sentences))

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """(N, D): one wording of each situation."""
        picked = (rng.random(len(self._counts)) * self._counts).astype(np.int64)
        return np.asarray(self._vectors[self._rows[self._first + picked]], dtype=np.float32)

    def means(self) -> NDArray[np.float32]:
        """(N, D): mean of all wordings of each situation."""
        total = np.add.reduceat(self._vectors[self._rows], self._first)
        return np.asarray(total / self._counts[:, None], dtype=np.float32)
