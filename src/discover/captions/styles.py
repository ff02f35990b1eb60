"""The captioners of the project: the sentence forms of each style, and the choice of forms per window."""

import numpy as np
from numpy.typing import NDArray

from discover.captions.compose import CaptionColumn, Form, choose_forms, compose
from discover.captions.phrases import Phrases
from discover.core.seeds import derive_seed, hash_to_uint64

__all__ = ["build_baseline", "build_mixed", "build_short", "build_structured"]

_BASELINE: tuple[Form, ...] = (
    Form("{part}, someone {goes} and {does}.", "{part}, someone {goes}, with {amount}."),
    Form("someone {goes} {hour} for {lasting} and {does_first}.", "someone {goes} {hour} for {lasting}."),
    Form("{seen} {part}; {done}.", "{seen} {part}, {amount}."),
    Form("someone {does} {inside} {part}.", "someone is {inside} {part}, with {amount}."),
    Form("{amount} {inside} for {lasting} {hour}; {done}.", "{amount} {inside} for {lasting} {hour}."),
    Form("{week} {part}, someone {goes}, with {amount}.", "{week} {part}, someone {goes}, with {amount}."),
    Form("{done} {inside} {hour}.", "only movement {inside} is seen {hour}, lasting {lasting}."),
    Form("for {lasting} {part} there is {seen}; {done}.", "for {lasting} {part} there is {seen}."),
)
_SHORT: tuple[Form, ...] = (
    Form("{does_first} {part}", "{goes} {part}"),
    Form("{room}, {short}, {hour}", "{room}, {amount}, {hour}"),
    Form("{goes}, {amount}", "{goes}, {amount}"),
    Form("{short} {inside}", "only {amount} {inside}"),
    Form("{part}: {goes}", "{part}: {goes}"),
    Form("{amount} {room} for {lasting}", "{amount} {room} for {lasting}"),
    Form("{hour}: {does}", "{hour}: {amount} {inside}"),
    Form("someone {inside} {week} {part}", "someone {inside} {week} {part}"),
)
_FACTS = {
    "t": "from {from_time} to {to_time}",
    "d": "lasting {exact}",
    "p": "mainly {inside}",
    "s": "most active {sensors}",
}
# The first order is the style's sentence; the others repeat its four facts for further captions.
_ORDERS = ("tdps", "pstd", "dtsp", "spdt", "tpsd", "pdts", "dspt", "stdp")


def build_baseline(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """Varied natural sentences: when, how long, where and in what order, which objects; active or passive."""
    chosen = choose_forms(ids, len(_BASELINE), n, seed, "baseline")
    columns = []
    for k in range(n):
        bits = hash_to_uint64(ids, derive_seed(seed, "captions", "day part", k))
        columns.append(CaptionColumn("baseline", compose(phrases, _BASELINE, chosen[:, k], bits % 2 == 1)))
    return columns


def build_short(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """A few words per window. Many windows share a caption, so these are the fastest to encode."""
    chosen = choose_forms(ids, len(_SHORT), n, seed, "short")
    plain = np.zeros(len(ids), dtype=bool)
    return [CaptionColumn("short", compose(phrases, _SHORT, chosen[:, k], plain)) for k in range(n)]


def build_structured(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """One fixed sentence: begin and end, duration, two main places, two main sensors; `seed` is unused."""
    plain, columns = np.zeros(len(ids), dtype=bool), []
    for order in _ORDERS[:n]:
        sentence = ", ".join(_FACTS[fact] for fact in order) + "."
        form = (Form(sentence, sentence),)
        columns.append(CaptionColumn("structured", compose(phrases, form, np.zeros(len(ids), int), plain)))
    return columns


_TURN = (build_baseline, build_short, build_structured)


def build_mixed(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """The other styles in turn: baseline, short, structured, baseline, ...; each column names its style."""
    counts = [len(range(turn, n, len(_TURN))) for turn in range(len(_TURN))]
    columns = [build(phrases, ids, count, seed) for build, count in zip(_TURN, counts, strict=True)]
    return [columns[k % len(_TURN)][k // len(_TURN)] for k in range(n)]
