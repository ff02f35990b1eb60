"""Clusters of behaviour as a search filter: which clustering of a model fits an index.

Folder `<model>/clusters_<sampling>_<name>/` holds `assignments.parquet` (`core.tables.ASSIGNMENTS`) and
`clusters.json`, the words of each cluster.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from discover.core.artifacts import read_json, require_manifest
from discover.core.config import closest
from discover.core.errors import ArtifactError, ConfigError
from discover.core.reading import mapping_of, taken_apart
from discover.core.tables import ASSIGNMENTS
from discover.core.window_set import read_table

__all__ = [
    "ASSIGNMENTS_FILE",
    "CLUSTERS_FILE",
    "Clustering",
    "clustering_name",
    "find_clustering",
    "read_clusters",
]

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


class _Part(BaseModel):
    """Known values are checked strictly; further ones are kept, so that the format can grow."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Named(_Part):
    name: str
    words: str = ""
    share: float = 0.0
    lift: float = 0.0
    room: str = ""


class _Contrast(_Part):
    text: str
    inside: float = 0.0
    outside: float = 0.0
    contrast: float = 0.0


class _Example(_Part):
    window_id: str
    start: str
    text: str


class _Cluster(_Part):
    id: int = Field(ge=-1, le=1_000_000)
    title: str
    sentence: str = ""
    windows: int = Field(ge=0)
    share: float = Field(ge=0, le=1)
    when: str = ""
    hours: list[float] = []
    hour_lift: list[float] = []
    episode_s: float = 0.0
    rooms: list[_Named] = []
    objects: list[_Named] = []
    captions: list[_Contrast] = []
    prompts: list[_Contrast] = []
    examples: list[_Example] = []
    group: int = Field(default=0, ge=-1, le=1_000_000)
    days_seen: int = 0
    days_recorded: int = 0
    windows_all: int = 0
    confidence: float = 0.0


class _Group(_Part):
    id: int = Field(ge=-1, le=1_000_000)
    title: str


class _Health(_Part):
    n_clusters: int = 0
    used: int = 0
    largest_share: float = 0.0
    entropy: float = 0.0
    noise_share: float = 0.0
    collapsed: bool = False


class _ClustersFile(_Part):
    name: str
    sampling: str
    clusters: list[_Cluster]
    windows: int = 0
    recorded_days: int = 0
    first_day: str = "2000-01-01"
    last_day: str = "2000-01-01"
    model_sha256: str = ""
    described_from: str = ""
    found_in: str = ""
    config: dict[str, Any] = {}
    groups: list[_Group] = []
    hierarchy: dict[str, Any] = {}
    health: _Health = _Health()


def read_clusters(path: Path) -> dict[str, Any]:
    """The content of a `clusters.json` as it stands in the file.

    Raises:
        ArtifactError: Missing, damaged, or a value of another type than it should be.
    """
    content = mapping_of(read_json(path), path)
    with taken_apart(path, "Run `discover cluster` again."):
        _ClustersFile.model_validate(content)
    return content
