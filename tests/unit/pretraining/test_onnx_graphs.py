"""onnxruntime gives what torch gives: sentences and windows, with the shipped weights and with new ones."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from small_homes import small_home_log

from discover.core.errors import ArtifactError, ConfigError
from discover.core.window_set import WindowSet
from discover.pretraining.any_home import AnyHome, save_weights
from discover.pretraining.network import NetworkConfig, WindowNetwork
from discover.pretraining.profiles import HABITS, PROFILE, SCENE
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.text_encoders import TextEncoderConfig, build_text_encoder
from discover.text_encoders.encoder import TextEncoder

TEXTS = (
    "a",
    "someone opens the fridge at night",
    "jemand öffnet nachts den Kühlschrank",
    "冰箱 🧊",
    *(f"On a weekday around {hour} am, someone goes from the bedroom to the kitchen." for hour in range(30)),
    " ".join(["motion"] * 400),
)
EXACT = TextEncoderConfig(precision="fp32")


def encoder(runtime: str, config: TextEncoderConfig = EXACT) -> TextEncoder:
    with patch("discover.text_encoders.factory.runtime", lambda: runtime):
        return build_text_encoder(config)


def reader(runtime: str, path: Path | None = None) -> AnyHome:
    with patch("discover.pretraining.any_home.runtime", lambda: runtime):
        return AnyHome.load(path)


@pytest.fixture(scope="module")
def texts() -> TextEncoder:
    return encoder("onnxruntime")


@pytest.fixture(scope="module")
def windows() -> WindowSet:
    log = small_home_log(n_days=3)
    sampled = sample_windows(log, SamplingConfig(split=SplitConfig(ratios=(1, 0, 0))))
    return WindowSet.of(log.home, log.events if sampled.events is None else sampled.events, sampled.windows)


def test_sentences_have_the_same_vectors_and_the_same_identity(texts: TextEncoder) -> None:
    by_torch = encoder("torch")
    expected, found = by_torch.encode(TEXTS), texts.encode(TEXTS)
    assert np.abs(found - expected).max() < 1e-5
    assert (found * expected).sum(axis=1).min() > 1 - 1e-4
    assert np.abs(texts.encode(TEXTS[1:2]) - expected[1:2]).max() < 1e-5
    assert texts.meta == by_torch.meta, "vectors stored by one are those of the other"


def test_windows_have_the_same_vectors(windows: WindowSet, texts: TextEncoder) -> None:
    expected = reader("torch").embed(windows, texts.encode)
    by_onnx = reader("onnxruntime")
    assert len(expected) > 100
    assert np.abs(by_onnx.embed(windows, texts.encode) - expected).max() < 1e-4
    log = next(iter(windows.logs.values()))
    one = WindowSet.of(log.home, log.events, windows.windows[:1])
    assert np.abs(by_onnx.embed(one, texts.encode) - expected[:1]).max() < 1e-4


def test_a_window_without_sensors_and_a_home_without_words(windows: WindowSet) -> None:
    n, rng = 3, np.random.default_rng(0)
    inputs = {
        **{name: np.zeros((n, 16), dtype=np.int64) for name in ("rooms", "objects", "types")},
        "habits": rng.random((n, 16, HABITS), dtype=np.float32),
        "profiles": rng.random((n, 16, PROFILE), dtype=np.float32),
        "scenes": rng.random((n, SCENE), dtype=np.float32),
        "present": np.arange(16) < np.array([[0], [1], [16]]),
        "phrases": np.zeros((1, 384), dtype=np.float32),
    }
    expected, found = reader("torch").network(inputs), reader("onnxruntime").network(inputs)
    assert np.isfinite(expected).all()
    assert np.abs(found - expected).max() < 1e-5


def test_new_weights_of_more_members_need_no_new_graph(
    windows: WindowSet, texts: TextEncoder, tmp_path: Path
) -> None:
    torch.manual_seed(3)
    sizes = NetworkConfig(**AnyHome.load().facts["network"])
    path = tmp_path / "net.safetensors"
    save_weights(path, [WindowNetwork(sizes), WindowNetwork(sizes)], np.eye(3, 384, dtype=np.float32), {})
    expected = reader("torch", path).embed(windows, texts.encode)
    assert np.abs(reader("onnxruntime", path).embed(windows, texts.encode) - expected).max() < 1e-4


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    # Only the number of sensors that are read differs: the weights fit the graph, its answers would not.
    sizes = NetworkConfig(**{**AnyHome.load().facts["network"], "sensors": 9})
    save_weights(path, [WindowNetwork(sizes)], np.eye(3, 384, dtype=np.float32), {})
    with pytest.raises(ArtifactError, match=r"'sensors': 9.*make onnx"):
        reader("onnxruntime", path)


@pytest.mark.parametrize("settings", [{"type": "clip"}, {"device": "cuda"}, {"precision": "bf16"}])
def test_settings_that_need_torch_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"needs torch.*pip install 'discover-v2\[minilm\]'"):
        encoder("onnxruntime", TextEncoderConfig.model_validate(settings))


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_vectors_are_the_same_bits_with_any_number_of_threads(
    windows: WindowSet, texts: TextEncoder, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, before, found = reader(runtime), torch.get_num_threads(), []
    monkeypatch.setattr("discover.pretraining.profiles._WINDOWS_AT_ONCE", 100)
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
            found.append(network.embed(windows, texts.encode))
            assert torch.get_num_threads() == threads, "the caller's setting stays"
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*found)
