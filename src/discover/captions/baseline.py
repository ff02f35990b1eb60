"""Varied natural sentences: when, how long, where and in what order, which objects; active or passive."""

import numpy as np
from numpy.typing import NDArray

from discover.captions.compose import CaptionColumn, Form, choose_forms, compose
from discover.captions.phrases import Phrases
from discover.core.seeds import derive_seed, hash_to_uint64

__all__ = ["FORMS", "build_baseline"]

FORMS: tuple[Form, ...] = (
    Form("{part}, someone {goes} and {does}.", "{part}, someone {goes}, with {amount}."),
    Form("someone {goes} {hour} for {lasting} and {does_first}.", "someone {goes} {hour} for {lasting}."),
    Form("{seen} {part}; {done}.", "{seen} {part}, {amount}."),
    Form("someone {does} {inside} {part}.", "someone is {inside} {part}, with {amount}."),
    Form("{amount} {inside} for {lasting} {hour}; {done}.", "{amount} {inside} for {lasting} {hour}."),
    Form("{week} {part}, someone {goes}, with {amount}.", "{week} {part}, someone {goes}, with {amount}."),
    Form("{done} {inside} {hour}.", "only movement {inside} is seen {hour}, lasting {lasting}."),
    Form("for {lasting} {part} there is {seen}; {done}.", "for {lasting} {part} there is {seen}."),
)


def build_baseline(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """`n` columns of distinct captions per window."""
    chosen = choose_forms(ids, len(FORMS), n, seed, "baseline")
    columns = []
    for k in range(n):
        bits = hash_to_uint64(ids, derive_seed(seed, "captions", "day part", k))
        columns.append(CaptionColumn("baseline", compose(phrases, FORMS, chosen[:, k], bits % 2 == 1)))
    return columns
