"""Loss of masked event modelling: the hidden fields of events, each predicted on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from discover.core.errors import ShapeError
from discover.losses.masking import IGNORE

# Shape letters: B windows, L events of the longest, F fields, V ids of a field.

__all__ = ["MaskedEventResult", "masked_event_loss"]


@dataclass(frozen=True)
class MaskedEventResult:
    """What `masked_event_loss` returns; 0-d tensors on the device, so that nothing waits for them.

    Attributes:
        loss: Mean of the fields' losses, with gradient.
        losses: Cross entropy per field in nats.
        accuracies: Share of hidden ids that the largest logit names, per field; NaN where none was hidden.
        counts: Hidden ids per field.
    """

    loss: Tensor
    losses: Mapping[str, Tensor]
    accuracies: Mapping[str, Tensor]
    counts: Mapping[str, Tensor]


def masked_event_loss(
    logits: Mapping[str, Tensor], targets_BLF: Tensor, fields: Sequence[str]
) -> MaskedEventResult:
    """Cross entropy of each masked field over its hidden positions, averaged over fields.

    A field in which nothing was hidden adds 0 and does not count in the average.

    Args:
        logits: Per masked field, shape (B, L, V) (or any leading shape that the targets have).
        targets_BLF: True ids at hidden positions, `IGNORE` elsewhere, shape (B, L, F) int64.
        fields: Names of the F fields; those without logits are left out.

    Raises:
        ShapeError: Logits and targets disagree, or no field has logits.

    References:
        Devlin et al. 2019, section 3.1. https://arxiv.org/abs/1810.04805
    """
    if not logits or set(logits) - set(fields) or targets_BLF.shape[-1] != len(fields):
        raise ShapeError(
            f"Logits for {sorted(logits)} do not fit targets of {len(fields)} fields "
            f"({', '.join(fields)}) with shape {tuple(targets_BLF.shape)}."
        )
    losses: dict[str, Tensor] = {}
    accuracies: dict[str, Tensor] = {}
    counts: dict[str, Tensor] = {}
    for place, field in enumerate(fields):
        if field not in logits:
            continue
        scores, truth = logits[field], targets_BLF[..., place]
        if scores.shape[:-1] != truth.shape:
            raise ShapeError(
                f"Logits of field '{field}' have shape {tuple(scores.shape)}, its targets "
                f"{tuple(truth.shape)}. Only the last axis, the ids, may differ."
            )
        asked = truth != IGNORE
        count = asked.sum()
        total = F.cross_entropy(
            scores.float().flatten(0, -2), truth.flatten(), ignore_index=IGNORE, reduction="sum"
        )
        losses[field] = total / count.clamp(min=1)
        accuracies[field] = ((scores.argmax(-1) == truth) & asked).sum() / count
        counts[field] = count
    present = torch.stack([count > 0 for count in counts.values()]).sum().clamp(min=1)
    loss = torch.stack(list(losses.values())).sum() / present
    return MaskedEventResult(loss, {f: v.detach() for f, v in losses.items()}, accuracies, counts)
