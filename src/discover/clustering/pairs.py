"""Pairs of windows that should share a cluster, drawn for every step."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from discover.clustering.config import MiningConfig
from discover.clustering.neighbours import mine_pairs, temporal_neighbours
from discover.core.errors import DataError

# Shape letters: N windows, K neighbours, A windows that have a neighbour.

__all__ = ["PairTable", "build_pairs"]


@dataclass(frozen=True)
class PairTable:
    """Neighbours of each window by similarity and by time, packed to the left.

    Attributes:
        alike: Rows of similar windows, (N, K).
        n_alike: How many of them are there, (N,).
        near: Rows of windows near in time, (N, T).
        n_near: How many of them are there, (N,).
        near_share: Chance that a pair comes from `near` where a window has both kinds.
    """

    alike: Tensor
    n_alike: Tensor
    near: Tensor
    n_near: Tensor
    near_share: float

    @property
    def anchors(self) -> Tensor:
        """Rows of windows with at least one neighbour, (A,)."""
        return torch.nonzero((self.n_alike > 0) | (self.n_near > 0)).flatten()

    def draw(self, anchors: Tensor, generator: torch.Generator) -> Tensor:
        """One neighbour of each anchor (all of which have one), same shape as `anchors`."""
        kind, place = torch.rand((2, len(anchors)), generator=generator, dtype=torch.float64)
        n_alike, n_near = self.n_alike[anchors], self.n_near[anchors]
        use_near = (n_alike == 0) | ((kind < self.near_share) & (n_near > 0))
        column = (place * torch.where(use_near, n_near, n_alike)).long()
        # Columns of the other table are looked up too, so they are kept inside it.
        alike = self.alike[anchors, column.clamp(max=self.alike.shape[1] - 1)]
        near = self.near[anchors, column.clamp(max=self.near.shape[1] - 1)]
        return torch.where(use_near, near, alike)


def build_pairs(
    vectors_ND: NDArray[np.floating],
    captions_ND: NDArray[np.floating] | None,
    spans: NDArray[np.float64] | None,
    config: MiningConfig,
) -> PairTable:
    """Mine neighbours among windows by the rule of `config`.

    Raises:
        DataError: No window has a neighbour, or `temporal_s` is set and no times were given.
    """
    alike, n_alike = _pack(mine_pairs(vectors_ND, captions_ND, spans, config))
    if config.temporal_s > 0:
        if spans is None:
            raise DataError("mining.temporal_s needs the windows' times. Pass spans=..., or set it to 0.")
        near, n_near = _pack(temporal_neighbours(spans, config.temporal_s))
    else:
        near, n_near = np.zeros((len(alike), 1), np.int64), np.zeros(len(alike), np.int64)
    if not (n_alike.any() or n_near.any()):
        raise DataError(
            f"None of {len(alike):,} windows has a neighbour: all overlap in time, or the two "
            "spaces of the twin never agree. Use more windows, a smaller min_gap_s or a larger k."
        )
    share = config.temporal_share if config.temporal_s > 0 else 0.0
    tables = [torch.from_numpy(a) for a in (alike, n_alike, near, n_near)]
    return PairTable(tables[0], tables[1], tables[2], tables[3], near_share=share)


def _pack(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.argsort(rows < 0, axis=1, kind="stable")
    packed = np.take_along_axis(rows, order, axis=1)
    return np.maximum(packed, 0), (rows >= 0).sum(axis=1)
