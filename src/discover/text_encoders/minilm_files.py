"""The packaged all-MiniLM-L6-v2 as files: word pieces, and the names of its weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

__all__ = ["MAX_LENGTH", "WordPieces", "minilm_weights"]

MAX_LENGTH = 256
"""Tokens after which a text is cut, as the published model does."""
_PAD = 0


class WordPieces:
    """The tokenizer, as much of transformers' interface as `towers.TorchTower` uses."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str], *, truncation: bool, max_length: int) -> dict[str, Any]:
        """Token ids of each text, cut at `max_length` where that is asked."""
        if truncation:
            self._tokenizer.enable_truncation(max_length)
        else:
            self._tokenizer.no_truncation()
        return {"input_ids": [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]}

    def pad(
        self,
        batch: Mapping[str, list[list[int]]],
        *,
        padding: str = "longest",
        max_length: int | None = None,
        return_tensors: str = "np",
    ) -> dict[str, NDArray[np.int64]]:
        """Token ids and mask, (B, T) each, as long as the longest text, or `max_length` if that is asked."""
        longest = max(len(ids) for ids in batch["input_ids"])
        width = max_length if padding == "max_length" and max_length is not None else longest
        return {
            name: np.array([row + [_PAD] * (width - len(row)) for row in rows], dtype=np.int64)
            for name, rows in batch.items()
        }


def minilm_weights(folder: Path) -> dict[str, NDArray[Any]]:
    """The weights that are used, by the names of `packaged_minilm.MiniLM`."""
    weights = load_file(folder / "model.safetensors")
    return {_own_name(name): w for name, w in weights.items() if _used(name)}


_OWN_NAMES = {
    "embeddings.word_embeddings.weight": "words",
    "embeddings.position_embeddings.weight": "positions",
    "embeddings.token_type_embeddings.weight": "segments",
    "embeddings.LayerNorm": "norm",
    "encoder.layer.": "layers.",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "norm_mixed",
    "intermediate.dense": "inner",
    "output.dense": "outer",
    "output.LayerNorm": "norm_outer",
}


def _used(name: str) -> bool:
    """The pooler was trained for another task, and positions are counted here."""
    return not name.startswith("pooler.") and name != "embeddings.position_ids"


def _own_name(name: str) -> str:
    for theirs, ours in _OWN_NAMES.items():
        name = name.replace(theirs, ours)
    return name
