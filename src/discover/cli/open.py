"""`discover open`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import IndexOption, LayoutOption, LogWorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["open_"]


@with_permissions
def open_(
    path: Annotated[
        Path, typer.Argument(help="A raw log, which needs no training; or the folder of a trained model.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write into. Default: opened/ and the log's name."),
    ] = None,
    layout: LayoutOption = None,
    index: IndexOption = None,
    workspace: LogWorkspaceOption = None,
) -> None:
    """Show what a log holds: activities by day and hour, answered questions, unusual days; without training.

    Writes one page, report.html, with the same and more. Where no home file says what the sensors are, they
    are guessed; home.yaml beside the page holds the guesses, to be corrected and given with --layout.
    """
    from discover.api import open_home
    from discover.cli.console import BarProgress, console, print_result

    home = open_home(path, home=layout, workspace=workspace, index=index, progress=BarProgress())
    folder = output or Path("opened") / path.name.split(".")[0]
    found = home.summary()
    page, *files = found.write(folder)
    print_result(found if not files else replace(found, home_file=files[0]))
    given = f" --layout {layout}" if layout else ""
    console.print(
        f"Wrote {page}{''.join(f' and {file}' for file in files)}\n"
        f'Ask more: discover search {path}{given} "someone is up at night"; discover recognise {path}{given}',
        highlight=False,
        soft_wrap=True,
    )
