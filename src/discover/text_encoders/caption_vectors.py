"""Vectors of a whole captions table: each distinct caption once, in chunks that survive a kill."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path
from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ArtifactError, DataError
from discover.core.progress import SILENT, Progress
from discover.core.reading import read_npz
from discover.core.row_keys import KeptRows, text_keys
from discover.core.tables import CAPTIONS, validate_table
from discover.text_encoders.encoder import TextEncoder

__all__ = ["caption_keys", "encode_captions"]

Batch = tuple[NDArray[np.int64], list[list[int]]]


def encode_captions(
    captions: pl.DataFrame,
    encoder: TextEncoder,
    *,
    chunk_folder: Path | None = None,
    known: Sequence[KeptRows] = (),
    progress: Progress = SILENT,
) -> EmbeddingTable:
    """One vector per caption row.

    Args:
        captions: `core.tables.CAPTIONS`.
        encoder: From `build_text_encoder`.
        chunk_folder: Where finished chunks are kept, each under a hash of the encoder and its texts. A run
            that was cut off goes on from there and gives the same bytes. None: nothing is kept.
        known: Vectors made before, by `caption_keys`; a text that is among them is not encoded again.
        progress: Told the number of distinct captions done.

    Returns:
        Rows in the order of `captions`; meta as in discover-v2's files, with weights_sha256.

    Raises:
        DataError: There is no caption, or a vector is not finite.
    """
    table = validate_table(captions, CAPTIONS, "captions")
    if not len(table):
        raise DataError("There are no captions to encode. Run `discover caption` for these windows first.")
    distinct = table["caption"].unique().sort()
    row_of = table["caption"].replace_strict(distinct, np.arange(len(distinct)), return_dtype=pl.Int64)
    dtype = np.dtype(encoder.config.output_dtype)
    vectors = np.zeros((len(distinct), encoder.dim), dtype=dtype)
    keys, is_new = caption_keys(distinct, encoder), np.ones(len(distinct), dtype=np.bool_)
    for kept in known:
        rows = kept.find(keys)
        vectors[rows >= 0] = kept.rows[rows[rows >= 0]]
        is_new &= rows < 0
    new = np.flatnonzero(is_new)
    texts = distinct.gather(new)
    progress.start("encoding captions", len(new))
    begun, done = time.monotonic(), 0
    for chunk in _chunks(encoder.batches(texts.to_list()), encoder.config.chunk_texts):
        rows = np.concatenate([rows for rows, _ in chunk])
        vectors[new[rows]] = _chunk_vectors(chunk, texts.gather(rows).to_list(), encoder, dtype, chunk_folder)
        done += len(rows)
        progress.advance(len(rows), f"{done / (time.monotonic() - begun):,.0f} captions/s")
    reused = f", {len(distinct) - len(new):,} known" if known else ""
    progress.finish(f"{len(table):,} captions, {len(distinct):,} of them distinct{reused}")
    ids = table["window_id"].to_numpy().astype(np.str_)
    return EmbeddingTable(
        vectors[row_of.to_numpy()],
        ids,
        table["caption_index"].to_numpy(),
        _meta(encoder, table, len(distinct)),
    )


def caption_keys(texts: pl.Series, encoder: TextEncoder) -> NDArray[np.uint64]:
    """(N,) key of each text and of the encoder, under which its vector is found again."""
    return text_keys(texts, {"dtype": encoder.config.output_dtype, **encoder.meta})


def _meta(encoder: TextEncoder, table: pl.DataFrame, n_distinct: int) -> dict[str, Any]:
    windows = table["window_id"].n_unique()
    return {
        **encoder.meta,
        "num_unique_samples": windows,
        "avg_captions_per_sample": len(table) / windows,
        "num_distinct_captions": n_distinct,
    }


def _chunks(batches: Sequence[Batch], least: int) -> list[list[Batch]]:
    """Runs of batches with at least `least` texts; batches stay whole, so vectors do not depend on it."""
    chunks: list[list[Batch]] = [[]]
    size = 0
    for batch in batches:
        if size >= least:
            chunks.append([])
            size = 0
        chunks[-1].append(batch)
        size += len(batch[0])
    return chunks if batches else []


def _chunk_vectors(
    chunk: Sequence[Batch],
    texts: Sequence[str],
    encoder: TextEncoder,
    dtype: np.dtype[Any],
    folder: Path | None,
) -> NDArray[np.floating]:
    path = None if folder is None else folder / f"{_key(chunk, texts, encoder, dtype)}.npz"
    shape = (len(texts), encoder.dim)
    kept = None if path is None else _read(path, shape, dtype)
    if kept is not None:
        return kept
    vectors = np.concatenate([encoder.run_batch(tokens) for _, tokens in chunk]).astype(dtype)
    if path is not None:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, vectors=vectors)
    return vectors


def _key(chunk: Sequence[Batch], texts: Sequence[str], encoder: TextEncoder, dtype: np.dtype[Any]) -> str:
    """Hash of all that decides a chunk's bytes; batch sizes count, since they can change the last bit."""
    facts = {**encoder.meta, "dtype": dtype.name, "batches": [len(rows) for rows, _ in chunk]}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for text in texts:
        digest.update(b"\0" + text.encode())
    return digest.hexdigest()[:32]


def _read(path: Path, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[np.floating] | None:
    """A kept chunk, or None where there is none or it is damaged (it is then encoded again)."""
    try:
        vectors: NDArray[Any] = read_npz(path)["vectors"]
    except (ArtifactError, KeyError):
        return None
    return vectors if vectors.shape == shape and vectors.dtype == dtype else None
