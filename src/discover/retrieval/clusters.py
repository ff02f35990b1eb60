"""Clusters of behaviour as a search filter: which clustering of a model fits an index.

Folder `<model>/clusters_<sampling>_<name>/` holds `assignments.parquet`: window_id, cluster (-1: none),
confidence.
"""

from pathlib import Path

import polars as pl

from discover.core.config import closest
from discover.core.errors import ArtifactError, ConfigError
from discover.core.window_set import read_table

__all__ = ["load_assignments"]

_ASSIGNMENTS = {"window_id": pl.String, "cluster": pl.Int32, "confidence": pl.Float32}


def load_assignments(
    model_folder: Path, sampling: str, window_ids: pl.Series, name: str | None = None
) -> pl.DataFrame:
    """The cluster of every window, by the named clustering or by the only one.

    Args:
        model_folder: A trained model's folder.
        sampling: Name of the sampling the index is of, such as "FD_60".
        window_ids: The index's windows; a clustering of other windows does not count.
        name: Which clustering, where there are several.

    Returns:
        Columns window_id, cluster, confidence.

    Raises:
        ArtifactError: There is no clustering of these windows.
        ConfigError: There are several and no name, or none of that name.
    """
    prefix = f"clusters_{sampling}_"
    found: dict[str, pl.DataFrame] = {}
    for folder in sorted(model_folder.glob(f"{prefix}*")):
        path = folder / "assignments.parquet"
        # "clusters_FD_60_p_kmeans" begins like a clustering of FD_60: the windows themselves decide.
        if path.is_file():
            table = read_table(path, _ASSIGNMENTS)
            if table["window_id"].is_in(window_ids.implode()).any():
                found[folder.name.removeprefix(prefix)] = table
    if not found:
        raise ArtifactError(
            f"{model_folder} has no clusters of the windows of {sampling}. "
            "Make them with `discover cluster`, or leave out the cluster filter."
        )
    if name is None and len(found) > 1:
        raise ConfigError(
            f"{model_folder} has several clusterings of {sampling}: {', '.join(found)}. "
            "Choose one with --clustering."
        )
    if name is not None and name not in found:
        raise ConfigError(f"{model_folder} has no clustering '{name}' of {sampling}. {closest(name, found)}")
    return found[name] if name is not None else next(iter(found.values()))
