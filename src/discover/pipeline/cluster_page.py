"""The page of a clustering, drawn again where its clusters changed."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.event_semantics import person_mask
from discover.core.progress import Progress
from discover.core.reading import taken_apart
from discover.pipeline.clusters import ClusterFolder
from discover.pipeline.report_clusters import refresh_report
from discover.retrieval import Index
from discover.retrieval.clusters import ASSIGNMENTS_FILE, CLUSTERS_FILE, find_clustering, read_clusters
from discover.serving.index_folders import IndexedHome, only_index, samplings_of
from discover.stages.stage import Stage, StageResult, run_stages

__all__ = ["make_cluster_page", "write_model_cluster_page"]


def make_cluster_page(model: Path, found: ClusterFolder, *, index: Path | None = None) -> Path | None:
    """The page of a clustering, written if it is not that of its clusters; None where no window is in one.

    Raises:
        ArtifactError: The model has no index, or its windows are gone.
    """
    if not any(c["windows"] for c in found.content["clusters"]):
        return None
    folder = index or only_index(model)
    sampling = samplings_of(folder)[0]

    stage = Stage(
        name="page",
        title="draw the cluster page",
        version=1,
        work=_draw,
        folder=found.path,
        inputs={
            "clusters": found.path / CLUSTERS_FILE,
            "assignments": found.path / ASSIGNMENTS_FILE,
            "index": folder / "manifest.json",
            "home": sampling.parent / "home.yaml",
        },
        outputs=["clusters.html"],
        settings=_Page(model, found.content["name"], index),
    )
    run_stages([stage])
    refresh_report(model)
    return found.path / "clusters.html"


@dataclass(frozen=True)
class _Page:
    """Which clustering is drawn."""

    model: Path
    clusters: str
    index: Path | None


def _draw(stage: Stage, progress: Progress) -> StageResult:
    del progress
    wanted: _Page = stage.settings
    page = write_model_cluster_page(wanted.model, clusters=wanted.clusters, index=wanted.index)
    return StageResult([page])


def write_model_cluster_page(
    model: Path,
    *,
    clusters: str | None = None,
    index: Path | None = None,
    output: Path | None = None,
) -> Path:
    """Write the cluster page of a model's clustering; `output` defaults to the clustering's folder.

    Returns:
        Path of `clusters.html`.

    Raises:
        ArtifactError: The model has no index or no clusters, or its windows are gone.
    """
    from discover.reports.cluster_page import ClusterPageInputs, write_cluster_page

    folder = index or only_index(model)
    windows = Index.load(folder).windows
    found = find_clustering(model, samplings_of(folder)[0].name, windows["window_id"], clusters)
    clustered = windows.filter(pl.col("window_id").is_in(found.assignments["window_id"].implode()))
    own = IndexedHome.open(folder, clustered["home"][0])
    windows, window_set = own.index.windows, own.window_set
    inputs = ClusterPageInputs(
        title=f"{window_set.home.title or window_set.home.name}: clusters",
        window_set=window_set,
        facts=windows,
        assignments=found.assignments,
        content=read_clusters(found.folder / CLUSTERS_FILE),
        present=person_mask(window_set.events, window_set.home),
    )
    with taken_apart(found.folder / CLUSTERS_FILE, "Run `discover cluster` again."):
        page = write_cluster_page(output or found.folder, inputs)
    refresh_report(model)
    return page
