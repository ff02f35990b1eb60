"""Focal form of the pairwise sigmoid loss: easy pairs count less."""

from functools import partial

from torch import Tensor
from torch.nn import functional as F

from discover.core.errors import ConfigError
from discover.losses.pairs import ExtraNegatives, resolve_scale
from discover.losses.sigmoid import pairwise_sum

# Shape letters: B pairs in the batch, P joint width.

__all__ = ["check_focal", "focal_cost", "focal_sigmoid_loss"]


def focal_sigmoid_loss(
    window_BP: Tensor,
    caption_BP: Tensor,
    *,
    logit_scale: Tensor | float | None = None,
    temperature: float | None = None,
    bias: Tensor | float = -10.0,
    gamma: float = 2.0,
    alpha: float | None = None,
    targets: Tensor | None = None,
    negatives_mask: Tensor | None = None,
    extra: ExtraNegatives | None = None,
) -> Tensor:
    """Pairwise sigmoid loss whose easy pairs are scaled down by (1 - p)^gamma.

    With p_ij = sigmoid(l_ij), l_ij as in `sigmoid_loss`,

        loss = 1/B sum_ij m_ij [ y_ij alpha (1 - p_ij)^gamma softplus(-l_ij)
                                 + (1 - y_ij) (1 - alpha) p_ij^gamma softplus(l_ij) ]

    Without alpha both factors are 1, and gamma = 0 is then `sigmoid_loss`.

    Args:
        window_BP: Unit-length window embeddings, shape (B, P).
        caption_BP: Unit-length caption embeddings, shape (B, P).
        logit_scale: 1 / temperature, a number or a 0-d tensor that may need a gradient.
        temperature: The same said the other way, > 0; give exactly one of the two.
        bias: Added to all logits.
        gamma: Strength of the scaling, >= 0.
        alpha: Weight of matches in (0, 1), mismatches get 1 - alpha; None weighs both by 1.
        targets, negatives_mask, extra: As in `sigmoid_loss`.

    Returns:
        Sum over pairs divided by B, in nats, shape ().

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: gamma or alpha out of range; both or none of logit_scale and temperature given.

    References:
        Lin et al. 2017, eq. 4 and 5, https://arxiv.org/abs/1708.02002, on the pairs of Zhai et al. 2023.
    """
    check_focal(gamma, alpha)
    return pairwise_sum(
        window_BP, caption_BP,
        partial(focal_cost, sign=1.0, gamma=gamma, weight=1.0 if alpha is None else alpha),
        partial(focal_cost, sign=-1.0, gamma=gamma, weight=1.0 if alpha is None else 1.0 - alpha),
        scale=resolve_scale(logit_scale, temperature), bias=bias,
        targets=targets, negatives_mask=negatives_mask, extra=extra,
    )  # fmt: skip


def check_focal(gamma: float, alpha: float | None) -> None:
    """Refuse a gamma below 0 and an alpha outside (0, 1)."""
    if gamma < 0 or (alpha is not None and not 0 < alpha < 1):
        raise ConfigError(
            f"focal_gamma must be >= 0 and focal_alpha in (0, 1) or left out, got {gamma} and {alpha}. "
            "Lin et al. use 2.0 and 0.25."
        )


def focal_cost(logits: Tensor, *, sign: float, gamma: float, weight: float) -> Tensor:
    """Focal cost, weight * (1 - p)^gamma * -ln p with p = sigmoid(sign * logit), computed in logarithms.

    (1 - p)^gamma = exp(-gamma softplus(sign * logit)): no power of a rounded 0, whose gradient is NaN
    for gamma < 1.
    """
    z = sign * logits
    return weight * (-gamma * F.softplus(z)).exp() * F.softplus(-z)
