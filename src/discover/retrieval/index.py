"""Search over window embeddings, exact or through FAISS.

Vectors are stored as float16 (a cosine changes by less than 1e-3) or float32, and scored as float32. Ranking
is
repeatable: equal scores (to six digits) are ordered by row. Exact unless `IndexConfig` says otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.config import closest
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError, DataError, JoinError, ShapeError
from discover.core.row_keys import Keys
from discover.core.window_set import WindowSet
from discover.retrieval.activation_builder import build_activations
from discover.retrieval.activations import Activations
from discover.retrieval.approximate import InvertedLists, faiss_installed
from discover.retrieval.config import AUTO_ANN_WINDOWS, Backend, IndexConfig, SearchFilters
from discover.retrieval.day_clock import week_minutes
from discover.retrieval.exact import ExactScorer, unit_queries
from discover.retrieval.filters import filter_mask
from discover.retrieval.hits import Hit, build_hits
from discover.retrieval.storage import INDEX_FILES, check_model, read_index, write_index
from discover.retrieval.window_facts import WINDOW_FACTS, build_window_facts

__all__ = ["INDEX_FILES", "Index", "unit_window_vectors"]

# Few enough windows pass the filters: scoring them all is as fast as FAISS and exact.
_EXACT_WINDOWS = 50_000

# Shape letters: W windows, P width of the joint space, Q queries, K results per query.


class Index:
    """Windows of one or many homes, searchable by vectors of the model that embedded them.

    Attributes:
        vectors: (W, P) float16 or float32 unit vectors.
        windows: `WINDOW_FACTS`, one row per vector.
        model_sha256: The model that made the vectors; a query must come from the same one.
        ann: FAISS lists where searching is approximate, else None.
        activations: By home, of its windows, for the conditions of a query; None where the index has none.
        homes: Names of the homes, in the order in which their windows begin.
    """

    def __init__(
        self,
        vectors: NDArray[np.float16 | np.float32],
        windows: pl.DataFrame,
        model_sha256: str,
        *,
        ann: InvertedLists | None = None,
        activations: Mapping[str, Activations] | None = None,
    ) -> None:
        if vectors.ndim != 2 or len(vectors) != len(windows):
            raise ShapeError(f"Vectors {vectors.shape} and {len(windows)} windows must have one row each.")
        if vectors.dtype.kind != "f" or not np.isfinite(vectors).all():
            raise DataError(
                f"An index takes vectors of finite numbers, got {vectors.dtype} with "
                f"{_count_bad(vectors):,} of {len(vectors):,} rows that are not. Embed the windows again."
            )
        self.vectors = vectors
        self.windows = windows
        self.model_sha256 = model_sha256
        self.ann = ann
        self.activations = activations
        self.homes: tuple[str, ...] = tuple(windows["home"].unique(maintain_order=True))
        self.note = ""
        self._exact = ExactScorer(vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """Width of the joint space."""
        return int(self.vectors.shape[1])

    @classmethod
    def build(
        cls,
        embeddings: EmbeddingTable,
        window_set: WindowSet,
        *,
        model_sha256: str,
        config: IndexConfig | None = None,
        dtype: Literal["float16", "float32"] = "float16",
    ) -> "Index":
        """Index every window of a set.

        Args:
            embeddings: One vector per window (joined by id); scaled to length 1 here.
            window_set: The windows and their events, of one home or several.
            model_sha256: Hash of the model's checkpoint.
            config: Exact or FAISS; default: exact up to 200,000 windows.
            dtype: How the vectors are stored.

        Raises:
            ArtifactError: The embeddings name another model in their metadata.
            JoinError: A window has no vector, or several.
            DataError: No windows, or a vector that is zero or not finite.
        """
        if not len(window_set.windows):
            raise DataError("There is no window to index. Sample the log first, or choose other splits.")
        ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
        vectors = unit_window_vectors(embeddings, ids, model_sha256=model_sha256, dtype=dtype)
        return cls.of_unit_vectors(vectors, window_set, model_sha256=model_sha256, config=config)

    @classmethod
    def of_unit_vectors(
        cls,
        vectors: NDArray[np.float16 | np.float32],
        window_set: WindowSet,
        *,
        model_sha256: str,
        config: IndexConfig | None = None,
    ) -> "Index":
        """Index windows whose vectors are ready: (W, P), of length 1, in the order of the windows."""
        facts = build_window_facts(window_set)
        index = cls(vectors, facts, model_sha256, activations=build_activations(window_set))
        return index.with_backend(config or IndexConfig())

    def save(self, folder: Path, keys: Keys | None = None) -> list[Path]:
        """Write the index; the manifest comes last, so a half-written index is noticed.

        Args:
            folder: Where to.
            keys: (W,) key of each vector (`core.row_keys`), by which a later run finds it again.
        """
        facts = self.windows.select(list(WINDOW_FACTS))
        return write_index(folder, self.vectors, facts, self.model_sha256, self.ann, self.activations, keys)

    @classmethod
    def load(
        cls, folder: Path, *, model_sha256: str | None = None, config: IndexConfig | None = None
    ) -> "Index":
        """Read an index.

        Args:
            folder: What `save` wrote.
            model_sha256: Hash of the model that will make the queries; None skips the check.
            config: None takes the index as it was saved: with its FAISS lists, where it has them and FAISS
                is installed, else exact. "faiss" makes the lists now if the folder has none.

        Raises:
            ArtifactError: Missing, damaged, or made by another model.
            ConfigError: Backend "faiss" without FAISS installed.
        """
        stored = read_index(folder, model_sha256=model_sha256)
        index = cls(
            stored.vectors,
            stored.windows,
            stored.model_sha256,
            ann=stored.ann,
            activations=stored.activations,
        )
        if stored.ann_report is not None and stored.ann is None:
            index.note = "exact search: the index has FAISS lists, but FAISS is not installed here"
        if config is None or (config.backend == "auto" and stored.ann_report is not None):
            return index
        return index if config.backend == "faiss" and index.ann is not None else index.with_backend(config)

    def with_backend(self, config: IndexConfig) -> "Index":
        """The same windows, searched as `config` says; FAISS lists are made here and now.

        Raises:
            ConfigError: Backend "faiss" without FAISS installed.
        """
        ann = None
        if _wants_lists(config.backend, len(self)):
            ann = InvertedLists.build(self._exact, min_recall=config.min_recall, seed=config.seed)
        index = Index(self.vectors, self.windows, self.model_sha256, ann=ann, activations=self.activations)
        if config.backend == "auto" and ann is None and len(self) > AUTO_ANN_WINDOWS:
            index.note = "exact search (FAISS is faster here: pip install 'discover-v2[ann]')"
        return index

    def with_clusters(self, assignments: pl.DataFrame) -> "Index":
        """The same index with a column `cluster`, which `SearchFilters.clusters` reads.

        Args:
            assignments: Columns window_id (String) and cluster (integer); others are ignored. A window
                that is not in it is in no cluster.
        """
        facts = self.windows.select(list(WINDOW_FACTS))
        joined = facts.join(
            assignments.select("window_id", "cluster"), on="window_id", how="left", maintain_order="left"
        )
        index = Index(self.vectors, joined, self.model_sha256, ann=self.ann, activations=self.activations)
        # The scorer may hold a float32 copy of the vectors, which is not made twice.
        index._exact, index.note = self._exact, self.note
        return index

    @cached_property
    def week_minutes(self) -> NDArray[np.int16]:
        """(W,) minute of the week in which each window begins, for `match_query`."""
        return week_minutes(self.windows["start"])

    @property
    def search_note(self) -> str:
        """How answers are found: "exact search", or FAISS with its measured recall."""
        return self.note or "exact search" if self.ann is None else self.ann.report.describe()

    def rows_in(self, home: str) -> NDArray[np.int64]:
        """(N,) row numbers of a home's windows."""
        return self._rows_by_home.get(home, np.empty(0, dtype=np.int64))

    @cached_property
    def _rows_by_home(self) -> dict[str, NDArray[np.int64]]:
        names = self.windows["home"]
        return {home: (names == home).arg_true().to_numpy().astype(np.int64) for home in self.homes}

    def of_home(self, home: str) -> "Index":
        """The windows of one home, searched exactly.

        Raises:
            ConfigError: No window is of that home.
        """
        if home not in self.homes:
            raise ConfigError(f"No window of this index is of home '{home}'. {closest(home, self.homes)}")
        if self.homes == (home,):
            return self
        rows = self.rows_in(home)
        own = None if self.activations is None else {home: self.activations[home]}
        return Index(self.vectors[rows], self.windows[rows], self.model_sha256, activations=own)

    def overlapping(self, window_id: str, *, margin_s: float = 0.0) -> NDArray[np.bool_]:
        """(W,) windows of the same home that share a moment with a window, or lie within `margin_s` of it.

        Raises:
            JoinError: The window is not in the index.
        """
        row = self.windows.row(int(self.rows_of([window_id])[0]), named=True)
        margin = timedelta(seconds=margin_s)
        mask: NDArray[np.bool_] = (
            self.windows.select(
                (pl.col("home") == row["home"])
                & (pl.col("start") <= row["end"] + margin)
                & (pl.col("end") >= row["start"] - margin)
            )
            .to_series()
            .to_numpy()
        )
        return mask

    def rows_of(self, window_ids: Sequence[str]) -> NDArray[np.int64]:
        """(N,) row numbers of some windows.

        Raises:
            JoinError: A window is not in the index.
        """
        wanted = pl.DataFrame({"window_id": list(window_ids)}, schema={"window_id": pl.String})
        known = self.windows.select("window_id").with_row_index("row")
        rows = wanted.join(known, on="window_id", how="left", maintain_order="left")["row"]
        if rows.null_count():
            missing = wanted.filter(rows.is_null())["window_id"][0]
            raise JoinError(
                f"Window {missing} is not in this index of {len(self):,} windows. "
                "Ids stand in brackets at the end of each answer of `discover search`."
            )
        return rows.to_numpy().astype(np.int64)

    def vectors_of(self, window_ids: Sequence[str]) -> NDArray[np.float32]:
        """(N, P) vectors of some windows, to search for windows like them.

        Raises:
            JoinError: A window is not in the index.
        """
        picked: NDArray[np.float32] = self.vectors[self.rows_of(window_ids)].astype(np.float32)
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

        Examples:
            With a model and its text encoder (`discover.pipeline.Searcher` wires them together):

            >>> query = model.project_text(encoder.encode(["someone opens the fridge"], kind="query"))
            >>> for hit in index.search(query, 3, filters=SearchFilters(rooms=("kitchen",))):
            ...     print(hit.start, hit.rooms, round(hit.score, 2))
            2021-03-01 07:01:00 ('kitchen', 'hall', 'kitchen') 0.93
            2021-03-01 07:00:00 ('bedroom', 'hall', 'kitchen') 0.37

            Windows like a window: the first answer is the window itself.

            >>> [hit.window_id for hit in index.search(index.vectors_of(["small_home_T_val_0002"]), 1)]
            ['small_home_T_val_0002']
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
        mask = self.mask(filters)
        rows, scores = self.top_rows(query_vectors, top_k, mask=mask)
        return [build_hits(self.windows[r], s) for r, s in zip(rows, scores, strict=True)]

    def hits(
        self,
        query_vector: NDArray[np.floating],
        top_k: int,
        *,
        mask: NDArray[np.bool_] | None = None,
        bonus: NDArray[np.float32] | None = None,
    ) -> list[Hit]:
        """`top_rows` of one query, (P,) or (1, P), as hits; they carry their bonus as `preference`."""
        rows, scores = self.top_rows(query_vector, top_k, mask=mask, bonus=bonus)
        return build_hits(self.windows[rows[0]], scores[0], None if bonus is None else bonus[rows[0]])

    def mask(self, filters: SearchFilters | None) -> NDArray[np.bool_] | None:
        """(W,) windows that pass the filters; None where there is no filter."""
        return None if filters is None or filters == SearchFilters() else filter_mask(self.windows, filters)

    def top_rows(
        self,
        query_vectors: NDArray[np.floating],
        top_k: int,
        *,
        mask: NDArray[np.bool_] | None = None,
        bonus: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row numbers (Q, K) and cosines (Q, K) of the best windows; K = min(top_k, windows in `mask`).

        Args:
            query_vectors: (Q, P) or (P,).
            top_k: Number wanted, at least 1.
            mask: (W,) windows that may be returned.
            bonus: (W,) added to the cosines for ranking, not returned; always searched exactly.
        """
        if top_k < 1:
            raise ConfigError(f"top_k must be at least 1, got {top_k}.")
        queries = unit_queries(query_vectors, self.dim)
        few = mask is not None and int(mask.sum()) <= _EXACT_WINDOWS
        if self.ann is None or bonus is not None or few:
            return self._exact.top(queries, top_k, mask=mask, bonus=bonus)
        k = min(top_k, len(self) if mask is None else int(mask.sum()))
        parts = [
            self.ann.top(self._exact, query[None, :], k, mask=mask)
            or self._exact.top(query[None, :], k, mask=mask)
            for query in queries
        ]
        return np.concatenate([rows for rows, _ in parts]), np.concatenate([scores for _, scores in parts])


def _count_bad(vectors: NDArray[Any]) -> int:
    return len(vectors) if vectors.dtype.kind != "f" else int((~np.isfinite(vectors).all(axis=1)).sum())


def _wants_lists(backend: Backend, n_windows: int) -> bool:
    return backend == "faiss" or (backend == "auto" and n_windows > AUTO_ANN_WINDOWS and faiss_installed())


def unit_window_vectors(
    embeddings: EmbeddingTable,
    window_ids: NDArray[np.str_],
    *,
    model_sha256: str,
    dtype: Literal["float16", "float32"] = "float16",
) -> NDArray[np.float16 | np.float32]:
    """(W, P) vectors of `dtype`, in the order of `window_ids`.

    Raises:
        ArtifactError: The embeddings name another model in their metadata.
        JoinError: A window has no vector, or several.
        DataError: A vector is zero or not finite.
    """
    made_by = str(embeddings.meta.get("model_sha256", model_sha256))
    check_model(made_by, model_sha256, "These window embeddings")
    vectors = embeddings.of_windows(window_ids)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = int((~np.isfinite(norms) | (norms == 0)).sum())
    if bad:
        raise DataError(f"{bad:,} of {len(vectors):,} window vectors are zero or not finite. Embed again.")
    unit: NDArray[np.float16 | np.float32] = (vectors / norms).astype(dtype)
    return unit
