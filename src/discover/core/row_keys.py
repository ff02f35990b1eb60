"""Rows that need not be made again: each is known by a key of what it was made from.

Where a log has grown, most windows are as they were. A stage that finds the key of a window among those of
its last output copies the row and makes the others only.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import mapping_sha256
from discover.core.errors import ArtifactError
from discover.core.reading import read_npz
from discover.core.seeds import derive_seed, hash_to_uint64
from discover.core.window_set import WindowSet

__all__ = ["KeptRows", "Keys", "kept_rows", "sealed_rows", "text_keys", "window_keys"]

Keys = NDArray[np.uint64]
"""(N,) key of each row."""

_KEYS, _SEAL = "row_keys", "row_seal"


class KeptRows:
    """Rows of an earlier output, by key.

    Attributes:
        rows: (N, ...) what was made.
        keys: (N,) what from.
    """

    def __init__(self, rows: NDArray[Any], keys: Keys) -> None:
        self.rows = rows
        self.keys = keys

    def find(self, wanted: Keys) -> NDArray[np.int64]:
        """Row number of each wanted key, -1 where it is not there."""
        order = np.argsort(self.keys, kind="stable")
        place = np.searchsorted(self.keys, wanted, sorter=order)
        found = order[np.minimum(place, len(order) - 1)] if len(order) else np.full(len(wanted), -1)
        return np.where(self.keys[found] == wanted, found, -1) if len(order) else found


def sealed_rows(rows: NDArray[Any], keys: Keys) -> dict[str, NDArray[Any]]:
    """Arrays to store beside `rows`: their keys, and a hash that says that both belong together."""
    return {_KEYS: keys, _SEAL: np.array([_seal(rows, keys)])}


def kept_rows(path: Path, name: str) -> KeptRows | None:
    """The rows called `name` of an NPZ with `sealed_rows`; None where there are none or not all."""
    try:
        arrays = read_npz(path)
        rows, keys, seal = arrays[name], arrays[_KEYS].astype(np.uint64), str(arrays[_SEAL][0])
    except (ArtifactError, KeyError, IndexError, ValueError):
        return None
    return KeptRows(rows, keys) if len(rows) == len(keys) and seal == _seal(rows, keys) else None


def _seal(rows: NDArray[Any], keys: Keys) -> str:
    digest = hashlib.sha256(f"{rows.dtype} {rows.shape}".encode())
    for array in (rows, keys):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def window_keys(window_set: WindowSet, made_by: Mapping[str, Any]) -> Keys:
    """(W,) key of each window's id and events, and of all else that decides what is made of it.

    Args:
        window_set: The windows of one home.
        made_by: Settings, versions and hashes of models, as plain data.
    """
    events, windows = window_set.events, window_set.windows
    time = events["time"].to_physical().to_numpy().astype(np.uint64)
    same = np.diff(time, prepend=time[:1] - np.uint64(1)) == 0
    # Events of one time differ by their order.
    place = np.arange(len(time)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(time))))
    value = events["value"].fill_null(0.0).to_numpy().astype(np.float64).view(np.uint64)
    mixed = time
    for part in (
        place.astype(np.uint64),
        _name_hashes(events["sensor"]),
        _name_hashes(events["state"]),
        value,
    ):
        mixed = hash_to_uint64(mixed ^ hash_to_uint64(part, 1), 2)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    first = windows["first_event"].to_numpy()
    content = sums[first + windows["n_events"].to_numpy()] - sums[first]
    own = hash_to_uint64(text_keys(windows["window_id"], made_by) ^ hash_to_uint64(content, 3), 4)
    return hash_to_uint64(own ^ windows["n_events"].to_numpy().astype(np.uint64), 5)


def text_keys(texts: pl.Series, made_by: Mapping[str, Any]) -> Keys:
    """(N,) key of each text and of all else that decides what is made of it."""
    salt = np.uint64(derive_seed(0, mapping_sha256(made_by)))
    distinct = texts.unique()
    keys = pl.Series([derive_seed(0, t) for t in distinct.to_list()], dtype=pl.UInt64)
    hashes = texts.replace_strict(distinct, keys, return_dtype=pl.UInt64).to_numpy()
    return hash_to_uint64(hashes.astype(np.uint64) ^ salt, 6)


def _name_hashes(column: pl.Series) -> Keys:
    """Hash of each row's category: its name, not its code."""
    assert isinstance(column.dtype, pl.Enum)
    hashes = np.array([derive_seed(0, name) for name in column.dtype.categories.to_list()], dtype=np.uint64)
    found: Keys = hashes[column.to_physical().to_numpy()]
    return found
