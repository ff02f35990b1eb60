"""From settings to an encoder: one visible table, to which others add theirs."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from torch import Tensor, nn

from discover.core.registry import Registry
from discover.core.vocabulary import Vocabulary
from discover.encoders.config import ENCODER_CONFIGS, EncoderConfig
from discover.encoders.features import WindowBatch
from discover.encoders.packing import Packing
from discover.encoders.transformer import TransformerEncoder

__all__ = ["ENCODERS", "SensorEncoder", "build_encoder", "register_encoder"]


class SensorEncoder(Protocol):
    """Events of windows in, one vector per window out. An implementation is an `nn.Module`.

    Attributes:
        dim: Width D of tokens and of the pooled vector.
        gradient_checkpointing: Whether activations are computed again in the backward pass to save memory;
            an encoder may ignore it.
    """

    dim: int
    gradient_checkpointing: bool

    def encode_tokens(self, batch: WindowBatch) -> tuple[Tensor, Packing]:
        """Vectors of the tokens in packed order, (T, D), and where each token lies."""
        ...

    def pool(self, tokens_TD: Tensor, packing: Packing) -> Tensor:
        """One vector per window, (B, D), in the order of the batch."""
        ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """As of `nn.Module`; names of weights that only `pool` uses begin with `pool_`."""
        ...


EncoderBuilder = Callable[[Any, Vocabulary, int | None], SensorEncoder]
"""(settings, vocabulary, width of sensor description vectors or None) -> encoder."""

ENCODERS: Registry[EncoderBuilder] = Registry(
    "sensor encoder", "discover.encoders", {"transformer": TransformerEncoder}
)
"""Builder by `encoder.type`."""


def register_encoder(config: type[EncoderConfig], builder: EncoderBuilder) -> None:
    """Add an encoder: its settings, whose `type` has one literal value, and what builds it."""
    kind = str(config.model_fields["type"].default)
    ENCODER_CONFIGS.register(kind, config)
    ENCODERS.register(kind, builder)


def build_encoder(
    config: EncoderConfig, vocabulary: Vocabulary, *, sensor_text_dim: int | None = None
) -> SensorEncoder:
    """Build the encoder that `config.type` names.

    Args:
        config: Sizes and features.
        vocabulary: Gives the number of ids of each field.
        sensor_text_dim: Width of sensor description vectors, when they are read.

    Raises:
        ConfigError: No encoder of this type is registered.
    """
    return ENCODERS[config.type](config, vocabulary, sensor_text_dim)
