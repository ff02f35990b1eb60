"""What every text encoder type promises, on tiny models with random weights made here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    SiglipTextConfig,
    SiglipTextModel,
)

from discover.core.config import load_yaml
from discover.core.errors import ConfigError
from discover.core.permissions import Permissions, granting
from discover.text_encoders import TextEncoderConfig, build_text_encoder
from discover.text_encoders.config import ENCODER_TYPES
from discover.text_encoders.encoder import TextEncoder
from discover.text_encoders.model_cards import MODEL_CARDS
from discover.text_encoders.towers import LOADERS

CONFIGS = Path(__file__).parents[2] / "configs" / "text_encoders"

WORDS = """someone opens the fridge in kitchen at night goes from bedroom to bathroom task : search result |
query title none text instruct given a retrieve descriptions of moments home stays couch living room"""

TEXTS = [
    "someone opens the fridge in the kitchen at night",
    "someone goes from the bedroom to the bathroom",
    "night",
    "someone stays in the living room",
    "the couch",
]


def save_tokenizer(folder: Path) -> int:
    """A word tokenizer with [CLS] and [SEP]; returns its size."""
    vocabulary = {
        w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(WORDS.split())])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(str(folder))
    return len(vocabulary)


def save_bert(folder: Path) -> None:
    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    BertModel(config).save_pretrained(str(folder))


def save_clip(folder: Path) -> None:
    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    config.projection_dim, config.eos_token_id, config.bos_token_id = 24, 3, 2
    CLIPTextModelWithProjection(config).save_pretrained(str(folder))


def save_siglip(folder: Path) -> None:
    size = save_tokenizer(folder)
    torch.manual_seed(0)
    config = SiglipTextConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    SiglipTextModel(config).save_pretrained(str(folder))


SAVERS: dict[str, Callable[[Path], None]] = {"sentence": save_bert, "clip": save_clip, "siglip": save_siglip}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder with a tiny model per loader."""
    root = tmp_path_factory.mktemp("models")
    for name, save in SAVERS.items():
        (root / name).mkdir()
        save(root / name)
    return {name: root / name for name in SAVERS}


def build(folders: dict[str, Path], kind: str, **settings: object) -> TextEncoder:
    values = {"type": kind, "model_path": str(folders[MODEL_CARDS[kind].loader]), "precision": "fp32"}  # type: ignore[index]
    return build_text_encoder(
        TextEncoderConfig.model_validate({**values, **settings}),
        permissions=Permissions(remote_code=kind == "nemotron_8b"),
    )


def test_every_loader_has_a_tiny_model_and_every_type_a_card() -> None:
    assert set(LOADERS) == set(SAVERS)
    assert set(MODEL_CARDS) == set(ENCODER_TYPES)


@pytest.mark.parametrize("kind", ENCODER_TYPES)
def test_vectors_are_unit_finite_repeatable_and_independent_of_order(
    kind: str, folders: dict[str, Path]
) -> None:
    encoder = build(folders, kind)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert np.array_equal(encoder.encode(TEXTS), vectors)
    assert np.array_equal(build(folders, kind).encode(TEXTS), vectors)
    assert np.array_equal(encoder.encode(TEXTS[::-1]), vectors[::-1])
    assert np.array_equal(encoder.encode([*TEXTS, TEXTS[0]])[-1], vectors[0])


@pytest.mark.parametrize("kind", ENCODER_TYPES)
def test_batching_and_padding_do_not_change_vectors(kind: str, folders: dict[str, Path]) -> None:
    together = build(folders, kind, batch_tokens=4096).encode(TEXTS)
    alone = build(folders, kind, batch_tokens=16).encode(TEXTS)
    np.testing.assert_allclose(together, alone, atol=2e-6)


@pytest.mark.parametrize("kind", ENCODER_TYPES)
def test_queries_get_the_models_own_prefix(kind: str, folders: dict[str, Path]) -> None:
    card = MODEL_CARDS[kind]  # type: ignore[index]
    encoder = build(folders, kind)
    plain = build(folders, kind, query_prefix="", document_prefix="")
    for side, prefix in (("query", card.query_prefix), ("document", card.document_prefix)):
        expected = plain.encode([prefix + text for text in TEXTS])
        assert np.array_equal(encoder.encode(TEXTS, kind=side), expected)  # type: ignore[arg-type]
        assert encoder.meta[f"{side}_prefix"] == prefix
    same = np.array_equal(encoder.encode(TEXTS, kind="query"), encoder.encode(TEXTS, kind="document"))
    assert same == (card.query_prefix == card.document_prefix)


def test_prefixes_are_those_of_the_model_cards() -> None:
    gemma, nemotron = MODEL_CARDS["embeddinggemma"], MODEL_CARDS["nemotron_8b"]
    assert (gemma.query_prefix, gemma.document_prefix) == (
        "task: search result | query: ",
        "title: none | text: ",
    )
    assert nemotron.query_prefix.startswith("Instruct: ")
    assert nemotron.query_prefix.endswith("\nQuery: ")
    assert nemotron.document_prefix == ""


@pytest.mark.parametrize("kind", ["gte_base", "clip", "siglip"])
def test_bfloat16_stays_close(kind: str, folders: dict[str, Path]) -> None:
    exact = build(folders, kind, precision="fp32").encode(TEXTS)
    half = build(folders, kind, precision="bf16")
    assert half.meta["precision"] == "bf16"
    assert (half.encode(TEXTS) * exact).sum(axis=1).min() > 0.999


def test_sentence_models_pool_the_mean_of_all_tokens(folders: dict[str, Path]) -> None:
    model = BertModel.from_pretrained(str(folders["sentence"]), local_files_only=True).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folders["sentence"]))
    vectors = build(folders, "gte_base", normalize=False).encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.inference_mode():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(vector, hidden.mean(dim=0).numpy(), atol=1e-5)


def test_clip_vectors_are_in_the_joint_space(folders: dict[str, Path]) -> None:
    model = CLIPTextModelWithProjection.from_pretrained(str(folders["clip"])).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folders["clip"]))
    encoder = build(folders, "clip", normalize=False)
    assert encoder.dim == 24  # the projection's width, not the network's 32
    with torch.inference_mode():
        expected = model(**tokenizer(TEXTS[0], return_tensors="pt", return_token_type_ids=False)).text_embeds
    np.testing.assert_allclose(encoder.encode(TEXTS[:1]), expected.numpy(), atol=1e-5)


def test_siglip_pads_to_full_length_without_a_mask(folders: dict[str, Path]) -> None:
    model = SiglipTextModel.from_pretrained(str(folders["siglip"])).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folders["siglip"]))
    ids = tokenizer(TEXTS[0], padding="max_length", max_length=64, return_tensors="pt")["input_ids"]
    assert ids.shape == (1, 64)
    with torch.inference_mode():
        expected = model(input_ids=ids).pooler_output
    vectors = build(folders, "siglip", normalize=False).encode(TEXTS[:1])
    np.testing.assert_allclose(vectors, expected.numpy(), atol=1e-5)


def test_long_texts_are_cut_at_the_limit(folders: dict[str, Path]) -> None:
    encoder = build(folders, "gte_base", max_length=6)
    # [CLS], four words, [SEP]
    np.testing.assert_allclose(
        encoder.encode(["someone opens the fridge at night at night"]),
        encoder.encode(["someone opens the fridge"]),
        atol=1e-6,
    )


def test_pickled_weights_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folders["sentence"] / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="pickled weights"):
        build_text_encoder(TextEncoderConfig(type="gte_base", model_path=str(tmp_path)))


def test_a_model_of_another_kind_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in folders["sentence"].iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: 200 if path.suffix == ".safetensors" else None])
    with pytest.raises(ConfigError, match=r"is not a whole safetensors file"):
        build_text_encoder(TextEncoderConfig(type="gte_base", model_path=str(broken)))


def test_remote_code_runs_only_when_allowed(folders: dict[str, Path]) -> None:
    config = TextEncoderConfig(type="nemotron_8b", model_path=str(folders["sentence"]))
    with pytest.raises(ConfigError, match="--trust-remote-code"):
        build_text_encoder(config)
    with granting(remote_code=True):
        assert build_text_encoder(config).dim == 32


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_config_loads(path: Path) -> None:
    config = load_yaml(path, TextEncoderConfig)
    assert config.type == path.stem
    assert not config.allow_download
    assert not config.trust_remote_code


def test_there_is_a_shipped_config_per_type() -> None:
    assert {p.stem for p in CONFIGS.glob("*.yaml")} == set(ENCODER_TYPES)
