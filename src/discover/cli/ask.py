"""`discover ask`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import IndexOption, JsonOption, LlmModelOption, LlmOption, LogWorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["ask"]


@with_permissions
def ask(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder of a trained model, e.g. trained_models/demo/demo; or a raw log, which needs none."
        ),
    ],
    question: Annotated[
        str, typer.Argument(help="The question: 'How often did someone get up at night last week?'")
    ],
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            "--layout",
            help="Of a raw log: shipped home or home YAML that describes its sensors. Of a model of several "
            "homes: which one.",
        ),
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option(
            help='What "yesterday" counts from, such as 2024-05-15T20:00. Default: the end of the log.'
        ),
    ] = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=0, help="How many moments to show.")] = 5,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the values per day into this .svg or .png file.")
    ] = None,
    index: IndexOption = None,
    workspace: LogWorkspaceOption = None,
    llm: LlmOption = None,
    llm_model: LlmModelOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Answer a question: how often, how long, when, whether, first, last, more than before; or find moments.

    A number has a 95 % interval from 8 days on, a chart of the days, and the moments behind it. What was
    understood is printed, and what was not. A question that no sensor can answer is refused, with the
    reason.
    """
    from discover.api import open_home
    from discover.api.opening import is_model
    from discover.cli.console import BarProgress, console, print_json, print_result
    from discover.core.progress import SILENT
    from discover.query.questions import check_question

    check_question(question)
    raw = not is_model(path)
    opened = open_home(
        path, home=home if raw else None, workspace=workspace, index=index,
        llm=llm, llm_model=llm_model, progress=SILENT if as_json else BarProgress(),
    )  # fmt: skip
    answer = opened.ask(question, now=now, home=None if raw else home, top_k=top_k)
    written = None if figure is None else answer.write_figure(figure)
    if as_json:
        print_json(answer.as_json())
    else:
        print_result(answer)
        if written is not None:
            console.print(f"Wrote {written}", soft_wrap=True)
