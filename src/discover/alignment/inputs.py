"""From the paths of a config to what training reads: both splits on the device, vocabulary, homes."""

from collections.abc import Mapping, Sequence
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
from discover.core.embeddings import EmbeddingTable, join_embeddings, load_embeddings
from discover.core.errors import ConfigError, DataError
from discover.core.home import NO_ACTIVITY, Home
from discover.core.progress import Progress
from discover.core.vocabulary import Vocabulary, join_vocabularies
from discover.core.window_set import WindowSet, read_captions, read_labels
from discover.text_encoders.config import ENCODER_TYPES

__all__ = ["TrainingInputs", "build_inputs", "load_inputs"]


@dataclass(frozen=True)
class TrainingInputs:
    """What a training run reads.

    Attributes:
        train: Training split; its homes travel in the checkpoint.
        validation: Validation split.
        vocabulary: From training windows; travels in the checkpoint.
        text_meta: Encoder metadata of the text embeddings.
        val_labels: Label per validation window for the informational read-out, (W,); None without it.
    """

    train: AlignmentDataset
    validation: AlignmentDataset
    vocabulary: Vocabulary
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
    train_paths, val_paths = _paths(config, "train_data_path"), _paths(config, "val_data_path")
    train, validation = load_split(train_paths, "train"), load_split(val_paths, "val")
    # Pinned, the training events stay on the host and batches are copied; validation is small.
    train_device = torch.device("cpu") if config.training.pin_memory else device
    inputs = build_inputs(
        config,
        train,
        validation,
        _vocabulary(config, train_paths, train.homes),
        _text_vectors(config, "train", train, progress),
        _text_vectors(config, "val", validation, progress),
        device=device,
        train_device=train_device,
    )
    if not config.training.label_readout:
        return inputs
    return replace(inputs, val_labels=_labels(val_paths, validation))


def _vocabulary(config: AlignmentConfig, folders: Sequence[Path], homes: Mapping[str, Home]) -> Vocabulary:
    paths = config.vocab_path or [(p if p.is_dir() else p.parent) / "vocab.json" for p in folders]
    if len(paths) != len(homes):
        raise ConfigError(
            f"vocab_path names {len(paths)} files and the training windows are of {len(homes)} homes. "
            "Give one vocabulary per home, in the same order, or remove vocab_path."
        )
    return join_vocabularies({name: Vocabulary.load(path) for name, path in zip(homes, paths, strict=True)})


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
) -> TrainingInputs:
    """The same from tables already in memory."""
    _refuse_shared_events(train, validation)
    _refuse_idle_homes(config, len(train.homes))
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
            window_set,
            text,
            vocabulary,
            config.encoder,
            device=where,
            sensor_texts=sensor_vectors(config, window_set.homes),
        )
        for window_set, text, where in (
            (train, train_text, device if train_device is None else train_device),
            (validation, val_text, device),
        )
    ]
    return TrainingInputs(parts[0], parts[1], vocabulary, dict(train_text.meta))


def _labels(paths: Sequence[Path], validation: WindowSet) -> NDArray[np.str_]:
    table = pl.concat([read_labels(path if path.is_dir() else path.parent) for path in paths])
    joined = validation.windows.select("window_id").join(
        table.select("window_id", "label"), on="window_id", how="left", maintain_order="left"
    )
    labels: NDArray[np.str_] = joined["label"].fill_null(NO_ACTIVITY).to_numpy().astype(np.str_)
    return labels


def _paths(config: AlignmentConfig, key: str) -> tuple[Path, ...]:
    paths: tuple[Path, ...] | None = getattr(config, key)
    if paths is None:
        raise ConfigError(f"{key} is not set. Give the sampling folder, or run the whole chain.")
    return paths


def _text_vectors(
    config: AlignmentConfig, side: str, window_set: WindowSet, progress: Progress
) -> EmbeddingTable:
    vectors: tuple[Path, ...] | None = getattr(config, f"{side}_text_embeddings_path")
    if vectors is not None:
        return join_embeddings([_read_vectors(config, path) for path in vectors])
    captions: tuple[Path, ...] | None = getattr(config, f"{side}_captions_path")
    if captions is None:
        raise ConfigError(f"Neither {side}_text_embeddings_path nor {side}_captions_path is set. Give one.")
    from discover.text_encoders import build_text_encoder, encode_captions

    rows = pl.concat([read_captions(path) for path in captions])
    rows = rows.join(window_set.windows.select("window_id"), on="window_id", how="semi")
    encoder = build_text_encoder(config.text_encoder)
    encoded: EmbeddingTable = encode_captions(rows, encoder, chunk_folder=None, progress=progress)
    return encoded


def _read_vectors(config: AlignmentConfig, path: Path) -> EmbeddingTable:
    table = load_embeddings(path)
    made_by = table.meta.get("encoder_type")
    if made_by in ENCODER_TYPES and made_by != config.text_encoder.type:
        raise ConfigError(
            f"{path} was made by the text encoder '{made_by}', and text_encoder.type is "
            f"'{config.text_encoder.type}'. Searches would be encoded by another model than captions: "
            f"set text_encoder.type: {made_by}, or encode the captions again."
        )
    return table


def _refuse_idle_homes(config: AlignmentConfig, n_homes: int) -> None:
    """Check that no setting is about several homes where there is one."""
    idle = [
        name
        for name, value, default in (
            ("training.batches", config.training.batches, "across"),
            ("loss.hard_negative_homes", config.loss.hard_negative_homes, "any"),
        )
        if value != default and n_homes == 1
    ]
    if idle:
        raise ConfigError(
            f"{' and '.join(idle)} would have no effect with one home. Remove it, or give more homes."
        )


def _refuse_shared_events(train: WindowSet, validation: WindowSet) -> None:
    """Hard error when a validation window holds an event of a training window of the same home."""
    for name in train.logs.keys() & validation.logs.keys():
        _refuse_shared_in_home(train.of_home(name), validation.of_home(name))


def _refuse_shared_in_home(train: WindowSet, validation: WindowSet) -> None:
    if not (len(train.windows) and len(validation.windows)):
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
