"""Vectors with their row ids, stored as NPZ without pickle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.arrays import names_of, numbers_of
from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, DataError, JoinError, ShapeError
from discover.core.reading import read_npz, taken_apart

__all__ = [
    "EmbeddingTable",
    "EncodeText",
    "ProjectText",
    "join_embeddings",
    "load_embeddings",
    "mean_caption_vectors",
    "save_embeddings",
    "unit_rows",
]

_SAME = ("encoder_type", "model_name", "normalize", "weights_sha256")

EncodeText = Callable[[list[str]], NDArray[np.floating]]
"""Sentences -> (N, d) vectors of the text encoder that made the caption vectors."""

ProjectText = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""(N, d) text vectors -> (N, P) vectors in the joint space. One that takes `names` as well reads the names of
activities beside their sentences (`recognition.place_prompts`)."""


@dataclass(frozen=True)
class EmbeddingTable:
    """N vectors of width d, one per (sample id, caption index).

    Attributes:
        vectors: (N, d), float16 or float32, finite.
        sample_ids: (N,) window ids.
        caption_indices: (N,) int16; all 0 where there is one vector per window.
        meta: Encoder metadata: encoder_type, model_name, embedding_dim, normalize, ...
    """

    vectors: NDArray[np.floating]
    sample_ids: NDArray[np.str_]
    caption_indices: NDArray[np.int16]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.vectors)
        if self.vectors.ndim != 2 or len(self.sample_ids) != n or len(self.caption_indices) != n:
            raise ShapeError(
                f"Embeddings {self.vectors.shape}, ids {self.sample_ids.shape} and caption indices "
                f"{self.caption_indices.shape} must have one row each."
            )
        numbers_of(self.vectors, "embeddings")
        names_of(self.sample_ids, "sample ids")

    @property
    def dim(self) -> int:
        """Vector width."""
        return int(self.vectors.shape[1])

    def rows_of(self, window_ids: NDArray[np.str_], *, what: str = "embeddings") -> NDArray[np.int64]:
        """Row numbers of every caption of each window, (W, C); -1 pads windows with fewer captions.

        Columns are in order of caption index.

        Raises:
            JoinError: A window has no row (listed), so pairs are never made by position.
        """
        order = np.lexsort((self.caption_indices, self.sample_ids))
        sorted_ids = self.sample_ids[order]
        left = np.searchsorted(sorted_ids, window_ids, side="left")
        right = np.searchsorted(sorted_ids, window_ids, side="right")
        counts = right - left
        absent = np.flatnonzero(counts == 0)
        if len(absent):
            raise JoinError(
                f"{len(absent):,} of {len(window_ids):,} windows have no row in the {what} "
                f"(first: {window_ids[absent[0]]}). They were made from other windows: "
                "run the caption and encode-text stages again for these windows."
            )
        width = int(counts.max(initial=0))
        columns = np.arange(width)[None, :]
        picked = np.minimum(left[:, None] + columns, len(order) - 1)
        return np.where(columns < counts[:, None], order[picked], -1).astype(np.int64)

    def of_windows(self, window_ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """(W, d) vectors of windows, where the table has one vector per window.

        Raises:
            JoinError: A window has no vector, or several.
        """
        rows = self.rows_of(window_ids, what="window embeddings")
        if rows.shape[1] > 1:
            raise JoinError(
                f"The window embeddings hold up to {rows.shape[1]} vectors per window, and one is needed. "
                "Pass window embeddings, not caption embeddings."
            )
        return self.vectors[rows.reshape(-1)].astype(np.float32)


def join_embeddings(tables: Sequence[EmbeddingTable]) -> EmbeddingTable:
    """The rows of several tables, one table after the other; a single one stays what it is.

    Raises:
        DataError: They come from different encoders.
    """
    first = tables[0]
    for other in tables[1:]:
        differs = [k for k in _SAME if first.meta.get(k) != other.meta.get(k)]
        if differs or other.dim != first.dim:
            names = [f"{table.meta.get('model_name')}, {table.dim} wide" for table in (first, other)]
            raise DataError(
                "Text embeddings of several homes must come from one text encoder, and "
                f"{' and '.join(names)} differ ({', '.join(differs) or 'width'}). "
                "Encode the captions of all homes again."
            )
    if len(tables) == 1:
        return first
    return EmbeddingTable(
        np.concatenate([table.vectors for table in tables]),
        np.concatenate([table.sample_ids for table in tables]),
        np.concatenate([table.caption_indices for table in tables]),
        {k: v for k, v in first.meta.items() if all(t.meta.get(k) == v for t in tables)},
    )


def save_embeddings(
    path: Path, table: EmbeddingTable, keys: Mapping[str, NDArray[Any]] | None = None
) -> None:
    """Write NPZ without compression; metadata becomes one-element arrays (discover-v2's shape).

    Args:
        path: The file.
        table: Vectors with ids and metadata.
        keys: What `core.row_keys.sealed_rows` stores beside the vectors.
    """
    arrays: dict[str, NDArray[Any]] = {
        "embeddings": table.vectors,
        "sample_ids": table.sample_ids.astype(np.str_),
        "caption_indices": table.caption_indices,
    }
    for key, value in table.meta.items():
        arrays[key] = np.array([value])
    arrays |= keys or {}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def load_embeddings(path: Path) -> EmbeddingTable:
    """Read our NPZ or discover-v2's, including its older one-row-per-sample shape.

    Raises:
        ArtifactError: Missing, damaged, holding pickled objects, or values that are not finite.
    """
    if not path.is_file():
        raise ArtifactError(
            f"No embeddings at {path}. Run `discover encode-text` first, or correct the path."
        )
    data: dict[str, NDArray[Any]] = dict(read_npz(path, "Delete it and run `discover encode-text` again."))
    if "embeddings" not in data or "sample_ids" not in data:
        raise ArtifactError(
            f"{path} has arrays {sorted(data)}; it needs 'embeddings' and 'sample_ids'. "
            "Was it written by another tool?"
        )
    with taken_apart(path, "Delete it and run `discover encode-text` again."):
        return _embedding_table(path, data)


def _embedding_table(path: Path, data: "dict[str, NDArray[Any]]") -> EmbeddingTable:
    vectors = data.pop("embeddings")
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise ArtifactError(
            f"{path}: 'embeddings' is {vectors.dtype} of shape {vectors.shape}; it must hold numbers, "
            "one row per vector. Encode again."
        )
    if vectors.dtype not in (np.float16, np.float32):
        vectors = vectors.astype(np.float32)
    if not np.isfinite(vectors).all():
        bad = int((~np.isfinite(vectors).all(axis=1)).sum())
        raise ArtifactError(f"{path}: {bad:,} of {len(vectors):,} vectors are not finite. Encode again.")
    ids = data.pop("sample_ids").astype(np.str_)
    indices = data.pop("caption_indices", np.zeros(len(ids))).astype(np.int16)
    meta = {k: v.item() for k, v in data.items() if v.size == 1 and not k.startswith("row_")}
    return EmbeddingTable(vectors, ids, indices, meta)


def unit_rows(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows scaled to length 1 as float32; a zero row stays zero."""
    rows = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


def mean_caption_vectors(captions: EmbeddingTable, ids: NDArray[np.str_]) -> NDArray[np.float32]:
    """(W, d) unit mean of each window's unit caption vectors.

    Raises:
        JoinError: A window has no caption vector.
    """
    rows = captions.rows_of(ids, what="caption embeddings")
    total = np.zeros((len(ids), captions.dim), dtype=np.float32)
    for column in range(rows.shape[1]):
        present = rows[:, column] >= 0
        total[present] += unit_rows(captions.vectors[rows[present, column]])
    return unit_rows(total)
