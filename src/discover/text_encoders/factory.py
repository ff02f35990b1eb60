"""From a config to a ready text encoder."""

import contextlib
from typing import TYPE_CHECKING

from discover.core.errors import ConfigError
from discover.core.permissions import Permissions, user_permissions
from discover.core.runtime import runtime
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder
from discover.text_encoders.model_cards import MODEL_CARDS
from discover.text_encoders.model_files import packaged_weights_sha256, resolve_folder, weights_sha256
from discover.text_encoders.offline import offline
from discover.text_encoders.tower import Tower

if TYPE_CHECKING:
    import torch

__all__ = ["build_text_encoder"]


def build_text_encoder(config: TextEncoderConfig, *, permissions: Permissions | None = None) -> TextEncoder:
    """Load a frozen text encoder.

    Args:
        config: Which one, and how it is used. It may come from a file of a stranger.
        permissions: Whether its files may be downloaded and its own code may run; None: what the user said on
            the command line or in the environment (`core.permissions`), by default neither.

    Raises:
        ConfigError: The model is not here and may not be downloaded, its files are damaged or pickled, it
            needs code that may not run, or the device is not there.
    """
    card = MODEL_CARDS[config.type]
    allowed = user_permissions() if permissions is None else permissions
    packaged = config.type == "minilm" and config.model_path is None
    by_torch = runtime() == "torch"
    if not (by_torch or packaged):
        raise ConfigError(
            f"The text encoder '{config.model_path or config.type}' needs torch, which is not installed; "
            "onnxruntime runs the packaged minilm only. Use type: minilm without model_path, or run "
            "`pip install 'discover-v2[minilm]'`."
        )
    device = pick_device(config.device) if by_torch else None
    with contextlib.nullcontext() if allowed.download else offline():
        folder = resolve_folder(config, card, allowed)
        sha256 = packaged_weights_sha256() if packaged else weights_sha256(folder)
        tower: Tower
        if device is None:
            from discover.text_encoders.packaged_onnx import OnnxMiniLM

            tower = OnnxMiniLM(folder, config)
        elif packaged:
            from discover.text_encoders.packaged_minilm import load_packaged_minilm

            tower = load_packaged_minilm(folder, device, config.precision)
        else:
            from discover.text_encoders.towers import load_tower

            tower = load_tower(folder, config, card, device, allowed)
    model_name = config.model_path or card.hub_name
    return TextEncoder(config, card, tower, model_name=model_name, weights_sha256=sha256)


def pick_device(name: str) -> "torch.device":
    """The device asked for; auto takes a GPU if there is one.

    Raises:
        ConfigError: This machine has no such device.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[kind]
    if int(number or 0) >= count:
        raise ConfigError(f"text_encoder.device: there is no '{name}' on this machine. Use device: auto.")
    return torch.device(name)
