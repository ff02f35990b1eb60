"""Which captions and caption vectors of a sampling belong to a text encoder."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from discover.core.artifacts import check_files, read_manifest
from discover.core.config import closest
from discover.core.embeddings import EmbeddingTable, join_embeddings, load_embeddings
from discover.core.errors import AlteredError, ArtifactError, ConfigError
from discover.core.window_set import read_captions
from discover.text_encoders.encoder import TextEncoder

__all__ = [
    "CAPTIONS_FILE",
    "check_noted",
    "find_caption_style",
    "load_caption_vectors",
    "read_style_captions",
]

CAPTIONS_FILE = "captions_{style}.parquet"
_VECTORS_FILE = "embeddings_{style}_{encoder}.npz"


def find_caption_style(samplings: Sequence[Path], encoder: str, style: str | None = None) -> str:
    """The style of the captions of all samplings that have vectors of one text encoder.

    Args:
        samplings: Folders of the windows, one per home.
        encoder: Type of the text encoder, such as "minilm".
        style: The one wanted; None where there is only one.

    Raises:
        ArtifactError: No captions with vectors of this encoder.
        ConfigError: Several styles and none chosen, or no such style.
    """
    ending = f"_{encoder}.npz"
    names = sorted({path.name for s in samplings for path in s.glob(f"embeddings_*{ending}")})
    styles = [name.removeprefix("embeddings_").removesuffix(ending) for name in names]
    styles = [found for found in styles if all(_has_captions(s, found, ending) for s in samplings)]
    sampling = ", ".join(map(str, samplings))
    if not styles:
        raise ArtifactError(
            f"{sampling} has no captions with vectors of the text encoder {encoder}. "
            "Run `discover encode-text` with the config of this model."
        )
    if style is not None and style not in styles:
        raise ConfigError(f"{sampling} has no caption vectors of style '{style}'. {closest(style, styles)}")
    if style is None and len(styles) > 1:
        raise ConfigError(
            f"{sampling} has captions of several styles ({', '.join(styles)}). Choose one with --captions."
        )
    return style or styles[0]


def _has_captions(sampling: Path, style: str, ending: str) -> bool:
    names = (CAPTIONS_FILE.format(style=style), f"embeddings_{style}{ending}")
    return all((sampling / name).is_file() for name in names)


def read_style_captions(samplings: Sequence[Path], style: str) -> pl.DataFrame:
    """The captions of one style of all samplings, checked against the hash noted when they were written.

    Raises:
        ArtifactError: They are missing, damaged or altered.
    """
    paths = [sampling / CAPTIONS_FILE.format(style=style) for sampling in samplings]
    for path in paths:
        check_noted(path, "caption")
    return pl.concat([read_captions(path) for path in paths])


def load_caption_vectors(samplings: Sequence[Path], style: str, encoder: TextEncoder) -> EmbeddingTable:
    """The vectors of one style's captions of all samplings.

    Raises:
        ArtifactError: They are missing, damaged, or were made with other weights than `encoder` has.
    """
    return join_embeddings([_load_vectors(sampling, style, encoder) for sampling in samplings])


def _load_vectors(sampling: Path, style: str, encoder: TextEncoder) -> EmbeddingTable:
    path = sampling / _VECTORS_FILE.format(style=style, encoder=encoder.config.type)
    check_noted(path, "encode-text")
    table = load_embeddings(path)
    made_by = table.meta.get("weights_sha256")
    if made_by is not None and made_by != encoder.meta["weights_sha256"]:
        raise ArtifactError(
            f"{path} was made with other weights of {encoder.name} than are installed here. "
            "Run `discover encode-text` again."
        )
    return table


def check_noted(path: Path, stage: str) -> None:
    """Compare a file of a sampling with the hash that its stage noted.

    Args:
        path: Captions, their vectors, labels or annotations.
        stage: The stage that wrote it: "sample", "caption" or "encode-text".

    Raises:
        AlteredError: It is missing or holds other bytes, or nothing says which bytes it should hold.
    """
    suffix = "_p" if path.parent.name.endswith("_p") else ""
    remedy = f"Run `discover {stage}` with the config of this model to make it again."
    noted = path.parent / f"manifest_{stage}{suffix}.json"
    manifest = read_manifest(noted)
    # The manifest is of the style that was made last, and keeps the hashes of other styles.
    hashes = {**manifest.earlier, **manifest.outputs} if manifest is not None else {}
    if path.name not in hashes:
        what = "is missing or damaged" if manifest is None else f"does not list {path.name}"
        raise AlteredError(f"{noted} {what}, so {path.name} cannot be checked. {remedy}")
    check_files({path: hashes[path.name]}, remedy=remedy)
