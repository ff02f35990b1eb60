"""`discover changes`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from discover.cli.model_options import ModelOptions, Settings, with_models
from discover.cli.options import JsonOption
from discover.cli.permission_options import with_permissions

__all__ = ["changes"]


def _models() -> dict[str, ModelOptions]:
    from discover.changes.config import ChangeConfig, RollingConfig

    also = {"baseline_days": ("--rolling",), "window_days": ("--window",)}
    return {
        "settings": ModelOptions(ChangeConfig, "How to compare"),
        "rolling": ModelOptions(RollingConfig, "Week by week, instead of two periods", also=also),
    }


@with_permissions
@with_models(_models)
def changes(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder of a trained model, e.g. trained_models/demo/demo; or a raw log, which needs none."
        ),
    ],
    settings: Settings,
    rolling: Settings,
    baseline: Annotated[
        str | None,
        typer.Option(help="Month (2009-07), day, or range (2009-07-01..2009-07-20) to compare with."),
    ] = None,
    period: Annotated[str | None, typer.Option(help="Month, day or range that is compared.")] = None,
    by: Annotated[
        Literal["cluster", "room", "object", "company", "activity"] | None,
        typer.Option(
            help="What is counted: time in clusters, rooms, at objects or in activities; or company (callers "
            "at the door). Default: cluster, and room for a raw log."
        ),
    ] = None,
    clusters: Annotated[
        str | None, typer.Option(help="Name of the clustering, where there are several.")
    ] = None,
    index: Annotated[Path | None, typer.Option(help="Index folder, where the model has several.")] = None,
    home: Annotated[str | None, typer.Option(help="Which home, where the index is of several.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write CSV, JSON and a picture here.")
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="(Re)write the cluster page; --baseline may then be left out.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Also list what did not change.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two periods, or each week with those before it: what became more, less, earlier or later.

    Days are the unit: shares of observed time, in a test that allows for neighbouring days that resemble each
    other, with all tests corrected together (with --rolling: over all windows and measures).
    """
    from discover.api import open_home
    from discover.api.changes_result import check_periods
    from discover.cli.console import console, print_json, print_result

    spans = rolling.get("baseline_days"), rolling.get("window_days")
    nothing_compared = page and baseline is None and period is None and not rolling
    if not nothing_compared:
        check_periods(baseline, period, *spans)
    if page:
        from discover.pipeline.cluster_page import write_model_cluster_page

        written = write_model_cluster_page(path, clusters=clusters, index=index, output=output)
        console.print(f"Wrote {written}", soft_wrap=True)
        if nothing_compared:
            return
    compared = open_home(path, index=index).changes(
        baseline, period, by=by, rolling=spans[0], window=spans[1], clusters=clusters, home=home,
        show_all=show_all, **settings,
    )  # fmt: skip
    paths = compared.write(output) if output else []
    if as_json:
        print_json(compared.as_json())
        return
    print_result(compared)
    if paths:
        console.print(
            f"Wrote {', '.join(p.name for p in paths)} to {paths[0].parent}", highlight=False, soft_wrap=True
        )
