"""Typed tables as Parquet files."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError
from discover.core.tables import validate_table

__all__ = ["read_table", "write_table"]


def read_table(path: Path, schema: Mapping[str, object]) -> pl.DataFrame:
    """Read and check one Parquet table.

    Raises:
        ArtifactError: Missing or damaged file.
        DataError: Another table than expected.
    """
    if not path.is_file():
        raise ArtifactError(f"No table at {path}. Run the stage that makes it first.")
    try:
        with _panics_unprinted():
            table = pl.read_parquet(path)
    except BaseException as error:
        # polars panics on some damaged files, with a class of its own that is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = " ".join(str(error).split())[:200]
        raise ArtifactError(
            f"{path} is not a readable Parquet file ({type(error).__name__}: {said}). "
            "Delete it and run its stage again."
        ) from error
    return validate_table(table, schema, str(path))


@contextlib.contextmanager
def _panics_unprinted() -> Iterator[None]:
    """Keep the back traces that polars' threads print to standard error away from the terminal."""
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def write_table(path: Path, table: pl.DataFrame, schema: Mapping[str, object]) -> None:
    """Check one table and write it as Parquet, atomically and with the same bytes for the same rows."""
    checked = validate_table(table, schema, path.name)
    with atomic_path(path) as temporary:
        checked.write_parquet(temporary, compression="zstd", statistics=False)
