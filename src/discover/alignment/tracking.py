"""Weights & Biases beside metrics.jsonl: an extra that a run without it does not miss."""

import json
from collections.abc import Mapping
from typing import Any

from discover.alignment.config import AlignmentConfig
from discover.core.errors import ConfigError

__all__ = ["WandbTracker"]


class WandbTracker:
    """Logs a run's values under its names; `WANDB_MODE=offline` keeps everything in the run's folder.

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
                "use_wandb needs the package wandb. Install it with `pip install discover-v2[track]`, "
                "or set use_wandb: false."
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
        split = values.get("split", "train")
        shown = {k: v for k, v in values.items() if k not in ("step", "split") and v is not None}
        named = {f"{split}/{k.removeprefix(split + '_')}": v for k, v in shown.items()}
        self._run.log(json.loads(json.dumps(named)), step=int(values["step"]))

    def finish(self) -> None:
        """Write what is left."""
        self._run.finish()
