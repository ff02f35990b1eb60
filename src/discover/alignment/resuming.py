"""Where a run begins: anew, at the newest checkpoint of its folder, or at a checkpoint that is named."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from discover.alignment.checkpoint import load_checkpoint
from discover.alignment.config import AlignmentConfig
from discover.alignment.run_folder import RunFolder, refuse_other_run
from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, CheckpointError

__all__ = ["Resume", "starting_point"]

Resume = Literal["auto"] | Path | None
"""Go on from the run's newest checkpoint, from a given one, or start anew."""


def starting_point(
    files: RunFolder,
    resume: Resume,
    config: AlignmentConfig,
    data: str,
    *,
    total: int,
    overwrite: bool,
    together: Callable[[], None],
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any] | None:
    """Bring the folder to where the run begins, and give what it goes on from (None: step 0).

    A checkpoint of another folder brings its log and its best model along. One of the run's own folder that
    goes on with other settings (more steps, say) takes the place of what the run did after it. Where the best
    model of the steps before is not at hand, the best one is looked for anew from here on.

    Args:
        files: The run's folder.
        resume: Where to begin.
        config: The run.
        data: Fingerprint of its data.
        total: Its steps.
        overwrite: Move another run in the folder aside instead of refusing.
        together: Waits for the other processes: all have read the folder before one changes it.
        say: Told what was moved aside and where; nothing that was trained is deleted.

    Raises:
        ArtifactError: The folder holds another run.
        CheckpointError: The checkpoint cannot be continued with this config and data, or nothing is left to
            do and the best model is gone.
    """
    content, named, foreign = None, isinstance(resume, Path), False
    if isinstance(resume, Path):
        content = load_checkpoint(resume)
        refuse_other_run(content, resume, config, data)
    if not isinstance(resume, Path) or not _same_folder(resume.parent, files.folder):
        try:
            newest = files.newest_own()
        except ArtifactError:
            if not overwrite:
                raise
            newest, foreign = None, True
        content = content if named else newest
    together()
    if foreign or resume is None:
        _tell(say, files.set_aside(), "The run that was in this folder")
        content = content if named else None
    if isinstance(resume, Path) and content is not None:
        _take_over(files, resume, content, say)
    if content is not None and _best_is_lost(files, content):
        if content["ended"] or content["step"] >= total:
            raise CheckpointError(
                f"Training is complete at step {content['step']:,}, but {files.best} is not its best model. "
                "Give more training.max_steps, or train again in another output_dir."
            )
        content["best"] = {**content["best"], "value": None, "step": 0}
    files.start_log(0 if content is None else int(content["log_size"]))
    return content


def _same_folder(left: Path, right: Path) -> bool:
    return left.resolve() == right.resolve()


def _tell(say: Callable[[str], None], aside: Path | None, what: str) -> None:
    if aside is None:
        return
    steps = RunFolder(aside, "", writes=False).steps()
    last = f" Its last checkpoint is {aside / f'checkpoint_step_{steps[-1]}.pt'}." if steps else ""
    say(
        f"{what} has other settings or data; it was moved to {aside}.{last} To go on from there with more "
        "steps, name the checkpoint: `discover train --config ... --resume CHECKPOINT`. Delete the folder "
        "when you no longer need it."
    )


def _take_over(
    files: RunFolder, checkpoint: Path, content: dict[str, Any], say: Callable[[str], None]
) -> None:
    if not _same_folder(checkpoint.parent, files.folder):
        source = RunFolder(checkpoint.parent, content["fingerprint"], writes=False)
        log = source.metrics.read_bytes() if source.metrics.is_file() else b""
        # A checkpoint that was moved without its log starts a new one.
        content["log_size"] = content["log_size"] if len(log) >= content["log_size"] else 0
        if files.writes:
            _write(files.metrics, log[: content["log_size"]])
            if _best_of(source) == content["best"]:
                _write(files.best, source.best.read_bytes())
    elif content["fingerprint"] != files.fingerprint:
        aside = files.set_later_aside(content["step"], checkpoint)
        _tell(say, aside, f"What this run did after step {content['step']:,}")


def _write(path: Path, data: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def _best_is_lost(files: RunFolder, content: Mapping[str, Any]) -> bool:
    """Whether best_model.pt is not the best model of the steps up to the checkpoint."""
    if content["best"]["value"] is None:
        return False
    if content["fingerprint"] == files.fingerprint:
        # A later best one of the same run is as good: its step comes again, with the same weights.
        return not files.best.is_file()
    return bool(_best_of(files) != content["best"])


def _best_of(files: RunFolder) -> Any:
    try:
        return load_checkpoint(files.best)["best"]
    except CheckpointError:
        return None
