"""Training inside the chain: the paths of the alignment config filled in from the other blocks."""

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
    config: RunConfig, data: DataFolders, folder: Path, workspace: Workspace
) -> AlignmentConfig:
    """The alignment block with the paths of this run's windows and vectors filled in.

    Raises:
        ConfigError: The YAML names a file that is not the one its other blocks make.
    """
    windows, vectors = data.sampling / "windows.parquet", data.sampling / data.vectors_name
    paths = {
        "train_data_path": windows,
        "val_data_path": windows,
        "vocab_path": data.sampling / "vocab.json",
        "train_text_embeddings_path": vectors,
        "val_text_embeddings_path": vectors,
    }
    alignment = config.alignment
    for name, made in paths.items():
        given = getattr(alignment, name)
        if given is not None and [(workspace.root / path).resolve() for path in given] != [made.resolve()]:
            raise ConfigError(
                f"{name} is {', '.join(map(str, given))}, but the home, sampling and captions blocks make "
                f"{made}. "
                f"Remove {name}, or the blocks to train on other files."
            )
    for name in ("train_captions_path", "val_captions_path"):
        if getattr(alignment, name) is not None:
            raise ConfigError(
                f"{name} is {getattr(alignment, name)}, but the chain writes and encodes the captions itself "
                f"and would not read it. Remove {name}, or train alone with `python train.py`."
            )
    names = {
        "dataset": alignment.dataset or data.home.name,
        "dataset_type": alignment.dataset_type or data.home.parent.name,
    }
    filled = {name: (path,) for name, path in paths.items()}
    return alignment.model_copy(update={"output_dir": folder, **filled, **names})
