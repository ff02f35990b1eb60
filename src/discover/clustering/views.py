"""The inputs of cluster heads: stored vectors of windows, or outputs of an encoder in training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from discover.clustering.heads import ClusterHeads

# Shape letters: N training windows, V validation windows, B windows in the batch, D width.

__all__ = ["EncodedViews", "StoredViews", "Unfrozen", "Views", "WindowNetwork", "embed_rows"]

_ROWS_PER_BLOCK = 512


class WindowNetwork(Protocol):
    """An encoder in training over windows known by row, as `alignment.unfrozen.UnfrozenEncoder`."""

    def parameters(self) -> Sequence[nn.Parameter]:
        """The weights that learn."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """A copy of them, by name."""
        ...

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take over what `weights` gave."""
        ...

    def vectors(self, rows: Tensor) -> Tensor:
        """Vectors of windows as they are, (B, D); gradients flow."""
        ...

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Vectors of slightly changed windows, (B, D); gradients flow."""
        ...


@dataclass(frozen=True)
class Unfrozen:
    """An encoder to be trained together with the clusters, and which of its windows are which.

    Attributes:
        network: The encoder.
        train: Its row of each window passed to `fit`, (N,).
        validation: Its row of each validation window, (V,); None where `fit` holds some out.
    """

    network: WindowNetwork
    train: NDArray[np.int64]
    validation: NDArray[np.int64] | None = None


class Views(Protocol):
    """Prepared vectors (centred, length 1) of windows, by row of the training or the validation windows."""

    def pair(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Training windows as one side of a pair, (B, D)."""
        ...

    def plain(self, rows: Tensor) -> Tensor:
        """Training windows as they are, (B, D); no gradient flows."""
        ...

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Training windows changed at random, (B, D)."""
        ...

    def validation(self) -> Tensor:
        """All validation windows as they are, (V, D); no gradient flows."""
        ...


@dataclass(frozen=True)
class StoredViews:
    """Vectors that stay as they are; an altered one is moved by noise.

    Attributes:
        train: (N, D) prepared vectors.
        val: (V, D) prepared vectors.
        noise: Size of the random change, as a share of a vector's length.
    """

    train: Tensor
    val: Tensor
    noise: float

    def pair(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Rows as they are, (B, D)."""
        del generator
        return self.train[rows]

    def plain(self, rows: Tensor) -> Tensor:
        """Rows as they are, (B, D)."""
        return self.train[rows]

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Rows moved by noise and brought to length 1, (B, D)."""
        plain = self.train[rows]
        scale = self.noise / math.sqrt(plain.shape[1])
        return F.normalize(plain + scale * torch.randn(plain.shape, generator=generator), dim=1)

    def validation(self) -> Tensor:
        """All of them, (V, D)."""
        return self.val


@dataclass(frozen=True)
class EncodedViews:
    """Vectors computed by an encoder in training; an altered window lacks some of its events.

    Attributes:
        network: The encoder.
        train: Its row of each training window, (N,).
        val: Its row of each validation window, (V,).
        heads: Brings vectors to the form they were centred in before training; its mean stays.
    """

    network: WindowNetwork
    train: Tensor
    val: Tensor
    heads: ClusterHeads

    def pair(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Weakly altered windows, (B, D), as both sides of a pair are in the paper."""
        return self.altered(rows, generator)

    @torch.no_grad()
    def plain(self, rows: Tensor) -> Tensor:
        """Windows as they are, (B, D)."""
        return self.heads.prepare(self.network.vectors(self.train[rows]))

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Windows without some of their events, (B, D)."""
        return self.heads.prepare(self.network.altered(self.train[rows], generator))

    @torch.no_grad()
    def validation(self) -> Tensor:
        """All of them, (V, D)."""
        return self.heads.prepare(_embed(self.network, self.val))


@torch.no_grad()
def _embed(network: WindowNetwork, rows: Tensor) -> Tensor:
    return torch.cat([network.vectors(block) for block in torch.split(rows, _ROWS_PER_BLOCK)])


def embed_rows(network: WindowNetwork, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Vectors of windows as they are, (N, D), block by block."""
    vectors: NDArray[np.float32] = _embed(network, torch.from_numpy(rows)).numpy()
    return vectors
