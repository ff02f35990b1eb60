"""The packaged all-MiniLM-L6-v2 by onnxruntime: the vectors of `packaged_minilm` without torch."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import ConfigError
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.minilm_files import MAX_LENGTH, WordPieces, minilm_weights
from discover.text_encoders.onnx_graph import OnnxGraph

__all__ = ["MINILM_GRAPH", "OnnxMiniLM"]

MINILM_GRAPH = Path(str(resources.files("discover.text_encoders").joinpath("graphs/minilm.onnx")))


class OnnxMiniLM:
    """A tower (`tower.Tower`) from the folder of the packaged weights.

    Raises:
        ConfigError: Settings that onnxruntime does not have here.
    """

    max_length: int = MAX_LENGTH
    precision: Literal["fp32", "bf16"] = "fp32"

    def __init__(self, folder: Path, config: TextEncoderConfig) -> None:
        for setting, wanted, only in (
            ("device", config.device, "cpu"),
            ("precision", config.precision, "fp32"),
        ):
            if wanted not in ("auto", only):
                raise ConfigError(
                    f"text_encoder.{setting}: '{wanted}' needs torch, which is not installed. Use {setting}: "
                    "auto, or run `pip install 'discover-v2[minilm]'`."
                )
        self._pieces = WordPieces(folder)
        self._graph = OnnxGraph(MINILM_GRAPH, minilm_weights(folder))

    def tokens(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token ids of each text, cut at `max_length`."""
        tokens: list[list[int]] = self._pieces(texts, truncation=True, max_length=max_length)["input_ids"]
        return tokens

    def vectors(self, tokens: list[list[int]], width: int | None) -> NDArray[np.float32]:
        """Unit vectors (B, 384)."""
        masks = [[1] * len(ids) for ids in tokens]
        return self._graph(self._pieces.pad({"input_ids": tokens, "attention_mask": masks}))
