"""Settings of the sensor encoder and of the features it reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from discover.core.config import StrictModel, closest, config_from_mapping
from discover.core.registry import Registry

__all__ = [
    "CATEGORICAL_FIELDS",
    "ENCODER_CONFIGS",
    "PRESETS",
    "AnyEncoderConfig",
    "EncoderConfig",
    "MetadataConfig",
    "SensorEncoderConfig",
]

CATEGORICAL_FIELDS: tuple[str, ...] = (
    "sensor",
    "state",
    "room_id",
    "sensor_type",
    "sensor_detail",
    "tod_bucket",
    "dow_bucket",
)
"""Fields an encoder can read; `time_delta_bucket` is switched by `use_time_deltas`."""

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"d_model": 256, "n_layers": 4, "n_heads": 4, "d_ff": 1024},
    "small": {"d_model": 512, "n_layers": 6, "n_heads": 8, "d_ff": 2048},
    "base": {"d_model": 768, "n_layers": 6, "n_heads": 8, "d_ff": 3072},
    "minimal": {
        "d_model": 256,
        "n_layers": 4,
        "n_heads": 4,
        "d_ff": 1024,
        "metadata": {
            "categorical_fields": ("sensor", "state"),
            "use_coordinates": False,
            "use_time_deltas": False,
        },
    },
}
"""Sizes by name; a key given beside `preset` wins over the preset's."""


class MetadataConfig(StrictModel):
    """What the encoder reads of every event."""

    categorical_fields: tuple[str, ...] = CATEGORICAL_FIELDS
    """Fields with an embedding table of their own, summed per event."""
    sensor_tokens: Literal["id", "text", "both"] = "id"
    """How the model knows a sensor: by its id in the vocabulary, by the text vector of its description
    (then `sensor` is not read as a field, and homes never seen can be read), or by both."""
    use_coordinates: bool = True
    """Read the sensor's place on the floor plan, both axes normalised to [0, 1]."""
    use_time_deltas: bool = True
    """Read the gap since the previous event (bucket and logarithm) and the time since the window began."""
    use_time_of_day: bool = False
    """Read the clock as sine and cosine of the day's angle, finer than the `tod_bucket` field."""

    @model_validator(mode="after")
    def _known_fields(self) -> "MetadataConfig":
        for name in self.categorical_fields:
            if name not in CATEGORICAL_FIELDS:
                raise ValueError(f"unknown categorical field '{name}'. {closest(name, CATEGORICAL_FIELDS)}")
        if len(set(self.categorical_fields)) != len(self.categorical_fields):
            raise ValueError("categorical_fields names a field twice")
        if self.sensor_tokens == "both" and "sensor" not in self.categorical_fields:
            raise ValueError("sensor_tokens 'both' needs the field 'sensor' in categorical_fields")
        if not self.fields and not self.use_coordinates and self.sensor_tokens == "id":
            raise ValueError("the encoder would not know which sensor fired: name at least one field")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Categorical fields that are read."""
        if self.sensor_tokens == "text":
            return tuple(f for f in self.categorical_fields if f != "sensor")
        return self.categorical_fields


class EncoderConfig(StrictModel):
    """What the settings of every encoder have; the settings of an encoder derive from it.

    A class that derives from it gives `type` one literal value, and has `max_seq_len` (longest window in
    events) and `metadata` (what is read of every event).
    """

    type: str
    """Architecture."""
    if TYPE_CHECKING:
        max_seq_len: int
        metadata: MetadataConfig


class SensorEncoderConfig(EncoderConfig):
    """Transformer over the events of a window."""

    type: Literal["transformer"] = "transformer"
    """Architecture."""
    preset: Literal["tiny", "small", "base", "minimal"] | None = None
    """Sizes by name; keys given beside it win."""
    d_model: int = Field(default=256, ge=8, le=8192)
    """Width of a token, and of the window embedding before the head."""
    n_layers: int = Field(default=4, ge=1, le=64)
    """Transformer blocks."""
    n_heads: int = Field(default=4, ge=1, le=1_024)
    """Attention heads; must divide d_model."""
    d_ff: int = Field(default=1024, ge=1, le=65_536)
    """Hidden width of the feed-forward layers."""
    max_seq_len: int = Field(default=512, ge=1, le=65536)
    """Longest window in events. Of a longer one the central events are kept, and it is counted."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout after the token sum, attention and feed-forward layers."""
    use_alibi: bool = True
    """Attention falls off with distance in events, the same forwards and backwards (ALiBi)."""
    use_learned_pe: bool = False
    """Add a learned vector per position in the window."""
    use_rotary_time: bool = False
    """Rotate queries and keys by the logarithm of the time since the window began."""
    fourier_bands: int = Field(default=12, ge=1, le=24)
    """Frequencies per axis for coordinates: pi, 2 pi, 4 pi, ..."""
    pooling: Literal["cls", "mean", "cls_mean", "attention"] = "cls_mean"
    """How tokens become one vector."""
    pooling_cls_weight: float = Field(default=0.5, gt=0, lt=1)
    """Share of the CLS token under `cls_mean`."""
    metadata: MetadataConfig = MetadataConfig()
    """What is read of every event."""

    @model_validator(mode="before")
    @classmethod
    def _fill_preset(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(name := values.get("preset"), str) and name in PRESETS:
            preset = dict(PRESETS[name])
            given = dict(values)
            if "metadata" in preset and isinstance(given.get("metadata"), Mapping):
                given["metadata"] = {**preset["metadata"], **given["metadata"]}
            return {**preset, **given}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "SensorEncoderConfig":
        if self.d_model % self.n_heads:
            raise ValueError(f"d_model {self.d_model} is not a multiple of n_heads {self.n_heads}")
        if self.use_rotary_time and (self.d_model // self.n_heads) % 2:
            raise ValueError("rotary time needs an even width per head (d_model / n_heads)")
        if self.pooling != "cls_mean" and self.pooling_cls_weight != 0.5:
            raise ValueError(f"pooling_cls_weight has no effect with pooling '{self.pooling}'; remove it")
        if not self.metadata.use_coordinates and self.fourier_bands != 12:
            raise ValueError("fourier_bands has no effect without metadata.use_coordinates; remove it")
        return self


ENCODER_CONFIGS: Registry[type[EncoderConfig]] = Registry(
    "sensor encoder", "discover.encoder_configs", {"transformer": SensorEncoderConfig}
)
"""Settings by `encoder.type`."""


def _by_type(values: Any, validate: ValidatorFunctionWrapHandler) -> EncoderConfig:
    """Read an encoder block with the settings of its type."""
    if isinstance(values, EncoderConfig):
        return values
    kind = values.get("type", "transformer") if isinstance(values, Mapping) else "transformer"
    if not isinstance(kind, str) or kind == "transformer":
        return validate(values)  # type: ignore[no-any-return]
    return config_from_mapping(values, ENCODER_CONFIGS[kind], source="encoder")


AnyEncoderConfig = Annotated[SerializeAsAny[SensorEncoderConfig], WrapValidator(_by_type)]
"""The settings of any registered encoder; `type` says which, and the transformer is the default."""
