"""`discover export`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import ConfigOption, SetOption, WorkspaceOption

__all__ = ["export"]


def export(
    config: ConfigOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")],
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Write a run's windows, captions and text vectors as discover-v2's files (JSON and NPZ per split)."""
    from discover.cli.console import print_written
    from discover.core.errors import ConfigError
    from discover.pipeline import build_chain, export_v2

    if output.is_dir() and any(output.iterdir()):
        raise ConfigError(f"{output} is not empty. Give another --output; nothing is overwritten unasked.")
    print_written(export_v2(build_chain(config, set_ or [], workspace), output))
