"""Training on homes whose sensors have the same ids: nothing of one is taken for the other's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from alignment_world import make_config, make_text, make_vocabulary, make_windows

from discover.alignment import AlignmentConfig, AlignmentTrainer, load_model
from discover.alignment.augment import Augmentation
from discover.alignment.checkpoint import load_checkpoint
from discover.alignment.config import AugmentationConfig
from discover.alignment.dataset import AlignmentDataset
from discover.alignment.inputs import TrainingInputs, build_inputs
from discover.alignment.schedule import BatchOrder
from discover.core.embeddings import join_embeddings
from discover.core.errors import ConfigError, DataError
from discover.core.seeds import derive_seed
from discover.core.vocabulary import UNK, Vocabulary, join_vocabularies
from discover.encoders import SensorEncoderConfig, build_event_features, gather_batch
from discover.losses import HardNegativeMemory, PairKeys, TargetRule
from discover.losses.targets import target_block
from two_homes import make_pair, make_pair_text, make_pair_vocabulary


def test_m001_of_two_homes_has_two_ids() -> None:
    vocabulary = make_pair_vocabulary()
    first, second = (vocabulary.encode("sensor", ["M001"], home=home)[0] for home in ("toy", "other"))
    assert first != second
    assert min(first, second) > UNK
    assert vocabulary.encode("sensor", ["M001"], home="a third") == [UNK]
    # What a word means, it means everywhere.
    assert vocabulary.encode("room_id", ["kitchen"], home="toy") == vocabulary.encode("room_id", ["kitchen"])
    assert vocabulary.size("sensor") == 3 + 40
    for again in (Vocabulary.from_dict(vocabulary.to_dict()), Vocabulary.from_json(vocabulary.to_json())):
        assert again == vocabulary


def test_a_vocabulary_of_one_home_stays_what_it_is() -> None:
    own = make_vocabulary()
    assert join_vocabularies({"toy": own}) is own
    assert "homes" not in own.to_dict()
    with pytest.raises(DataError, match="the fields sensor"):
        join_vocabularies({"toy": own, "other": Vocabulary({"sensor": ("M001",)})})


def test_features_of_joined_homes_are_those_of_each() -> None:
    first, second, joined = make_pair(30)
    vocabulary = make_pair_vocabulary()
    config = SensorEncoderConfig()
    both = build_event_features(joined, vocabulary, config)
    alone = [build_event_features(one, vocabulary, config) for one in (first, second)]
    batch = gather_batch(both, torch.arange(80))
    offset = len(alone[0].xy)
    for start, features, shift in ((0, alone[0], 0), (30, alone[1], offset)):
        own = gather_batch(features, torch.arange(features.n_windows))
        rows = slice(start, start + features.n_windows)
        length = own.codes.shape[1]
        for name in ("codes", "gap_bucket", "log_gap", "time_s", "mask"):
            assert torch.equal(getattr(batch, name)[rows, :length], getattr(own, name)), name
        assert torch.equal(batch.sensor[rows, :length][own.mask], own.sensor[own.mask] + shift)
        assert torch.equal(both.xy[shift : shift + offset], features.xy)
    assert both.home.tolist() == [0] * 30 + [1] * 50
    # The same id in another place, and of another type.
    field = both.fields.index("sensor_type")
    m001 = [int(both.codes[(both.sensor == shift + 1).nonzero()[0, 0], field]) for shift in (0, offset)]
    assert m001[0] != m001[1]


def test_pairs_know_their_home_and_overlap_only_inside_it() -> None:
    first, second, joined = make_pair(30)
    text = make_pair_text(first, second)
    dataset = AlignmentDataset(joined, text, make_pair_vocabulary(), SensorEncoderConfig())
    # Windows 0 of both homes begin at event 0.
    keys = dataset.batch(torch.tensor([0, 30])).keys
    assert keys.home.tolist() == [0, 1]
    assert keys.first_event.tolist() == [0, 0]
    _, may_be_negative = target_block(TargetRule(), keys, keys)
    assert may_be_negative[0, 1]
    same_home = PairKeys(
        keys.window_id, keys.caption_id, torch.zeros(2).long(), keys.first_event, keys.n_events
    )
    assert not target_block(TargetRule(), same_home, same_home)[1][0, 1]


def test_batches_of_one_home_of_all_and_of_both_kinds() -> None:
    home = torch.tensor([0] * 70 + [1] * 45)
    made = {kind: BatchOrder(home, 10, seed=3, batches=kind) for kind in ("across", "within", "mixed")}  # type: ignore[arg-type]
    assert [order.batches_per_epoch for order in made.values()] == [11, 7 + 4, 3 + 2 + 6]
    for kind, order in made.items():
        for epoch in range(2):
            batches = [
                order.rows(epoch * order.batches_per_epoch + b) for b in range(order.batches_per_epoch)
            ]
            rows = torch.cat(batches)
            assert len(rows.unique()) == len(rows)
            pure = sum(len(home[batch].unique()) == 1 for batch in batches)
            assert pure == {"across": 0, "within": 11, "mixed": 5}[kind]
    again = BatchOrder(home, 10, seed=3, batches="mixed")
    assert torch.equal(again.rows(17), made["mixed"].rows(17))
    assert not torch.equal(made["within"].rows(0), made["within"].rows(11))
    with pytest.raises(ConfigError, match="home number 2 has 45"):
        BatchOrder(home, 50, seed=3, batches="within")


def test_one_home_has_the_batches_it_always_had() -> None:
    order = BatchOrder(torch.zeros(63, dtype=torch.int64), 10, seed=3)
    for batch in (0, 5, 6, 13):
        epoch, index = divmod(batch, 6)
        generator = torch.Generator().manual_seed(derive_seed(3, "order", epoch))
        wanted = torch.randperm(63, generator=generator)[index * 10 : index * 10 + 10]
        assert torch.equal(order.rows(batch), wanted)


def test_noise_comes_from_the_windows_own_home() -> None:
    *_, joined = make_pair(30)
    features = build_event_features(joined, make_pair_vocabulary(), SensorEncoderConfig())
    noisy = Augmentation(AugmentationConfig(noise_events=0.9), features, 512)
    batch = noisy.batch(torch.arange(80), torch.Generator().manual_seed(0))
    border = len(features.xy) // 2
    for rows, low, high in ((slice(0, 30), 0, border), (slice(30, 80), border, 2 * border)):
        sensors = batch.sensor[rows][batch.mask[rows]]
        assert ((sensors >= low) & (sensors < high)).all()
        assert len(sensors.unique()) == border


def test_hard_negatives_of_the_same_home() -> None:
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(12, 4), dim=1)
    number = torch.arange(12)
    keys = PairKeys(number, number, number % 2, number * 100, torch.ones(12).long())
    for same_home in (True, False):
        memory = HardNegativeMemory(32, 4, strategy="mixed", ratio=0.5, same_home=same_home)
        memory.push(vectors, vectors, keys)
        extra = memory.sample(vectors, vectors, keys, generator=torch.Generator().manual_seed(1))
        homes = torch.cat([memory.held_keys().home, keys.home])
        other = extra.captions_mask & (homes[None, :] != keys.home[:, None])
        assert bool(other.any()) != same_home
        assert extra.captions_mask.any()


def train(tmp_path: Path, name: str, **changes: Any) -> Path:
    config = make_config(tmp_path / name, **changes)
    AlignmentTrainer(config, inputs=pair_inputs(config)).train()
    return tmp_path / name


def pair_inputs(config: AlignmentConfig) -> TrainingInputs:
    first, second, joined = make_pair()
    text = make_pair_text(first, second)
    train, validation = joined.of_split("train"), joined.of_split("val")
    return build_inputs(config, train, validation, make_pair_vocabulary(), text, text)


def test_a_joint_checkpoint_holds_both_homes(tmp_path: Path) -> None:
    folder = train(tmp_path, "joint", training__batches="mixed", loss__use_hard_negatives=True,
                   loss__hard_negative_memory_size=64, loss__hard_negative_homes="same")  # fmt: skip
    model = load_model(folder)
    first, second, joined = make_pair()
    assert model.homes == joined.homes
    assert model.vocabulary == make_pair_vocabulary()
    assert (model.config.training.batches, model.config.loss.hard_negative_homes) == ("mixed", "same")
    with pytest.raises(ConfigError, match=r"several homes|2 homes \(toy, other\)"):
        _ = model.home
    together = model.embed_windows(joined).vectors
    apart = np.concatenate([model.embed_windows(one).vectors for one in (first, second)])
    np.testing.assert_allclose(together, apart, atol=1e-6)
    again = train(tmp_path, "again", training__batches="mixed", loss__use_hard_negatives=True,
                  loss__hard_negative_memory_size=64, loss__hard_negative_homes="same")  # fmt: skip
    assert (again / "best_model.pt").read_bytes() == (folder / "best_model.pt").read_bytes()


def test_the_kind_of_batch_changes_training_and_validation_stays_one_pool(tmp_path: Path) -> None:
    contents = {
        kind: load_checkpoint(train(tmp_path, kind, training__batches=kind) / "final_model.pt")
        for kind in ("across", "within")
    }
    weights = [content["model"]["encoder.tokens.table"] for content in contents.values()]
    assert not torch.equal(*weights)
    assert {content["values"]["val_pool_size"] for content in contents.values()} == {18 + 21}


def test_settings_about_several_homes_are_refused_with_one(tmp_path: Path) -> None:
    windows = make_windows(60)
    text, splits = make_text(windows), (windows.of_split("train"), windows.of_split("val"))
    changes: list[tuple[str, dict[str, Any]]] = [
        (r"training\.batches", {"training__batches": "within"}),
        (
            r"loss\.hard_negative_homes",
            {"loss__use_hard_negatives": True, "loss__hard_negative_homes": "same"},
        ),
    ]
    for name, change in changes:
        with pytest.raises(ConfigError, match=f"{name} would have no effect with one home"):
            build_inputs(make_config(tmp_path, **change), *splits, make_vocabulary(), text, text)


def test_a_config_of_one_home_is_written_as_before(tmp_path: Path) -> None:
    config = AlignmentConfig.from_mapping({"train_data_path": "a/FD_60", "val_data_path": ["a/FD_60"]})
    assert config.train_data_path == (Path("a/FD_60"),)
    plain = config.model_dump(mode="json")
    assert plain["train_data_path"] == plain["val_data_path"] == "a/FD_60"
    assert "batches" not in plain["training"]
    assert "hard_negative_homes" not in plain["loss"]
    several = AlignmentConfig.from_mapping({"train_data_path": ["a", "b"], "vocab_path": ["c", "d"]})
    assert several.model_dump(mode="json")["train_data_path"] == ["a", "b"]
    with pytest.raises(ConfigError, match="2 homes and vocab_path 1"):
        AlignmentConfig.from_mapping({"train_data_path": ["a", "b"], "vocab_path": "c"})
    with pytest.raises(ConfigError, match="2 homes and train_text_embeddings_path 1"):
        AlignmentConfig.from_mapping({"train_data_path": ["a", "b"], "train_text_embeddings_path": "c"})


def test_text_of_several_homes_comes_from_one_encoder() -> None:
    first = make_text(make_windows(5))
    assert join_embeddings([first]) is first
    other = type(first)(first.vectors, first.sample_ids, first.caption_indices, {"model_name": "another"})
    with pytest.raises(DataError, match="made up, 16 wide and another, 16 wide differ"):
        join_embeddings([first, other])
