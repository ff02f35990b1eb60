"""The captioners by name, and what every captioner must do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from discover.captions.compose import CaptionColumn
from discover.captions.phrases import Phrases
from discover.captions.styles import build_baseline, build_mixed, build_short, build_structured
from discover.core.registry import Registry

__all__ = ["CAPTIONERS", "Captioner"]


class Captioner(Protocol):
    """A function that describes windows. It reads sensor events, never labels."""

    def __call__(
        self, phrases: Phrases, ids: NDArray[np.uint64], n: int, seed: int
    ) -> Sequence[CaptionColumn]:
        """Write the captions of W windows.

        Args:
            phrases: What is known of each window, ready-made parts of sentences included.
            ids: (W,) hashes of the window ids, for choices that stay the same when other windows change.
            n: Captions per window.
            seed: Of the caption stage.

        Returns:
            `n` columns of W sentences each. A window's sentences are distinct.
        """
        ...


CAPTIONERS: Registry[Captioner] = Registry(
    "captioner",
    "discover.captioners",
    {"baseline": build_baseline, "structured": build_structured, "short": build_short, "mixed": build_mixed},
)
"""Captioner by `captions.style`."""
