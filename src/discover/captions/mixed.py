"""The other styles in turn: baseline, short, structured, baseline, ..."""

import numpy as np
from numpy.typing import NDArray

from discover.captions.baseline import build_baseline
from discover.captions.compose import CaptionColumn
from discover.captions.phrases import Phrases
from discover.captions.short import build_short
from discover.captions.structured import build_structured

__all__ = ["build_mixed"]

_TURN = (build_baseline, build_short, build_structured)


def build_mixed(phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int) -> list[CaptionColumn]:
    """`n` columns; each carries the name of the style it is in."""
    counts = [len(range(turn, n, len(_TURN))) for turn in range(len(_TURN))]
    columns = [build(phrases, ids, count, seed) for build, count in zip(_TURN, counts, strict=True)]
    return [columns[k % len(_TURN)][k // len(_TURN)] for k in range(n)]
