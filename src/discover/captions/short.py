"""A few words per window. Many windows share a caption, so these are the quickest to encode."""

import numpy as np
from numpy.typing import NDArray

from discover.captions.compose import CaptionColumn, Form, choose_forms, compose
from discover.captions.phrases import Phrases

__all__ = ["FORMS", "build_short"]

FORMS: tuple[Form, ...] = (
    Form("{does_first} {part}", "{goes} {part}"),
    Form("{room}, {short}, {hour}", "{room}, {amount}, {hour}"),
    Form("{goes}, {amount}", "{goes}, {amount}"),
    Form("{short} {inside}", "only {amount} {inside}"),
    Form("{part}: {goes}", "{part}: {goes}"),
    Form("{amount} {room} for {lasting}", "{amount} {room} for {lasting}"),
    Form("{hour}: {does}", "{hour}: {amount} {inside}"),
    Form("someone {inside} {week} {part}", "someone {inside} {week} {part}"),
)


def build_short(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """`n` columns of distinct captions per window."""
    chosen = choose_forms(ids, len(FORMS), n, seed, "short")
    plain = np.zeros(len(ids), dtype=bool)
    return [CaptionColumn("short", compose(phrases, FORMS, chosen[:, k], plain)) for k in range(n)]
