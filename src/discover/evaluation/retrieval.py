"""Retrieval between captions and windows on the whole test pool.

The pool is every test window with its first caption (index 0). Windows whose first captions are the same
sentence form one relevant set: each of them is a right answer for that sentence. Ties count against the
model.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable, EncodeText, ProjectText, mean_caption_vectors
from discover.core.errors import ArtifactError, JoinError
from discover.core.progress import SILENT, Progress
from discover.evaluation.answers import AnswerLog
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData
from discover.evaluation.label_directions import LabelledDirection, LabelTask, label_direction
from discover.evaluation.prompt_retrieval import prompt_retrieval
from discover.evaluation.rank_directions import chance_recall, paired_ranks, rank_direction
from discover.metrics.bootstrap import day_draws

__all__ = ["RETRIEVAL_SCHEMA", "evaluate_retrieval"]

RETRIEVAL_SCHEMA = "discover-retrieval/3"
"""Format of the result; docs/guides/evaluation.md describes it."""

_WORKERS = 2
"""Directions computed at a time. numpy leaves Python's lock while it multiplies and sorts."""


def evaluate_retrieval(
    data: EvaluationData,
    *,
    project_text: ProjectText,
    encode_text: EncodeText | None = None,
    config: EvaluationConfig | None = None,
    answers: AnswerLog | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Recall, mAP and ranks; label precision in four directions; prompts; caption-only search beside them.

    Args:
        data: Windows, window and caption vectors, and the captions themselves.
        project_text: The model's text head.
        encode_text: The text encoder, for retrieval by activity prompts; None leaves that out.
        config: Settings; the defaults are the protocol's.
        answers: Where to note ranks and precisions of every query.
        progress: Told after each part.

    Returns:
        JSON-able result, schema `RETRIEVAL_SCHEMA`. Label precision asks for annotated windows, in the pool
        of all test windows without the query's own; where no window is annotated it is left out.

    Raises:
        ArtifactError: Window vectors, caption vectors or captions are missing.
        JoinError: A window lacks one of them.
    """
    config = config or EvaluationConfig()
    if data.window_embeddings is None or data.caption_embeddings is None or data.captions is None:
        raise ArtifactError(
            "Retrieval needs window vectors, caption vectors and captions of the test windows. "
            "Run the caption, encode-text and align stages first."
        )
    test = data.split("test", config.background_labels)
    result: dict[str, Any] = {
        "schema": RETRIEVAL_SCHEMA,
        "home": data.home.name,
        "leak_check": data.leak_check,
    }
    result["protocol"] = "presegmented" if data.presegmented else "free_running"
    result["config"] = config.model_dump(mode="json")
    if not len(test):
        return {**result, "skipped": "there is no test window", "pool": {"windows": 0}}
    progress.start("retrieval", total=3)
    encoded = _first_vectors(data, test)
    spaces = {
        "windows": data.window_embeddings.of_windows(test.ids),
        "texts": np.asarray(project_text(encoded), dtype=np.float32),
    }
    others = _other_captions(data, test)
    if others is not None:
        spaces |= {"encoded": encoded, "encoded_others": others}
        spaces["texts_others"] = np.asarray(project_text(others), dtype=np.float32)
    groups = _first_captions(data.captions, test)
    ranked = _ranked(spaces, groups, test, config, answers, result["protocol"])
    progress.advance(note="ranks")
    labelled = _labelled(data, spaces, test, config, answers, result["protocol"])
    progress.advance(note="labels")
    prompts = [] if encode_text is None else prompt_retrieval(data, test, encode_text, project_text, config)
    progress.advance(note="prompts")
    progress.finish()
    sizes = np.bincount(groups)
    return {
        **result,
        "pool": {
            "windows": len(test),
            "distinct_captions": len(sizes),
            "largest_relevant_set": int(sizes.max()),
            "chance_recall": {str(k): round(chance_recall(sizes, k), 6) for k in config.recall_ks},
        },
        **ranked,
        **labelled,
        "prompts": prompts,
    }


def _ranked(
    spaces: dict[str, NDArray[np.float32]],
    groups: NDArray[np.int64],
    test: SplitData,
    config: EvaluationConfig,
    answers: AnswerLog | None,
    protocol: str,
) -> dict[str, Any]:
    """Recall, ranks and mAP of the two directions, and of caption-only search where captions allow it."""
    pairs = {"text_to_window": ("texts", "windows"), "window_to_text": ("windows", "texts")}
    if "encoded" in spaces:
        pairs["text_to_captions_encoder"] = ("encoded", "encoded_others")
        pairs["text_to_captions_joint"] = ("texts", "texts_others")
    draws = _draws(test, config)
    tasks = [
        partial(rank_direction, spaces[q], spaces[i], groups, test.days, draws, config)
        for q, i in pairs.values()
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = dict(zip(pairs, pool.map(lambda task: task(), tasks), strict=True))
    if answers is not None:
        rows = np.arange(len(test))
        for name, direction in found.items():
            answers.add_retrieval(
                test, rows, direction.ranks, protocol=protocol, direction=name, measure="rank"
            )
    result: dict[str, Any] = {name: found[name].scores for name in ("text_to_window", "window_to_text")}
    result["intervals"] = {name: direction.intervals for name, direction in found.items()}
    result["recall_curve"] = {name: direction.curve for name, direction in found.items()}
    result["caption_only"] = None
    if "encoded" in spaces:
        sensor = found["text_to_window"]
        result["caption_only"] = {
            "query": "caption 0 of each test window",
            "items": "mean of the other captions of each test window; the query's own window is in the pool",
            **{space: found[f"text_to_captions_{space}"].scores for space in ("encoder", "joint")},
            "text_to_window_minus_encoder": paired_ranks(
                sensor.ranks, found["text_to_captions_encoder"].ranks, test.days, draws, config.recall_ks
            ),
        }
    return result


_LABEL_PAIRS = {
    "text_to_window": ("texts", "windows"),
    "window_to_text": ("windows", "texts"),
    "window_to_window": ("windows", "windows"),
    "text_to_text": ("texts", "texts"),
    "text_to_captions_encoder": ("encoded", "encoded_others"),
    "captions_to_captions_encoder": ("encoded", "encoded"),
}


def _labelled(
    data: EvaluationData,
    spaces: dict[str, NDArray[np.float32]],
    test: SplitData,
    config: EvaluationConfig,
    answers: AnswerLog | None,
    protocol: str,
) -> dict[str, Any]:
    """Label precision of annotated windows: in the whole pool, and apart from it in the annotated one."""
    asked = np.flatnonzero(test.annotated)
    if not len(asked) or len(test) < 2:
        return {"label_precision": None, "labels": None}
    pools = {"whole": np.arange(len(test))}
    if 1 < len(asked) < len(test):
        pools["annotated"] = asked
    annotated = SplitData(test.table[asked])
    found = {
        name: _label_directions(data, spaces, annotated, asked, SplitData(test.table[rows]), rows, config)
        for name, rows in pools.items()
    }
    if answers is not None:
        for name, direction in found["whole"].items():
            for measure, values in direction.per_query.items():
                answers.add_retrieval(
                    annotated,
                    np.arange(len(asked)),
                    values,
                    protocol=protocol,
                    direction=name,
                    measure=measure,
                )

    def summary(name: str) -> dict[str, Any]:
        levels = {level: {d: f.levels[level] for d, f in found[name].items()} for level in ("L1", "L2")}
        return {"windows": len(asked), "pool": len(pools[name]), **levels}

    labels = {**summary("whole"), "own_window": "a query never finds its own window"}
    if "annotated" in pools:
        labels["annotated_pool"] = summary("annotated")
    plain = {name: direction["values"] for name, direction in labels["L1"].items()}
    counts = {"windows": len(asked), "pool": len(test)}
    return {"label_precision": {**counts, **plain}, "labels": labels}


def _label_directions(
    data: EvaluationData,
    spaces: dict[str, NDArray[np.float32]],
    asked: SplitData,
    asked_rows: NDArray[np.int64],
    pool: SplitData,
    pool_rows: NDArray[np.int64],
    config: EvaluationConfig,
) -> dict[str, LabelledDirection]:
    """Every direction between annotated windows and one pool; rows are places among the test windows."""
    levels = {
        "L1": (asked.labels, pool.labels),
        "L2": (asked.coarse(data.home).labels, pool.coarse(data.home).labels),
    }
    own = np.searchsorted(pool_rows, asked_rows)
    draws = _draws(asked, config)
    tasks = {
        name: LabelTask(spaces[q][asked_rows], spaces[i][pool_rows], own, levels, asked.days, draws)
        for name, (q, i) in _LABEL_PAIRS.items()
        if q in spaces
    }
    with ThreadPoolExecutor(_WORKERS) as workers:
        done = workers.map(partial(label_direction, config=config), tasks.values())
        return dict(zip(tasks, done, strict=True))


def _draws(split: SplitData, config: EvaluationConfig) -> NDArray[np.int64]:
    return day_draws(len(np.unique(split.days)), config.bootstrap_samples, config.seed)


def _first_vectors(data: EvaluationData, test: SplitData) -> NDArray[np.float32]:
    captions = data.caption_embeddings
    assert captions is not None
    rows = captions.rows_of(test.ids, what="caption embeddings")[:, 0]
    if (captions.caption_indices[rows] != 0).any():
        raise JoinError(
            "Some windows have no caption with index 0 among the vectors. Encode the captions again."
        )
    return captions.vectors[rows].astype(np.float32)


def _other_captions(data: EvaluationData, test: SplitData) -> NDArray[np.float32] | None:
    """(W, d) unit mean of each window's captions without the first; None where a window has only one."""
    captions = data.caption_embeddings
    assert captions is not None
    rest = captions.caption_indices > 0
    others = EmbeddingTable(captions.vectors[rest], captions.sample_ids[rest], captions.caption_indices[rest])
    if not np.isin(test.ids, others.sample_ids).all():
        return None
    return mean_caption_vectors(others, test.ids)


def _first_captions(captions: pl.DataFrame, test: SplitData) -> NDArray[np.int64]:
    """(W,) number of each test window's first caption; equal sentences have equal numbers."""
    first = captions.filter(pl.col("caption_index") == 0).select("window_id", "caption")
    joined = test.table.select("window_id").join(first, on="window_id", how="left", maintain_order="left")
    if joined["caption"].null_count() or len(joined) != len(test):
        raise JoinError("Not every test window has exactly one first caption. Run the captions stage again.")
    _, groups = np.unique(joined["caption"].to_numpy().astype(np.str_), return_inverse=True)
    return np.asarray(groups, dtype=np.int64)
