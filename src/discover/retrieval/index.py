"""Exact search over window embeddings.

Vectors are stored as float16 (a cosine changes by less than 1e-3) and scored as float32. Ranking is
exact and repeatable: equal scores (to six digits) are ordered by row.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path, file_sha256, read_manifest, write_manifest
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ArtifactError, ConfigError, DataError, JoinError, ShapeError
from discover.core.window_set import WindowSet, read_table, write_table
from discover.retrieval.config import SearchFilters
from discover.retrieval.filters import filter_mask
from discover.retrieval.hits import Hit
from discover.retrieval.window_facts import WINDOW_FACTS, build_window_facts

__all__ = ["INDEX_FILES", "Index"]

INDEX_FILES = ("vectors.npz", "windows.parquet", "manifest.json")
"""What an index folder holds."""

_STAGE_VERSION = 1
# Rows converted and scored at a time: 16,384 x 256 float32 = 16 MB, inside most last-level caches.
_BLOCK_ROWS = 16_384
# Below this the index keeps a float32 copy after its first search: no conversion per query.
_KEEP_FLOAT32_BYTES = 2 << 30
# Scores are compared on this grid (2^-20, ten roundings of float32): equal vectors at different places of a
# matrix product differ in their last bits, and that must not decide their order.
_SCORE_GRID = np.float32(2**20)
# Scoring picked rows copies them, which beats scoring everything only when few are left.
_GATHER_SHARE = 0.25

# Shape letters: W windows, P width of the joint space, Q queries, K results per query.


class Index:
    """Windows of one or many homes, searchable by vectors of the model that embedded them.

    Attributes:
        vectors: (W, P) float16 unit vectors.
        windows: `WINDOW_FACTS`, one row per vector.
        model_sha256: The model that made the vectors; a query must come from the same one.
    """

    def __init__(self, vectors: NDArray[np.float16], windows: pl.DataFrame, model_sha256: str) -> None:
        if vectors.ndim != 2 or len(vectors) != len(windows):
            raise ShapeError(f"Vectors {vectors.shape} and {len(windows)} windows must have one row each.")
        self.vectors = vectors
        self.windows = windows
        self.model_sha256 = model_sha256
        self._float32: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """Width of the joint space."""
        return int(self.vectors.shape[1])

    @classmethod
    def build(cls, embeddings: EmbeddingTable, window_set: WindowSet, *, model_sha256: str) -> "Index":
        """Index every window of a set.

        Args:
            embeddings: One vector per window (joined by id); scaled to length 1 here.
            window_set: The windows, their events and home.
            model_sha256: Hash of the model's checkpoint.

        Raises:
            ArtifactError: The embeddings name another model in their metadata.
            JoinError: A window has no vector, or several.
            DataError: No windows, or a vector that is zero or not finite.
        """
        made_by = str(embeddings.meta.get("model_sha256", model_sha256))
        _check_model(made_by, model_sha256, "These window embeddings")
        if not len(window_set.windows):
            raise DataError("There is no window to index. Sample the log first, or choose other splits.")
        ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
        rows = embeddings.rows_of(ids, what="window embeddings")
        if rows.shape[1] != 1:
            raise JoinError(
                f"The window embeddings hold up to {rows.shape[1]} vectors per window; an index takes one. "
                "Did you pass caption embeddings?"
            )
        vectors = embeddings.vectors[rows[:, 0]].astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        bad = int((~np.isfinite(norms) | (norms == 0)).sum())
        if bad:
            raise DataError(
                f"{bad:,} of {len(vectors):,} window vectors are zero or not finite. Embed again."
            )
        return cls((vectors / norms).astype(np.float16), build_window_facts(window_set), model_sha256)

    @classmethod
    def concat(cls, indexes: Sequence["Index"]) -> "Index":
        """One index over several homes, all embedded by the same model.

        Raises:
            ConfigError: No index given.
            ArtifactError: They come from different models.
            DataError: A window is in two of them.
        """
        if not indexes:
            raise ConfigError("Nothing to join: give at least one index.")
        for other in indexes[1:]:
            _check_model(other.model_sha256, indexes[0].model_sha256, "One index")
        windows = pl.concat([index.windows for index in indexes])
        repeated = int(windows["window_id"].is_duplicated().sum())
        if repeated:
            raise DataError(f"{repeated:,} windows are in more than one index. Join each home once.")
        return cls(np.concatenate([index.vectors for index in indexes]), windows, indexes[0].model_sha256)

    def save(self, folder: Path) -> list[Path]:
        """Write the index; the manifest comes last, so a half-written index is noticed."""
        paths = [folder / name for name in INDEX_FILES]
        with atomic_path(paths[0]) as temporary, temporary.open("wb") as stream:
            np.savez(stream, vectors=self.vectors)
        write_table(paths[1], self.windows, WINDOW_FACTS)
        write_manifest(
            paths[2],
            stage="index",
            stage_version=_STAGE_VERSION,
            config={"dim": self.dim},
            inputs={"model": self.model_sha256},
            outputs=paths[:2],
            rows={"windows": len(self)},
        )
        return paths

    @classmethod
    def load(cls, folder: Path, *, model_sha256: str | None = None) -> "Index":
        """Read an index.

        Args:
            folder: What `save` wrote.
            model_sha256: Hash of the model that will make the queries; None skips the check.

        Raises:
            ArtifactError: Missing, damaged, or made by another model.
        """
        manifest = read_manifest(folder / INDEX_FILES[2])
        if manifest is None or manifest.stage != "index":
            raise ArtifactError(f"No search index in {folder}. Build it first (`discover search` does).")
        if model_sha256 is not None:
            _check_model(manifest.inputs.get("model", ""), model_sha256, f"The index in {folder}")
        for name, digest in manifest.outputs.items():
            path = folder / name
            if not path.is_file() or file_sha256(path) != digest:
                raise ArtifactError(
                    f"{path} is missing or altered. Delete {folder} and build the index again."
                )
        with np.load(folder / INDEX_FILES[0], allow_pickle=False) as archive:
            vectors = archive["vectors"]
        windows = read_table(folder / INDEX_FILES[1], WINDOW_FACTS)
        return cls(vectors, windows, manifest.inputs["model"])

    def vectors_of(self, window_ids: Sequence[str]) -> NDArray[np.float32]:
        """(N, P) vectors of some windows, to search for windows like them.

        Raises:
            JoinError: A window is not in the index.
        """
        wanted = pl.DataFrame({"window_id": list(window_ids)}, schema={"window_id": pl.String})
        known = self.windows.select("window_id").with_row_index("row")
        rows = wanted.join(known, on="window_id", how="left", maintain_order="left")["row"]
        if rows.null_count():
            missing = wanted.filter(rows.is_null())["window_id"][0]
            raise JoinError(f"Window {missing} is not in this index of {len(self):,} windows.")
        picked: NDArray[np.float32] = self.vectors[rows.to_numpy()].astype(np.float32)
        return picked

    def search(
        self, query_vector: NDArray[np.floating], top_k: int = 10, *, filters: SearchFilters | None = None
    ) -> list[Hit]:
        """The `top_k` windows closest to one query, best first; fewer where fewer pass the filters.

        Args:
            query_vector: (P,) or (1, P), of the model in `model_sha256`; scaled to length 1 here.
            top_k: Number of results, at least 1.
            filters: Which windows may be returned.

        Raises:
            ShapeError: The query has another width.
            ConfigError: `top_k` below 1, or a filter that names something the index does not know.
        """
        query = np.atleast_2d(np.asarray(query_vector))
        if len(query) != 1:
            raise ShapeError(
                f"search takes one query vector, got {query.shape}; use search_many for several."
            )
        return self.search_many(query, top_k, filters=filters)[0]

    def search_many(
        self, query_vectors: NDArray[np.floating], top_k: int = 10, *, filters: SearchFilters | None = None
    ) -> list[list[Hit]]:
        """`search` for every row of (Q, P) query vectors."""
        mask = None if filters is None else filter_mask(self.windows, filters)
        rows, scores = self.top_rows(query_vectors, top_k, mask=mask)
        return [self._hits(r, s) for r, s in zip(rows, scores, strict=True)]

    def top_rows(
        self, query_vectors: NDArray[np.floating], top_k: int, *, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers (Q, K) and scores (Q, K) of the best windows; K = min(top_k, windows in `mask`)."""
        if top_k < 1:
            raise ConfigError(f"top_k must be at least 1, got {top_k}.")
        queries = self._unit_queries(query_vectors)
        kept = None if mask is None else np.flatnonzero(mask)
        if kept is not None and len(kept) <= _GATHER_SHARE * len(self):
            block = self._block(kept)
            rows, scores = _best(queries @ block.T, top_k)
            return kept[rows], scores
        scores_all = self._all_scores(queries)
        if kept is None or mask is None:
            return _best(scores_all, top_k)
        scores_all[:, ~mask] = -np.inf
        return _best(scores_all, min(top_k, len(kept)))

    def _unit_queries(self, query_vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        queries = np.atleast_2d(np.asarray(query_vectors, dtype=np.float32))
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise ShapeError(
                f"The query has width {queries.shape[-1]}, the index {self.dim}. "
                "Encode the query with the model that made the index."
            )
        norms = np.linalg.norm(queries, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or (norms == 0).any():
            raise DataError("A query vector is zero or not finite. Is the query empty?")
        unit: NDArray[np.float32] = queries / norms
        return unit

    def _block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        source = self.vectors if self._float32 is None else self._float32
        block: NDArray[np.float32] = source[rows].astype(np.float32, copy=False)
        return block

    def _all_scores(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._float32 is None and self.vectors.size * 4 <= _KEEP_FLOAT32_BYTES:
            self._float32 = self.vectors.astype(np.float32)
        if self._float32 is not None:
            if len(queries) == 1:
                # Twice as fast as BLAS for one query: 4.5 against 9.4 ms over 100,000 x 256 on one core.
                line: NDArray[np.float32] = np.einsum("wp,p->w", self._float32, queries[0])
                return line[None, :]
            product: NDArray[np.float32] = (self._float32 @ queries.T).T
            return np.ascontiguousarray(product)
        scores = np.empty((len(queries), len(self)), dtype=np.float32)
        for begin in range(0, len(self), _BLOCK_ROWS):
            block = self.vectors[begin : begin + _BLOCK_ROWS].astype(np.float32)
            scores[:, begin : begin + _BLOCK_ROWS] = queries @ block.T
        return scores

    def _hits(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Hit]:
        facts: list[dict[str, Any]] = self.windows[rows].to_dicts()
        return [
            Hit(
                **{**fact, "rooms": tuple(fact["rooms"]), "objects": tuple(fact["objects"])},
                score=float(score),
            )
            for fact, score in zip(facts, scores, strict=True)
        ]


def _best(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Columns (Q, K) of the k highest scores, best first, ties by column."""
    n_queries, n = scores.shape
    k = min(k, n)
    rows = np.empty((n_queries, k), dtype=np.int64)
    for q in range(n_queries):
        line = np.rint(scores[q] * _SCORE_GRID)
        if k < n:
            # argpartition picks any of the equal scores at the border; take every one of them and sort.
            border = line[np.argpartition(line, n - k)[n - k :]].min() if k else np.inf
            candidates = np.flatnonzero(line >= border)
        else:
            candidates = np.arange(n)
        order = np.argsort(-line[candidates], kind="stable")
        rows[q] = candidates[order[:k]]
    return rows, np.take_along_axis(scores, rows, axis=1)


def _check_model(found: str, wanted: str, what: str) -> None:
    if found != wanted:
        raise ArtifactError(
            f"{what} come from model {found[:12] or '(unknown)'}, the queries from {wanted[:12]}. "
            "Vectors of two models cannot be compared: embed the windows with this model again."
        )
