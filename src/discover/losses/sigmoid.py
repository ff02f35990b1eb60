"""Pairwise sigmoid loss of windows and captions (SigLIP), each pair a yes/no question."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from discover.losses.pairs import ExtraNegatives, check_pairs, resolve_scale, scaled_similarity

# Shape letters: B pairs in the batch, P joint width, M extra negatives.

__all__ = ["pairwise_sum", "sigmoid_loss"]


def sigmoid_loss(
    window_BP: Tensor,
    caption_BP: Tensor,
    *,
    logit_scale: Tensor | float | None = None,
    temperature: float | None = None,
    bias: Tensor | float = -10.0,
    targets: Tensor | None = None,
    negatives_mask: Tensor | None = None,
    extra: ExtraNegatives | None = None,
) -> Tensor:
    """Every window-caption pair as a yes/no question: do they belong together?

    With logits l_ij = scale * cos_ij + bias and labels y_ij in [0, 1],

        loss = 1/B sum_ij m_ij [ y_ij softplus(-l_ij) + (1 - y_ij) softplus(l_ij) ]

    where m_ij = 1 for matches (y_ij > 0) and allowed negatives, else 0. No softmax couples the pairs,
    so a masked pair simply vanishes. Extra negatives add softplus(l) for each row they belong to, also
    divided by B.

    Args:
        window_BP: Unit-length window embeddings, shape (B, P).
        caption_BP: Unit-length caption embeddings, shape (B, P).
        logit_scale: 1 / temperature, a number or a 0-d tensor that may need a gradient.
        temperature: The same said the other way, > 0; give exactly one of the two.
        bias: Added to all logits; SigLIP starts at -10, since almost all of the B^2 pairs are negatives.
        targets: Labels y_ij in [0, 1], shape (B, B). None for the identity.
        negatives_mask: True where a pair may be a negative, shape (B, B) bool. None allows all.
        extra: Negatives from outside the batch.

    Returns:
        Sum over pairs divided by B, in nats, shape ().

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: Both or none of logit_scale and temperature were given.

    References:
        Zhai et al. 2023, eq. 1 and Algorithm 1. https://arxiv.org/abs/2303.15343
    """
    return pairwise_sum(
        window_BP, caption_BP, _match_cost, _mismatch_cost,
        scale=resolve_scale(logit_scale, temperature), bias=bias,
        targets=targets, negatives_mask=negatives_mask, extra=extra,
    )  # fmt: skip


def pairwise_sum(
    window_BP: Tensor,
    caption_BP: Tensor,
    match_cost: Callable[[Tensor], Tensor],
    mismatch_cost: Callable[[Tensor], Tensor],
    *,
    scale: Tensor | float,
    bias: Tensor | float,
    targets: Tensor | None,
    negatives_mask: Tensor | None,
    extra: ExtraNegatives | None,
) -> Tensor:
    """1/B sum_ij m_ij [y_ij match_cost(l_ij) + (1 - y_ij) mismatch_cost(l_ij)] plus the extra negatives."""
    check_pairs(window_BP, caption_BP, targets=targets, negatives_mask=negatives_mask)
    logits_BB = scaled_similarity(window_BP, caption_BP, scale) + bias
    if targets is None:
        targets = torch.eye(len(logits_BB), dtype=logits_BB.dtype, device=logits_BB.device)
    cost_BB = mismatch_cost(logits_BB)
    if negatives_mask is not None:
        cost_BB = cost_BB.masked_fill(~(negatives_mask | (targets > 0)), 0.0)
    label_BB = targets.to(logits_BB.dtype)
    total = (label_BB * match_cost(logits_BB) + (1.0 - label_BB) * cost_BB).sum()
    if extra is not None:
        for rows, columns, mask in (
            (window_BP, extra.captions, extra.captions_mask),
            (caption_BP, extra.windows, extra.windows_mask),
        ):
            cost_BM = mismatch_cost(scaled_similarity(rows, columns, scale) + bias)
            total = total + cost_BM.masked_fill(~mask, 0.0).sum()
    return total / len(window_BP)


def _match_cost(logits: Tensor) -> Tensor:
    return F.softplus(-logits)


def _mismatch_cost(logits: Tensor) -> Tensor:
    return F.softplus(logits)
