"""`discover check`."""

from pathlib import Path

from discover.cli.options import AcceptRefusedOption, ConfigOption, SetOption, WorkspaceOption, with_accepted

__all__ = ["check"]


def check(
    config: ConfigOption,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Check a run's settings, files and combinations. Trains nothing, writes nothing."""
    from discover.cli.chain_output import print_plan, print_refused
    from discover.cli.console import console
    from discover.pipeline import build_chain, check_log, check_run
    from discover.stages import plan_stages

    chain = build_chain(config, with_accepted(set_, accept_refused), workspace)
    plans = plan_stages(chain.stages)
    check_run(chain, plans)
    logs = check_log(chain, plans)
    print_plan(plans)
    for refused in logs:
        print_refused(refused)
    console.print("The config is valid. Nothing was run.")
