"""Training cluster heads on pairs of neighbours: SCAN or TEMI, then self-labelling; exact resume.

With an unfrozen encoder there are three steps: heads on the frozen encoder's vectors ("cluster"), the best
of them together with the encoder ("unfreeze"), and self-labelling of both. Random heads would pull a
trained encoder about before they mean anything, so they come first.

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
from discover.clustering.views import EncodedViews, StoredViews, Views, WindowNetwork
from discover.core.progress import SILENT, Progress
from discover.losses.scan import scan_loss, self_label_loss
from discover.losses.temi import temi_loss

# Shape letters: N windows, D width, H heads, C clusters, B batch.

__all__ = ["TrainingData", "TrainingState", "enter_step", "start_training", "train_heads"]

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
        network: An encoder that learns too; None: the vectors stay as they are.
        train_rows: The encoder's row of each training window, (N,).
        val_rows: The encoder's row of each validation window, (V,).
    """

    train: Tensor
    train_pairs: PairTable
    val: Tensor
    val_pairs: PairTable
    network: WindowNetwork | None = None
    train_rows: Tensor | None = None
    val_rows: Tensor | None = None

    def views(self, step: str, config: SCANConfig, heads: ClusterHeads) -> Views:
        """How windows are seen in a step."""
        if self.network is None or step == "cluster":
            return StoredViews(self.train, self.val, config.self_label.noise)
        assert self.train_rows is not None
        assert self.val_rows is not None
        return EncodedViews(self.network, self.train_rows, self.val_rows, heads)


@dataclass
class TrainingState:
    """All that a stopped fit needs to go on.

    Attributes:
        heads: Heads being trained; a single one after the first step.
        teacher: Slow copy of them (temi), the same object otherwise.
        marginal: Running mean assignment of the teacher, (H, C) (temi).
        optimizer: Adam over `heads`, and over the encoder's layers where they learn.
        generator: Source of every random draw.
        step: "cluster", then "unfreeze" where the encoder learns, then "self_label", then "done".
        epoch: Finished epochs of this step.
        best: Best single head so far.
        best_loss: Its validation loss.
        best_at: Step, epoch and head it comes from.
        best_encoder: The encoder's learning weights that belong to `best`; empty where it is frozen.
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
    best_encoder: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def start_training(
    heads: ClusterHeads, config: SCANConfig, seed: int, network: WindowNetwork | None = None
) -> TrainingState:
    """State before the first epoch."""
    teacher = deepcopy(heads).requires_grad_(False) if config.objective == "temi" else heads
    return TrainingState(
        heads=heads,
        teacher=teacher,
        marginal=_even(heads),
        optimizer=_optimizer(heads, config.learning_rate, config),
        generator=torch.Generator().manual_seed(seed),
        step="cluster",
        epoch=0,
        best=heads.one(0),
        best_loss=math.inf,
        best_encoder={} if network is None else network.weights(),
    )


def train_heads(
    state: TrainingState,
    data: TrainingData,
    config: SCANConfig,
    *,
    progress: Progress = SILENT,
    after_epoch: Callable[[TrainingState], None] = lambda state: None,
) -> ClusterHeads:
    """Train from `state` to the end; return the best head by validation loss, and the encoder.

    Args:
        state: From `start_training`, or restored.
        data: Vectors and pairs.
        config: Settings.
        progress: Where to report.
        after_epoch: Called with the state after every epoch; may raise to stop.
    """
    steps = {
        "cluster": ("Training cluster heads", config.epochs),
        "unfreeze": ("Training the encoder with its clusters", config.unfreeze.epochs),
        "self_label": ("Self-labelling", config.self_label.epochs),
    }
    names = [name for name in steps if name != "unfreeze" or data.network is not None]
    while state.step in names:
        title, epochs = steps[state.step]
        progress.start(title, epochs)
        while state.epoch < epochs and not _out_of_patience(state, config.patience):
            progress.advance(note=_epoch(state, data, config))
            after_epoch(state)
        progress.finish()
        following = [*names, "done"][names.index(state.step) + 1]
        if following == "done":
            state.step = "done"
        else:
            _begin(state, following, data, config)
    if data.network is not None:
        data.network.load_weights(state.best_encoder)
    return state.best


def enter_step(state: TrainingState, step: str, data: TrainingData, config: SCANConfig) -> None:
    """Give the state the objects of a later step, which trains one head: those of `state.best`."""
    state.heads = deepcopy(state.best).requires_grad_(True)
    state.teacher, state.marginal = state.heads, _even(state.heads)
    if step == "unfreeze" and config.objective == "temi":
        state.teacher = deepcopy(state.heads).requires_grad_(False)
    rate = config.learning_rate if step == "unfreeze" else config.self_label.learning_rate
    state.optimizer = _optimizer(state.heads, rate, config, data.network)
    state.step, state.epoch = step, 0


def _begin(state: TrainingState, step: str, data: TrainingData, config: SCANConfig) -> None:
    enter_step(state, step, data, config)
    if data.network is not None:
        data.network.load_weights(state.best_encoder)
    # TEMI's loss of one head, of several, and SCAN's are on different scales: a step compares by its own.
    state.best_loss = float(_validation(state, data, config)[0].min())


def _epoch(state: TrainingState, data: TrainingData, config: SCANConfig) -> str:
    """One pass over the windows, its validation loss noted; returns a note for the progress bar."""
    labelling = state.step == "self_label"
    sure = _self_label_epoch(state, data, config) if labelling else None
    if not labelling:
        _cluster_epoch(state, data, config)
    state.epoch += 1
    losses, used = _validation(state, data, config)
    head = int(losses.argmin())
    row = {"step": state.step, "epoch": state.epoch, "head": head}
    loss = float(losses[head])
    state.history.append({**row, "validation_loss": loss, "used": int(used[head])})
    if loss < state.best_loss:
        state.best_loss, state.best, state.best_at = loss, state.teacher.one(head), row
        if data.network is not None and state.step != "cluster":
            state.best_encoder = data.network.weights()
    note = f"validation loss {loss:.4f}, {int(used[head])} of {config.n_clusters} clusters used"
    if sure is None:
        return note
    state.history[-1]["confident_share"] = sure
    return f"{note}, {sure:.0%} confident"


def _even(heads: ClusterHeads) -> Tensor:
    n_heads, n_clusters = heads.bias.shape
    return torch.full((n_heads, n_clusters), 1.0 / n_clusters)


def _optimizer(
    heads: ClusterHeads, learning_rate: float, config: SCANConfig, network: WindowNetwork | None = None
) -> torch.optim.AdamW:
    groups: list[dict[str, Any]] = [{"params": list(heads.parameters())}]
    if network is not None:
        groups.append({"params": list(network.parameters()), "lr": config.unfreeze.learning_rate})
    return torch.optim.AdamW(groups, lr=learning_rate, weight_decay=config.weight_decay)


def _out_of_patience(state: TrainingState, patience: int) -> bool:
    # Self-labelling is short, and its first epochs may lose before they gain.
    if state.step == "self_label" or not state.best_at:
        return False
    since = state.best_at["epoch"] if state.best_at["step"] == state.step else 0
    return state.epoch - since >= patience


def _cluster_epoch(state: TrainingState, data: TrainingData, config: SCANConfig) -> None:
    views = data.views(state.step, config, state.heads)
    anchors = data.train_pairs.anchors
    order = anchors[torch.randperm(len(anchors), generator=state.generator)]
    size = config.batch_size if state.step == "cluster" else config.unfreeze.batch_size
    size = min(size, len(order))
    # The last, smaller batch is left out: its mean assignment would be too rough for the entropy term.
    for begin in range(0, len(order) - size + 1, size):
        rows = order[begin : begin + size]
        others = data.train_pairs.draw(rows, state.generator)
        pair = views.pair(rows, state.generator), views.pair(others, state.generator)
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


def _self_label_epoch(state: TrainingState, data: TrainingData, config: SCANConfig) -> float:
    settings = config.self_label
    views = data.views(state.step, config, state.heads)
    size = config.batch_size if data.network is None else config.unfreeze.batch_size
    order = torch.randperm(len(data.train), generator=state.generator)
    sure = 0
    for begin in range(0, len(order), size):
        rows = order[begin : begin + size]
        with torch.no_grad():
            teacher = state.heads(views.plain(rows))[:, 0]
            sure += int((teacher.softmax(-1).max(-1).values >= settings.threshold).sum())
        changed = views.altered(rows, state.generator)
        loss = self_label_loss(teacher, state.heads(changed)[:, 0], threshold=settings.threshold)
        if loss is None:
            continue
        state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        state.optimizer.step()
    return sure / max(1, len(order))


@torch.no_grad()
def _validation(state: TrainingState, data: TrainingData, config: SCANConfig) -> tuple[Tensor, Tensor]:
    """Validation loss of each head and the clusters it uses, (H,) each; the same pairs every time."""
    vectors = data.views(state.step, config, state.heads).validation()
    logits = torch.cat([state.teacher(block) for block in torch.split(vectors, _ROWS_PER_BLOCK)])
    anchors = data.val_pairs.anchors.repeat(_VALIDATION_DRAWS)
    others = data.val_pairs.draw(anchors, torch.Generator().manual_seed(0))
    pair = logits[anchors], logits[others]
    if config.objective == "temi" and state.step != "self_label":
        marginal = logits.softmax(-1).mean(0).clamp(min=1e-8)
        losses = temi_loss(pair, pair, marginal, beta=config.beta)
    else:
        losses = scan_loss(*pair, entropy_weight=config.entropy_weight).total
    chosen = torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1])
    return losses, chosen.any(0).sum(-1)
