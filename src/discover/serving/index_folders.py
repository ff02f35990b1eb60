"""Index folders of a model: their names, the choice of one, the place of its windows, its search defaults."""

import os
from pathlib import Path
from typing import Any

from discover.core.artifacts import check_files, read_json, require_manifest, write_json
from discover.core.config import config_from_mapping
from discover.core.errors import ArtifactError
from discover.core.event_files import events_file
from discover.core.reading import mapping_of
from discover.core.window_set import WindowSet, load_window_set
from discover.retrieval import SearchDefaults

__all__ = [
    "SOURCE_FILE",
    "check_index_source",
    "index_name",
    "indexed_windows",
    "no_model",
    "note_source",
    "noted_indexes",
    "only_index",
    "sampling_of",
    "search_defaults_of",
]

_PREFIX = "index_"
SOURCE_FILE = "source.json"
"""File in an index folder that names the folder of its windows."""
_AGAIN = "Run `discover run` with the config of this model to make it again."


def index_name(sampling: str) -> str:
    """Folder of a model's search index over one sampling, inside the model's folder."""
    return f"{_PREFIX}{sampling}"


def note_source(index_folder: Path, sampling: Path, defaults: SearchDefaults | None = None) -> Path:
    """Write the place of an index's windows, relative to the index, so that a workspace can be moved.

    Args:
        index_folder: The index.
        sampling: The folder of its windows.
        defaults: Defaults of its searches (`retrieval.search` of the run).
    """
    path = index_folder / SOURCE_FILE
    note: dict[str, Any] = {"sampling": os.path.relpath(sampling, index_folder)}
    if defaults is not None:
        note["search"] = defaults.model_dump(mode="json")
    write_json(path, note)
    return path


def search_defaults_of(index_folder: Path) -> SearchDefaults:
    """Defaults of the searches of an index: those of its run, else those of the package.

    Raises:
        ArtifactError: The note is damaged.
    """
    path = index_folder / SOURCE_FILE
    note = mapping_of(read_json(path), path) if path.is_file() else {}
    return config_from_mapping(note.get("search", {}), SearchDefaults, source=str(path))


def no_model(model_folder: Path) -> ArtifactError:
    """The error for a folder without a trained model."""
    return ArtifactError(
        f"No trained model in {model_folder} (best_model.pt is missing). "
        "Train one with `discover run --config configs/pipelines/demo.yaml`."
    )


def noted_indexes(model_folder: Path) -> list[Path]:
    """The model's index folders that name the place of their windows, by name."""
    return sorted(path.parent for path in model_folder.glob(f"{_PREFIX}*/{SOURCE_FILE}"))


def sampling_of(index_folder: Path) -> Path:
    """The sampling folder whose windows an index holds, as the embed stage noted it; it may be gone.

    Raises:
        ArtifactError: The note is missing or damaged, or names a place that is not relative to the index.
    """
    note = read_json(index_folder / SOURCE_FILE)
    place = note.get("sampling") if isinstance(note, dict) else None
    if (
        not isinstance(place, str)
        or not place
        or "\0" in place
        or place.startswith(("/", "\\"))
        or ":" in place
    ):
        raise ArtifactError(
            f"{index_folder / SOURCE_FILE} must say where the windows are, relative to the index; found "
            f"{str(place)[:80]!r}. {_AGAIN}"
        )
    return Path(os.path.normpath(index_folder / place))


def indexed_windows(index_folder: Path) -> WindowSet:
    """The windows of an index with their events and home, each file checked against the hash noted for it.

    Raises:
        ArtifactError: A manifest is missing or damaged, or a file is not the one the index was made from.
    """
    folder = check_index_source(index_folder)
    return load_window_set(folder)


def check_index_source(index_folder: Path) -> Path:
    """Check windows, events and home behind an index by their hashes; the folder of the windows.

    Raises:
        ArtifactError: As `indexed_windows`.
    """
    path = _embed_manifest(index_folder)
    # The index's own manifest names the hashes of its vectors; `Index.load` compares them.
    own = (SOURCE_FILE, "manifest.json")
    manifest = require_manifest(
        path, stage=path.stem.removeprefix("manifest_"), needs=own, checked=own, remedy=_AGAIN
    )
    folder = sampling_of(index_folder)
    check_files({folder / "windows.parquet": manifest.inputs.get("windows", "")}, remedy=_AGAIN)
    if (folder / "events.parquet").is_file():
        # Streams of one resident each have events of their own, made with the windows.
        suffix = "_p" if folder.name.endswith("_p") else ""
        require_manifest(
            folder / f"manifest_sample{suffix}.json",
            stage=f"sample{suffix}",
            needs=["events.parquet", "home.yaml"],
            remedy=_AGAIN,
        )
        return folder
    noted = {folder.parent / "home.yaml": "home", events_file(folder.parent): "events"}
    files = {path: manifest.inputs.get(key, "") for path, key in noted.items()}
    check_files(files, remedy=_AGAIN)
    return folder


def _embed_manifest(index_folder: Path) -> Path:
    """The manifest of the stage that made an index, whichever protocol it is of."""
    found = [index_folder / f"manifest_embed{suffix}.json" for suffix in ("_p", "")]
    return next((path for path in found if path.is_file()), found[-1])


def only_index(model_folder: Path) -> Path:
    """The model's only index of free-running windows.

    Presegmented windows are cut at annotations, so an index of them is used only when it is named.

    Raises:
        ArtifactError: There is none, it has no manifest, or there are several.
    """
    found = sorted(path for path in model_folder.glob(f"{_PREFIX}*") if path.is_dir())
    free = [path for path in found if not path.name.endswith("_p")]
    if not free and found:
        names = ", ".join(path.name for path in found)
        raise ArtifactError(
            f"{model_folder} has an index of presegmented windows only ({names}), which are cut at "
            "annotations. Run `discover run` with its config to embed free-running windows, or name this "
            "index with --index."
        )
    if not free:
        raise ArtifactError(
            f"{model_folder} has a model but no search index. Run `discover run` (or `discover evaluate`) "
            "with its config to embed the windows."
        )
    if len(free) > 1:
        names = ", ".join(path.name for path in free)
        raise ArtifactError(f"{model_folder} has several indexes ({names}). Choose one with --index.")
    return free[0]
