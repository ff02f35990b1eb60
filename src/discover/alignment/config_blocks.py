"""Blocks of an alignment config: heads, losses, optimizer, training, and what may be added to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from discover.alignment.compatibility import idle_loss_keys, idle_projection_keys
from discover.core.config import StrictModel
from discover.encoders.config import EncoderConfig

__all__ = [
    "AugmentationConfig",
    "CurriculumConfig",
    "EarlyStoppingConfig",
    "LossConfig",
    "ModelSettings",
    "OptimizerConfig",
    "ProjectionConfig",
    "TrainingConfig",
]


def refuse_idle(config: StrictModel, keys: Sequence[str], when: str) -> None:
    """Refuse settings that differ from their default although nothing reads them.

    Raises:
        ValueError: There is one.
    """
    fields = type(config).model_fields
    changed = [name for name in keys if getattr(config, name) != fields[name].default]
    if changed:
        raise ValueError(f"{', '.join(changed)} would have no effect with {when}; remove it")


class ProjectionConfig(StrictModel):
    """Head from an encoder's vector into the joint space."""

    type: Literal["linear", "mlp", "attention"] = "linear"
    """linear: one matrix, no bias. mlp: num_layers linear layers with GELU between. attention (sensor side):
    the pooled vector looks at all events once more, then one matrix."""
    dim: int = Field(default=512, ge=2, le=16384)
    """Width of the joint space; equal on both sides."""
    hidden_dim: int = Field(default=2048, ge=2, le=65_536)
    """Width of the hidden layers (mlp)."""
    num_layers: int = Field(default=2, ge=2, le=3)
    """Linear layers (mlp)."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout after every hidden layer (mlp)."""
    use_bn: bool = False
    """Batch norm after every hidden layer (mlp)."""
    n_heads: int = Field(default=4, ge=1, le=1_024)
    """Attention heads (attention); must divide the encoder's d_model."""

    @model_validator(mode="after")
    def _no_idle_option(self) -> "ProjectionConfig":
        idle = idle_projection_keys(self.type)
        refuse_idle(self, idle, f"type '{self.type}'")
        return self


class LossConfig(StrictModel):
    """What is minimised."""

    clip_weight: float = Field(default=1.0, ge=0, le=1_000_000)
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
    renamed_keys: ClassVar[Mapping[str, str]] = {"ignore_overlaps": "mask_overlaps"}
    renamed_values: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "targets": {"duplicates": "mask_duplicates"},
        "near_same": {"ignore": "mask"},
    }

    targets: Literal["identity", "mask_duplicates", "soft"] = "mask_duplicates"
    """Which pairs of the batch are negatives: all others (identity), all but those with an identical caption
    or shared events (mask_duplicates), or each the less, the more similar its text is (soft)."""
    near_threshold: float | None = Field(default=None, gt=0, le=1)
    """Cosine of two captions' text embeddings from which they say nearly the same; None: only identical ones
    do (mask_duplicates)."""
    near_same: Literal["mask", "positive"] = "mask"
    """Whether nearly the same captions are masked or match (mask_duplicates with near_threshold)."""
    soft_temperature: float = Field(default=0.05, gt=0, le=100)
    """How quickly a match fades with text similarity (soft)."""
    soft_weight: float = Field(default=0.5, ge=0, le=1)
    """Weight of a match with another caption of the same text vector (soft)."""
    mask_overlaps: bool = True
    """Mask windows that share events: they are no negatives of each other (mask_duplicates and soft)."""
    mlm_weight: float = Field(default=0.0, ge=0, le=1_000_000)
    """Weight of masked event modelling; 0 switches it off."""
    mask_prob: float = Field(default=0.25, gt=0, lt=1)
    """Share of events that are masked."""
    mean_span_length: float = Field(default=5.0, ge=1, le=10_000)
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
    hard_negative_memory_size: int = Field(default=4096, ge=1, le=10_000_000)
    """Pairs remembered."""
    hard_negative_ratio: float = Field(default=0.5, gt=0, le=8)
    """Extra negatives per window, as a share of the batch size."""
    hard_negative_strategy: Literal["memory_bank", "cross_batch", "mixed"] = "memory_bank"
    """memory_bank: from earlier batches. cross_batch: from the batch, counted twice. mixed: half each."""
    hard_negative_homes: Literal["any", "same"] = Field(default="any", exclude_if="any".__eq__)
    """Where hard negatives of a window come from: any home, or its own."""
    hard_negative_sampling_temperature: float = Field(default=0.1, gt=0, le=100)
    """Softmax temperature of the draw from the memory; small takes the hardest."""

    @model_validator(mode="after")
    def _no_idle_option(self) -> "LossConfig":
        idle = idle_loss_keys(self.model_dump())
        if self.targets != "mask_duplicates" or self.near_threshold is None:
            idle += ["near_same"]
        if self.targets != "mask_duplicates":
            idle += ["near_threshold"]
        if self.targets != "soft":
            idle += ["soft_temperature", "soft_weight"]
        if self.targets == "identity":
            idle += ["mask_overlaps"]
        if self.mlm_weight == 0 or self.clip_weight == 0:
            idle += ["mask_contrastive"]
        refuse_idle(
            self,
            idle,
            f"targets '{self.targets}', alignment_loss_type '{self.alignment_loss_type}', clip_weight "
            f"{self.clip_weight}, mlm_weight {self.mlm_weight}, use_hard_negatives {self.use_hard_negatives}",
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


class AugmentationConfig(StrictModel):
    """Changes to training windows, each off at 0. Captions stay as they are, so small changes are meant."""

    event_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability that an event is left out."""
    sensor_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability that a sensor is silent for a whole window."""
    time_jitter_s: float = Field(default=0.0, ge=0, le=86_400)
    """Standard deviation in seconds of what is added to every event's time; order stays."""
    crop: float = Field(default=0.0, ge=0, lt=1)
    """Largest share cut off a window's ends."""
    temporal_mask: float = Field(default=0.0, ge=0, lt=1)
    """Largest share of consecutive events left out inside a window."""
    noise_events: float = Field(default=0.0, ge=0, lt=1)
    """Probability that an event is followed by a random event of the home."""

    @property
    def active(self) -> bool:
        """Whether anything is changed."""
        return any(value > 0 for value in self.model_dump().values())


class EarlyStoppingConfig(StrictModel):
    """End a run whose validation value no longer gets better."""

    patience: int = Field(default=5, ge=1, le=1_000_000)
    """Validations in a row without a better value of training.best_metric after which the run ends."""
    min_gain: float = Field(default=0.0, ge=0, le=1_000_000)
    """How much better than the best before a value must be to count."""


class OptimizerConfig(StrictModel):
    """How weights move."""

    type: Literal["adamw", "adam", "sgd"] = "adamw"
    """adam: weight decay as part of the gradient. sgd: momentum = betas[0]."""
    learning_rate: float = Field(default=3e-4, gt=0, le=10)
    """Peak learning rate, reached after warm-up, then a cosine down to 0 at the last step."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of the running mean and square of the gradient."""
    weight_decay: float = Field(default=0.01, ge=0, le=100)
    """On matrices only: never on biases, norms, embeddings or the temperature."""
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    """Share of all steps over which the learning rate rises linearly from 0."""
    grad_clip_norm: float | None = Field(default=1.0, gt=0, le=1_000_000_000)
    """Largest norm of the whole gradient; None for no clipping."""

    @field_validator("betas")
    @classmethod
    def _betas_in_range(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= b < 1 for b in betas):
            raise ValueError(f"betas must lie in [0, 1), got {betas}")
        return betas

    @model_validator(mode="after")
    def _sgd_has_one_beta(self) -> "OptimizerConfig":
        if self.type == "sgd" and self.betas[1] != 0.98:
            raise ValueError(
                "betas[1] would have no effect with sgd, whose momentum is betas[0]; leave it 0.98"
            )
        return self


class TrainingConfig(StrictModel):
    """How long, how large, how often."""

    batch_size: int = Field(default=128, ge=2, le=65_536)
    """Pairs per step; every other pair of the batch is a negative."""
    max_epochs: int | None = Field(default=None, ge=1, le=1_000_000)
    """Passes over the training windows; with max_steps also given, whichever ends first."""
    max_steps: int | None = Field(default=10000, ge=1, le=1_000_000_000)
    """Optimizer steps."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    """auto: a GPU when there is one."""
    use_amp: bool = True
    """Mixed precision where the hardware has it (with precision auto)."""
    precision: Literal["auto", "32", "bf16", "fp16"] = "auto"
    """auto: bf16 if use_amp and the processor multiplies bf16 natively, else 32. fp16: GPU only."""
    log_interval: int = Field(default=50, ge=1, le=1_000_000_000)
    """Steps between lines of metrics.jsonl."""
    val_interval: int = Field(default=500, ge=1, le=1_000_000_000)
    """Steps between validations."""
    save_interval: int = Field(default=2000, ge=1, le=1_000_000_000)
    """Steps between checkpoints; a killed run goes on from the last one."""
    metrics_interval: int = Field(default=1000, ge=1, le=1_000_000_000)
    """Steps between retrieval metrics on the validation pool (rounded to validations)."""
    num_workers: int = Field(default=0, ge=0, le=64)
    """Threads that gather batches ahead of the step; the result does not depend on it."""
    shuffle: bool = True
    """A new order of the training windows every epoch."""
    pin_memory: bool = False
    """GPU only: keep the training events in host memory and copy each batch through pinned memory, for homes
    larger than the GPU's."""
    gradient_accumulation: int = Field(default=1, ge=1, le=10_000)
    """Micro-batches per step; the loss is the mean of their losses, each with its own negatives."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    # A dump without it is what a version before it dumps, so runs of one home stay the runs they were.
    batches: Literal["across", "within", "mixed"] = Field(default="across", exclude_if="across".__eq__)
    """Windows of a batch, where there are several homes. across: of all homes, shuffled together. within: of
    one home, so that negatives differ by what happens and not by the home. mixed: half of each home's
    windows in batches of the home alone, the rest across."""
    caption_use: Literal["drawn", "all", "average"] = "drawn"
    """Of a window's captions, each step takes one at random (drawn), every one as a match (all), or the mean
    of their text embeddings (average). Validation takes caption 0."""
    val_pool_size: int = Field(default=2048, ge=2, le=1_000_000)
    """Validation windows (evenly spread over the split) that losses and retrieval metrics are taken on."""
    label_readout: bool = False
    """Also log label-precision@10 on the validation pool, from labels.parquet beside the windows. For
    information only: nothing is chosen by it."""
    best_metric: Literal["val_loss", "val_recall_at_10", "val_map"] = "val_loss"
    """What best_model.pt is best in."""
    keep_checkpoints: int | None = Field(default=3, ge=1, le=1_000_000)
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


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What shapes an `AlignmentModel`: sizes, heads and losses of a run, without its data and schedule."""

    encoder: EncoderConfig
    sensor_projection: ProjectionConfig
    text_projection: ProjectionConfig | None
    loss: LossConfig
    curriculum: CurriculumConfig | None = None
    gradient_checkpointing: bool = False
