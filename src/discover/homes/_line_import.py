"""Lines of events become the event table: one file or joined sessions, with or without a table of activities.

In: `LogPlan` and what is known of the home. Out: the log, its account, the refused lines.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.tables import ANNOTATIONS, validate_table
from discover.core.window_set import EventLog
from discover.homes._annotations import interval_table
from discover.homes._build_report import build_report
from discover.homes._id_lists import id_names, with_areas
from discover.homes._interval_import import interval_annotations
from discover.homes._interval_report import table_problems
from discover.homes._interval_shapes import SEPARATORS
from discover.homes._plan import LogPlan
from discover.homes._sensors_seen import complete_sensors
from discover.homes._sessions import (
    JoinedLog,
    file_accounts,
    join_files,
    label_files,
    naming_hint,
    refuse_several_homes,
    with_file_column,
)
from discover.homes.activity_labels import with_labels
from discover.homes.casas_reader import CasasLog, read_casas
from discover.homes.interval_files import table_shape
from discover.homes.interval_reader import IntervalTable, read_interval_table
from discover.homes.report import ImportReport, Problem

__all__ = ["import_lines"]


def import_lines(
    plan: LogPlan, home: Home, places: Mapping[str, tuple[str, str]], *, source: str
) -> tuple[EventLog, ImportReport, pl.DataFrame]:
    """Read the events of one home.

    Raises:
        DataError: No event can be read, or the files are those of several homes.
    """
    joined = join_files(plan.files) if len(plan.files) > 1 else None
    raw = _read(plan, joined, home, places)
    devices = id_names(plan.lists, "device")
    raw = replace(raw, clean=replace(raw.clean, sensor_ids=[devices.get(s, s) for s in raw.clean.sensor_ids]))
    completed, unknown = complete_sensors(home, raw, dict(places))
    completed = with_areas(completed, plan.lists)
    events = raw.events([s.id for s in completed.sensors])
    if joined is not None:
        refuse_several_homes(joined, events, str(plan.where))
        if home.session_files and not raw.intervals.label:
            lines = events["line"].to_numpy()
            raw = replace(raw, intervals=label_files(joined, home.session_files, lines, raw.clean.holes))
    table = _activity_table(plan, home)
    labels = [] if table is None else table.rows["fields"].list.first().to_list()
    activities = id_names(plan.lists, "activity")
    labels = [activities.get(label, label) for label in labels]
    completed, scored = with_labels(completed, [*raw.intervals.label, *labels])
    annotations = interval_table(raw.intervals, raw.times, scored)
    if table is not None:
        names = pl.Series(labels, dtype=pl.String)
        listed = interval_annotations(table.rows, names, scored, raw.times, raw.clean.holes)
        annotations = pl.concat([annotations, listed]).sort("begin", "first_event", "n_events")
    annotations = validate_table(annotations, ANNOTATIONS, str(plan.where))
    report = build_report(source, plan.sha256(), completed, raw, unknown, annotations)
    report = _with_files(report, plan, joined, raw, table)
    return EventLog(completed, events, annotations), report, _refused(plan, joined, raw, table)


def _refused(
    plan: LogPlan, joined: JoinedLog | None, raw: CasasLog, table: IntervalTable | None
) -> pl.DataFrame:
    """Refused lines, with their file where there are several."""
    if joined is not None:
        rejected = with_file_column(joined, raw.rejected)
    elif table is not None:
        rejected = raw.rejected.with_columns(file=pl.lit(plan.files[0].name))
    else:
        return raw.rejected
    if table is None:
        return rejected
    return pl.concat([rejected, table.rejected.with_columns(file=pl.lit(table.name))])


def _read(
    plan: LogPlan, joined: JoinedLog | None, home: Home, places: Mapping[str, tuple[str, str]]
) -> CasasLog:
    known = frozenset(s.id for s in home.sensors) | frozenset(places)
    zone = home.time_zone if "time_zone" in home.model_fields_set else None
    only = plan.files[0]
    data = only.text if joined is None else joined.data
    try:
        return read_casas(plan.where, known_sensors=known, home_name=home.name, data=data, time_zone=zone)
    except DataError as error:
        if joined is None and table_shape(only) is not None:
            raise DataError(
                f"{only.path} is a table of intervals (start, end, sensor or activity, separated by "
                f"{SEPARATORS}), half of a log. Keep its sensor table and its activity table "
                f"in one folder and give the folder: {only.path.parent}"
            ) from error
        raise


def _activity_table(plan: LogPlan, home: Home) -> IntervalTable | None:
    if plan.activities is None:
        return None
    zone = home.time_zone if "time_zone" in home.model_fields_set else ""
    return read_interval_table(plan.activities, sensors=False, time_zone=zone)


def _with_files(
    report: ImportReport, plan: LogPlan, joined: JoinedLog | None, raw: CasasLog, table: IntervalTable | None
) -> ImportReport:
    """The account with that of each session file and of the table of activities."""
    values = {name: getattr(report, name) for name in ImportReport.model_fields}
    problems = list(report.problems)
    if joined is not None:
        repeats = raw.rows.line[raw.clean.order[raw.clean.is_repeat]]
        values["files"] = file_accounts(
            joined, raw.rows.line[raw.event_rows], repeats, raw.rejected["line"].to_numpy()
        )
        problems.append(naming_hint(joined, bool(raw.intervals.label) or table is not None))
    if table is not None:
        values["lines"] += table.n_lines
        values["activity_rows"] += len(table.rows)
        values["heading_lines"] += table.n_heading
        values["blank_lines"] += table.n_blank
        values["repeated_lines"] += len(table.repeats)
        values["rejected_lines"] += len(table.rejected)
        problems += table_problems(table)
    problems.append(
        Problem(
            problem="other files in the folder",
            count=len(plan.others),
            done="not read",
            examples=plan.others[:20],
        )
    )
    values["problems"] = tuple(p for p in problems if p.count)
    return ImportReport(**values)
