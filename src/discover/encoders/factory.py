"""From a config to an encoder: one visible table."""

from collections.abc import Callable, Mapping

from discover.core.vocabulary import Vocabulary
from discover.encoders.config import SensorEncoderConfig
from discover.encoders.transformer import TransformerEncoder

__all__ = ["ENCODERS", "build_encoder"]

ENCODERS: Mapping[str, Callable[[SensorEncoderConfig, Vocabulary, int | None], TransformerEncoder]] = {
    "transformer": TransformerEncoder,
}
"""Builder by `type`."""


def build_encoder(
    config: SensorEncoderConfig, vocabulary: Vocabulary, *, sensor_text_dim: int | None = None
) -> TransformerEncoder:
    """Build the encoder that `config.type` names.

    Args:
        config: Sizes and features.
        vocabulary: Gives the number of ids of each field.
        sensor_text_dim: Width of sensor description vectors, when they are read.
    """
    return ENCODERS[config.type](config, vocabulary, sensor_text_dim)
