"""Checkpoints: plain data in torch's file format, whole or absent, the same bytes for the same content."""

import io
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from discover.core.artifacts import atomic_path
from discover.core.errors import CheckpointError

__all__ = ["CHECKPOINT_FORMAT", "load_checkpoint", "refuse_missing", "refuse_other_sizes", "save_checkpoint"]

CHECKPOINT_FORMAT = "discover-checkpoint/1"

_MAX_DEPTH = 50
_MAX_VALUES = 10_000_000
_NESTED = (Mapping, list, tuple, set, frozenset)


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
        # torch does not compare the checksums that the file carries for each of its parts.
        with zipfile.ZipFile(path) as archive:
            _refuse_unpacking(archive, path)
            wrong = archive.testzip()
        if wrong is not None:
            raise zipfile.BadZipFile(f"{wrong} has another checksum")
        content = torch.load(path, map_location="cpu", weights_only=True)
        _refuse_nesting(content)
    except CheckpointError:
        raise
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


def _refuse_unpacking(archive: zipfile.ZipFile, path: Path) -> None:
    """Check that reading the members takes no more than the file has; torch stores them as they are."""
    members = archive.infolist()
    packed = next((m for m in members if m.compress_type != zipfile.ZIP_STORED), None)
    if packed is not None:
        raise CheckpointError(
            f"{path} holds a compressed part ('{packed.filename[:80]}'), and checkpoints are not compressed. "
            "Use another checkpoint of the run, or train again."
        )
    # Entries of the list that share bytes of the file would be read once each.
    size = sum(member.file_size for member in members)
    if size > path.stat().st_size:
        raise CheckpointError(
            f"{path} lists parts of {size:,} bytes, more than the file has. "
            "Use another checkpoint of the run, or train again."
        )


def _refuse_nesting(content: Any) -> None:
    """Check that mappings and lists are not deeper and not more than settings ever are."""
    # Equal objects are looked at once and counted as often as they stand there: repeats cost a file nothing.
    level = {id(content): (content, 1)}
    total = 0
    for _ in range(_MAX_DEPTH):
        inner: dict[int, tuple[Any, int]] = {}
        for outer, times in level.values():
            if not isinstance(outer, _NESTED):
                continue
            for value in outer.values() if isinstance(outer, Mapping) else outer:
                inner[id(value)] = (value, inner.get(id(value), (value, 0))[1] + times)
                total += times
        if total > _MAX_VALUES:
            raise ValueError(f"it holds more than {_MAX_VALUES:,} values")
        if not inner:
            return
        level = inner
    raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")


def refuse_missing(path: Path) -> None:
    """Check that there is a file.

    Raises:
        CheckpointError: There is none.
    """
    if not path.is_file():
        raise CheckpointError(f"No checkpoint at {path}. Train the model first, or correct the path.")


def refuse_other_sizes(planned: Mapping[str, torch.Tensor], found: Any, path: Path) -> None:
    """Compare a checkpoint's tensors with those its settings ask for, before the model takes any memory.

    Args:
        planned: The model's tensors, built on the device "meta".
        found: The checkpoint's.
        path: The file they were read from.

    Raises:
        CheckpointError: They differ in name or shape, or claim more than the file holds.
    """
    tensors = found if isinstance(found, Mapping) else {}
    if not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise CheckpointError(f"{path} holds something other than tensors as weights. Train the model again.")
    other = sorted(
        name
        for name in {*planned, *tensors}
        if name not in planned or name not in tensors or planned[name].shape != tensors[name].shape
    )
    if other:
        raise CheckpointError(
            f"{path} does not hold a whole model of this version: {len(other):,} weights differ from what "
            f"its settings ask for, first '{str(other[0])[:80]}'. Train the model again."
        )
    size = sum(value.numel() * value.element_size() for value in tensors.values())
    if size > path.stat().st_size:
        raise CheckpointError(
            f"{path} claims weights of {size:,} bytes, more than the file has. Train the model again."
        )


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
