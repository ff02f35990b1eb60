"""What a text encoder needs of a frozen network: its tokenizer and one forward pass."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tower"]


class Tower(Protocol):
    """A loaded network: by torch (`towers`) or by onnxruntime (`packaged_onnx`)."""

    @property
    def max_length(self) -> int:
        """Tokens the network can take at most."""

    @property
    def precision(self) -> Literal["fp32", "bf16"]:
        """Arithmetic of its matrix products."""

    def tokens(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token ids of each text, cut at `max_length`."""

    def vectors(self, tokens: list[list[int]], width: int | None) -> NDArray[np.float32]:
        """Vectors (B, d), not yet normalised, of texts padded to `width`; None: to the longest."""
