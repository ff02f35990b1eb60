"""The account of a home that was imported from Home Assistant: what became of every row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from discover.core.artifacts import mapping_sha256
from discover.core.event_files import EventMonths
from discover.homes._clean import hole_starts
from discover.homes._log_report import recording_holes
from discover.homes.home_assistant.notes import SourceNote
from discover.homes.report import REFUSED, SHOWN, ImportReport, Problem, hole_problem

__all__ = ["account_of"]


def account_of(
    months: EventMonths,
    note: SourceNote,
    name: str,
    refused: pl.DataFrame,
    notes: Sequence[str],
) -> ImportReport:
    """The report of all imports so far.

    Args:
        months: The event table.
        note: The totals.
        name: Of the home.
        refused: Line, reason and text of rows that were refused, the first ones.
        notes: What the source says of itself.
    """
    parts = [months.read(month).select("time", "line", "sensor") for month in months.months]
    stamps = pl.concat([p.select("time", "line") for p in parts])
    times = stamps["time"].to_physical().to_numpy()
    sensors = {s for p in parts for s in p["sensor"].unique().to_list()}
    holes = recording_holes(stamps, hole_starts(times))
    totals = note.totals
    rejected, health = sum(totals.rejected.values()), sum(totals.health.values())
    repeated = totals.read - len(stamps)
    return ImportReport(
        source=Path(note.where).name if note.kind != "server" else note.where,
        source_sha256=mapping_sha256({"where": note.where, "row": note.row, "time": note.time}),
        home=name,
        lines=totals.rows,
        events=len(stamps),
        repeated_lines=repeated,
        blank_lines=0,
        rejected_lines=rejected,
        health_lines=health,
        rows_read=totals.rows - health - rejected - repeated,
        first_event=str(stamps["time"][0]),
        last_event=str(stamps["time"][-1]),
        days_with_events=stamps["time"].dt.date().n_unique(),
        sensors=len(sensors),
        unknown_sensors=(),
        annotations=0,
        annotation_counts={},
        labels_per_line=False,
        repaired_states={},
        holes=tuple(holes),
        problems=tuple(
            p for p in [*_problems(note, repeated, refused, notes), hole_problem(holes)] if p.count
        ),
    )


def _problems(note: SourceNote, repeated: int, refused: pl.DataFrame, notes: Sequence[str]) -> list[Problem]:
    totals = note.totals
    return [
        *(Problem(problem=text, count=1, done="read as far as it is known") for text in notes),
        Problem(
            problem="rows whose state did not change",
            count=repeated,
            done="left out: only attributes changed, or the state was reported again",
        ),
        Problem(
            problem="health of devices (unavailable, unknown)",
            count=sum(totals.health.values()),
            done="counted, no event",
            examples=_most(totals.health),
        ),
        Problem(
            problem="on the way from one state to another (opening, locking, buffering)",
            count=totals.passing,
            done="counted, no event",
        ),
        Problem(problem="numbers between two thresholds", count=totals.between, done="left as it was before"),
        *(
            Problem(problem=why, count=n, done="not read; the file of entities can change that")
            for why, n in sorted(totals.skipped.items(), key=lambda item: (-item[1], item[0]))
        ),
        *(
            Problem(
                problem=reason,
                count=n,
                done=REFUSED,
                first_lines=tuple(part["line"]),
                examples=tuple(part["text"]),
            )
            for reason, n in sorted(totals.rejected.items())
            for part in [refused.filter(pl.col("reason") == reason).head(SHOWN)]
        ),
    ]


def _most(counts: Mapping[str, int]) -> tuple[str, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(f"{name} {n:,}" for name, n in ordered[:3])
