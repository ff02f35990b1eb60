"""Sensor encoders: events of a window in, one vector out."""

from discover.encoders.config import MetadataConfig, SensorEncoderConfig
from discover.encoders.factory import build_encoder
from discover.encoders.features import EventFeatures, WindowBatch, build_event_features, gather_batch

__all__ = [
    "EventFeatures",
    "MetadataConfig",
    "SensorEncoderConfig",
    "WindowBatch",
    "build_encoder",
    "build_event_features",
    "gather_batch",
]
