"""A text encoder's folder from a stranger: it runs no code, and it looks up no host."""

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from discover.core.errors import ConfigError
from discover.core.permissions import Permissions, granting, user_permissions
from discover.text_encoders import TextEncoderConfig, build_text_encoder
from discover.text_encoders.config import without_permissions
from discover.text_encoders.model_code import MODULES, refuse_foreign_code

EVIL = "import pathlib\npathlib.Path({mark!r}).write_text('ran')\nclass Evil:\n    pass\n"

PLAIN = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny sentence model that loads."""
    path = tmp_path / "encoder"
    path.mkdir()
    words = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "fridge", "kitchen"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        str(path)
    )
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=4, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
    ).save_pretrained(str(path))
    (path / "modules.json").write_text(json.dumps(PLAIN))
    (path / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return path


def build(folder: Path) -> int:
    config = TextEncoderConfig(type="gte_base", model_path=str(folder), precision="fp32", device="cpu")
    return build_text_encoder(config).dim


def change(path: Path, **values: Any) -> None:
    content = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**content, **values}))


def plant(folder: Path) -> Path:
    """Put Python files into the folder under the names libraries look for; the mark they leave when run."""
    mark = folder.parent / "mark"
    for name in ("custom_st.py", "modeling_evil.py", "evil.py", "configuration_evil.py"):
        (folder / name).write_text(EVIL.format(mark=str(mark)))
    return mark


def own_module(folder: Path) -> None:
    kinds = [{"idx": 0, "name": "0", "path": "", "type": "custom_st.Evil"}]
    (folder / "modules.json").write_text(json.dumps(kinds))


def installed_module(folder: Path) -> None:
    kinds = [{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]
    (folder / "modules.json").write_text(json.dumps(kinds))


def own_class_of_the_library(folder: Path) -> None:
    kinds = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.WordEmbeddings"}]
    (folder / "modules.json").write_text(json.dumps(kinds))


def module_outside(folder: Path) -> None:
    kinds = [PLAIN[0], {**PLAIN[1], "path": "../1_Pooling"}]
    (folder / "modules.json").write_text(json.dumps(kinds))


def auto_map(folder: Path) -> None:
    change(folder / "config.json", auto_map={"AutoModel": "modeling_evil.Evil"}, model_type="evil")


def tokenizer_auto_map(folder: Path) -> None:
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]})


def nested_auto_map(folder: Path) -> None:
    change(folder / "config.json", text_config={"auto_map": {"AutoConfig": "configuration_evil.Evil"}})


def kernel_from_a_hub(folder: Path) -> None:
    change(folder / "config.json", _attn_implementation="someone/kernel")


def loader_options(folder: Path) -> None:
    change(folder / "sentence_bert_config.json", model_args={"trust_remote_code": True})


def quantised_by_a_package(folder: Path) -> None:
    change(folder / "config.json", quantization_config={"quant_method": "evil"})


def adapter(folder: Path) -> None:
    change(folder / "adapter_config.json", base_model_name_or_path="someone/model", peft_type="LORA")


def activation(folder: Path) -> None:
    (folder / "modules.json").write_text(
        json.dumps(
            [*PLAIN, {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
        )
    )
    (folder / "2_Dense").mkdir()
    change(
        folder / "2_Dense" / "config.json",
        in_features=16,
        out_features=8,
        activation_function="torch.utils.data.datapipes.Evil",
    )


ATTACKS: list[Callable[[Path], None]] = [
    own_module,
    installed_module,
    own_class_of_the_library,
    module_outside,
    auto_map,
    tokenizer_auto_map,
    nested_auto_map,
    kernel_from_a_hub,
    loader_options,
    quantised_by_a_package,
    adapter,
    activation,
]


def test_a_plain_folder_loads(folder: Path) -> None:
    assert build(folder) == 16


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_a_folder_that_asks_for_code_is_refused_before_any_library_reads_it(
    attack: Callable[[Path], None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = plant(folder)
    attack(folder)
    monkeypatch.syspath_prepend(str(folder))

    def loads(*args: object, **kwargs: object) -> None:
        raise AssertionError("a model library got the folder")

    monkeypatch.setattr("sentence_transformers.SentenceTransformer.__init__", loads)
    with pytest.raises(ConfigError) as caught:
        build(folder)
    assert not mark.exists()
    assert "evil" not in sys.modules
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    if attack is not adapter:
        assert "--trust-remote-code" in str(caught.value)


def test_json_that_is_none_or_endless_is_one_sentence(folder: Path) -> None:
    for content in ("{", "[" * 100_000, json.dumps([[[{"a": 1}]]]), '["' + "x" * 9 + '"]'):
        (folder / "modules.json").write_text(content)
        with pytest.raises(ConfigError, match=r"modules\.json"):
            refuse_foreign_code(folder)


def test_known_modules_are_the_ones_of_published_sentence_models() -> None:
    assert "sentence_transformers.models.Pooling" in MODULES
    assert "sentence_transformers.sentence_transformer.modules.pooling.Pooling" in MODULES
    assert not any("WordEmbeddings" in name or "Router" in name for name in MODULES)


def test_no_host_is_looked_up_without_permission(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def lookup(*args: object, **kwargs: object) -> None:
        asked.append(args)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", lookup)
    change(folder / "config.json", _name_or_path="mistralai/Mistral-7B")
    change(folder / "tokenizer_config.json", name_or_path="mistralai/Mistral-7B")
    assert build(folder) == 16
    for path in ("someone/encoder", "//host/share", "\\\\host\\share"):
        with pytest.raises(ConfigError, match=r"--allow-download|on the network"):
            build_text_encoder(TextEncoderConfig(type="gte_base", model_path=path))
    assert asked == []


def test_the_hub_is_offline_only_while_a_model_loads(folder: Path) -> None:
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    build(folder)
    assert before == constants.HF_HUB_OFFLINE


@pytest.mark.parametrize("key", ["allow_download", "trust_remote_code"])
@pytest.mark.parametrize("value", [True, "yes", 1, {}])
def test_settings_cannot_give_a_permission(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"--{key.replace('_', '-')}"):
        TextEncoderConfig.model_validate({key: value})


def test_a_checkpoint_of_an_earlier_version_loses_its_permissions() -> None:
    found = {"text_encoder": {"type": "clip", "allow_download": True, "trust_remote_code": True}, "seed": 3}
    assert without_permissions(found) == {"text_encoder": {"type": "clip"}, "seed": 3}
    assert without_permissions({"seed": 3}) == {"seed": 3}


def test_permissions_come_from_the_environment_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISCOVER_ALLOW_DOWNLOAD", "DISCOVER_TRUST_REMOTE_CODE"):
        monkeypatch.delenv(name, raising=False)
    assert user_permissions() == Permissions()
    with granting(download=True):
        assert user_permissions() == Permissions(download=True)
    assert user_permissions() == Permissions()
    monkeypatch.setenv("DISCOVER_TRUST_REMOTE_CODE", "1")
    assert user_permissions() == Permissions(remote_code=True)
    monkeypatch.setenv("DISCOVER_TRUST_REMOTE_CODE", "perhaps")
    with pytest.raises(ConfigError, match="DISCOVER_TRUST_REMOTE_CODE is 'perhaps'"):
        user_permissions()
