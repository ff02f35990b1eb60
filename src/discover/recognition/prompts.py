"""Prompts: the sentences that describe an activity, fixed by hash and free of sensor ids."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from discover.core.arrays import numbers_of, refuse_other_length
from discover.core.artifacts import mapping_sha256
from discover.core.embeddings import EncodeText, ProjectText
from discover.core.errors import DataError, ShapeError
from discover.core.home import Home

__all__ = [
    "BACKGROUND_PROMPTS",
    "PromptSet",
    "PromptSetName",
    "build_prompt_set",
    "check_prompts",
    "mean_over_prompts",
    "place_prompts",
    "prompts_or_names",
]

PromptSetName = Literal["name", "described"]

BACKGROUND_PROMPTS = (
    "someone walks through the home without doing anything in particular",
    "someone passes through several rooms in a short time",
)
"""Prompts of no activity, the same in every home: a window is named only where an activity's prompts are
closer than these by more than usual (`rejection_threshold`)."""


@dataclass(frozen=True)
class PromptSet:
    """One set of prompts.

    Attributes:
        name: "name" (the label's own words) or "described" (plain sentences).
        labels: (K,) activities.
        prompts: The sentences of each activity, at least one.
        names: (K,) the activities' names in words; by default the labels, with spaces for underscores.

    Raises:
        ShapeError: Another number of names than of labels.
    """

    name: PromptSetName
    labels: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.names:
            object.__setattr__(self, "names", _words(self.labels))
        if len(self.names) != len(self.labels):
            raise ShapeError(
                f"{len(self.labels)} activities need a name each, or none; got {len(self.names)} names."
            )

    @property
    def sha256(self) -> str:
        """Hash of labels, sentences and names that are not the labels' own; written into every result."""
        told: dict[str, Any] = {label: list(p) for label, p in zip(self.labels, self.prompts, strict=True)}
        if self.names != _words(self.labels) and self.prompts != tuple((name,) for name in self.names):
            told = {"prompts": told, "names": list(self.names)}
        return mapping_sha256(told)

    @property
    def sentences(self) -> list[str]:
        """All sentences, activity by activity."""
        return [sentence for group in self.prompts for sentence in group]

    @property
    def owners(self) -> NDArray[np.int64]:
        """Activity row of each sentence."""
        return np.repeat(np.arange(len(self.prompts)), [len(p) for p in self.prompts])


def build_prompt_set(home: Home, name: PromptSetName, labels: Sequence[str]) -> PromptSet | None:
    """The prompts of a home for some labels; None when the `described` set lacks one of them.

    A label without words of its own is read as its name: `meal_preparation` -> "meal preparation".

    Raises:
        DataError: A prompt names a sensor id.
    """
    by_label = {a.label: a for a in home.activities}
    groups: list[tuple[str, ...]] = []
    names: list[str] = []
    for label, plain in zip(labels, _words(labels), strict=True):
        activity = by_label.get(label)
        names.append(activity.name if activity is not None and activity.name else plain)
        if name == "described":
            if activity is None or not activity.described:
                return None
            groups.append(activity.described)
        else:
            groups.append((names[-1],))
    built = PromptSet(name, tuple(labels), tuple(groups), tuple(names))
    check_prompts([*built.sentences, *built.names], home)
    return built


def prompts_or_names(home: Home, name: PromptSetName, labels: Sequence[str]) -> PromptSet:
    """The prompts of one set, or the labels' names where that set lacks one of them: names always exist.

    Raises:
        DataError: A prompt names a sensor id.
    """
    built = build_prompt_set(home, name, labels) or build_prompt_set(home, "name", labels)
    assert built is not None
    return built


def place_prompts(
    prompts: PromptSet,
    sentences: NDArray[np.floating],
    encode_text: EncodeText,
    project_text: ProjectText | None,
) -> NDArray[np.float32]:
    """(S, P) vectors of the prompts' sentences, to compare with those of windows.

    Only a text head that takes `names`, as that of the shipped network does, gets the activities' names.

    Args:
        prompts: Activities, their sentences and names.
        sentences: (S, D) text vectors of `prompts.sentences`.
        encode_text: The text encoder that made them.
        project_text: The text head; None: windows and sentences share the text encoder's own space.

    Raises:
        ShapeError: Not one vector per sentence.
        DataError: Values that are not finite numbers.
    """
    sentences = numbers_of(sentences, "sentences", ndim=2)
    refuse_other_length(len(prompts.owners), sentences=sentences)
    if project_text is None:
        placed = sentences
    elif _takes_names(project_text):
        names = np.asarray(encode_text(list(prompts.names)))[prompts.owners]
        placed = cast(Callable[..., NDArray[np.floating]], project_text)(sentences, names=names)
    else:
        placed = project_text(sentences)
    return np.asarray(placed, dtype=np.float32)


def check_prompts(sentences: Sequence[str], home: Home) -> None:
    """Refuse prompts that name a sensor id, whatever the case of its letters.

    Ids that are ordinary words ("kitchen", "sink") or bare numbers cannot be told from language and are
    not looked for; ids with a letter and a digit, an underscore, a dot or inner capitals are.

    Raises:
        DataError: A prompt holds such an id.
    """
    ids = [s.id for s in home.sensors if _is_code(s.id)]
    if not ids:
        return
    pattern = re.compile(r"(?<!\w)(" + "|".join(re.escape(i) for i in ids) + r")(?!\w)", re.IGNORECASE)
    for sentence in sentences:
        found = pattern.search(sentence)
        if found:
            raise DataError(
                f"The prompt '{sentence}' names sensor {found.group(0)}. Prompts are written by someone "
                "who never saw the home: say the place or the object instead."
            )


def mean_over_prompts(scores: NDArray[np.floating], owners: NDArray[np.int64]) -> NDArray[np.float32]:
    """(W, S) scores per sentence -> (W, K) mean per activity; `owners` (S,) ascending, none left out."""
    scores = numbers_of(scores, "scores", ndim=2)
    if owners.shape != scores.shape[1:] or not len(owners):
        raise ShapeError(f"One owner per sentence is needed: scores {scores.shape}, owners {owners.shape}.")
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    counts = np.diff(np.r_[starts, len(owners)])
    return np.asarray(np.add.reduceat(scores, starts, axis=1) / counts, dtype=np.float32)


def _words(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(label.replace("_", " ") for label in labels)


def _takes_names(project_text: ProjectText) -> bool:
    try:
        return "names" in inspect.signature(project_text).parameters
    except (TypeError, ValueError):  # a function of C that tells nothing of its parameters
        return False


def _is_code(sensor_id: str) -> bool:
    letters, digits = any(c.isalpha() for c in sensor_id), any(c.isdigit() for c in sensor_id)
    inner_capital = re.search(r"[a-z][A-Z]", sensor_id) is not None
    return (letters and digits) or inner_capital or (any(c in sensor_id for c in "_.") and letters)
