"""How the command line looks: one console, tables, and progress bars for `core.progress.Progress`."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from discover.api.shown import Shown, Table, rich_table
from discover.core.shown import json_text, terminal_text

__all__ = ["BarProgress", "console", "print_json", "print_result", "print_table", "print_written"]


class _ShownConsole(Console):
    """Prints text as it is: nothing in it is markup, and nothing in it can steer the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich prints, with text made harmless and markup off."""
        shown = [terminal_text(o) if isinstance(o, str) else o for o in objects]
        super().print(*shown, **{"markup": False, **options})


console = _ShownConsole()


class BarProgress:
    """Draws progress on a terminal; in a file it prints lines, and for long work one every so often."""

    LINE_S = 10.0
    """Seconds of work between two lines in a file."""

    def __init__(self) -> None:
        """No bar yet."""
        self._total: int | None = None
        self._done, self._started, self._told = 0, 0.0, 0.0
        self._bars: RichProgress | None = None
        self._task: TaskID | None = None
        self._description = ""

    def start(self, description: str, total: int | None = None) -> None:
        """Begin a bar; the previous one, if any, is closed."""
        self.finish()
        self._description = description
        self._total, self._done = total, 0
        self._started = self._told = time.monotonic()
        if not console.is_terminal:
            return
        self._bars = RichProgress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
        )
        self._bars.start()
        self._task = self._bars.add_task(terminal_text(description), total=total, note="")

    def advance(self, units: int = 1, note: str = "") -> None:
        """Move the bar."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, advance=units, note=terminal_text(note))
            return
        self._done += units
        now = time.monotonic()
        if not console.is_terminal and now - self._told >= self.LINE_S:
            self._told = now
            of = "" if self._total is None else f" of {self._total:,}"
            words = f", {note}" if note else ""
            done = f"{self._done:,}{of} after {now - self._started:.0f} s{words}"
            console.print(f"  {self._description}: {done}", highlight=False)

    def finish(self, summary: str = "") -> None:
        """Close the bar and print its summary, if it has one."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        if summary:
            console.print(f"  {summary}", markup=False, highlight=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are right-aligned and get thousands separators."""
    console.print(rich_table(Table(columns, [list(row) for row in rows], title)))


def print_result(result: Shown) -> None:
    """Print a result part by part; lines are broken by the terminal only, so that they can be copied."""
    for part in result.parts():
        if isinstance(part, Table):
            console.print(rich_table(part))
        else:
            console.print(part, highlight=False, soft_wrap=True)


def print_written(paths: Iterable[Path]) -> None:
    """One line per file that was written, which a terminal may break and a person may copy."""
    for path in paths:
        console.print(f"Wrote {path}", highlight=False, soft_wrap=True)


def print_json(value: object, *, indent: int | None = 1) -> None:
    """Plain data on standard output, for programs: no colour, no wrapping. `indent` None: one line."""
    print(json_text(value, indent=indent))  # noqa: T201
