"""Readers of log formats that are not the project's own: tables in, a home's log out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import file_sha256
from discover.core.errors import DataError
from discover.core.home import Home, Sensor
from discover.core.registry import Registry
from discover.core.tables import ANNOTATIONS, EVENTS, validate_table
from discover.core.window_set import EventLog
from discover.homes._clean import hole_starts
from discover.homes._interval_import import interval_annotations
from discover.homes._log_report import log_report
from discover.homes.activity_labels import with_labels
from discover.homes.places import guess_sensor
from discover.homes.report import ImportReport, refused_problems

__all__ = ["READERS", "LogTables", "Reader", "import_with", "log_of_tables"]


@dataclass(frozen=True)
class LogTables:
    """What a reader finds in a log.

    Attributes:
        events: One row per event: `time` (Datetime, the home's wall clock), `sensor` and `state` (String),
            `line` (1-based). `value` (Float64, a reading) may be there. Any order of rows.
        n_lines: Lines of the log, those that are no events included.
        activities: `begin`, `end` (Datetime) and `label` (String) per annotated interval; None without any.
        rejected: `line`, `reason` and `text` of every line that could not be read; None if there is none.
    """

    events: pl.DataFrame
    n_lines: int
    activities: pl.DataFrame | None = None
    rejected: pl.DataFrame | None = None


class Reader(Protocol):
    """Reads a log of one format. It guesses nothing about sensors: that is done the same way for all."""

    def __call__(self, path: Path) -> LogTables:
        """Read a log.

        Raises:
            DataError: It is not of this format.
        """
        ...


READERS: Registry[Reader] = Registry("log reader", "discover.readers", {})
"""Readers by name; the project's own formats need none, `import_log` recognises them."""

Columns = Mapping[str, type[pl.DataType] | pl.DataType]

_EVENT_COLUMNS: Columns = {
    "time": pl.Datetime("us"),
    "sensor": pl.String,
    "state": pl.String,
    "line": pl.UInt32,
}
_ACTIVITY_COLUMNS: Columns = {"begin": pl.Datetime("us"), "end": pl.Datetime("us"), "label": pl.String}
_REJECTED_COLUMNS: Columns = {"line": pl.UInt32, "reason": pl.String, "text": pl.String}


def import_with(
    reader: str, path: Path, home: Home, *, source: str
) -> tuple[EventLog, ImportReport, pl.DataFrame]:
    """The log, its account and its refused lines, as the reader of a name finds them.

    Raises:
        ConfigError: No reader has this name.
        DataError: The reader's tables lack a column or a value, or hold no event.
    """
    found = READERS[reader](path)
    events = _checked(found.events, _EVENT_COLUMNS, reader, "events")
    if not len(events):
        raise DataError(f"The reader '{reader}' finds no event in {path}. Is the log of its format?")
    no_activity = pl.DataFrame(schema=_ACTIVITY_COLUMNS)
    activities = no_activity if found.activities is None else found.activities
    activities = _checked(activities, _ACTIVITY_COLUMNS, reader, "activities")
    no_rejected = pl.DataFrame(schema=_REJECTED_COLUMNS)
    rejected = no_rejected if found.rejected is None else found.rejected
    rejected = _checked(rejected, _REJECTED_COLUMNS, reader, "rejected")
    log, unknown, holes = log_of_tables(
        home, events.sort("time", maintain_order=True), activities, source=source
    )
    report = log_report(
        log, source=source, sha256=file_sha256(path), holes=holes, unknown=unknown, others=(),
        problems=refused_problems(rejected),
        lines=found.n_lines,
        blank_lines=0,
        rows_read=found.n_lines - len(rejected),
        rejected_lines=len(rejected),
        activity_rows=len(activities),
    )  # fmt: skip
    return log, report, rejected


def log_of_tables(
    home: Home, events: pl.DataFrame, activities: pl.DataFrame, *, source: str, silent: Iterable[str] = ()
) -> tuple[EventLog, tuple[str, ...], NDArray[np.int64]]:
    """Typed tables from plain ones: sensors and labels that the home lacks are added.

    Args:
        home: What is known.
        events: `time`, `sensor`, `state` and `line`, sorted by time; `value` may be there.
        activities: `begin`, `end`, `label`.
        source: Name of the log, for errors.
        silent: Further sensors of the home, which have no event.

    Returns:
        The log, the ids of sensors that the home did not list, and the event numbers right after a gap of
        a day or more.
    """
    known = {s.id for s in home.sensors}
    counted = events.group_by("sensor", "state").len().sort("len", "state", descending=[True, False])
    seen = dict(counted.group_by("sensor", maintain_order=True).agg(pl.col("state")).iter_rows())
    names = sorted({*seen, *silent} - known)
    added = [guess_sensor(name, states=seen.get(name, ["OFF"])) for name in names]
    sensors: list[Sensor] = sorted([*home.sensors, *added], key=lambda s: s.id)
    completed = home.model_copy(update={"sensors": tuple(sensors)})
    value = pl.col("value").cast(pl.Float64) if "value" in events.columns else pl.lit(None, dtype=pl.Float64)
    typed = events.with_columns(
        pl.col("sensor").cast(pl.Enum([s.id for s in completed.sensors])),
        pl.col("state").cast(pl.Enum(sorted(set(events["state"])))),
        value.alias("value"),
        resident=pl.lit(None, dtype=pl.String),
    ).select(list(EVENTS))
    times = typed["time"].to_physical().to_numpy()
    holes = hole_starts(times)
    completed, scored = with_labels(completed, activities["label"].to_list())
    annotations = interval_annotations(activities, activities["label"], scored, times, holes)
    log = EventLog(
        completed, validate_table(typed, EVENTS, source), validate_table(annotations, ANNOTATIONS, source)
    )
    return log, tuple(s.id for s in added), holes


def _checked(table: pl.DataFrame, columns: Columns, reader: str, name: str) -> pl.DataFrame:
    """A reader's table with the right types; columns of other names are left as they are."""
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise DataError(
            f"The reader '{reader}' gives {name} without {', '.join(missing)}. It must give them."
        )
    try:
        typed = table.with_columns(pl.col(c).cast(kind) for c, kind in columns.items())
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The reader '{reader}' gives {name} of wrong types: {error!s:.200}.") from error
    empty = [c for c in columns if typed[c].null_count()]
    if empty:
        raise DataError(
            f"The reader '{reader}' gives {name} without a value in {', '.join(empty)}. A line that lacks "
            "one belongs to rejected, with its reason."
        )
    return typed
