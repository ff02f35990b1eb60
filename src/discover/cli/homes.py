"""`discover homes`: what homes there are, and getting, checking, importing and simulating their logs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from discover.homes import ImportedLog

__all__ = ["homes_app"]

homes_app = typer.Typer(
    help="Homes and their logs: list, show, fetch, verify, import, simulate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

TranslateOption = Annotated[
    Path | None, typer.Option(help="WSU .translate table: gives rooms to the sensors of an unknown home.")
]
LogArgument = Annotated[
    Path,
    typer.Argument(
        help="The raw log: a text file, plain or packed; or a folder or archive of session files, of events "
        "and activities, or of interval tables."
    ),
]
UnpackedOption = Annotated[
    float | None,
    typer.Option(
        help="Largest size in GB that a packed log may unpack to. Default 2, and at most 200 times "
        "its own size."
    ),
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        help="Time zone of the home, such as Europe/Berlin: times with an offset or Z become its "
        "wall-clock times."
    ),
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
    log: LogArgument,
    home: HomeOption = None,
    translate: TranslateOption = None,
    time_zone: ZoneOption = None,
    max_unpacked: UnpackedOption = None,
) -> None:
    """Read a log and show what is in it, what was guessed and what is wrong with it. Writes nothing."""
    from discover.cli.console import console, print_table
    from discover.homes import file_table, import_log, load_home, report_table

    _allow_unpacked(max_unpacked)
    known = load_home(home) if home else None
    imported = import_log(log, home=known, translate=translate, time_zone=time_zone)
    events, annotations = imported.log.events, imported.log.annotations
    console.print(
        f"{log.name}: {len(events):,} events of {len(imported.log.home.sensors)} sensors, "
        f"{len(annotations):,} annotations",
        markup=False,
    )
    print_table("", *file_table(log, imported))
    print_table("What was read, repaired or refused", *report_table(imported.report))
    _print_guesses(imported)


@homes_app.command("import")
def import_command(
    log: LogArgument,
    name: Annotated[str | None, typer.Option(help="Name for an unknown home, in lower case.")] = None,
    home: HomeOption = None,
    translate: TranslateOption = None,
    time_zone: ZoneOption = None,
    home_file: Annotated[
        Path | None,
        typer.Option(
            help="With --name: where to write the home's file. Default: NAME.yaml in the workspace."
        ),
    ] = None,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")] = Path(),
    max_unpacked: UnpackedOption = None,
) -> None:
    """Read a log into typed events below data/processed/, with refused lines in a side file.

    With --name, a home file with every guess filled in is written too; a file that is there is kept.
    """
    from discover.cli.console import console, print_table
    from discover.core.artifacts import folder_lock, write_text
    from discover.core.errors import ConfigError
    from discover.core.paths import Workspace
    from discover.homes import home_file_text, import_log, load_home, report_table, write_import

    if (name is None) == (home is None):
        raise ConfigError("Give --home for a shipped home or a home YAML, or --name for a new home.")
    if home_file is not None and name is None:
        raise ConfigError("--home-file goes with --name: a home given by --home has its file already.")
    _allow_unpacked(max_unpacked)
    known = load_home(home) if home else None
    imported = import_log(log, home=known, translate=translate, name=name, time_zone=time_zone)
    folder = Workspace(workspace).processed(imported.log.home.family, imported.log.home.name)
    with folder_lock(folder):
        write_import(folder, imported)
    print_table("What was read, repaired or refused", *report_table(imported.report))
    _print_guesses(imported)
    console.print(f"Wrote {folder}", markup=False)
    if name is None:
        return
    path = home_file or workspace / f"{name}.yaml"
    if path.exists():
        console.print(f"Kept {path}, which was there already. Use it with --home {path}.", markup=False)
        return
    write_text(path, home_file_text(imported.log.home))
    console.print(f"Wrote {path}: correct the guesses in it, then use it with --home {path}.", markup=False)


def _print_guesses(imported: "ImportedLog") -> None:
    """Sensors, labels, and one line each for what is missing."""
    from discover.cli.console import console, print_table
    from discover.homes import (
        guess_notes,
        label_table,
        labels_without_sentence,
        sensor_table,
        training_needs,
    )

    print_table("Sensors, as described or guessed", *sensor_table(imported.log))
    if len(imported.log.annotations):
        print_table("Labels", *label_table(imported.log))
    for note in guess_notes(imported.log.home):
        console.print(note, markup=False)
    unknown = labels_without_sentence(imported.log.home)
    if unknown:
        console.print(
            f"No sentence known for {', '.join(unknown)}: the label's own words are used; write one in the "
            "home file.",
            markup=False,
        )
    needs = training_needs(imported.log.events)
    if needs:
        console.print(needs, markup=False)


def _allow_unpacked(gigabytes: float | None) -> None:
    """Raise the limit of unpacking for this process."""
    if gigabytes is not None:
        import os

        from discover.homes import UNPACK_LIMIT_VARIABLE

        os.environ[UNPACK_LIMIT_VARIABLE] = str(gigabytes)


@homes_app.command("fetch")
def fetch_command(
    name: Annotated[
        str,
        typer.Argument(help="A shipped home, e.g. milan, or a CASAS home of the 2025 archive, e.g. hh101."),
    ] = "",
    from_file: Annotated[Path | None, typer.Option(help="Take this file instead of downloading.")] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Show what can be fetched, from where, and its terms.")
    ] = False,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that holds data/.")] = Path(),
    max_unpacked: UnpackedOption = None,
) -> None:
    """Download a public home's log (or take your copy), over https only, resuming and checking it."""
    from discover.cli.console import BarProgress, console, print_table
    from discover.core.errors import ConfigError
    from discover.core.paths import Workspace
    from discover.homes import fetch_log, is_archived_home, known_mirrors, load_home

    if show_list:
        rows = [
            (
                home,
                m.url,
                f"{m.size:,}" if m.size else "",
                "md5" if m.md5 else "sha256" if m.sha256 else "none",
                m.terms,
            )
            for home, m in known_mirrors()
        ]
        print_table("", ("home", "address", "bytes", "checksum known", "terms"), rows)
        return
    if not name:
        raise ConfigError(
            "Say which home to fetch, for example milan; `discover homes fetch --list` shows all."
        )
    _allow_unpacked(max_unpacked)
    family = "casas" if is_archived_home(name) else load_home(name).family
    folder = Workspace(workspace).raw(family, name)
    path = fetch_log(name, folder, from_file=from_file, progress=BarProgress())
    console.print(f"Wrote {path}", markup=False)


@homes_app.command("simulate")
def simulate_command(
    like: Annotated[str, typer.Option(help="Home whose sensors and rooms to live in.")] = "demo",
    days: Annotated[int, typer.Option(min=1, help="Days of life.")] = 28,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same log.")] = 0,
    random: Annotated[
        bool, typer.Option("--random", help="A random home with a home file and a table of what happened.")
    ] = False,
    kit: Annotated[
        str | None, typer.Option(help="With --random: sensor kit, such as dense_motion. Default: any.")
    ] = None,
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
    from discover.simulator import RandomLifeConfig, SimulatorConfig, write_random, write_simulated

    if kit and not random:
        raise DataError("--kit chooses the sensors of a random home, but --random was not given. Add it.")
    home = load_home(like)
    name = f"random_{seed}" if random else home.name
    path = output or Workspace(workspace).raw(home.family, name) / f"{name}_simulated.txt.gz"
    if path.exists() and not force:
        raise DataError(f"{path} is there already. Give --output for another file, or --force to replace it.")
    if random:
        config = RandomLifeConfig(days=days, seed=seed, kit=kit)
        life, paths = write_random(path, config, progress=BarProgress())
        facts = f"{life.facts['dwelling']}, {life.facts['residents']} residents, kit {life.facts['kit']}"
        shown = ", ".join(map(str, paths))
        console.print(f"Wrote {len(life.events):,} events of {days} days ({facts}) to {shown}", markup=False)
        return
    summary = write_simulated(path, home, SimulatorConfig(days=days, seed=seed), progress=BarProgress())
    console.print(f"Wrote {summary.events:,} events of {days} days to {path}", markup=False)
