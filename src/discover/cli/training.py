"""`discover train`, which is also `python train.py`."""

from collections.abc import Sequence
from pathlib import Path

from discover.alignment import AlignmentConfig, AlignmentTrainer
from discover.alignment.config import read_run_mapping
from discover.cli.console import BarProgress, console
from discover.core.errors import ConfigError

__all__ = ["train_model"]


def train_model(
    config: Path,
    overrides: Sequence[str],
    workspace: Path,
    *,
    run_full_pipeline: bool,
    resume: Path | None,
    output_dir: Path | None,
) -> None:
    """Train on the files the config names; on those the chain made, if it names none."""
    values = read_run_mapping(config, overrides)
    from_files = values.get("train_data_path") is not None
    if run_full_pipeline or not from_files:
        if resume is not None and run_full_pipeline:
            raise ConfigError(
                "--resume names a checkpoint of training alone; --run-full-pipeline goes on from its last "
                "checkpoint by itself. Give one of them."
            )
        _train_in_chain(config, overrides, workspace, run_full_pipeline, resume, output_dir)
        return
    alignment = AlignmentConfig.from_mapping(values, source=str(config))
    if output_dir is not None:
        alignment = alignment.model_copy(update={"output_dir": output_dir})
    _train(alignment, resume)


def _train_in_chain(
    config: Path,
    overrides: Sequence[str],
    workspace: Path,
    run_full_pipeline: bool,
    resume: Path | None,
    output_dir: Path | None,
) -> None:
    from discover.cli.chain import print_outcome, print_results
    from discover.pipeline import build_chain, run_chain, training_config

    if resume is not None:
        chain = build_chain(config, overrides, workspace, output_dir=output_dir)
        alignment = training_config(
            chain.config, chain.data_folders, chain.model_folders.model, chain.workspace
        )
        _train(alignment, resume)
        return
    chain = run_chain(
        config,
        overrides,
        workspace,
        output_dir=output_dir,
        only=None if run_full_pipeline else {"align"},
        progress=BarProgress(),
        on_outcome=print_outcome,
    )
    if run_full_pipeline:
        print_results(chain)


def _train(alignment: AlignmentConfig, resume: Path | None) -> None:
    AlignmentTrainer(alignment, progress=BarProgress(), resume=resume or "auto").train()
    console.print(f"Wrote {alignment.output_dir}", markup=False)
