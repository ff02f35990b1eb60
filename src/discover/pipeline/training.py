"""Training inside the chain: the paths of the alignment config filled in from the other blocks."""

from collections.abc import Sequence
from pathlib import Path

from discover.alignment import AlignmentConfig
from discover.core.errors import ConfigError
from discover.core.paths import Workspace
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders

__all__ = ["TRAINING_OUTPUTS", "TRAINING_PATHS", "training_config"]

TRAINING_OUTPUTS = ("config.yaml", "best_model.pt", "final_model.pt", "metrics.jsonl")
"""What the align stage promises. Step checkpoints are kept too, but may be pruned by rule."""

TRAINING_PATHS = (
    "output_dir",
    "train_data_path",
    "val_data_path",
    "vocab_path",
    "train_text_embeddings_path",
    "val_text_embeddings_path",
)
"""Fields that `training_config` fills in. What lies there is compared by content, so they are no settings."""


def training_config(
    config: RunConfig, homes: Sequence[DataFolders], folder: Path, workspace: Workspace
) -> AlignmentConfig:
    """The alignment block with the paths of this run's windows and vectors filled in, one of each per home.

    Raises:
        ConfigError: The YAML names a file that is not the one its other blocks make.
    """
    windows = tuple(data.sampling / "windows.parquet" for data in homes)
    vectors = tuple(data.sampling / data.vectors_name for data in homes)
    paths = {
        "train_data_path": windows,
        "val_data_path": windows,
        "vocab_path": tuple(data.sampling / "vocab.json" for data in homes),
        "train_text_embeddings_path": vectors,
        "val_text_embeddings_path": vectors,
    }
    alignment = config.alignment
    for name, made in paths.items():
        given = getattr(alignment, name)
        if given is not None and not _same(given, made, workspace):
            raise ConfigError(
                f"{name} is {_listed(given)}, but the home, sampling and captions blocks make "
                f"{_listed(made)}. Remove {name}, or the blocks to train on other files."
            )
    for name in ("train_captions_path", "val_captions_path"):
        if getattr(alignment, name) is not None:
            raise ConfigError(
                f"{name} is {getattr(alignment, name)}, but the chain writes and encodes the captions itself "
                f"and would not read it. Remove {name}, or train alone with `python train.py`."
            )
    names = {
        "dataset": alignment.dataset or "+".join(data.home.name for data in homes),
        "dataset_type": alignment.dataset_type
        or "+".join(dict.fromkeys(data.home.parent.name for data in homes)),
    }
    return alignment.model_copy(update={"output_dir": folder, **paths, **names})


def _same(given: Sequence[Path], made: Sequence[Path], workspace: Workspace) -> bool:
    return [(workspace.root / path).resolve() for path in given] == [path.resolve() for path in made]


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
