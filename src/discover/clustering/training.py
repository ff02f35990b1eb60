"""Training cluster heads on pairs of neighbours: SCAN or TEMI, then self-labelling; exact resume.

Everything that decides what comes next (weights, teacher, optimizer, random state, best values) is in
one `TrainingState`, saved whole after an epoch. A stopped fit goes on from it and ends with the same
weights, bit for bit on one CPU thread.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from discover.clustering.config import SCANConfig
from discover.clustering.heads import ClusterHeads
from discover.clustering.pairs import PairTable
from discover.core.progress import SILENT, Progress
from discover.losses.scan import scan_loss, self_label_loss
from discover.losses.temi import temi_loss

# Shape letters: N windows, D width, H heads, C clusters, B batch.

__all__ = ["TrainingData", "TrainingState", "start_training", "train_heads"]

_VALIDATION_DRAWS = 5
_ROWS_PER_BLOCK = 8192


@dataclass(frozen=True)
class TrainingData:
    """Prepared vectors and pairs of the training and the validation windows.

    Attributes:
        train: (N, D) prepared vectors.
        train_pairs: Their neighbours.
        val: (V, D) prepared vectors.
        val_pairs: Their neighbours, among validation windows.
    """

    train: Tensor
    train_pairs: PairTable
    val: Tensor
    val_pairs: PairTable


@dataclass
class TrainingState:
    """All that a stopped fit needs to go on.

    Attributes:
        heads: Heads being trained; a single one in the second step.
        teacher: Slow copy of them (temi), the same object otherwise.
        marginal: Running mean assignment of the teacher, (H, C) (temi).
        optimizer: Adam over `heads`.
        generator: Source of every random draw.
        step: "cluster", then "self_label", then "done".
        epoch: Finished epochs of this step.
        best: Best single head so far.
        best_loss: Its validation loss.
        best_at: Step, epoch and head it comes from.
        history: One row per epoch.
    """

    heads: ClusterHeads
    teacher: ClusterHeads
    marginal: Tensor
    optimizer: torch.optim.AdamW
    generator: torch.Generator
    step: str
    epoch: int
    best: ClusterHeads
    best_loss: float
    best_at: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def start_training(heads: ClusterHeads, config: SCANConfig, seed: int) -> TrainingState:
    """State before the first epoch."""
    teacher = deepcopy(heads).requires_grad_(False) if config.objective == "temi" else heads
    shape = heads.bias.shape
    return TrainingState(
        heads=heads,
        teacher=teacher,
        marginal=torch.full(shape, 1.0 / shape[1]),
        optimizer=_optimizer(heads, config.learning_rate, config.weight_decay),
        generator=torch.Generator().manual_seed(seed),
        step="cluster",
        epoch=0,
        best=heads.one(0),
        best_loss=math.inf,
    )


def train_heads(
    state: TrainingState,
    data: TrainingData,
    config: SCANConfig,
    *,
    progress: Progress = SILENT,
    after_epoch: Callable[[TrainingState], None] = lambda state: None,
) -> ClusterHeads:
    """Go on from `state` to the end; return the best head by validation loss.

    Args:
        state: From `start_training`, or restored.
        data: Vectors and pairs.
        config: Settings.
        progress: Where to report.
        after_epoch: Called with the state after every epoch; may raise to stop.
    """
    if state.step == "cluster":
        progress.start("Training cluster heads", config.epochs)
        while state.epoch < config.epochs and not _out_of_patience(state, config.patience):
            _cluster_epoch(state, data, config)
            state.epoch += 1
            losses = _validation_losses(state, data, config)
            head = int(losses.argmin())
            _note(state, float(losses[head]), head, state.teacher)
            after_epoch(state)
            progress.advance(note=f"validation loss {float(losses[head]):.4f}")
        progress.finish()
        _begin_self_labelling(state, data, config)
    if state.step == "self_label":
        progress.start("Self-labelling", config.self_label.epochs)
        while state.epoch < config.self_label.epochs:
            sure = _self_label_epoch(state, data, config)
            state.epoch += 1
            loss = float(_scan_validation(state.heads, data, config)[0])
            _note(state, loss, 0, state.heads)
            state.history[-1]["confident_share"] = sure
            after_epoch(state)
            progress.advance(note=f"validation loss {loss:.4f}, {sure:.0%} confident")
        progress.finish()
        state.step = "done"
    return state.best


def _optimizer(heads: ClusterHeads, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    return torch.optim.AdamW(heads.parameters(), lr=learning_rate, weight_decay=weight_decay)


def _out_of_patience(state: TrainingState, patience: int) -> bool:
    return bool(state.best_at) and state.epoch - state.best_at["epoch"] >= patience


def _note(state: TrainingState, loss: float, head: int, source: ClusterHeads) -> None:
    state.history.append({"step": state.step, "epoch": state.epoch, "head": head, "validation_loss": loss})
    if loss < state.best_loss:
        state.best_loss, state.best = loss, source.one(head)
        state.best_at = {"step": state.step, "epoch": state.epoch, "head": head}


def _cluster_epoch(state: TrainingState, data: TrainingData, config: SCANConfig) -> None:
    anchors = data.train_pairs.anchors
    order = anchors[torch.randperm(len(anchors), generator=state.generator)]
    size = min(config.batch_size, len(order))
    # The last, smaller batch is left out: its mean assignment would be too rough for the entropy term.
    for begin in range(0, len(order) - size + 1, size):
        rows = order[begin : begin + size]
        pair = data.train[rows], data.train[data.train_pairs.draw(rows, state.generator)]
        students = state.heads(pair[0]), state.heads(pair[1])
        if config.objective == "scan":
            losses = scan_loss(*students, entropy_weight=config.entropy_weight).total
        else:
            losses = _temi_step(state, students, pair, config)
        state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.sum())
        state.optimizer.step()
        if config.objective == "temi":
            _follow(state.teacher, state.heads, config.momentum)


def _temi_step(
    state: TrainingState, students: tuple[Tensor, Tensor], pair: tuple[Tensor, Tensor], config: SCANConfig
) -> Tensor:
    with torch.no_grad():
        teachers = state.teacher(pair[0]), state.teacher(pair[1])
        seen = torch.cat(teachers).softmax(-1).mean(0)
        state.marginal.mul_(config.momentum).add_(seen, alpha=1 - config.momentum)
    return temi_loss(students, teachers, state.marginal, beta=config.beta)


@torch.no_grad()
def _follow(teacher: ClusterHeads, student: ClusterHeads, momentum: float) -> None:
    for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
        slow.mul_(momentum).add_(fast, alpha=1 - momentum)


def _begin_self_labelling(state: TrainingState, data: TrainingData, config: SCANConfig) -> None:
    state.heads = deepcopy(state.best)
    state.teacher = state.heads
    state.optimizer = _optimizer(state.heads, config.self_label.learning_rate, config.weight_decay)
    state.step, state.epoch = "self_label", 0
    # TEMI's loss and SCAN's are on different scales: the second step compares by SCAN's from its start.
    state.best_loss = float(_scan_validation(state.best, data, config)[0])


def _self_label_epoch(state: TrainingState, data: TrainingData, config: SCANConfig) -> float:
    settings = config.self_label
    order = torch.randperm(len(data.train), generator=state.generator)
    sure = 0
    for begin in range(0, len(order), config.batch_size):
        plain = data.train[order[begin : begin + config.batch_size]]
        scale = settings.noise / math.sqrt(plain.shape[1])
        changed = plain + scale * torch.randn(plain.shape, generator=state.generator)
        changed = torch.nn.functional.normalize(changed, dim=1)
        with torch.no_grad():
            teacher = state.heads(plain)[:, 0]
            sure += int((teacher.softmax(-1).max(-1).values >= settings.threshold).sum())
        loss = self_label_loss(teacher, state.heads(changed)[:, 0], threshold=settings.threshold)
        if loss is None:
            continue
        state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        state.optimizer.step()
    return sure / max(1, len(order))


def _validation_losses(state: TrainingState, data: TrainingData, config: SCANConfig) -> Tensor:
    """Validation loss of each head, (H,), without labels and with the same pairs every time."""
    if config.objective == "scan":
        return _scan_validation(state.heads, data, config)
    anchors, others = _validation_pairs(data)
    with torch.no_grad():
        logits = _logits(state.teacher, data.val)
        marginal = logits.softmax(-1).mean(0).clamp(min=1e-8)
        pair = logits[anchors], logits[others]
        return temi_loss(pair, pair, marginal, beta=config.beta)


def _scan_validation(heads: ClusterHeads, data: TrainingData, config: SCANConfig) -> Tensor:
    anchors, others = _validation_pairs(data)
    with torch.no_grad():
        logits = _logits(heads, data.val)
        return scan_loss(logits[anchors], logits[others], entropy_weight=config.entropy_weight).total


def _validation_pairs(data: TrainingData) -> tuple[Tensor, Tensor]:
    anchors = data.val_pairs.anchors.repeat(_VALIDATION_DRAWS)
    return anchors, data.val_pairs.draw(anchors, torch.Generator().manual_seed(0))


def _logits(heads: ClusterHeads, vectors: Tensor) -> Tensor:
    return torch.cat([heads(block) for block in torch.split(vectors, _ROWS_PER_BLOCK)])
