"""Pre-training on lessons of simulated homes: steps that can stop and go on at any moment, bit for bit.

Every step draws its windows, its label set and its disturbances from a generator seeded by (seed, step), so
the weights and the optimizer are all that a checkpoint holds.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, ConfigError
from discover.pretraining.label_sets import LabelSet, SentenceBank
from discover.pretraining.lessons import Lessons
from discover.pretraining.network import NetworkConfig, WindowNetwork, WindowTensors
from discover.pretraining.profiles import N_SPANS, PROFILE
from discover.pretraining.situation_loss import situation_loss
from discover.pretraining.situations import SituationBank

__all__ = ["Pretraining", "TrainingConfig", "window_tensors"]

_AFTER = N_SPANS // 2 + 2
"""First span that lies after a window."""


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes:
        seed: Of weights and of everything that is drawn.
        steps: Steps in all.
        batch: Windows per step.
        sets: Label sets that each step's windows are compared with.
        learning_rate: Highest rate, from `warmup` on; it falls over the last share `cooling` of the steps.
        pull: Weight of drawing a window to its sentences' mean, beside telling labels apart.
        tempering: Windows of an activity weigh (its share of all windows) ** -tempering.
        lost: Highest share of a window's sensors that is left out.
        situations: Weight of telling windows apart by which situations are true of them; 0 leaves that out.
        per_home: With situations, windows of each home that a step takes, so that they are told apart within
            a home; `batch` is a multiple of it.
    """

    seed: int = 0
    steps: int = 33_000
    batch: int = 128
    sets: int = 4
    learning_rate: float = 1.2e-3
    warmup: int = 200
    cooling: float = 0.3
    weight_decay: float = 0.02
    pull: float = 0.2
    tempering: float = 0.3
    lost: float = 0.35
    situations: float = 0.3
    per_home: int = 4


class Pretraining:
    """Network, optimizer and lessons.

    Args:
        lessons: Windows of simulated homes.
        phrases: MiniLM vectors of `lessons.phrases`, (V, D), row 0 zeros.
        bank: Sentences of activities with their vectors.
        situations: Sentences of situations with their vectors.
        config: Settings.
        network: Sizes.
    """

    def __init__(
        self,
        lessons: Lessons,
        phrases: NDArray[np.float32],
        bank: SentenceBank,
        situations: SituationBank,
        config: TrainingConfig,
        network: NetworkConfig | None = None,
    ) -> None:
        if config.situations and config.batch % config.per_home:
            raise ConfigError(
                f"A batch of {config.batch} windows does not divide into {config.per_home} of each home. "
                "Make `batch` a multiple of `per_home`."
            )
        torch.manual_seed(config.seed)
        self.lessons, self.bank, self.situations, self.config = lessons, bank, situations, config
        self.phrases = torch.from_numpy(phrases)
        self.network = WindowNetwork(network)
        self.step = 0
        plain = [p for p in self.network.parameters() if p.ndim < 2]
        decayed = [p for p in self.network.parameters() if p.ndim >= 2]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        shares = lessons.shares.astype(np.float32)
        self._weights = _window_weights(shares, config.tempering)
        self._shares = torch.from_numpy(shares)
        _, self._first, count = np.unique(lessons.homes, return_index=True, return_counts=True)
        self._count = count.astype(np.int64)

    def run(self, until: Callable[[], bool] = lambda: False) -> float:
        """Train to the last step, or until `until` says so after a step; the mean loss of the last steps."""
        self.network.train()
        recent: list[float] = []
        while self.step < self.config.steps:
            recent.append(self._train_step())
            if until():
                break
        return float(np.mean(recent[-200:])) if recent else float("nan")

    def _train_step(self) -> float:
        loss = self._step_loss(np.random.default_rng([self.config.seed, self.step]))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * _schedule(self.step, self.config)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def _step_loss(self, rng: np.random.Generator) -> Tensor:
        rows = rng.integers(0, len(self.lessons), size=self.config.batch)
        if self.config.situations:
            rows = self._neighbours(rows[:: self.config.per_home], rng)
        windows = disturb(window_tensors(self.lessons, rows), rng, self.config.lost)
        sets = [self.bank.draw(rng) for _ in range(self.config.sets)]
        vectors = self.network(windows, self._noisy_phrases(rng))
        loss = torch.stack([self._loss(vectors, rows, labels) for labels in sets]).mean()
        if self.config.situations:
            loss = loss + self.config.situations * self._situation_loss(vectors, rows, rng)
        return loss

    def _noisy_phrases(self, rng: np.random.Generator) -> Tensor:
        noise = rng.standard_normal(self.phrases.shape, dtype=np.float32)
        phrases = self.phrases + 0.02 * torch.from_numpy(noise)
        phrases[0] = 0
        return phrases

    def _neighbours(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """(B,) each row followed by other windows of its home, `per_home` in all."""
        home = np.searchsorted(self._first, rows, side="right") - 1
        drawn = rng.random((len(rows), self.config.per_home)) * self._count[home][:, None]
        found = self._first[home][:, None] + drawn.astype(np.int64)
        found[:, 0] = rows
        return np.asarray(found.ravel())

    def _situation_loss(self, vectors: Tensor, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        sentences = torch.from_numpy(self.situations.draw(rng))
        scale = self.network.log_scale.detach().exp().clamp(max=100.0)
        truth = torch.from_numpy(self.lessons.situations[rows])
        opposites = torch.from_numpy(self.situations.opposites)
        return situation_loss(vectors @ sentences.T * scale, truth, opposites, self.config.per_home)

    def _loss(self, vectors: Tensor, rows: NDArray[np.int64], labels: LabelSet) -> Tensor:
        targets = self._shares[rows] @ torch.from_numpy(labels.covers)
        covered = targets.sum(dim=1)
        # A window that the set has no word for says nothing about this set.
        weights = torch.from_numpy(self._weights[rows]) * (covered >= 0.5)
        targets = targets / covered.clamp(min=1e-6)[:, None]
        means = torch.from_numpy(labels.vectors)
        cosines = vectors @ means.T
        logits = cosines * self.network.log_scale.exp().clamp(max=100.0)
        told = -(targets * logits.log_softmax(dim=1)).sum(dim=1)
        wanted = torch.nn.functional.normalize(targets @ means, dim=1)
        pulled = 1 - (vectors * wanted).sum(dim=1)
        return ((told + self.config.pull * pulled) * weights).sum() / weights.sum().clamp(min=1e-6)

    def save(self, path: Path) -> None:
        """Write all that is needed to go on."""
        state: dict[str, Any] = {
            "step": self.step,
            **self._settings(),
            "optimizer": self.optimizer.state_dict(),
            **{name: module.state_dict() for name, module in self._modules().items()},
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same settings."""
        state = torch.load(path, weights_only=True)
        if any(state.get(name) != value for name, value in self._settings().items()):
            raise ArtifactError(
                f"{path} was made with other settings ({state['config']}). Give those, or another folder."
            )
        for name, module in self._modules().items():
            module.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])

    def _settings(self) -> dict[str, Any]:
        return {"config": asdict(self.config), "network": asdict(self.network.config)}

    def _modules(self) -> dict[str, nn.Module]:
        """What is trained, by its name in a checkpoint."""
        return {"weights": self.network}


def window_tensors(lessons: Lessons, rows: NDArray[np.int64]) -> WindowTensors:
    """Some windows as the network takes them."""
    sensors = lessons.sensors[rows]
    present = sensors >= 0
    sensors = np.maximum(sensors, 0)

    def of_sensor(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values[sensors].astype(np.int64))

    return WindowTensors(
        of_sensor(lessons.rooms),
        of_sensor(lessons.objects),
        of_sensor(lessons.types),
        torch.from_numpy(lessons.habits[sensors]),
        torch.from_numpy(lessons.profiles[rows].astype(np.float32)),
        torch.from_numpy(lessons.scenes[rows].astype(np.float32)),
        torch.from_numpy(present),
    )


def disturb(windows: WindowTensors, rng: np.random.Generator, lost: float = 0.35) -> WindowTensors:
    """The same windows seen by a worse home: fewer sensors, less known about them, another clock."""
    shape = tuple(windows.present.shape)

    def hit(share: float, size: tuple[int, ...]) -> Tensor:
        return torch.from_numpy(rng.random(size) < share)

    one = (shape[0], 1)
    gone = torch.from_numpy(rng.random(shape) < rng.uniform(0, lost, size=one))
    # The most active sensor stays, so that something is left to read.
    gone[:, 0] = False
    profiles, scenes = windows.profiles.clone(), windows.scenes.clone()
    blind = torch.from_numpy(np.flatnonzero(rng.random(shape[0]) < 0.1))
    profiles[blind, :, _AFTER:N_SPANS] = 0
    profiles[blind, :, N_SPANS + _AFTER : 2 * N_SPANS] = 0
    profiles[blind, :, 2 * N_SPANS + 2] = 0
    scenes[blind, 10] = 0
    scenes[blind, -N_SPANS + _AFTER :] = 0
    _turn_clock(scenes, torch.from_numpy(rng.normal(0, 0.12, size=shape[0]).astype(np.float32)))
    unknown_type = 12  # the last code of `SENSOR_TYPES`
    return replace(
        windows,
        rooms=windows.rooms.masked_fill(hit(0.1, shape) | hit(0.03, one), 0),
        objects=windows.objects.masked_fill(hit(0.15, shape) | hit(0.05, one), 0),
        types=windows.types.masked_fill(hit(0.08, shape) | hit(0.03, one), unknown_type),
        habits=windows.habits * (~hit(0.15, one))[:, :, None],
        profiles=profiles,
        scenes=scenes,
        present=windows.present & ~gone,
    )


def _turn_clock(scenes: Tensor, angle: Tensor) -> None:
    """Turn the hour of every scene by an angle: sine and cosine of one and of two turns a day."""
    for sine, turns in ((0, 1), (2, 2)):
        s, c = scenes[:, sine].clone(), scenes[:, sine + 1].clone()
        shift = angle * turns
        scenes[:, sine] = s * shift.cos() + c * shift.sin()
        scenes[:, sine + 1] = c * shift.cos() - s * shift.sin()


def _window_weights(shares: NDArray[np.float32], tempering: float) -> NDArray[np.float32]:
    """(W,) weights with mean 1; windows of frequent activities weigh less."""
    common = shares.mean(axis=0)
    each = shares @ (np.maximum(common, 1e-4) ** -tempering)
    return np.asarray(each / each.mean(), dtype=np.float32)


def _schedule(step: int, config: TrainingConfig) -> float:
    """Share of the highest rate: up in a line, level, down in a line over the last steps."""
    left = (config.steps - step) / max(config.cooling * config.steps, 1)
    return float(min((step + 1) / config.warmup, 1.0, left))


assert PROFILE == 2 * N_SPANS + 7
