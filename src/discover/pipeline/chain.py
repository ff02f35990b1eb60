"""A run's YAML turned into stages: those of each home up to text vectors, then one model over all homes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from discover.alignment import AlignmentConfig
from discover.core.errors import ConfigError, DataError
from discover.core.paths import Workspace
from discover.core.permissions import Permissions, user_permissions
from discover.core.progress import SILENT, Progress
from discover.pipeline.checks import check_run
from discover.pipeline.config import HomeSource, RunConfig
from discover.pipeline.data_stages import DataFolders, data_stages
from discover.pipeline.home_run import HomeRun
from discover.pipeline.model_stages import ModelFolders, model_folders, model_stages
from discover.stages.executor import Executor, Failure, SerialExecutor
from discover.stages.stage import Stage, StageOutcome, plan_stages, run_stages

__all__ = ["DATA_STAGES", "VECTOR_STAGES", "Chain", "HomeStages", "build_chain", "run_chain"]

DATA_STAGES = frozenset({"simulate", "import", "split", "sample", "caption", "encode-text"})
"""Stages of each home that use no model, of free-running windows, for `run_chain(only=...)`."""

VECTOR_STAGES = DATA_STAGES | {"align", "embed"}
"""The same, the model and its index of free-running windows."""


@dataclass(frozen=True)
class HomeStages:
    """One home of a run.

    Attributes:
        source: Where its events come from.
        folders: Where its data lies.
        stages: From its log to text vectors, in order.
    """

    source: HomeSource
    folders: DataFolders
    stages: tuple[Stage, ...]

    @property
    def name(self) -> str:
        """The home's name."""
        return self.folders.home.name


@dataclass(frozen=True)
class Chain:
    """All stages of a run, in order, and where their artefacts lie.

    Attributes:
        config: The run.
        homes: Its homes with their stages.
        fitted_stages: Stages of the model, over all homes.
        model_folders: Where model and results lie.
        workspace: The root of all folders.
    """

    config: RunConfig
    homes: tuple[HomeStages, ...]
    fitted_stages: tuple[Stage, ...]
    model_folders: ModelFolders
    workspace: Workspace

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage."""
        return (*(stage for home in self.homes for stage in home.stages), *self.fitted_stages)

    @property
    def data_folders(self) -> DataFolders:
        """Folders of the first home, which is the only one of most runs."""
        return self.homes[0].folders

    @property
    def training(self) -> AlignmentConfig:
        """The alignment block with the paths of this run's windows and vectors."""
        settings: AlignmentConfig = next(s for s in self.fitted_stages if s.name == "align").settings
        return settings


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
        ConfigError: A setting is wrong, or two homes have one name.
        DataError: A home has no log.
    """
    run = RunConfig.from_yaml(config, overrides)
    root = Workspace(workspace)
    homes = []
    for source in run.sources:
        stages, folders = data_stages(run, source, root)
        homes.append(HomeStages(source, folders, tuple(stages)))
    names = [home.name for home in homes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"homes: {', '.join(twice)} is there twice. A sensor is known by its home's name: give each home "
            "a name of its own (in its YAML, if it has one)."
        )
    data = [home.folders for home in homes]
    models = model_folders(run, data, root, output_dir)
    return Chain(run, tuple(homes), tuple(model_stages(run, data, models, root)), models, root)


def run_chain(
    config: Path,
    overrides: Sequence[str] = (),
    workspace: Path = Path(),
    *,
    output_dir: Path | None = None,
    only: Collection[str] | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    on_outcome: Callable[[StageOutcome], None] = lambda outcome: None,
    on_failure: Callable[[str, Failure], None] = lambda home, failure: None,
) -> Chain:
    """Run what is not current and return the chain.

    Homes come first, each by itself. A run of all stages fails here where it could not reach its end
    (`checks`), before anything is made of a log.

    Args:
        config, overrides, workspace, output_dir: As for `build_chain`.
        only: Names of the stages that may run; None for all.
        executor: Where the stages of several homes run; default: here, one home after the other.
        progress: Where long stages report.
        on_outcome: Called once per stage.
        on_failure: Called with the name of each of several homes that failed.

    Raises:
        ConfigError, DataError: As `check_run`, `RefusedLines.refuse_many` and `check_days`; of several homes,
            that some failed: the others are finished first, and no model is trained.
    """
    chain = build_chain(config, overrides, workspace, output_dir=output_dir)
    if only is None:
        check_run(chain, plan_stages(chain.stages))
    done = _run_homes(chain, only, executor or SerialExecutor(), progress, on_outcome, on_failure)
    # What the logs hold decides which stages there are.
    chain = build_chain(config, overrides, workspace, output_dir=output_dir)
    ran = {outcome.stage.manifest_path for outcome in done}
    rest = [stage for stage in chain.stages if stage.manifest_path not in ran]
    run_stages(rest, only=only, earlier=done, progress=progress, on_outcome=on_outcome)
    return chain


def _run_homes(
    chain: Chain,
    only: Collection[str] | None,
    executor: Executor,
    progress: Progress,
    on_outcome: Callable[[StageOutcome], None],
    on_failure: Callable[[str, Failure], None],
) -> list[StageOutcome]:
    names = {stage.name for home in chain.homes for stage in home.stages}
    if only is not None and not names & set(only):
        return []
    frozen = None if only is None else frozenset(only)
    permissions: Permissions = user_permissions()
    work = HomeRun(chain.config, chain.workspace, frozen, permissions)
    here = HomeRun(chain.config, chain.workspace, frozen, permissions, progress, on_outcome)
    sources = [home.source for home in chain.homes]
    if len(sources) == 1:
        return here(sources[0])
    done: list[StageOutcome] = []
    failed: dict[str, Failure] = {}
    for finished in executor.map(work if executor.remote else here, sources):
        name = chain.homes[finished.number].name
        if isinstance(finished.result, Failure):
            failed[name] = finished.result
            on_failure(name, finished.result)
            continue
        done += finished.result
        if executor.remote:
            for outcome in finished.result:
                on_outcome(outcome)
    if failed:
        last_lines = [f"{name}: {f.message.strip().splitlines()[-1]}" for name, f in failed.items()]
        raise DataError(
            f"{len(failed)} of {len(sources)} homes failed ({'; '.join(last_lines)}). What the others made "
            "is kept. Correct these, or leave them out of `homes`, and run the same command again."
        )
    return done
