"""Loss of masked event modelling: the hidden fields of events, each predicted on its own."""

from collections.abc import Callable, Mapping, Sequence
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
        loss: Mean of the fields' losses, with gradient (of this share's part of it, given `joint`).
        losses: Cross entropy per field in nats.
        accuracies: Share of hidden ids that the largest logit names, per field; NaN where none was hidden.
        counts: Hidden ids per field.
    """

    loss: Tensor
    losses: Mapping[str, Tensor]
    accuracies: Mapping[str, Tensor]
    counts: Mapping[str, Tensor]


def masked_event_loss(
    logits: Mapping[str, Tensor],
    targets_BLF: Tensor,
    fields: Sequence[str],
    *,
    joint: Callable[[Tensor], Tensor] | None = None,
) -> MaskedEventResult:
    """Cross entropy of each masked field over its hidden positions, averaged over fields.

    A field in which nothing was hidden adds 0 and does not count in the average. Of a batch that several
    processes share, hidden ids are counted together: all values are those of the whole batch, and the
    gradients of the processes' losses add up to its gradient, however unequal the shares are.

    Args:
        logits: Per masked field, shape (B, L, V) (or any leading shape that the targets have).
        targets_BLF: True ids at hidden positions, `IGNORE` elsewhere, shape (B, L, F) int64.
        fields: Names of the F fields; those without logits are left out.
        joint: Adds up a tensor over the processes that share the batch; None for a batch of one process.

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
    names = [field for field in fields if field in logits]
    parts = [_sums(logits[field], targets_BLF[..., fields.index(field)], field) for field in names]
    total_F, right_F, count_F = (torch.stack(column) for column in zip(*parts, strict=True))
    whole_F = total_F.detach()
    if joint is not None:
        whole_F, right_F, count_F = joint(torch.stack([whole_F, right_F.float(), count_F.float()]))
    present = (count_F > 0).sum().clamp(min=1)
    # Whole sums below, this share's above: with one process both are the same.
    share = (total_F / count_F.clamp(min=1)).sum() / present
    losses_F = whole_F / count_F.clamp(min=1)
    loss = share if joint is None else share + (losses_F.sum() / present - share).detach()
    return MaskedEventResult(
        loss,
        dict(zip(names, losses_F, strict=True)),
        dict(zip(names, right_F / count_F, strict=True)),
        dict(zip(names, count_F, strict=True)),
    )


def _sums(scores: Tensor, truth: Tensor, field: str) -> tuple[Tensor, Tensor, Tensor]:
    """Cross entropy, right answers and questions of one field, each added up, shape ()."""
    if scores.shape[:-1] != truth.shape:
        raise ShapeError(
            f"Logits of field '{field}' have shape {tuple(scores.shape)}, its targets "
            f"{tuple(truth.shape)}. Only the last axis, the ids, may differ."
        )
    asked = truth != IGNORE
    total = F.cross_entropy(
        scores.float().flatten(0, -2), truth.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    return total, ((scores.argmax(-1) == truth) & asked).sum(), asked.sum()
