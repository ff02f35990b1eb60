"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "AcceptRefusedOption",
    "ConfigOption",
    "ExecutorOption",
    "IndexOption",
    "JsonOption",
    "LayoutOption",
    "LlmModelOption",
    "LlmOption",
    "LogWorkspaceOption",
    "ModelArgument",
    "SetOption",
    "WorkersOption",
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
_READING = "Reading by a language model"
LlmOption = Annotated[
    str | None,
    typer.Option(
        envvar="DISCOVER_LLM",
        metavar="URL",
        help="Endpoint of a language model that reads the question, in any language it knows. OpenAI's API: "
        "http://127.0.0.1:11434/v1 (Ollama), or that of vLLM, llama.cpp, a hosted one; Anthropic: "
        "https://api.anthropic.com/v1/messages. The key is in DISCOVER_LLM_KEY. It gets the question and "
        "the words of the home, never an event; the answer comes from the log. Default: rules read "
        "it, offline.",
        rich_help_panel=_READING,
    ),
]
LlmModelOption = Annotated[
    str,
    typer.Option(
        envvar="DISCOVER_LLM_MODEL",
        help="Name of the endpoint's model, such as qwen2.5:7b.",
        rich_help_panel=_READING,
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
ExecutorOption = Annotated[
    Literal["serial", "processes", "ray"],
    typer.Option(
        help="Where the stages of several homes run: one home after the other, some at a time in processes "
        "of this machine, or on Ray (extra `scale`)."
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Homes at a time. Default: one per processor of this machine.")
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
