"""`discover cluster`: find clusters on training days, assign every window, describe and write them.

Folder `<model>/clusters_<sampling>_<name>/`: assignments.parquet (window_id, cluster, confidence),
clusters.json (titles, sentences, numbers, hierarchy, health), clusters.csv, manifest_cluster.json.
No label is read anywhere here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering import (
    Clusterer,
    ClusteringConfig,
    ClusterProfile,
    SCANClusterer,
    TypicalText,
    Wording,
    build_clusterer,
    cluster_centres,
    cluster_health,
    cut_tree,
    merge_tree,
    nearest_prompts,
    profile_clusters,
    transition_counts,
    word_clusters,
)
from discover.clustering.vocabulary import GENERIC_BEHAVIOUR
from discover.core.artifacts import atomic_path, read_json, write_json
from discover.core.errors import ArtifactError, ConfigError
from discover.core.progress import SILENT, Progress
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import write_table
from discover.pipeline.caption_files import CAPTIONS_FILE
from discover.pipeline.cluster_inputs import ClusterInputs
from discover.pipeline.stage import Stage, StageResult, run_stages
from discover.retrieval.clusters import ASSIGNMENTS_FILE, CLUSTERS_FILE, clustering_name

__all__ = ["ClusterFolder", "cluster_model", "fit_clusters"]

_STATE = "training_state.pt"
_STAGE_VERSION = 1

# Shape letters: W windows, D width.


@dataclass(frozen=True)
class ClusterFolder:
    """A written clustering.

    Attributes:
        path: Its folder.
        content: What clusters.json holds.
        made: False when it was up to date and nothing was computed.
    """

    path: Path
    content: Mapping[str, Any]
    made: bool


def cluster_model(
    model_folder: Path,
    config: ClusteringConfig,
    *,
    name: str | None = None,
    index: Path | None = None,
    caption_style: str | None = None,
    wording: Wording | None = None,
    progress: Progress = SILENT,
) -> ClusterFolder:
    """Cluster the windows of a trained model, or find that it was done already.

    Args:
        model_folder: Holds best_model.pt and an index.
        config: Method, space and number of clusters.
        name: Last part of the folder's name; default: the method and the space.
        index: Index folder; default: the only one of free-running windows.
        caption_style: Which captions, where there are several.
        wording: Who writes titles and sentences; default: by rule.
        progress: Where to report.

    Raises:
        ConfigError: The name cannot be part of a folder's name.
        ArtifactError: Something the clustering reads is missing.
    """
    title = f"{config.method}_{config.on}" if name is None else name
    if not title or any(c in title for c in "/\\ ") or title.startswith("."):
        raise ConfigError(f"'{title}' cannot name a folder. Use letters, digits, '_' and '-'.")
    inputs = ClusterInputs.open(model_folder, index=index, caption_style=caption_style)
    folder = model_folder / clustering_name(inputs.sampling.name, title)

    def run(report: Progress) -> StageResult:
        return _write(inputs, config, folder, title, wording, report)

    captions = inputs.sampling / CAPTIONS_FILE.format(style=inputs.caption_style)
    stage = Stage(
        "cluster",
        "find clusters of windows and describe them",
        _STAGE_VERSION,
        folder,
        {**config.model_dump(mode="json"), "wording": type(wording).__name__ if wording else "PlainWording"},
        {
            "index": inputs.index_folder / "manifest.json",
            "windows": inputs.sampling / "windows.parquet",
            "home": inputs.sampling.parent / "home.yaml",
            "captions": captions,
        },
        run,
    )
    outcome = run_stages([stage], progress=progress)[0]
    return ClusterFolder(folder, read_json(folder / CLUSTERS_FILE), outcome.ran)


def fit_clusters(
    inputs: ClusterInputs,
    vectors: NDArray[np.float32],
    config: ClusteringConfig,
    *,
    state_path: Path | None = None,
    progress: Progress = SILENT,
) -> Clusterer:
    """Fit on all training windows; validation windows choose epoch and head. No label is seen.

    Raises:
        ArtifactError: There is no training window.
    """
    train, val = (np.flatnonzero(inputs.splits == split) for split in ("train", "val"))
    if not len(train):
        raise ArtifactError(f"{inputs.index_folder} holds no training windows to find clusters in.")
    twin = inputs.caption_means if config.scan.mining.twin != "off" else None
    context: dict[str, Any] = {"spans": inputs.spans[train], "state_path": state_path, "progress": progress}
    if twin is not None:
        context["twin"] = twin[train]
    if len(val) >= 2:
        context |= {"validation": vectors[val], "validation_spans": inputs.spans[val]}
        if twin is not None:
            context["validation_twin"] = twin[val]
    return build_clusterer(config).fit(vectors[train], **context)


def _write(
    inputs: ClusterInputs,
    config: ClusteringConfig,
    folder: Path,
    name: str,
    wording: Wording | None,
    progress: Progress,
) -> StageResult:
    vectors = inputs.space(config.on, progress)
    clusterer = _fit_or_resume(inputs, vectors, config, folder / _STATE, progress)
    proba = clusterer.predict_proba(vectors)
    labels = clusterer.predict(vectors)
    confidence = proba.max(axis=1) if proba.shape[1] else np.zeros(len(labels), dtype=np.float32)
    table = pl.DataFrame({"window_id": inputs.ids, "cluster": labels, "confidence": confidence})
    content = _describe(inputs, config, vectors, labels, confidence, wording)
    content = {"name": name, "sampling": inputs.sampling.name, **content}
    heads = getattr(clusterer, "fine_", clusterer)
    if isinstance(heads, SCANClusterer):
        content["training"] = {"best": heads.best_at_, "validation_loss": heads.best_loss_}
    paths = [folder / n for n in (ASSIGNMENTS_FILE, CLUSTERS_FILE, "clusters.csv")]
    write_table(paths[0], table, ASSIGNMENTS)
    write_json(paths[1], content)
    _write_csv(paths[2], content["clusters"])
    (folder / _STATE).unlink(missing_ok=True)
    return StageResult(paths, {"windows": len(labels), "clusters": len(content["clusters"])})


def _fit_or_resume(
    inputs: ClusterInputs,
    vectors: NDArray[np.float32],
    config: ClusteringConfig,
    state_path: Path,
    progress: Progress,
) -> Clusterer:
    try:
        return fit_clusters(inputs, vectors, config, state_path=state_path, progress=progress)
    except ArtifactError:
        if not state_path.is_file():
            raise
        # A stopped fit of other settings or windows gives way, as a stopped training run does.
        state_path.unlink()
        return fit_clusters(inputs, vectors, config, state_path=state_path, progress=progress)


def _describe(
    inputs: ClusterInputs,
    config: ClusteringConfig,
    vectors: NDArray[np.float32],
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    wording: Wording | None,
) -> dict[str, Any]:
    """Profiles and words from the windows of training and validation days."""
    seen = np.flatnonzero(inputs.splits != "test")
    n_clusters = max(config.k, int(labels.max(initial=-1)) + 1)
    own = labels[seen]
    profiles = profile_clusters(
        inputs.index.windows[seen],
        own,
        confidence[seen],
        n_clusters,
        words=inputs.words(),
        captions=inputs.caption_pool(seen),
        prompts=_prompts(inputs, seen, own, n_clusters),
    )
    words = word_clusters(profiles, wording)
    counts = np.bincount(labels[labels >= 0], minlength=n_clusters)
    groups, tree = _groups(inputs, vectors, seen, own, profiles, n_clusters)
    group_words = _group_words(inputs, seen, own, confidence, groups, wording)
    clusters = []
    for profile, said in zip(profiles, words, strict=True):
        row = {"id": profile.id, "title": said.title, "sentence": said.sentence}
        row |= {k: v for k, v in profile.to_dict().items() if k != "id"}
        row["windows_all"] = int(counts[profile.id])
        row["group"] = int(groups[profile.id])
        clusters.append(row)
    return {
        "config": config.model_dump(mode="json"),
        "described_from": "training and validation days",
        "health": cluster_health(labels, n_clusters).to_dict(),
        "clusters": clusters,
        "groups": [{"id": g, "title": t} for g, t in enumerate(group_words)],
        "hierarchy": tree,
    }


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
    seen: NDArray[np.int64],
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
    centres = cluster_centres(vectors[seen], labels, n_clusters)
    moves = transition_counts(labels, inputs.spans[seen], n_clusters)
    sizes = np.bincount(labels[labels >= 0], minlength=n_clusters)
    tree = merge_tree(centres[used], moves[np.ix_(used, used)], sizes[used])
    groups[used] = cut_tree(tree, max(2, round(len(used) / 3)))
    return groups, {"order": used.tolist(), "linkage": tree.round(6).tolist()}


def _group_words(
    inputs: ClusterInputs,
    seen: NDArray[np.int64],
    labels: NDArray[np.int32],
    confidence: NDArray[np.float32],
    groups: NDArray[np.int64],
    wording: Wording | None,
) -> list[str]:
    merged = np.where(labels >= 0, groups[np.maximum(labels, 0)], -1)
    profiles = profile_clusters(
        inputs.index.windows[seen], merged, confidence[seen], int(groups.max()) + 1, words=inputs.words()
    )
    return [said.title for said in word_clusters(profiles, wording)]


def _write_csv(path: Path, clusters: list[dict[str, Any]]) -> None:
    columns = ("id", "title", "sentence", "windows", "windows_all", "share", "days", "episode_s", "group")
    rows = [{c: cluster[c] for c in columns} for cluster in clusters]
    with atomic_path(path) as temporary:
        pl.DataFrame(rows, infer_schema_length=None).write_csv(temporary)
