"""A stage of the chain, and the runner that skips what is current and finishes what was cut off.

A stage is read -> pure function -> write. It is current when its manifest names the same stage
version, the same settings and the same sha256 of every input and output, wherever these lie: a
workspace that was moved or copied is as current as it was. Stages run in order; each holds a lock on
the folder it writes and a shared one on the folders it reads, so two runs may share a workspace.
"""

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from discover.core.artifacts import (
    Manifest,
    file_sha256,
    folder_lock,
    is_current,
    read_manifest,
    remove_partials,
    write_manifest,
)
from discover.core.errors import ArtifactError
from discover.core.progress import SILENT, Progress

__all__ = [
    "COMMIT_VARIABLE",
    "Stage",
    "StageFunction",
    "StageOutcome",
    "StagePlan",
    "StageResult",
    "plan_stages",
    "run_stages",
]

COMMIT_VARIABLE = "DISCOVER_COMMIT"
"""Environment variable that names the source revision for manifests; unset, none is noted. The library never
asks git: it may be installed anywhere, inside any repository."""


@dataclass(frozen=True)
class StageResult:
    """What a stage wrote.

    Attributes:
        outputs: The files that the stage names as its outputs, and any others it wrote in its folder.
        rows: Counts for the summary line and the manifest.
        notes: Counts of this run alone, such as how much of it was new: shown and not stored.
    """

    outputs: Sequence[Path]
    rows: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One step of the chain, as a value: it can be sent to another process and run there.

    Attributes:
        name: Unique in the chain, for example "sample" or "caption_p".
        title: What it does, for people.
        version: Raised when the code would give other outputs for the same inputs.
        work: Does the work; a function of a module, which gets this stage.
        folder: Where it writes; holds `manifest_<name>.json`.
        inputs: Name -> file it reads.
        outputs: Names of the files in `folder` that it always writes and that others may read.
        settings: What `work` needs besides files: plain data, a config or a dataclass of these.
        config: Every setting that can change the outputs, as plain data; noted and compared.
        not_compared: Names of settings that decide nothing; see `is_current`.
        home: Name of the home it is about, in a chain of several homes.
    """

    name: str
    title: str
    version: int
    work: "StageFunction"
    folder: Path
    inputs: Mapping[str, Path]
    outputs: Sequence[str]
    settings: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)
    not_compared: Collection[str] = ()
    home: str = ""

    @property
    def manifest_path(self) -> Path:
        """Where this stage's manifest lies."""
        return self.folder / f"manifest_{self.name}.json"

    @property
    def output_paths(self) -> list[Path]:
        """The named outputs, as paths."""
        return [self.folder / name for name in self.outputs]


StageFunction = Callable[[Stage, Progress], StageResult]
"""Does a stage's work: (the stage, where to report) -> what it wrote."""


@dataclass(frozen=True)
class StagePlan:
    """What a run would do with one stage, and why."""

    stage: Stage
    action: Literal["skip", "run", "depends"]
    reason: str


@dataclass(frozen=True)
class StageOutcome:
    """What a run did with one stage."""

    stage: Stage
    ran: bool
    reason: str
    seconds: float
    rows: Mapping[str, int]
    commit: str | None = None
    """Source revision that computed the outputs, now or in the earlier run that is reused."""
    made: Mapping[Path, str] = field(default_factory=dict)
    """Its outputs: path -> sha256."""


def plan_stages(stages: Sequence[Stage]) -> list[StagePlan]:
    """Decide for each stage without running any.

    A stage below one that will run is "depends": it is skipped after all if its rebuilt inputs come
    out with the same bytes.
    """
    plans: list[StagePlan] = []
    rebuilt: dict[Path, str] = {}
    for stage in stages:
        upstream = sorted({rebuilt[p] for p in stage.inputs.values() if p in rebuilt})
        missing = [name for name, path in stage.inputs.items() if not path.is_file()]
        if missing or upstream:
            plan = StagePlan(stage, "depends", "after " + ", ".join(upstream or missing))
            if read_manifest(stage.manifest_path) is None:
                plan = StagePlan(stage, "run", "not made yet")
        else:
            current, reason = _check(stage, _hash_inputs(stage))
            plan = StagePlan(stage, "skip" if current else "run", reason)
        if plan.action != "skip":
            rebuilt.update(dict.fromkeys(stage.output_paths, stage.name))
        plans.append(plan)
    return plans


def run_stages(
    stages: Sequence[Stage],
    *,
    only: Collection[str] | None = None,
    earlier: Sequence[StageOutcome] = (),
    progress: Progress = SILENT,
    on_outcome: Callable[[StageOutcome], None] = lambda outcome: None,
) -> list[StageOutcome]:
    """Run what is not current, in order.

    Args:
        stages: The whole chain.
        only: Names of the stages that may run; an earlier one that is not current is then an error.
        earlier: Stages of this run that are done: what they made must still be as they left it.
        progress: Where long stages report.
        on_outcome: Called after each stage.

    Raises:
        ArtifactError: An input is missing, or another run rebuilt an artefact of this run with other
            settings while this run was going on.
    """
    made = {path: digest for outcome in earlier for path, digest in outcome.made.items()}
    outcomes: list[StageOutcome] = []
    folders = {stage.folder for stage in stages} | {outcome.stage.folder for outcome in earlier}
    last = max((i for i, s in enumerate(stages) if only is None or s.name in only), default=-1)
    needed = _ancestors(stages, only)
    for stage in stages[: last + 1]:
        if stage.name not in needed:
            continue
        may_run = only is None or stage.name in only
        outcome = _run_one(stage, made, folders, progress, may_run=may_run)
        made.update(outcome.made)
        outcomes.append(outcome)
        on_outcome(outcome)
    return outcomes


def _ancestors(stages: Sequence[Stage], only: Collection[str] | None) -> set[str]:
    if only is None:
        return {stage.name for stage in stages}
    needed: set[str] = set()
    wanted: set[Path] = set()
    for stage in reversed(stages):
        if stage.name in only or not wanted.isdisjoint(stage.output_paths):
            needed.add(stage.name)
            wanted |= set(stage.inputs.values())
    return needed


def _run_one(
    stage: Stage, made: Mapping[Path, str], folders: Collection[Path], progress: Progress, *, may_run: bool
) -> StageOutcome:
    started = time.monotonic()
    manifest: Manifest | None = None
    notes: Mapping[str, int] = {}
    # First only as a reader, so that finding a stage current waits for no run that merely reads it.
    for shared in (True, False):
        with _locked(stage, folders, shared=shared):
            hashes = _hash_inputs(stage)
            _refuse_foreign_inputs(stage, hashes, made)
            current, reason = _check(stage, hashes)
            manifest = read_manifest(stage.manifest_path) if current else None
            if manifest is None and not shared:
                manifest, notes = _execute_if(stage, hashes, progress, reason, may_run=may_run)
        if manifest is not None:
            break
    assert manifest is not None
    outputs = {stage.folder / name: digest for name, digest in manifest.outputs.items()}
    seconds, rows = time.monotonic() - started, {**manifest.rows, **notes}
    return StageOutcome(stage, not current, reason, seconds, rows, manifest.commit, outputs)


@contextlib.contextmanager
def _locked(stage: Stage, folders: Collection[Path], *, shared: bool) -> Iterator[None]:
    """Upstream folders first, own folder last: every run locks in this order, so none can deadlock."""
    with contextlib.ExitStack() as locks:
        for folder in dict.fromkeys(p.parent for p in stage.inputs.values()):
            if folder != stage.folder and folder in folders:
                locks.enter_context(folder_lock(folder, shared=True))
        locks.enter_context(folder_lock(stage.folder, shared=shared))
        yield


def _execute_if(
    stage: Stage, hashes: Mapping[str, str], progress: Progress, reason: str, *, may_run: bool
) -> tuple[Manifest, Mapping[str, int]]:
    if not may_run:
        raise ArtifactError(
            f"Stage '{stage.name}' ({stage.title}) is not up to date: {reason}. "
            "Run it first, or the whole chain with `discover run`."
        )
    return _execute(stage, hashes, progress)


def _execute(
    stage: Stage, hashes: Mapping[str, str], progress: Progress
) -> tuple[Manifest, Mapping[str, int]]:
    remove_partials(stage.folder)
    before = read_manifest(stage.manifest_path)
    stage.manifest_path.unlink(missing_ok=True)
    result = stage.work(stage, progress)
    unwritten = [path.name for path in stage.output_paths if path not in result.outputs]
    assert not unwritten, f"stage {stage.name} names outputs that it does not write: {unwritten}"
    manifest = write_manifest(
        stage.manifest_path,
        stage=stage.name,
        stage_version=stage.version,
        config=stage.config,
        inputs=hashes,
        outputs=result.outputs,
        rows=result.rows,
        commit=os.environ.get(COMMIT_VARIABLE),
        before=before,
    )
    return manifest, result.notes


def _check(stage: Stage, hashes: Mapping[str, str]) -> tuple[bool, str]:
    return is_current(
        stage.manifest_path,
        stage=stage.name,
        stage_version=stage.version,
        config=stage.config,
        inputs=hashes,
        not_compared=stage.not_compared,
    )


def _hash_inputs(stage: Stage) -> dict[str, str]:
    missing = [str(path) for path in stage.inputs.values() if not path.is_file()]
    if missing:
        raise ArtifactError(
            f"Stage '{stage.name}' needs {', '.join(missing)}, which is not there. "
            "Run the whole chain with `discover run --config ...`, or the stage that makes it."
        )
    return {name: file_sha256(path) for name, path in stage.inputs.items()}


def _refuse_foreign_inputs(stage: Stage, hashes: Mapping[str, str], made: Mapping[Path, str]) -> None:
    for name, path in stage.inputs.items():
        if path in made and made[path] != hashes[name]:
            raise ArtifactError(
                f"{path} was rebuilt by another run with other settings while this run was going on. "
                "Nothing was mixed. Run again, or give one of the runs its own --workspace."
            )
