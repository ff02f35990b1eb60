"""What happened to every line of a log on its way in."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, model_validator

from discover.core.artifacts import atomic_path, write_text

__all__ = [
    "CONVERTED",
    "REFUSED",
    "SHOWN",
    "FileAccount",
    "Hole",
    "ImportReport",
    "Problem",
    "case_problem",
    "hole_problem",
    "refused_problems",
    "report_table",
    "unknown_problem",
    "write_account",
]

REFUSED = "kept in rejected_lines.tsv, not an event"
"""What is done with a line that cannot be read."""

CONVERTED = "times with a zone or counted since 1970"
"""Such a time says which moment it is, and is converted to the home's zone."""

SHOWN = 5
"""First lines named per problem."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Problem(_Plain):
    """One kind of damage or surprise, and what was done about it."""

    problem: str
    """What is unusual, in words."""
    count: int
    """How many lines, sensors or intervals."""
    first_lines: tuple[int, ...] = ()
    """Line numbers of the first ones."""
    done: str
    """What the reader did."""
    examples: tuple[str, ...] = ()
    """A few of them."""


class Hole(_Plain):
    """A gap of a day or more between two events. No annotation and no window spans it."""

    after_line: int
    before_line: int
    start: str
    """Time of the last event before it."""
    end: str
    """Time of the first event after it."""
    days: float


class FileAccount(_Plain):
    """The account of one file of a log that is kept in several files."""

    name: str
    lines: int
    events: int
    repeated_lines: int
    rejected_lines: int
    blank_lines: int
    """Blank lines, and a heading that repeats the first file's."""

    @model_validator(mode="after")
    def _adds_up(self) -> "FileAccount":
        if self.events + self.repeated_lines + self.rejected_lines + self.blank_lines != self.lines:
            raise ValueError(f"{self.name}: {self.lines} lines in, but not all are accounted for")
        return self


class ImportReport(_Plain):
    """The account of one import: lines in = events + repeats + blank + heading + health + rejected.

    A log kept as tables of intervals has two events per sensor row and one annotation per activity row:
    lines in = sensor_intervals + activity_rows + heading + repeats + blank + rejected. In blocks of
    lines and tables with one row a second no line is an event or an interval: `rows_read` takes its place.
    """

    format: int = 1
    source: str
    """Name of the log file or folder."""
    source_sha256: str
    home: str
    lines: int
    events: int
    repeated_lines: int
    blank_lines: int
    rejected_lines: int
    sensor_intervals: int | None = None
    """Rows of a sensor table, each an ON and an OFF event; None for a log with one event a line."""
    activity_rows: int = 0
    """Rows of its activity table, each one annotation."""
    heading_lines: int = 0
    """Lines that head a table; in tables of intervals also rules of dashes and counts of rows."""
    health_lines: int = 0
    """Lines about the device itself (`unavailable`, a numeric code of an ON/OFF sensor)."""
    rows_read: int | None = None
    """Lines that were read whole and are no events themselves: blocks of lines, one row a second."""
    files: tuple[FileAccount, ...] = ()
    """Of a log in several files, each file's own account, in the order they were joined."""
    first_event: str
    last_event: str
    days_with_events: int
    sensors: int
    """Sensors that wrote at least one event."""
    unknown_sensors: tuple[str, ...]
    """Ids that the home's description did not list."""
    annotations: int
    annotation_counts: dict[str, int]
    """Scored label -> intervals."""
    labels_per_line: bool
    """Whether labels stand on every line instead of at begin and end."""
    repaired_states: dict[str, int]
    """"ON0 -> ON" -> lines."""
    holes: tuple[Hole, ...]
    problems: tuple[Problem, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> "ImportReport":
        intervals = self.sensor_intervals
        if intervals is not None and self.events != 2 * intervals:
            raise ValueError("a sensor row is two events")
        if self.annotations < self.activity_rows:
            raise ValueError("an activity row is one annotation")
        if self.rows_read is not None:
            counted = self.rows_read + self.heading_lines + self.health_lines
        else:
            rows = self.events if intervals is None else intervals
            counted = rows + self.activity_rows + self.heading_lines + self.health_lines
        if sum(f.lines for f in self.files) > self.lines:
            raise ValueError("the files' lines do not add up to the log's")
        total = counted + self.repeated_lines + self.blank_lines + self.rejected_lines
        if total != self.lines:
            raise ValueError(f"{self.lines} lines in, but {total} accounted for")
        return self

    @property
    def total_lines(self) -> int:
        """Lines that hold something."""
        return self.lines - self.blank_lines

    @property
    def reasons(self) -> tuple[Problem, ...]:
        """Why lines were refused: reason, count, first lines and examples, the commonest first."""
        refused = [p for p in self.problems if p.done == REFUSED]
        return tuple(sorted(refused, key=lambda p: -p.count))


def refused_problems(rejected: pl.DataFrame, *, table: str = "") -> list[Problem]:
    """Refused lines as lines of the account, one per reason.

    Args:
        rejected: line, reason, text.
        table: Name of their file where a log has several.
    """
    return [
        Problem(
            problem=f"{table}: {reason}" if table else str(reason),
            count=len(part),
            first_lines=tuple(part["line"].head(SHOWN).to_list()),
            done=REFUSED,
            examples=tuple(part["text"].head(SHOWN).to_list()),
        )
        for (reason,), part in rejected.group_by("reason", maintain_order=True)
    ]


def hole_problem(holes: Sequence[Hole]) -> Problem:
    """Recording holes as a line of the account."""
    shown = holes[:SHOWN]
    return Problem(
        problem="recording holes (a day or more without an event)",
        count=len(holes),
        first_lines=tuple(h.before_line for h in shown),
        done="no annotation and no window spans them",
        examples=tuple(f"{h.days:.1f} days from {h.start}" for h in shown),
    )


def unknown_problem(sensors: tuple[str, ...], *, described: str) -> Problem:
    """Sensors that only the log knows; `described` says where their type comes from."""
    return Problem(
        problem="sensors the home's description does not list",
        count=len(sensors),
        done=f"added to the home, {described}",
        examples=sensors[:20],
    )


def case_problem(sensors: Iterable[str]) -> Problem:
    """Sensors whose ids differ in capital and small letters alone."""
    alike: dict[str, list[str]] = {}
    for sensor in sensors:
        alike.setdefault(sensor.casefold(), []).append(sensor)
    groups = [sorted(ids) for ids in alike.values() if len(ids) > 1]
    return Problem(
        problem="sensors whose ids differ only in capital and small letters",
        count=sum(len(ids) for ids in groups),
        done="kept apart; if they are one device, give them one spelling in the log",
        examples=tuple(sorted(" / ".join(ids) for ids in groups)[:20]),
    )


def report_table(report: ImportReport) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Column names and rows for `discover homes verify`: what, how many, first lines, what was done."""
    rows: list[tuple[str, ...]] = [
        ("lines in the file", f"{report.lines:,}", "", ""),
        ("events", f"{report.events:,}", "", f"{report.first_event} .. {report.last_event}"),
        ("annotations", f"{report.annotations:,}", "", f"{len(report.annotation_counts)} labels"),
    ]
    for p in report.problems:
        done = p.done + (f" ({'; '.join(p.examples[:3])})" if p.examples else "")
        rows.append((p.problem, f"{p.count:,}", _numbers(p.first_lines, p.count), done))
    return ("what", "count", "first lines", "what was done"), rows


def _numbers(lines: Sequence[int], count: int) -> str:
    shown = ", ".join(str(line) for line in lines)
    return shown + (", ..." if lines and count > len(lines) else "")


def write_account(folder: Path, report: ImportReport, rejected: pl.DataFrame) -> list[Path]:
    """Write import.json and rejected_lines.tsv, each atomically.

    Args:
        folder: The home's.
        report: The account.
        rejected: line, reason, text; from a folder of logs, the file as well.
    """
    account, listed = folder / "import.json", folder / "rejected_lines.tsv"
    write_text(account, report.model_dump_json(indent=1) + "\n")
    with atomic_path(listed) as temporary:
        # TABs inside a line would shift columns, and quotes would need escaping: show them as spaces.
        table = rejected.with_columns(pl.col("text").str.replace_all(r"[\t\r\n]", " "))
        table.write_csv(temporary, separator="\t", quote_style="never")
    return [account, listed]
