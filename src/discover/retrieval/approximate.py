"""Approximate search for large indexes: inverted lists of FAISS (the `ann` extra), recall measured.

Vectors are grouped by spherical k-means; a query scores only the windows of the nearest groups. Why this
kind of FAISS index and not another: docs/decisions/0007-inverted-lists-for-large-indexes.md.
"""

import importlib.util
import math
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, ConfigError
from discover.core.seeds import derive_seed
from discover.retrieval.exact import SCORE_GRID, ExactScorer, best_rows

__all__ = ["AnnReport", "InvertedLists", "faiss_installed"]

# Groups: 2 sqrt(W) balances the cost of choosing groups and of scoring their windows.
_LISTS_PER_ROOT = 2
# k-means sees this many windows per group; FAISS asks for at least 39, more gives no measurable recall.
_TRAIN_PER_LIST = 64
_TRAIN_ROUNDS = 10
# Sentences lie apart from all windows, so their neighbours are spread over more groups than those of windows
# are (docs/decisions/0007).
_SENTENCE_FACTOR = 8
_RECALL_K = 10
_SAMPLE = 500


@dataclass(frozen=True)
class AnnReport:
    """The kind of an approximate index and its measured recall.

    Attributes:
        kind: FAISS factory name, such as "IVF1024,SQfp16".
        n_lists, n_probe: Groups, and how many of them a query looks into.
        recall_at_10: Mean share of the exact ten nearest neighbours found, over `sample` of the index's own
            windows as queries (the window itself does not count).
        sample: Number of those windows.
        seed: Of k-means and of the sample.
    """

    kind: str
    n_lists: int
    n_probe: int
    recall_at_10: float
    sample: int
    seed: int

    def describe(self) -> str:
        """The report as one line."""
        return (
            f"approximate search ({self.kind}, {self.n_probe} of {self.n_lists} groups), recall@10 "
            f"{self.recall_at_10:.3f} against exact search, measured on {self.sample:,} of its own windows"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a manifest."""
        return asdict(self)


def faiss_installed() -> bool:
    """Whether the `ann` extra is there; nothing is imported."""
    return importlib.util.find_spec("faiss") is not None


class InvertedLists:
    """FAISS IVF over unit vectors stored as float16, with its measured recall.

    Attributes:
        report: Kind, probes and recall.
    """

    def __init__(self, lists: Any, report: AnnReport) -> None:
        self._lists = lists
        self.report = report

    @classmethod
    def build(cls, scorer: ExactScorer, *, min_recall: float = 0.95, seed: int = 0) -> "InvertedLists":
        """Group the vectors and find how many groups to look into: eight times what `min_recall` takes.

        Args:
            scorer: The vectors, and the exact answers that recall is measured against.
            min_recall: Recall@10 on the index's own windows to reach, in (0, 1], before the factor for
                sentences, which lie farther from every group than windows do.
            seed: Same seed and vectors, same index.

        Raises:
            ConfigError: FAISS is not installed.
        """
        faiss = _faiss()
        n, dim = scorer.vectors.shape
        n_lists = max(1, min(n, round(_LISTS_PER_ROOT * math.sqrt(n))))
        quantizer = faiss.IndexFlatIP(dim)
        lists = faiss.IndexIVFScalarQuantizer(
            quantizer, dim, n_lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
        )
        lists.cp.spherical, lists.cp.seed, lists.cp.niter = True, seed, _TRAIN_ROUNDS
        # FAISS warns about few windows. The warning is off because recall is measured below.
        lists.cp.min_points_per_centroid = 1
        picked = _sample(n, _TRAIN_PER_LIST * n_lists, derive_seed(seed, "ann-train"))
        lists.train(scorer.vectors[picked].astype(np.float32))
        for begin in range(0, n, 65_536):
            lists.add(scorer.vectors[begin : begin + 65_536].astype(np.float32))
        sample = _sample(n, _SAMPLE, derive_seed(seed, "ann-recall"))
        kind = f"IVF{n_lists},SQfp16"
        built = cls(lists, AnnReport(kind, n_lists, 1, 0.0, len(sample), seed))
        exact = _neighbour_scores(scorer, sample)
        n_probe = 1
        while True:
            lists.nprobe = n_probe
            if n_probe == n_lists or built._recall(scorer, sample, exact) >= min_recall:
                break
            n_probe = min(2 * n_probe, n_lists)
        n_probe = lists.nprobe = min(_SENTENCE_FACTOR * n_probe, n_lists)
        recall = built._recall(scorer, sample, exact)
        built.report = AnnReport(kind, n_lists, n_probe, round(recall, 4), len(sample), seed)
        return built

    def top(
        self,
        scorer: ExactScorer,
        query: NDArray[np.float32],
        k: int,
        *,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Rows (1, K) and cosines (1, K) for one unit query (1, P), ordered as the exact search orders them.

        Returns:
            None where the groups looked into hold fewer than k windows of `mask`: ask the exact search.
        """
        faiss = _faiss()
        selector = None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        # A few more than asked for: rows with equal scores are put in order of row afterwards.
        wanted = min(len(scorer), k + 16)
        options = faiss.SearchParametersIVF(sel=selector, nprobe=self.report.n_probe)
        _, found = self._lists.search(query, wanted, params=options)
        rows = np.sort(found[0][found[0] >= 0])
        if len(rows) < k:
            return None
        scores = scorer.some(query, rows)
        order = best_rows(scores, k)
        return rows[order], np.take_along_axis(scores, order, axis=1)

    def write(self, path: Path) -> None:
        """Write FAISS's own file format (no pickle)."""
        with atomic_path(path) as temporary:
            _faiss().write_index(self._lists, str(temporary))

    @classmethod
    def read(cls, path: Path, report: AnnReport) -> "InvertedLists":
        """Read what `write` wrote; the caller has checked the file's hash.

        Raises:
            ArtifactError: Not a FAISS file.
            ConfigError: FAISS is not installed.
        """
        faiss = _faiss()
        try:
            return cls(faiss.read_index(str(path)), report)
        except RuntimeError as error:
            raise ArtifactError(
                f"{path} is not a FAISS index this version reads ({str(error).splitlines()[0]}). "
                "Delete the index folder and build it again."
            ) from error

    def _recall(self, scorer: ExactScorer, sample: NDArray[np.int64], exact: NDArray[np.float32]) -> float:
        """Mean share of the first ten neighbours that are as near as the exact tenth."""
        queries = scorer.vectors[sample].astype(np.float32)
        k = min(_RECALL_K + 1, len(scorer))
        _, found = self._lists.search(queries, k)
        total = 0.0
        for row, query, ids, border in zip(sample, queries, found, exact, strict=True):
            others = ids[(ids >= 0) & (ids != row)][:_RECALL_K]
            scores = np.rint(scorer.some(query[None, :], others)[0] * SCORE_GRID)
            # By score, not by id: of equal neighbours any one is right. One grid step is rounding.
            total += float((scores >= border - 1).sum()) / max(1, min(_RECALL_K, len(scorer) - 1))
        return total / len(sample)


def _neighbour_scores(scorer: ExactScorer, sample: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N,) score, on the grid, of each sampled window's tenth nearest other window."""
    border = np.empty(len(sample), dtype=np.float32)
    for begin in range(0, len(sample), 50):
        part = sample[begin : begin + 50]
        scores = scorer.all(scorer.vectors[part].astype(np.float32))
        scores[np.arange(len(part)), part] = -np.inf
        k = min(_RECALL_K, len(scorer) - 1)
        best = np.partition(scores, scores.shape[1] - max(k, 1), axis=1)[:, -max(k, 1)]
        border[begin : begin + 50] = np.rint(best * SCORE_GRID)
    return border


def _sample(n: int, size: int, seed: int) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = np.random.default_rng(seed).choice(n, min(n, size), replace=False)
    return np.sort(rows)


def _faiss() -> Any:
    if not faiss_installed():
        raise ConfigError(
            "backend 'faiss' needs FAISS, which is not installed. "
            "Run `pip install 'discover-v2[ann]'`, or use backend exact (or auto)."
        )
    with warnings.catch_warnings():
        # SWIG's wrapper classes warn about themselves on Python 3.12 and later.
        warnings.simplefilter("ignore", DeprecationWarning)
        import faiss
    return faiss
