"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AcceptRefusedOption", "ConfigOption", "SetOption", "WorkspaceOption", "with_accepted"]

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
AcceptRefusedOption = Annotated[
    bool,
    typer.Option(
        "--accept-refused",
        help="Go on although more than a fifth of the log's lines cannot be read (home.accept_refused).",
    ),
]


def with_accepted(settings: list[str] | None, accept_refused: bool) -> list[str]:
    """The `--set` assignments, with what `--accept-refused` stands for."""
    return [*(settings or []), *(["home.accept_refused=true"] if accept_refused else [])]
