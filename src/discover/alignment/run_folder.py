"""The files of a run: which checkpoints there are, which belong to the same run, what is written when."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from discover.alignment.checkpoint import load_checkpoint, save_checkpoint
from discover.alignment.config import AlignmentConfig
from discover.alignment.dataset import AlignmentDataset
from discover.core.artifacts import atomic_path, mapping_sha256
from discover.core.errors import ArtifactError, CheckpointError

__all__ = [
    "RunFolder",
    "data_fingerprint",
    "portable_settings",
    "refuse_other_run",
    "run_fingerprint",
    "run_settings",
]

_FREE_SETTINGS = ("output_dir", "experiment_name", "dataset", "dataset_type", "encoder_config_path",
                  "text_encoder_config_path")  # fmt: skip
_LENGTH_SETTINGS = ("max_steps", "max_epochs")
_FREE_TRAINING = ("device", "num_workers", "pin_memory", "keep_checkpoints", "log_interval", "val_interval",
                  "save_interval", "metrics_interval")  # fmt: skip


def run_settings(config: AlignmentConfig, *, extendable: bool = False) -> dict[str, Any]:
    """Settings that decide a run's numbers, as plain data.

    Args:
        config: The run's config.
        extendable: Leave out what a resumed run may change: its length and its intervals.
    """
    values = config.model_dump(mode="json")
    own = {
        k: v
        for k, v in values.items()
        if k not in _FREE_SETTINGS and not k.startswith(("wandb_", "trackers")) and not k.endswith("_path")
    }
    free = ("device", "num_workers", "pin_memory")
    own["training"] = {
        k: v
        for k, v in own["training"].items()
        if k not in (_FREE_TRAINING + _LENGTH_SETTINGS if extendable else free)
    }
    return own


def portable_settings(config: AlignmentConfig) -> dict[str, Any]:
    """The config as plain data without paths, so that equal runs in two folders give equal checkpoints."""
    values = config.model_dump(mode="json")
    free = ("output_dir", "trackers")
    return {k: v for k, v in values.items() if k not in free and not k.endswith("_path")}


def data_fingerprint(train: AlignmentDataset, validation: AlignmentDataset) -> str:
    """Hex digest of everything the two splits feed into the model: a run goes on only on its own data."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (train, validation):
        f = part.features
        inputs = (f.codes, f.sensor, f.time, f.xy, f.sensor_text, f.first, f.length)
        for tensor in (*inputs, part.text_RT, part.caption_rows_WC):
            if tensor is None:
                continue
            digest.update(str(tuple(tensor.shape)).encode())
            digest.update(tensor.cpu().contiguous().numpy().data)
        digest.update("\n".join(part.window_ids.tolist()).encode())
    return digest.hexdigest()


class RunFolder:
    """One run's output folder.

    Args:
        folder: `config.output_dir`.
        fingerprint: Hash of settings and data; checkpoints of another one belong to another run.
        writes: Whether this process writes; of several, only the first does.
    """

    def __init__(self, folder: Path, fingerprint: str, *, writes: bool = True) -> None:
        self.writes = writes
        self.folder = folder
        self.fingerprint = fingerprint

    @property
    def best(self) -> Path:
        """Checkpoint with the best validation value."""
        return self.folder / "best_model.pt"

    @property
    def final(self) -> Path:
        """Checkpoint of the last step."""
        return self.folder / "final_model.pt"

    @property
    def metrics(self) -> Path:
        """One JSON object per line: step and values."""
        return self.folder / "metrics.jsonl"

    @property
    def timing(self) -> Path:
        """Wall-clock figures, which differ between equal runs and so are kept apart."""
        return self.folder / "timing.jsonl"

    def at_step(self, step: int) -> Path:
        """Checkpoint of a step."""
        return self.folder / f"checkpoint_step_{step}.pt"

    def steps(self) -> list[int]:
        """Steps with a checkpoint, in order."""
        names = (p.stem.removeprefix("checkpoint_step_") for p in self.folder.glob("checkpoint_step_*.pt"))
        return sorted(int(n) for n in names if n.isdigit())

    def newest_own(self) -> dict[str, Any] | None:
        """The newest undamaged checkpoint of this run, or None.

        Raises:
            ArtifactError: The folder holds the checkpoints of another run.
        """
        for path in [self.final, *(self.at_step(s) for s in reversed(self.steps()))]:
            if not path.is_file():
                continue
            try:
                content = load_checkpoint(path)
            except CheckpointError:
                # Checkpoints appear by rename, so this is damage from outside; an older one may be whole.
                continue
            if content["fingerprint"] != self.fingerprint:
                raise ArtifactError(
                    f"{self.folder} holds a run with other settings or data ({path.name}). "
                    "Choose another output_dir, or train with overwrite, which moves that run aside."
                )
            return content
        return None

    def remove_partials(self) -> None:
        """Delete half-written files that a killed run left (call while holding the folder)."""
        if self.writes:
            for leftover in self.folder.glob(".*.partial"):
                leftover.unlink(missing_ok=True)

    def save(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        if self.writes:
            save_checkpoint(path, content)

    def log_size(self) -> int:
        """Bytes of metrics.jsonl."""
        return self.metrics.stat().st_size if self.writes else 0

    def set_aside(self) -> Path | None:
        """Move checkpoints and logs of whatever run was here into a folder of their own, such as `earlier_1`.

        Returns:
            That folder; None where no run was here.
        """
        steps = [self.at_step(s) for s in self.steps()]
        config = self.folder / "config.yaml"
        return self._move_aside([*steps, self.best, self.metrics, self.timing, config, self.final])

    def set_later_aside(self, step: int, kept: Path) -> Path | None:
        """Move the checkpoints after `step`, and final_model.pt, but not `kept`, into such a folder."""
        later = [self.final, *(self.at_step(s) for s in self.steps() if s > step)]
        return self._move_aside([path for path in later if path.resolve() != kept.resolve()])

    def _move_aside(self, paths: Sequence[Path]) -> Path | None:
        there = [path for path in paths if path.is_file()]
        if not self.writes or not any(path.suffix == ".pt" for path in there):
            return None
        number = 1
        while (self.folder / f"earlier_{number}").exists():
            number += 1
        aside = self.folder / f"earlier_{number}"
        aside.mkdir()
        for path in there:
            path.rename(aside / path.name)
        return aside

    def start_log(self, size: int) -> None:
        """Cut metrics.jsonl back to what it was when the checkpoint was written; 0 starts a new one."""
        if not self.writes:
            return
        kept = self.metrics.read_bytes()[:size] if size and self.metrics.is_file() else b""
        if len(kept) < size:
            raise CheckpointError(
                f"{self.metrics} is shorter than when the checkpoint was written. It was edited or replaced; "
                "start the run again in another output_dir."
            )
        with atomic_path(self.metrics) as temporary:
            temporary.write_bytes(kept)

    def log(self, values: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl; numbers as Python writes them, so equal runs give equal bytes."""
        if self.writes:
            _append(self.metrics, values)

    def log_timing(self, values: Mapping[str, Any]) -> None:
        """Append one line to timing.jsonl."""
        if self.writes:
            _append(self.timing, values)

    def prune(self, keep: int | None, interval: int) -> None:
        """Keep the newest `keep` checkpoints of the regular interval; drop the rest."""
        if not self.writes:
            return
        steps = self.steps()
        regular = [s for s in steps if s % interval == 0]
        kept = set(regular if keep is None else regular[-keep:])
        for step in steps:
            if step not in kept:
                self.at_step(step).unlink(missing_ok=True)


def run_fingerprint(config: AlignmentConfig, data: str) -> str:
    """Hash of the settings and data that decide a run's numbers."""
    return mapping_sha256({"settings": run_settings(config), "data": data})


def refuse_other_run(content: Mapping[str, Any], path: Path, config: AlignmentConfig, data: str) -> None:
    """Check that a checkpoint may be continued with a config and data.

    Raises:
        CheckpointError: It holds weights only, or settings or data differ; a resumed run may change its
            length, intervals and device.
    """
    if content["optimizer"] is None:
        raise CheckpointError(
            f"{path} holds weights only and cannot be resumed. "
            "Resume from a checkpoint_step_*.pt or from final_model.pt."
        )
    ours = run_settings(config, extendable=True)
    theirs = run_settings(AlignmentConfig.from_stored(content["config"]), extendable=True)
    changed = sorted(_differences(ours, theirs))
    if changed:
        raise CheckpointError(
            f"{path} was trained with other settings: {', '.join(changed)}. A resumed run may change its "
            "length, intervals and device only; start a new run in another output_dir for anything else."
        )
    if content["data"] != data:
        raise CheckpointError(
            f"{path} was trained on other windows or text embeddings. Resume with the data it was trained on."
        )


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key in {*ours, *theirs}:
        left, right = ours.get(key), theirs.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            yield from _differences(left, right, f"{prefix}{key}.")
        elif left != right:
            yield prefix + key


def _append(path: Path, values: Mapping[str, Any]) -> None:
    # A number that is not one (accuracy of a field that was never hidden) is null in JSON.
    plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
    with path.open("ab") as stream:
        stream.write((json.dumps(plain) + "\n").encode())
        stream.flush()
        os.fsync(stream.fileno())
