"""Optimizer and precision from the config."""

import torch

from discover.alignment.config import OptimizerConfig, TrainingConfig
from discover.alignment.model import AlignmentModel
from discover.core.errors import ConfigError

__all__ = ["build_optimizer", "fabric_precision", "pick_device"]


def build_optimizer(model: AlignmentModel, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Optimizer over all trained parameters; decay only on matrices of linear layers."""
    groups = [g for g in model.parameter_groups(config.weight_decay) if g["params"]]
    if config.type == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.betas[0])
    kind = torch.optim.AdamW if config.type == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.learning_rate, betas=config.betas, fused=True)


def pick_device(wanted: str) -> torch.device:
    """The device `training.device` names.

    Raises:
        ConfigError: It is not there.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present[device.type]:
        raise ConfigError(f"training.device {wanted} is not available here. Use auto or cpu.")
    return device


def fabric_precision(config: TrainingConfig, device: torch.device) -> str:
    """Fabric's name of the precision, decided by config and hardware.

    Raises:
        ConfigError: fp16 without a GPU: on a CPU its gradients cannot be scaled.
    """
    wanted = config.precision
    if wanted == "auto":
        wanted = "bf16" if config.use_amp and _fast_bf16(device) else "32"
    if wanted == "fp16" and device.type != "cuda":
        raise ConfigError("training.precision fp16 needs a CUDA GPU. Use bf16 or 32.")
    return {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}[wanted]


def _fast_bf16(device: torch.device) -> bool:
    """Whether the processor multiplies bf16 natively; emulation is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    return _cpuinfo_has("avx512_bf16") or _cpuinfo_has("amx_bf16")


def _cpuinfo_has(flag: str) -> bool:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
            return any(flag in line.split() for line in stream if line.startswith("flags"))
    except OSError:
        return False
