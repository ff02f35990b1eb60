"""Load the frozen network of a text encoder: tokenizer and a forward pass, whatever the family.

sentence-transformers takes 6 s to import and is needed by the sentence families only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from discover.core.errors import ConfigError
from discover.core.permissions import NO_PERMISSIONS, REMOTE_CODE, Permissions
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.model_cards import ModelCard

__all__ = ["LOADERS", "TorchTower", "load_tower", "use_bf16"]


@dataclass(frozen=True)
class TorchTower:
    """A network loaded with torch (`tower.Tower`).

    Attributes:
        tokenizer: A transformers tokenizer.
        module: The network, in evaluation mode.
        forward: Token batch (input_ids, attention_mask, ...) -> vectors (B, d), not yet normalised.
        max_length: Tokens the network can take at most.
        lower_case: Texts are lower-cased before tokenizing.
        device: Where it runs.
        precision: Arithmetic of its matrix products.
    """

    tokenizer: Any
    module: nn.Module
    forward: Callable[[Mapping[str, Tensor]], Tensor]
    max_length: int
    lower_case: bool = False
    device: torch.device | None = None
    precision: Literal["fp32", "bf16"] = "fp32"

    def placed(self, device: torch.device, precision: str) -> "TorchTower":
        """The same in evaluation mode on `device`, in the arithmetic that `precision` asks for."""
        self.module.to(device).eval()
        halved = use_bf16(precision, device)
        if halved:
            # Once; autocast would convert the weights again for every batch.
            for layer in self.module.modules():
                if isinstance(layer, nn.Linear):
                    layer.to(torch.bfloat16)
        return replace(self, device=device, precision="bf16" if halved else "fp32")

    def tokens(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token ids of each text, cut at `max_length`."""
        cased = [text.lower() for text in texts] if self.lower_case else list(texts)
        tokens: list[list[int]] = self.tokenizer(cased, truncation=True, max_length=max_length)["input_ids"]
        return tokens

    @torch.inference_mode()
    def vectors(self, tokens: list[list[int]], width: int | None) -> NDArray[np.float32]:
        """Vectors (B, d) of texts padded to `width`; None: to the longest."""
        device = self.device or torch.device("cpu")
        padded = self.tokenizer.pad(
            {"input_ids": tokens, "attention_mask": [[1] * len(ids) for ids in tokens]},
            padding="longest" if width is None else "max_length",
            max_length=width,
            return_tensors="np",
        )
        batch = {name: torch.from_numpy(array).to(device) for name, array in padded.items()}
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            vectors = self.forward(batch)
        array: NDArray[np.float32] = vectors.float().cpu().numpy()
        return array


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether matrix products run in bfloat16.

    Only where the hardware multiplies bfloat16: elsewhere it is slower than float32 and less exact.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def load_tower(
    folder: Path,
    config: TextEncoderConfig,
    card: ModelCard,
    device: torch.device,
    permissions: Permissions = NO_PERMISSIONS,
) -> TorchTower:
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
    return tower.placed(device, config.precision)


def _load_sentence(folder: Path, card: ModelCard, permissions: Permissions) -> TorchTower:
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
    return TorchTower(model.tokenizer, model, forward, limit, lower)


def _load_clip(folder: Path, card: ModelCard, permissions: Permissions) -> TorchTower:
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

    return TorchTower(tokenizer, model, forward, min(card.max_length, model.config.max_position_embeddings))


def _load_siglip(folder: Path, card: ModelCard, permissions: Permissions) -> TorchTower:
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

    return TorchTower(tokenizer, model, forward, min(card.max_length, model.config.max_position_embeddings))


LOADERS: Final[Mapping[str, Callable[[Path, ModelCard, Permissions], TorchTower]]] = {
    "sentence": _load_sentence,
    "clip": _load_clip,
    "siglip": _load_siglip,
}
