"""Windows and captions are joined by id, splits do not leak, heads have the stated sizes."""

from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import torch

from discover.alignment.config import ProjectionConfig
from discover.alignment.dataset import AlignmentDataset, text_ids
from discover.alignment.heads import build_head
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import DataError, JoinError
from discover.core.window_set import WindowSet
from discover.encoders import SensorEncoderConfig


def dataset(world: ModuleType, table: EmbeddingTable | None = None) -> AlignmentDataset:
    windows = world.make_windows(60)
    text = world.make_text(windows) if table is None else table
    return AlignmentDataset(windows.of_split("train"), text, world.make_vocabulary(), SensorEncoderConfig())


def test_shuffled_rows_make_the_same_pairs(world: ModuleType) -> None:
    text = world.make_text(world.make_windows(60))
    order = np.random.default_rng(0).permutation(len(text.vectors))
    mixed = EmbeddingTable(text.vectors[order], text.sample_ids[order], text.caption_indices[order])
    rows, draw = torch.arange(20), torch.rand(20)
    one, two = dataset(world).batch(rows, draw), dataset(world, mixed).batch(rows, draw)
    assert torch.equal(one.text, two.text)
    expected = {
        (i, int(c)): v for i, c, v in zip(text.sample_ids, text.caption_indices, text.vectors, strict=True)
    }
    data = dataset(world)
    for row, number, got in zip(rows, draw, one.text, strict=True):
        wanted = expected[str(data.window_ids[row]), int(number * 2)]
        np.testing.assert_allclose(got.numpy(), wanted, atol=1e-6)


def test_validation_takes_caption_zero(world: ModuleType) -> None:
    data = dataset(world)
    assert torch.equal(data.batch(torch.arange(9)).text, data.batch(torch.arange(9), torch.zeros(9)).text)


def test_a_missing_pair_is_an_error(world: ModuleType) -> None:
    text = world.make_text(world.make_windows(60))
    cut = EmbeddingTable(text.vectors[4:], text.sample_ids[4:], text.caption_indices[4:])
    with pytest.raises(JoinError, match="2 of 42 windows have no row"):
        dataset(world, cut)


def test_windows_with_fewer_captions_draw_from_their_own(world: ModuleType) -> None:
    text = world.make_text(world.make_windows(60), captions=3)
    keep = ~((text.sample_ids == text.sample_ids[0]) & (text.caption_indices > 0))
    cut = EmbeddingTable(text.vectors[keep], text.sample_ids[keep], text.caption_indices[keep])
    data = dataset(world, cut)
    assert data.captions_W[:2].tolist() == [1, 3]
    drawn = data.batch(torch.zeros(50, dtype=torch.int64), torch.rand(50))
    assert len(torch.unique(drawn.keys.caption_id)) == 1


def test_identical_captions_share_an_id(world: ModuleType) -> None:
    vectors = np.array([[1, 2], [3, 4], [1, 2], [1, 2.001]], np.float32)
    ids = text_ids(vectors)
    assert ids[0] == ids[2]
    assert len(set(ids.tolist())) == 3
    half = text_ids(vectors.astype(np.float16))
    assert half[0] == half[2] != half[1]


def test_mean_captions_are_the_same_when_their_parts_are(world: ModuleType) -> None:
    windows = world.make_windows(200)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)[:4]
    # Captions a b | b a | a c | a: the first two windows say the same, in another order.
    rows = np.eye(3, dtype=np.float32)[[0, 1, 1, 0, 0, 2, 0]]
    of = np.array([0, 0, 1, 1, 2, 2, 3])
    table = EmbeddingTable(rows, ids[of], np.array([0, 1, 0, 1, 0, 1, 0], np.int16), {})
    four = WindowSet.of(windows.home, windows.events, windows.windows.head(4))
    data = AlignmentDataset(four, table, world.make_vocabulary(), SensorEncoderConfig())
    batch = data.batch(torch.arange(4), caption_use="average")
    same = batch.keys.caption_id[:, None] == batch.keys.caption_id
    assert same.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]
    assert (batch.keys.caption_id >= 0).all()
    half = 0.5**0.5
    expected = torch.tensor([[half, half, 0], [half, half, 0], [half, 0, half], [1.0, 0, 0]])
    torch.testing.assert_close(batch.text, expected)


def test_shared_events_between_splits_are_a_hard_error(world: ModuleType, tmp_path: Path) -> None:
    from discover.alignment.inputs import build_inputs

    windows = world.make_windows(60)
    train, val = windows.of_split("train"), windows.of_split("val")
    last = train.windows["first_event"].max() + int(train.windows["n_events"][-1])
    leaking = val.windows.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(last - 1).otherwise("first_event").alias("first_event")
    )
    text = world.make_text(windows)
    config = world.make_config(tmp_path)
    build_inputs(config, train, val, world.make_vocabulary(), text, text)
    with pytest.raises(DataError, match="1 validation windows share events"):
        build_inputs(
            config, train, WindowSet.of(val.home, val.events, leaking), world.make_vocabulary(), text, text
        )


def test_shared_events_of_two_tables_are_found_by_what_they_say(world: ModuleType, tmp_path: Path) -> None:
    from discover.alignment.inputs import build_inputs

    windows = world.make_windows(60)
    train, val = windows.of_split("train"), windows.of_split("val")
    text, config = world.make_text(windows), world.make_config(tmp_path)
    end = int(train.windows["first_event"][-1] + train.windows["n_events"][-1])
    # As in discover-v2's files: the training side holds its own events only.
    alone = WindowSet.of(train.home, train.events.head(end), train.windows)
    build_inputs(config, alone, val, world.make_vocabulary(), text, text)
    longer = train.windows.with_columns(
        n_events=pl.when(pl.int_range(pl.len()) == pl.len() - 1)
        .then(pl.col("n_events") + 1)
        .otherwise("n_events")
    )
    leaking = WindowSet.of(train.home, train.events.head(end + 1), longer)
    with pytest.raises(DataError, match=r"1 validation windows share events .*toy_FL_val_00042"):
        build_inputs(config, leaking, val, world.make_vocabulary(), text, text)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_of_one_window_is_an_error(world: ModuleType, tmp_path: Path, split: str) -> None:
    from discover.alignment.inputs import build_inputs

    windows = world.make_windows(60)
    parts = {name: windows.of_split(name) for name in ("train", "val")}
    parts[split] = WindowSet.of(windows.home, windows.events, parts[split].windows.head(1))
    text = world.make_text(windows)
    with pytest.raises(DataError, match=r"one (training|validation) window only"):
        build_inputs(
            world.make_config(tmp_path), parts["train"], parts["val"], world.make_vocabulary(), text, text
        )


def test_an_empty_split_is_an_error(world: ModuleType) -> None:
    windows = world.make_windows(60)
    with pytest.raises(DataError, match="no window to train or validate"):
        AlignmentDataset(
            windows.of_split("nothing"),
            world.make_text(windows),
            world.make_vocabulary(),
            SensorEncoderConfig(),
        )


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (ProjectionConfig(type="linear", dim=512), 393_216),
        (ProjectionConfig(type="mlp", dim=512, hidden_dim=2048, num_layers=2), 2_623_488 + 512),
        (ProjectionConfig(type="mlp", dim=512, hidden_dim=2048, num_layers=3), 6_819_840 + 512),
    ],
)
def test_heads_have_the_stated_sizes(config: ProjectionConfig, parameters: int) -> None:
    head = build_head(768, config)
    assert sum(p.numel() for p in head.parameters()) == parameters
    assert head(torch.randn(3, 768)).shape == (3, 512)
