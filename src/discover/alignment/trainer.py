"""Alignment training: a plain torch step inside lightning.fabric, which can stop anywhere and go on exactly.

Everything random in step s (order, captions, dropout, masks) is derived from (seed, s), so a resumed
run needs no generator state, and k steps + resume + k steps equal 2k steps bit for bit on a CPU.
"""

import contextlib
import os
from pathlib import Path

import torch

from discover.alignment.checkpoint import refuse_missing
from discover.alignment.config import AlignmentConfig
from discover.alignment.inputs import TrainingInputs
from discover.alignment.resuming import Resume
from discover.alignment.run import Run, TrainResult
from discover.core.artifacts import folder_lock
from discover.core.progress import SILENT, Progress

__all__ = ["AlignmentTrainer", "TrainResult"]


class AlignmentTrainer:
    """Trains one alignment model into `config.output_dir`.

    Args:
        config: The run.
        progress: Where to report.
        resume: "auto" goes on from the newest checkpoint of the same run in the folder, if there is one,
            and returns at once when the run is finished. A path goes on from that checkpoint, also with
            another number of steps or other intervals. None starts anew.
        overwrite: Move another run in the folder aside, into `earlier_1` and so on, instead of refusing.
        inputs: Data already in memory instead of the config's paths.
    """

    def __init__(
        self,
        config: AlignmentConfig,
        *,
        progress: Progress = SILENT,
        resume: Resume = "auto",
        overwrite: bool = False,
        inputs: TrainingInputs | None = None,
    ) -> None:
        self.config = config
        self.progress = progress
        self._resume = resume
        self._overwrite = overwrite
        self._inputs = inputs

    def train(self) -> TrainResult:
        """Train to the last step.

        Raises:
            ConfigError, ArtifactError, JoinError, DataError: The inputs do not fit.
            CheckpointError: The checkpoint to resume from is of another run.
            TrainingError: The loss is not finite.
            KeyboardInterrupt, SystemExit: Stopped by Ctrl-C or SIGTERM, after writing a checkpoint.
        """
        if isinstance(self._resume, Path):
            refuse_missing(self._resume)
        with contextlib.ExitStack() as stack:
            if int(os.environ.get("RANK", "0")) == 0:
                stack.enter_context(folder_lock(self.config.output_dir / ".training", wait=False))
            stack.enter_context(torch.random.fork_rng())
            run = Run(self.config, self._inputs, self.progress)
            run.start(self._resume, self._overwrite)
            return run.go()
