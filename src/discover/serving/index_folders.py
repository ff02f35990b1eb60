"""Index folders of a model: their names, the choice of one, the place of its windows, its search defaults."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from discover.core.artifacts import check_files, read_json, require_manifest, write_json
from discover.core.config import closest, config_from_mapping
from discover.core.errors import ArtifactError, ConfigError
from discover.core.event_files import events_file
from discover.core.reading import mapping_of
from discover.core.window_set import WindowSet, load_window_sets
from discover.retrieval import Index, SearchDefaults

__all__ = [
    "SOURCE_FILE",
    "IndexedHome",
    "check_index_source",
    "index_inputs",
    "index_name",
    "indexed_windows",
    "no_model",
    "note_source",
    "noted_indexes",
    "one_home",
    "only_index",
    "samplings_of",
    "search_defaults_of",
]

_PREFIX = "index_"
SOURCE_FILE = "source.json"
"""File in an index folder that names the folder of its windows."""
_AGAIN = "Run `discover run` with the config of this model to make it again."


def index_name(sampling: str) -> str:
    """Folder of a model's search index over one sampling, inside the model's folder."""
    return f"{_PREFIX}{sampling}"


def note_source(
    index_folder: Path, samplings: Sequence[Path], defaults: SearchDefaults | None = None
) -> Path:
    """Write the places of an index's windows, relative to the index, so that a workspace can be moved.

    Args:
        index_folder: The index.
        samplings: The folders of its windows, one per home.
        defaults: Defaults of its searches (`retrieval.search` of the run).
    """
    path = index_folder / SOURCE_FILE
    places = [os.path.relpath(sampling, index_folder) for sampling in samplings]
    note: dict[str, Any] = {"sampling": places[0] if len(places) == 1 else places}
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


def samplings_of(index_folder: Path) -> tuple[Path, ...]:
    """The sampling folders whose windows an index holds, one per home, as the embed stage noted them.

    The folders may be gone.

    Raises:
        ArtifactError: The note is missing or damaged, or names a place that is not relative to the index.
    """
    note = read_json(index_folder / SOURCE_FILE)
    noted = note.get("sampling") if isinstance(note, dict) else None
    places = []
    for place in noted if isinstance(noted, list) and noted else [noted]:
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
        places.append(Path(os.path.normpath(index_folder / place)))
    return tuple(places)


def indexed_windows(index_folder: Path) -> WindowSet:
    """The windows of an index with their events and homes, each file checked against the hash noted for it.

    Raises:
        ArtifactError: A manifest is missing or damaged, or a file is not the one the index was made from.
    """
    return load_window_sets(check_index_source(index_folder))


def index_inputs(samplings: Sequence[Path]) -> dict[str, Path]:
    """The files that an index is made from, by the name its manifest gives them.

    Args:
        samplings: The folders of its windows, one per home.
    """
    files = {}
    for sampling in samplings:
        suffix = "" if len(samplings) == 1 else f" {sampling.parent.name}"
        files[f"home{suffix}"] = sampling.parent / "home.yaml"
        files[f"events{suffix}"] = events_file(sampling.parent)
        files[f"windows{suffix}"] = sampling / "windows.parquet"
    return files


def check_index_source(index_folder: Path) -> tuple[Path, ...]:
    """Check windows, events and homes behind an index by their hashes; the folders of the windows.

    Raises:
        ArtifactError: As `indexed_windows`.
    """
    path = _embed_manifest(index_folder)
    # The index's own manifest names the hashes of its vectors; `Index.load` compares them.
    own = (SOURCE_FILE, "manifest.json")
    manifest = require_manifest(
        path, stage=path.stem.removeprefix("manifest_"), needs=own, checked=own, remedy=_AGAIN
    )
    folders = samplings_of(index_folder)
    files = index_inputs(folders)
    for folder in folders:
        if (folder / "events.parquet").is_file():
            # Streams of one resident each have events of their own, made with the windows.
            suffix = "_p" if folder.name.endswith("_p") else ""
            require_manifest(
                folder / f"manifest_sample{suffix}.json",
                stage=f"sample{suffix}",
                needs=["events.parquet", "home.yaml"],
                remedy=_AGAIN,
            )
            files = {name: file for name, file in files.items() if file.parent != folder.parent}
    check_files({file: manifest.inputs.get(name, "") for name, file in files.items()}, remedy=_AGAIN)
    return folders


def one_home(names: Sequence[str], wanted: str | None, *, what: str) -> str:
    """The home that is meant: the one that is named, or the only one.

    Args:
        names: The homes there are.
        wanted: The one that is asked for; None where there is only one.
        what: What holds them, for the error.

    Raises:
        ConfigError: There are several and none is named, or none has that name.
    """
    if wanted is None and len(names) > 1:
        raise ConfigError(f"{what} holds several homes ({', '.join(names)}). Choose one with --home.")
    if wanted is not None and wanted not in names:
        raise ConfigError(f"{what} holds no home '{wanted}'. {closest(wanted, names)}")
    return names[0] if wanted is None else wanted


@dataclass(frozen=True)
class IndexedHome:
    """One home's share of an index.

    Attributes:
        index: Its windows in the index.
        window_set: The same windows with their events, in the index's order.
        sampling: Their folder.
    """

    index: Index
    window_set: WindowSet
    sampling: Path

    @classmethod
    def open(
        cls, index_folder: Path, home: str | None = None, *, model_sha256: str | None = None
    ) -> "IndexedHome":
        """Load an index and keep one home of it.

        Args:
            index_folder: The index.
            home: Which home, where the index holds several.
            model_sha256: Hash of the model that will read it; None skips the check.

        Raises:
            ArtifactError: The index or what it was made from is missing, damaged or of another model.
            ConfigError: Several homes and none chosen, or no such home.
        """
        windows = indexed_windows(index_folder)
        index = Index.load(index_folder, model_sha256=model_sha256)
        name = one_home(list(windows.logs), home, what=f"The index {index_folder}")
        own, part = windows.of_home(name), index.of_home(name)
        order = part.windows.select("window_id")
        rows = order.join(own.windows, on="window_id", how="left", maintain_order="left")
        sampling = samplings_of(index_folder)[list(windows.logs).index(name)]
        return cls(part, replace(own, windows=rows.select(own.windows.columns)), sampling)


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
