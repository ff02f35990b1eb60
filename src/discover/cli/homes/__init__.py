"""`discover homes`: what homes there are, and getting, checking, importing and simulating their logs."""

import typer

from discover.cli.homes.fetch import fetch
from discover.cli.homes.import_log import import_
from discover.cli.homes.list_homes import list_
from discover.cli.homes.show import show
from discover.cli.homes.simulate import simulate
from discover.cli.homes.verify import verify
from discover.cli.model_options import CommandGroup

__all__ = ["homes_app"]

homes_app = typer.Typer(
    cls=CommandGroup,
    help="Homes and their logs: list, show, fetch, verify, import, simulate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (list_, show, fetch, verify, import_, simulate):
    homes_app.command(command.__name__.strip("_"))(command)
