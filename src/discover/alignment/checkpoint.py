"""Checkpoints: plain data in torch's file format, whole or absent, the same bytes for the same content."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from discover.core.artifacts import atomic_path
from discover.core.errors import CheckpointError

__all__ = ["CHECKPOINT_FORMAT", "load_checkpoint", "refuse_missing", "save_checkpoint"]

CHECKPOINT_FORMAT = "discover-checkpoint/1"


def save_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint of dicts, lists, strings, numbers and tensors, by atomic rename.

    Raises:
        ArtifactError: The folder cannot be written or the disk is full.
    """
    buffer = io.BytesIO()
    # To memory first: torch stores the file's name inside the archive, and the temporary name is random.
    torch.save(_canonical({"format": CHECKPOINT_FORMAT, **content}), buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU; nothing in it is executed.

    Raises:
        CheckpointError: Missing, damaged, or not a checkpoint of this project.
    """
    refuse_missing(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} is not a readable checkpoint ({type(error).__name__}). "
            "It is damaged or holds code; use another checkpoint of the run, or train again."
        ) from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != CHECKPOINT_FORMAT:
        raise CheckpointError(
            f"{path} is not a checkpoint of this version (format {found!r}, expected {CHECKPOINT_FORMAT!r}). "
            "Train the model again with this version."
        )
    return dict(content)


def refuse_missing(path: Path) -> None:
    """Check that there is a file.

    Raises:
        CheckpointError: There is none.
    """
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}. Train the model first, or correct the path.")


def _canonical(value: Any) -> Any:
    """A fresh copy whose bytes do not depend on where the values came from.

    Pickle writes a string object once and refers back to it, so equal strings must be one object.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True).contiguous()
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, Mapping):
        return {_canonical(k): _canonical(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_canonical(v) for v in value]
    return value
