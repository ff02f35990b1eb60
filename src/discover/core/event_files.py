"""A home's event table on disk: one Parquet file per month, and events.json that lists them.

While a log grows, only the months that changed are written again. A file's name holds its content's hash, and
events.json takes the place of the one before in one step: a writer that is killed leaves the table it found.
Sensors and states are text in the files of months; events.json holds their order, which gives the codes.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.artifacts import atomic_path, check_files, read_json, write_json
from discover.core.errors import ArtifactError
from discover.core.reading import mapping_of, taken_apart
from discover.core.table_files import read_table
from discover.core.tables import EVENTS, validate_table

__all__ = ["EVENTS_FILE", "EventMonths", "events_file", "read_events", "write_events"]

EVENTS_FILE = "events.json"
"""Lists the months; stands for the whole table where its hash is noted."""

_ONE_FILE = "events.parquet"
_AGAIN = "Run `discover run` (or `discover homes import`) to import the log again."
_NAMES = ("sensor", "state")
_MONTH = {**EVENTS, "sensor": pl.String, "state": pl.String}


def events_file(folder: Path) -> Path:
    """What stands for a folder's event table: events.json, or the file of a table that is not by month."""
    return folder / _ONE_FILE if (folder / _ONE_FILE).is_file() else folder / EVENTS_FILE


@dataclass(frozen=True)
class EventMonths:
    """The months of an event table on disk.

    Attributes:
        folder: The home's folder.
        orders: Names of all `sensor`s and `state`s; a name's place is its code.
        months: Month such as "2024-05" -> its file's `file`, `rows` and `sha256`, oldest first.
    """

    folder: Path
    orders: Mapping[str, Sequence[str]]
    months: Mapping[str, Mapping[str, object]]

    @classmethod
    def of(cls, folder: Path) -> "EventMonths":
        """The months that events.json lists.

        Raises:
            ArtifactError: It is missing or damaged.
        """
        path = folder / EVENTS_FILE
        with taken_apart(path, _AGAIN):
            content = mapping_of(read_json(path), path, *_NAMES, "months")
            months = [mapping_of(m, path, "file", "rows", "sha256") for m in content["months"]]
            listed = {Path(m["file"]).name[:7]: m for m in months}
            if len(listed) < len(months):
                raise ValueError("a month is listed twice")
            return cls(folder, {name: [str(n) for n in content[name]] for name in _NAMES}, listed)

    def read(self, month: str) -> pl.DataFrame:
        """The events of one month, sensors and states as text.

        Raises:
            ArtifactError: The file is missing, damaged, or not the one that was written.
        """
        path = self.folder / "events" / Path(str(self.months[month]["file"])).name
        check_files({path: str(self.months[month]["sha256"])}, remedy=_AGAIN)
        return read_table(path, _MONTH)

    def replace(
        self, changed: Iterable[tuple[str, pl.DataFrame]], orders: Mapping[str, Sequence[str]]
    ) -> "EventMonths":
        """Write some months anew, one at a time; the others stay. The table changes when all are written.

        Args:
            changed: Month and its events, sorted by time, sensors and states as text; no event: no month.
            orders: All names, for `orders`.
        """
        months = dict(self.months)
        for month, part in changed:
            months.pop(month, None)
            if len(part):
                months[month] = _write_month(self.folder / "events", month, part)
        listed = dict(sorted(months.items()))
        paths = {self.folder / "events" / str(m["file"]) for m in listed.values()}
        names = {name: list(orders[name]) for name in _NAMES}
        write_json(self.folder / EVENTS_FILE, {**names, "months": list(listed.values())})
        (self.folder / _ONE_FILE).unlink(missing_ok=True)
        for path in (self.folder / "events").glob("*.parquet"):
            if path not in paths:
                path.unlink()
        return EventMonths(self.folder, names, listed)


def write_events(folder: Path, events: pl.DataFrame) -> list[Path]:
    """Write a table that is sorted by time, by month; a month that is as it was is left alone.

    Returns:
        events.json, then the files of the months.
    """
    checked = validate_table(events, EVENTS, EVENTS_FILE)
    orders = {name: checked.schema[name].categories.to_list() for name in _NAMES}  # type: ignore[attr-defined]
    written = EventMonths(folder, orders, {}).replace(_by_month(checked), orders)
    files = [folder / "events" / str(m["file"]) for m in written.months.values()]
    return [folder / EVENTS_FILE, *files]


def _by_month(events: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    months = events["time"].dt.strftime("%Y-%m").rle().struct.unnest()
    first = 0
    for count, month in months.iter_rows():
        yield month, events.slice(first, count).with_columns(pl.col(_NAMES).cast(pl.String))
        first += count


def _write_month(folder: Path, month: str, part: pl.DataFrame) -> dict[str, object]:
    buffer = io.BytesIO()
    part.write_parquet(buffer, compression="zstd", statistics=False)
    digest = hashlib.sha256(buffer.getbuffer()).hexdigest()
    path = folder / f"{month}-{digest[:12]}.parquet"
    if not path.is_file() or path.read_bytes() != buffer.getbuffer():
        with atomic_path(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
    return {"file": path.name, "rows": len(part), "sha256": digest}


def read_events(folder: Path) -> pl.DataFrame:
    """Read what `write_events` wrote, or a table in one file.

    Raises:
        ArtifactError: A file is missing, damaged, or not the one that was written.
    """
    path = events_file(folder)
    if path.name == _ONE_FILE:
        return read_table(path, EVENTS)
    table = EventMonths.of(folder)
    with taken_apart(path, _AGAIN):
        kinds = {name: pl.Enum(table.orders[name]) for name in _NAMES}
    parts = [table.read(month) for month in table.months]
    try:
        whole = pl.concat([pl.DataFrame(schema=dict(_MONTH)), *parts])  # type: ignore[arg-type]
        return whole.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())
    except pl.exceptions.PolarsError as error:
        raise ArtifactError(f"{path} does not list every sensor and state of its months. {_AGAIN}") from error
