"""Corrections as recognition reads them: examples to learn from, and windows whose answer is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.shown import terminal_text
from discover.homes import label_key
from discover.homes.activity_labels import activity_for
from discover.recognition import PromptSet
from discover.serving.corrections import Correction, rows_of, told_of

__all__ = ["MOST_EXAMPLES", "Taught", "taught_prompts", "with_people"]

MOST_EXAMPLES = 20
"""Windows of one correction that are learned from, spread over it: neighbours are alike, and a night would
outvote ten breakfasts."""


@dataclass(frozen=True)
class Taught:
    """What corrections say of the windows of a home.

    Attributes:
        rows: Windows to learn from, (E,).
        codes: The place of each one's activity among the prompts' labels, (E,).
        answers: Window id -> place of its activity, for all windows that a correction covers.
        words: How corrections take part, as a sentence; empty where there are none.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    answers: dict[str, int]
    words: str

    def told(self, timeline: pl.DataFrame, names: Sequence[str] | NDArray[np.str_]) -> pl.DataFrame:
        """The timeline with the corrected windows as they were told, with confidence 1.

        Args:
            timeline: `recognition.TIMELINE`.
            names: How answers call the prompts' labels (`Recogniser.classes_`).
        """
        if not self.answers:
            return timeline
        right = {window: str(names[code]) for window, code in self.answers.items()}
        found = pl.col("window_id").replace_strict(right, default=None, return_dtype=pl.String)
        return timeline.with_columns(
            found.fill_null(pl.col("activity")).alias("activity"),
            found.fill_null(pl.col("best")).alias("best"),
            pl.when(found.is_null()).then("confidence").otherwise(1.0).cast(pl.Float32).alias("confidence"),
        )


def taught_prompts(
    corrections: Sequence[Correction], windows: pl.DataFrame, prompts: PromptSet
) -> tuple[PromptSet, Taught]:
    """The prompts with the activities that only corrections name, and what corrections say of windows.

    A correction means an activity of the prompts where the spelling is the same but for case and spaces, or
    where both have the same sentences ("cooking", "meal preparation"). Any other is a new activity, with the
    sentences of its words.

    Args:
        corrections: Of any kind and home; those of activities of these windows are read.
        windows: The windows of one home: window_id, home, start, end.
        prompts: Its activities.

    Raises:
        ConfigError: Two corrections give one window different activities.
    """
    rows, texts = told_of(corrections, windows)
    labels, sentences, names = list(prompts.labels), list(prompts.prompts), list(prompts.names)
    places: dict[str, int] = {}
    for text in sorted(set(texts)):
        place = _place(text, labels, sentences)
        if place is None:
            place = len(labels)
            # An answer reaches CSV files and figures: what steers a terminal is written out.
            labels.append(label_key(terminal_text(text)))
            meant = activity_for(text)
            sentences.append(meant.described)
            names.append(meant.name)
        places[text] = place
    codes = np.array([places[text] for text in texts], dtype=np.int64)
    examples: set[int] = set()
    for correction in corrections:
        if correction.kind == "activity":
            mine = rows_of(correction, windows)
            even = np.linspace(0, len(mine) - 1, min(len(mine), MOST_EXAMPLES)).round().astype(np.int64)
            examples |= set(mine[even].tolist())
    kept = np.array([row in examples for row in rows.tolist()], dtype=np.bool_)
    ids = windows["window_id"].to_list()
    answers = {ids[row]: int(code) for row, code in zip(rows.tolist(), codes.tolist(), strict=True)}
    words = ""
    if answers:
        words = (
            f"Corrections give {len(answers):,} {'windows' if len(answers) > 1 else 'window'} an activity; "
            f"{int(kept.sum()):,} of them teach the others."
        )
    taught = Taught(rows[kept], codes[kept], answers, words)
    told = replace(prompts, labels=tuple(labels), prompts=tuple(sentences), names=tuple(names))
    return told, taught


def with_people(
    timeline: pl.DataFrame, corrections: Sequence[Correction], windows: pl.DataFrame
) -> tuple[pl.DataFrame, str]:
    """The timeline with a column `who` where corrections say who it was, and a sentence on that.

    Other windows are not answered: benchmarks/results/who.md says why.

    Args:
        timeline: `recognition.TIMELINE`.
        corrections: Of any kind and home.
        windows: The windows of one home: window_id, home, start, end.

    Raises:
        ConfigError: Two corrections tell of one window that it was different people.
    """
    rows, names = told_of(corrections, windows, "person")
    if not names:
        return timeline, ""
    spelling: dict[str, str] = {}
    shown = [spelling.setdefault(label_key(name), terminal_text(name)) for name in names]
    who = dict(zip(windows["window_id"][rows.tolist()].to_list(), shown, strict=True))
    told = pl.col("window_id").replace_strict(who, default=None, return_dtype=pl.String)
    return timeline.with_columns(told.alias("who")), (
        f"Corrections say who it was in {len(names):,} {'windows' if len(names) > 1 else 'window'} "
        f"({', '.join(sorted(set(who.values())))}); of the others it is not known who."
    )


def _place(text: str, labels: Sequence[str], sentences: Sequence[tuple[str, ...]]) -> int | None:
    keys = [label_key(label) for label in labels]
    if label_key(text) in keys:
        return keys.index(label_key(text))
    meant = activity_for(text)
    if meant.label in keys:
        return keys.index(meant.label)
    return list(sentences).index(meant.described) if meant.described in sentences else None
