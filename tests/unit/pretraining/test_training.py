"""Label sets, training that goes on where it stopped, and weights that are checked when they load."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from small_homes import small_home_log

from discover.core.embeddings import unit_rows
from discover.core.errors import ArtifactError, ConfigError, ShapeError
from discover.core.window_set import WindowSet
from discover.pretraining.any_home import NETWORK_GRAPH, AnyHome, network_weights, save_weights
from discover.pretraining.label_sets import SentenceBank
from discover.pretraining.lessons import (
    LessonConfig,
    Lessons,
    activity_names,
    home_lessons,
    join_lessons,
    load_lessons,
)
from discover.pretraining.meanings import meanings
from discover.pretraining.network import NetworkConfig, TorchReader, WindowEnsemble, WindowNetwork
from discover.pretraining.profiles import HABITS, PROFILE, SCENE, SENSORS_PER_WINDOW
from discover.pretraining.situations import SituationBank, situations
from discover.pretraining.training import Pretraining, TrainingConfig, disturb, window_tensors
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.simulator import RandomLifeConfig, simulate_random

SMALL = NetworkConfig(width=24, heads=2)
CONFIG = TrainingConfig(steps=8, batch=16, warmup=2)
KEYS = [s.key for s in situations()]


def lessons(seed: int = 0, n: int = 64, n_sensors: int = 5) -> Lessons:
    """Windows whose activity shows in which sensor is active: 0 sleep, 1 watch_tv, 2 shower."""
    rng = np.random.default_rng(seed)
    names = activity_names()
    which = rng.integers(0, 3, size=n)
    shares = np.zeros((n, len(names)), dtype=np.float16)
    shares[np.arange(n), [names.index(("sleep", "watch_tv", "shower")[w]) for w in which]] = 1
    known = np.full((n, len(situations())), 255, dtype=np.uint8)
    known[:, KEYS.index("someone_asleep")] = which == 0
    known[:, KEYS.index("nobody_asleep")] = which != 0
    sensors = np.full((n, SENSORS_PER_WINDOW), -1, dtype=np.int32)
    sensors[:, 0] = which
    profiles = np.zeros((n, SENSORS_PER_WINDOW, PROFILE), dtype=np.float16)
    profiles[:, 0, 9:12] = 1
    phrases = ("", "bedroom", f"room {seed}")
    return Lessons(
        sensors,
        profiles,
        np.zeros((n, SCENE), dtype=np.float16),
        shares,
        known,
        np.repeat(np.arange(4, dtype=np.int32), n // 4),
        np.array([0, 1, 2, 0, 1], dtype=np.int32),
        np.zeros(n_sensors, dtype=np.int32),
        np.array([0, 1, 2, 3, 4], dtype=np.int16),
        rng.random((n_sensors, HABITS)).astype(np.float32),
        phrases,
    )


@pytest.fixture(scope="module")
def bank() -> SentenceBank:
    vectors = np.random.default_rng(0).standard_normal((len(SentenceBank.sentences()), 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return SentenceBank(vectors.astype(np.float32))


@cache
def wordings() -> SituationBank:
    vectors = np.random.default_rng(3).standard_normal(
        (len(SituationBank.sentences()), 384), dtype=np.float32
    )
    return SituationBank(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def training(bank: SentenceBank, config: TrainingConfig = CONFIG) -> Pretraining:
    found = lessons()
    phrases = np.random.default_rng(1).standard_normal((len(found.phrases), 384)).astype(np.float32)
    phrases[0] = 0
    return Pretraining(found, phrases, bank, wordings(), config, SMALL)


def test_wider_labels_cover_activities() -> None:
    cooking = next(m for m in meanings() if "Meal_Preparation" in m.names)
    assert {"cook_breakfast", "cook_dinner"} <= set(cooking.covers)


def test_labels_of_a_set_share_no_activity(bank: SentenceBank) -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        found = bank.draw(rng)
        assert found.vectors.shape == (found.covers.shape[1], 384)
        assert found.covers.sum(axis=1).max() <= 1
        assert (found.covers.sum(axis=0) >= 1).all()


def test_sets_take_labels_of_common_activities_more_often(bank: SentenceBank) -> None:
    names = activity_names()
    common = np.full(len(names), 0.001)
    common[names.index("sleep")] = 1.0
    vectors = np.zeros((len(SentenceBank.sentences()), 384), dtype=np.float32)
    counts = []
    for one in (bank, SentenceBank(vectors, common)):
        rng = np.random.default_rng(3)
        counts.append(sum(one.draw(rng).covers[names.index("sleep")].any() for _ in range(200)))
    assert counts[0] < 120 < 160 < counts[1]


def test_joined_lessons_keep_words_and_homes(tmp_path: Path) -> None:
    parts = [lessons(1), lessons(2)]
    both = join_lessons(parts)
    both.save(tmp_path / "lessons.npz")
    again = load_lessons(tmp_path / "lessons.npz")
    assert again.phrases == ("", "bedroom", "room 1", "room 2")
    assert again.homes.tolist() == [i // 16 for i in range(128)]
    first, second = again.sensors[0, 0], again.sensors[64, 0]
    assert again.phrases[again.rooms[first]] == parts[0].phrases[parts[0].rooms[parts[0].sensors[0, 0]]]
    assert again.phrases[again.rooms[second]] == parts[1].phrases[parts[1].rooms[parts[1].sensors[0, 0]]]
    assert np.array_equal(again.habits[second], parts[1].habits[parts[1].sensors[0, 0]])


def test_training_that_stopped_and_went_on_has_the_same_bits(bank: SentenceBank, tmp_path: Path) -> None:
    whole = training(bank)
    whole.run()
    first = training(bank)
    first.run(lambda: first.step == 3)
    first.save(tmp_path / "checkpoint.pt")
    second = training(bank)
    second.load(tmp_path / "checkpoint.pt")
    assert second.step == 3
    second.run()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_a_checkpoint_of_other_settings_is_refused(bank: SentenceBank, tmp_path: Path) -> None:
    training(bank).save(tmp_path / "checkpoint.pt")
    with pytest.raises(ArtifactError, match="other settings"):
        training(bank, replace(CONFIG, steps=9)).load(tmp_path / "checkpoint.pt")


def test_with_weight_nothing_situations_change_nothing(bank: SentenceBank) -> None:
    config = replace(CONFIG, situations=0.0)
    one, other, taught = training(bank, config), training(bank, config), training(bank)
    other.lessons.situations[:] = 1 - other.lessons.situations
    for each in (one, other, taught):
        each.run()
    assert torch.equal(one.network.head[0].weight, other.network.head[0].weight)
    assert not torch.equal(one.network.head[0].weight, taught.network.head[0].weight)


def test_a_batch_that_does_not_divide_into_homes_is_refused(bank: SentenceBank) -> None:
    with pytest.raises(ConfigError, match="multiple of `per_home`"):
        training(bank, replace(CONFIG, batch=18))


def test_lessons_of_a_home_hold_episodes_and_what_is_true_of_them() -> None:
    life = simulate_random(RandomLifeConfig(seed=8, days=2))
    found = home_lessons(life.home, life, 8, LessonConfig(windows=120))
    assert found.situations.shape == (len(found), len(situations()))
    length_s = np.expm1(found.scenes[:, 5].astype(float) * 5)
    clear = found.shares.max(axis=1) > 0
    assert (length_s[~clear] > 230).all()
    assert length_s.max() > 600
    assert (found.shares[clear].max(axis=1) >= 0.39).all()
    home, nobody = (found.situations[:, KEYS.index(k)] for k in ("somebody_home", "nobody_home"))
    assert (home + nobody == 1).mean() > 0.9


def test_it_learns_what_shows(bank: SentenceBank) -> None:
    one = training(bank, replace(CONFIG, steps=120, learning_rate=3e-3))
    one.run()
    one.network.eval()
    means, covers = bank.prototypes()
    names = activity_names()
    wanted = [names.index(n) for n in ("sleep", "watch_tv", "shower")]
    assert covers[wanted][:, wanted].tolist() == np.eye(3).tolist()
    with torch.inference_mode():
        vectors = one.network(window_tensors(one.lessons, np.arange(64)), one.phrases).numpy()
    told = (vectors @ means[wanted].T).argmax(axis=1)
    truth = one.lessons.shares[:, wanted].argmax(axis=1)
    assert (told == truth).mean() > 0.9
    asleep, awake = (wordings().means()[KEYS.index(key)] for key in ("someone_asleep", "nobody_asleep"))
    nearer = vectors @ (asleep - awake)
    assert nearer[truth == 0].min() > nearer[truth != 0].max()


def test_disturbing_keeps_a_sensor_and_changes_nothing_else_than_it_says() -> None:
    found = lessons()
    clean = window_tensors(found, np.arange(64))
    worse = disturb(clean, np.random.default_rng(0))
    assert worse.present[:, 0].all()
    assert bool((worse.rooms == 0).sum() > (clean.rooms == 0).sum())
    assert torch.equal(clean.profiles, window_tensors(found, np.arange(64)).profiles)


def test_an_empty_place_changes_nothing(bank: SentenceBank) -> None:
    torch.manual_seed(0)
    network = WindowNetwork(SMALL).eval()
    tensors = window_tensors(lessons(), np.arange(4))
    phrases = torch.randn(3, 384)
    before = network(tensors, phrases)
    garbage = replace(tensors, profiles=torch.where(tensors.present[:, :, None], tensors.profiles, 7.0))
    assert torch.allclose(before, network(garbage, phrases), atol=1e-6)
    assert torch.allclose(before.norm(dim=1), torch.ones(4), atol=1e-5)


def test_a_window_without_sensors_has_a_vector(bank: SentenceBank) -> None:
    tensors = window_tensors(lessons(), np.arange(4))
    none = replace(tensors, present=torch.zeros_like(tensors.present))
    found = WindowNetwork(SMALL).eval()(none, torch.randn(3, 384))
    assert torch.isfinite(found).all()


def test_networks_that_are_asked_together_answer_with_the_mean_of_their_vectors(tmp_path: Path) -> None:
    torch.manual_seed(2)
    members = [WindowNetwork(SMALL).eval() for _ in range(3)]
    tensors, phrases = window_tensors(lessons(), np.arange(8)), torch.randn(3, 384)
    save_weights(tmp_path / "net.safetensors", members, np.eye(3, 384, dtype=np.float32), {})
    inputs = {f.name: getattr(tensors, f.name).numpy() for f in fields(tensors)} | {
        "phrases": phrases.numpy()
    }
    found = torch.from_numpy(AnyHome.load(tmp_path / "net.safetensors").network(inputs))
    with torch.inference_mode():
        mean = torch.stack([member(tensors, phrases) for member in members]).mean(dim=0)
    assert torch.allclose(found, mean / mean.norm(dim=1, keepdim=True), atol=2e-3)  # float16 in the file


def test_beside_captions_the_network_weighs_more() -> None:
    network = AnyHome.load()
    rng = np.random.default_rng(4)
    captions, vectors, sentences = (unit_rows(rng.standard_normal((n, 384))) for n in (3, 3, 2))
    found = network.beside_captions(vectors, captions) @ network.sentences_beside(sentences).T
    mean = (captions @ sentences.T + 3 * vectors @ network.project_text(sentences).T) / 4
    assert np.allclose(found, mean, atol=1e-5)


def test_the_name_of_an_activity_weighs_as_much_as_its_sentence() -> None:
    """One label in the bank, so every sentence is drawn half way to it; everything else by hand."""
    bank = np.array([[0, 0, 1]], dtype=np.float32)
    network = AnyHome(TorchReader(WindowEnsemble([WindowNetwork(SMALL)])), bank, "", {})
    sentence, name = np.array([[2.0, 0, 0]]), np.array([[0, 5.0, 0]])
    both = np.array([1, 1, 2]) / 6**0.5
    assert np.allclose(network.project_text(sentence), np.array([1, 0, 1]) / 2**0.5, atol=1e-6)
    assert np.allclose(network.project_text(sentence, name), both, atol=1e-6)
    assert np.allclose(network.project_text(sentence, sentence), network.project_text(sentence), atol=1e-6)
    beside = network.sentences_beside(sentence, name)
    assert np.allclose(beside, [[0.5, 0, 0, *(0.75**0.5 * both)]], atol=1e-6), "captions read no name"
    assert np.allclose(network.sentences_beside(sentence, name, captions=False), [[0, 0, 0, *both]])
    with pytest.raises(ShapeError, match=r"Names \(1, 3\)"):
        network.project_text(np.eye(2, 3), name)


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    meanings = np.eye(3, 384, dtype=np.float32)
    save_weights(path, [WindowNetwork(SMALL)], meanings, {"licence": "Apache-2.0"})
    assert np.array_equal(AnyHome.load(path).meanings, meanings)
    assert AnyHome.load(path).facts["licence"] == "Apache-2.0"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match="is not the network"):
        AnyHome.load(path)
    with pytest.raises(ArtifactError, match="There is no"):
        AnyHome.load(tmp_path / "none.safetensors")


def test_windows_are_embedded_alone_as_among_others_and_without_ids() -> None:
    torch.manual_seed(1)
    members = TorchReader(WindowEnsemble([WindowNetwork(SMALL)]).eval())
    network = AnyHome(members, np.eye(3, 384, dtype=np.float32), "", {})

    def encode(texts: list[str]) -> np.ndarray:
        return np.stack([np.random.default_rng(len(t)).standard_normal(384) for t in texts])

    log = small_home_log(n_days=3)
    sampled = sample_windows(log, SamplingConfig(split=SplitConfig(ratios=(1, 0, 0))))
    events = log.events if sampled.events is None else sampled.events
    whole = WindowSet.of(log.home, events, sampled.windows)
    vectors = network.embed(whole, encode)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    few = WindowSet.of(log.home, events, sampled.windows[[5, 2]])
    assert np.allclose(network.embed(few, encode), vectors[[5, 2]], atol=1e-4)
    renamed = {s.id: f"x{i}" for i, s in enumerate(log.home.sensors)}
    home = log.home.model_copy(
        update={"sensors": tuple(s.model_copy(update={"id": renamed[s.id]}) for s in log.home.sensors)}
    )
    names = pl.Enum([renamed[i] for i in events.schema["sensor"].categories.to_list()])
    other = events.with_columns(pl.Series("sensor", [renamed[i] for i in events["sensor"]], dtype=names))
    assert np.allclose(network.embed(WindowSet.of(home, other, sampled.windows), encode), vectors, atol=1e-4)


def test_the_shipped_network_is_small_and_says_what_it_is() -> None:
    network = AnyHome.load()
    assert network.facts["licence"] == "Apache-2.0"
    assert (
        sum(w.size for w in network_weights(NETWORK_GRAPH.with_suffix(".safetensors"))[0].values())
        < 4_000_000
    )
    assert np.allclose(np.linalg.norm(network.project_text(network.meanings[:4]), axis=1), 1, atol=1e-5)
