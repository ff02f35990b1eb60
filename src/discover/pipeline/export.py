"""A run's windows, captions and text vectors as discover-v2's files, for comparing on the same data."""

from pathlib import Path

import numpy as np
import polars as pl

from discover.core.embeddings import EmbeddingTable, load_embeddings, save_embeddings
from discover.core.tables import ANNOTATIONS, SPLITS
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import load_window_set, read_captions, read_labels, read_table
from discover.interop import write_v2_captions, write_v2_windows
from discover.pipeline.chain import Chain
from discover.pipeline.data_stages import DataFolders

__all__ = ["export_v2"]


def export_v2(chain: Chain, folder: Path) -> list[Path]:
    """Write train/val/test.json and vocab.json, and per split captions and NPZ where they were made.

    Of several homes, each gets a folder of its name.

    Args:
        chain: A chain whose windows are made.
        folder: Where to; made if absent.

    Raises:
        ArtifactError: The windows are not made yet, or the folder cannot be written.
    """
    if len(chain.homes) == 1:
        return _export_home(chain, chain.data_folders, folder)
    return [p for home in chain.homes for p in _export_home(chain, home.folders, folder / home.name)]


def _export_home(chain: Chain, data: DataFolders, folder: Path) -> list[Path]:
    sampling = chain.config.sampling
    window_set = load_window_set(data.sampling)
    own_events = (data.sampling / "events.parquet").is_file()
    annotations = None if own_events else read_table(data.home / "annotations.parquet", ANNOTATIONS)
    paths = write_v2_windows(
        folder,
        window_set,
        read_labels(data.sampling),
        annotations,
        vocabulary=Vocabulary.load(data.sampling / "vocab.json"),
        strategy=sampling.type,
        parameters=sampling.model_dump(mode="json"),
    )
    style, encoder = chain.config.captions.style, chain.config.alignment.text_encoder.name
    captions_path, vectors_path = data.sampling / data.captions_name, data.sampling / data.vectors_name
    for split in SPLITS:
        ids = window_set.of_split(split).windows["window_id"]
        if not len(ids):
            continue
        if captions_path.is_file():
            chosen = read_captions(captions_path).filter(pl.col("window_id").is_in(ids.implode()))
            paths.append(write_v2_captions(folder / f"{split}_captions_{style}.json", chosen))
        if vectors_path.is_file():
            path = folder / f"{split}_embeddings_{style}_{encoder}.npz"
            save_embeddings(path, _rows(load_embeddings(vectors_path), ids))
            paths.append(path)
    return paths


def _rows(table: EmbeddingTable, ids: pl.Series) -> EmbeddingTable:
    keep = np.isin(table.sample_ids, ids.to_numpy().astype(np.str_))
    windows = len(ids)
    meta = {**table.meta, "num_unique_samples": windows, "avg_captions_per_sample": int(keep.sum()) / windows}
    # discover-v2 reads float32.
    vectors = table.vectors[keep].astype(np.float32)
    return EmbeddingTable(vectors, table.sample_ids[keep], table.caption_indices[keep], meta)
