"""The `discover` command. Each command has its own file, which imports only typer until it is called."""

from typing import Annotated

import typer

from discover.cli.align import align
from discover.cli.ask import ask
from discover.cli.caption import caption
from discover.cli.changes import changes
from discover.cli.check import check
from discover.cli.cluster import cluster
from discover.cli.compare import compare
from discover.cli.correct import correct
from discover.cli.encode_text import encode_text
from discover.cli.evaluate import evaluate
from discover.cli.export import export
from discover.cli.homes import homes_app
from discover.cli.imports import imports_app, sync
from discover.cli.model_options import CommandGroup
from discover.cli.open import open_
from discover.cli.open_app import open_app
from discover.cli.recognise import recognise
from discover.cli.run import run
from discover.cli.sample import sample
from discover.cli.search import search
from discover.cli.train import train

__all__ = ["app"]

app = typer.Typer(
    name="discover",
    cls=CommandGroup,
    help=(
        "Search, recognise and explore smart-home sensor logs in plain language, without activity labels.\n\n"
        "Start with `discover open my_log.txt`: activities by day and hour, answered questions and unusual "
        'days; no training is needed. Then ask: `discover search my_log.txt "someone opens the fridge"`. '
        "For better answers train a model: `discover run --config configs/pipelines/demo.yaml`, then "
        '`discover search trained_models/demo/demo "..."`.'
    ),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Options before the command."""
    if version:
        from discover.core.version import __version__

        typer.echo(__version__)
        raise typer.Exit


for command in (
    run, check, sample, caption, encode_text, align, evaluate, compare, export, train,
    search, ask, recognise, correct, cluster, changes, sync,
):  # fmt: skip
    app.command(command.__name__.replace("_", "-"))(command)
app.command("open")(open_)
app.command("app")(open_app)
app.add_typer(homes_app, name="homes")
app.add_typer(imports_app, name="import")
