"""An index on disk: vectors, window facts, activations, FAISS lists if it has any, and a manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path, require_manifest, write_manifest
from discover.core.errors import ArtifactError
from discover.core.reading import read_npz, taken_apart
from discover.core.row_keys import Keys, sealed_rows
from discover.core.window_set import read_table, write_table
from discover.retrieval.activations import Activations, read_activations, write_activations
from discover.retrieval.approximate import AnnReport, InvertedLists, faiss_installed
from discover.retrieval.window_facts import WINDOW_FACTS

__all__ = [
    "ACTIVATIONS_FILE",
    "ANN_FILE",
    "INDEX_FILES",
    "StoredIndex",
    "check_model",
    "read_index",
    "write_index",
]

INDEX_FILES = ("vectors.npz", "windows.parquet", "manifest.json")
"""Files of every index folder."""

ANN_FILE = "lists.faiss"
"""In the folder where the index was built with FAISS."""

ACTIVATIONS_FILE = "activations.npz"
"""In the folder where the index was built from windows with their events."""

_FORMER_ACTIVATIONS_FILE = "signs.npz"

_STAGE_VERSION = 1


class StoredIndex(NamedTuple):
    """What an index folder holds."""

    vectors: NDArray[np.float16 | np.float32]
    windows: pl.DataFrame
    model_sha256: str
    ann: InvertedLists | None
    ann_report: AnnReport | None
    """Of the lists on disk, also where FAISS is not installed."""
    activations: dict[str, Activations] | None


def write_index(
    folder: Path,
    vectors: NDArray[np.float16 | np.float32],
    windows: pl.DataFrame,
    model_sha256: str,
    ann: InvertedLists | None,
    activations: Mapping[str, Activations] | None = None,
    keys: Keys | None = None,
) -> list[Path]:
    """Write an index; the manifest comes last, so a half-written index is noticed. Returns the paths."""
    sealed = {} if keys is None else sealed_rows(vectors, keys)
    paths = [folder / name for name in INDEX_FILES]
    with atomic_path(paths[0]) as temporary, temporary.open("wb") as stream:
        np.savez(stream, vectors=vectors, **sealed)  # type: ignore[arg-type]
    write_table(paths[1], windows, WINDOW_FACTS)
    outputs, settings = paths[:2], {"dim": int(vectors.shape[1]), "backend": "exact"}
    if ann is not None:
        ann.write(folder / ANN_FILE)
        outputs = [*outputs, folder / ANN_FILE]
        settings |= {"backend": "faiss", "ann": ann.report.as_dict()}
    else:
        (folder / ANN_FILE).unlink(missing_ok=True)
    if activations is not None:
        write_activations(folder / ACTIVATIONS_FILE, activations)
        outputs = [*outputs, folder / ACTIVATIONS_FILE]
    else:
        (folder / ACTIVATIONS_FILE).unlink(missing_ok=True)
    # A file that the manifest does not name would stay in the folder for ever.
    (folder / _FORMER_ACTIVATIONS_FILE).unlink(missing_ok=True)
    write_manifest(
        paths[2],
        stage="index",
        stage_version=_STAGE_VERSION,
        config=settings,
        inputs={"model": model_sha256},
        outputs=outputs,
        rows={"windows": len(vectors)},
    )
    return [*outputs, paths[2]]


def read_index(folder: Path, *, model_sha256: str | None) -> StoredIndex:
    """Read what `write_index` wrote.

    Raises:
        ArtifactError: Missing, damaged, or made by another model than `model_sha256` (None: any).
    """
    path, needs = folder / INDEX_FILES[2], INDEX_FILES[:2]
    remedy = (
        "Run `discover run` (or `discover evaluate`) with the config of this model to make the index again."
    )
    if not folder.is_dir():
        raise ArtifactError(f"No search index in {folder}. {remedy}")
    manifest = require_manifest(path, stage="index", stage_version=_STAGE_VERSION, needs=needs, remedy=remedy)
    if model_sha256 is not None:
        check_model(manifest.inputs.get("model", ""), model_sha256, f"The index in {folder}")
    with taken_apart(folder / INDEX_FILES[0]):
        vectors = _vectors(read_npz(folder / INDEX_FILES[0])["vectors"])
    windows = read_table(folder / INDEX_FILES[1], WINDOW_FACTS)
    report = _report(manifest.config)
    lists = None
    if report is not None and faiss_installed():
        lists = InvertedLists.read(folder / ANN_FILE, report)
    stored = next((n for n in (ACTIVATIONS_FILE, _FORMER_ACTIVATIONS_FILE) if n in manifest.outputs), None)
    activations = None
    if stored is not None and len(windows):
        activations = read_activations(folder / stored, windows["home"][0])
    return StoredIndex(vectors, windows, manifest.inputs["model"], lists, report, activations)


def check_model(found: str, wanted: str, what: str) -> None:
    """Refuse vectors of another model.

    Raises:
        ArtifactError: `found` is not `wanted`.
    """
    if found != wanted:
        raise ArtifactError(
            f"{what} come from model {found[:12] or '(unknown)'}, the queries from {wanted[:12]}. "
            "Vectors of two models cannot be compared: embed the windows with this model again."
        )


def _vectors(found: NDArray[Any]) -> NDArray[np.float16 | np.float32]:
    if found.ndim != 2 or found.dtype not in (np.float16, np.float32):
        raise ValueError(f"its vectors are {found.dtype} of shape {found.shape}")
    return found


def _report(config: Mapping[str, Any]) -> AnnReport | None:
    return AnnReport(**config["ann"]) if "ann" in config else None
