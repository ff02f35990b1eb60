"""Stages from windows to text vectors: caption, encode-text.

What an earlier run made is kept where it still holds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from discover.captions import caption_windows
from discover.captions.config import CaptionConfig
from discover.core.artifacts import atomic_path, file_sha256
from discover.core.embeddings import EmbeddingTable, save_embeddings
from discover.core.errors import ArtifactError
from discover.core.progress import Progress
from discover.core.reading import read_npz
from discover.core.row_keys import Keys, kept_rows, sealed_rows, window_keys
from discover.core.tables import CAPTIONS, WINDOWS
from discover.core.window_set import load_window_set, read_captions, read_table, write_table
from discover.pipeline.fitted_part import fitted_name, note_fitted
from discover.stages.stage import Stage, StageResult
from discover.text_encoders import build_text_encoder
from discover.text_encoders.caption_vectors import caption_keys, encode_captions
from discover.text_encoders.config import TextEncoderConfig

__all__ = ["caption_stage", "encode_stage"]


def caption_stage(
    folder: Path, name: str, captions: CaptionConfig, home_files: Mapping[str, Path], *, suffix: str
) -> Stage:
    """Describes the windows of a sampling folder.

    Args:
        folder: The sampling folder.
        name: Name of the captions' file.
        captions: How windows are described.
        home_files: home.yaml and events of the windows' home.
        suffix: End of the stage's name.
    """
    return Stage(
        name=f"caption{suffix}",
        title="describe windows",
        version=2,
        work=_caption,
        folder=folder,
        inputs={**home_files, "windows": folder / "windows.parquet"},
        outputs=[name],
        settings=captions,
        config=captions.model_dump(mode="json"),
    )


def _caption(stage: Stage, progress: Progress) -> StageResult:
    (output,) = stage.output_paths
    window_set = load_window_set(stage.folder)
    made_by = {"version": stage.version, **stage.config, "home": file_sha256(stage.inputs["home"])}
    keys, ids = window_keys(window_set, made_by), window_set.windows["window_id"]
    kept, is_new = _kept_captions(output, ids, keys)
    new = replace(window_set, windows=window_set.windows.filter(is_new))
    made = caption_windows(new, stage.settings, progress=progress)
    rows = pl.concat([kept, made])
    table = ids.to_frame().join(rows, on="window_id", how="left", maintain_order="left_right")
    write_table(output, table, CAPTIONS)
    with atomic_path(_keys_path(output)) as temporary, temporary.open("wb") as stream:
        named = ids.to_numpy().astype(np.str_)
        arrays = {"ids": named, "captions": np.array([file_sha256(output)]), **sealed_rows(named, keys)}
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    distinct = table.select(pl.col("caption").n_unique()).item()
    notes = {"new windows": int(is_new.sum())} if len(kept) else {}
    return StageResult([output], {"captions": len(table), "distinct": distinct}, notes)


def _keys_path(captions: Path) -> Path:
    return captions.with_name(f"{captions.stem}_keys.npz")


def _kept_captions(output: Path, ids: pl.Series, keys: Keys) -> tuple[pl.DataFrame, pl.Series]:
    """Captions of windows that are as they were, and which windows are not."""
    none = pl.DataFrame(schema=dict(CAPTIONS))  # type: ignore[arg-type]
    known = kept_rows(_keys_path(output), "ids")
    if known is None or not _is_whole(output):
        return none, pl.repeat(True, len(ids), eager=True)
    is_new = pl.Series(known.find(keys) < 0)
    return read_captions(output).filter(pl.col("window_id").is_in(ids.filter(~is_new).implode())), is_new


def _is_whole(output: Path) -> bool:
    try:
        noted = read_npz(_keys_path(output))["captions"]
        return output.is_file() and file_sha256(output) == str(noted[0])
    except (ArtifactError, KeyError, IndexError):
        return False


def encode_stage(
    folder: Path,
    captions_name: str,
    vectors_name: str,
    encoder: TextEncoderConfig,
    *,
    known: Path | None,
) -> Stage:
    """Encodes the captions of a sampling folder.

    Args:
        folder: The sampling folder.
        captions_name, vectors_name: Names of its captions and of their vectors.
        encoder: The text encoder.
        known: The sampling folder of free-running windows, where these are windows inside segments: most of
            their sentences are the same.
    """
    inputs = {"captions": folder / captions_name, "windows": folder / "windows.parquet"}
    if known is not None:
        inputs["known_vectors"] = known / vectors_name
    return Stage(
        name="encode-text" if known is None else "encode-text_p",
        title="encode captions",
        version=2,
        work=_encode,
        folder=folder,
        inputs=inputs,
        outputs=[vectors_name, fitted_name(vectors_name)],
        settings=encoder,
        config=encoder.model_dump(mode="json"),
    )


def _encode(stage: Stage, progress: Progress) -> StageResult:
    output, fitted = stage.output_paths
    model = build_text_encoder(stage.settings)
    chunks = stage.folder / f".chunks_{output.stem}"
    captions = read_captions(stage.inputs["captions"])
    earlier = (output, *(path for name, path in stage.inputs.items() if name == "known_vectors"))
    known = [rows for path in earlier if (rows := kept_rows(path, "embeddings")) is not None]
    table = encode_captions(captions, model, chunk_folder=chunks, known=known, progress=progress)
    keys = caption_keys(captions["caption"], model)
    save_embeddings(output, table, sealed_rows(table.vectors, keys))
    windows = read_table(stage.inputs["windows"], WINDOWS)
    note_fitted(fitted, windows, pl.DataFrame({"window_id": table.sample_ids, "key": _row_hashes(table)}))
    _remove_chunks(chunks)
    is_new = np.all([rows.find(keys) < 0 for rows in known], axis=0) if known else np.ones(0)
    notes = {"of new texts": int(is_new.sum())} if known else {}
    return StageResult([output, fitted], {"vectors": len(table.vectors)}, notes)


def _row_hashes(table: EmbeddingTable) -> list[str]:
    rows = np.ascontiguousarray(table.vectors)
    return [hashlib.sha256(row.data).hexdigest() for row in rows]


def _remove_chunks(folder: Path) -> None:
    # Only after the vectors are in place: a kill before this line costs nothing, one after it leaves
    # chunks that the next run of this stage replaces.
    for chunk in folder.glob("*"):
        chunk.unlink()
    if folder.is_dir():
        folder.rmdir()
