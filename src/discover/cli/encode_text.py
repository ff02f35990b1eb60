"""`discover encode-text`."""

from pathlib import Path

from discover.cli.options import ConfigOption, SetOption, WorkspaceOption
from discover.cli.permission_options import with_permissions

__all__ = ["encode_text"]


@with_permissions
def encode_text(
    config: ConfigOption,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Step 4: turn captions into text vectors."""
    from discover.cli.chain_output import run_steps

    run_steps(config, set_ or [], workspace, {"encode-text", "encode-text_p"})
