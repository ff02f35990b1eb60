"""The account of a log that is not kept as one event a line, from its events and annotations."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import EventLog
from discover.homes.report import Hole, ImportReport, Problem, case_problem, hole_problem, unknown_problem

__all__ = ["log_report", "recording_holes"]

_DAY_S = 86_400.0


def log_report(
    log: EventLog,
    *,
    source: str,
    sha256: str,
    holes: NDArray[np.int64],
    unknown: tuple[str, ...],
    others: tuple[str, ...],
    problems: Sequence[Problem],
    lines: int,
    blank_lines: int,
    rejected_lines: int,
    repeated_lines: int = 0,
    heading_lines: int = 0,
    rows_read: int | None = None,
    sensor_intervals: int | None = None,
    activity_rows: int = 0,
    labels_per_line: bool = False,
) -> ImportReport:
    """The report of one import; fails if a line is unaccounted for.

    Args:
        log: As imported.
        source: Name of the log.
        sha256: Of all its files.
        holes: Event numbers right after a gap of a day or more.
        unknown: Sensors that the home's description did not list.
        others: Files of the folder that were not read.
        problems: What was unusual in its files. What was unusual in the events is added here.
        lines: Of all files; the counts that follow are those of `ImportReport`.
    """
    events, annotations = log.events, log.annotations
    counts = annotations["activity"].value_counts().sort("count", "activity", descending=[True, False])
    found = recording_holes(events, holes)
    more = [
        Problem(
            problem="activities during which no sensor fired",
            count=int((annotations["n_events"] == 0).sum()),
            done="kept; no window lies in them",
        ),
        case_problem(events["sensor"].cast(pl.String).unique()),
        unknown_problem(unknown, described="described by their names"),
        Problem(
            problem="other files in the folder", count=len(others), done="not read", examples=others[:20]
        ),
        hole_problem(found),
    ]
    return ImportReport(
        source=source,
        source_sha256=sha256,
        home=log.home.name,
        lines=lines,
        events=len(events),
        repeated_lines=repeated_lines,
        blank_lines=blank_lines,
        rejected_lines=rejected_lines,
        sensor_intervals=sensor_intervals,
        activity_rows=activity_rows,
        heading_lines=heading_lines,
        rows_read=rows_read,
        first_event=str(events["time"][0]),
        last_event=str(events["time"][-1]),
        days_with_events=events["time"].dt.date().n_unique(),
        sensors=events["sensor"].n_unique(),
        unknown_sensors=unknown,
        annotations=len(annotations),
        annotation_counts=dict(counts.iter_rows()),
        labels_per_line=labels_per_line,
        repaired_states={},
        holes=tuple(found),
        problems=tuple(p for p in [*problems, *more] if p.count),
    )


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
