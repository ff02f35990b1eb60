"""Turn what the reader found into an `ImportReport`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.home import Home
from discover.homes._lines import DEVICE_HEALTH, HEADING, REASONS
from discover.homes._order import in_skipped_hours
from discover.homes.casas_reader import CasasLog
from discover.homes.report import (
    CONVERTED,
    SHOWN,
    Hole,
    ImportReport,
    Problem,
    case_problem,
    hole_problem,
    refused_problems,
    unknown_problem,
)

__all__ = ["build_report"]

_DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)


def build_report(
    source: str, sha256: str, home: Home, log: CasasLog, unknown: tuple[str, ...], annotations: pl.DataFrame
) -> ImportReport:
    """The report of one import; fails if a line is unaccounted for."""
    counts = annotations["activity"].value_counts().sort("count", "activity", descending=[True, False])
    holes = _holes(log)
    repaired = _repaired(log)
    return ImportReport(
        source=source,
        source_sha256=sha256,
        home=home.name,
        lines=log.rows.n_lines,
        events=len(log.times),
        repeated_lines=log.n_repeats,
        blank_lines=log.n_blank,
        rejected_lines=len(log.rejected),
        heading_lines=log.n_heading,
        health_lines=log.n_health,
        first_event=_when(log.times[0]),
        last_event=_when(log.times[-1]),
        days_with_events=1 + int(np.count_nonzero(np.diff(log.times // _DAY_US))),
        sensors=len(log.used_sensor_ids()),
        unknown_sensors=unknown,
        annotations=len(annotations),
        annotation_counts=dict(counts.iter_rows()),
        labels_per_line=log.intervals.label_per_line,
        repaired_states={key: n for key, (n, _) in repaired.items()},
        holes=tuple(holes),
        problems=tuple(_problems(home, log, unknown, annotations, holes, repaired)),
    )


def _problems(
    home: Home,
    log: CasasLog,
    unknown: tuple[str, ...],
    annotations: pl.DataFrame,
    holes: list[Hole],
    repaired: dict[str, tuple[int, tuple[int, ...]]],
) -> list[Problem]:
    found = [
        Problem(
            problem="blank lines",
            count=log.n_blank,
            first_lines=tuple(log.rows.skipped_line[log.rows.skipped_reason == 1][:SHOWN].tolist()),
            done="skipped",
        )
    ]
    found += refused_problems(log.rejected)
    found += [
        Problem(problem=f"repaired value: {key}", count=n, first_lines=lines, done=f"event kept, {key}")
        for key, (n, lines) in repaired.items()
    ]
    late = log.rows.line[log.clean.late]
    found += _order_problems(log)
    found += [_skipped_hours(log, home), _converted(log, home), case_problem(log.used_sensor_ids())]
    found += [
        Problem(
            problem="lines that repeat the event before them exactly",
            count=log.n_repeats,
            first_lines=log.repeat_lines[:SHOWN],
            done="kept once",
        ),
        Problem(
            problem="lines earlier than the line before them",
            count=len(late),
            first_lines=tuple(late[:SHOWN].tolist()),
            done="sorted by time, equal times in the order of the file",
        ),
        unknown_problem(unknown, described="type guessed from the id"),
        *_marker_problems(log, annotations),
        hole_problem(holes),
    ]
    return [p for p in found if p.count]


def _order_problems(log: CasasLog) -> list[Problem]:
    """Headings, device health, newest-first stretches, and hours that come twice."""
    rows, clean = log.rows, log.clean
    health = np.sort(rows.line[clean.problem == DEVICE_HEALTH])
    back = np.sort(rows.line[clean.clock_back])
    turned = np.sort(rows.line[clean.reversed_rows])
    return [
        _lines("headings", rows.skipped_line[rows.skipped_reason == HEADING].tolist(), "skipped"),
        _lines(REASONS[DEVICE_HEALTH], health.tolist(), "set apart, not an event"),
        _lines("lines that stand newest first", turned.tolist(), "read from the last line to the first"),
        Problem(
            problem="the clock goes back by one hour (end of summer time): two hours overlap",
            count=len(back),
            first_lines=tuple(back[:SHOWN].tolist()),
            done="kept in the order of the log; both hours stored at half pace within the one hour",
            examples=tuple(f"at line {line}" for line in back[:SHOWN].tolist()),
        ),
    ]


def _skipped_hours(log: CasasLog, home: Home) -> Problem:
    """Events in the hour that the home's clock skips in spring: its clock was not put forward, or differs."""
    named = "time_zone" in home.model_fields_set
    at = in_skipped_hours(log.times, ZoneInfo(home.time_zone)) if named else log.event_rows[:0]
    lines = log.rows.line[log.event_rows[at]].tolist()
    return _lines("times that do not exist (begin of summer time)", lines, "kept as written; check time_zone")


def _converted(log: CasasLog, home: Home) -> Problem:
    lines = log.rows.line[log.event_rows[log.rows.zoned[log.event_rows]]]
    return _lines(CONVERTED, lines.tolist(), f"read as the wall-clock time of {home.time_zone}")


def _marker_problems(log: CasasLog, annotations: pl.DataFrame) -> list[Problem]:
    inner = log.intervals
    rules = annotations.filter(pl.col("closed_by").is_in(["next_begin", "hole", "end_of_day", "end_of_log"]))
    by_rule = ", ".join(f"{rule} {n}" for rule, n in sorted(rules["closed_by"].value_counts().iter_rows()))
    return [
        _lines("annotation ends without a begin", inner.ends_alone, "left out"),
        _lines("annotation begins without an end", inner.begins_alone, f"closed by rule: {by_rule}"),
        _lines("labels without begin or end", inner.stray_labels, "ignored, event kept"),
    ]


def _lines(problem: str, lines: list[int], done: str) -> Problem:
    return Problem(problem=problem, count=len(lines), first_lines=tuple(sorted(lines)[:SHOWN]), done=done)


def _repaired(log: CasasLog) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Repair rule -> number of events and first lines."""
    out: dict[str, tuple[int, tuple[int, ...]]] = {}
    has_rule = np.array([reading.rule != "" for reading in log.clean.readings], dtype=np.bool_)
    if not has_rule.any():
        return out
    rows = np.sort(log.event_rows[has_rule[log.clean.state[log.event_rows]]])
    state = log.clean.state[rows]
    for number in np.unique(state).tolist():
        lines: NDArray[np.uint32] = log.rows.line[rows[state == number]]
        out[log.clean.readings[number].rule] = (len(lines), tuple(lines[:SHOWN].tolist()))
    return dict(sorted(out.items()))


def _holes(log: CasasLog) -> list[Hole]:
    line = log.rows.line[log.event_rows]
    return [
        Hole(
            after_line=int(line[k - 1]),
            before_line=int(line[k]),
            start=_when(log.times[k - 1]),
            end=_when(log.times[k]),
            days=round((int(log.times[k]) - int(log.times[k - 1])) / _DAY_US, 3),
        )
        for k in log.clean.holes.tolist()
    ]


def _when(microseconds: int | np.int64) -> str:
    return str(_EPOCH + timedelta(microseconds=int(microseconds)))
