"""One training run: its state, its loop, and what is written when."""

import contextlib
import math
import os
import signal
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from discover.alignment.config import AlignmentConfig
from discover.alignment.distributed import first_process_says, largest
from discover.alignment.inputs import TrainingInputs, load_inputs
from discover.alignment.model import AlignmentModel, mlm_accuracies
from discover.alignment.optimizer import pick_device
from discover.alignment.resuming import Resume, starting_point
from discover.alignment.run_folder import RunFolder, data_fingerprint, portable_settings, run_fingerprint
from discover.alignment.step import TrainingStep
from discover.alignment.stopping import stop_signals
from discover.alignment.tracking import Tracker, start_trackers
from discover.alignment.validation import Validator
from discover.core.artifacts import write_text
from discover.core.errors import TrainingError
from discover.core.home import homes_to_plain
from discover.core.progress import Progress
from discover.core.seeds import derive_seed

__all__ = ["Run", "TrainResult"]


@dataclass(frozen=True)
class TrainResult:
    """Where a run ended.

    Attributes:
        folder: `output_dir`.
        best_path: Checkpoint with the best validation value.
        final_path: Checkpoint of the last step.
        best_step: Step of the best checkpoint.
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


class Run:
    """State of one run: everything here is either rebuilt from config and data, or in the checkpoint."""

    def __init__(self, config: AlignmentConfig, inputs: TrainingInputs | None, progress: Progress) -> None:
        self.config, self.progress = config, progress
        device = pick_device(config.training.device)
        if device.type == "cuda" and "LOCAL_RANK" in os.environ:
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        self.inputs = load_inputs(config, device, progress) if inputs is None else inputs
        if config.training.pin_memory and device.type != "cuda":
            warnings.warn(f"training.pin_memory has no effect on {device.type}.", UserWarning, stacklevel=4)
        train, validation = self.inputs.train, self.inputs.validation
        torch.manual_seed(derive_seed(config.seed, "weights"))
        model = AlignmentModel(
            config.model_settings, self.inputs.vocabulary, train.text_dim, train.sensor_text_dim
        )
        self.model = model.to(device)
        self.work = TrainingStep(config, self.model, train, device)
        self.validator = Validator(validation, config.training.val_pool_size, self.inputs.val_labels)
        self.total = _total_steps(config, self.work)
        self.data = data_fingerprint(train, validation)
        fingerprint = run_fingerprint(config, self.data)
        self.files = RunFolder(config.output_dir, fingerprint, writes=self.work.rank == 0)
        self.step = 0
        self.best: dict[str, Any] = {"value": None, "step": 0, "metric": config.training.best_metric}
        # Validations without a gain of min_gain, and the value a gain is measured from.
        self.patience: dict[str, Any] = {"value": None, "waited": 0}
        self.ended = False
        self.values: dict[str, float] = {}
        self.sums: dict[str, Tensor] = {}
        self.summed = 0
        self.note = ""
        self.trackers: Sequence[Tracker] = ()
        self.clock = time.perf_counter()

    def start(self, resume: Resume, overwrite: bool) -> None:
        """Bring the run to where the folder or a checkpoint says it stands."""
        self.files.remove_partials()
        content = starting_point(
            self.files,
            resume,
            self.config,
            self.data,
            total=self.total,
            overwrite=overwrite,
            together=self.work.fabric.barrier,
            say=self.progress.finish,
        )
        if content is not None:
            self._restore(content)
        if self.files.writes:
            write_text(self.files.folder / "config.yaml", self.config.to_yaml())
        self.work.fabric.barrier()

    def go(self) -> TrainResult:
        """Train from wherever the run stands to the last step."""
        if self.files.writes and self.step < self.total and not self.ended:
            self.trackers = start_trackers(self.config, self.files.fingerprint)
        self.progress.start("Training", self.total)
        self.progress.advance(self.step)
        self.model.train()
        self.clock = time.perf_counter()
        with stop_signals() as stopped, contextlib.closing(self.work.feed), self._tracking():
            while self.step < self.total and not self.ended:
                self._take_step()
                self._after_step()
                # A signal reaches the processes in different steps; all leave after the same one.
                signalled = largest(stopped[0] if stopped else 0, self.work.device)
                if signalled and self.step < self.total and not self.ended:
                    self._leave(signalled)
        self.progress.finish(f"{self.step:,} steps, best {self.best['metric']} at step {self.best['step']:,}")
        if stopped:
            # Asked to stop during the last step: the model is complete, but nothing more must start.
            _stop(stopped[0])
        return TrainResult(
            folder=self.files.folder,
            best_path=self.files.best,
            final_path=self.files.final,
            best_step=int(self.best["step"]),
            best_value=float(self.best["value"]),
            steps=self.step,
            values=self.values,
        )

    @contextlib.contextmanager
    def _tracking(self) -> Iterator[None]:
        try:
            yield
        finally:
            for tracker in self.trackers:
                tracker.finish()

    def _log(self, values: dict[str, Any]) -> None:
        self.files.log(values)
        for tracker in self.trackers:
            tracker.log(values)

    def _restore(self, content: dict[str, Any]) -> None:
        self.work.restore(content)
        self.step = int(content["step"])
        self.best = dict(content["best"])
        self.patience = dict(content["patience"])
        self.ended = bool(content["ended"])
        self.values = dict(content["values"])
        device = next(self.model.parameters()).device
        self.sums = {k: v.to(device) for k, v in content["sums"].items()}
        self.summed = int(content["summed"])

    def _take_step(self) -> None:
        parts = self.work.backward(self.step, self.total)
        if parts["loss"].device.type == "cpu":
            # Elsewhere reading the loss would stop the pipeline; there it is looked at when logged.
            self._refuse_not_finite(float(parts["loss"]), self.step)
        self.work.update(self.step, self.total)
        self.sums = {k: self.sums[k] + v if k in self.sums else v.clone() for k, v in parts.items()}
        self.summed += 1
        self.step += 1

    def _after_step(self) -> None:
        settings = self.config.training
        last = self.step == self.total
        if self.step % settings.log_interval == 0 or last:
            self._log_training()
        if self.step % settings.val_interval == 0 or last:
            self._validate(last)
        last = last or self.ended
        if last:
            self.files.save(self.files.final, self._content(with_optimizer=True))
        elif self.step % settings.save_interval == 0:
            self.files.save(self.files.at_step(self.step), self._content(with_optimizer=True))
        if last or self.step % settings.save_interval == 0:
            self.files.prune(settings.keep_checkpoints, settings.save_interval)
        self.progress.advance(1, self.note)

    def _log_training(self) -> None:
        means = mlm_accuracies({k: float(v) / self.summed for k, v in self.sums.items()})
        self._refuse_not_finite(means["loss"], self.step - self.summed)
        extra = {
            "learning_rate": self.work.rate(self.step - 1, self.total),
            "temperature": self.model.temperature,
        }
        self._log({"step": self.step, "split": "train", **means, **extra})
        now = time.perf_counter()
        speed = self.summed * self.work.pairs / max(now - self.clock, 1e-9)
        self.files.log_timing({"step": self.step, "windows_per_s": round(speed, 1)})
        self.clock = now
        self.note = f"loss {means['loss']:.3f}"
        self.sums, self.summed = {}, 0

    def _validate(self, last: bool) -> None:
        settings = self.config.training
        began = time.perf_counter()
        # Retrieval is measured when its interval passed since the last validation, and at the end.
        before = max(self.step - settings.val_interval, 0)
        due = last or self.step // settings.metrics_interval > before // settings.metrics_interval
        with self.work.fabric.autocast():
            self.values = self.validator.evaluate(self.model, with_retrieval=due)
        self._log({"step": self.step, "split": "val", **self.values})
        value = self.values.get(settings.best_metric)
        sign = 1 if settings.best_metric == "val_loss" else -1
        best = self.best["value"]
        if value is not None and (best is None or sign * value < sign * best):
            self.best = {**self.best, "value": value, "step": self.step}
            self.files.save(self.files.best, self._content(with_optimizer=False))
        self._wait_for_gain(value)
        self.clock += time.perf_counter() - began

    def _wait_for_gain(self, value: float | None) -> None:
        rule = self.config.early_stopping
        if rule is None or value is None:
            return
        before = self.patience["value"]
        sign = 1 if self.config.training.best_metric == "val_loss" else -1
        if before is None or sign * (before - value) > rule.min_gain:
            self.patience = {"value": value, "waited": 0}
        else:
            self.patience["waited"] += 1
        self.ended = first_process_says(self.patience["waited"] >= rule.patience, self.work.device)

    def _content(self, *, with_optimizer: bool) -> dict[str, Any]:
        state = self.work.state()
        if not with_optimizer:
            state |= {"optimizer": None, "scaler": None}
        return {
            **state,
            "step": self.step,
            "total_steps": self.total,
            "config": portable_settings(self.config),
            "vocabulary": self.inputs.vocabulary.to_dict(),
            "home": homes_to_plain(self.inputs.train.homes),
            "text_dim": self.inputs.train.text_dim,
            "sensor_text_dim": self.inputs.train.sensor_text_dim,
            "text_meta": dict(self.inputs.text_meta),
            "best": self.best,
            "patience": self.patience,
            "ended": self.ended,
            "values": self.values,
            "sums": self.sums,
            "summed": self.summed,
            "fingerprint": self.files.fingerprint,
            "data": self.data,
            "log_size": self.files.log_size(),
        }

    def _refuse_not_finite(self, loss: float, first: int) -> None:
        """Stop at a loss of step `first`, or at a mean over the steps from `first` on, that is no number."""
        if math.isfinite(loss):
            return
        ids = ", ".join(self.work.window_ids(first)[:3])
        where = f"at step {first:,}" if self.step == first else f"in the steps {first:,} to {self.step - 1:,}"
        steps = self.files.steps()
        last_good = self.files.at_step(steps[-1]) if steps else "none yet"
        raise TrainingError(
            f"The loss is not finite {where} (windows {ids}, ...). Last checkpoint: "
            f"{last_good}. Lower optimizer.learning_rate, set training.precision: 32, or look at "
            "these windows."
        )

    def _leave(self, number: int) -> None:
        path = self.files.at_step(self.step)
        self.files.save(path, self._content(with_optimizer=True))
        name = signal.Signals(number).name
        self.progress.finish(f"stopped by {name} after step {self.step:,}; {path.name} written")
        _stop(number)


def _stop(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _total_steps(config: AlignmentConfig, work: TrainingStep) -> int:
    limits = []
    if config.training.max_steps is not None:
        limits.append(config.training.max_steps)
    if config.training.max_epochs is not None:
        batches = config.training.max_epochs * work.order.batches_per_epoch
        limits.append(math.ceil(batches / work.micro_batches))
    return min(limits)
