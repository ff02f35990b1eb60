"""discover-v2's YAML files of this family: which of their keys mean what here, and which mean nothing."""

from collections.abc import Mapping
from typing import Any

__all__ = ["adopt_v2_keys", "idle_loss_keys", "idle_projection_keys"]

_ENCODER_NOISE: Mapping[str, str] = {
    "vocab_sizes": "vocabulary sizes come from vocab.json",
}
_METADATA_NOISE: Mapping[str, str] = {
    "coord_norm_x_max": "coordinates are normalised by the home's floor plan",
    "coord_norm_y_max": "coordinates are normalised by the home's floor plan",
    "time_delta_max_seconds": "gaps are read as logarithms and fixed buckets",
    "time_delta_bins": "gaps are read as logarithms and fixed buckets",
}


_MLM_KEYS = (
    "mask_prob",
    "mean_span_length",
    "enable_field_blackout",
    "p_transition_seed",
    "strict_corr_mask",
)
_MEMORY_KEYS = ("hard_negative_memory_size", "hard_negative_ratio", "hard_negative_strategy",
                "hard_negative_homes", "hard_negative_sampling_temperature")  # fmt: skip


def idle_loss_keys(loss: Mapping[str, Any]) -> list[str]:
    """Keys of a `loss` block (missing ones at their default) that nothing reads, given the others."""
    idle: list[str] = []
    if not loss.get("mlm_weight", 0.0):
        idle += _MLM_KEYS
    if not loss.get("use_hard_negatives", False):
        idle += _MEMORY_KEYS
    if loss.get("alignment_loss_type", "infonce") != "focal_sigmoid":
        idle += ["focal_gamma", "focal_alpha"]
    return idle


def idle_projection_keys(kind: str) -> list[str]:
    """Keys of a projection block that a head of this type does not read."""
    keys = {"mlp": ["n_heads"], "attention": ["hidden_dim", "num_layers", "dropout", "use_bn"]}
    return keys.get(kind, ["hidden_dim", "num_layers", "dropout", "use_bn", "n_heads"])


def adopt_v2_keys(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Translate discover-v2's keys.

    Args:
        values: Top level of a run's YAML.

    Returns:
        The values in this version's terms, and a sentence for every key that has no effect here.
    """
    out: dict[str, Any] = dict(values)
    notes: list[str] = []
    if isinstance(out.get("mlm"), Mapping):
        out["loss"] = {**(out.get("loss") or {}), **out.pop("mlm")}
    elif "mlm" in out and out["mlm"] is None:
        del out["mlm"]
    kind = out.pop("encoder_type", None)
    encoder = out.get("encoder")
    if kind is not None and isinstance(encoder, Mapping):
        out["encoder"] = {"type": kind, **encoder}
    elif kind not in (None, "transformer"):
        out["encoder"] = {"type": kind}
    if isinstance(out.get("encoder"), Mapping):
        head = out.get("sensor_projection")
        width = head.get("dim", 512) if isinstance(head, Mapping) else 512
        out["encoder"] = _adopt_encoder(dict(out["encoder"]), width, notes)
    if isinstance(out.get("training"), Mapping):
        out["training"] = dict(out["training"])
        if isinstance(out["training"].get("precision"), int):
            out["training"]["precision"] = str(out["training"]["precision"])
    for key in ("wandb_project", "wandb_tags"):
        if key in out and out[key] is None:
            del out[key]
    return out, notes


def _adopt_encoder(encoder: dict[str, Any], width: int, notes: list[str]) -> dict[str, Any]:
    if "encoder_type" in encoder:
        encoder.setdefault("type", encoder.pop("encoder_type"))
    for key in [k for k in encoder if k.startswith("projection_")]:
        found = encoder.pop(key)
        if key != "projection_dim" or found != width:
            notes.append(f"encoder.{key}: {found} is not used; the head is sensor_projection (dim {width}).")
    for key, why in _ENCODER_NOISE.items():
        if key in encoder and encoder.pop(key):
            notes.append(f"encoder.{key} is not used: {why}.")
    metadata = encoder.get("metadata")
    if isinstance(metadata, Mapping):
        metadata = dict(metadata)
        for key, why in _METADATA_NOISE.items():
            if key in metadata:
                notes.append(f"encoder.metadata.{key}: {metadata.pop(key)} is not used: {why}.")
        context = metadata.pop("global_categorical_fields", None)
        if context:
            given = list(metadata.get("categorical_fields", []))
            metadata["categorical_fields"] = given + [f for f in context if f not in given]
            notes.append(
                f"encoder.metadata.global_categorical_fields {list(context)} are read with every event, "
                "as categorical_fields, not as tokens of their own."
            )
        encoder["metadata"] = metadata
    return encoder
