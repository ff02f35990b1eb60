"""discover-v2's captions and vocabulary files."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from discover.core.artifacts import atomic_path, write_text
from discover.core.errors import DataError
from discover.core.tables import CAPTIONS
from discover.core.vocabulary import Vocabulary
from discover.interop.stream import stream_items

__all__ = ["read_v2_captions", "write_v2_captions", "write_v2_vocabulary"]


def read_v2_captions(path: Path | str, *, style: str | None = None) -> pl.DataFrame:
    """Read `<split>_captions_<style>.json` or `<split>_llm_<backend>_<model>.json`.

    Args:
        path: The file.
        style: Style of the rows; None takes it from the file name.

    Returns:
        `core.tables.CAPTIONS`. A caption repeated within a window is kept once, so that captions of
        one window are distinct.

    Raises:
        DataError: Damaged JSON (with the position), or an entry without id or captions.
    """
    path = Path(path)
    if style is None:
        stem = path.stem
        style = stem.split("_captions_", 1)[1] if "_captions_" in stem else stem.split("_", 1)[-1]
    ids: list[str] = []
    indices: list[int] = []
    texts: list[str] = []
    for number, entry in enumerate(stream_items(path, "captions")):
        name, captions = entry.get("sample_id"), entry.get("captions")
        if isinstance(captions, str):
            captions = [captions]
        if not isinstance(name, str) or not isinstance(captions, list) or not captions:
            raise DataError(
                f"{path}: entry {number} has no sample_id or no captions. Write the captions again."
            )
        distinct = list(dict.fromkeys(_text(caption, path, name) for caption in captions))
        ids += [name] * len(distinct)
        indices += range(len(distinct))
        texts += distinct
    return pl.DataFrame(
        {"window_id": ids, "caption_index": indices, "style": [style] * len(ids), "caption": texts},
        schema=dict(CAPTIONS),  # type: ignore[arg-type]
    )


def write_v2_captions(path: Path, captions: pl.DataFrame) -> Path:
    """Write captions as discover-v2's JSON, windows in the table's order; return the path."""
    grouped = (
        captions.sort("caption_index", maintain_order=True)
        .group_by("window_id", maintain_order=True)
        .agg("caption", pl.col("style").first())
    )
    order = captions["window_id"].unique(maintain_order=True).to_frame()
    grouped = order.join(grouped, on="window_id", how="left", maintain_order="left")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write('{"captions": [\n')
        for number, (name, texts, style) in enumerate(
            grouped.select("window_id", "caption", "style").iter_rows()
        ):
            entry = {"sample_id": name, "captions": texts, "metadata": {"style": style}}
            stream.write((",\n" if number else "") + json.dumps(entry, ensure_ascii=False))
        stream.write("\n]}\n")
    return path


def write_v2_vocabulary(path: Path, vocabulary: Vocabulary) -> Path:
    """Write `{field: {value: index}}` with UNK 0 and values from 1, sorted; return the path."""
    table = {
        field: {value: index for index, value in enumerate(("UNK", *sorted(values)))}
        for field, values in vocabulary.values.items()
    }
    write_text(path, json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    return path


def _text(caption: Any, path: Path, name: str) -> str:
    """A caption is a string, or an object that holds it under `text` or `caption`."""
    if isinstance(caption, dict):
        caption = caption.get("text") or caption.get("caption")
    if not isinstance(caption, str) or not caption.strip():
        raise DataError(f"{path}: a caption of {name} is no text. Write the captions again.")
    return caption
