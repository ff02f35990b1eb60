"""One home of a run, from its log to text vectors: what an executor runs elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

from discover.core.event_files import read_events
from discover.core.paths import Workspace
from discover.core.permissions import NO_PERMISSIONS, Permissions, granting
from discover.core.progress import SILENT, Progress
from discover.pipeline.checks import check_days
from discover.pipeline.config import HomeSource, RunConfig
from discover.pipeline.data_stages import data_stages
from discover.pipeline.refused_lines import RefusedLines
from discover.stages.stage import StageOutcome, run_stages

__all__ = ["HomeRun"]

_LOG_STAGES = frozenset({"simulate", "import"})


def _ignore(outcome: StageOutcome) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class HomeRun:
    """Runs the stages of one home; a value that can be sent to another process.

    Attributes:
        config: The run.
        workspace: The root of all folders.
        only: Names of the stages that may run; None for all.
        permissions: What the user has allowed.
        progress: Where long stages report, in this process.
        on_outcome: Called once per stage, in this process.
    """

    config: RunConfig
    workspace: Workspace
    only: frozenset[str] | None = None
    permissions: Permissions = NO_PERMISSIONS
    progress: Progress = SILENT
    on_outcome: Callable[[StageOutcome], None] = _ignore

    def __call__(self, source: HomeSource) -> list[StageOutcome]:
        """Run what is not current of one home.

        Raises:
            DataError: The log cannot be read, or cannot be trained on.
        """
        with granting(download=self.permissions.download, remote_code=self.permissions.remote_code):
            done = self._import(source)
            # Whether the log has annotations decides whether there are presegmented stages.
            stages, _ = data_stages(self.config, source, self.workspace)
            ran = {outcome.stage.manifest_path for outcome in done}
            rest = [stage for stage in stages if stage.manifest_path not in ran]
            return done + run_stages(
                rest, only=self.only, earlier=done, progress=self.progress, on_outcome=self.on_outcome
            )

    def _import(self, source: HomeSource) -> list[StageOutcome]:
        if self.only is not None and not self.only & _LOG_STAGES:
            return []
        stages, folders = data_stages(self.config, source, self.workspace)
        log_stages = [stage for stage in stages if stage.name in _LOG_STAGES]
        done = run_stages(log_stages, progress=self.progress, on_outcome=self.on_outcome)
        # Not only where the log was read just now: it may have been imported by an earlier version.
        RefusedLines.of_folder(folders.home).refuse_many(accepted=source.accept_refused)
        if self.only is None:
            events = read_events(folders.home)
            check_days(events["time"].dt.date().n_unique(), self.config.sampling.split)
        return done
