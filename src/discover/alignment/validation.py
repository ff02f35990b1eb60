"""Validation on clean inputs, caption 0 of every window, and a pool that no batch size changes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from discover.alignment.dataset import AlignmentDataset
from discover.alignment.model import AlignmentModel, mlm_accuracies, mlm_parts
from discover.core.home import NO_ACTIVITY
from discover.losses import PairKeys
from discover.metrics import caption_retrieval, label_precision_at_k
from discover.metrics.alignment_health import alignment_health

__all__ = ["Validator"]

_MASK_SEED = 20_091_016

_BLOCK = 512
"""Windows encoded at a time; fixed, so that training's batch size cannot change a validation value."""


class Validator:
    """The validation pool: `pool_size` windows evenly spread over the split, fixed for the whole run."""

    def __init__(
        self, dataset: AlignmentDataset, pool_size: int, labels: NDArray[np.str_] | None = None
    ) -> None:
        size = min(pool_size, len(dataset))
        self.rows = torch.from_numpy(
            np.unique(np.linspace(0, len(dataset) - 1, size).round().astype(np.int64))
        )
        # Similar lengths together: the order of the pool means nothing, and shorter batches are faster.
        self.rows = self.rows[torch.argsort(dataset.features.length[self.rows], stable=True)]
        self.dataset = dataset
        self._labels = None if labels is None else labels[self.rows.numpy()]

    @torch.no_grad()
    def evaluate(self, model: AlignmentModel, *, with_retrieval: bool) -> dict[str, float]:
        """Validation values by name; `val_loss` always, the others when asked for."""
        training = model.training
        model.eval()
        try:
            weights = model.settings.loss
            out: dict[str, float] = {}
            total = 0.0
            if weights.mlm_weight > 0:
                out |= self._masked(model)
                total += weights.mlm_weight * out["val_mlm_loss"]
            if weights.clip_weight > 0:
                window_NP, caption_NP, keys = self._embed(model)
                out["val_clip_loss"] = float(model.pair_loss(window_NP, caption_NP, keys))
                total += weights.clip_weight * out["val_clip_loss"]
            out = {"val_loss": total, **out}
        finally:
            model.train(training)
        if with_retrieval and weights.clip_weight > 0:
            groups = keys.caption_id.cpu().numpy()
            windows, captions = window_NP.cpu().numpy(), caption_NP.cpu().numpy()
            out |= _retrieval(windows, captions, groups)
            out |= self._label_precision(windows, captions)
        return out

    def _label_precision(
        self, windows: NDArray[np.float32], captions: NDArray[np.float32]
    ) -> dict[str, float]:
        """For information: the share of a caption's ten nearest windows that have its window's label."""
        if self._labels is None:
            return {}
        kept = self._labels != NO_ACTIVITY
        if not kept.any():
            return {}
        labels = self._labels[kept]
        found = label_precision_at_k(captions[kept], windows[kept], labels, labels, ks=(10,))
        return {f"val_{name.replace('@', '_at_')}": value for name, value in found.items()}

    def _masked(self, model: AlignmentModel) -> dict[str, float]:
        """Masked event modelling on the pool, with the same masks every time."""
        assert model.mlm is not None
        sums: dict[str, float] = {}
        seen = 0
        generator = torch.Generator(self.dataset.text_RT.device).manual_seed(_MASK_SEED)
        for rows in torch.split(self.rows, _BLOCK):
            windows, hidden = model.mlm.hide(self.dataset.batch(rows).windows, generator)
            result = model.mlm(*model.encoder.encode_tokens(windows), hidden)
            for name, value in mlm_parts(result).items():
                weight = len(rows) if name == "mlm_loss" else 1
                sums[name] = sums.get(name, 0.0) + float(value) * weight
            seen += len(rows)
        means = {name: value / seen for name, value in sums.items()}
        return {f"val_{name}": value for name, value in mlm_accuracies(means).items()}

    def _embed(self, model: AlignmentModel) -> tuple[Tensor, Tensor, PairKeys]:
        windows, captions, keys = [], [], []
        for rows in torch.split(self.rows, _BLOCK):
            batch = self.dataset.batch(rows)
            windows.append(model.embed_windows(batch.windows))
            captions.append(model.embed_text(batch.text))
            keys.append(batch.keys)
        columns: dict[str, Any] = {
            name: torch.cat([getattr(k, name) for k in keys])
            for name in ("window_id", "caption_id", "home", "first_event", "n_events", "text")
        }
        return torch.cat(windows), torch.cat(captions), PairKeys(**columns)


def _retrieval(
    windows: NDArray[np.float32], captions: NDArray[np.float32], groups: NDArray[np.int64]
) -> dict[str, float]:
    both = caption_retrieval(windows, captions, np.arange(len(windows)), groups)
    out: dict[str, float] = {}
    for direction, scores in both.items():
        out |= {f"val_{direction}_recall_at_{k}": value for k, value in scores.recall.items()}
        out[f"val_{direction}_map"] = scores.mean_average_precision
        out[f"val_{direction}_median_rank"] = scores.median_rank
    out["val_recall_at_10"] = float(np.mean([s.recall[10] for s in both.values()]))
    out["val_map"] = float(np.mean([s.mean_average_precision for s in both.values()]))
    out["val_pool_size"] = len(windows)
    health = alignment_health(windows, captions, groups).to_dict()
    return out | {f"val_{name}": value for name, value in health.items()}
