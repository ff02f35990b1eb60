"""`discover homes import`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.homes.guesses import print_guesses
from discover.cli.homes.options import (
    ColumnsOption,
    DataOption,
    HomeOption,
    LogArgument,
    ReaderOption,
    TranslateOption,
    UnpackedOption,
    ZoneOption,
    allow_unpacked,
    columns_of,
)

__all__ = ["import_"]


def import_(
    log: LogArgument,
    name: Annotated[str | None, typer.Option(help="Name for an unknown home, in lower case.")] = None,
    home: HomeOption = None,
    translate: TranslateOption = None,
    time_zone: ZoneOption = None,
    reader: ReaderOption = None,
    columns: ColumnsOption = None,
    home_file: Annotated[
        Path | None,
        typer.Option(
            help="With --name: where to write the home's file. Default: NAME.yaml in the workspace."
        ),
    ] = None,
    workspace: DataOption = Path(),
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
    allow_unpacked(max_unpacked)
    known = load_home(home) if home else None
    imported = import_log(
        log,
        home=known,
        translate=translate,
        name=name,
        time_zone=time_zone,
        reader=reader,
        columns=columns_of(columns),
    )
    folder = Workspace(workspace).processed(imported.log.home.family, imported.log.home.name)
    with folder_lock(folder):
        write_import(folder, imported)
    print_table("What was read, repaired or refused", *report_table(imported.report))
    print_guesses(imported)
    console.print(f"Wrote {folder}", markup=False)
    if name is None:
        return
    path = home_file or workspace / f"{name}.yaml"
    if path.exists():
        console.print(f"Kept {path}, which was there already. Use it with --home {path}.", markup=False)
        return
    write_text(path, home_file_text(imported.log.home))
    console.print(f"Wrote {path}: correct the guesses in it, then use it with --home {path}.", markup=False)
