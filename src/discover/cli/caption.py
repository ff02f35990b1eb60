"""`discover caption`."""

from pathlib import Path

from discover.cli.options import ConfigOption, SetOption, WorkspaceOption

__all__ = ["caption"]


def caption(
    config: ConfigOption,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Step 3: describe windows in words."""
    from discover.cli.chain_output import run_steps

    run_steps(config, set_ or [], workspace, {"caption", "caption_p"})
