"""Clusters of behaviour as a search filter: which clustering of a model fits an index.

Folder `<model>/clusters_<sampling>_<name>/` holds `assignments.parquet` (`core.tables.ASSIGNMENTS`) and
`clusters.json`, the words of each cluster.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.artifacts import require_manifest
from discover.core.config import closest
from discover.core.errors import ArtifactError, ConfigError
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import read_table

__all__ = ["ASSIGNMENTS_FILE", "CLUSTERS_FILE", "Clustering", "clustering_name", "find_clustering"]

ASSIGNMENTS_FILE, CLUSTERS_FILE = "assignments.parquet", "clusters.json"


@dataclass(frozen=True)
class Clustering:
    """A clustering of an index's windows.

    Attributes:
        folder: Where it lies.
        assignments: `ASSIGNMENTS`.
    """

    folder: Path
    assignments: pl.DataFrame


def clustering_name(sampling: str, name: str) -> str:
    """Folder of a clustering inside the model's folder."""
    return f"clusters_{sampling}_{name}"


def find_clustering(
    model_folder: Path, sampling: str, window_ids: pl.Series, name: str | None = None
) -> Clustering:
    """The named clustering of an index's windows, or the only one.

    Args:
        model_folder: A trained model's folder.
        sampling: Name of the sampling the index is of, such as "FD_60".
        window_ids: The index's windows; a clustering of other windows does not count.
        name: Which clustering, where there are several.

    Raises:
        ArtifactError: There is no clustering of these windows.
        ConfigError: There are several and no name, or none of that name.
    """
    prefix = clustering_name(sampling, "")
    found: dict[str, Clustering] = {}
    for folder in sorted(model_folder.glob(f"{prefix}*")):
        path = folder / ASSIGNMENTS_FILE
        # "clusters_FD_60_p_kmeans" begins like a clustering of FD_60: the windows themselves decide.
        if path.is_file():
            _check(folder)
            table = read_table(path, ASSIGNMENTS)
            if table["window_id"].is_in(window_ids.implode()).any():
                found[folder.name.removeprefix(prefix)] = Clustering(folder, table)
    if not found:
        raise ArtifactError(
            f"{model_folder} has no clusters of the windows of {sampling}. "
            "Make them with `discover cluster`; a search works without its cluster filter, and changes are "
            "also counted --by room."
        )
    if name is None and len(found) > 1:
        raise ConfigError(
            f"{model_folder} has several clusterings of {sampling}: {', '.join(found)}. "
            "Choose one with --clustering."
        )
    if name is not None and name not in found:
        raise ConfigError(f"{model_folder} has no clustering '{name}' of {sampling}. {closest(name, found)}")
    return found[name] if name is not None else next(iter(found.values()))


def _check(folder: Path) -> None:
    """Check the files of a fitted clustering; one that was only applied has no manifest."""
    manifest = folder / "manifest_cluster.json"
    if manifest.is_file() or (folder / "clusterer.safetensors").is_file():
        remedy = f"Delete {folder} and run `discover cluster` again."
        needs = (ASSIGNMENTS_FILE, CLUSTERS_FILE)
        require_manifest(manifest, stage="cluster", needs=needs, remedy=remedy)
