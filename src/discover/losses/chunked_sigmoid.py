"""Exact pairwise sigmoid and focal sigmoid losses without a B x B matrix.

No softmax couples the pairs, so each tile's gradient is ready as soon as the tile is: forward makes it
and keeps the two (B, P) sums, and each tile is computed once.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from discover.losses.focal_sigmoid import check_focal, focal_cost
from discover.losses.pairs import (
    ExtraNegatives,
    check_pairs,
    resolve_scale,
    scaled_similarity,
    working_copies,
)
from discover.losses.targets import PairKeys, TargetRule
from discover.losses.tiles import as_scalar, rule_and_keys, slices, tile_side, tile_targets, tiles

# Shape letters: B pairs in the batch, P joint width, R rows and C columns of a tile, M extra negatives.

__all__ = ["chunked_sigmoid_loss"]


def chunked_sigmoid_loss(
    window_BP: Tensor,
    caption_BP: Tensor,
    *,
    logit_scale: Tensor | float | None = None,
    temperature: float | None = None,
    bias: Tensor | float = -10.0,
    gamma: float = 0.0,
    alpha: float | None = None,
    rule: TargetRule | None = None,
    keys: PairKeys | None = None,
    extra: ExtraNegatives | None = None,
    tile: int | None = None,
) -> Tensor:
    """`sigmoid_loss` (gamma 0, no alpha) or `focal_sigmoid_loss` in O(B) memory.

    Args:
        window_BP: Unit-length window embeddings, shape (B, P).
        caption_BP: Unit-length caption embeddings, shape (B, P).
        logit_scale: 1 / temperature, a number or a 0-d tensor that may need a gradient.
        temperature: The same said the other way, > 0; give exactly one of the two.
        bias: Added to all logits; may need a gradient.
        gamma: Strength of the focal scaling, >= 0.
        alpha: Weight of matches in (0, 1); None weighs matches and mismatches by 1.
        rule: How false negatives are handled; None is one-to-one targets.
        keys: Keys of the pairs; needed unless the rule is None or identity.
        extra: Negatives from outside the batch.
        tile: Side of a tile; None chooses by device.

    Returns:
        Sum over pairs divided by B, in nats, shape ().

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: A setting is out of range, or a rule without keys.
    """
    check_pairs(window_BP, caption_BP)
    check_focal(gamma, alpha)
    scale = resolve_scale(logit_scale, temperature)
    rule, keys = rule_and_keys(rule, keys, len(window_BP))
    weights = (1.0, 1.0) if alpha is None else (alpha, 1.0 - alpha)
    side = tile_side(window_BP, tile)
    total: Tensor = _PairCosts.apply(  # type: ignore[no-untyped-call]
        window_BP, caption_BP, as_scalar(scale, window_BP), as_scalar(bias, window_BP),
        gamma, weights, rule, keys, side,
    )  # fmt: skip
    if extra is not None:

        def cost(rows: Tensor, columns: Tensor, mask: Tensor) -> Tensor:
            logits = scaled_similarity(rows, columns, scale) + bias
            costs = focal_cost(logits, sign=-1.0, gamma=gamma, weight=weights[1])
            return costs.masked_fill(~mask, 0.0).sum()

        for rows, columns, mask in (
            (window_BP, extra.captions, extra.captions_mask),
            (caption_BP, extra.windows, extra.windows_mask),
        ):
            for block in slices(len(rows), side):
                total = total + checkpoint(cost, rows[block], columns, mask[block], use_reentrant=False)
    return total / len(window_BP)


class _PairCosts(torch.autograd.Function):
    """(windows, captions, scale, bias) -> sum of focal sigmoid costs; gradients are made on the way."""

    @staticmethod
    def forward(
        ctx: Any,
        window_BP: Tensor,
        caption_BP: Tensor,
        scale: Tensor,
        bias: Tensor,
        gamma: float,
        weights: tuple[float, float],
        rule: TargetRule,
        keys: PairKeys | None,
        side: int,
    ) -> Tensor:
        windows, captions = working_copies(window_BP, caption_BP)
        scaled = windows * scale
        wanted = any(ctx.needs_input_grad)
        pulled_windows, pulled_captions = torch.zeros_like(windows), torch.zeros_like(captions)
        total, d_bias = scaled.new_zeros((), dtype=torch.float64), scaled.new_zeros(())
        with torch.autocast(windows.device.type, enabled=False):
            for rows, columns in tiles(len(windows), side):
                logits = (scaled[rows] @ captions[columns].T).add_(bias)
                affinity, excluded = tile_targets(rule, keys, rows, columns, logits.dtype)
                if affinity is None and rows == columns:
                    affinity = torch.eye(len(logits), dtype=logits.dtype, device=logits.device)
                cost, slope = _cost_and_slope(logits, affinity, excluded, gamma, weights)
                total += cost.sum(dtype=torch.float64)
                if wanted:
                    pulled_windows[rows].addmm_(slope, captions[columns])
                    pulled_captions[columns].addmm_(slope.T, windows[rows])
                    d_bias += slope.sum()
        d_scale = (pulled_windows * windows).sum()
        d_window = (pulled_windows * scale).to(window_BP.dtype)
        d_caption = (pulled_captions * scale).to(caption_BP.dtype)
        ctx.save_for_backward(d_window, d_caption, d_scale, d_bias)
        return total.to(windows.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        d_window, d_caption, d_scale, d_bias = (gradient * made for made in ctx.saved_tensors)
        return d_window, d_caption, d_scale, d_bias, None, None, None, None, None


def _cost_and_slope(
    logits: Tensor,
    affinity: Tensor | None,
    excluded: Tensor | None,
    gamma: float,
    weights: tuple[float, float],
) -> tuple[Tensor, Tensor]:
    """Cost of each pair and its derivative by the logit; formulas at `focal_sigmoid_loss`."""
    cost, slope = _focal(logits, gamma, weights[1])
    if excluded is not None:
        cost.masked_fill_(excluded, 0.0)
        slope.masked_fill_(excluded, 0.0)
    if affinity is not None:
        match_cost, match_slope = _focal(-logits, gamma, weights[0])
        cost.lerp_(match_cost, affinity)
        slope.lerp_(match_slope.neg_(), affinity)
    return cost, slope


def _focal(z: Tensor, gamma: float, weight: float) -> tuple[Tensor, Tensor]:
    """Cost of a mismatch at logit z, weight * sigmoid(z)^gamma * softplus(z), and its derivative."""
    cost, slope = F.softplus(z), z.sigmoid()
    if gamma == 0.0:
        return (cost, slope) if weight == 1.0 else (cost * weight, slope * weight)
    factor = weight * (-gamma * F.softplus(-z)).exp()
    return factor * cost, factor * (slope + gamma * (1.0 - slope) * cost)
