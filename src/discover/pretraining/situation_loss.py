"""Loss of situations: a sentence is nearer to windows that it is true of than to others of the same home."""

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["situation_loss"]

# Shape letters: B windows, N situations, G windows of each home.

_UNKNOWN = 255


def situation_loss(logits_BN: Tensor, truth_BN: Tensor, opposites_N: Tensor, per_home: int) -> Tensor:
    """Mean log loss of two comparisons, each situation weighing with the root of its number of pairs.

    Two windows with one sentence: the window that it is true of should be ahead; pairs of one home, and each
    window with one of the next home. One window with two sentences: a true one goes ahead of its opposite.

    Args:
        logits_BN: Scaled cosines of windows and a sentence of each situation. Windows of a home lie together.
        truth_BN: uint8: 1 true, 0 false, 255 not known.
        opposites_N: Number of each situation's opposite, -1 for none.
        per_home: Windows of each home (G); B is a multiple of it.
    """
    place = torch.arange(len(logits_BN))
    own = place // per_home * per_home
    partners = [own + (place - own + shift) % per_home for shift in range(1, per_home // 2 + 1)]
    partners.append((place + per_home) % len(place))
    known_BN = truth_BN != _UNKNOWN
    sign_BN = truth_BN.to(torch.float32)
    total_N, count_N = torch.zeros(logits_BN.shape[1]), torch.zeros(logits_BN.shape[1])
    for other in partners:
        differ = (sign_BN - sign_BN[other]) * (known_BN & known_BN[other])
        total_N = total_N + (F.softplus(-differ * (logits_BN - logits_BN[other])) * differ.abs()).sum(dim=0)
        count_N = count_N + differ.abs().sum(dim=0)
    has = torch.nonzero(opposites_N >= 0)[:, 0]
    ahead = logits_BN[:, has] - logits_BN[:, opposites_N[has]]
    true = (truth_BN[:, has] == 1) & (truth_BN[:, opposites_N[has]] == 0)
    return _weighted(total_N, count_N) + _weighted((F.softplus(-ahead) * true).sum(dim=0), true.sum(dim=0))


def _weighted(total_N: Tensor, count_N: Tensor) -> Tensor:
    """Mean over situations of their mean loss, weighted by the root of their counts."""
    count = count_N.clamp(min=1)
    weight = count_N.to(torch.float32).sqrt()
    return (total_N / count * weight).sum() / weight.sum().clamp(min=1e-6)
