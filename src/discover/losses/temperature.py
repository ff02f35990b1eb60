"""The temperature of a contrastive loss, stored as ln(1/T)."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from discover.core.errors import ConfigError

__all__ = ["MIN_TEMPERATURE", "LogitScale"]

MIN_TEMPERATURE = 0.01
"""Logits stay within +-100, as in CLIP: sharper softmaxes made its training unstable."""


class _AtMost(torch.autograd.Function):
    """min(x, limit) whose gradient still leads back below the limit.

    With a plain clamp a parameter that once passed the limit gets no gradient and stays there for good.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, limit: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(max=limit)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        (x,) = ctx.saved_tensors
        # Descent moves x against the gradient: a negative one would push x further out.
        return gradient.masked_fill((x >= ctx.limit) & (gradient < 0), 0.0), None


class LogitScale(nn.Module):
    """The factor 1/T on cosines, stored as ln(1/T); T never counts as less than `MIN_TEMPERATURE`.

    Args:
        temperature_init: Temperature at the start, >= 0.01.
        learnable: Parameter if true, buffer if false.

    Raises:
        ConfigError: The temperature is too small.
    """

    log_scale: Tensor

    def __init__(self, temperature_init: float = 0.02, *, learnable: bool = True) -> None:
        super().__init__()
        if not MIN_TEMPERATURE <= temperature_init < math.inf:
            raise ConfigError(
                f"temperature_init must be at least {MIN_TEMPERATURE}, got {temperature_init}. "
                "CLIP starts at 0.07."
            )
        start = torch.tensor(math.log(1.0 / temperature_init))
        if learnable:
            self.log_scale = nn.Parameter(start)
        else:
            self.register_buffer("log_scale", start)

    def forward(self) -> Tensor:
        """Logit scale 1/T, shape (), with gradient when learnable."""
        limited: Tensor = _AtMost.apply(self.log_scale, math.log(1.0 / MIN_TEMPERATURE))  # type: ignore[no-untyped-call]
        return limited.exp()

    @property
    def temperature(self) -> float:
        """Current T, for logs (waits for the device)."""
        return max(MIN_TEMPERATURE, math.exp(-float(self.log_scale.detach())))
