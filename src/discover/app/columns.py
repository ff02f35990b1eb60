"""Columns of numbers in one buffer: a short JSON header, then each column little-endian."""

import json
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from discover.core.errors import ShapeError

__all__ = ["MAGIC", "NO_CODE", "pack_columns"]

MAGIC = b"DCOL"
NO_CODE = 65_535
"""Stands for nothing in a column of codes (uint16)."""

_TYPES = {"float64", "float32", "uint32", "int32", "uint16", "uint8"}
_STEP = 8


def pack_columns(columns: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """One buffer of some columns of equal length (docs/reference/app_api.md).

    Raises:
        ShapeError: Columns of different lengths, or of a type that the format lacks.
    """
    lengths = {len(values) for values in columns.values()}
    names = {name: values.dtype.name for name, values in columns.items()}
    if len(lengths) > 1 or not set(names.values()) <= _TYPES:
        raise ShapeError(f"Columns must have one length and one of the types {sorted(_TYPES)}, got {names}.")
    parts, listed, offset = [], [], 0
    for name, values in columns.items():
        data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        listed.append({"name": name, "type": names[name], "offset": offset})
        data += b"\0" * (-len(data) % _STEP)
        parts.append(data)
        offset += len(data)
    content = {"rows": next(iter(lengths), 0), "columns": listed, "meta": dict(meta)}
    header = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    header += b" " * (-len(header) % _STEP)
    return b"".join([MAGIC, len(header).to_bytes(4, "little"), header, *parts])
