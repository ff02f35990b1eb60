"""Symmetric InfoNCE between windows and captions, with several positives and masked pairs."""

import math

import torch
from torch import Tensor

from discover.losses.pairs import ExtraNegatives, check_pairs, resolve_scale, scaled_similarity

# Shape letters: B pairs in the batch, P joint width, M extra negatives.

__all__ = ["excluded_pairs", "info_nce"]


def info_nce(
    window_BP: Tensor,
    caption_BP: Tensor,
    *,
    logit_scale: Tensor | float | None = None,
    temperature: float | None = None,
    targets: Tensor | None = None,
    negatives_mask: Tensor | None = None,
    extra: ExtraNegatives | None = None,
) -> Tensor:
    """Symmetric InfoNCE between paired windows and captions.

    Row i of both inputs describes the same window. For window i with logits s_ij,

        loss_i = -sum_j p_ij s_ij + ln sum_{j in D_i} exp(s_ij),   p_ij = t_ij / sum_j t_ij

    and the same for captions on the transposed matrices; the result is the mean of both means. The
    denominator D_i holds every j with t_ij > 0, every allowed negative and the extra negatives of row
    i. Without targets, t is the identity; with all candidates allowed and all rows equal the loss is
    exactly ln(B). With K equal positives its lowest value is ln(K), not 0.

    Args:
        window_BP: Unit-length window embeddings, shape (B, P).
        caption_BP: Unit-length caption embeddings, shape (B, P).
        logit_scale: 1 / temperature, a number or a 0-d tensor that may need a gradient.
        temperature: The same said the other way, > 0; give exactly one of the two.
        targets: Weight t_ij >= 0 of caption j as a match of window i, shape (B, B); every row and
            column holds something positive. None for the identity.
        negatives_mask: True where caption j may be a negative of window i, shape (B, B) bool. None
            allows all. Pairs with a positive target stay in whatever it says.
        extra: Negatives from outside the batch.

    Returns:
        Mean loss in nats, shape ().

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: Both or none of logit_scale and temperature were given.

    References:
        van den Oord et al. 2018, eq. 4, https://arxiv.org/abs/1807.03748; symmetric form: Radford et al.
        2021, Figure 3, https://arxiv.org/abs/2103.00020; several positives: Khosla et al. 2020, eq. 2
        (mean of logarithms), https://arxiv.org/abs/2004.11362.
    """
    check_pairs(window_BP, caption_BP, targets=targets, negatives_mask=negatives_mask)
    scale = resolve_scale(logit_scale, temperature)
    logits_BB = scaled_similarity(window_BP, caption_BP, scale)
    excluded_BB = excluded_pairs(negatives_mask, targets)
    to_captions = to_windows = None
    if extra is not None:
        to_captions = _extra_logits(window_BP, extra.captions, extra.captions_mask, scale)
        to_windows = _extra_logits(caption_BP, extra.windows, extra.windows_mask, scale)
    forward = _one_direction(logits_BB, targets, excluded_BB, to_captions)
    backward = _one_direction(
        logits_BB.T,
        None if targets is None else targets.T,
        None if excluded_BB is None else excluded_BB.T,
        to_windows,
    )
    return (forward + backward) / 2


def excluded_pairs(negatives_mask: Tensor | None, targets: Tensor | None) -> Tensor | None:
    """Pairs that are neither a positive nor an allowed negative, shape (B, B) bool; None for no such pair."""
    if negatives_mask is None:
        return None
    if targets is None:
        positive = torch.eye(len(negatives_mask), dtype=torch.bool, device=negatives_mask.device)
    else:
        positive = targets > 0
    return ~(negatives_mask | positive)


def _extra_logits(rows_BP: Tensor, columns_MP: Tensor, mask_BM: Tensor, scale: Tensor | float) -> Tensor:
    return scaled_similarity(rows_BP, columns_MP, scale).masked_fill(~mask_BM, -math.inf)


def _one_direction(
    logits_BB: Tensor, targets: Tensor | None, excluded_BB: Tensor | None, extra_BM: Tensor | None
) -> Tensor:
    if targets is None:
        matched_B = logits_BB.diagonal()
    else:
        weights_BB = targets.to(logits_BB.dtype)
        matched_B = (weights_BB * logits_BB).sum(1) / weights_BB.sum(1)
    if excluded_BB is not None:
        logits_BB = logits_BB.masked_fill(excluded_BB, -math.inf)
    if extra_BM is not None:
        logits_BB = torch.cat([logits_BB, extra_BM], dim=1)
    return (logits_BB.logsumexp(1) - matched_B).mean()
