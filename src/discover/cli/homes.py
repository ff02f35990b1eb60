"""`discover homes`: what homes there are, and getting, checking, importing and simulating their logs."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["homes_app"]

homes_app = typer.Typer(
    help="Homes and their logs: list, show, fetch, verify, import, simulate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

TranslateOption = Annotated[
    Path | None, typer.Option(help="WSU .translate table: gives rooms to the sensors of an unknown home.")
]
HomeOption = Annotated[
    str | None,
    typer.Option("--home", help="Shipped home or home YAML that the log belongs to. Default: unknown home."),
]


@homes_app.command("list")
def list_command() -> None:
    """List the homes that come with the package."""
    from discover.cli.console import print_table
    from discover.homes import list_homes

    columns = ("name", "sensors", "rooms", "labels", "people", "what it is")
    rows = [(h.name, h.sensors, h.rooms, h.activities, h.residents, h.title) for h in list_homes()]
    print_table("", columns, rows)


@homes_app.command("show")
def show_command(name: Annotated[str, typer.Argument(help="A shipped home or a home YAML.")]) -> None:
    """Print a home's YAML; redirect it to a file to start a home of your own."""
    import yaml

    from discover.core.shown import terminal_text
    from discover.homes import load_home

    values = load_home(name).model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    typer.echo(terminal_text(text), nl=False)


@homes_app.command("verify")
def verify_command(
    log: Annotated[
        Path, typer.Argument(help="The raw log: text, .gz or .zip, or a folder of interval tables.")
    ],
    home: HomeOption = None,
    translate: TranslateOption = None,
) -> None:
    """Read a log and show what is in it and what is wrong with it. Writes nothing."""
    from discover.cli.console import console, print_table
    from discover.homes import import_log, load_home, report_table

    imported = import_log(log, home=load_home(home) if home else None, translate=translate)
    events, annotations = imported.log.events, imported.log.annotations
    console.print(
        f"{log.name}: {len(events):,} events of {len(imported.log.home.sensors)} sensors, "
        f"{len(annotations):,} annotations",
        markup=False,
    )
    print_table("What was read, repaired or refused", *report_table(imported.report))


@homes_app.command("import")
def import_command(
    log: Annotated[
        Path, typer.Argument(help="The raw log: text, .gz or .zip, or a folder of interval tables.")
    ],
    name: Annotated[str | None, typer.Option(help="Name for an unknown home, in lower case.")] = None,
    home: HomeOption = None,
    translate: TranslateOption = None,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")] = Path(),
) -> None:
    """Read a log into typed events below data/processed/, with refused lines in a side file."""
    from discover.cli.console import console, print_table
    from discover.core.artifacts import folder_lock
    from discover.core.errors import ConfigError
    from discover.core.paths import Workspace
    from discover.homes import import_log, load_home, report_table, write_import

    if (name is None) == (home is None):
        raise ConfigError("Give --home for a shipped home or a home YAML, or --name for a new home.")
    imported = import_log(log, home=load_home(home) if home else None, translate=translate, name=name)
    folder = Workspace(workspace).processed(imported.log.home.family, imported.log.home.name)
    with folder_lock(folder):
        write_import(folder, imported)
    print_table("What was read, repaired or refused", *report_table(imported.report))
    console.print(f"Wrote {folder}", markup=False)


@homes_app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(help="A shipped home, e.g. milan.")],
    from_file: Annotated[Path | None, typer.Option(help="Take this file instead of downloading.")] = None,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")] = Path(),
) -> None:
    """Download a public home's log (or take your copy), resuming and checking its size and sha256."""
    from discover.cli.console import BarProgress, console
    from discover.core.paths import Workspace
    from discover.homes import fetch_log, load_home

    home = load_home(name)
    folder = Workspace(workspace).raw(home.family, home.name)
    path = fetch_log(home.name, folder, from_file=from_file, progress=BarProgress())
    console.print(f"Wrote {path}", markup=False)


@homes_app.command("simulate")
def simulate_command(
    like: Annotated[str, typer.Option(help="Home whose sensors and rooms to live in.")] = "demo",
    days: Annotated[int, typer.Option(min=1, help="Days of life.")] = 28,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same log.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; .gz compresses.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")] = Path(),
) -> None:
    """Simulate life in a home and write its log as CASAS text with annotations."""
    from discover.cli.console import BarProgress, console
    from discover.core.errors import DataError
    from discover.core.paths import Workspace
    from discover.homes import load_home
    from discover.homes.simulator import SimulatorConfig, write_simulated

    home = load_home(like)
    path = output or Workspace(workspace).raw(home.family, home.name) / f"{home.name}_simulated.txt.gz"
    if path.exists() and not force:
        raise DataError(f"{path} is there already. Give --output for another file, or --force to replace it.")
    summary = write_simulated(path, home, SimulatorConfig(days=days, seed=seed), progress=BarProgress())
    console.print(f"Wrote {summary.events:,} events of {days} days to {path}", markup=False)
