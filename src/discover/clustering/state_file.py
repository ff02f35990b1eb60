"""The state of a stopped fit on disk: plain data, whole or absent."""

import hashlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from discover.clustering.config import SCANConfig
from discover.clustering.training import TrainingData, TrainingState, enter_step
from discover.core.artifacts import atomic_path, mapping_sha256
from discover.core.errors import ArtifactError

__all__ = ["restore_state", "save_state"]

_FORMAT = "discover-clustering-state/2"


def save_state(path: Path, state: TrainingState, data: TrainingData, config: SCANConfig) -> None:
    """Write the state by atomic rename; equal states give equal bytes."""
    content = {
        "format": _FORMAT,
        "fit": _fingerprint(data, config),
        "heads": state.heads.state_dict(),
        "teacher": state.teacher.state_dict(),
        "marginal": state.marginal,
        "optimizer": state.optimizer.state_dict(),
        "generator": state.generator.get_state(),
        "step": state.step,
        "epoch": state.epoch,
        "best": state.best.state_dict(),
        "best_loss": state.best_loss,
        "best_at": state.best_at,
        "encoder": {} if data.network is None else data.network.weights(),
        "best_encoder": state.best_encoder,
        "history": state.history,
    }
    buffer = io.BytesIO()
    torch.save(_canonical(content), buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def restore_state(path: Path, state: TrainingState, data: TrainingData, config: SCANConfig) -> bool:
    """Bring `state` to where the file left off; False where there is no file.

    Raises:
        ArtifactError: The file is damaged, or of other windows or settings.
    """
    if not path.is_file():
        return False
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ArtifactError(
            f"{path} is not a readable clustering state ({type(error).__name__}). Delete it and fit again."
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ArtifactError(f"{path} is not a clustering state of this version. Delete it and fit again.")
    if content["fit"] != _fingerprint(data, config):
        raise ArtifactError(
            f"{path} is the state of a fit with other windows or settings. Delete it, or choose another file."
        )
    if content["step"] != "cluster":
        # Later steps train one head, so the objects must have its shape before they are filled.
        enter_step(state, content["step"], data, config)
    if data.network is not None:
        data.network.load_weights(content["encoder"])
    state.heads.load_state_dict(content["heads"])
    state.teacher.load_state_dict(content["teacher"])
    state.optimizer.load_state_dict(content["optimizer"])
    state.generator.set_state(content["generator"])
    state.best.load_state_dict(content["best"])
    state.marginal = content["marginal"]
    state.step, state.epoch = content["step"], content["epoch"]
    state.best_loss, state.best_at = content["best_loss"], content["best_at"]
    state.best_encoder, state.history = content["best_encoder"], content["history"]
    return True


def _fingerprint(data: TrainingData, config: SCANConfig) -> str:
    digest = hashlib.sha256(mapping_sha256(config.model_dump(mode="json")).encode())
    for part, pairs in ((data.train, data.train_pairs), (data.val, data.val_pairs)):
        for tensor in (part, pairs.alike, pairs.n_alike, pairs.near, pairs.n_near):
            digest.update(tensor.contiguous().numpy().tobytes())
    for rows in (data.train_rows, data.val_rows):
        digest.update(b"" if rows is None else rows.numpy().tobytes())
    return digest.hexdigest()


def _canonical(value: Any) -> Any:
    # Pickle writes an object once and refers back to it: equal strings must be one object.
    if isinstance(value, torch.Tensor):
        return value.detach().clone().contiguous()
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, Mapping):
        return {_canonical(k): _canonical(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_canonical(v) for v in value]
    return value
