"""Turn what the tables of intervals held into an `ImportReport`."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import EventLog
from discover.homes.interval_reader import IntervalTable
from discover.homes.report import SHOWN, Hole, ImportReport, Problem, hole_problem, unknown_problem

__all__ = ["interval_report", "recording_holes", "table_problems"]

_DAY_S = 86_400.0


def interval_report(
    source: str,
    sha256: str,
    log: EventLog,
    tables: Sequence[IntervalTable],
    holes: NDArray[np.int64],
    unknown: tuple[str, ...],
    others: tuple[str, ...],
) -> ImportReport:
    """The report of one import; fails if a line of a table is unaccounted for.

    Args:
        source: Name of the log.
        sha256: Of all its tables.
        log: As imported.
        tables: The sensor table and, where there is one, the activity table.
        holes: Event numbers right after a gap of a day or more.
        unknown: Sensors that the home's description did not list.
        others: Files of the folder that were not read.
    """
    events, annotations = log.events, log.annotations
    counts = annotations["activity"].value_counts().sort("count", "activity", descending=[True, False])
    found = recording_holes(events, holes)
    problems = [problem for table in tables for problem in table_problems(table)]
    problems += _log_problems(log, tables, found, unknown, others)
    return ImportReport(
        source=source,
        source_sha256=sha256,
        home=log.home.name,
        lines=sum(t.n_lines for t in tables),
        events=len(events),
        sensor_intervals=len(tables[0].rows),
        activity_rows=sum(len(t.rows) for t in tables[1:]),
        heading_lines=sum(t.n_heading for t in tables),
        repeated_lines=sum(len(t.repeats) for t in tables),
        blank_lines=sum(t.n_blank for t in tables),
        rejected_lines=sum(len(t.rejected) for t in tables),
        first_event=str(events["time"][0]),
        last_event=str(events["time"][-1]),
        days_with_events=events["time"].dt.date().n_unique(),
        sensors=events["sensor"].n_unique(),
        unknown_sensors=unknown,
        annotations=len(annotations),
        annotation_counts=dict(counts.iter_rows()),
        labels_per_line=False,
        repaired_states={},
        holes=tuple(found),
        problems=tuple(p for p in problems if p.count),
    )


def table_problems(table: IntervalTable) -> list[Problem]:
    """What was unusual in one table of intervals."""
    out = [
        Problem(
            problem=f"{table.name}: {reason}",
            count=len(part),
            first_lines=tuple(part["line"].head(SHOWN).to_list()),
            done="kept in rejected_lines.tsv, left out",
            examples=tuple(part["text"].head(SHOWN).str.replace_all(r"\s+", " ").to_list()),
        )
        for (reason,), part in table.rejected.group_by("reason", maintain_order=True)
    ]
    out += [
        _lines(table, "heading, rules and the line that gives the length", table.n_heading, (), "skipped"),
        _lines(table, "blank lines", table.n_blank, (), "skipped"),
        _lines(table, "rows that repeat another row exactly", len(table.repeats), table.repeats, "kept once"),
        _lines(
            table, "rows that begin earlier than the row before them", len(table.late), table.late,
            "sorted by time",
        ),
    ]  # fmt: skip
    out.append(
        Problem(
            problem=f"{table.name}: columns that are not read",
            count=len(table.ignored),
            done="ignored",
            examples=table.ignored[:20],
        )
    )
    rows = table.n_lines - table.n_heading - table.n_blank
    if table.promised is not None and table.promised != rows:
        out.append(
            Problem(
                problem=f"{table.name}: says it has {table.promised:,} rows",
                count=abs(rows - table.promised),
                done=f"{rows:,} were found; the file may be cut off or changed",
            )
        )
    return out


def _lines(table: IntervalTable, what: str, count: int, lines: tuple[int, ...], done: str) -> Problem:
    return Problem(problem=f"{table.name}: {what}", count=count, first_lines=lines[:SHOWN], done=done)


def _log_problems(
    log: EventLog,
    tables: Sequence[IntervalTable],
    holes: list[Hole],
    unknown: tuple[str, ...],
    others: tuple[str, ...],
) -> list[Problem]:
    silent = int((log.annotations["n_events"] == 0).sum())
    cut = int((log.annotations["closed_by"] == "hole").sum())
    again = _switched_on_while_on(log.events)
    return [
        Problem(
            problem="activities during which no sensor fired",
            count=silent,
            done="kept; no window lies in them",
        ),
        Problem(
            problem="activities that span a recording hole",
            count=cut,
            done="ended at the last event before the hole",
        ),
        Problem(
            problem="intervals of a sensor that begin while its last one lasts",
            count=len(again),
            first_lines=tuple(again[:SHOWN]),
            done="kept as they are: two ON events before an OFF",
        ),
        unknown_problem(unknown, described="described by their names"),
        Problem(
            problem="no table of activities in the folder",
            count=int(len(tables) == 1),
            done="imported without annotations",
        ),
        Problem(
            problem="other files in the folder", count=len(others), done="not read", examples=others[:20]
        ),
        hole_problem(holes),
    ]


def _switched_on_while_on(events: pl.DataFrame) -> list[int]:
    """Lines whose ON event comes while an earlier interval of the same sensor is open."""
    step = pl.when(pl.col("state").cast(pl.String) == "ON").then(1).otherwise(-1)
    table = events.select("line", "sensor", "state", open=step.cum_sum().over("sensor"))
    lines = table.filter((pl.col("state").cast(pl.String) == "ON") & (pl.col("open") > 1))["line"]
    return [int(line) for line in lines.sort()]


def recording_holes(events: pl.DataFrame, holes: NDArray[np.int64]) -> list[Hole]:
    """Holes of an event table; `holes` are the event numbers right after one."""
    time, line = events["time"], events["line"]
    return [
        Hole(
            after_line=int(line[k - 1]),
            before_line=int(line[k]),
            start=str(time[k - 1]),
            end=str(time[k]),
            days=round((time[k] - time[k - 1]).total_seconds() / _DAY_S, 3),
        )
        for k in holes.tolist()
    ]
