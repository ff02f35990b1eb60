"""Learning rate and data order as pure functions of the step, so that resuming needs no state of them."""

import math
import threading
from typing import Literal

import torch
from torch import Tensor

from discover.core.errors import ConfigError
from discover.core.seeds import derive_seed

__all__ = ["BatchKind", "BatchOrder", "learning_rate"]

BatchKind = Literal["across", "within", "mixed"]
"""Whether a batch is of all homes, of one, or half of the batches each."""


def learning_rate(step: int, total: int, peak: float, warmup_ratio: float) -> float:
    """Rate of step 0..total-1: linear from peak / warm-up steps up to the peak, then a cosine to 0.

    A run resumed with another number of steps follows the schedule of the new number from there on.
    """
    warm = math.ceil(warmup_ratio * total)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))


class BatchOrder:
    """Which windows form batch number b of a run.

    Every epoch is one permutation, cut into full batches; its remainder is left out and another
    permutation follows. Without shuffling, batches run through the windows in order, around and around.
    Batches within a home are cut from that home's windows in the order of the permutation; those across homes
    from all windows that are left.

    Args:
        home_W: Number of each training window's home, (W,) int64.
        batch_size: Windows per batch; all windows when there are fewer.
        seed: Decides the permutations and caption draws.
        shuffle: Permute.
        batches: across: every batch is of all homes. within: every batch is of one home. mixed: half of each
            home's windows within, the rest across.

    Raises:
        ConfigError: A home has less than a batch of windows, and batches are of one home.
    """

    def __init__(
        self,
        home_W: Tensor,
        batch_size: int,
        seed: int,
        *,
        shuffle: bool = True,
        batches: BatchKind = "across",
    ) -> None:
        self.n_windows = len(home_W)
        self.batch_size = min(batch_size, self.n_windows)
        counts = torch.bincount(home_W)
        share = {"across": 0.0, "within": 1.0, "mixed": 0.5}[batches]
        self._within = (counts * share).long() // self.batch_size
        if batches == "within" and not self._within.all():
            short = int(counts.argmin())
            raise ConfigError(
                f"training.batches 'within' takes {self.batch_size} windows of one home, and home number "
                f"{short + 1} has {int(counts[short])}. Lower training.batch_size, or set batches: mixed."
            )
        self._across = 0
        if batches != "within":
            self._across = (self.n_windows - int(self._within.sum()) * self.batch_size) // self.batch_size
        self.batches_per_epoch = int(self._within.sum()) + self._across
        self._home_W = home_W
        self._seed = seed
        self._shuffle = shuffle
        # Threads that make batches ahead may stand in two epochs at once.
        self._lock = threading.Lock()
        self._epoch = -1
        self._plan = torch.empty(0, dtype=torch.int64)

    def rows(self, batch: int) -> Tensor:
        """Window rows, (B,) int64 on the CPU."""
        if not self._shuffle and not self._within.any():
            return (batch * self.batch_size + torch.arange(self.batch_size)) % self.n_windows
        epoch, index = divmod(batch, self.batches_per_epoch)
        with self._lock:
            if epoch != self._epoch:
                self._plan, self._epoch = self._planned(epoch), epoch
            plan = self._plan
        return plan[index]

    def _planned(self, epoch: int) -> Tensor:
        """Rows of every batch of an epoch, (batches, B)."""
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "order", epoch))
        order = torch.arange(self.n_windows)
        if self._shuffle:
            order = torch.randperm(self.n_windows, generator=generator)
        home = self._home_W[order]
        taken = torch.zeros_like(order, dtype=torch.bool)
        for number, batches in enumerate(self._within.tolist()):
            taken[(home == number).nonzero()[: batches * self.batch_size, 0]] = True
        # Stable: a home's windows keep the order of the permutation.
        within = order[taken][torch.argsort(home[taken], stable=True)]
        across = order[~taken][: self._across * self.batch_size]
        plan = torch.cat([within, across]).view(-1, self.batch_size)
        if self._shuffle and len(within):
            plan = plan[torch.randperm(len(plan), generator=generator)]
        return plan

    def draw(self, batch: int) -> Tensor:
        """Numbers in [0, 1) that pick each window's caption, (B,) on the CPU."""
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "captions", batch))
        return torch.rand(self.batch_size, generator=generator)
