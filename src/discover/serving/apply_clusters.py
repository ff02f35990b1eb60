"""`discover cluster --apply`: the windows of another log, assigned to clusters that were found before.

Folder: assignments.parquet as in a model's clustering, assignments.csv (with times and titles),
clusters.json, clusters.csv and the page clusters.html. No label is read anywhere here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.clustering import CLUSTERER_FILE, SavedClustering, load_clustering
from discover.core.artifacts import atomic_path, write_json
from discover.core.config import closest
from discover.core.errors import ArtifactError, ConfigError
from discover.core.event_semantics import person_mask
from discover.core.progress import SILENT, Progress
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import WindowSet, read_table, write_table
from discover.retrieval import build_window_facts
from discover.retrieval.clusters import ASSIGNMENTS_FILE, CLUSTERS_FILE, clustering_name, read_clusters
from discover.serving.cluster_words import describe_again, write_cluster_table
from discover.serving.log_windows import log_home, sampling_settings, unseen_share
from discover.serving.new_windows import NewWindows

if TYPE_CHECKING:
    from discover.alignment import LoadedModel

__all__ = ["AppliedClusters", "ApplyRequest", "apply_clusters", "find_saved"]

# Shape letters: W windows, D width.


@dataclass(frozen=True, kw_only=True)
class ApplyRequest:
    """Which clusters, and whose windows.

    Attributes:
        model: Folder of the trained model.
        clustering: Name of one of its clusterings, or a clustering's folder.
        log: A raw log; None: the windows of `index`.
        home: Shipped home or home YAML the log belongs to; None: the model's home.
        index: Another index of the model, instead of a log.
        output: Folder to write into; None: "clusters_of_LOG" here, or for an index the model's folder, where
            `discover search --clustering` finds it.
        page: Also write clusters.html.
    """

    model: Path
    clustering: str
    log: Path | None = None
    home: str | None = None
    index: Path | None = None
    output: Path | None = None
    page: bool = True


@dataclass(frozen=True)
class AppliedClusters:
    """Windows with their clusters.

    Attributes:
        path: Folder written.
        content: What its clusters.json holds.
        files: Everything written.
        unseen_share: Share of events whose sensor the model's home does not have.
    """

    path: Path
    content: Mapping[str, Any]
    files: list[Path]
    unseen_share: float


def apply_clusters(request: ApplyRequest, progress: Progress = SILENT) -> AppliedClusters:
    """Assign each window of a log, or of another index of the model, to the clusters of a fitted clustering.

    Raises:
        ArtifactError: No model or clustering there, they do not belong together, or the settings behind the
            windows are gone.
        ConfigError: Options that contradict each other, or no clustering of that name.
        DataError: The log is not readable, has no window, or shares no sensor with a clustering of counts.
    """
    _check(request)
    from discover.alignment import load_model

    model = load_model(request.model)
    folder = find_saved(request.model, request.clustering)
    clustering = load_clustering(folder, model_sha256=model.sha256)
    found = read_clusters(folder / CLUSTERS_FILE)
    windows = _read_windows(request, model, clustering, folder)
    output = _output(request, windows.name, str(found["name"]))
    vectors = windows.vectors(progress)
    labels, confidence = _assign(clustering, vectors)
    window_set = windows.window_set
    facts = build_window_facts(window_set)
    described = describe_again(found, window_set, labels, confidence, captions=windows.captions)
    content = {
        "name": found["name"],
        "sampling": windows.name,
        "model_sha256": model.sha256,
        "found_in": found["sampling"],
        "confidence": round(float(confidence.mean()), 4),
        "confidence_found": _mean_confidence(folder),
        **described,
    }
    table = pl.DataFrame({"window_id": facts["window_id"], "cluster": labels, "confidence": confidence})
    files = _write(output, table, facts, content)
    if request.page and (labels >= 0).any():
        files.append(_write_page(output, window_set, facts, table, content))
    return AppliedClusters(output, content, files, unseen_share(model.homes, window_set))


def _assign(
    clustering: SavedClustering, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Cluster and confidence of each window; a window without anything the clustering counts is in none."""
    proba = clustering.predict_proba(vectors)
    confidence = proba.max(axis=1) if proba.shape[1] else np.zeros(len(proba), dtype=np.float32)
    something = vectors.any(axis=1)
    labels = np.where(something, clustering.predict(vectors), -1).astype(np.int32)
    return labels, np.where(something, confidence, 0).astype(np.float32)


def find_saved(model_folder: Path, name: str) -> Path:
    """Folder of a model's fitted clustering by name; a path of a folder is taken as it is.

    Raises:
        ArtifactError: The model has no fitted clustering, or the folder does not exist.
        ConfigError: No clustering of that name, or several.
    """
    if "/" in name or "\\" in name:
        return Path(name)
    folders = sorted(path.parent for path in model_folder.glob(f"clusters_*/{CLUSTERER_FILE}"))
    names = {folder: str(read_clusters(folder / CLUSTERS_FILE)["name"]) for folder in folders}
    found = [folder for folder in folders if name in (names[folder], folder.name)]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        several = ", ".join(folder.name for folder in found)
        raise ConfigError(f"{model_folder} has several clusterings '{name}': {several}. Give one of these.")
    if not names:
        raise ArtifactError(
            f"{model_folder} has no fitted clustering to apply. "
            f"Make one with `discover cluster {model_folder}`."
        )
    raise ConfigError(f"{model_folder} has no clustering '{name}'. {closest(name, names.values())}")


def _check(request: ApplyRequest) -> None:
    if (request.log is None) == (request.index is None):
        raise ConfigError(
            "--apply assigns the windows of a log or of another index of the model: "
            "give either a log (discover cluster MODEL LOG --apply NAME) or --index."
        )


def _read_windows(
    request: ApplyRequest, model: "LoadedModel", clustering: SavedClustering, folder: Path
) -> NewWindows:
    if request.log is None:
        assert request.index is not None
        return NewWindows.of_index(request.index, model, clustering, request.home)
    home = log_home(model, request.home)
    index = (folder / str(clustering.about["index"])).resolve()
    return NewWindows.of_log(request.log, home, sampling_settings(index), model, clustering)


def _output(request: ApplyRequest, windows: str, name: str) -> Path:
    output = request.output
    if output is None and request.index is not None:
        output = request.model / clustering_name(windows, name)
    elif output is None:
        output = Path(f"clusters_of_{windows.split('.')[0]}")
    if (output / CLUSTERER_FILE).is_file():
        raise ConfigError(
            f"{output} holds a fitted clustering, which would be lost. Give another folder with --output; "
            "the windows a clustering was found in are assigned there already."
        )
    return output


def _mean_confidence(folder: Path) -> float:
    confidence = read_table(folder / ASSIGNMENTS_FILE, ASSIGNMENTS)["confidence"].to_numpy()
    return round(float(confidence.mean()), 4) if len(confidence) else 0.0


def _write(folder: Path, table: pl.DataFrame, facts: pl.DataFrame, content: Mapping[str, Any]) -> list[Path]:
    names = (ASSIGNMENTS_FILE, "assignments.csv", CLUSTERS_FILE, "clusters.csv")
    paths = [folder / name for name in names]
    write_table(paths[0], table, ASSIGNMENTS)
    titles = pl.DataFrame(
        [(c["id"], c["title"]) for c in content["clusters"]],
        schema={"cluster": pl.Int32, "title": pl.String}, orient="row",
    )  # fmt: skip
    timed = facts.select("window_id", "start", "end").join(
        table, on="window_id", how="left", maintain_order="left"
    )
    with atomic_path(paths[1]) as temporary:
        timed.join(titles, on="cluster", how="left", maintain_order="left").write_csv(
            temporary, datetime_format="%Y-%m-%d %H:%M:%S", float_precision=4
        )
    write_json(paths[2], content)
    write_cluster_table(paths[3], content["clusters"])
    return paths


def _write_page(
    folder: Path,
    window_set: WindowSet,
    facts: pl.DataFrame,
    table: pl.DataFrame,
    content: Mapping[str, Any],
) -> Path:
    from discover.reports.cluster_page import ClusterPageInputs, write_cluster_page

    home = window_set.home
    inputs = ClusterPageInputs(
        title=f"{home.title or home.name}: clusters '{content['name']}' in {content['sampling']}",
        window_set=window_set,
        facts=facts,
        assignments=table,
        content=content,
        present=person_mask(window_set.events, home),
    )
    return write_cluster_page(folder, inputs)
