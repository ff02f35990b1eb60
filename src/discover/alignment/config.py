"""Settings of alignment training: everything a run depends on, checked before any data is read."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from discover.alignment.compatibility import adopt_v2_keys
from discover.core.config import (
    StrictModel,
    apply_overrides,
    config_from_mapping,
    dump_yaml,
    read_yaml_mapping,
)
from discover.core.errors import ConfigError
from discover.encoders.config import SensorEncoderConfig
from discover.text_encoders.config import TextEncoderConfig

__all__ = [
    "PIPELINE_BLOCKS",
    "AlignmentConfig",
    "CurriculumConfig",
    "EarlyStoppingConfig",
    "LossConfig",
    "OptimizerConfig",
    "ProjectionConfig",
    "TrainingConfig",
]

PIPELINE_BLOCKS: tuple[str, ...] = ("home", "sampling", "captions", "evaluation", "report")
"""Blocks of a run's YAML that belong to the pipeline and are left to it."""


class ProjectionConfig(StrictModel):
    """Head from an encoder's vector into the joint space."""

    type: Literal["linear", "mlp"] = "linear"
    """linear: one matrix, no bias. mlp: num_layers linear layers with GELU between."""
    dim: int = Field(default=512, ge=2, le=16384)
    """Width of the joint space; equal on both sides."""
    hidden_dim: int = Field(default=2048, ge=2)
    """Width of the hidden layers (mlp)."""
    num_layers: int = Field(default=2, ge=2, le=3)
    """Linear layers (mlp)."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout after every hidden layer (mlp)."""
    use_bn: bool = False
    """Batch norm after every hidden layer (mlp)."""


class LossConfig(StrictModel):
    """What is minimised."""

    clip_weight: float = Field(default=1.0, ge=0)
    """Weight of the alignment loss."""
    temperature_init: float = Field(default=0.02, ge=0.01, le=10)
    """Softmax temperature T at the start; ln(1/T) is what is trained, and T never falls below 0.01."""
    learnable_temperature: bool = True
    """Train the temperature."""
    alignment_loss_type: Literal["infonce", "sigmoid", "focal_sigmoid"] = "infonce"
    """infonce: softmax over the batch, both ways. sigmoid: every pair judged alone. focal_sigmoid: the
    same, with easy pairs weighted down."""
    focal_gamma: float = Field(default=2.0, ge=0, le=10)
    """How strongly focal_sigmoid turns to hard pairs; 0 is the plain sigmoid."""
    focal_alpha: float | None = Field(default=None, gt=0, lt=1)
    """Weight of positive pairs under focal_sigmoid, of negatives 1 - alpha; None weighs all alike."""
    targets: Literal["identity", "duplicates", "soft"] = "duplicates"
    """Which captions of the batch count as a window's own: its own only (identity), identical ones too
    (duplicates), or each by the similarity of its text (soft)."""
    near_threshold: float | None = Field(default=None, gt=0, le=1)
    """Cosine of two captions' text embeddings from which they say nearly the same; None: only identical ones
    do (duplicates)."""
    near_same: Literal["ignore", "positive"] = "ignore"
    """Whether nearly the same captions are left out or count as matches (duplicates with near_threshold)."""
    soft_temperature: float = Field(default=0.05, gt=0)
    """How quickly a match fades with text similarity (soft)."""
    soft_weight: float = Field(default=0.5, ge=0, le=1)
    """Weight of a match with another caption of the same text vector (soft)."""
    ignore_overlaps: bool = True
    """Leave windows that share events out of each other's negatives (duplicates and soft)."""
    mlm_weight: float = Field(default=0.0, ge=0)
    """Weight of masked event modelling; 0 switches it off."""
    mask_prob: float = Field(default=0.25, gt=0, lt=1)
    """Share of events that are masked."""
    mean_span_length: float = Field(default=5.0, ge=1)
    """Mean number of consecutive events masked together."""
    enable_field_blackout: bool = True
    """Also hide the place and the gap of masked events, which would give them away."""
    p_transition_seed: float = Field(default=0.3, ge=0, le=1)
    """Share of spans that begin where the room changes."""
    strict_corr_mask: bool = True
    """Mask fields that determine each other (sensor, room, type, detail) together."""
    mask_contrastive: bool = False
    """Let the alignment loss see the masked events too: one encoder pass instead of two."""
    use_hard_negatives: bool = False
    """Add negatives from a memory of earlier batches."""
    hard_negative_memory_size: int = Field(default=4096, ge=1)
    """Pairs remembered."""
    hard_negative_ratio: float = Field(default=0.5, gt=0, le=8)
    """Extra negatives per window, as a share of the batch size."""
    hard_negative_strategy: Literal["memory_bank", "cross_batch", "mixed"] = "memory_bank"
    """memory_bank: from earlier batches. cross_batch: from the batch, counted twice. mixed: half each."""
    hard_negative_sampling_temperature: float = Field(default=0.1, gt=0)
    """Softmax temperature of the draw from the memory; small takes the hardest."""

    @model_validator(mode="after")
    def _no_idle_option(self) -> "LossConfig":
        idle = []
        if self.targets != "duplicates" or self.near_threshold is None:
            idle += ["near_same"]
        if self.targets != "duplicates":
            idle += ["near_threshold"]
        if self.targets != "soft":
            idle += ["soft_temperature", "soft_weight"]
        if self.targets == "identity":
            idle += ["ignore_overlaps"]
        if self.alignment_loss_type != "focal_sigmoid":
            idle += ["focal_alpha"]
        if self.mlm_weight == 0 or self.clip_weight == 0:
            idle += ["mask_contrastive"]
        fields = type(self).model_fields
        changed = [name for name in idle if getattr(self, name) != fields[name].default]
        if changed:
            raise ValueError(
                f"{', '.join(changed)} would have no effect with targets '{self.targets}', "
                f"alignment_loss_type '{self.alignment_loss_type}', clip_weight {self.clip_weight} and "
                f"mlm_weight {self.mlm_weight}; remove it"
            )
        return self


class CurriculumConfig(StrictModel):
    """From easy to hard negatives over the first part of a run."""

    start: float = Field(default=0.0, ge=0, le=1)
    """Difficulty at step 0: 0 draws uniformly, 0.5 by the sampling temperature, 1 takes the nearest."""
    end: float = Field(default=0.5, ge=0, le=1)
    """Difficulty from the end of the rise on."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Share of all steps over which difficulty moves linearly from start to end."""

    def difficulty(self, progress: float) -> float:
        """Difficulty when `progress` of the run, in [0, 1], is done."""
        return self.start + (self.end - self.start) * min(progress / self.share, 1.0)


class EarlyStoppingConfig(StrictModel):
    """End a run whose validation value no longer gets better."""

    patience: int = Field(default=5, ge=1)
    """Validations in a row without a better value of training.best_metric after which the run ends."""
    min_gain: float = Field(default=0.0, ge=0)
    """How much better than the best before a value must be to count."""


class OptimizerConfig(StrictModel):
    """How weights move."""

    type: Literal["adamw", "adam", "sgd"] = "adamw"
    """adam: weight decay as part of the gradient. sgd: momentum = betas[0]."""
    learning_rate: float = Field(default=3e-4, gt=0, le=10)
    """Peak learning rate, reached after warm-up, then a cosine down to 0 at the last step."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of the running mean and square of the gradient."""
    weight_decay: float = Field(default=0.01, ge=0)
    """On matrices only: never on biases, norms, embeddings or the temperature."""
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    """Share of all steps over which the learning rate rises linearly from 0."""
    grad_clip_norm: float | None = Field(default=1.0, gt=0)
    """Largest norm of the whole gradient; None for no clipping."""

    @field_validator("betas")
    @classmethod
    def _betas_in_range(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= b < 1 for b in betas):
            raise ValueError(f"betas must lie in [0, 1), got {betas}")
        return betas


class TrainingConfig(StrictModel):
    """How long, how large, how often."""

    batch_size: int = Field(default=128, ge=2)
    """Pairs per step; every other pair of the batch is a negative."""
    max_epochs: int | None = Field(default=None, ge=1)
    """Passes over the training windows; with max_steps also given, whichever ends first."""
    max_steps: int | None = Field(default=10000, ge=1)
    """Optimizer steps."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    """auto: a GPU when there is one."""
    use_amp: bool = True
    """Mixed precision where the hardware has it (with precision auto)."""
    precision: Literal["auto", "32", "bf16", "fp16"] = "auto"
    """auto: bf16 if use_amp and the processor multiplies bf16 natively, else 32. fp16: GPU only."""
    log_interval: int = Field(default=50, ge=1)
    """Steps between lines of metrics.jsonl."""
    val_interval: int = Field(default=500, ge=1)
    """Steps between validations."""
    save_interval: int = Field(default=2000, ge=1)
    """Steps between checkpoints; a killed run goes on from the last one."""
    metrics_interval: int = Field(default=1000, ge=1)
    """Steps between retrieval metrics on the validation pool (rounded to validations)."""
    num_workers: int = Field(default=0, ge=0, le=64)
    """Threads that gather batches ahead of the step; the result does not depend on it."""
    shuffle: bool = True
    """A new order of the training windows every epoch."""
    pin_memory: bool = False
    """GPU only: keep the events in pinned host memory, for homes larger than the GPU's."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Micro-batches per step; the loss is the mean of their losses, each with its own negatives."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    val_pool_size: int = Field(default=2048, ge=2)
    """Validation windows (evenly spread over the split) that losses and retrieval metrics are taken on."""
    best_metric: Literal["val_loss", "val_recall_at_10", "val_map"] = "val_loss"
    """What best_model.pt is best in."""
    keep_checkpoints: int | None = Field(default=3, ge=1)
    """How many checkpoint_step_*.pt stay; None keeps all."""

    @model_validator(mode="before")
    @classmethod
    def _precision_decides_amp(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("precision", "auto") != "auto":
            return {"use_amp": str(values["precision"]) != "32", **values}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "TrainingConfig":
        if self.max_epochs is None and self.max_steps is None:
            raise ValueError("give max_steps or max_epochs")
        if self.precision != "auto" and self.use_amp != (self.precision != "32"):
            raise ValueError(f"precision {self.precision} contradicts use_amp {self.use_amp}; remove use_amp")
        return self


class AlignmentConfig(StrictModel):
    """One alignment run."""

    experiment_name: str = Field(default="alignment", pattern=r"^[\w.\-]+$")
    """Name of the run, used in paths."""
    output_dir: Path = Path("trained_models/alignment")
    """Folder of checkpoints, config.yaml and metrics.jsonl."""
    seed: int = Field(default=0, ge=0)
    """Decides initial weights, order, caption draws, dropout and masks."""
    train_data_path: Path | None = None
    """Training windows: a sampling folder or its windows.parquet (its train split), or discover-v2's JSON."""
    val_data_path: Path | None = None
    """Validation windows, in the same forms (val split)."""
    vocab_path: Path | None = None
    """vocab.json; default: beside the training windows."""
    train_text_embeddings_path: Path | None = None
    """NPZ with text embeddings of the training windows' captions."""
    val_text_embeddings_path: Path | None = None
    """NPZ with text embeddings of the validation windows' captions."""
    train_captions_path: Path | None = None
    """Captions of the training windows, encoded when training starts; instead of an NPZ."""
    val_captions_path: Path | None = None
    """Captions of the validation windows, likewise."""
    text_encoder_config_path: Path | None = None
    """YAML of the text encoder; instead of the inline `text_encoder` block."""
    text_encoder: TextEncoderConfig = TextEncoderConfig()
    """Text encoder that made (or makes) the text embeddings; travels in the checkpoint."""
    dataset: str | None = None
    """Name of the home, for run names and tags."""
    dataset_type: str | None = None
    """Family of the home, likewise."""
    encoder_config_path: Path | None = None
    """YAML of the sensor encoder; instead of the inline `encoder` block."""
    encoder: SensorEncoderConfig = SensorEncoderConfig()
    """Sensor encoder."""
    sensor_projection: ProjectionConfig = ProjectionConfig()
    """Head of the sensor side."""
    text_projection: ProjectionConfig | None = None
    """Head of the text side; null leaves text embeddings as they are, and sensor_projection.dim must equal
    their width."""
    loss: LossConfig = LossConfig()
    """Losses and their weights."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """Optimizer and schedule."""
    training: TrainingConfig = TrainingConfig()
    """Length, batch and intervals."""
    early_stopping: EarlyStoppingConfig | None = None
    """When to end before the last step; null never does."""
    curriculum: CurriculumConfig | None = None
    """How hard negatives get harder; null keeps difficulty 0.5. Needs loss.use_hard_negatives."""
    use_wandb: bool = False
    """Also log to Weights & Biases (extra `track`)."""
    wandb_project: str = "discover-v2"
    """W&B project."""
    wandb_entity: str | None = None
    """W&B user or team."""
    wandb_name: str | None = None
    """W&B run name; default experiment_name."""
    wandb_tags: tuple[str, ...] = ()
    """W&B tags; dataset and dataset_type are added."""
    wandb_notes: str | None = None
    """W&B notes."""
    wandb_group: str | None = None
    """W&B group."""

    @classmethod
    def from_yaml(cls, path: Path | str, overrides: Sequence[str] = ()) -> "AlignmentConfig":
        """Read a run's YAML (ours or discover-v2's) after `a.b=c` overrides.

        Raises:
            ConfigError: Unknown key, wrong value, or a combination that cannot work.
        """
        return cls.from_mapping(apply_overrides(read_yaml_mapping(path), overrides), source=str(path))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "config") -> "AlignmentConfig":
        """From the mapping of a YAML file; blocks of the pipeline are left out.

        Keys of discover-v2 that mean nothing here are named in a warning.
        """
        own = {k: v for k, v in values.items() if k not in PIPELINE_BLOCKS}
        own, notes = adopt_v2_keys(own)
        for block in ("encoder", "text_encoder"):
            file = own.pop(f"{block}_config_path", None)
            if file is None:
                continue
            if own.get(block) is not None:
                raise ConfigError(f"{source}: give {block} or {block}_config_path, not both.")
            read = {block: read_yaml_mapping(_near(file, source))}
            if block == "encoder":
                read, more = adopt_v2_keys({**read, "sensor_projection": own.get("sensor_projection")})
                notes += more
            own[block] = read[block]
        for note in notes:
            warnings.warn(f"{source}: {note}", UserWarning, stacklevel=2)
        return config_from_mapping(own, cls, source=source)

    def to_yaml(self) -> str:
        """YAML text that `from_yaml` reads back into an equal config."""
        return dump_yaml(self)

    @model_validator(mode="after")
    def _consistent(self) -> "AlignmentConfig":
        if self.loss.clip_weight == 0 and self.loss.mlm_weight == 0:
            raise ValueError("loss.clip_weight and loss.mlm_weight are both 0: there is nothing to train")
        text = self.text_projection
        if text is not None and text.dim != self.sensor_projection.dim:
            raise ValueError(
                f"sensor_projection.dim {self.sensor_projection.dim} and text_projection.dim {text.dim} must "
                "be equal: both sides end in one joint space"
            )
        for side in ("train", "val"):
            vectors = getattr(self, f"{side}_text_embeddings_path")
            if vectors is not None and getattr(self, f"{side}_captions_path") is not None:
                raise ValueError(f"give {side}_text_embeddings_path or {side}_captions_path, not both")
        if self.curriculum is not None and not self.loss.use_hard_negatives:
            raise ValueError("curriculum would have no effect without loss.use_hard_negatives; remove it")
        if self.loss.use_hard_negatives and self.loss.clip_weight == 0:
            raise ValueError("loss.use_hard_negatives would have no effect with clip_weight 0; remove it")
        refuse_unimplemented(self)
        return self


def _near(file: str | Path, source: str) -> Path:
    """A path named in a YAML: seen from the current folder, else from the nearest folder above the YAML."""
    if Path(file).is_absolute() or Path(file).exists():
        return Path(file)
    found = (parent / file for parent in Path(source).resolve().parents)
    return next((path for path in found if path.is_file()), Path(file))


def refuse_unimplemented(config: AlignmentConfig) -> None:
    """Refuse options whose code is not there yet, rather than ignore them.

    Raises:
        ValueError: Such an option is switched on.
    """
    training = config.training
    pending = {
        "training.num_workers > 0": training.num_workers > 0,
        "training.pin_memory": training.pin_memory,
        "use_wandb": config.use_wandb,
    }
    wanted = [name for name, on in pending.items() if on]
    if wanted:
        raise ValueError(f"not available in this version: {', '.join(wanted)}. Remove it")
