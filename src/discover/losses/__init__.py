"""Losses: tensors in, scalar out. Each names its paper and is tested against a second, slow version."""

from discover.losses.chunked_info_nce import chunked_info_nce
from discover.losses.chunked_sigmoid import chunked_sigmoid_loss
from discover.losses.focal_sigmoid import focal_sigmoid_loss
from discover.losses.hard_negatives import HardNegativeMemory, choose_negatives
from discover.losses.info_nce import info_nce
from discover.losses.masked_event import MaskedEventResult, masked_event_loss
from discover.losses.masking import IGNORE, MaskedEvents, MaskingRule, mask_events
from discover.losses.modules import CLIPLoss, FocalSigmoidLoss, PairLoss, SigmoidLoss
from discover.losses.pairs import ExtraNegatives
from discover.losses.scan import ScanLoss, scan_loss, self_label_loss
from discover.losses.sigmoid import sigmoid_loss
from discover.losses.targets import BatchTargets, PairKeys, TargetRule, batch_targets, duplicate_rate
from discover.losses.temi import temi_loss
from discover.losses.temperature import LogitScale
from discover.losses.tiles import CHUNK_FROM

__all__ = [
    "CHUNK_FROM",
    "IGNORE",
    "BatchTargets",
    "CLIPLoss",
    "ExtraNegatives",
    "FocalSigmoidLoss",
    "HardNegativeMemory",
    "LogitScale",
    "MaskedEventResult",
    "MaskedEvents",
    "MaskingRule",
    "PairKeys",
    "PairLoss",
    "ScanLoss",
    "SigmoidLoss",
    "TargetRule",
    "batch_targets",
    "choose_negatives",
    "chunked_info_nce",
    "chunked_sigmoid_loss",
    "duplicate_rate",
    "focal_sigmoid_loss",
    "info_nce",
    "mask_events",
    "masked_event_loss",
    "scan_loss",
    "self_label_loss",
    "sigmoid_loss",
    "temi_loss",
]
