"""The packaged MiniLM in plain torch gives what sentence-transformers gives from the same files."""

import numpy as np
import pytest
import torch

from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder
from discover.text_encoders.factory import build_text_encoder
from discover.text_encoders.model_cards import MODEL_CARDS
from discover.text_encoders.model_files import resolve_folder, weights_sha256
from discover.text_encoders.towers import load_tower

TEXTS = (
    "a",
    "someone opens the fridge at night",
    "On a weekday in the late morning, someone stays in the kitchen, with little movement.",
    "jemand öffnet nachts den Kühlschrank",
    "冰箱 🧊",
    "At the Kitchen SINK",
    " ".join(["motion"] * 400),
)


@pytest.fixture(scope="module")
def by_library() -> TextEncoder:
    config, card = TextEncoderConfig(), MODEL_CARDS["minilm"]
    folder = resolve_folder(config, card)
    tower = load_tower(folder, config, card, torch.device("cpu"))
    return TextEncoder(config, card, tower, model_name=card.hub_name, weights_sha256=weights_sha256(folder))


@pytest.fixture(scope="module")
def ours() -> TextEncoder:
    return build_text_encoder(TextEncoderConfig())


def test_vectors_equal_those_of_the_library(ours: TextEncoder, by_library: TextEncoder) -> None:
    assert np.abs(ours.encode(TEXTS) - by_library.encode(TEXTS)).max() < 1e-5


def test_tokens_and_cut_equal_those_of_the_library(ours: TextEncoder, by_library: TextEncoder) -> None:
    theirs = [tokens for _, tokens in by_library.batches(TEXTS)]
    assert [tokens for _, tokens in ours.batches(TEXTS)] == theirs
    assert max(len(ids) for batch in theirs for ids in batch) == 256


def test_identity_is_the_same_so_that_stored_vectors_stay_valid(
    ours: TextEncoder, by_library: TextEncoder
) -> None:
    assert ours.meta == by_library.meta


def test_vectors_have_unit_length_and_do_not_depend_on_the_batch(ours: TextEncoder) -> None:
    together = ours.encode(TEXTS)
    alone = np.concatenate([ours.encode([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
