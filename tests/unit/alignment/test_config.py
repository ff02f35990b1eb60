"""Configs: round trip, discover-v2's files, and refusals that say what to do."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from discover.alignment.config import AlignmentConfig, LossConfig
from discover.core.errors import ConfigError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs" / "alignment").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_shipped_config_loads_and_survives_a_round_trip(path: Path, tmp_path: Path) -> None:
    config = AlignmentConfig.from_yaml(path)
    copy = tmp_path / "copy.yaml"
    copy.write_text(config.to_yaml())
    assert AlignmentConfig.from_yaml(copy) == config
    assert config.encoder.d_model == 768


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "encoders").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_encoder_preset_loads(path: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.yaml"
    run.write_text(f"encoder_config_path: {path}\n")
    config = AlignmentConfig.from_yaml(run)
    assert config.encoder.preset == path.stem.removeprefix("transformer_")


V2: dict[str, Any] = {
    "encoder_type": "transformer",
    "dataset": "milan",
    "dataset_type": "casas",
    "encoder": {
        "d_model": 512, "n_layers": 6, "n_heads": 8, "d_ff": 2048, "max_seq_len": 512, "dropout": 0.2,
        "projection_dim": 256, "use_alibi": True, "use_learned_pe": False, "fourier_bands": 12,
        "metadata": {
            "categorical_fields": ["sensor", "state", "room_id"],
            "global_categorical_fields": ["tod_bucket"],
            "use_coordinates": True, "use_time_deltas": False, "use_time_of_day": True,
            "coord_norm_x_max": 10.0, "time_delta_max_seconds": 3600.0, "time_delta_bins": 100,
        },
        "pooling": "cls_mean", "pooling_cls_weight": 0.5, "vocab_sizes": {},
    },
    "optimizer": {"type": "adamw", "learning_rate": 0.0003, "betas": [0.9, 0.98]},
    "training": {"batch_size": 256, "max_epochs": 50, "use_amp": True},
    "sensor_projection": {"type": "mlp", "dim": 512, "num_layers": 2, "hidden_dim": 512, "use_bn": False},
    "text_projection": {"type": "linear", "dim": 512},
    "loss": {"clip_weight": 1.0, "temperature_init": 0.07, "learnable_temperature": True, "mlm_weight": 0.5,
             "use_hard_negatives": False, "hard_negative_strategy": "mixed", "hard_negative_ratio": 0.5},
    "mlm": {"mask_prob": 0.3, "mean_span_length": 4.0, "strict_corr_mask": True},
    "wandb_notes": "text", "wandb_tags": [],
}  # fmt: skip


def test_a_discover_v2_file_loads_and_names_what_means_nothing(tmp_path: Path) -> None:
    path = tmp_path / "v2.yaml"
    path.write_text(yaml.safe_dump(V2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = AlignmentConfig.from_yaml(path)
    told = "\n".join(str(w.message) for w in caught)
    for key in ("projection_dim: 256", "coord_norm_x_max", "time_delta_bins", "global_categorical_fields"):
        assert key in told
    assert "hard_negative_strategy have no effect" in told
    assert config.sensor_projection.dim == 512
    assert config.loss.mask_prob == 0.3
    assert config.encoder.metadata.categorical_fields == ("sensor", "state", "room_id", "tod_bucket")


def test_earlier_names_of_loss_settings_load_with_a_note() -> None:
    old = {
        "loss": {
            "targets": "duplicates",
            "near_threshold": 0.9,
            "near_same": "ignore",
            "ignore_overlaps": False,
        }
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = AlignmentConfig.from_mapping(old)
    notes = [str(w.message) for w in caught]
    assert len(notes) == 3
    assert "'targets: duplicates' is written 'targets: mask_duplicates' today" in "\n".join(notes)
    today = {"targets": "mask_duplicates", "near_threshold": 0.9, "near_same": "mask", "mask_overlaps": False}
    assert config == AlignmentConfig.from_mapping({"loss": today})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert AlignmentConfig.from_stored({**config.model_dump(mode="json"), **old}) == config
    assert not caught


def test_an_earlier_name_beside_todays_is_refused() -> None:
    with pytest.raises(ConfigError, match="ignore_overlaps is the old name of mask_overlaps"):
        AlignmentConfig.from_mapping({"loss": {"ignore_overlaps": False, "mask_overlaps": False}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trainng": {}}, "Did you mean 'training'"),
        ({"training": {"batchsize": 4}}, "Did you mean 'batch_size'"),
        ({"training": {"batch_size": 1}}, "training.batch_size"),
        ({"training": {"max_steps": None}}, "give max_steps or max_epochs"),
        ({"training": {"precision": "bf16", "use_amp": False}}, "contradicts use_amp"),
        ({"sensor_projection": {"dim": 256}, "text_projection": {"dim": 512}}, "must be equal"),
        ({"loss": {"clip_weight": 0}}, "nothing to train"),
        ({"loss": {"soft_weight": 0.3}}, "soft_weight would have no effect"),
        ({"loss": {"targets": "identity", "mask_overlaps": False}}, "mask_overlaps would have no effect"),
        ({"loss": {"near_same": "positive"}}, "near_same would have no effect"),
        (
            {"loss": {"clip_weight": 0, "mlm_weight": 1}, "training": {"best_metric": "val_map"}},
            "not measured",
        ),
        ({"curriculum": {}}, "curriculum would have no effect"),
        ({"text_projection": {"type": "attention", "dim": 512}}, "a text is one vector"),
        ({"sensor_projection": {"type": "attention", "n_heads": 3}}, "does not divide"),
        ({"optimizer": {"type": "sgd", "betas": [0.9, 0.5]}}, r"betas\[1\] would have no effect"),
        ({"loss": {"temperature_init": 0.001}}, "temperature_init"),
        ({"optimizer": {"betas": [0.9, 1.0]}}, "betas must lie in"),
        (
            {"train_captions_path": "a", "train_text_embeddings_path": "b"},
            "give train_text_embeddings_path or train_captions_path",
        ),
        ({"sampling.split": {}}, "unknown setting 'sampling.split'. Did you mean 'sampling'"),
        ({"zzz": {}}, "unknown setting 'zzz'. Valid names: .*captions,.*home,.*sampling"),
        ({"encoder": {}, "encoder_config_path": "x.yaml"}, "not both"),
        ({"encoder_config_path": "absent.yaml"}, "No config file at"),
    ],
)
def test_refusals_say_what_to_do(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AlignmentConfig.from_mapping(values)


def test_keys_of_a_switched_off_part_are_refused_in_code_and_named_from_a_file() -> None:
    with pytest.raises(ValueError, match="mask_prob would have no effect"):
        LossConfig(mask_prob=0.4)
    with pytest.warns(UserWarning, match="mask_prob have no effect"):
        config = AlignmentConfig.from_mapping({"loss": {"mask_prob": 0.4}})
    assert config.loss.mask_prob == 0.25


def test_pipeline_blocks_are_left_to_the_pipeline() -> None:
    config = AlignmentConfig.from_mapping({"home": {"name": "x"}, "sampling": 3, "seed": 4})
    assert config.seed == 4


def test_reading_a_config_does_not_load_torch() -> None:
    import subprocess
    import sys

    code = "import sys, discover.alignment.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
