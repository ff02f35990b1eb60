"""Where a run's values go beside metrics.jsonl: Weights & Biases, TensorBoard, or a tracker of one's own."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from discover.alignment.config import AlignmentConfig
from discover.core.errors import ConfigError
from discover.core.registry import Registry

__all__ = ["TRACKERS", "TensorBoardTracker", "Tracker", "WandbTracker", "start_trackers"]


class Tracker(Protocol):
    """Gets every line of metrics.jsonl while a run trains."""

    def log(self, values: Mapping[str, Any]) -> None:
        """Take one line: `step`, `split` ("train" or "val"), and numbers by name."""
        ...

    def finish(self) -> None:
        """Write what is left; called once, also when the run is stopped or fails."""
        ...


class WandbTracker:
    """Logs to Weights & Biases; `WANDB_MODE=offline` keeps everything in the run's folder.

    A resumed run goes on under the same id. Gradients and weights are not watched: that hooks every
    layer and slows the step.

    Args:
        config: The run.
        run_id: The same for the same run, for example its fingerprint.

    Raises:
        ConfigError: The extra is not installed.
    """

    def __init__(self, config: AlignmentConfig, run_id: str) -> None:
        try:
            import wandb
        except ImportError as error:
            raise ConfigError(
                "The tracker wandb needs the package wandb. Install it with "
                "`pip install discover-v2[track]`, or leave wandb out of trackers."
            ) from error
        tags = [*config.wandb_tags, *(t for t in (config.dataset, config.dataset_type) if t)]
        self._run = wandb.init(
            project=config.wandb_project,
            entity=config.wandb_entity,
            name=config.wandb_name or config.experiment_name,
            tags=list(dict.fromkeys(tags)),
            notes=config.wandb_notes,
            group=config.wandb_group,
            config=config.model_dump(mode="json"),
            dir=str(config.output_dir),
            id=run_id[:32],
            resume="allow",
            settings=wandb.Settings(console="off"),
        )

    def log(self, values: Mapping[str, Any]) -> None:
        """One line of metrics.jsonl."""
        self._run.log(json.loads(json.dumps(_named(values))), step=int(values["step"]))

    def finish(self) -> None:
        """Write what is left."""
        self._run.finish()


class TensorBoardTracker:
    """Writes scalars for TensorBoard into the run's folder (`tensorboard --logdir FOLDER`).

    Args:
        config: The run.
        run_id: Not used; a run's folder names it.

    Raises:
        ConfigError: The package tensorboard is not installed.
    """

    def __init__(self, config: AlignmentConfig, run_id: str) -> None:
        del run_id
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError(
                "The tracker tensorboard needs the package tensorboard. Install it with "
                "`pip install discover-v2[track]`, or leave tensorboard out of trackers."
            ) from error
        self._writer: Any = SummaryWriter(str(config.output_dir / "tensorboard"))

    def log(self, values: Mapping[str, Any]) -> None:
        """One line of metrics.jsonl; texts are no scalars and stay there."""
        for name, value in _named(values).items():
            if isinstance(value, int | float):
                self._writer.add_scalar(name, value, int(values["step"]))

    def finish(self) -> None:
        """Write what is left."""
        self._writer.close()


TrackerBuilder = Callable[[AlignmentConfig, str], Tracker]
"""(settings of the run, its fingerprint) -> tracker."""

TRACKERS: Registry[TrackerBuilder] = Registry(
    "tracker", "discover.trackers", {"wandb": WandbTracker, "tensorboard": TensorBoardTracker}
)
"""Builder by the name in `trackers`."""


def start_trackers(config: AlignmentConfig, run_id: str) -> Sequence[Tracker]:
    """The trackers that the run names, in their order.

    Raises:
        ConfigError: A name is not registered, or a tracker's package is not installed.
    """
    return [TRACKERS[name](config, run_id) for name in config.trackers]


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as `train/loss`, without step, split and what is not there."""
    split = values.get("split", "train")
    shown = {k: v for k, v in values.items() if k not in ("step", "split") and v is not None}
    return {f"{split}/{k.removeprefix(split + '_')}": v for k, v in shown.items()}
