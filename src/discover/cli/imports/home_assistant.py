"""`discover import ha`."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ha", "print_import"]


def ha(
    source: Annotated[
        str,
        typer.Argument(
            help="home-assistant_v2.db (in use or a copy), an export of the history as CSV, the URL of a "
            "database (mysql+pymysql://..., postgresql://...; extra `sql`), or the address of Home Assistant "
            "(http://...; its token in DISCOVER_HOME_ASSISTANT_TOKEN)."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the home.")] = Path("home"),
    config: Annotated[
        Path | None,
        typer.Option(
            help="Home Assistant's configuration folder: time zone, areas, names. Default: the database's."
        ),
    ] = None,
    entities: Annotated[
        Path | None, typer.Option(help="Corrected file of entities; entities.yaml of an earlier import.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Time zone of the home, such as Europe/Berlin. Default: as configured.")
    ] = None,
    pseudonyms: Annotated[
        bool,
        typer.Option(
            "--pseudonyms",
            help="Replace ids and names; what they stand for is kept beside the folder, not in it.",
        ),
    ] = False,
    name: Annotated[str | None, typer.Option(help="Name of the home. Default: that of the folder.")] = None,
) -> None:
    """Import Home Assistant's history, read only. `discover sync` then adds what is new."""
    from discover.cli.console import BarProgress
    from discover.homes.home_assistant import ImportOptions, import_home_assistant

    options = ImportOptions(config, entities, time_zone, pseudonyms, name)
    print_import(import_home_assistant(source, output, options, progress=BarProgress()))


def print_import(done: object) -> None:
    """Entities, the account and what to do next."""
    from discover.cli.console import console, print_table
    from discover.homes import report_table
    from discover.homes.home_assistant import HomeAssistantImport, entity_table

    assert isinstance(done, HomeAssistantImport)
    print_table("Entities, as guessed or corrected", *entity_table(done.rules, done.rows))
    for note in done.notes:
        console.print(f"Note: {note}", soft_wrap=True)
    print_table("What became of the rows", *report_table(done.report))
    console.print(f"Wrote {done.folder}: {done.report.events:,} events of {done.report.sensors} sensors.")
    console.print(
        f"Correct the guesses in {done.entities}. `discover sync {done.folder}` adds what is new, and "
        f'`discover search {done.folder} "someone is in the kitchen"` asks.',
        soft_wrap=True,
    )
