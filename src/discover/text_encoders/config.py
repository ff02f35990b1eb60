"""Settings of a text encoder. Importing this file loads no model library."""

from typing import Literal, get_args

from pydantic import Field

from discover.core.config import StrictModel

__all__ = ["ENCODER_TYPES", "EncoderType", "TextEncoderConfig"]

EncoderType = Literal[
    "minilm", "gte_base", "distilroberta", "embeddinggemma", "nemotron_8b", "clip", "siglip"
]

ENCODER_TYPES: tuple[str, ...] = get_args(EncoderType)


class TextEncoderConfig(StrictModel):
    """Which frozen text encoder turns captions and prompts into vectors, and how."""

    type: EncoderType = "minilm"
    """Model family; brings its own pooling, prefixes and length limit. minilm needs no network."""
    model_path: str | None = Field(default=None, min_length=1)
    """Folder of a downloaded model, or a hub name such as thenlper/gte-base. Empty: the packaged weights for
    minilm, the family's hub name for the others."""
    revision: str | None = None
    """Commit or tag of a hub model. Empty: its newest."""
    allow_download: bool = False
    """Whether a hub model may be fetched over the network. Off: only folders and the hub's local cache."""
    trust_remote_code: bool = False
    """Whether Python code that comes with a model may run. nemotron_8b does not load without it."""
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

    @property
    def name(self) -> str:
        """Short name used in file names."""
        return self.type
