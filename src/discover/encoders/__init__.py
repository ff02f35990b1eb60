"""Sensor encoders: events of a window in, one vector out.

Names are imported on first use, so that reading a config does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discover.encoders.config import EncoderConfig, MetadataConfig, SensorEncoderConfig
    from discover.encoders.factory import SensorEncoder, build_encoder, register_encoder
    from discover.encoders.features import EventFeatures, WindowBatch, build_event_features, gather_batch

__all__ = [
    "EncoderConfig",
    "EventFeatures",
    "MetadataConfig",
    "SensorEncoder",
    "SensorEncoderConfig",
    "WindowBatch",
    "build_encoder",
    "build_event_features",
    "gather_batch",
    "register_encoder",
]

_HOME_OF = {
    "EncoderConfig": "config",
    "SensorEncoder": "factory",
    "register_encoder": "factory",
    "EventFeatures": "features",
    "MetadataConfig": "config",
    "SensorEncoderConfig": "config",
    "WindowBatch": "features",
    "build_encoder": "factory",
    "build_event_features": "features",
    "gather_batch": "features",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'discover.encoders' has no attribute '{name}'")
    return getattr(import_module(f"discover.encoders.{_HOME_OF[name]}"), name)
