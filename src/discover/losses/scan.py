"""SCAN: neighbours should share a cluster, and all clusters should be used; then self-labelling."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from discover.core.errors import ConfigError, ShapeError

# Shape letters: B windows in the batch, H heads, C clusters.

__all__ = ["ScanLoss", "scan_loss", "self_label_loss"]


@dataclass(frozen=True)
class ScanLoss:
    """The SCAN loss of each head, and its two parts.

    Attributes:
        total: consistency - entropy_weight * entropy, shape (H,).
        consistency: Mean of -log <p, p'>, 0 when every pair agrees for certain, shape (H,).
        entropy: Entropy of the mean assignment in nats, ln(C) when clusters are equally large, shape (H,).
    """

    total: Tensor
    consistency: Tensor
    entropy: Tensor


def scan_loss(anchor_BHC: Tensor, neighbour_BHC: Tensor, *, entropy_weight: float) -> ScanLoss:
    """SCAN's clustering loss, for several heads at once.

    For the assignments p, p' of a window and its neighbour and the mean assignment q of the batch's anchors,

        loss = -mean log <p, p'> + entropy_weight * sum_c q_c log q_c

    Args:
        anchor_BHC: Logits of the windows, shape (B, H, C), or (B, C) for one head.
        neighbour_BHC: Logits of one neighbour of each, same shape.
        entropy_weight: Weight of the entropy term, >= 0. The paper takes 5 (2 for many clusters).

    Returns:
        Parts per head, shape (H,); shape () for one head given as (B, C).

    Raises:
        ShapeError: The two inputs do not have one shape of 2 or 3 dimensions, or are empty.
        ConfigError: The weight is negative.

    References:
        Van Gansbeke et al. 2020, eq. 2. https://arxiv.org/abs/2005.12320
    """
    if anchor_BHC.shape != neighbour_BHC.shape or anchor_BHC.ndim not in (2, 3) or not len(anchor_BHC):
        raise ShapeError(
            f"Logits of windows and neighbours must have one shape (windows, heads, clusters), got "
            f"{tuple(anchor_BHC.shape)} and {tuple(neighbour_BHC.shape)}."
        )
    if entropy_weight < 0:
        raise ConfigError(f"entropy_weight must be 0 or more, got {entropy_weight}.")
    log_p, log_n = anchor_BHC.log_softmax(-1), neighbour_BHC.log_softmax(-1)
    # log <p, p'> in logarithms: confident heads have products below float32's smallest number.
    consistency = -(log_p + log_n).logsumexp(-1).mean(0)
    log_q = log_p.logsumexp(0) - math.log(len(log_p))
    entropy = -(log_q.exp() * log_q).sum(-1)
    return ScanLoss(consistency - entropy_weight * entropy, consistency, entropy)


def self_label_loss(teacher_BC: Tensor, student_BC: Tensor, *, threshold: float) -> Tensor | None:
    """Cross-entropy of altered windows against confident assignments of the plain ones.

    Windows whose largest assignment reaches `threshold` keep it as their label. The loss weighs clusters
    inversely to how many confident windows they have, so that large clusters do not swallow small ones;
    it is the mean over the clusters present of each cluster's mean cross-entropy.

    Args:
        teacher_BC: Logits of the plain windows, shape (B, C); no gradient flows into them.
        student_BC: Logits of the altered windows, shape (B, C).
        threshold: Smallest assignment that counts as confident, in (0, 1].

    Returns:
        Loss in nats, shape (); None when no window of the batch is confident.

    Raises:
        ShapeError: Shapes differ.

    References:
        Van Gansbeke et al. 2020, section 2.3 and eq. 3. https://arxiv.org/abs/2005.12320
    """
    if teacher_BC.shape != student_BC.shape or teacher_BC.ndim != 2:
        raise ShapeError(
            f"Both sides must have one shape (windows, clusters), got {tuple(teacher_BC.shape)} and "
            f"{tuple(student_BC.shape)}."
        )
    confidence, label = teacher_BC.detach().softmax(-1).max(-1)
    sure = confidence >= threshold
    if not bool(sure.any()):
        return None
    counts = torch.bincount(label[sure], minlength=teacher_BC.shape[1])
    weights = torch.where(counts > 0, 1.0 / counts.clamp(min=1), 0.0).to(student_BC.dtype)
    return F.cross_entropy(student_BC[sure], label[sure], weight=weights)
