"""Every path of the config is read; what does not fit together is refused before training."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover import text_encoders
from discover.alignment import AlignmentTrainer, load_model
from discover.alignment.config import AlignmentConfig
from discover.core.artifacts import write_text
from discover.core.embeddings import EmbeddingTable, save_embeddings
from discover.core.errors import ArtifactError, ConfigError, JoinError
from discover.core.tables import CAPTIONS, EVENTS, LABELS, WINDOWS
from discover.core.window_set import write_home, write_table


@pytest.fixture
def folder(world: ModuleType, tmp_path: Path) -> Path:
    windows = world.make_windows(80)
    home = tmp_path / "toy"
    write_home(home / "home.yaml", windows.home)
    write_table(home / "events.parquet", windows.events, EVENTS)
    write_table(home / "FL" / "windows.parquet", windows.windows, WINDOWS)
    write_text(home / "FL" / "vocab.json", world.make_vocabulary().to_json())
    save_embeddings(home / "FL" / "text.npz", world.make_text(windows))
    captions = pl.DataFrame(
        {
            "window_id": windows.windows["window_id"],
            "caption_index": pl.Series([0] * 80, dtype=pl.Int16),
            "style": ["short"] * 80,
            "caption": [f"text {i % 7}" for i in range(80)],
        }
    )
    write_table(home / "FL" / "captions.parquet", captions, CAPTIONS)
    return home / "FL"


def config_of(world: ModuleType, out: Path, folder: Path, **changes: Any) -> AlignmentConfig:
    paths = {
        "train_data_path": folder,
        "val_data_path": folder / "windows.parquet",
        "train_text_embeddings_path": folder / "text.npz",
        "val_text_embeddings_path": folder / "text.npz",
        "training__max_steps": 2,
    }
    config: AlignmentConfig = world.make_config(out, **{**paths, **changes})
    return config


def test_trains_from_files(world: ModuleType, tmp_path: Path, folder: Path) -> None:
    result = AlignmentTrainer(config_of(world, tmp_path / "run", folder)).train()
    assert load_model(result.folder).home.name == "toy"
    again = AlignmentConfig.from_yaml(tmp_path / "run" / "config.yaml")
    assert again == config_of(world, tmp_path / "run", folder)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"train_data_path": None}, ConfigError, "train_data_path is not set"),
        ({"val_data_path": Path("absent")}, ArtifactError, "No table at"),
        ({"val_text_embeddings_path": None}, ConfigError, "Neither val_text_embeddings_path nor"),
        ({"train_text_embeddings_path": Path("absent.npz")}, ArtifactError, "No embeddings at"),
    ],
)
def test_a_wrong_path_is_told(
    world: ModuleType, tmp_path: Path, folder: Path, changes: dict[str, Any], error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        AlignmentTrainer(config_of(world, tmp_path / "run", folder, **changes)).train()
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_embeddings_of_other_windows_are_refused(world: ModuleType, tmp_path: Path, folder: Path) -> None:
    ids = np.array([f"elsewhere_{i}" for i in range(80)])
    save_embeddings(
        folder / "other.npz", EmbeddingTable(np.ones((80, 16), np.float32), ids, np.zeros(80, np.int16))
    )
    config = config_of(world, tmp_path / "run", folder, train_text_embeddings_path=folder / "other.npz")
    with pytest.raises(JoinError, match="have no row in the text embeddings"):
        AlignmentTrainer(config).train()


def test_embeddings_of_another_text_encoder_are_refused(
    world: ModuleType, tmp_path: Path, folder: Path
) -> None:
    table = world.make_text(world.make_windows(80))
    save_embeddings(
        folder / "clip.npz",
        EmbeddingTable(table.vectors, table.sample_ids, table.caption_indices, {"encoder_type": "clip"}),
    )
    config = config_of(world, tmp_path / "run", folder, train_text_embeddings_path=folder / "clip.npz")
    with pytest.raises(ConfigError, match=r"set text_encoder\.type: clip"):
        AlignmentTrainer(config).train()


def test_captions_are_encoded_when_there_is_no_npz(
    world: ModuleType, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def encode(captions: pl.DataFrame, encoder: Any, **options: Any) -> EmbeddingTable:
        asked.append((encoder, len(captions)))
        number = captions["caption"].str.extract(r"(\d+)").cast(pl.Int64).to_numpy()
        vectors = np.random.default_rng(0).normal(size=(7, 16)).astype(np.float32)[number]
        ids = captions["window_id"].to_numpy().astype(np.str_)
        return EmbeddingTable(vectors, ids, captions["caption_index"].to_numpy())

    monkeypatch.setattr(text_encoders, "build_text_encoder", lambda config: config.type)
    monkeypatch.setattr(text_encoders, "encode_captions", encode)
    changes = {
        "train_text_embeddings_path": None,
        "val_text_embeddings_path": None,
        "train_captions_path": folder / "captions.parquet",
        "val_captions_path": folder / "captions.parquet",
        "text_encoder": {"type": "distilroberta"},
    }
    AlignmentTrainer(config_of(world, tmp_path / "run", folder, **changes)).train()
    assert asked == [("distilroberta", 56), ("distilroberta", 12)]


def test_sensor_descriptions_are_encoded_when_read(
    world: ModuleType, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Encoder:
        def encode(self, texts: list[str], **options: Any) -> np.ndarray[Any, Any]:
            asked.extend(texts)
            return np.random.default_rng(1).normal(size=(len(texts), 6)).astype(np.float32)

    monkeypatch.setattr(text_encoders, "build_text_encoder", lambda config: Encoder())
    config = config_of(world, tmp_path / "run", folder, encoder__metadata={"sensor_tokens": "text"})
    AlignmentTrainer(config).train()
    assert "door sensor by the fridge in the kitchen" in asked
    loaded = load_model(tmp_path / "run")
    assert loaded.embed_windows(world.make_windows(5)).vectors.shape == (5, 24)


def test_labels_are_read_only_when_asked_for_and_change_nothing_else(
    world: ModuleType, tmp_path: Path, folder: Path
) -> None:
    windows = world.make_windows(80).windows
    labels = pl.DataFrame(
        {
            "window_id": windows["window_id"],
            "label": ["cook" if i % 3 else "no_activity" for i in range(80)],
            "coarse": ["other"] * 80,
            "share": pl.Series([1.0] * 80, dtype=pl.Float32),
            "all_labels": [["cook"]] * 80,
            "segment": pl.Series([None] * 80, dtype=pl.Int32),
        }
    )
    write_table(folder / "labels.parquet", labels, LABELS)
    lines = {}
    for name, asked in (("without", False), ("with", True)):
        config = config_of(world, tmp_path / name, folder, training__label_readout=asked)
        AlignmentTrainer(config).train()
        log = (tmp_path / name / "metrics.jsonl").read_text().splitlines()
        lines[name] = [json.loads(line) for line in log]
    extra = set(lines["with"][-1]) - set(lines["without"][-1])
    assert extra == {"val_label_precision_at_10_macro", "val_label_precision_at_10_weighted"}
    # Ten of the eight annotated validation windows cannot be had; all found ones have the one label.
    assert lines["with"][-1]["val_label_precision_at_10_macro"] == pytest.approx(1.0)
    for one, two in zip(lines["with"], lines["without"], strict=True):
        assert {k: v for k, v in one.items() if k not in extra} == two
    (folder / "labels.parquet").unlink()
    with pytest.raises(ArtifactError, match=r"labels\.parquet"):
        AlignmentTrainer(config_of(world, tmp_path / "none", folder, training__label_readout=True)).train()
