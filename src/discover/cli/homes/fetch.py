"""`discover homes fetch`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.homes.options import DataOption, UnpackedOption, allow_unpacked

__all__ = ["fetch"]


def fetch(
    name: Annotated[
        str,
        typer.Argument(help="A shipped home, e.g. milan, or a CASAS home of the 2025 archive, e.g. hh101."),
    ] = "",
    from_file: Annotated[Path | None, typer.Option(help="Take this file instead of downloading.")] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Show what can be fetched, from where, and its terms.")
    ] = False,
    workspace: DataOption = Path(),
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
    allow_unpacked(max_unpacked)
    family = "casas" if is_archived_home(name) else load_home(name).family
    folder = Workspace(workspace).raw(family, name)
    path = fetch_log(name, folder, from_file=from_file, progress=BarProgress())
    console.print(f"Wrote {path}", markup=False)
