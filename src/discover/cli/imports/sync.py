"""`discover sync`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sync"]


def sync(
    home: Annotated[Path, typer.Argument(help="A home that `discover import ha` made.")] = Path("home"),
    source: Annotated[
        str | None,
        typer.Option("--from", help="Another place of its source: a newer copy or export, a moved database."),
    ] = None,
) -> None:
    """Add what is new in a home's source; what the source has forgotten stays."""
    from discover.cli.console import BarProgress, console
    from discover.homes.home_assistant import sync_home

    done = sync_home(home, source, progress=BarProgress())
    for note in done.notes:
        console.print(f"Note: {note}", soft_wrap=True)
    console.print(
        f"{done.new_rows:,} new rows, {done.new_events:,} new events; {home} has {done.report.events:,} "
        f"events from {done.report.first_event} to {done.report.last_event}.",
        soft_wrap=True,
    )
