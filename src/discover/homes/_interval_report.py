"""The account of a log kept as tables of intervals."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import EventLog
from discover.homes._log_report import log_report
from discover.homes.interval_reader import IntervalTable
from discover.homes.report import CONVERTED, SHOWN, ImportReport, Problem, refused_problems

__all__ = ["interval_report", "table_problems"]


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
    problems = [problem for table in tables for problem in table_problems(table)]
    problems += _log_problems(log, tables)
    return log_report(
        log,
        source=source,
        sha256=sha256,
        holes=holes,
        unknown=unknown,
        others=others,
        problems=problems,
        lines=sum(t.n_lines for t in tables),
        sensor_intervals=len(tables[0].rows),
        activity_rows=sum(len(t.rows) for t in tables[1:]),
        heading_lines=sum(t.n_heading for t in tables),
        repeated_lines=sum(len(t.repeats) for t in tables),
        blank_lines=sum(t.n_blank for t in tables),
        rejected_lines=sum(len(t.rejected) for t in tables),
    )


def table_problems(table: IntervalTable) -> list[Problem]:
    """What was unusual in one table of intervals."""
    shown = table.rejected.with_columns(pl.col("text").str.replace_all(r"\s+", " "))
    out = refused_problems(shown, table=table.name)
    out += [
        _lines(table, "heading, rules and the line that gives the length", table.n_heading, (), "skipped"),
        _lines(table, "blank lines", table.n_blank, (), "skipped"),
        _lines(table, "rows that repeat another row exactly", len(table.repeats), table.repeats, "kept once"),
        _lines(
            table, "rows that begin earlier than the row before them", len(table.late), table.late,
            "sorted by time",
        ),
    ]  # fmt: skip
    wall_clock = f"read as the wall-clock time of {table.time_zone}"
    unknown = "kept as written, counts since 1970 as UTC: the home has no time_zone (give --time-zone)"
    out.append(
        _lines(table, CONVERTED, len(table.zoned), table.zoned, wall_clock if table.time_zone else unknown)
    )
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


def _log_problems(log: EventLog, tables: Sequence[IntervalTable]) -> list[Problem]:
    cut = int((log.annotations["closed_by"] == "hole").sum())
    again = _switched_on_while_on(log.events)
    return [
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
        Problem(
            problem="no table of activities in the folder",
            count=int(len(tables) == 1),
            done="imported without annotations",
        ),
    ]


def _switched_on_while_on(events: pl.DataFrame) -> list[int]:
    """Lines whose ON event comes while an earlier interval of the same sensor is open."""
    step = pl.when(pl.col("state").cast(pl.String) == "ON").then(1).otherwise(-1)
    table = events.select("line", "sensor", "state", open=step.cum_sum().over("sensor"))
    lines = table.filter((pl.col("state").cast(pl.String) == "ON") & (pl.col("open") > 1))["line"]
    return [int(line) for line in lines.sort()]
