"""Walk over every field of the config: changing it changes the computation, or the change is refused.

The computation is what two training steps and a validation of a small run leave behind. A field may also
act on the run's files or its log; those are listed with the place where that is tested.
"""

import hashlib
import json
import types
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from discover.alignment import AlignmentTrainer
from discover.alignment.config import AlignmentConfig
from discover.core.errors import ConfigError

NAMES_AND_PLACES = {
    "experiment_name", "output_dir", "dataset", "dataset_type",
    "train_data_path", "val_data_path", "vocab_path",
    "train_text_embeddings_path", "val_text_embeddings_path", "train_captions_path", "val_captions_path",
    "text_encoder_config_path", "encoder_config_path",
}  # fmt: skip
"""Say where things are or what they are called; test_inputs_from_files reads through each of them."""

ELSEWHERE = {
    "trackers": "test_training: tracking",
    "wandb_project": "test_training: tracking",
    "wandb_entity": "test_training: tracking",
    "wandb_name": "test_training: tracking",
    "wandb_tags": "test_training: tracking",
    "wandb_notes": "test_training: tracking",
    "wandb_group": "test_training: tracking",
    "training.device": "where it runs, not what it computes",
    "training.num_workers": "test_training: batches made ahead are the same batches",
    "training.pin_memory": "a warning without a GPU, below",
    "training.gradient_checkpointing": "test_transformer: same gradients, less memory",
    "training.label_readout": "test_inputs_from_files: labels are read only when asked for",
    "training.save_interval": "test_training: checkpoints",
    "training.keep_checkpoints": "test_training: pruned",
    "text_encoder": "test_inputs_from_files: encodes captions, and must be the one that made the NPZ",
    "loss.mask_overlaps": "test_training: overlapping windows",
    "early_stopping.min_gain": "test_training: early stopping",
    "early_stopping.patience": "test_training: early stopping",
    "encoder.preset": "a name for sizes; its sizes are fields of their own",
    "encoder.type": "one architecture so far",
}

START: dict[str, dict[str, Any]] = {
    "loss.near_threshold": {"loss__near_same": "positive", "loss__near_threshold": 0.5},
    "loss.near_same": {"loss__near_threshold": 0.5},
    "loss.soft_": {"loss__targets": "soft"},
    "loss.focal_": {"loss__alignment_loss_type": "focal_sigmoid"},
    "loss.hard_negative_": {"loss__use_hard_negatives": True, "loss__hard_negative_memory_size": 12},
    "curriculum.": {"loss__use_hard_negatives": True, "loss__hard_negative_strategy": "cross_batch",
                    "curriculum": {"start": 0.1, "end": 0.9, "share": 1.0}},
    "sensor_projection.n_heads": {"sensor_projection__type": "attention"},
    "sensor_projection.": {"sensor_projection__type": "mlp", "sensor_projection__hidden_dim": 16},
    "text_projection.": {"text_projection__type": "mlp", "text_projection__hidden_dim": 16},
    **{f"loss.{key}": {"loss__mlm_weight": 0.5} for key in (
        "mask_prob", "mean_span_length", "enable_field_blackout", "p_transition_seed", "strict_corr_mask",
        "mask_contrastive")},
    "optimizer.weight_decay": {"optimizer__weight_decay": 0.1},
    "training.max_epochs": {"training__max_steps": None, "training__max_epochs": 1},
    "early_stopping": {"early_stopping": {"patience": 1}},
}  # fmt: skip
"""What has to be on before a field can count, by the beginning of its name; the first that fits is taken."""

VALUES: dict[str, Any] = {
    "encoder.max_seq_len": 8,
    "encoder.n_heads": 4,
    "encoder.metadata.categorical_fields": ["sensor", "state"],
    "encoder.metadata.sensor_tokens": "text",
    "loss.alignment_loss_type": "sigmoid",
    "loss.targets": "soft",
    "loss.near_threshold": 0.9,
    "loss.hard_negative_strategy": "cross_batch",
    "loss.hard_negative_memory_size": 20,
    "loss.mask_prob": 0.6,
    "loss.focal_alpha": 0.3,
    "loss.temperature_init": 0.2,
    "optimizer.type": "adam",
    "optimizer.betas": [0.5, 0.9],
    "optimizer.grad_clip_norm": 0.01,
    "optimizer.warmup_ratio": 0.6,
    "training.precision": "bf16",
    "training.best_metric": "val_map",
    "training.max_epochs": 2,
    "training.max_steps": 1,
    "training.caption_use": "all",
    "training.val_pool_size": 7,
    "training.log_interval": 3,
    "training.metrics_interval": 50,
    "augmentation.time_jitter_s": 3.0,
}


def leaf_fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name, field in model.model_fields.items():
        inner = [field.annotation, *typing.get_args(field.annotation)]
        block = next((t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)), None)
        if block is not None and name != "text_encoder":
            yield from leaf_fields(block, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.annotation, field.get_default(call_default_factory=True)


def another(name: str, annotation: Any, now: Any) -> Any:
    if name in VALUES:
        return VALUES[name]
    options = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return next(o for o in options if o != now)
    if isinstance(annotation, types.UnionType) and now is None:
        return {int: 2, float: 0.5}.get(options[0])
    if isinstance(now, bool):
        return not now
    if isinstance(now, int):
        return now + 1
    if isinstance(now, float):
        return now * 0.5 if now else 0.4
    raise AssertionError(f"no other value known for {name}")


LEAVES = [(n, a, d) for n, a, d in leaf_fields(AlignmentConfig) if n not in NAMES_AND_PLACES | set(ELSEWHERE)]

SMALL = {
    "training__max_steps": 2, "training__val_interval": 1, "training__log_interval": 1,
    "training__metrics_interval": 1, "training__batch_size": 12,
    "encoder__n_layers": 1, "encoder__d_model": 16, "encoder__d_ff": 16,
}  # fmt: skip


def trace(world: ModuleType, folder: Path, changes: dict[str, Any], seen: dict[str, str]) -> str:
    key = json.dumps(changes, sort_keys=True)
    if key not in seen:
        config = world.make_config(folder, **{**SMALL, **changes})
        inputs = world.make_inputs(config, 60)
        AlignmentTrainer(config, inputs=inputs, resume=None).train()
        from discover.alignment.checkpoint import load_checkpoint

        digest = hashlib.sha256((folder / "metrics.jsonl").read_bytes())
        for file in ("final_model.pt", "best_model.pt"):
            content = load_checkpoint(folder / file)
            digest.update(json.dumps(content["best"]).encode())
            for value in content["model"].values():
                digest.update(str(tuple(value.shape)).encode() + value.float().numpy().tobytes())
        seen[key] = digest.hexdigest()
    return seen[key]


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    return {}


@pytest.mark.parametrize(("name", "annotation", "default"), LEAVES, ids=[n for n, _, _ in LEAVES])
def test_changing_it_changes_the_computation_or_is_refused(
    world: ModuleType, tmp_path: Path, seen: dict[str, str], name: str, annotation: Any, default: Any
) -> None:
    start = next((v for prefix, v in START.items() if name.startswith(prefix)), {})
    base = world.make_config(tmp_path, **{**SMALL, **start})
    now: Any = base
    for part in name.split("."):
        now = getattr(now, part)
    now = [list(now)] if isinstance(now, tuple) and name not in VALUES else now
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            changes = {**start, name.replace(".", "__"): another(name, annotation, now)}
            after = trace(world, tmp_path / "after", changes, seen)
    except (ConfigError, UserWarning):
        return
    assert after != trace(world, tmp_path / "before", dict(start), seen), f"{name} changes nothing"


def test_the_list_of_fields_tested_elsewhere_is_not_longer_than_the_config() -> None:
    names = {n for n, _, _ in leaf_fields(AlignmentConfig)}
    assert (NAMES_AND_PLACES | set(ELSEWHERE)) - names == set()


def test_pinned_memory_without_a_gpu_is_told(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, **SMALL, training__pin_memory=True)
    with pytest.warns(UserWarning, match="pin_memory has no effect on cpu"):
        AlignmentTrainer(config, inputs=world.make_inputs(config, 60)).train()
