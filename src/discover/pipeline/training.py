"""Training inside the chain: the paths of the alignment config filled in from the other blocks."""

from pathlib import Path

from discover.alignment import AlignmentConfig
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders

__all__ = ["TRAINING_OUTPUTS", "training_config"]

TRAINING_OUTPUTS = ("config.yaml", "best_model.pt", "final_model.pt", "metrics.jsonl")
"""What the align stage promises. Step checkpoints are kept too, but may be pruned by rule."""


def training_config(config: RunConfig, data: DataFolders, folder: Path) -> AlignmentConfig:
    """The alignment block with the paths of this run's windows and vectors filled in."""
    windows, vectors = data.sampling / "windows.parquet", data.sampling / data.vectors_name
    alignment = config.alignment
    return alignment.model_copy(
        update={
            "output_dir": folder,
            "train_data_path": windows,
            "val_data_path": windows,
            "vocab_path": data.sampling / "vocab.json",
            "train_text_embeddings_path": vectors,
            "val_text_embeddings_path": vectors,
            "dataset": alignment.dataset or data.home.name,
            "dataset_type": alignment.dataset_type or data.home.parent.name,
        }
    )
