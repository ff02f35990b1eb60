"""What a sentence asks for, and the interface of a parser that reads it."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from discover.query.lexicon import Lexicon
from discover.query.predicates import Predicate, Scores
from discover.query.time_words import TimeWords
from discover.retrieval.activations import Activations

__all__ = ["ConditionsReader", "WindowConditions"]


@dataclass(frozen=True)
class WindowConditions:
    """A sentence read into conditions on windows.

    Attributes:
        text: The text to embed: the sentence without what it negates.
        predicates: Conditions on the activations of a window.
        phrases: For each predicate, the words of the sentence that it comes from.
        time: Times of day and weekdays in which a window begins.
        excluded_times: Times in which a window must not begin.
    """

    text: str
    predicates: tuple[Predicate, ...] = ()
    phrases: tuple[str, ...] = ()
    time: TimeWords = field(default_factory=TimeWords)
    excluded_times: tuple[TimeWords, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        """Number of conditions; all of `time` is one."""
        return len(self.predicates) + bool(self.time) + len(self.excluded_times)

    def scores(self, activations: Activations | None, week_minutes: NDArray[np.int16]) -> list[Scores]:
        """(W,) float32 in [0, 1] per condition.

        Args:
            activations: Of the windows; None scores only times.
            week_minutes: (W,) minute of the week in which each window begins (`Index.week_minutes`).
        """
        found = [] if activations is None else [p.score(activations) for p in self.predicates]
        if self.time:
            found.append(self.time.preference(week_minutes))
        return found + [1 - times.mask(week_minutes).astype(np.float32) for times in self.excluded_times]

    def conditions(self) -> list[tuple[str, str]]:
        """(words of the sentence, what they mean) of every condition."""
        named = [
            (phrase, predicate.meaning)
            for phrase, predicate in zip(self.phrases, self.predicates, strict=True)
        ]
        excluded = [
            (f"not {phrase}", f"not {meaning}")
            for times in self.excluded_times
            for phrase, meaning in times.found
        ]
        return [*named, *self.time.found, *excluded]

    def describe(self) -> list[str]:
        """One line per condition: "not at the stove = nothing at or in the stove"."""
        return [f"{words} = {meaning}" for words, meaning in self.conditions()]


class ConditionsReader(Protocol):
    """A parser of sentences; `read_conditions` is the one by rules."""

    def __call__(self, sentence: str, lexicon: Lexicon, /) -> WindowConditions:
        """Read a sentence against the words of the home that is searched."""
