"""A run's YAML turned into stages."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from discover.core.paths import Workspace
from discover.core.progress import SILENT, Progress
from discover.core.tables import EVENTS
from discover.core.window_set import read_table
from discover.pipeline.checks import check_days, check_run
from discover.pipeline.config import RunConfig
from discover.pipeline.data_stages import DataFolders, data_stages
from discover.pipeline.model_stages import ModelFolders, model_folders, model_stages
from discover.pipeline.refused_lines import RefusedLines
from discover.stages.stage import Stage, StageOutcome, plan_stages, run_stages

__all__ = ["Chain", "build_chain", "run_chain"]

_LOG_STAGES = ("simulate", "import")


@dataclass(frozen=True)
class Chain:
    """All stages of a run, in order, and where their artefacts lie."""

    config: RunConfig
    stages: tuple[Stage, ...]
    data_folders: DataFolders
    model_folders: ModelFolders
    workspace: Workspace


def build_chain(
    config: Path, overrides: Sequence[str] = (), workspace: Path = Path(), *, output_dir: Path | None = None
) -> Chain:
    """Check a run's settings and lay out its stages; reads no data.

    Args:
        config: The run's YAML.
        overrides: `a.b=c` assignments.
        workspace: Folder that holds data/, trained_models/ and results/.
        output_dir: Folder of the model, instead of trained_models/<home>/<experiment>.

    Raises:
        ConfigError: A setting is wrong.
        DataError: The home has no log.
    """
    run = RunConfig.from_yaml(config, overrides)
    root = Workspace(workspace)
    stages, data = data_stages(run, root)
    folders = model_folders(run, data, root, output_dir)
    stages += model_stages(run, data, folders, root)
    return Chain(run, tuple(stages), data, folders, root)


def run_chain(
    config: Path,
    overrides: Sequence[str] = (),
    workspace: Path = Path(),
    *,
    output_dir: Path | None = None,
    only: Collection[str] | None = None,
    progress: Progress = SILENT,
    on_outcome: Callable[[StageOutcome], None] = lambda outcome: None,
) -> Chain:
    """Run what is not current and return the chain.

    The log is imported first: whether it has annotations decides whether there are presegmented stages. A run
    of all stages fails here where it could not reach its end (`checks`), before anything is made of the log.

    Args:
        config, overrides, workspace, output_dir: As for `build_chain`.
        only: Names of the stages that may run; None for all.
        progress: Where long stages report.
        on_outcome: Called once per stage.

    Raises:
        ConfigError, DataError: As `check_run`, `RefusedLines.refuse_many` and `check_days`.
    """
    first = build_chain(config, overrides, workspace, output_dir=output_dir)
    if only is None:
        check_run(first, plan_stages(first.stages))
    if only is None or set(only) & set(_LOG_STAGES):
        log_stages = [stage for stage in first.stages if stage.name in _LOG_STAGES]
        run_stages(log_stages, progress=progress, on_outcome=on_outcome)
        # Not only where the log was read just now: it may have been imported by an earlier version.
        folder, source = first.data_folders.home, first.config.home
        RefusedLines.of_folder(folder).refuse_many(accepted=source.accept_refused)
        if only is None:
            events = read_table(folder / "events.parquet", EVENTS)
            check_days(events["time"].dt.date().n_unique(), first.config.sampling.split)
    chain = build_chain(config, overrides, workspace, output_dir=output_dir)

    def report(outcome: StageOutcome) -> None:
        if outcome.stage.name not in _LOG_STAGES:
            on_outcome(outcome)

    run_stages(chain.stages, only=only, progress=progress, on_outcome=report)
    return chain
