"""What the chunked losses share: tiles of the pair matrix and the targets inside one."""

from collections.abc import Iterator

import torch
from torch import Tensor

from discover.core.errors import ConfigError
from discover.losses.targets import PairKeys, TargetRule, matches_and_masked, target_block

# Shape letters: B pairs in the batch, R rows and C columns of a tile.

__all__ = ["CHUNK_FROM", "as_scalar", "rule_and_keys", "slices", "tile_side", "tile_targets", "tiles"]

CHUNK_FROM = 2048
"""Batch size from which the chunked forms are at least as fast as the dense ones on a CPU."""

_TILE = {"cpu": 1024}
_TILE_ELSEWHERE = 4096
"""Side of a tile: 4 MB of float32 stays in a CPU's cache; a GPU wants larger products."""


def tile_targets(
    rule: TargetRule, keys: PairKeys | None, rows: slice, columns: slice, dtype: torch.dtype
) -> tuple[Tensor | None, Tensor | None]:
    """Affinity of a tile (None: one-to-one) and what is masked in it (None: nothing)."""
    if keys is None:
        return None, None
    starts = {"row_start": rows.start, "column_start": columns.start}
    if rule.one_to_one:
        return None, matches_and_masked(rule, keys[rows], keys[columns], **starts)[1]
    affinity, allowed = target_block(rule, keys[rows], keys[columns], **starts)
    affinity = affinity.to(dtype)
    return affinity, ~(allowed | (affinity > 0))


def rule_and_keys(
    rule: TargetRule | None, keys: PairKeys | None, n_pairs: int
) -> tuple[TargetRule, PairKeys | None]:
    """The rule with the keys it needs; without keys, one-to-one targets."""
    if rule is None or rule.mode == "identity":
        return TargetRule(mode="identity"), None
    if keys is None or len(keys) != n_pairs:
        found = "none" if keys is None else f"{len(keys)}"
        raise ConfigError(f"Targets '{rule.mode}' need the keys of all {n_pairs} pairs, got {found}.")
    return rule, keys


def as_scalar(value: Tensor | float, like: Tensor) -> Tensor:
    """A 0-d tensor beside `like`, in at least float32; keeps the gradient of one that is given."""
    dtype = torch.promote_types(torch.float32, like.dtype)
    return torch.as_tensor(value, dtype=dtype, device=like.device)


def tile_side(like: Tensor, tile: int | None) -> int:
    """Side of a tile for the device of `like`, unless one is asked for."""
    if tile is not None and tile < 1:
        raise ConfigError(f"tile must be at least 1, got {tile}.")
    return tile or _TILE.get(like.device.type, _TILE_ELSEWHERE)


def slices(n: int, side: int) -> list[slice]:
    """0..n in pieces of at most `side`."""
    return [slice(begin, min(begin + side, n)) for begin in range(0, n, side)]


def tiles(n: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of all tiles, row by row."""
    return ((rows, columns) for rows in slices(n, side) for columns in slices(n, side))
