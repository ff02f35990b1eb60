"""Results that show themselves: the same lines and tables in a terminal, in a file and in a notebook."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discover.core.shown import html_text, terminal_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as RichTable

__all__ = ["Part", "Shown", "Table", "rich_table"]


@dataclass(frozen=True)
class Table:
    """Rows under names of columns; numbers stand to the right. A cell may have several lines."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""


Part = str | Table
"""A line (or a few, as they are) or a table."""


class Shown:
    """A result that is printed by its parts."""

    def parts(self) -> Iterator[Part]:
        """What there is to see, from top to bottom."""
        raise NotImplementedError

    def _notebook_parts(self) -> Iterator[Part]:
        """The same for a notebook."""
        return self.parts()

    def __str__(self) -> str:
        from rich.console import Console

        stream = io.StringIO()
        console = Console(file=stream, width=120, markup=False, highlight=False, emoji=False)
        for part in self.parts():
            if isinstance(part, Table):
                console.print(rich_table(part))
            else:
                console.print(terminal_text(part), soft_wrap=True)
        return "\n".join(line.rstrip() for line in stream.getvalue().strip("\n").split("\n"))

    def __rich__(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        shown = (rich_table(p) if isinstance(p, Table) else Text(terminal_text(p)) for p in self.parts())
        return Group(*shown)

    def _repr_html_(self) -> str:
        return "\n".join(
            _html_table(part) if isinstance(part, Table) else f"<p>{_html_lines(part)}</p>"
            for part in self._notebook_parts()
        )


def rich_table(table: Table) -> "RichTable":
    """A table for rich: numbers are right-aligned and get thousands separators; nothing is markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(terminal_text(table.title)) if table.title else None
    named = any(table.columns)
    shown = RichTable(
        title=title, title_justify="left", box=SIMPLE_HEAD if named else None, show_header=named
    )
    for i, name in enumerate(table.columns):
        justify: Any = "right" if _numeric(table, i) else "left"
        shown.add_column(Text(terminal_text(name)), justify=justify, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    return shown


_CELL = "padding:2px 8px;vertical-align:top;text-align:"


def _html_table(table: Table) -> str:
    # Styles stand in the elements: a notebook keeps no style sheet of ours, and a page must not get one.
    side = ["right" if _numeric(table, i) else "left" for i in range(len(table.columns))]
    head = "".join(
        f'<th style="{_CELL}{s}">{_html_lines(c)}</th>' for s, c in zip(side, table.columns, strict=True)
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(table.columns) else ""
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{s}">{_html_lines(_cell(value))}</td>'
            for s, value in zip(side, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    title = f"<caption>{_html_lines(table.title)}</caption>" if table.title else ""
    return f"<table>{title}{head}<tbody>{rows}</tbody></table>"


def _html_lines(text: str) -> str:
    return html_text(text).replace("\n", "<br>")


def _numeric(table: Table, column: int) -> bool:
    values = [row[column] for row in table.rows]
    return bool(values) and all(isinstance(v, int | float) or v in ("", None) for v in values)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return terminal_text(value)
