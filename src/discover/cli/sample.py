"""`discover sample`."""

from pathlib import Path

from discover.cli.options import AcceptRefusedOption, ConfigOption, SetOption, WorkspaceOption, with_accepted

__all__ = ["sample"]


def sample(
    config: ConfigOption,
    accept_refused: AcceptRefusedOption = False,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Step 1: read the log if needed, and cut it into windows."""
    from discover.cli.chain_output import run_steps

    names = {"simulate", "import", "split", "sample", "sample_p"}
    run_steps(config, with_accepted(set_, accept_refused), workspace, names)
