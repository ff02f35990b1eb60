"""From the paths of a config to what training reads: both splits on the device, vocabulary, home."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from discover.alignment.config import AlignmentConfig
from discover.alignment.dataset import AlignmentDataset, load_split
from discover.alignment.sensor_vectors import sensor_vectors
from discover.core.embeddings import EmbeddingTable, load_embeddings
from discover.core.errors import ConfigError, DataError
from discover.core.home import NO_ACTIVITY, Home
from discover.core.progress import Progress
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import WindowSet, read_captions, read_labels
from discover.text_encoders.config import ENCODER_TYPES

__all__ = ["TrainingInputs", "build_inputs", "load_inputs"]


@dataclass(frozen=True)
class TrainingInputs:
    """What a training run reads.

    Attributes:
        train: Training split.
        validation: Validation split.
        vocabulary: From training windows; travels in the checkpoint.
        home: The training home; travels in the checkpoint.
        text_meta: Encoder metadata of the text embeddings.
        val_labels: Label per validation window for the informational read-out, (W,); None without it.
    """

    train: AlignmentDataset
    validation: AlignmentDataset
    vocabulary: Vocabulary
    home: Home
    text_meta: Mapping[str, Any]
    val_labels: NDArray[np.str_] | None = None


def load_inputs(config: AlignmentConfig, device: torch.device, progress: Progress) -> TrainingInputs:
    """Read and join everything the config names.

    Raises:
        ConfigError: A path is not given.
        ArtifactError: A file is missing or damaged.
        JoinError: Windows without text embeddings.
        DataError: A split has fewer than two windows, or training and validation share an event.
    """
    train_path, val_path = _path(config, "train_data_path"), _path(config, "val_data_path")
    train, validation = load_split(train_path, "train"), load_split(val_path, "val")
    # Pinned, the training events stay on the host and batches are copied; validation is small.
    train_device = torch.device("cpu") if config.training.pin_memory else device
    vocab_path = (
        config.vocab_path or (train_path if train_path.is_dir() else train_path.parent) / "vocab.json"
    )
    vocabulary = Vocabulary.load(vocab_path)
    inputs = build_inputs(
        config,
        train,
        validation,
        vocabulary,
        _text_vectors(config, "train", train, progress),
        _text_vectors(config, "val", validation, progress),
        device=device,
        train_device=train_device,
        sensor_texts=sensor_vectors(config, train.home),
    )
    if not config.training.label_readout:
        return inputs
    return replace(inputs, val_labels=_labels(val_path, validation))


def build_inputs(
    config: AlignmentConfig,
    train: WindowSet,
    validation: WindowSet,
    vocabulary: Vocabulary,
    train_text: EmbeddingTable,
    val_text: EmbeddingTable,
    *,
    device: torch.device | str = "cpu",
    train_device: torch.device | str | None = None,
    sensor_texts: NDArray[np.floating] | None = None,
) -> TrainingInputs:
    """The same from tables already in memory."""
    _refuse_shared_events(train, validation)
    for name, part in (("training", train), ("validation", validation)):
        if len(part.windows) == 1:
            raise DataError(
                f"There is one {name} window only, and pairs are told from each other. "
                "Use a longer log, shorter windows or another split."
            )
    if train_text.dim != val_text.dim:
        raise ConfigError(
            f"Text embeddings are {train_text.dim} wide for training and {val_text.dim} for validation. "
            "Encode both with the same text encoder."
        )
    parts = [
        AlignmentDataset(
            window_set, text, vocabulary, config.encoder, device=where, sensor_texts=sensor_texts
        )
        for window_set, text, where in (
            (train, train_text, device if train_device is None else train_device),
            (validation, val_text, device),
        )
    ]
    return TrainingInputs(parts[0], parts[1], vocabulary, train.home, dict(train_text.meta))


def _labels(path: Path, validation: WindowSet) -> NDArray[np.str_]:
    table = read_labels(path if path.is_dir() else path.parent)
    joined = validation.windows.select("window_id").join(
        table.select("window_id", "label"), on="window_id", how="left", maintain_order="left"
    )
    labels: NDArray[np.str_] = joined["label"].fill_null(NO_ACTIVITY).to_numpy().astype(np.str_)
    return labels


def _path(config: AlignmentConfig, key: str) -> Path:
    path: Path | None = getattr(config, key)
    if path is None:
        raise ConfigError(f"{key} is not set. Give the sampling folder, or run the whole chain.")
    return path


def _text_vectors(
    config: AlignmentConfig, side: str, window_set: WindowSet, progress: Progress
) -> EmbeddingTable:
    vectors: Path | None = getattr(config, f"{side}_text_embeddings_path")
    if vectors is not None:
        table = load_embeddings(vectors)
        made_by = table.meta.get("encoder_type")
        if made_by in ENCODER_TYPES and made_by != config.text_encoder.type:
            raise ConfigError(
                f"{vectors} was made by the text encoder '{made_by}', and text_encoder.type is "
                f"'{config.text_encoder.type}'. Searches would be encoded by another model than captions: "
                f"set text_encoder.type: {made_by}, or encode the captions again."
            )
        return table
    captions: Path | None = getattr(config, f"{side}_captions_path")
    if captions is None:
        raise ConfigError(f"Neither {side}_text_embeddings_path nor {side}_captions_path is set. Give one.")
    from discover.text_encoders import build_text_encoder, encode_captions

    rows = read_captions(captions)
    rows = rows.join(window_set.windows.select("window_id"), on="window_id", how="semi")
    encoder = build_text_encoder(config.text_encoder)
    encoded: EmbeddingTable = encode_captions(rows, encoder, chunk_folder=None, progress=progress)
    return encoded


def _refuse_shared_events(train: WindowSet, validation: WindowSet) -> None:
    """Hard error when a validation window holds an event of a training window of the same home."""
    if not (len(train.windows) and len(validation.windows)) or train.home.name != validation.home.name:
        return
    taken = _covered(train)
    if not train.events.equals(validation.events):
        # Each side has a table of its own (discover-v2's files): the same event is told by what it says.
        what = [pl.col("time"), pl.col("sensor").cast(pl.String), pl.col("state").cast(pl.String)]
        held = train.events.filter(pl.Series(taken)).select(what).with_columns(taken=True).unique()
        joined = validation.events.select(what).join(held, on=["time", "sensor", "state"], how="left",
                                                     maintain_order="left")  # fmt: skip
        taken = joined["taken"].is_not_null().to_numpy()
    inside = np.concatenate([[0], np.cumsum(taken)])
    begin = validation.windows["first_event"].to_numpy()
    shared = inside[begin + validation.windows["n_events"].to_numpy()] - inside[begin]
    if shared.any():
        where = int(np.flatnonzero(shared)[0])
        raise DataError(
            f"{int((shared > 0).sum()):,} validation windows share events with training windows "
            f"(first: {validation.windows['window_id'][where]}). Split the days before cutting windows: "
            "run `discover sample` again."
        )


def _covered(window_set: WindowSet) -> NDArray[np.bool_]:
    """(E,) whether an event is in a window."""
    change = np.zeros(len(window_set.events) + 1, np.int64)
    first = window_set.windows["first_event"].to_numpy()
    np.add.at(change, first, 1)
    np.add.at(change, first + window_set.windows["n_events"].to_numpy(), -1)
    return np.asarray(np.cumsum(change)[:-1] > 0)
