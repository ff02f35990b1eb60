"""A copy of the encoder trained with labels: some layers unfrozen, and a linear classifier on top.

This is the supervised ceiling of a trained encoder, for evaluation. The aligned model itself is not
changed, and nothing here is used by label-free methods.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from discover.alignment.finetune_config import FineTuneConfig
from discover.alignment.loaded import LoadedModel
from discover.alignment.sensor_vectors import sensor_vectors
from discover.alignment.unfrozen import unfreeze_layers
from discover.core.errors import DataError
from discover.core.progress import SILENT, Progress
from discover.core.seeds import derive_seed
from discover.core.window_set import WindowSet
from discover.encoders.features import EventFeatures, build_event_features, gather_batch
from discover.metrics.classification import macro_f1

__all__ = ["FineTuned", "LabelledWindows", "fine_tune"]

# Shape letters: B windows in the batch, N training windows, W scored windows, C classes, D encoder width.

_HEAD_STRENGTH = 0.1
"""Inverse penalty (scikit-learn's C) of the classifier's start on standardised vectors."""


@dataclass(frozen=True)
class LabelledWindows:
    """Windows by id with their labels, (N,) each."""

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class FineTuned:
    """What `fine_tune` returns.

    Attributes:
        classes: (C,) names, from the training labels.
        probabilities: (W, C) of the scored windows.
        epoch: The epoch they come from, 1 is the first; 0 is the classifier on the encoder as it was.
        validation_macro_f1: Score of that epoch on validation windows; None without any.
    """

    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    epoch: int
    validation_macro_f1: float | None


def fine_tune(
    model: LoadedModel,
    window_set: WindowSet,
    train: LabelledWindows,
    validation: LabelledWindows,
    scored: NDArray[np.str_],
    *,
    config: FineTuneConfig | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> FineTuned:
    """Train on labelled windows, choose the epoch by macro F1 on validation windows, score others.

    The classifier reads the encoder's pooled vector, before the projection head. It is fitted to the frozen
    encoder first and both learn on from there: a random classifier would bend the encoder before it has
    learned anything itself. Without validation windows the last epoch is used.

    Args:
        model: The aligned model; left as it is.
        window_set: Holds all the windows named.
        train: Labelled training windows.
        validation: Labelled validation windows.
        scored: (W,) ids of the windows to score.
        config: Settings.
        seed: Seed of the classifier's start, the order of windows and dropout.
        progress: Told after each epoch.

    Raises:
        DataError: Fewer than two classes, or an id that is not in the window set.
        ConfigError: More layers than the encoder has.

    References:
        First the classifier, then all: Kumar et al. 2022, section 3.3, https://arxiv.org/abs/2202.10054
    """
    config = config or FineTuneConfig()
    classes, targets = np.unique(train.labels, return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"Fine-tuning needs two classes or more, the training labels hold {len(classes)}.")
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    features = build_event_features(
        window_set,
        model.vocabulary,
        model.config.encoder,
        sensor_texts=sensor_vectors(model.config, window_set.homes),
    ).to(model.device)
    learned, checked, asked = (_rows(ids, wanted) for wanted in (train.ids, validation.ids, scored))
    target = torch.from_numpy(targets.astype(np.int64)).to(model.device)

    def value_of(network: _Classifier) -> float | None:
        if not len(validation.ids):
            return None
        guess = classes[_probabilities(network, features, checked).argmax(axis=1)]
        return macro_f1(validation.labels, guess)

    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "fine-tune") % 2**63)
        network = _Classifier(model, len(classes), config).to(model.device)
        _fit_head(network, features, learned, target)
        epoch, value = _train(network, features, learned, target, config, value_of, progress)
    names = tuple(str(c) for c in classes)
    return FineTuned(names, _probabilities(network, features, asked), epoch, value)


def _train(
    network: "_Classifier",
    features: EventFeatures,
    rows: Tensor,
    target: Tensor,
    config: FineTuneConfig,
    value_of: Callable[["_Classifier"], float | None],
    progress: Progress,
) -> tuple[int, float | None]:
    """Train and leave the network as it was after its best epoch (the last where none can be measured).

    Returns:
        That epoch, 0 for the network as it came, and its value.
    """
    optimizer, schedule = _optimizer(network, config, config.epochs * -(-len(rows) // config.batch_size))
    start = value_of(network)
    best, chosen, kept = -1.0 if start is None else start, 0, copy.deepcopy(network.state_dict())
    progress.start("fine-tuning", total=config.epochs)
    for epoch in range(1, config.epochs + 1):
        network.train()
        for batch in torch.randperm(len(rows)).split(config.batch_size):  # type: ignore[no-untyped-call]
            loss = F.cross_entropy(network(features, rows[batch]), target[batch.to(target.device)])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        value = value_of(network)
        if value is None or value > best:
            best, chosen = value if value is not None else best, epoch
            kept = copy.deepcopy(network.state_dict())
        progress.advance(
            note=f"epoch {epoch}" + ("" if value is None else f": validation macro F1 {value:.3f}")
        )
    progress.finish()
    network.load_state_dict(kept)
    return chosen, best if best >= 0 else None


def _fit_head(network: "_Classifier", features: EventFeatures, rows: Tensor, target: Tensor) -> None:
    """Set the head to the logistic regression on the pooled vectors of the encoder as it is."""
    pooled = _batched(network, features, rows, network.pooled)
    mean, spread = pooled.mean(dim=0), pooled.std(dim=0, correction=0).clamp(min=1e-6)
    standard = (pooled - mean) / spread
    weight = torch.zeros_like(network.head.weight).requires_grad_()
    bias = torch.zeros_like(network.head.bias).requires_grad_()
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        penalty = weight.square().sum() / (2 * _HEAD_STRENGTH * len(rows))
        value = F.cross_entropy(standard @ weight.T + bias, target) + penalty
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        network.head.weight.copy_(weight / spread)
        network.head.bias.copy_(bias - (weight / spread) @ mean)


class _Classifier(nn.Module):
    """The encoder with its last layers learning, and a linear layer on the pooled vector."""

    def __init__(self, model: LoadedModel, n_classes: int, config: FineTuneConfig) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(model.model.encoder)
        self.head = nn.Linear(self.encoder.dim, n_classes)
        unfreeze_layers(self.encoder, config.layers, setting="fine_tuning.layers")

    def forward(self, features: EventFeatures, rows: Tensor) -> Tensor:
        """Logits of some windows, (B, C)."""
        logits: Tensor = self.head(self.pooled(features, rows))
        return logits

    def pooled(self, features: EventFeatures, rows: Tensor) -> Tensor:
        """What the head reads, (B, D)."""
        pooled: Tensor = self.encoder.pool(*self.encoder.encode_tokens(gather_batch(features, rows)))
        return pooled.float()


def _optimizer(
    network: _Classifier, config: FineTuneConfig, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    encoder = [p for _, p in network.encoder.named_parameters() if p.requires_grad]
    groups = [{"params": list(network.head.parameters()), "lr": config.head_learning_rate}]
    if encoder:
        groups.append({"params": encoder, "lr": config.learning_rate})
    optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    warm = max(1, steps // 10)

    def factor(step: int) -> float:
        # Linear warm-up, then linear decay to a hundredth.
        return min((step + 1) / warm, max(0.01, (steps - step) / max(1, steps - warm)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _probabilities(network: _Classifier, features: EventFeatures, rows: Tensor) -> NDArray[np.float32]:
    if not len(rows):
        return np.zeros((0, network.head.out_features), np.float32)
    logits = _batched(network, features, rows, network)
    return np.asarray(logits.softmax(dim=1).cpu().numpy(), dtype=np.float32)


@torch.no_grad()
def _batched(
    network: _Classifier,
    features: EventFeatures,
    rows: Tensor,
    apply: Callable[[EventFeatures, Tensor], Tensor],
) -> Tensor:
    """(N, ...) outputs for many windows, without dropout and without gradients."""
    network.eval()
    batches = rows.split(512)  # type: ignore[no-untyped-call]
    return torch.cat([apply(features, batch) for batch in batches])


def _rows(ids: NDArray[np.str_], wanted: NDArray[np.str_]) -> Tensor:
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], wanted), max(0, len(ids) - 1))
    found = order[place]
    if len(wanted) and (ids[found] != wanted).any():
        missing = wanted[ids[found] != wanted]
        raise DataError(f"{len(missing):,} windows are not in the window set (first: {missing[0]}).")
    return torch.from_numpy(found.astype(np.int64))
