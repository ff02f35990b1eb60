"""Alignment: train a sensor encoder so that windows and their descriptions share one space.

Names are imported on first use, so that reading a config does not load torch.
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.alignment.config import AlignmentConfig
    from discover.alignment.dataset import AlignmentDataset
    from discover.alignment.loaded import LoadedModel
    from discover.alignment.model import AlignmentModel
    from discover.alignment.pretrained import from_pretrained, load_model, save_pretrained
    from discover.alignment.trainer import AlignmentTrainer, TrainResult

__all__ = [
    "AlignmentConfig",
    "AlignmentDataset",
    "AlignmentModel",
    "AlignmentTrainer",
    "LoadedModel",
    "TrainResult",
    "from_pretrained",
    "load_model",
    "save_pretrained",
]

__getattr__ = lazy_names(__name__)
