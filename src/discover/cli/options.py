"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AcceptRefusedOption",
    "ConfigOption",
    "IndexOption",
    "JsonOption",
    "LayoutOption",
    "LogWorkspaceOption",
    "ModelArgument",
    "SetOption",
    "WorkspaceOption",
    "with_accepted",
]

ModelArgument = Annotated[
    Path, typer.Argument(help="Folder of a trained model, e.g. trained_models/demo/demo.")
]
IndexOption = Annotated[
    Path | None, typer.Option(help="Index folder. Default: the model's only one of free-running windows.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOME",
        help="With a raw log: shipped home or home YAML that describes its sensors. Default: what can be "
        "guessed from the log.",
    ),
]
LogWorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="With a raw log: folder for what is made of it. Default: a folder below ~/.cache/discover.",
    ),
]
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
