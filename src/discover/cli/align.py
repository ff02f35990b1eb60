"""`discover align`."""

from pathlib import Path

from discover.cli.options import ConfigOption, SetOption, WorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["align"]


@with_permissions
def align(
    config: ConfigOption,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Steps 2 and 5: train the sensor encoder and the heads into one space with the captions."""
    from discover.cli.chain_output import run_steps

    run_steps(config, set_ or [], workspace, {"align"})
