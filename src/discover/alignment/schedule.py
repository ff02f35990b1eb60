"""Learning rate and data order as pure functions of the step, so that resuming needs no state of them."""

import math
import threading

import torch
from torch import Tensor

from discover.core.seeds import derive_seed

__all__ = ["BatchOrder", "learning_rate"]


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

    Args:
        n_windows: Training windows.
        batch_size: Windows per batch; all windows when there are fewer.
        seed: Decides the permutations and caption draws.
        shuffle: Permute.
    """

    def __init__(self, n_windows: int, batch_size: int, seed: int, *, shuffle: bool = True) -> None:
        self.n_windows = n_windows
        self.batch_size = min(batch_size, n_windows)
        self.batches_per_epoch = n_windows // self.batch_size
        self._seed = seed
        self._shuffle = shuffle
        # Threads that make batches ahead may stand in two epochs at once.
        self._lock = threading.Lock()
        self._epoch = -1
        self._permutation = torch.arange(n_windows)

    def rows(self, batch: int) -> Tensor:
        """Window rows, (B,) int64 on the CPU."""
        if not self._shuffle:
            return (batch * self.batch_size + torch.arange(self.batch_size)) % self.n_windows
        epoch, index = divmod(batch, self.batches_per_epoch)
        with self._lock:
            if epoch != self._epoch:
                generator = torch.Generator().manual_seed(derive_seed(self._seed, "order", epoch))
                self._permutation = torch.randperm(self.n_windows, generator=generator)
                self._epoch = epoch
            permutation = self._permutation
        return permutation[index * self.batch_size : (index + 1) * self.batch_size]

    def draw(self, batch: int) -> Tensor:
        """Numbers in [0, 1) that pick each window's caption, (B,) on the CPU."""
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "captions", batch))
        return torch.rand(self.batch_size, generator=generator)
