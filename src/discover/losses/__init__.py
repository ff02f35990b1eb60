"""Losses: tensors in, scalar out. Each names its paper and is tested against a second, slow version."""

from discover.losses.info_nce import CLIPLoss, LogitScale, info_nce
from discover.losses.pairs import ExtraNegatives

__all__ = ["CLIPLoss", "ExtraNegatives", "LogitScale", "info_nce"]
