"""Settings of a text encoder. Importing this file loads no model library."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from discover.core.config import StrictModel
from discover.core.permissions import DOWNLOAD, REMOTE_CODE

__all__ = ["ENCODER_TYPES", "EncoderType", "TextEncoderConfig", "without_permissions"]

EncoderType = Literal[
    "minilm", "gte_base", "distilroberta", "embeddinggemma", "nemotron_8b", "clip", "siglip"
]

ENCODER_TYPES: tuple[str, ...] = get_args(EncoderType)

_PERMISSIONS = {"allow_download": DOWNLOAD, "trust_remote_code": REMOTE_CODE}


class TextEncoderConfig(StrictModel):
    """Which frozen text encoder turns captions and prompts into vectors, and how."""

    type: EncoderType = "minilm"
    """Model family; brings its own pooling, prefixes and length limit. minilm needs no network."""
    model_path: str | None = Field(default=None, min_length=1)
    """Folder of a downloaded model, or a hub name such as thenlper/gte-base. Empty: the packaged weights for
    minilm, the family's hub name for the others."""
    revision: str | None = None
    """Commit or tag of a hub model. Empty: its newest."""
    allow_download: Literal[False] = False
    """Always false in settings. `--allow-download` or DISCOVER_ALLOW_DOWNLOAD=1 lets it be fetched."""
    trust_remote_code: Literal[False] = False
    """Always false in settings. `--trust-remote-code` or DISCOVER_TRUST_REMOTE_CODE=1 lets its code run."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """auto: a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the matrix products. auto: bf16 where the processor has it, else fp32."""
    batch_tokens: int = Field(default=1024, ge=16, le=10_000_000)
    """Tokens per batch, padding included. On CPUs about 1,000 is best, on GPUs 16,000 and more."""
    chunk_texts: int = Field(default=2048, ge=1, le=100_000_000)
    """Least number of texts between two saves of unfinished work."""
    max_length: int | None = Field(default=None, ge=4, le=1_000_000)
    """Tokens after which a text is cut. Empty: the model's own limit."""
    normalize: bool = True
    """Scale vectors to unit length."""
    document_prefix: str | None = None
    """Text put before captions. Empty: the model's own."""
    query_prefix: str | None = None
    """Text put before prompts and search sentences. Empty: the model's own."""
    output_dtype: Literal["float16", "float32"] = "float16"
    """Number format of stored caption vectors."""

    @model_validator(mode="before")
    @classmethod
    def _permissions_are_the_users(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            for key, permission in _PERMISSIONS.items():
                if values.get(key, False) is not False:
                    raise ValueError(
                        f"'{key}: {str(values[key])[:20].lower()}' is a permission, which settings cannot "
                        f"give. To give it yourself, {permission.how}"
                    )
        return values

    @property
    def name(self) -> str:
        """Short name used in file names."""
        return self.type


def without_permissions(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings found in a checkpoint, without the permissions that models of version 0.1.0 may carry."""
    encoder = settings.get("text_encoder")
    if not isinstance(encoder, Mapping):
        return dict(settings)
    kept = {key: value for key, value in encoder.items() if key not in _PERMISSIONS}
    return {**settings, "text_encoder": kept}
