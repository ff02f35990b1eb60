"""TEMI: pairs of neighbours should tell as much as possible about each other through their cluster."""

import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError

# Shape letters: B windows in the batch, H heads, C clusters.

__all__ = ["temi_loss"]


def temi_loss(
    students: tuple[Tensor, Tensor], teachers: tuple[Tensor, Tensor], marginal_HC: Tensor, *, beta: float
) -> Tensor:
    """Weighted pointwise mutual information of neighbours, teacher against student, for several heads.

    With student and teacher assignments q_s, q_t of the windows x and x' of a pair and the teacher's running
    mean assignment m,

        pmi(x, x') = log sum_c (q_s(c|x) q_t(c|x'))^beta / m(c)
        w(x, x')   = mean over heads of sum_c q_t(c|x) q_t(c|x')
        loss_h     = -mean over pairs of w (pmi_h(x, x') + pmi_h(x', x)) / 2

    beta = 1 is mutual information, which is content with few clusters; below 1 it prefers equal use of all.
    The weight trusts pairs that most heads put together and so plays down false neighbours.

    Args:
        students: Student logits of both windows of each pair, each (B, H, C).
        teachers: Teacher logits of the same, each (B, H, C); no gradient flows into them.
        marginal_HC: Running mean of the teacher's assignments, positive, shape (H, C).
        beta: In (0.5, 1]; the paper takes 0.6.

    Returns:
        Loss per head, shape (H,).

    Raises:
        ShapeError: Shapes disagree.
        ConfigError: beta is out of range.

    References:
        Adaloglou et al. 2023, eqs. 5 to 8. https://arxiv.org/abs/2303.17896
    """
    shapes = {tuple(t.shape) for t in (*students, *teachers)}
    if len(shapes) != 1 or students[0].ndim != 3 or tuple(marginal_HC.shape) != tuple(students[0].shape[1:]):
        raise ShapeError(
            "All logits must have one shape (pairs, heads, clusters) and the marginal (heads, clusters); "
            f"got {sorted(shapes)} and {tuple(marginal_HC.shape)}."
        )
    if not 0.5 < beta <= 1:
        raise ConfigError(f"temi beta must be in (0.5, 1], got {beta}.")
    log_s = [s.log_softmax(-1) for s in students]
    log_t = [t.detach().log_softmax(-1) for t in teachers]
    log_m = marginal_HC.detach().log()
    weight_B = (log_t[0] + log_t[1]).exp().sum(-1).mean(-1)
    forward = torch.logsumexp(beta * (log_s[0] + log_t[1]) - log_m, dim=-1)
    backward = torch.logsumexp(beta * (log_s[1] + log_t[0]) - log_m, dim=-1)
    return -(weight_B[:, None] * (forward + backward) / 2).mean(0)
