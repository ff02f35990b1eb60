"""Step 4: frozen text encoders for captions and prompts.

Importing this package loads no model library; `build_text_encoder` and `encode_captions` do.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from discover.core.progress import SILENT, Progress
from discover.text_encoders.config import TextEncoderConfig

if TYPE_CHECKING:
    import polars as pl

    from discover.core.embeddings import EmbeddingTable
    from discover.core.permissions import Permissions
    from discover.core.row_keys import KeptRows
    from discover.text_encoders.encoder import TextEncoder

__all__ = ["TextEncoderConfig", "build_text_encoder", "encode_captions"]


def build_text_encoder(
    config: TextEncoderConfig, *, permissions: "Permissions | None" = None
) -> "TextEncoder":
    """Load a frozen text encoder; see `discover.text_encoders.factory`."""
    from discover.text_encoders.factory import build_text_encoder as build

    return build(config, permissions=permissions)


def encode_captions(
    captions: "pl.DataFrame",
    encoder: "TextEncoder",
    *,
    chunk_folder: Path | None = None,
    known: "Sequence[KeptRows]" = (),
    progress: Progress = SILENT,
) -> "EmbeddingTable":
    """One vector per caption row; see `discover.text_encoders.caption_vectors`."""
    from discover.text_encoders.caption_vectors import encode_captions as encode

    return encode(captions, encoder, chunk_folder=chunk_folder, known=known, progress=progress)
