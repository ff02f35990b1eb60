"""The part of a sampling that a model is fitted to: its hash, in a file that a growing log leaves alone.

Days that are added to a log are test days, so training need not run again for them. The align stage reads
these hashes in place of whole tables.
"""

import hashlib
from pathlib import Path

import polars as pl

from discover.core.artifacts import write_json

__all__ = ["fitted_name", "note_fitted"]


def fitted_name(table: str) -> str:
    """Name of the file for a table: fitted_windows.json for windows.parquet."""
    return f"fitted_{Path(table).stem}.json"


def note_fitted(path: Path, windows: pl.DataFrame, keys: pl.DataFrame) -> None:
    """Write how many training and validation windows there are, and the hash of what is known of them.

    Args:
        path: The file.
        windows: `core.tables.WINDOWS`.
        keys: Columns window_id and key: one row or more per window, in a lasting order.
    """
    fitted = windows.filter(pl.col("split") != "test").select("window_id", pl.col("split").cast(pl.String))
    rows = fitted.join(keys, on="window_id", how="left", maintain_order="left_right")
    digest = hashlib.sha256()
    for row in rows.iter_rows():
        digest.update("\t".join(map(str, row)).encode() + b"\n")
    write_json(path, {"windows": len(fitted), "sha256": digest.hexdigest()})
