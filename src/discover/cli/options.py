"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ConfigOption", "SetOption", "WorkspaceOption"]

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="YAML of the run; see configs/pipelines/.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change one setting, e.g. training.max_steps=500. Repeatable."
    ),
]
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="Folder that holds data/, trained_models/ and results/.")
]
