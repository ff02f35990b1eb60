"""Tables of intervals become events, annotations and the account of every line.

A sensor interval is two events, ON where it begins and OFF where it ends; an activity is an annotation.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.tables import ANNOTATIONS, EVENTS, validate_table
from discover.core.window_set import EventLog
from discover.homes._clean import hole_starts
from discover.homes._interval_report import interval_report
from discover.homes._interval_sensors import complete_interval_sensors, sensor_ids
from discover.homes.activity_labels import with_labels
from discover.homes.interval_files import IntervalFiles
from discover.homes.interval_reader import read_interval_table, read_names
from discover.homes.report import ImportReport

__all__ = ["import_intervals", "interval_annotations", "interval_events"]

_STATES = ("OFF", "ON")


def import_intervals(
    files: IntervalFiles, home: Home, *, source: str, sha256: str
) -> tuple[EventLog, ImportReport, pl.DataFrame]:
    """Read the tables of one home.

    Args:
        files: Where they are.
        home: What is known of the home; sensors and labels it lacks are added.
        source: Name of the log for the report.
        sha256: Of all its files.

    Returns:
        The log, the report, and the refused lines (line, reason, text, file).

    Raises:
        DataError: A table cannot be read, or holds no sensor interval.
    """
    zone = home.time_zone if "time_zone" in home.model_fields_set else ""
    sensors = read_interval_table(files.sensors, sensors=True, time_zone=zone)
    if not len(sensors.rows):
        raise DataError(
            f"{files.sensors.path} holds no sensor interval that can be read. Expected lines like "
            "`25-Feb-2008 00:20:14<TAB>25-Feb-2008 00:22:57<TAB>24<TAB>1`."
        )
    activities = None
    if files.activities is not None:
        activities = read_interval_table(files.activities, sensors=False, time_zone=zone)
    ids = sensor_ids(sensors.rows)
    completed, unknown = complete_interval_sensors(
        home, sensors.rows, ids, {**sensors.names, **read_names(files.sensor_names)}
    )
    events = interval_events(sensors.rows, ids, [s.id for s in completed.sensors])
    times = events["time"].to_physical().to_numpy()
    holes = hole_starts(times)
    annotations = pl.DataFrame(schema=dict(ANNOTATIONS))  # type: ignore[arg-type]
    if activities is not None:
        names = {**activities.names, **read_names(files.activity_names)}
        raw = activities.rows["fields"].list.first().replace(names)
        completed, scored = with_labels(completed, raw.to_list())
        annotations = interval_annotations(activities.rows, raw, scored, times, holes)
    tables = [table for table in (sensors, activities) if table is not None]
    log = EventLog(completed, events, validate_table(annotations, ANNOTATIONS, source))
    report = interval_report(source, sha256, log, tables, holes, unknown, files.others)
    rejected = pl.concat([t.rejected.with_columns(file=pl.lit(t.name)) for t in tables])
    return log, report, rejected


def interval_events(rows: pl.DataFrame, ids: pl.Series, sensor_names: list[str]) -> pl.DataFrame:
    """`core.tables.EVENTS`: by time; at one time by line, ON before the OFF of the same line."""
    halves = [
        rows.select("line", time=column, sensor=ids, state=pl.lit(state), half=pl.lit(half))
        for half, (column, state) in enumerate((("begin", "ON"), ("end", "OFF")))
    ]
    events = (
        pl.concat(halves)
        .sort("time", "line", "half")
        .with_columns(
            pl.col("sensor").cast(pl.Enum(sensor_names)),
            pl.col("state").cast(pl.Enum(list(_STATES))),
            value=pl.lit(None, dtype=pl.Float64),
            resident=pl.lit(None, dtype=pl.String),
        )
    )
    return validate_table(events.select(list(EVENTS)), EVENTS, "events")


def interval_annotations(
    rows: pl.DataFrame,
    raw: pl.Series,
    scored: dict[str, str],
    times: NDArray[np.int64],
    holes: NDArray[np.int64],
) -> pl.DataFrame:
    """`core.tables.ANNOTATIONS`: the events inside are those from begin to end, both included.

    Times stay those of the table, except where an activity spans a hole in the recording: it then ends at
    the last event before the hole. An activity during which no sensor fired has no events.
    """
    begin = rows["begin"].to_physical().to_numpy()
    end = rows["end"].to_physical().to_numpy().copy()
    first = np.searchsorted(times, begin, side="left")
    stop = np.searchsorted(times, end, side="right")
    # a hole is spanned when it has events of the activity on both of its sides: first < hole < stop
    bounds = np.append(holes, len(times))
    next_hole = bounds[np.searchsorted(holes, first, side="right")]
    spans = next_hole < stop
    stop = np.where(spans, next_hole, stop)
    end[spans] = times[next_hole[spans] - 1]
    table = pl.DataFrame(
        {
            "activity": raw.replace_strict(scored, return_dtype=pl.String),
            "raw_label": raw,
            "resident": pl.repeat(None, len(raw), dtype=pl.String, eager=True),
            "first_event": first.astype(np.int64),
            "n_events": (stop - first).astype(np.int64),
            "begin": pl.Series(begin).cast(pl.Datetime("us")),
            "end": pl.Series(end).cast(pl.Datetime("us")),
            "closed_by": pl.Series(np.where(spans, "hole", "table"), dtype=pl.String),
        }
    )
    return table.sort("begin", "first_event", "n_events", maintain_order=True)
