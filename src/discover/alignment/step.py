"""One optimizer step, as a function of its number: everything random in it comes from (seed, step)."""

import logging
import os
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from discover.alignment.augment import Augmentation
from discover.alignment.config import AlignmentConfig
from discover.alignment.dataset import AlignmentDataset, PairBatch
from discover.alignment.distributed import average_gradients, processes
from discover.alignment.model import AlignmentModel
from discover.alignment.optimizer import build_optimizer, fabric_precision
from discover.alignment.prefetch import Prefetch
from discover.alignment.schedule import BatchOrder, learning_rate
from discover.core.errors import ConfigError
from discover.core.seeds import derive_seed

__all__ = ["TrainingStep"]


class TrainingStep:
    """Model, optimizer and data order of a run.

    Args:
        config: The run.
        model: On its device.
        train: Training split, on the same device.
        device: The device.
    """

    def __init__(
        self, config: AlignmentConfig, model: AlignmentModel, train: AlignmentDataset, device: torch.device
    ) -> None:
        precision: Any = fabric_precision(config.training, device)
        several = processes() > 1
        devices: Any = [device.index or 0] if device.type == "cuda" else 1
        options: dict[str, Any] = {"devices": devices}
        if several:
            local = int(os.environ.get("LOCAL_WORLD_SIZE", processes()))
            options = {"strategy": "ddp", "devices": local, "num_nodes": processes() // local}
        # Fabric announces its precision on stderr at every start.
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        self.fabric = Fabric(accelerator=device.type, precision=precision, **options)
        if several:
            self.fabric.launch()
        self.config, self.model, self.train = config, model, train
        self.optimizer: Any = self.fabric.setup_optimizers(build_optimizer(model, config.optimizer))
        settings = config.training
        self.order = BatchOrder(
            train.features.home,
            settings.batch_size,
            config.seed,
            shuffle=settings.shuffle,
            batches=settings.batches,
        )
        self.augmentation = Augmentation(config.augmentation, train.features, config.encoder.max_seq_len)
        self.feed = Prefetch(self.pairs_of, settings.num_workers)
        self.device = device
        self.rank, self.world = self.fabric.global_rank, self.fabric.world_size
        if self.order.batch_size % self.world:
            raise ConfigError(
                f"training.batch_size {self.order.batch_size} is no multiple of the {self.world} processes."
            )
        if several and any(isinstance(m, torch.nn.BatchNorm1d) for m in model.modules()):
            raise ConfigError(
                "use_bn normalises over the whole batch, and each of several processes sees its share only. "
                "Set use_bn: false, or train in one process."
            )
        self.micro_batches = settings.gradient_accumulation

    @property
    def pairs(self) -> int:
        """Windows seen per step."""
        return self.order.batch_size * self.micro_batches

    def rate(self, step: int, total: int) -> float:
        """Learning rate of a step."""
        return learning_rate(
            step, total, self.config.optimizer.learning_rate, self.config.optimizer.warmup_ratio
        )

    def backward(self, step: int, total: int) -> dict[str, Tensor]:
        """Gradients of step `step` of `total`; returns the losses by name, means over micro-batches."""
        torch.manual_seed(derive_seed(self.config.seed, "step", step, self.rank))
        parts: dict[str, Tensor] = {}
        for index in range(self.micro_batches):
            number = step * self.micro_batches + index
            batch = self.feed.take(number)
            with self.fabric.autocast():
                out = self.model(batch, progress=step / total, generator=self._draws(number))
            self.fabric.backward(out.loss / self.micro_batches)
            for name, value in out.parts.items():
                share = value.float() / self.micro_batches
                parts[name] = parts[name] + share if name in parts else share
        average_gradients(self.model.parameters())
        limit = self.config.optimizer.grad_clip_norm
        if limit is not None:
            norm = self.fabric.clip_gradients(
                self.model, self.optimizer, max_norm=limit, error_if_nonfinite=False
            )
            assert norm is not None
            parts["grad_norm"] = norm.detach()
        return parts

    def _draws(self, number: int) -> torch.Generator:
        seed = derive_seed(self.config.seed, "negatives", number)
        return torch.Generator(self.device).manual_seed(seed)

    def pairs_of(self, number: int) -> PairBatch:
        """This process's share of micro-batch `number` of the run, always the same."""
        share = self.order.batch_size // self.world
        mine = slice(self.rank * share, (self.rank + 1) * share)
        rows = self.order.rows(number)[mine]
        seed = derive_seed(self.config.seed, "augmentation", number, self.rank)
        windows = self.augmentation.batch(rows, torch.Generator().manual_seed(seed))
        use = self.config.training.caption_use
        draw = self.order.draw(number)[mine]
        return self.train.batch(rows, draw, windows, caption_use=use).to(self.device)

    def update(self, step: int, total: int) -> None:
        """Move the weights along the gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step, total)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def window_ids(self, step: int) -> list[str]:
        """Windows of the step's first micro-batch."""
        return [str(i) for i in self.train.window_ids[self.order.rows(step * self.micro_batches).numpy()]]

    def state(self) -> dict[str, Any]:
        """Weights, optimizer and gradient scaler, for a checkpoint."""
        scaler = self._scaler()
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        scaler = self._scaler()
        if scaler is not None and content["scaler"]:
            scaler.load_state_dict(content["scaler"])

    def _scaler(self) -> Any:
        return getattr(self.fabric.strategy.precision, "scaler", None)
