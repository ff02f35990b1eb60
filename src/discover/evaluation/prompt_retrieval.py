"""Retrieval by activity: a prompt finds windows, a window finds its prompt."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.core.embeddings import EncodeText, ProjectText, mean_caption_vectors, unit_rows
from discover.evaluation.coarse import coarse_prompt_set
from discover.evaluation.config import EvaluationConfig
from discover.evaluation.data import EvaluationData, SplitData, coarse_label
from discover.evaluation.recognition import activity_classes
from discover.metrics import label_means, label_shares, nearest_rows
from discover.recognition.label_free import prompt_scores
from discover.recognition.prompts import PromptSet, build_prompt_set

__all__ = ["prompt_retrieval"]

# Shape letters: W test windows, C activities with a prompt, D width.


def prompt_retrieval(
    data: EvaluationData,
    test: SplitData,
    encode_text: EncodeText,
    project_text: ProjectText,
    config: EvaluationConfig,
) -> list[dict[str, Any]]:
    """Label precision of prompts over windows, and ranks of the right prompt for windows.

    One entry per level, prompt set, source (`aligned`: window vectors; `text_only`: caption vectors) and
    pool (`annotated` windows, or `full`: all test windows, where a window without activity is never right).
    A query is the mean of an activity's prompt vectors; activities without a test window are not asked for,
    but their prompts take part when a window is asked for its prompt: which ones occur is not known then.
    """
    if not test.annotated.any():
        return []
    found: list[dict[str, Any]] = []
    vectors = _sources(data, test)
    for level, name, prompts, split in _prompt_sets(data, test, config):
        sentences = np.asarray(encode_text(prompts.sentences), dtype=np.float32)
        for source, windows in vectors.items():
            texts = sentences if source == "text_only" else np.asarray(project_text(sentences), np.float32)
            head = {"level": level, "prompts": name, "source": source}
            for pool in ("annotated", "full"):
                keep = split.annotated if pool == "annotated" else np.ones(len(split), dtype=bool)
                if pool == "full" and split.annotated.all():
                    continue
                entry = {**head, "pool": pool, "windows": int(keep.sum())}
                entry |= _prompt_to_window(prompts, texts, windows[keep], split.labels[keep], config)
                if pool == "annotated":
                    entry |= _window_to_prompt(prompts, texts, windows[keep], split.labels[keep])
                found.append(entry)
    return found


def _sources(data: EvaluationData, test: SplitData) -> dict[str, NDArray[np.float32]]:
    vectors: dict[str, NDArray[np.float32]] = {}
    if data.window_embeddings is not None:
        vectors["aligned"] = data.window_embeddings.of_windows(test.ids)
    if data.caption_embeddings is not None:
        vectors["text_only"] = mean_caption_vectors(data.caption_embeddings, test.ids)
    return vectors


def _prompt_sets(
    data: EvaluationData, test: SplitData, config: EvaluationConfig
) -> list[tuple[str, str, PromptSet, SplitData]]:
    """Prompts of all activities that can be answered or that test windows have, fine and coarse."""
    sets: list[tuple[str, str, PromptSet, SplitData]] = []
    coarse = test.coarse(data.home)
    classes, _ = activity_classes(data, config)
    labels = list(dict.fromkeys([*classes, *_present(test)]))
    coarse_labels = list(dict.fromkeys(coarse_label(data.home, label) for label in labels))
    for name in config.prompt_sets:
        fine = build_prompt_set(data.home, name, labels)
        if fine is not None:
            sets.append(("L1", name, fine, test))
        own = coarse_prompt_set(data.home, name, coarse_labels) if config.coarse else None
        if own is not None and len(own.labels) > 1:
            sets.append(("L2", name, own, coarse))
    return sets


def _present(split: SplitData) -> list[str]:
    return [str(label) for label in np.unique(split.labels[split.annotated])]


def _prompt_to_window(
    prompts: PromptSet,
    sentences: NDArray[np.float32],
    windows: NDArray[np.float32],
    labels: NDArray[np.str_],
    config: EvaluationConfig,
) -> dict[str, Any]:
    owners = prompts.owners
    unit = unit_rows(sentences)
    asked = [i for i, label in enumerate(prompts.labels) if (labels == label).any()]
    names = [prompts.labels[i] for i in asked]
    queries = np.stack([unit[owners == i].mean(axis=0) for i in asked])
    ks = config.label_precision_ks
    shares = label_shares(nearest_rows(queries, windows, max(ks)), names, labels, ks)
    counts = np.array([(labels == label).sum() for label in names])
    codes = np.arange(len(names))
    values: dict[str, float] = {}
    for column, k in enumerate(ks):
        means = label_means(shares[:, column], codes, counts)
        values |= {f"label_precision@{k}_{a}": float(means[a][0]) for a in ("macro", "weighted")}
    per_label = {
        label: {
            "windows": int(counts[i]),
            **{f"label_precision@{k}": round(float(shares[i, c]), 6) for c, k in enumerate(ks)},
        }
        for i, label in enumerate(names)
    }
    return {"prompt_to_window": values, "per_label": per_label}


def _window_to_prompt(
    prompts: PromptSet, sentences: NDArray[np.float32], windows: NDArray[np.float32], labels: NDArray[np.str_]
) -> dict[str, Any]:
    """Rank of the right activity among all; ties count against it."""
    scores = prompt_scores(windows, sentences, prompts.owners)
    place = {label: i for i, label in enumerate(prompts.labels)}
    right = scores[np.arange(len(labels)), [place[str(label)] for label in labels]]
    ranks = (scores >= right[:, None]).sum(axis=1)
    return {
        "window_to_prompt": {
            **{f"recall@{k}": float((ranks <= k).mean()) for k in (1, 2, 3)},
            "mrr": float((1 / ranks).mean()),
            "mean_rank": float(ranks.mean()),
            "prompts": len(prompts.labels),
        }
    }
