"""Further training with real logs: what it reads, what it leaves alone, how it goes on where it stopped."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from benchmarks.log_lessons import (
    LogConfig,
    LogLessons,
    TrainingWithLogs,
    kept_log_lessons,
    log_lessons,
    train_further,
)
from small_homes import small_home_log

from discover.core.errors import ArtifactError
from discover.core.tables import ANNOTATIONS, empty_table
from discover.pretraining.any_home import network_weights
from discover.pretraining.label_sets import SentenceBank
from discover.pretraining.lessons import Lessons
from discover.pretraining.network import NetworkConfig
from discover.pretraining.recipe import Recipe, encode_phrases, pretrain
from discover.pretraining.situations import SituationBank
from discover.pretraining.training import Pretraining, TrainingConfig

CONFIG = TrainingConfig(steps=6, batch=8, warmup=2)
LOGS = LogConfig(homes=2, per_home=8, masked=0.5, taught=0.5)


@cache
def word(text: str) -> np.ndarray:
    return np.random.default_rng([*text.encode()]).standard_normal(384)


def encode(texts: list[str]) -> np.ndarray:
    """Alike where texts share words."""
    found = np.stack([sum(map(word, text.split())) for text in texts])
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


@cache
def logs() -> tuple[LogLessons, ...]:
    return tuple(log_lessons(small_home_log(n_days=3, seed=s), s, encode, windows=60) for s in (0, 1))


@cache
def banks() -> tuple[SentenceBank, SituationBank]:
    rng = np.random.default_rng(0)
    counts = (len(SentenceBank.sentences()), len(SituationBank.sentences()))
    first, second = (rng.standard_normal((n, 384), dtype=np.float32) / 20 for n in counts)
    return SentenceBank(first), SituationBank(second)


@cache
def told_lessons() -> Lessons:
    """Windows of the first log as if somebody had said what was done in them."""
    found = logs()[0].lessons
    shares = np.random.default_rng(2).dirichlet(np.ones(found.shares.shape[1]) / 20, len(found))
    return replace(found, shares=shares.astype(np.float16))


def training(
    log_config: LogConfig = LOGS, config: TrainingConfig = CONFIG, taken: tuple[LogLessons, ...] | None = None
) -> TrainingWithLogs:
    simulated = told_lessons()
    phrases = encode_phrases(simulated.phrases, encode)
    network = NetworkConfig(width=24, heads=2)
    found = TrainingWithLogs(
        simulated, phrases, *banks(), config, network, logs=logs() if taken is None else taken,
        encode_text=encode, log_config=log_config,
    )  # fmt: skip
    torch.manual_seed(7)
    before = Pretraining(simulated, phrases, *banks(), replace(config, seed=5), network)
    found.go_on_from(before.network.state_dict())
    return found


def test_annotations_of_a_log_are_not_read() -> None:
    log = small_home_log(n_days=3)
    assert len(log.annotations)
    bare = replace(log, annotations=empty_table(ANNOTATIONS))
    with_them, without = (log_lessons(one, 0, encode, windows=60) for one in (log, bare))
    assert np.array_equal(with_them.captions, without.captions)
    assert np.array_equal(with_them.lessons.profiles, without.lessons.profiles)
    assert not with_them.lessons.shares.any()
    assert (with_them.lessons.situations == 255).all()


def test_a_window_has_its_own_captions(tmp_path: Path) -> None:
    told: list[str] = []

    def remember(texts: list[str]) -> np.ndarray:
        told.extend(texts)
        return encode(texts)

    log = small_home_log(n_days=3)
    found = kept_log_lessons(tmp_path, "one", lambda: log, 0, remember)
    assert found.captions.shape == (len(found.lessons), 2, 384)
    # The hour that a caption names is that of its window.
    vectors = {t: encode([t])[0].astype(np.float16) for t in told}
    hours = np.arctan2(found.lessons.scenes[:, 0], found.lessons.scenes[:, 1]) * 12 / np.pi % 24
    night = [t for t in told if "night" in t]
    rows = [i for i, c in enumerate(found.captions[:, 0]) if any((c == vectors[t]).all() for t in night)]
    assert len(rows) > 3
    assert all(h < 6 or h > 21 for h in hours[rows].tolist())

    def never() -> None:
        raise AssertionError("the log is read again")

    again = kept_log_lessons(tmp_path, "one", never, 0, encode)  # type: ignore[arg-type]
    assert np.array_equal(again.captions, found.captions)
    assert again.lessons.phrases == found.lessons.phrases


def test_logs_of_weight_nothing_change_nothing() -> None:
    nothing = training(LogConfig(homes=2, per_home=8, captions=0, masked=0))
    alone = training(taken=())
    taught = training()
    for each in (nothing, alone, taught):
        each.run()
    for name, value in alone.network.state_dict().items():
        assert torch.equal(value, nothing.network.state_dict()[name]), name
    assert not torch.equal(alone.network.head[0].weight, taught.network.head[0].weight)


def test_it_goes_on_where_it_stopped_bit_for_bit(tmp_path: Path) -> None:
    whole, first, second = training(), training(), training()
    whole.run()
    first.run(lambda: first.step == 3)
    first.save(tmp_path / "checkpoint.pt")
    second.load(tmp_path / "checkpoint.pt")
    second.run()
    for one, other in ((whole.network, second.network), (whole.heads, second.heads)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name
    with pytest.raises(ArtifactError, match="other settings"):
        training(replace(LOGS, hidden=0.5)).load(tmp_path / "checkpoint.pt")


def test_a_hidden_sensor_is_not_read() -> None:
    """With every sensor but one of a window hidden, what the hidden ones did changes no vector."""
    one = training(LogConfig(homes=2, per_home=8, captions=0, hidden=1.0))
    seen: list[torch.Tensor] = []
    one.network.register_forward_pre_hook(lambda _, given: seen.append(given[0].present.clone()))
    one.run(lambda: True)
    assert seen[-1].sum(dim=1).max() == 1


@pytest.mark.parametrize("parts", [{"masked": 0.0, "captions": 2.0}, {"captions": 0.0, "masked": 0.5}])
def test_it_learns_captions_and_hidden_sensors(parts: dict[str, float]) -> None:
    one = training(
        replace(LogConfig(homes=2, per_home=8), **parts), replace(CONFIG, steps=60, learning_rate=3e-3)
    )

    def loss() -> float:
        return float(np.mean([one._log_loss(np.random.default_rng(i)).item() for i in range(8)]))

    before = loss()
    one.run()
    assert loss() < 0.9 * before


def test_the_recipe_with_logs_stops_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.log_lessons.FURTHER", replace(CONFIG, steps=3))
    monkeypatch.setattr("discover.pretraining.recipe._SAVED_EVERY_S", 0.0)
    rng = np.random.default_rng(0)
    log = small_home_log(n_days=3)
    lines = log.events.select("time", "sensor", "state").iter_rows()
    raw = tmp_path / "log.txt"
    raw.write_text(
        "".join(f"{time:%Y-%m-%d %H:%M:%S.%f}\t{sensor}\t{state}\n" for time, sensor, state in lines)
    )
    recipe = Recipe(homes=2, network=NetworkConfig(width=24, heads=2), training=replace(CONFIG, steps=2))
    texts = rng.standard_normal((40_000, 384), dtype=np.float32) / 20

    def quick(sentences: list[str]) -> np.ndarray:
        return texts[: len(sentences)].copy()

    found = []
    for name in ("whole", "stopped"):
        folder = tmp_path / name
        folder.mkdir()
        told_lessons().save(folder / "lessons_000000.npz")
        assert pretrain(recipe, folder, quick)
        tries = 0
        while (
            path := train_further(recipe, folder, [raw], quick, minutes=None if name == "whole" else 0)
        ) is None:
            tries += 1
        assert tries == (0 if name == "whole" else 2)
        found.append(network_weights(path)[0])
    for name, value in found[0].items():
        assert np.array_equal(value, found[1][name]), name
    before = network_weights(folder / "weights.safetensors")[0]
    assert any(not np.array_equal(before[name], found[0][name]) for name in before)
    with pytest.raises(ArtifactError, match="another recipe"):
        train_further(recipe, folder, [raw, raw], quick)


def test_the_table_of_windows_is_whole() -> None:
    lengths = np.expm1(logs()[0].lessons.scenes[:, 5].astype(float) * 5)
    assert pl.Series(lengths).max() > 600  # type: ignore[operator]
    assert len(logs()[0].lessons) > 40
