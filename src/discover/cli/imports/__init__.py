"""`discover import`: homes from the history of home automation; `discover sync`: what is new in them."""

import typer

from discover.cli.imports.home_assistant import ha
from discover.cli.imports.sync import sync
from discover.cli.model_options import CommandGroup

__all__ = ["imports_app", "sync"]

imports_app = typer.Typer(
    cls=CommandGroup,
    help="Import a home's history: ha (Home Assistant). Any other log: `discover homes import`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
imports_app.command("ha")(ha)


@imports_app.callback()
def _group() -> None:
    """Keep `ha` a command of its own while it is the only one."""
