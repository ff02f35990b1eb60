"""Retrieval between captions and windows on the whole test pool."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.embeddings import ProjectText
from discover.core.errors import ArtifactError, JoinError
from discover.core.home import NO_ACTIVITY
from discover.core.progress import SILENT, Progress
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.leak_check import check_leaks
from discover.evaluation.methods import window_vectors
from discover.metrics import label_precision_at_k, retrieval_scores

__all__ = ["RETRIEVAL_SCHEMA", "evaluate_retrieval"]

RETRIEVAL_SCHEMA = "discover-retrieval/1"
"""Format of the result; docs/guides/evaluation.md describes it."""


def evaluate_retrieval(
    data: EvaluationData,
    *,
    project_text: ProjectText,
    config: EvaluationConfig | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """R@k, mAP and median rank, text to window and window to text, and label precision beside them.

    The pool is every test window with its first caption (index 0). Windows whose first captions are the
    same sentence form one relevant set: each of them is a right answer for that sentence. Ties count
    against the model.

    Args:
        data: Windows, window and caption vectors, and the captions themselves.
        project_text: The model's text head.
        config: Settings; the defaults are the protocol's.
        progress: Told after each direction.

    Returns:
        JSON-able result, schema `RETRIEVAL_SCHEMA`. Label precision is over annotated windows and left
        out where there are none.

    Raises:
        ArtifactError: Window vectors, caption vectors or captions are missing.
        JoinError: A window lacks one of them.
        DataError: Splits share events or windows are duplicated.
    """
    config = config or EvaluationConfig()
    leaks = check_leaks(data.window_set, data.labels)
    if data.window_embeddings is None or data.caption_embeddings is None or data.captions is None:
        raise ArtifactError(
            "Retrieval needs window vectors, caption vectors and captions of the test windows. "
            "Run the caption, encode-text and align stages first."
        )
    test = data.split("test", config.background_labels)
    result: dict[str, Any] = {"schema": RETRIEVAL_SCHEMA, "home": data.home.name, "leak_check": leaks}
    result["protocol"] = "presegmented" if data.presegmented else "free_running"
    if not len(test):
        return {**result, "skipped": "there is no test window", "pool": {"windows": 0}}
    windows = window_vectors(data.window_embeddings, test)
    texts = np.asarray(project_text(_first_vectors(data, test)), dtype=np.float32)
    groups = _first_captions(data.captions, test)
    progress.start("retrieval", total=2)
    text_to_window = retrieval_scores(texts, windows, groups, groups, ks=config.recall_ks).to_dict()
    progress.advance(note="text to window")
    window_to_text = retrieval_scores(windows, texts, groups, groups, ks=config.recall_ks).to_dict()
    progress.advance(note="window to text")
    progress.finish()
    sizes = np.bincount(groups)
    return {
        **result,
        "pool": {
            "windows": len(test),
            "distinct_captions": len(sizes),
            "largest_relevant_set": int(sizes.max()),
            "chance_recall": {str(k): round(_chance(sizes, k), 6) for k in config.recall_ks},
        },
        "text_to_window": text_to_window,
        "window_to_text": window_to_text,
        "label_precision": _label_precision(texts, windows, test, config),
    }


def _first_vectors(data: EvaluationData, test: SplitData) -> NDArray[np.floating]:
    captions = data.caption_embeddings
    assert captions is not None
    rows = captions.rows_of(test.ids, what="caption embeddings")[:, 0]
    if (captions.caption_indices[rows] != 0).any():
        raise JoinError(
            "Some windows have no caption with index 0 among the vectors. Encode the captions again."
        )
    vectors: NDArray[np.floating] = captions.vectors[rows].astype(np.float32)
    return vectors


def _first_captions(captions: pl.DataFrame, test: SplitData) -> NDArray[np.int64]:
    """(W,) number of each test window's first caption; equal sentences have equal numbers."""
    first = captions.filter(pl.col("caption_index") == 0).select("window_id", "caption")
    joined = test.table.select("window_id").join(first, on="window_id", how="left", maintain_order="left")
    if joined["caption"].null_count() or len(joined) != len(test):
        raise JoinError("Not every test window has exactly one first caption. Run the captions stage again.")
    _, groups = np.unique(joined["caption"].to_numpy().astype(np.str_), return_inverse=True)
    return np.asarray(groups, dtype=np.int64)


def _chance(sizes: NDArray[np.int64], k: int) -> float:
    """Mean recall@k of a random order: 1 - C(N - m, k) / C(N, k) for a relevant set of m."""
    n = int(sizes.sum())
    if k >= n:
        return 1.0
    steps = np.arange(k)
    miss = np.clip((n - sizes[:, None] - steps) / (n - steps), 0, 1).prod(axis=1)
    return float(np.average(1 - miss, weights=sizes))


def _label_precision(
    texts: NDArray[np.floating], windows: NDArray[np.floating], test: SplitData, config: EvaluationConfig
) -> dict[str, Any] | None:
    keep = test.annotated
    if not keep.any():
        return None
    labels, ks = test.labels[keep], config.label_precision_ks
    assert NO_ACTIVITY not in labels
    return {
        "windows": int(keep.sum()),
        "text_to_window": label_precision_at_k(texts[keep], windows[keep], labels, labels, ks=ks),
    }
