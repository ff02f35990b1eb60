"""Settings of alignment training: everything a run depends on, checked before any data is read."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_serializer, field_validator, model_validator

from discover.alignment.compatibility import adopt_v2_keys, idle_loss_keys, idle_projection_keys
from discover.alignment.config_blocks import (
    AugmentationConfig,
    CurriculumConfig,
    EarlyStoppingConfig,
    LossConfig,
    ModelSettings,
    OptimizerConfig,
    ProjectionConfig,
    TrainingConfig,
)
from discover.core.config import (
    RenamedSetting,
    StrictModel,
    apply_overrides,
    closest,
    config_from_mapping,
    dump_yaml,
    place_paths,
    read_yaml_mapping,
)
from discover.core.errors import ConfigError
from discover.core.names import PathName
from discover.core.reading import taken_apart
from discover.encoders.config import AnyEncoderConfig, SensorEncoderConfig
from discover.text_encoders.config import TextEncoderConfig, without_permissions

__all__ = [
    "PIPELINE_BLOCKS",
    "AlignmentConfig",
    "AugmentationConfig",
    "CurriculumConfig",
    "EarlyStoppingConfig",
    "LossConfig",
    "OptimizerConfig",
    "ProjectionConfig",
    "TrainingConfig",
    "read_run_mapping",
]

PIPELINE_BLOCKS = ("home", "homes", "sampling", "captions", "evaluation", "report", "retrieval")
"""Blocks of a run's YAML that belong to the pipeline and are left to it."""


_COMPARE = "Compare it with the files in configs/."
_PER_HOME = (
    "train_data_path",
    "val_data_path",
    "vocab_path",
    "train_text_embeddings_path",
    "val_text_embeddings_path",
    "train_captions_path",
    "val_captions_path",
)
_INPUT_PATHS = (
    *_PER_HOME,
    "text_encoder_config_path",
    "encoder_config_path",
    "text_encoder.model_path",
)


def read_run_mapping(path: Path | str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain values of a run's YAML, its input paths found from its own folder, with `a.b=c` overrides.

    Raises:
        ConfigError: No such file, or no YAML.
    """
    values = place_paths(read_yaml_mapping(path), Path(path), _INPUT_PATHS)
    several = values.get("homes")
    if isinstance(several, list):
        values["homes"] = [_place_home({"home": home}, Path(path))["home"] for home in several]
    return apply_overrides(_place_home(values, Path(path)), overrides)


def _place_home(values: Mapping[str, Any], source: Path) -> dict[str, Any]:
    home = values.get("home")
    if isinstance(home, str):
        home = {"name": home}
        values = {**values, "home": home}
    own = isinstance(home, Mapping) and str(home.get("name")).endswith((".yaml", ".yml"))
    return place_paths(values, source, ("home.log", "home.translate", *(("home.name",) if own else ())))


class AlignmentConfig(StrictModel):
    """One alignment run."""

    experiment_name: PathName = "alignment"
    """Name of the run, used in paths."""
    output_dir: Path = Path("trained_models/alignment")
    """Folder of checkpoints, config.yaml and metrics.jsonl."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Decides initial weights, order, caption draws, dropout and masks."""
    train_data_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """Training windows: a sampling folder or its windows.parquet (its train split), or discover-v2's JSON.
    A list trains on several homes, one entry each; the other paths are then lists in the same order."""
    val_data_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """Validation windows, in the same forms (val split)."""
    vocab_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """vocab.json; default: beside the training windows."""
    train_text_embeddings_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """NPZ with text embeddings of the training windows' captions."""
    val_text_embeddings_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """NPZ with text embeddings of the validation windows' captions."""
    train_captions_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
    """Captions of the training windows, encoded when training starts; instead of an NPZ."""
    val_captions_path: tuple[Path, ...] | None = Field(default=None, min_length=1)
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
    encoder: AnyEncoderConfig = SensorEncoderConfig()
    """Sensor encoder."""
    sensor_projection: ProjectionConfig = ProjectionConfig()
    """Head of the sensor side."""
    text_projection: ProjectionConfig | None = None
    """Head of the text side; null leaves text embeddings as they are, and sensor_projection.dim must equal
    their width. Left out, a run of the whole chain adds a linear one where the widths differ."""
    loss: LossConfig = LossConfig()
    """Losses and their weights."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """Optimizer and schedule."""
    training: TrainingConfig = TrainingConfig()
    """Length, batch and intervals."""
    augmentation: AugmentationConfig = AugmentationConfig()
    """Changes to training windows."""
    early_stopping: EarlyStoppingConfig | None = None
    """When to end before the last step; null never does."""
    curriculum: CurriculumConfig | None = None
    """How hard negatives get harder; null keeps difficulty 0.5. Needs loss.use_hard_negatives."""
    trackers: tuple[str, ...] = ()
    """Where values go beside metrics.jsonl: wandb or tensorboard (extra `track`), or a registered name."""
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
        return cls.from_mapping(read_run_mapping(path, overrides), source=str(path))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "config") -> "AlignmentConfig":
        """From the mapping of a YAML file; blocks of the pipeline are left out.

        Keys of discover-v2 that mean nothing here are named in a warning.
        """
        own = {k: v for k, v in values.items() if k not in PIPELINE_BLOCKS}
        with taken_apart(source, _COMPARE, error=ConfigError):
            own, notes = adopt_v2_keys(own)
        for block in ("encoder", "text_encoder"):
            file = own.pop(f"{block}_config_path", None)
            if file is None:
                continue
            if own.get(block) is not None:
                raise ConfigError(f"{source}: give {block} or {block}_config_path, not both.")
            if not isinstance(file, str | Path):
                raise ConfigError(
                    f"{source}: {block}_config_path must be the path of a YAML; got {file!r:.80}."
                )
            where = _near(file, source)
            read = {block: place_paths(read_yaml_mapping(where), where, ("model_path",))}
            if block == "encoder":
                with taken_apart(source, _COMPARE, error=ConfigError):
                    read, more = adopt_v2_keys({**read, "sensor_projection": own.get("sensor_projection")})
                notes += more
            own[block] = read[block]
        for key in [k for k in own if k not in cls.model_fields and k != "use_wandb"]:
            # Pydantic knows this model's names only, and most of a run's blocks are the pipeline's.
            valid = {*cls.model_fields, *PIPELINE_BLOCKS}
            raise ConfigError(f"{source}: unknown setting '{key}'. {closest(key, valid)}")
        with taken_apart(source, _COMPARE, error=ConfigError):
            notes += _drop_idle(own)
        for note in notes:
            warnings.warn(f"{source}: {note}", UserWarning, stacklevel=2)
        return config_from_mapping(own, cls, source=source)

    @classmethod
    def from_stored(cls, values: Any) -> "AlignmentConfig":
        """From the config inside a checkpoint or model folder.

        It gives no permission, and earlier names of settings pass without a note: nobody can edit them there.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RenamedSetting)
            return cls.model_validate(without_permissions(values))

    @property
    def model_settings(self) -> ModelSettings:
        """What `AlignmentModel` is built from."""
        return ModelSettings(
            encoder=self.encoder,
            sensor_projection=self.sensor_projection,
            text_projection=self.text_projection,
            loss=self.loss,
            curriculum=self.curriculum,
            gradient_checkpointing=self.training.gradient_checkpointing,
        )

    def to_yaml(self) -> str:
        """YAML text that `from_yaml` reads back into an equal config."""
        return dump_yaml(self)

    @model_validator(mode="before")
    @classmethod
    def _trackers_of_use_wandb(cls, values: Any) -> Any:
        # discover-v2's switch, and that of 0.1.0.
        if isinstance(values, Mapping) and "use_wandb" in values:
            values = dict(values)
            on = values.pop("use_wandb")
            if not isinstance(on, bool):
                raise ValueError(f"use_wandb is true or false, got {on!r:.40}")
            if on and "wandb" not in (named := tuple(values.get("trackers") or ())):
                values["trackers"] = (*named, "wandb")
        return values

    @field_validator(*_PER_HOME, mode="before")
    @classmethod
    def _path_of_one_home(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | Path) else value

    @field_serializer(*_PER_HOME, when_used="json")
    def _written_as_given(self, paths: tuple[Path, ...] | None) -> str | list[str] | None:
        plain = None if paths is None else [str(path) for path in paths]
        return plain[0] if plain is not None and len(plain) == 1 else plain

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
        self._refuse_uneven_paths()
        for side in ("train", "val"):
            vectors = getattr(self, f"{side}_text_embeddings_path")
            if vectors is not None and getattr(self, f"{side}_captions_path") is not None:
                raise ValueError(f"give {side}_text_embeddings_path or {side}_captions_path, not both")
        if self.curriculum is not None and not self.loss.use_hard_negatives:
            raise ValueError("curriculum would have no effect without loss.use_hard_negatives; remove it")
        if text is not None and text.type == "attention":
            raise ValueError("text_projection.type attention: a text is one vector; use linear or mlp")
        heads = self.sensor_projection.n_heads
        width = getattr(self.encoder, "d_model", None)
        if self.sensor_projection.type == "attention" and width is not None and width % heads:
            raise ValueError(f"sensor_projection.n_heads {heads} does not divide encoder.d_model")
        if self.loss.clip_weight == 0 and self.training.best_metric != "val_loss":
            raise ValueError(
                f"training.best_metric {self.training.best_metric} is not measured with clip_weight 0; "
                "use val_loss"
            )
        if self.loss.use_hard_negatives and self.loss.clip_weight == 0:
            raise ValueError("loss.use_hard_negatives would have no effect with clip_weight 0; remove it")
        return self

    def _refuse_uneven_paths(self) -> None:
        """Check that all paths name as many homes as train_data_path; validation may leave some out."""
        homes = len(self.train_data_path or ())
        sides = {"train": homes, "val": len(self.val_data_path or ())}
        for side, wanted in sides.items():
            for name in (f"{side}_text_embeddings_path", f"{side}_captions_path"):
                found = len(getattr(self, name) or ())
                if wanted and found not in (0, wanted):
                    raise ValueError(
                        f"{side}_data_path names {wanted} homes and {name} {found}; give one per home"
                    )
        if homes and len(self.vocab_path or ()) not in (0, homes):
            raise ValueError(
                f"train_data_path names {homes} homes and vocab_path {len(self.vocab_path or ())}; "
                "give one per home"
            )


def _drop_idle(values: dict[str, Any]) -> list[str]:
    """Leave out what discover-v2's files set although nothing reads it; a sentence per block with any."""
    notes = []
    blocks: tuple[tuple[str, type[StrictModel]], ...] = (
        ("loss", LossConfig),
        ("sensor_projection", ProjectionConfig),
        ("text_projection", ProjectionConfig),
    )
    for name, model in blocks:
        block = values.get(name)
        if not isinstance(block, Mapping):
            continue
        keys = (
            idle_loss_keys(block)
            if name == "loss"
            else idle_projection_keys(str(block.get("type", "linear")))
        )
        told = [k for k in keys if k in block and block[k] != model.model_fields[k].default]
        values[name] = {k: v for k, v in block.items() if k not in told}
        if told:
            notes.append(f"{name}: {', '.join(told)} have no effect with the other settings there.")
    return notes


def _near(file: str | Path, source: str) -> Path:
    """A path named in a YAML: seen from the current folder, else from the nearest folder above the YAML."""
    if Path(file).is_absolute() or Path(file).exists():
        return Path(file)
    found = (parent / file for parent in Path(source).resolve().parents)
    return next((path for path in found if path.is_file()), Path(file))
