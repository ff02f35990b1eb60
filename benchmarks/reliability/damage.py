"""Ways in which a file goes wrong: cut, overwritten, wrong values, wrong types, wrong columns. All seeded."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

__all__ = ["Damage", "damage_bytes", "damage_npz", "damage_table", "damage_text", "damage_torch"]

Rng = np.random.Generator
Damage = Callable[[Path, Rng], str]
"""Changes a file in place and says how."""

_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 1e308, float("nan"), float("inf"), "", "x", "\x1b[31m\u202e", "../..", [], {},
    [None], {"a": 1}, "9" * 5000, "a\0b", [[[[]]]], 3.5, "on", "2024-02-30",
)  # fmt: skip
_SNIPPETS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"[" * 200, b"{" * 200, b"&a [*a]", b"!!python/name:x",
    b"99999999999999999999999999", b"1e999", b"nan", b"\r", b"\n\n", b"\t", b"'", b'"', b": ", b"- ", b"%",
    b"PK\x03\x04", "\u2028".encode(), b"on: on\n", b"2024-02-30",
)  # fmt: skip


def damage_bytes(path: Path, rng: Rng) -> str:
    """Cut a file, overwrite, insert, remove or repeat a part of it."""
    data = path.read_bytes()
    n = max(1, len(data))
    at, span = int(rng.integers(n)), int(rng.integers(1, min(n, 4096) + 1))
    how = int(rng.integers(9))
    noise = rng.integers(0, 256, span, dtype=np.uint8).tobytes()
    snippet = _SNIPPETS[int(rng.integers(len(_SNIPPETS)))]
    flipped = bytearray(data or b"\0")
    flipped[at] ^= 1 << int(rng.integers(8))
    made = {
        0: ("cut", data[:at]),
        1: ("cut at the front", data[at:]),
        2: ("one bit", bytes(flipped)),
        3: ("noise", data[:at] + noise + data[at + span :]),
        4: ("zeros", data[:at] + bytes(span) + data[at + span :]),
        5: ("part gone", data[:at] + data[at + span :]),
        6: ("part twice", data[: at + span] + data[at:]),
        7: ("inserted", data[:at] + snippet + data[at:]),
        8: ("empty", b""),
    }[how]
    if how == 8 and rng.random() < 0.7:
        made = ("other encoding", data.decode("utf-8", "replace").encode("utf-16"))
    path.write_bytes(made[1])
    return made[0]


def damage_text(load: Callable[[str], Any], dump: Callable[[Any], str]) -> Damage:
    """Damage of a file of plain data: half the time a value becomes another, or a key goes or comes."""

    def damage(path: Path, rng: Rng) -> str:
        if rng.random() < 0.45:
            return damage_bytes(path, rng)
        value, how = _other_value(load(path.read_text(encoding="utf-8")), rng)
        path.write_text(dump(value), encoding="utf-8", errors="surrogatepass")
        return how

    return damage


def _other_value(value: Any, rng: Rng) -> tuple[Any, str]:
    places = list(_places(value))
    if not places or rng.random() < 0.03:
        return _odd(rng), "whole value"
    node, key = places[int(rng.integers(len(places)))]
    what = int(rng.integers(4))
    if what == 0:
        del node[key]
        return value, f"without {key}"
    if what == 1 and isinstance(node, dict):
        node[str(_odd(rng))[:40]] = _odd(rng)
        return value, "another key"
    node[key] = _odd(rng)
    return value, f"{key} is {str(node[key])[:20]!r}"


def _odd(rng: Rng) -> Any:
    return _ODD[int(rng.integers(len(_ODD)))]


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for key, child in value.items():
            yield value, key
            yield from _places(child)
    elif isinstance(value, list):
        for i, child in enumerate(value[:30]):
            yield value, i
            yield from _places(child)


def damage_table(path: Path, rng: Rng) -> str:
    """Damage of a Parquet table: bytes, or columns and values that do not belong there."""
    if rng.random() < 0.5:
        return damage_bytes(path, rng)
    table = pl.read_parquet(path)
    column = table.columns[int(rng.integers(table.width))]
    how = int(rng.integers(8))
    empty = pl.lit(None).cast(table.schema[column])
    other: dict[int, tuple[str, Callable[[], pl.DataFrame]]] = {
        0: ("no column", lambda: table.drop(column)),
        1: ("renamed", lambda: table.rename({column: "x"})),
        2: ("as text", lambda: table.with_columns(pl.lit("x").alias(column))),
        3: ("as numbers", lambda: table.with_columns(pl.lit(1.5).alias(column))),
        4: ("nulls", lambda: table.with_columns(empty.alias(column))),
        5: ("no rows", lambda: table.clear()),
        6: ("rows turned round", lambda: table.reverse()),
        7: ("too large", lambda: table.with_columns(_large(table, column))),
    }
    name, make = other[how]
    make().write_parquet(path)
    return f"{name}: {column}"


def _large(table: pl.DataFrame, column: str) -> pl.Expr:
    kind = table.schema[column]
    if kind.is_integer():
        return pl.lit(2**31 - 1 if kind != pl.Int16 else 2**15 - 1).cast(kind).alias(column)
    if kind.is_float():
        return pl.lit(float("nan")).cast(kind).alias(column)
    return pl.lit(None).cast(kind).alias(column)


def damage_npz(path: Path, rng: Rng) -> str:
    """Damage of an NPZ file: bytes, or arrays of another shape, type or value."""
    if rng.random() < 0.5:
        return damage_bytes(path, rng)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = sorted(arrays)[int(rng.integers(len(arrays)))]
    array = arrays[name]
    how = int(rng.integers(8))
    if how == 0:
        del arrays[name]
    elif how == 1:
        arrays[name] = array[: len(array) // 2] if array.ndim else array
    elif how == 2:
        arrays[name] = array.astype(np.str_)
    elif how == 3:
        arrays[name] = array[None]
    elif how == 4:
        arrays[name] = np.zeros(array.shape, np.complex64)
    elif how == 5 and array.dtype.kind == "f":
        arrays[name] = np.full_like(array, np.nan)
    elif how == 6 and array.dtype.kind in "iu":
        arrays[name] = np.full_like(array, np.iinfo(array.dtype).max)
    else:
        arrays[name] = np.empty(0, array.dtype)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())
    return f"{name} changed ({how})"


def damage_torch(path: Path, rng: Rng) -> str:
    """Damage of a checkpoint: bytes, or values of another type."""
    if rng.random() < 0.5:
        return damage_bytes(path, rng)
    import torch

    content = torch.load(path, weights_only=True)
    weights = content.get("model")
    if rng.random() < 0.3 and isinstance(weights, dict):
        name = sorted(weights)[int(rng.integers(len(weights)))]
        weights[name] = [weights[name].flatten()[:1], None, torch.zeros(0), torch.zeros(3, 3, 3)][
            int(rng.integers(4))
        ]
        how = f"weight {name}"
    else:
        content, how = _other_value(content, rng)
    torch.save(content, path)
    return how


def load_json(text: str) -> Any:
    """Plain data of a JSON text."""
    return json.loads(text)
