"""Index folders inside a model's folder: which one to take, and the windows it was made from."""

import os
from pathlib import Path

from discover.core.artifacts import read_json
from discover.core.errors import ArtifactError

__all__ = ["only_index", "sampling_of"]

_PREFIX, _SOURCE = "index_", "source.json"


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
