"""Similarities, per-direction targets and extra negatives that every pairwise loss shares."""

from dataclasses import dataclass

import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError

# Shape letters: B pairs in the batch, P joint width, M extra candidates that are nobody's positive.

__all__ = ["ExtraNegatives", "check_pairs", "resolve_scale", "scaled_similarity", "working_copies"]


@dataclass(frozen=True)
class ExtraNegatives:
    """Candidates from outside the pair matrix, each a negative of the rows its mask names.

    Attributes:
        captions: Unit caption embeddings for windows to be pushed from, shape (M, P).
        captions_mask: True where caption m is a negative of window i, shape (B, M) bool; never a
            positive, duplicate or overlapping pair.
        windows: Unit window embeddings for captions to be pushed from, shape (M, P).
        windows_mask: The same for caption i and window m.
    """

    captions: Tensor
    captions_mask: Tensor
    windows: Tensor
    windows_mask: Tensor


def check_pairs(window_BP: Tensor, caption_BP: Tensor, **matrices_BB: Tensor | None) -> None:
    """Refuse inputs whose rows cannot be pairs, and (B, B) matrices of another size.

    Raises:
        ShapeError: Shapes disagree, are not two-dimensional, or there is no pair at all.
    """
    if window_BP.ndim != 2 or window_BP.shape != caption_BP.shape or not len(window_BP):
        raise ShapeError(
            f"Windows and captions must be matrices of one shape (pairs, width), at least one pair; got "
            f"{tuple(window_BP.shape)} and {tuple(caption_BP.shape)}. Both heads must end in the same dim."
        )
    size = len(window_BP)
    for name, matrix in matrices_BB.items():
        if matrix is not None and matrix.shape != (size, size):
            raise ShapeError(
                f"{name} must have one row and one column per pair, shape ({size}, {size}); got "
                f"{tuple(matrix.shape)}. Build it from the keys of the same batch."
            )


def resolve_scale(logit_scale: Tensor | float | None, temperature: float | None) -> Tensor | float:
    """The factor on cosines, from whichever of the two ways of saying it was given.

    Raises:
        ConfigError: Both or neither were given, or the temperature is not positive.
    """
    if (logit_scale is None) == (temperature is None):
        raise ConfigError("Give exactly one of logit_scale (1 / temperature) and temperature.")
    if temperature is not None:
        if not temperature > 0:
            raise ConfigError(f"temperature must be > 0, got {temperature}. CLIP uses 0.01 to 0.07.")
        return 1.0 / temperature
    assert logit_scale is not None
    return logit_scale


def working_copies(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one floating type, at least float32."""
    dtype = torch.promote_types(torch.float32, torch.promote_types(left.dtype, right.dtype))
    return left.to(dtype), right.to(dtype)


def scaled_similarity(rows_BP: Tensor, columns_MP: Tensor, scale: Tensor | float) -> Tensor:
    """`scale * rows @ columns.T`, shape (B, M), in at least float32 even under autocast.

    A cosine rounded to bfloat16 is off by up to 0.004; at T = 0.01 that is 0.4 nats per logit.
    """
    with torch.autocast(rows_BP.device.type, enabled=False):
        rows, columns = working_copies(rows_BP, columns_MP)
        # The scale goes on the thin factor: B x P products instead of B x M.
        return (rows * scale) @ columns.T
