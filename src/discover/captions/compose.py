"""Sentences from forms and parts, for all windows at once.

A form is a sentence with named gaps: "{part}, someone {goes} and {does}.". Each style lists eight forms
that differ in words of their own, so captions of one window made from different forms differ.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.phrases import Phrases
from discover.core.seeds import derive_seed, hash_to_uint64

__all__ = ["CaptionColumn", "Form", "choose_forms", "compose", "hash_ids"]


class CaptionColumn(NamedTuple):
    """One caption per window."""

    style: str
    text: pl.Series


@dataclass(frozen=True, slots=True)
class Form:
    """One sentence form, for windows with and for windows without facts about objects."""

    with_facts: str
    without: str


def hash_ids(window_ids: pl.Series) -> NDArray[np.uint64]:
    """A 64-bit hash of each id that depends on nothing else: not on the other ids, run or platform."""
    raw = np.char.encode(window_ids.to_numpy().astype(np.str_), "utf-8")
    width = max(8, -(-raw.dtype.itemsize // 8) * 8)
    words = raw.astype(f"S{width}").view(np.uint8).reshape(len(raw), -1)
    words_WB = np.ascontiguousarray(words).view("<u8")
    hashed = np.zeros(len(raw), dtype=np.uint64)
    for block in range(words_WB.shape[1]):
        column = words_WB[:, block]
        # All-zero blocks are padding up to the longest id and must not count.
        hashed = np.where(column == 0, hashed, hash_to_uint64(hashed ^ column, block + 1))
    return hashed


def choose_forms(ids: NDArray[np.uint64], n_forms: int, n: int, seed: int, style: str) -> NDArray[np.int64]:
    """(W, n) distinct form numbers per window, drawn from the window's own hash."""
    keys = np.stack(
        [hash_to_uint64(ids, derive_seed(seed, "captions", style, form)) for form in range(n_forms)], axis=1
    )
    return np.argsort(keys, axis=1, kind="stable")[:, :n]


def compose(
    phrases: Phrases, forms: Sequence[Form], chosen: NDArray[np.int64], variant: NDArray[np.bool_]
) -> pl.Series:
    """Fill each window's chosen form, with a capital letter in front.

    Args:
        phrases: Parts of the block's W windows.
        forms: Forms of the style.
        chosen: (W,) form number of each window.
        variant: (W,) which of the two wordings of the day part fills `{part}`.
    """
    texts, rows_of = [], []
    for number, form in enumerate(forms):
        for has_facts, pattern in ((True, form.with_facts), (False, form.without)):
            for also in (False, True):
                rows = np.flatnonzero(
                    (chosen == number) & (phrases.has_facts == has_facts) & (variant == also)
                )
                if len(rows):
                    texts.append(_fill(pattern, phrases, rows, "part_1" if also else "part_0"))
                    rows_of.append(rows)
    if not texts:
        return pl.Series([], dtype=pl.String)
    text = pl.concat(texts).gather(np.argsort(np.concatenate(rows_of)))
    return pl.select(pl.concat_str(text.str.slice(0, 1).str.to_uppercase(), text.str.slice(1))).to_series()


def _fill(pattern: str, phrases: Phrases, rows: NDArray[np.int64], part: str) -> pl.Series:
    pieces: list[pl.Expr] = []
    for literal, name, _, _ in string.Formatter().parse(pattern):
        if literal:
            pieces.append(pl.lit(literal))
        if name is not None:
            pieces.append(pl.lit(phrases.parts[part if name == "part" else name].gather(rows)))
    return pl.select(pl.concat_str(pieces)).to_series()
