"""A frozen text encoder: texts in, vectors out.

Texts are sorted by length and cut into batches of about equal token count, so that little is spent on
padding. The batches follow from the set of texts alone, so that the same texts give the same bits.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.core.progress import SILENT, Progress
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.model_cards import ModelCard
from discover.text_encoders.tower import Tower

__all__ = ["Kind", "TextEncoder"]

Kind = Literal["document", "query"]
"""document: captions; query: prompts and search sentences. Some models put different words before them."""


_TOKENIZING = threading.Lock()


@final
class TextEncoder:
    """Made by `build_text_encoder`.

    Attributes:
        name: Short name used in file names.
        dim: Width of the vectors.
        meta: What identifies the encoder: encoder_type, model_name, embedding_dim, normalize, precision,
            weights_sha256, prefixes, max_length.
        config: The settings it was built from.
    """

    def __init__(
        self,
        config: TextEncoderConfig,
        card: ModelCard,
        tower: Tower,
        *,
        model_name: str,
        weights_sha256: str,
    ) -> None:
        self.config = config
        self.name = config.name
        self._tower = tower
        self._pad_to_max = card.pad_to_max
        self._max_length = min(config.max_length or tower.max_length, tower.max_length)
        self._prefixes = {
            "document": card.document_prefix if config.document_prefix is None else config.document_prefix,
            "query": card.query_prefix if config.query_prefix is None else config.query_prefix,
        }
        self.dim = int(self._run(self._tokens(["a"])).shape[1])
        self.meta: Mapping[str, Any] = {
            "encoder_type": config.type,
            "model_name": model_name,
            "embedding_dim": self.dim,
            "normalize": config.normalize,
            "use_projection": False,
            "projection_dim": 0,
            "precision": tower.precision,
            "max_length": self._max_length,
            "document_prefix": self._prefixes["document"],
            "query_prefix": self._prefixes["query"],
            "weights_sha256": weights_sha256,
        }

    def encode(
        self, texts: Sequence[str], *, kind: Kind = "document", progress: Progress = SILENT
    ) -> NDArray[np.float32]:
        """Vectors of texts, (N, dim), in the order given; equal texts are encoded once.

        Raises:
            DataError: A vector is not finite.
        """
        distinct, inverse = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)
        vectors = np.zeros((len(distinct), self.dim), dtype=np.float32)
        progress.start("encoding texts", len(distinct))
        for rows, tokens in self.batches(distinct.tolist(), kind=kind):
            vectors[rows] = self.run_batch(tokens)
            progress.advance(len(rows))
        progress.finish()
        return vectors[inverse.ravel()]

    def count_pieces(self, text: str) -> int:
        """Word pieces of a text, without the marks of its begin and end."""
        whole, empty = self._tokens([text, ""])
        return len(whole) - len(empty)

    def batches(
        self, texts: Sequence[str], *, kind: Kind = "document"
    ) -> list[tuple[NDArray[np.int64], list[list[int]]]]:
        """Row numbers and token ids of each batch; shortest texts first, ties in the order given."""
        if not len(texts):
            return []
        tokens = self._tokens([self._prefixes[kind] + text for text in texts])
        lengths = np.array([self._max_length if self._pad_to_max else len(ids) for ids in tokens])
        order = np.argsort(lengths, kind="stable")
        ascending = lengths[order]
        batches, begin, budget = [], 0, self.config.batch_tokens
        while begin < len(order):
            # A batch costs its size times its longest text, which is its last.
            longest = ascending[begin : begin + budget // int(ascending[begin]) + 1]
            size = int(np.searchsorted(longest * np.arange(1, len(longest) + 1), budget, side="right"))
            size = max(1, size)
            rows = order[begin : begin + size]
            batches.append((rows, [tokens[row] for row in rows]))
            begin += size
        return batches

    def run_batch(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        """Vectors (B, dim) of one batch of token ids.

        Raises:
            DataError: A vector is not finite.
        """
        vectors = self._run(tokens)
        if not np.isfinite(vectors).all():
            raise DataError(
                f"The text encoder {self.name} gave vectors that are not finite. "
                "Set text_encoder.precision: fp32, and check the model's weights."
            )
        if self.config.normalize:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        # A tokenizer keeps its truncation as state; older ones refuse two threads at the same time.
        with _TOKENIZING:
            return self._tower.tokens(texts, self._max_length)

    def _run(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        return self._tower.vectors(tokens, self._max_length if self._pad_to_max else None)
