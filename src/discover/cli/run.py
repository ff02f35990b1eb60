"""`discover run`."""

from pathlib import Path
from typing import Annotated

import typer

from discover.cli.options import (
    AcceptRefusedOption,
    ConfigOption,
    ExecutorOption,
    SetOption,
    WorkersOption,
    WorkspaceOption,
    with_accepted,
)
from discover.cli.permission_options import with_permissions

__all__ = ["run"]


@with_permissions
def run(
    config: ConfigOption,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and why; run nothing.")
    ] = False,
    executor: ExecutorOption = "serial",
    workers: WorkersOption = None,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Run the whole chain: log → windows → captions → text vectors → model → evaluation → report.

    Stages whose settings and inputs have not changed are skipped; a run that was stopped, or killed, goes
    on where it was when the same command is given again.
    """
    from discover.cli.chain_output import print_plan, print_results, run_steps
    from discover.pipeline import build_chain
    from discover.stages import build_executor, plan_stages

    overrides = with_accepted(set_, accept_refused)
    if dry_run:
        print_plan(plan_stages(build_chain(config, overrides, workspace).stages))
        return
    chosen = build_executor(executor, workers)
    print_results(run_steps(config, overrides, workspace, None, executor=chosen))
