"""`discover app`: a home in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import LayoutOption, LlmModelOption, LlmOption, LogWorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["open_app"]


@with_permissions
def open_app(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[LOG|MODEL]...",
            help="Raw logs, folders of trained models, or both. None: the app takes a log by drag and drop.",
            show_default=False,
        ),
    ] = None,
    layout: LayoutOption = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="With a Home Assistant database: IANA zone of the home, such as Europe/Berlin. Default for "
            "a database that is dropped on the page: the browser's.",
        ),
    ] = None,
    workspace: LogWorkspaceOption = None,
    writable: Annotated[
        bool,
        typer.Option(
            "--writable",
            help="Store corrections, names and drawn plans beside the home, and take uploads. Without it "
            "nothing of the home is changed.",
        ),
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the address in the browser.")
    ] = True,
    max_upload_mb: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Largest file that is taken by drag and drop, in MiB.")
    ] = 2_048,
    sync_every: Annotated[
        int,
        typer.Option(
            metavar="MINUTES",
            min=0,
            max=10_080,
            help="Add what is new to homes that `discover import ha` made, as `discover sync` does.",
            show_default="never",
        ),
    ] = 0,
    behind_ingress: Annotated[
        bool,
        typer.Option(
            "--behind-ingress",
            help="In a container of Home Assistant: answer its ingress, and programs that send the token "
            "in DISCOVER_APP_TOKEN; refuse everybody else.",
        ),
    ] = False,
    llm: LlmOption = None,
    llm_model: LlmModelOption = "default",
) -> None:
    """Look at a home in the browser: search it, walk through its days, see what recurs and what changed.

    `discover app my_log.txt` reads the log as `discover search` does (nothing is trained), prints an address
    and opens it. The address works on this machine only, and only with the token in it. Nothing is sent
    anywhere else, unless --llm names an endpoint elsewhere. Stop the app with Ctrl+C. DISCOVER_APP_TOKEN
    sets the token; else it is new at every start.
    """
    from discover.app.running import RunConfig, run_app
    from discover.cli.console import console

    config = RunConfig(
        port=port, writable=writable, layout=layout, time_zone=time_zone, workspace=workspace,
        max_upload_mb=max_upload_mb, browser=browser, behind_ingress=behind_ingress, sync_minutes=sync_every,
        llm=llm, llm_model=llm_model,
    )  # fmt: skip
    run_app(
        paths or [],
        config,
        lambda address: console.print(
            f"The app is at {address}", highlight=False, soft_wrap=True, markup=False
        ),
    )
