"""A home's event table on disk: one Parquet file per month, and events.json that lists them.

While a log grows, only its last month is written again. Sensors and states are text in the files of months;
events.json holds their order, which gives the codes.
"""

import hashlib
import io
from pathlib import Path

import polars as pl

from discover.core.artifacts import atomic_path, check_files, file_sha256, read_json, write_json
from discover.core.errors import ArtifactError
from discover.core.reading import mapping_of, taken_apart
from discover.core.table_files import read_table
from discover.core.tables import EVENTS, validate_table

__all__ = ["EVENTS_FILE", "events_file", "read_events", "write_events"]

EVENTS_FILE = "events.json"
"""Lists the months; stands for the whole table where its hash is noted."""

_ONE_FILE = "events.parquet"
_AGAIN = "Run `discover run` (or `discover homes import`) to import the log again."
_NAMES = ("sensor", "state")
_MONTH = {**EVENTS, "sensor": pl.String, "state": pl.String}


def events_file(folder: Path) -> Path:
    """What stands for a folder's event table: events.json, or the file of a table that is not by month."""
    return folder / _ONE_FILE if (folder / _ONE_FILE).is_file() else folder / EVENTS_FILE


def write_events(folder: Path, events: pl.DataFrame) -> list[Path]:
    """Write a table that is sorted by time, by month; a month that is as it was is left alone.

    Returns:
        events.json, then the files of the months.
    """
    checked = validate_table(events, EVENTS, EVENTS_FILE)
    months = checked["time"].dt.strftime("%Y-%m").rle().struct.unnest()
    listed, paths, first = [], [], 0
    for count, month in months.iter_rows():
        path = folder / "events" / f"{month}.parquet"
        part = checked.slice(first, count).with_columns(pl.col(_NAMES).cast(pl.String))
        listed.append({"file": path.name, "rows": count, "sha256": _write_if_new(path, part)})
        paths.append(path)
        first += count
    orders = {name: checked.schema[name].categories.to_list() for name in _NAMES}  # type: ignore[attr-defined]
    write_json(folder / EVENTS_FILE, {**orders, "months": listed})
    (folder / _ONE_FILE).unlink(missing_ok=True)
    for path in (folder / "events").glob("*.parquet"):
        if path not in paths:
            path.unlink()
    return [folder / EVENTS_FILE, *paths]


def _write_if_new(path: Path, part: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    part.write_parquet(buffer, compression="zstd", statistics=False)
    digest = hashlib.sha256(buffer.getbuffer()).hexdigest()
    if not path.is_file() or file_sha256(path) != digest:
        with atomic_path(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
    return digest


def read_events(folder: Path) -> pl.DataFrame:
    """Read what `write_events` wrote, or a table in one file.

    Raises:
        ArtifactError: A file is missing, damaged, or not the one that was written.
    """
    path = events_file(folder)
    if path.name == _ONE_FILE:
        return read_table(path, EVENTS)
    with taken_apart(path, _AGAIN):
        content = mapping_of(read_json(path), path, *_NAMES, "months")
        listed = {folder / "events" / Path(m["file"]).name: str(m["sha256"]) for m in content["months"]}
        kinds = {name: pl.Enum(content[name]) for name in _NAMES}
    check_files(listed, remedy=_AGAIN)
    parts = [read_table(part, _MONTH) for part in listed]
    try:
        table = pl.concat([pl.DataFrame(schema=dict(_MONTH)), *parts])  # type: ignore[arg-type]
        return table.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())
    except pl.exceptions.PolarsError as error:
        raise ArtifactError(f"{path} does not list every sensor and state of its months. {_AGAIN}") from error
