"""`discover cluster`: find clusters on training days, assign every window, describe and write them.

Folder `<model>/clusters_<sampling>_<name>/`: assignments.parquet (window_id, cluster, confidence),
clusters.json (titles, sentences, numbers, hierarchy, health), clusters.csv, manifest_cluster.json, and
clusterer.safetensors, the fitted clustering for windows of another log (`applied_clusters`).
No label is read anywhere here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering import (
    Clusterer,
    ClusteringConfig,
    SavedClustering,
    Wording,
    build_clusterer,
    save_clustering,
)
from discover.core.artifacts import write_json
from discover.core.errors import ArtifactError, ConfigError
from discover.core.names import check_path_name
from discover.core.progress import SILENT, Progress
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import write_table
from discover.pipeline.report_clusters import refresh_report
from discover.pretraining.any_home import AnyHome
from discover.retrieval.clusters import ASSIGNMENTS_FILE, CLUSTERS_FILE, clustering_name, read_clusters
from discover.serving.caption_files import CAPTIONS_FILE
from discover.serving.cluster_inputs import ClusterInputs, sensor_columns, window_vectors
from discover.serving.cluster_words import describe_clusters, write_cluster_table
from discover.serving.recognise import RecognisedLog, RecogniseRequest
from discover.serving.recognise_captions import recognise_beside_model, recognise_captions
from discover.stages.stage import Stage, StageResult, run_stages

if TYPE_CHECKING:
    from discover.alignment.unfrozen import UnfrozenEncoder

__all__ = ["ClusterFolder", "FittedClusters", "cluster_model", "fit_clusters"]

_STATE = "training_state.pt"
_STAGE_VERSION = 6

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


@dataclass(frozen=True)
class FittedClusters:
    """A fitted clusterer, and all windows as it takes them.

    Attributes:
        clusterer: The method.
        vectors: (W, D) vectors of all windows in its space: those it was given, or what the encoder makes of
            them that was trained with it.
        encoder: Weights of that encoder by their name in the model; empty where it stayed frozen.
    """

    clusterer: Clusterer
    vectors: NDArray[np.float32]
    encoder: Mapping[str, NDArray[np.float32]]


def cluster_model(
    model_folder: Path,
    config: ClusteringConfig,
    *,
    name: str | None = None,
    index: Path | None = None,
    home: str | None = None,
    caption_style: str | None = None,
    wording: Wording | None = None,
    inputs: ClusterInputs | None = None,
    progress: Progress = SILENT,
) -> ClusterFolder:
    """Cluster the windows of a trained model or of a raw log, or find that it was done already.

    Args:
        model_folder: Holds best_model.pt and an index; for a raw log, where its clusterings lie.
        config: Method, space and number of clusters.
        name: Last part of the folder's name; default: the method and the space.
        index: Index folder; default: the only one of free-running windows.
        home: Whose windows, where the index is of several homes; its name then begins the default name.
        caption_style: Which captions, where there are several.
        wording: Who writes titles and sentences; default: by rule.
        inputs: What a raw log's clustering reads; None: the model's index.
        progress: Where to report.

    Raises:
        ConfigError: The name cannot be part of a folder's name.
        ArtifactError: Something the clustering reads is missing.
    """
    default = "_".join([*([] if home is None else [home]), config.method, config.on])
    title = default if name is None else name
    try:
        check_path_name(title)
    except ValueError as error:
        raise ConfigError(f"The clustering's name does not fit: {error}.") from error
    if inputs is None:
        inputs = ClusterInputs.open(model_folder, index=index, caption_style=caption_style, home=home)
    folder = model_folder / clustering_name(inputs.sampling.name, title)

    stage = Stage(
        name="cluster",
        title="find clusters of windows and describe them",
        version=_STAGE_VERSION,
        work=_cluster,
        folder=folder,
        inputs={
            "index": inputs.index_folder / "manifest.json",
            "windows": inputs.sampling / "windows.parquet",
            "home": inputs.sampling.parent / "home.yaml",
            "captions": inputs.sampling / CAPTIONS_FILE.format(style=inputs.caption_style),
        },
        outputs=[ASSIGNMENTS_FILE, CLUSTERS_FILE, "clusters.csv"],
        settings=_Clustering(inputs, config, title, wording),
        config={
            **config.model_dump(mode="json"),
            "network": AnyHome.load().sha256,
            "wording": type(wording).__name__ if wording else "PlainWording",
        },
    )
    outcome = run_stages([stage], progress=progress)[0]
    refresh_report(model_folder)
    return ClusterFolder(folder, read_clusters(folder / CLUSTERS_FILE), outcome.ran)


def fit_clusters(
    inputs: ClusterInputs,
    vectors: NDArray[np.float32],
    config: ClusteringConfig,
    *,
    state_path: Path | None = None,
    progress: Progress = SILENT,
) -> FittedClusters:
    """Fit on all training windows; validation windows choose epoch and head. No label is seen.

    Raises:
        ArtifactError: There is no training window.
        ConfigError: More layers are to learn than the encoder has.
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
    if config.scan.unfreeze.layers != 0:
        from discover.clustering import Unfrozen

        network = _unfreeze(inputs, config)
        context["unfrozen"] = Unfrozen(network, train, val if len(val) >= 2 else None)
    clusterer = build_clusterer(config).fit(vectors[train], **context)
    heads = getattr(clusterer, "fine_", clusterer)
    weights = {name: w.numpy() for name, w in getattr(heads, "encoder_weights_", {}).items()}
    if weights:
        model = inputs.trained.with_weights(weights)
        vectors = window_vectors(model, inputs.window_set, config.on, progress)
    return FittedClusters(clusterer, vectors, weights)


def _unfreeze(inputs: ClusterInputs, config: ClusteringConfig) -> "UnfrozenEncoder":
    from discover.alignment.unfrozen import UnfrozenEncoder

    settings = config.scan.unfreeze
    return UnfrozenEncoder(
        inputs.trained,
        inputs.window_set,
        layers=settings.layers,
        projected=config.on == "sensor",
        event_dropout=settings.event_dropout,
    )


@dataclass(frozen=True)
class _Clustering:
    """What the cluster stage needs; the inputs are open already, for they say where it writes."""

    inputs: ClusterInputs
    config: ClusteringConfig
    name: str
    wording: Wording | None


def _cluster(stage: Stage, progress: Progress) -> StageResult:
    wanted: _Clustering = stage.settings
    inputs, config, folder = wanted.inputs, wanted.config, stage.folder
    fitted = _fit_or_resume(inputs, inputs.space(config.on, progress), config, folder / _STATE, progress)
    clusterer, vectors = fitted.clusterer, fitted.vectors
    proba = clusterer.predict_proba(vectors)
    labels = clusterer.predict(vectors)
    confidence = proba.max(axis=1) if proba.shape[1] else np.zeros(len(labels), dtype=np.float32)
    table = pl.DataFrame({"window_id": inputs.ids, "cluster": labels, "confidence": confidence})
    done = _activities(inputs)
    content = describe_clusters(inputs, config, vectors, labels, confidence, wanted.wording, done)
    about = {"name": wanted.name, "sampling": inputs.sampling.name, "model_sha256": inputs.model.sha256}
    content = about | content
    heads: Any = getattr(clusterer, "fine_", clusterer)
    if config.method in ("scan", "temi"):
        content["training"] = {
            "best": heads.best_at_,
            "validation_loss": heads.best_loss_,
            "trained_weights": sum(w.size for w in fitted.encoder.values()),
        }
    # The page of earlier clusters goes first: a run killed from here on leaves none that looks current.
    (folder / "clusters.html").unlink(missing_ok=True)
    saved = save_clustering(folder, _savable(inputs, config, fitted, folder))
    paths = stage.output_paths
    write_table(paths[0], table, ASSIGNMENTS)
    write_json(paths[1], content)
    write_cluster_table(paths[2], content["clusters"])
    (folder / _STATE).unlink(missing_ok=True)
    return StageResult([*paths, saved], {"windows": len(labels), "clusters": len(content["clusters"])})


def _activities(inputs: ClusterInputs) -> NDArray[np.str_] | None:
    """What each window is recognised as by the shipped network and captions; no label is read."""
    found: RecognisedLog | None
    if inputs.corrections is not None:
        request = RecogniseRequest(model=Path(), corrections=inputs.corrections)
        found = recognise_captions(request, inputs.index, inputs.window_set.home, inputs.encoder)
    else:
        found = recognise_beside_model(
            inputs.index.windows, inputs.window_set, inputs.caption_means, inputs.encoder
        )
    if found is None:
        return None
    answers = dict(found.timeline.select("window_id", "activity").iter_rows())
    return np.array([answers[window] for window in inputs.ids])


def _savable(
    inputs: ClusterInputs, config: ClusteringConfig, fitted: FittedClusters, folder: Path
) -> SavedClustering:
    # Where the index is, so that another log can be cut alike, relative as in the index itself.
    about = {
        "index": os.path.relpath(inputs.index_folder, folder),
        "captions": inputs.caption_settings,
    }
    columns = sensor_columns(inputs.window_set) if config.on == "bag" else ()
    return SavedClustering(
        fitted.clusterer, config.on, inputs.model.sha256, columns, about, encoder=fitted.encoder
    )


def _fit_or_resume(
    inputs: ClusterInputs,
    vectors: NDArray[np.float32],
    config: ClusteringConfig,
    state_path: Path,
    progress: Progress,
) -> FittedClusters:
    try:
        return fit_clusters(inputs, vectors, config, state_path=state_path, progress=progress)
    except ArtifactError:
        if not state_path.is_file():
            raise
        # A stopped fit of other settings or windows gives way, as a stopped training run does.
        state_path.unlink()
        return fit_clusters(inputs, vectors, config, state_path=state_path, progress=progress)
