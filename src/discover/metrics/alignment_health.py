"""Numbers that show whether two embedding spaces have grown together: cosines, modality gap, uniformity."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from discover.core.arrays import names_of
from discover.core.errors import ShapeError
from discover.metrics.top_k import normalise_rows, row_blocks

# Shape letters: N pairs, D width.

__all__ = ["AlignmentHealth", "alignment_health", "uniformity"]


@dataclass(frozen=True)
class AlignmentHealth:
    """What `alignment_health` returns.

    Attributes:
        positive_cosine: Mean cosine of the pairs; 1 is perfect.
        negative_cosine: Mean cosine of windows with captions of another group; NaN when there is none.
        modality_gap: Distance between the mean window and the mean caption, in [0, 2]; 0 is no gap.
        window_uniformity: `uniformity` of the windows; near -4 is spread evenly, 0 is collapse.
        caption_uniformity: The same for captions.
    """

    positive_cosine: float
    negative_cosine: float
    modality_gap: float
    window_uniformity: float
    caption_uniformity: float

    def to_dict(self) -> dict[str, float]:
        """Plain data for logs."""
        return asdict(self)


def alignment_health(
    windows_ND: ArrayLike, captions_ND: ArrayLike, groups: ArrayLike | None = None
) -> AlignmentHealth:
    """Health of paired embeddings; row i of both sides belongs together.

    Args:
        windows_ND: Window embeddings, any length, shape (N, D).
        captions_ND: Caption embeddings, any length, shape (N, D).
        groups: Pairs with equal groups (identical captions) are not negatives of each other, shape
            (N,); None makes each pair its own group.

    Raises:
        ShapeError: The sides are not pairs, or there is none.

    References:
        Modality gap: Liang et al. 2022, section 2, https://arxiv.org/abs/2203.02053. Uniformity: Wang
        and Isola 2020, eq. 2, https://arxiv.org/abs/2005.10242.
    """
    windows, captions = normalise_rows(windows_ND), normalise_rows(captions_ND)
    if windows.shape != captions.shape or not len(windows):
        raise ShapeError(
            f"Windows and captions must be pairs of one width, got {windows.shape} and {captions.shape}. "
            "Choose one caption per window."
        )
    codes = _codes(groups, len(windows))
    # Sums of all cosines need no matrix: sum_ij w_i.c_j = (sum_i w_i).(sum_j c_j), for each group alike.
    wide_w, wide_c = windows.astype(np.float64), captions.astype(np.float64)
    sizes = np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    group_w = np.add.reduceat(wide_w[order], starts, axis=0)
    group_c = np.add.reduceat(wide_c[order], starts, axis=0)
    n_negative = len(windows) ** 2 - int((sizes.astype(np.int64) ** 2).sum())
    total = float(wide_w.sum(0) @ wide_c.sum(0)) - float((group_w * group_c).sum())
    return AlignmentHealth(
        positive_cosine=float((wide_w * wide_c).sum(1).mean()),
        negative_cosine=total / n_negative if n_negative else float("nan"),
        modality_gap=float(np.linalg.norm(wide_w.mean(0) - wide_c.mean(0))),
        window_uniformity=uniformity(windows),
        caption_uniformity=uniformity(captions),
    )


def uniformity(vectors_ND: ArrayLike, t: float = 2.0) -> float:
    """Uniformity: ln of the mean of exp(-t |x - y|^2) over pairs of different rows.

    Args:
        vectors_ND: Embeddings, any length, at least two rows for a number, shape (N, D).
        t: Sharpness, > 0; 2 in the paper.

    Returns:
        Between -4t and 0; NaN for a single row.

    References:
        Wang and Isola 2020, eq. 2. https://arxiv.org/abs/2005.10242
    """
    vectors = normalise_rows(vectors_ND)
    n = len(vectors)
    if n < 2:
        return float("nan")
    total = 0.0
    for block in row_blocks(n, n):
        # |x - y|^2 = 2 - 2 x.y for unit vectors.
        kernel = np.exp(np.float32(2 * t) * (vectors[block] @ vectors.T - np.float32(1.0)))
        rows = np.arange(block.start, block.stop)
        kernel[rows - block.start, rows] = 0.0
        total += float(kernel.sum(dtype=np.float64))
    return float(np.log(total / (n * (n - 1))))


def _codes(groups: ArrayLike | None, n: int) -> NDArray[np.int64]:
    if groups is None:
        return np.arange(n)
    given = np.asarray(groups)
    if given.shape != (n,):
        raise ShapeError(f"One group per pair is needed: {n} pairs, groups of shape {given.shape}.")
    _, codes = np.unique(names_of(given, "groups"), return_inverse=True)
    return codes.astype(np.int64)
