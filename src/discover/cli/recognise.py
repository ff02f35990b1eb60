"""`discover recognise`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from discover.cli.model_options import ModelOptions, Settings, with_models
from discover.cli.options import IndexOption, JsonOption, LogWorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["recognise"]


def _models() -> dict[str, ModelOptions]:
    from discover.recognition.config import RecognitionConfig

    return {"settings": ModelOptions(RecognitionConfig, "How to recognise", skip=("method",))}


@with_permissions
@with_models(_models)
def recognise(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder of a trained model, e.g. trained_models/demo/demo; or a raw log, which needs none."
        ),
    ],
    settings: Settings,
    log: Annotated[
        Path | None,
        typer.Argument(help="Raw log for the model to read. Default: the windows the model has indexed."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("timeline"),
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            "--layout",
            help="Home of the log: one of the model's, shipped or a YAML; without a log, which home of an "
            "index of several. Default: the model's home; without a model, what can be guessed from the log.",
        ),
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option(help="Only this day, such as 2009-07-21. Repeatable.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"] | None, typer.Option(help="Without a log: only days of this split.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="YAML with activities of your own: one line of sentences each.")
    ] = None,
    index: IndexOption = None,
    method: Annotated[
        Literal["prompts", "self_trained"] | None,
        typer.Option(
            help="prompts: the nearest sentences answer. self_trained: a student that they teach answers. "
            "Default: self_trained where the windows' caption vectors are still there, else prompts."
        ),
    ] = None,
    captions: Annotated[
        str | None, typer.Option(help="Captions that help to teach, where windows have several styles.")
    ] = None,
    workspace: LogWorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what was done when: a timeline of activities for a log, without any label.

    Writes timeline_windows and timeline_segments (.parquet and .csv) and a day-by-day picture. Without a
    trained model, the captions of a log are compared with sentences that stand for activities.
    """
    from discover.api import open_home
    from discover.api.opening import is_model
    from discover.cli.console import BarProgress, console, print_json, print_result
    from discover.core.progress import SILENT
    from discover.serving.index_folders import no_model

    if log is not None and path.is_dir() and not is_model(path):
        raise no_model(path)
    raw = not is_model(path)
    opened = open_home(
        path, home=home if raw else None, workspace=workspace, index=index, captions=captions,
        progress=SILENT if as_json else BarProgress(),
    )  # fmt: skip
    found = opened.recognise(
        log, home=None if raw else home, days=day or (), splits=(split,) if split else (), prompts=prompts,
        method=method, config=settings,
    )  # fmt: skip
    paths = found.write(output)
    if as_json:
        print_json({**found.as_json(), "files": [str(path) for path in paths]})
        return
    print_result(found)
    console.print(f"Wrote {len(paths)} files to {output}: {', '.join(p.name for p in paths)}")
