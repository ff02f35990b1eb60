"""Index folders inside a model's folder: their names, which one to take, where their windows are, how they
are asked."""

import os
from pathlib import Path
from typing import Any

from discover.core.artifacts import read_json, write_json
from discover.core.config import config_from_mapping
from discover.core.errors import ArtifactError
from discover.retrieval import SearchDefaults

__all__ = [
    "index_name",
    "no_model",
    "note_source",
    "noted_indexes",
    "only_index",
    "sampling_of",
    "search_defaults_of",
]

_PREFIX, _SOURCE = "index_", "source.json"


def index_name(sampling: str) -> str:
    """Folder of a model's search index over one sampling, inside the model's folder."""
    return f"{_PREFIX}{sampling}"


def note_source(index_folder: Path, sampling: Path, defaults: SearchDefaults | None = None) -> Path:
    """Write beside an index where its windows are, relative to it, so that a workspace can be moved.

    Args:
        index_folder: The index.
        sampling: The folder of its windows.
        defaults: How it is asked where the asker does not say (`retrieval.search` of the run).
    """
    path = index_folder / _SOURCE
    note: dict[str, Any] = {"sampling": os.path.relpath(sampling, index_folder)}
    if defaults is not None:
        note["search"] = defaults.model_dump(mode="json")
    write_json(path, note)
    return path


def search_defaults_of(index_folder: Path) -> SearchDefaults:
    """How an index is asked by default: as its run said, else the package's defaults.

    Raises:
        ArtifactError: The note is damaged.
    """
    path = index_folder / _SOURCE
    note = read_json(path) if path.is_file() else {}
    return config_from_mapping(note.get("search", {}), SearchDefaults, source=str(path))


def no_model(model_folder: Path) -> ArtifactError:
    """The error for a folder without a trained model."""
    return ArtifactError(
        f"No trained model in {model_folder} (best_model.pt is missing). "
        "Train one with `discover run --config configs/pipelines/demo.yaml`."
    )


def noted_indexes(model_folder: Path) -> list[Path]:
    """The model's index folders that say where their windows are, by name."""
    return sorted(path.parent for path in model_folder.glob(f"{_PREFIX}*/{_SOURCE}"))


def sampling_of(index_folder: Path) -> Path:
    """The sampling folder whose windows an index holds, as the embed stage noted it; it may be gone.

    Raises:
        ArtifactError: The note is missing or damaged.
    """
    return Path(os.path.normpath(index_folder / read_json(index_folder / _SOURCE)["sampling"]))


def only_index(model_folder: Path) -> Path:
    """The model's only index of free-running windows (of any windows, where there is no such).

    Raises:
        ArtifactError: There is none, or there are several.
    """
    found = sorted(p for p in model_folder.glob(f"{_PREFIX}*") if (p / "manifest.json").is_file())
    free = [p for p in found if not p.name.endswith("_p")] or found
    if len(free) == 1:
        return free[0]
    if not free:
        raise ArtifactError(
            f"{model_folder} has a model but no search index. Run `discover run` (or `discover evaluate`) "
            "with its config to embed the windows."
        )
    names = ", ".join(p.name for p in free)
    raise ArtifactError(f"{model_folder} has several indexes ({names}). Choose one with --index.")
