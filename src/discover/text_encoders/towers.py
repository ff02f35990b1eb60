"""Load the frozen network of a text encoder: tokenizer and a forward pass, whatever the family.

sentence-transformers takes 6 s to import and is needed by the sentence families only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from discover.core.errors import ConfigError
from discover.core.permissions import NO_PERMISSIONS, REMOTE_CODE, Permissions
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.model_cards import ModelCard

__all__ = ["LOADERS", "Tower", "load_tower"]


@dataclass(frozen=True)
class Tower:
    """A loaded network.

    Attributes:
        tokenizer: A transformers tokenizer.
        module: The network, in evaluation mode.
        forward: Token batch (input_ids, attention_mask, ...) -> vectors (B, d), not yet normalised.
        max_length: Tokens the network can take at most.
        lower_case: Texts are lower-cased before tokenizing.
    """

    tokenizer: Any
    module: nn.Module
    forward: Callable[[Mapping[str, Tensor]], Tensor]
    max_length: int
    lower_case: bool = False


def load_tower(
    folder: Path,
    config: TextEncoderConfig,
    card: ModelCard,
    device: torch.device,
    permissions: Permissions = NO_PERMISSIONS,
) -> Tower:
    """Load a checked model folder on `device`.

    Raises:
        ConfigError: The files are damaged, of another kind of model, or need code that may not run.
    """
    if card.needs_remote_code and not permissions.remote_code:
        raise ConfigError(
            f"The text encoder '{config.type}' brings Python code of its own. Read the code in {folder}; "
            f"to let it run, {REMOTE_CODE.how}."
        )
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tower = LOADERS[card.loader](folder, card, permissions)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"{folder} does not load as a '{config.type}' text encoder ({type(error).__name__}: {reason}). "
            "Check that text_encoder.type fits the model and that all of its files are there."
        ) from error
    tower.module.to(device).eval()
    return tower


def _load_sentence(folder: Path, card: ModelCard, permissions: Permissions) -> Tower:
    """A sentence-transformers folder with its own modules, or a bare encoder, which gets mean pooling."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=permissions.remote_code,
        model_kwargs={"use_safetensors": True, **card.model_options},
    )

    def forward(batch: Mapping[str, Tensor]) -> Tensor:
        vectors: Tensor = model(dict(batch))["sentence_embedding"]
        return vectors

    limit = min(int(model.max_seq_length or card.max_length), card.max_length)
    lower = bool(getattr(model[0], "do_lower_case", False))
    return Tower(model.tokenizer, model, forward, limit, lower)


def _load_clip(folder: Path, card: ModelCard, permissions: Permissions) -> Tower:
    """CLIP's text half with its projection into the joint space."""
    from transformers import AutoTokenizer, CLIPTextModelWithProjection

    model = CLIPTextModelWithProjection.from_pretrained(
        str(folder), use_safetensors=True, local_files_only=True, **card.model_options
    )
    tokenizer = AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=permissions.remote_code
    )

    def forward(batch: Mapping[str, Tensor]) -> Tensor:
        vectors: Tensor = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).text_embeds
        return vectors

    return Tower(tokenizer, model, forward, min(card.max_length, model.config.max_position_embeddings))


def _load_siglip(folder: Path, card: ModelCard, permissions: Permissions) -> Tower:
    """SigLIP's text half; its pooled last position is the joint space."""
    from transformers import AutoTokenizer, SiglipTextModel

    model = SiglipTextModel.from_pretrained(
        str(folder), use_safetensors=True, local_files_only=True, **card.model_options
    )
    tokenizer = AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=permissions.remote_code
    )

    def forward(batch: Mapping[str, Tensor]) -> Tensor:
        # Trained on texts padded to full length without an attention mask.
        vectors: Tensor = model(input_ids=batch["input_ids"]).pooler_output
        return vectors

    return Tower(tokenizer, model, forward, min(card.max_length, model.config.max_position_embeddings))


LOADERS: Final[Mapping[str, Callable[[Path, ModelCard, Permissions], Tower]]] = {
    "sentence": _load_sentence,
    "clip": _load_clip,
    "siglip": _load_siglip,
}
