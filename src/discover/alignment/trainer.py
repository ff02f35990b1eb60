"""Alignment training: a plain torch step inside lightning.fabric, which can stop anywhere and go on exactly.

Everything random in step s (order, captions, dropout, masks) is derived from (seed, s), so a resumed
run needs no generator state, and k steps + resume + k steps equal 2k steps bit for bit on a CPU.
"""

import contextlib
import math
import signal
import threading
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from lightning_fabric import Fabric
from torch import Tensor

from discover.alignment.checkpoint import load_checkpoint, save_checkpoint
from discover.alignment.config import AlignmentConfig
from discover.alignment.inputs import TrainingInputs, load_inputs
from discover.alignment.model import AlignmentModel
from discover.alignment.optimizer import build_optimizer, fabric_precision, pick_device
from discover.alignment.run_folder import (
    RunFolder,
    data_fingerprint,
    portable_settings,
    run_fingerprint,
    run_settings,
)
from discover.alignment.schedule import BatchOrder, learning_rate
from discover.alignment.validation import Validator
from discover.core.artifacts import folder_lock, write_text
from discover.core.errors import CheckpointError, TrainingError
from discover.core.progress import SILENT, Progress
from discover.core.seeds import derive_seed

__all__ = ["AlignmentTrainer", "TrainResult"]


@dataclass(frozen=True)
class TrainResult:
    """Where a run ended.

    Attributes:
        folder: `output_dir`.
        best_path: Checkpoint with the best validation value.
        final_path: Checkpoint of the last step.
        best_step: Its step.
        best_value: Its value of `training.best_metric`.
        steps: Steps of the whole run.
        values: Last validation values.
    """

    folder: Path
    best_path: Path
    final_path: Path
    best_step: int
    best_value: float
    steps: int
    values: dict[str, float]


class AlignmentTrainer:
    """Trains one alignment model into `config.output_dir`.

    Args:
        config: The run.
        progress: Where to report.
        resume: "auto" goes on from the newest checkpoint of the same run in the folder, if there is one,
            and returns at once when the run is finished. A path goes on from that checkpoint, also with another number of
            steps or other intervals. None starts anew.
        overwrite: Delete the checkpoints of another run in the folder instead of refusing.
        inputs: Data already in memory instead of the config's paths.
    """

    def __init__(
        self,
        config: AlignmentConfig,
        *,
        progress: Progress = SILENT,
        resume: Literal["auto"] | Path | None = "auto",
        overwrite: bool = False,
        inputs: TrainingInputs | None = None,
    ) -> None:
        self.config = config
        self.progress = progress
        self._resume = resume
        self._overwrite = overwrite
        self._inputs = inputs

    def train(self) -> TrainResult:
        """Train to the last step.

        Raises:
            ConfigError, ArtifactError, JoinError, DataError: The inputs do not fit.
            CheckpointError: The checkpoint to resume from is of another run.
            TrainingError: The loss is not finite.
            KeyboardInterrupt, SystemExit: Stopped by Ctrl-C or SIGTERM, after writing a checkpoint.
        """
        with folder_lock(self.config.output_dir / ".training", wait=False), torch.random.fork_rng():
            return _Run(self.config, self._inputs, self.progress).go(self._resume, self._overwrite)


class _Run:
    """State of one run: everything here is either rebuilt from config and data, or in the checkpoint."""

    def __init__(self, config: AlignmentConfig, inputs: TrainingInputs | None, progress: Progress) -> None:
        self.config, self.progress = config, progress
        device = pick_device(config.training.device)
        precision: Any = fabric_precision(config.training, device)
        self.fabric = Fabric(accelerator=device.type, devices=[device.index or 0] if device.type == "cuda" else 1,
                             precision=precision)  # fmt: skip
        self.inputs = load_inputs(config, device, progress) if inputs is None else inputs
        train = self.inputs.train
        torch.manual_seed(derive_seed(config.seed, "weights"))
        self.model = AlignmentModel(config, self.inputs.vocabulary, train.text_dim).to(device)
        self.optimizer = self.fabric.setup_optimizers(build_optimizer(self.model, config.optimizer))
        settings = config.training
        self.order = BatchOrder(len(train), settings.batch_size, config.seed, shuffle=settings.shuffle)
        self.validator = Validator(self.inputs.validation, settings.val_pool_size)
        self.total = _total_steps(config, self.order)
        self.data = data_fingerprint(train, self.inputs.validation)
        self.files = RunFolder(config.output_dir, run_fingerprint(config, self.data))
        self.step = 0
        self.best: dict[str, Any] = {"value": None, "step": 0}
        self.values: dict[str, float] = {}
        self.sums: dict[str, Tensor] = {}
        self.summed = 0
        self._clock = time.perf_counter()

    def go(self, resume: Literal["auto"] | Path | None, overwrite: bool) -> TrainResult:
        """Train from wherever the run stands."""
        self._start(resume, overwrite)
        self.progress.start("Training", self.total)
        self.progress.advance(self.step)
        self.model.train()
        with _stop_signals() as stopped:
            while self.step < self.total:
                self._train_step()
                self._after_step()
                if stopped and self.step < self.total:
                    self._leave(stopped[0])
        self.progress.finish(
            f"{self.total:,} steps, best {self.config.training.best_metric} at {self.best['step']:,}"
        )
        return TrainResult(
            folder=self.files.folder,
            best_path=self.files.best,
            final_path=self.files.final,
            best_step=int(self.best["step"]),
            best_value=float(self.best["value"]),
            steps=self.total,
            values=self.values,
        )

    def _start(self, resume: Literal["auto"] | Path | None, overwrite: bool) -> None:
        if overwrite and resume is None:
            self.files.clear()
        content = None
        if isinstance(resume, Path):
            content = load_checkpoint(resume)
            self._refuse_other_run(content, resume)
        else:
            try:
                content = self.files.newest_own()
            except Exception:
                if not overwrite:
                    raise
                self.files.clear()
            if resume is None and content is not None:
                self.files.clear()
                content = None
        if content is not None:
            self._restore(content)
        self.files.start_log(0 if content is None else int(content["log_size"]))
        write_text(self.files.folder / "config.yaml", self.config.to_yaml())

    def _refuse_other_run(self, content: dict[str, Any], path: Path) -> None:
        if content["optimizer"] is None:
            raise CheckpointError(
                f"{path} holds weights only and cannot be resumed. Resume from a checkpoint_step_*.pt or final_model.pt."
            )
        ours = run_settings(self.config, extendable=True)
        theirs = run_settings(AlignmentConfig.model_validate(content["config"]), extendable=True)
        changed = sorted(_differences(ours, theirs))
        if changed:
            raise CheckpointError(
                f"{path} was trained with other settings: {', '.join(changed)}. A resumed run may change its length, "
                "intervals and device only; start a new run in another output_dir for anything else."
            )
        if content["data"] != self.data:
            raise CheckpointError(
                f"{path} was trained on other windows or text embeddings. Resume with the data it was trained on."
            )

    def _restore(self, content: dict[str, Any]) -> None:
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        scaler = getattr(self.fabric._precision, "scaler", None)
        if scaler is not None and content["scaler"]:
            scaler.load_state_dict(content["scaler"])
        self.step = int(content["step"])
        self.best = dict(content["best"])
        self.values = dict(content["values"])
        device = next(self.model.parameters()).device
        self.sums = {k: v.to(device) for k, v in content["sums"].items()}
        self.summed = int(content["summed"])

    def _train_step(self) -> None:
        config = self.config
        rate = learning_rate(
            self.step, self.total, config.optimizer.learning_rate, config.optimizer.warmup_ratio
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(derive_seed(config.seed, "step", self.step))
        parts: dict[str, Tensor] = {}
        micro = config.training.gradient_accumulation
        for index in range(micro):
            number = self.step * micro + index
            batch = self.inputs.train.batch(self.order.rows(number), self.order.draw(number))
            with self.fabric.autocast():
                out = self.model(batch)
            self.fabric.backward(out.loss / micro)
            for name, value in out.parts.items():
                parts[name] = parts.get(name, 0) + value.float() / micro
        if config.optimizer.grad_clip_norm is not None:
            parts["grad_norm"] = self.fabric.clip_gradients(
                self.model, self.optimizer, max_norm=config.optimizer.grad_clip_norm, error_if_nonfinite=False
            ).detach()
        if parts["loss"].device.type == "cpu":
            self._refuse_not_finite(parts["loss"])
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.sums = {k: self.sums[k] + v if k in self.sums else v.clone() for k, v in parts.items()}
        self.summed += 1
        self.step += 1
        self.rate = rate

    def _after_step(self) -> None:
        settings = self.config.training
        last = self.step == self.total
        if self.step % settings.log_interval == 0 or last:
            self._log_training()
        if self.step % settings.val_interval == 0 or last:
            self._validate(last)
        if last:
            save_checkpoint(self.files.final, self._content(with_optimizer=True))
            self.files.prune(settings.keep_checkpoints, settings.save_interval)
        elif self.step % settings.save_interval == 0:
            self._save()
            self.files.prune(settings.keep_checkpoints, settings.save_interval)
        self.progress.advance(1, self._note)

    _note = ""

    def _log_training(self) -> None:
        means = {k: float(v) / self.summed for k, v in self.sums.items()}
        self._refuse_not_finite(torch.tensor(means["loss"]))
        self.files.log(
            {"step": self.step, "split": "train", **means, "learning_rate": self.rate,
             "temperature": self.model.temperature}
        )  # fmt: skip
        now = time.perf_counter()
        pairs = self.summed * self.order.batch_size * self.config.training.gradient_accumulation
        self.files.log_timing({"step": self.step, "windows_per_s": pairs / max(now - self._clock, 1e-9)})
        self._clock = now
        self._note = f"loss {means['loss']:.3f}"
        self.sums, self.summed = {}, 0

    def _validate(self, last: bool) -> None:
        settings = self.config.training
        began = time.perf_counter()
        # Retrieval is measured when its interval passed since the last validation, and at the end.
        before = self.step - settings.val_interval
        due = last or self.step // settings.metrics_interval > max(before, 0) // settings.metrics_interval
        with self.fabric.autocast():
            self.values = self.validator.evaluate(self.model, with_retrieval=due)
        self.files.log({"step": self.step, "split": "val", **self.values})
        value = self.values.get(settings.best_metric)
        sign = 1 if settings.best_metric == "val_loss" else -1
        if value is not None and (self.best["value"] is None or sign * value < sign * self.best["value"]):
            self.best = {"value": value, "step": self.step, "metric": settings.best_metric}
            save_checkpoint(self.files.best, self._content(with_optimizer=False))
        self._clock += time.perf_counter() - began

    def _save(self) -> None:
        save_checkpoint(self.files.at_step(self.step), self._content(with_optimizer=True))

    def _content(self, *, with_optimizer: bool) -> dict[str, Any]:
        scaler = getattr(self.fabric._precision, "scaler", None)
        return {
            "step": self.step,
            "total_steps": self.total,
            "config": portable_settings(self.config),
            "vocabulary": self.inputs.vocabulary.to_dict(),
            "home": self.inputs.home.model_dump(mode="json"),
            "text_dim": self.inputs.train.text_dim,
            "text_meta": dict(self.inputs.text_meta),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict() if with_optimizer else None,
            "scaler": scaler.state_dict() if scaler is not None and with_optimizer else None,
            "best": self.best,
            "values": self.values,
            "sums": self.sums if with_optimizer else {},
            "summed": self.summed,
            "fingerprint": self.files.fingerprint,
            "data": self.data,
            "log_size": self.files.metrics.stat().st_size,
        }

    def _refuse_not_finite(self, loss: Tensor) -> None:
        if math.isfinite(float(loss)):
            return
        rows = self.order.rows(self.step * self.config.training.gradient_accumulation)
        ids = ", ".join(self.inputs.train.window_ids[rows[:3]])
        steps = self.files.steps()
        last_good = self.files.at_step(steps[-1]) if steps else "none yet"
        raise TrainingError(
            f"The loss is not finite at step {self.step:,} (windows {ids}, ...). Last checkpoint: {last_good}. "
            "Lower optimizer.learning_rate, set training.precision: 32, or look at these windows."
        )

    def _leave(self, number: int) -> None:
        self._save()
        name = signal.Signals(number).name
        self.progress.finish(
            f"stopped by {name} after step {self.step:,}; {self.files.at_step(self.step).name} written"
        )
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)


def _total_steps(config: AlignmentConfig, order: BatchOrder) -> int:
    limits = []
    if config.training.max_steps is not None:
        limits.append(config.training.max_steps)
    if config.training.max_epochs is not None:
        batches = config.training.max_epochs * order.batches_per_epoch
        limits.append(math.ceil(batches / config.training.gradient_accumulation))
    return min(limits)


def _differences(a: dict[str, Any], b: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key in {*a, *b}:
        left, right = a.get(key), b.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            yield from _differences(left, right, f"{prefix}{key}.")
        elif left != right:
            yield prefix + key


@contextlib.contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying in the middle of a step; a second one kills as usual."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    old: dict[int, Any] = {}

    def note(number: int, frame: types.FrameType | None) -> None:
        received.append(number)
        for which, handler in old.items():
            signal.signal(which, handler)

    for which in (signal.SIGINT, signal.SIGTERM):
        old[which] = signal.signal(which, note)
    try:
        yield received
    finally:
        for which, handler in old.items():
            signal.signal(which, handler)
