"""`discover train`, which is also `python train.py`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from discover.cli.options import ConfigOption, SetOption, WorkspaceOption
from discover.cli.permission_options import with_permissions

if TYPE_CHECKING:
    from discover.alignment import AlignmentConfig

__all__ = ["train"]


@with_permissions
def train(
    config: ConfigOption,
    run_full_pipeline: Annotated[
        bool, typer.Option("--run-full-pipeline", help="First make windows, captions and vectors.")
    ] = False,
    resume: Annotated[Path | None, typer.Option(help="Go on from this checkpoint_step_*.pt.")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Folder for this model, instead of the config's output_dir.")
    ] = None,
    set_: SetOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Train an alignment model from a config (what `python train.py` does)."""
    from discover.alignment import AlignmentConfig
    from discover.alignment.config import read_run_mapping
    from discover.cli.chain_output import print_results, run_steps
    from discover.core.errors import ConfigError

    overrides = set_ or []
    if resume is not None and run_full_pipeline:
        raise ConfigError(
            "--resume names a checkpoint of training alone; --run-full-pipeline goes on from its last "
            "checkpoint by itself. Give one of them."
        )
    values = read_run_mapping(config, overrides)
    # Files that the config names are trained on; if it names none, those that the chain made.
    if values.get("train_data_path") is not None and not run_full_pipeline:
        alignment = AlignmentConfig.from_mapping(values, source=str(config))
        if output_dir is not None:
            alignment = alignment.model_copy(update={"output_dir": output_dir})
        _train(alignment, resume)
    elif resume is not None:
        from discover.pipeline import build_chain

        _train(build_chain(config, overrides, workspace, output_dir=output_dir).training, resume)
    else:
        only = None if run_full_pipeline else {"align"}
        chain = run_steps(config, overrides, workspace, only, output_dir=output_dir)
        if run_full_pipeline:
            print_results(chain)


def _train(alignment: "AlignmentConfig", resume: Path | None) -> None:
    from discover.alignment import AlignmentTrainer
    from discover.cli.console import BarProgress, print_written

    AlignmentTrainer(alignment, progress=BarProgress(), resume=resume or "auto").train()
    print_written([alignment.output_dir])
