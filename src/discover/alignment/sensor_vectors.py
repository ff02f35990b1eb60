"""Text vectors of homes' sensor descriptions, when the encoder reads sensors as text."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from discover.alignment.config import AlignmentConfig
from discover.core.home import Home
from discover.encoders.sensor_text import describe_sensors

__all__ = ["sensor_vectors"]


def sensor_vectors(
    config: AlignmentConfig, homes: Mapping[str, Home]
) -> dict[str, NDArray[np.float32]] | None:
    """By home, a unit vector per sensor (S, T) from the config's text encoder; None when not read."""
    if config.encoder.metadata.sensor_tokens == "id":
        return None
    from discover.text_encoders import build_text_encoder

    encoder = build_text_encoder(config.text_encoder)
    found = {}
    for name, home in homes.items():
        vectors = encoder.encode(describe_sensors(home), kind="document")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        found[name] = np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
    return found
