"""Coarse labels (level L2): fine answers mapped to them, and prompts of their own."""

import dataclasses
from collections.abc import Sequence

from discover.core.home import Home
from discover.evaluation.data import coarse_label
from discover.evaluation.methods import Method
from discover.evaluation.supervised import FittedScores
from discover.recognition.prompts import PromptSet, PromptSetName, check_prompts

__all__ = ["coarse_prompt_set", "map_to_coarse"]

_WORDS = {
    "sleep": ("sleeping", "someone sleeps"),
    "bed_to_toilet": ("bed to toilet", "someone gets up at night, goes to the toilet and back to bed"),
    "bathing": ("bathing", "someone takes a bath or a shower"),
    "personal_hygiene": ("personal hygiene", "someone washes, brushes their teeth or uses the toilet"),
    "cook": ("cooking", "someone prepares food in the kitchen"),
    "eat": ("eating", "someone sits at the table and eats"),
    "work": ("work at home", "someone works at a desk or does chores around the home"),
    "relax": ("relaxing", "someone sits in the living room and rests or watches television"),
    "take_medicine": ("taking medicine", "someone takes their medicine"),
    "enter_home": ("entering home", "someone comes home through the front door"),
    "leave_home": ("leaving home", "someone goes out through the front door"),
    "other": ("other activity", "someone does something else at home"),
}
"""Coarse label -> its own words, and one sentence by someone who never saw the home."""


def coarse_prompt_set(home: Home, name: PromptSetName, labels: Sequence[str]) -> PromptSet | None:
    """Own prompts of coarse labels; None when the `described` set lacks a sentence for one of them.

    A label that is not listed here is read as its name.

    Raises:
        DataError: A prompt names a sensor id.
    """
    names = tuple(_WORDS[label][0] if label in _WORDS else label.replace("_", " ") for label in labels)
    if name == "name":
        words = list(names)
    elif all(label in _WORDS for label in labels):
        words = [_WORDS[label][1] for label in labels]
    else:
        return None
    built = PromptSet(name, tuple(labels), tuple((w,) for w in words), names)
    check_prompts(built.sentences, home)
    return built


def map_to_coarse(method: Method, home: Home) -> Method:
    """The same scores, classes renamed: the answer is the coarse label of the best fine class."""

    def mapped(part: FittedScores) -> FittedScores:
        return dataclasses.replace(part, classes=tuple(coarse_label(home, c) for c in part.classes))

    return dataclasses.replace(
        method,
        annotated=mapped(method.annotated),
        full=None if method.full is None else mapped(method.full),
        coarse_by="mapping",
    )
