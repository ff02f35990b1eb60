"""Logs in three further shapes: blocks of lines, tables with one row a second, one table per sensor.

Each function takes the text and what is known of the home, and returns the log, its account and the refused
lines, as `_interval_import` does.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.tables import ANNOTATIONS, validate_table
from discover.core.window_set import EventLog
from discover.homes._blocks import read_blocks, read_sensor_list
from discover.homes._clean import hole_starts
from discover.homes._interval_import import interval_annotations, interval_events
from discover.homes._interval_sensors import complete_interval_sensors
from discover.homes._log_report import log_report
from discover.homes._sensor_files import read_sensor_files
from discover.homes._sources import Source
from discover.homes._state_table import read_state_table
from discover.homes.activity_labels import with_labels
from discover.homes.readers import log_of_tables
from discover.homes.report import SHOWN, ImportReport, Problem, refused_problems

__all__ = ["import_blocks", "import_sensor_files", "import_state_table"]

Imported = tuple[EventLog, ImportReport, pl.DataFrame]


def import_blocks(
    blocks: Source, sensors: Source | None, others: tuple[str, ...], home: Home, *, source: str, sha256: str
) -> Imported:
    """The MIT homes: `activities_data.csv` and, where it is there, `sensors.csv`.

    Raises:
        DataError: No block can be read.
    """
    found = read_blocks(blocks.text)
    if not len(found.activations):
        raise DataError(
            f"{blocks.path} holds no block that can be read. Expected five lines each: label, date, start "
            "and end; sensors; objects; times on; times off."
        )
    listed = read_sensor_list(sensors.text) if sensors is not None else {}
    n_listed = len(sensors.text.decode("utf-8", errors="replace").splitlines()) if sensors is not None else 0
    ids = found.activations["fields"].list.first().alias("sensor")
    columns = {sensor: [thing, "", room] for sensor, (room, thing) in listed.items()}
    completed, unknown = complete_interval_sensors(home, found.activations, ids, found.objects, columns)
    events = interval_events(found.activations, ids, [s.id for s in completed.sensors])
    times = events["time"].to_physical().to_numpy()
    holes = hole_starts(times)
    raw = found.activities["fields"].list.first()
    completed, scored = with_labels(completed, raw.to_list())
    annotations = interval_annotations(found.activities, raw, scored, times, holes)
    log = EventLog(completed, events, validate_table(annotations, ANNOTATIONS, source))
    impossible = found.rejected.filter(pl.col("reason") == "no such date or time")
    problems = [
        *refused_problems(found.rejected),
        Problem(
            problem="activations that a further activity lists again",
            count=found.repeated,
            done="kept once",
        ),
        Problem(
            problem="blocks with a date or time that does not exist",
            count=len(impossible) // 5,
            done="left out with their sensors",
        ),
    ]
    report = log_report(
        log, source=source, sha256=sha256, holes=holes, unknown=unknown, others=others, problems=problems,
        lines=found.n_lines + n_listed,
        rows_read=found.rows_read + n_listed,
        blank_lines=found.n_blank,
        rejected_lines=len(found.rejected),
        sensor_intervals=len(found.activations),
        activity_rows=len(found.activities),
    )  # fmt: skip
    return log, report, found.rejected.with_columns(file=pl.lit(blocks.name))


def import_state_table(table: Source, home: Home, *, source: str, sha256: str) -> Imported:
    """One column per sensor and one row a second (OpenSHS).

    Raises:
        DataError: No state changes in any row.
    """
    found = read_state_table(table.text)
    if not len(found.events):
        raise DataError(
            f"{table.path} is a table with one column per sensor ({', '.join(found.sensors[:5])}, ...), and "
            "no state changes in it, so it holds no event. Give a longer part of it."
        )
    log, unknown, holes = log_of_tables(home, found.events, found.runs, source=source, silent=found.sensors)
    problems = [
        *refused_problems(found.rejected),
        Problem(
            problem="rows that are no event: nothing changes from the row before",
            count=found.n_rows - log.events["line"].n_unique(),
            done="read; an event is a change",
        ),
        Problem(
            problem="jumps of more than a minute between two rows",
            count=found.jumps,
            done="a label ends before the jump",
        ),
        Problem(
            problem="rows earlier than the row before them",
            count=len(found.late),
            first_lines=found.late[:SHOWN],
            done="sorted by time",
        ),
    ]
    report = log_report(
        log, source=source, sha256=sha256, holes=holes, unknown=unknown, others=(),
        problems=problems,
        lines=found.n_lines, rows_read=found.n_rows, heading_lines=1, blank_lines=found.n_blank,
        rejected_lines=len(found.rejected), labels_per_line=True,
    )  # fmt: skip
    return log, report, found.rejected


def import_sensor_files(
    files: Sequence[Source],
    others: tuple[str, ...],
    home: Home,
    *,
    source: str,
    sha256: str,
    where: Path,
) -> Imported:
    """A folder or archive with one table per sensor, and tables of activities where there are any.

    Raises:
        DataError: No reading changes in any file, or times have an offset and the home has no zone.
    """
    found = read_sensor_files(files, home)
    if not len(found.events):
        raise DataError(
            f"{where} holds one table per sensor, and no row of them has a reading, so it holds no event. "
            "Give the tables of another day."
        )
    log, _, holes = log_of_tables(found.home, found.events, found.activities, source=source)
    problems = [
        *refused_problems(found.rejected),
        Problem(
            problem="rows that are no event: the reading is that of the row before",
            count=found.repeats,
            done="read; an event is a change",
        ),
    ]
    known = {s.id for s in home.sensors}
    report = log_report(
        log, source=source, sha256=sha256, holes=holes, others=others, problems=problems,
        unknown=tuple(s.id for s in log.home.sensors if s.id not in known),
        lines=found.n_lines, rows_read=found.n_rows, heading_lines=found.n_headings,
        blank_lines=found.n_blank, rejected_lines=len(found.rejected),
    )  # fmt: skip
    return log, report, found.rejected
