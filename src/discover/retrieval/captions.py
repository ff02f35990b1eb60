"""Captions as vectors: the sentences nearest to a window, and the caption-only baseline."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable, ProjectText, mean_caption_vectors, unit_rows
from discover.core.errors import ShapeError
from discover.retrieval.exact import best_rows
from discover.retrieval.index import Index
from discover.retrieval.window_facts import WINDOW_FACTS

__all__ = ["CaptionHit", "CaptionPool", "caption_index"]

# Shape letters: D distinct captions, P width of the joint space.


@dataclass(frozen=True, slots=True)
class CaptionHit:
    """One caption that fits a window.

    Attributes:
        caption: The sentence.
        score: Cosine in [-1, 1].
        n_windows: How many windows it describes.
        own: Whether it is one of the window's own captions.
    """

    caption: str
    score: float
    n_windows: int
    own: bool


@dataclass(frozen=True)
class CaptionPool:
    """Distinct captions of a sampling with their vectors.

    Attributes:
        captions: (D,) sentences.
        vectors: (D, P) unit vectors.
        pairs: Columns window_id and caption (row number of `captions`), each pair once.
    """

    captions: pl.Series
    vectors: NDArray[np.float32]
    pairs: pl.DataFrame

    @classmethod
    def build(
        cls, captions: pl.DataFrame, embeddings: EmbeddingTable, project: ProjectText | None = None
    ) -> "CaptionPool":
        """The pool of a captions table.

        Args:
            captions: `core.tables.CAPTIONS`.
            embeddings: Their vectors, joined by window and caption index.
            project: Into the joint space of a model; None keeps the text encoder's own space.
        """
        rows = pl.DataFrame(
            {"window_id": embeddings.sample_ids, "caption_index": embeddings.caption_indices}
        ).with_row_index("row")
        keyed = captions.with_columns(pl.col("caption_index").cast(pl.Int16)).join(
            rows, on=["window_id", "caption_index"], maintain_order="left"
        )
        distinct = keyed.group_by("caption", maintain_order=True).agg(pl.col("row").first())
        vectors = embeddings.vectors[distinct["row"].to_numpy()].astype(np.float32)
        projected = vectors if project is None else project(vectors)
        numbered = distinct.select("caption").with_row_index("number")
        pairs = keyed.join(numbered, on="caption").select("window_id", caption="number").unique()
        return cls(distinct["caption"], unit_rows(projected), pairs)

    def nearest(
        self,
        query: NDArray[np.floating],
        top_k: int,
        *,
        window_id: str | None = None,
        window_ids: pl.Series | None = None,
    ) -> list[CaptionHit]:
        """The captions nearest to a vector, best first.

        Args:
            query: (P,) or (1, P).
            top_k: Number wanted.
            window_id: The window asked about; its captions are marked as its own.
            window_ids: Only captions of these windows; None: all.

        Raises:
            ShapeError: The query has another width.
        """
        unit = unit_rows(np.atleast_2d(query))
        if unit.shape != (1, self.vectors.shape[1]):
            raise ShapeError(f"The query is {unit.shape}, captions are {self.vectors.shape[1]} wide.")
        pairs = self.pairs
        if window_ids is not None:
            pairs = pairs.filter(pl.col("window_id").is_in(window_ids.implode()))
        counts = pairs.group_by("caption").agg(n=pl.len()).sort("caption")
        allowed = counts["caption"].to_numpy().astype(np.int64)
        scores = unit @ self.vectors[allowed].T
        own: set[int] = set()
        if window_id is not None:
            own.update(self.pairs.filter(pl.col("window_id") == window_id)["caption"].to_list())
        return [
            CaptionHit(
                self.captions[int(allowed[i])],
                float(scores[0, i]),
                int(counts["n"][int(i)]),
                allowed[i] in own,
            )
            for i in best_rows(scores, top_k)[0]
        ]


def caption_index(windows: pl.DataFrame, embeddings: EmbeddingTable) -> Index:
    """An index whose vectors are the mean of each window's caption vectors, in the text encoder's space.

    Searching it with a plain sentence vector is the caption-only baseline: what the sensor side adds is the
    difference. Everything else (filters, moments, diversity) works as in any index.

    Args:
        windows: `WINDOW_FACTS`.
        embeddings: Caption vectors.

    Raises:
        JoinError: A window has no caption vector.
    """
    means = mean_caption_vectors(embeddings, windows["window_id"].to_numpy().astype(np.str_))
    made_by = f"captions:{embeddings.meta.get('weights_sha256', embeddings.meta.get('model_name', ''))}"
    return Index(means.astype(np.float16), windows.select(list(WINDOW_FACTS)), made_by)
