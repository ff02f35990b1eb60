"""The contents of `clusters.json` and `clusters.csv`. No label is read here."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering import (
    ClusteringConfig,
    ClusterProfile,
    TypicalText,
    Wording,
    cluster_centres,
    cluster_health,
    cut_tree,
    empty_profile,
    example_windows,
    hour_words,
    merge_tree,
    nearest_prompts,
    profile_clusters,
    sure_activities,
    transition_counts,
    word_clusters,
)
from discover.core.artifacts import atomic_path
from discover.core.window_set import WindowSet
from discover.recognition import UNKNOWN
from discover.serving.cluster_inputs import ClusterInputs
from discover.serving.described_windows import DescribedWindows, describe_windows

__all__ = [
    "GENERIC_BEHAVIOUR",
    "describe_again",
    "describe_clusters",
    "example_moments",
    "write_cluster_table",
]

# Shape letters: W windows, D width.


def describe_clusters(
    inputs: ClusterInputs,
    config: ClusteringConfig,
    vectors: NDArray[np.float32],
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    wording: Wording | None,
    activities: NDArray[np.str_] | None = None,
) -> dict[str, Any]:
    """The contents of `clusters.json` for a clustering.

    Numbers and words are of windows of all days, at most one a minute; typical captions and nearest prompts
    of training and validation windows, so that nothing that is scored on test days has seen them.

    Args:
        inputs: The windows.
        config: Settings of the clustering.
        vectors: The vectors it was found in, (W, D).
        labels: Cluster of each window, (W,); -1 for none.
        confidence: Confidence of each, (W,).
        wording: Who writes titles and sentences; None: by rule.
        activities: What each window was recognised as without labels, (W,); None where nobody was asked.
    """
    chosen = describe_windows(inputs.window_set)
    n_clusters = max(config.k, int(labels.max(initial=-1)) + 1)
    own, sure = labels[chosen.rows], confidence[chosen.rows]
    seen = np.flatnonzero(inputs.splits != "test")
    profiles = profile_clusters(
        chosen.facts,
        own,
        sure,
        n_clusters,
        words=chosen.words,
        rooms_of=chosen.rooms_of,
        captions=inputs.caption_pool(seen).typical(labels[seen], n_clusters),
        prompts=_prompts(inputs, seen, labels[seen], n_clusters),
    )
    if activities is not None:
        profiles = sure_activities(profiles, own, activities[chosen.rows], UNKNOWN)
    words = word_clusters(profiles, wording)
    examples = example_moments(chosen.facts, own, sure, captions=inputs.first_captions)
    counts = np.bincount(labels[labels >= 0], minlength=n_clusters)
    groups, tree = _groups(inputs, vectors, chosen.rows, own, profiles, n_clusters)
    group_words = _group_words(chosen, own, sure, groups, wording)
    clusters = []
    for profile, named in zip(profiles, words, strict=True):
        row = {"id": profile.id, "title": named.title, "sentence": named.sentence}
        row |= _facts(profile)
        row["examples"] = examples.get(profile.id, [])
        row["windows_all"] = int(counts[profile.id])
        row["group"] = int(groups[profile.id])
        clusters.append(row)
    return {
        "config": config.model_dump(mode="json"),
        **chosen.about,
        "health": cluster_health(own, n_clusters).to_dict(),
        "clusters": clusters,
        "groups": [{"id": g, "title": t} for g, t in enumerate(group_words)],
        "hierarchy": tree,
    }


def describe_again(
    found: Mapping[str, Any],
    window_set: WindowSet,
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    *,
    captions: Callable[[pl.DataFrame], Mapping[str, str]],
) -> dict[str, Any]:
    """The contents of `clusters.json` for clusters applied to the windows of another log.

    Titles stay those of the clusters; sentences, shares and hours are of these windows, and `sentence_found`
    and `share_found` of those where the clusters were found. A cluster that does not occur is included.

    Args:
        found: `clusters.json` of the fitted clustering.
        window_set: The windows.
        labels: Cluster of each window, (W,); -1 for none.
        confidence: Confidence of each, (W,).
        captions: From example windows to a sentence for each window id.
    """
    titles = {int(c["id"]): c for c in found["clusters"]}
    chosen = describe_windows(window_set)
    own, sure = labels[chosen.rows], confidence[chosen.rows]
    n_clusters = max(int(found["health"]["n_clusters"]), int(labels.max(initial=-1)) + 1)
    applied = profile_clusters(
        chosen.facts, own, sure, n_clusters, words=chosen.words, rooms_of=chosen.rooms_of
    )
    profiles = {p.id: p for p in applied}
    sentences = {p.id: w.sentence for p, w in zip(applied, word_clusters(applied), strict=True)}
    examples = example_moments(chosen.facts, own, sure, captions=captions)
    counts = np.bincount(labels[labels >= 0], minlength=n_clusters)
    clusters = []
    for cluster in sorted({*titles, *profiles}):
        old = titles.get(cluster, {})
        row = {
            "id": cluster,
            "title": old.get("title", f"Cluster {cluster}, empty when found"),
            "sentence": sentences.get(cluster, "Does not occur here."),
            **_facts(profiles.get(cluster) or empty_profile(cluster)),
            "examples": examples.get(cluster, []),
            "windows_all": int(counts[cluster]) if cluster < len(counts) else 0,
            "group": int(old.get("group", 0)),
            "sentence_found": old.get("sentence", ""),
            "share_found": float(old.get("share", 0.0)),
        }
        clusters.append(row)
    return {
        "config": found["config"],
        **chosen.about,
        "titles_from": found["sampling"],
        "health": cluster_health(own, n_clusters).to_dict(),
        "clusters": clusters,
        "groups": found["groups"],
        "hierarchy": found["hierarchy"],
    }


def example_moments(
    facts: pl.DataFrame,
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    *,
    captions: Callable[[pl.DataFrame], Mapping[str, str]],
) -> dict[int, list[dict[str, str]]]:
    """Example moments of each cluster as plain data: window id, start, and its caption or the route taken."""
    chosen = example_windows(facts, labels, confidence)
    texts = captions(chosen)
    found: dict[int, list[dict[str, str]]] = {}
    for row in chosen.iter_rows(named=True):
        route = " → ".join(room.replace("_", " ") for room in row["rooms"][:6])
        moment = {"window_id": row["window_id"], "start": row["start"].isoformat(timespec="seconds")}
        found.setdefault(row["cluster"], []).append({**moment, "text": texts.get(row["window_id"]) or route})
    return found


def write_cluster_table(path: Path, clusters: Sequence[Mapping[str, Any]]) -> None:
    """One line per cluster, for a spreadsheet."""
    columns = (
        "id", "title", "sentence", "windows", "share", "days", "days_seen", "days_recorded", "when",
        "episode_s", "group",
    )  # fmt: skip
    rows = [{c: cluster[c] for c in columns} for cluster in clusters]
    with atomic_path(path) as temporary:
        pl.DataFrame(rows, infer_schema_length=None).write_csv(temporary)


def _facts(profile: ClusterProfile) -> dict[str, Any]:
    return {k: v for k, v in profile.to_dict().items() if k != "id"} | {"when": hour_words(profile.hours)}


def _prompts(
    inputs: ClusterInputs, seen: NDArray[np.int64], labels: NDArray[np.int32], n_clusters: int
) -> dict[int, list[TypicalText]]:
    """Nearest sentences among the home's activities and the generic vocabulary, in the joint space."""
    own = [text for a in inputs.window_set.home.activities for text in (a.name, *a.described) if text]
    sentences = list(dict.fromkeys((*own, *GENERIC_BEHAVIOUR)))
    vectors = inputs.model.project_text(inputs.encoder.encode(sentences, kind="query"))
    return nearest_prompts(inputs.index.vectors[seen], labels, n_clusters, sentences, vectors)


def _groups(
    inputs: ClusterInputs,
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    labels: NDArray[np.int32],
    profiles: list[ClusterProfile],
    n_clusters: int,
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Group of each cluster, and the tree they were cut from."""
    used = np.array([p.id for p in profiles], dtype=np.int64)
    groups = np.zeros(n_clusters, dtype=np.int64)
    if len(used) < 3:
        groups[used] = np.arange(len(used))
        return groups, {"order": used.tolist(), "linkage": []}
    centres = cluster_centres(vectors[rows], labels, n_clusters)
    moves = transition_counts(labels, inputs.spans[rows], n_clusters)
    sizes = np.bincount(labels[labels >= 0], minlength=n_clusters)
    tree = merge_tree(centres[used], moves[np.ix_(used, used)], sizes[used])
    groups[used] = cut_tree(tree, max(2, round(len(used) / 3)))
    return groups, {"order": used.tolist(), "linkage": tree.round(6).tolist()}


def _group_words(
    chosen: DescribedWindows,
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    groups: NDArray[np.int64],
    wording: Wording | None,
) -> list[str]:
    merged = np.where(labels >= 0, groups[np.maximum(labels, 0)], -1)
    n_groups = int(groups.max()) + 1
    profiles = profile_clusters(
        chosen.facts, merged, confidence, n_groups, words=chosen.words, rooms_of=chosen.rooms_of
    )
    return [words.title for words in word_clusters(profiles, wording)]


GENERIC_BEHAVIOUR: tuple[str, ...] = (
    "someone cooks a meal",
    "someone makes breakfast",
    "someone takes something from the fridge",
    "someone eats at the table",
    "someone washes the dishes",
    "someone sleeps in bed",
    "someone gets out of bed at night to use the toilet",
    "someone gets up in the morning",
    "someone naps on the couch",
    "someone watches television",
    "someone reads in a chair",
    "someone works at a desk",
    "someone takes a shower or a bath",
    "someone washes at the bathroom sink",
    "someone uses the toilet",
    "someone takes medicine",
    "someone gets dressed",
    "someone does the laundry",
    "someone cleans the home from room to room",
    "someone walks through the hallway",
    "someone leaves through the front door",
    "someone comes home",
    "several people are in the home at once",
    "the home is almost still",
)
"""Sentences that clusters are compared with, in addition to the home's own activities."""
