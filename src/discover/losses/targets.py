"""Which pairs of a batch match, which may be negatives, and which are masked: false negatives handled.

Activity repeats: many windows of a batch have the same caption or almost the same, and windows cut
with overlap share events. Calling such pairs negatives teaches the model to tell apart what is alike.
Between pair i and pair j (window i against caption j, and window j against caption i), with cos_ij the
cosine of their captions' text embeddings, each pair is a match with affinity a_ij in (0, 1], a
negative, or masked (neither):

    identity    i = j is a match (1), every other pair a negative: the plain loss, for comparison
    mask_duplicates  i = j is a match (1); same window or same caption is masked; cos_ij >= near_threshold
                is masked; windows that share an event are masked; the rest are negatives
    soft        as mask_duplicates without the threshold, but the rest are also matches, with affinity
                soft_weight * exp((cos_ij - 1) / soft_temperature)

`same` and `near_same` set to positive make those pairs matches with affinity 1 instead of masking
them. InfoNCE takes p_ij = a_ij / sum_j a_ij as its target distribution: for `soft` this is the
identity mixed with softmax(cos / soft_temperature), and with soft_weight 1 and `same: positive` that
softmax itself. The sigmoid losses take a_ij as the label of the pair. Everything is symmetric in i
and j, so both directions agree.

Why masked and not positive: equal captions have equal embeddings, and then InfoNCE with all K equal
captions as positives has *the same gradient* as plain InfoNCE. Window i's own logit is also that of
every equal caption, so the target's shape does not matter, and its equals stay in every denominator,
where the closest window is pushed away from its own caption until all K share it evenly. (Summed over
the K captions, sum_j sum_i p_ij s_ij = sum_i s_ii.) Masking the equals in the denominator is what
takes the false negatives away. A test holds both facts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError

# Shape letters: B pairs in the batch, R rows and C columns of a block of it, T text width.

__all__ = [
    "BatchTargets",
    "PairKeys",
    "TargetRule",
    "batch_targets",
    "duplicate_rate",
    "matches_and_masked",
    "never_negative",
    "target_block",
]


@dataclass(frozen=True)
class PairKeys:
    """What identifies each window-caption pair; all tensors on one device.

    Attributes:
        window_id: Number of the window, unique over all homes, shape (B,) int64, >= 0.
        caption_id: Number of the caption's text, equal for equal texts, shape (B,) int64, >= 0.
        home: Number of the home whose event table the offsets point into, shape (B,) int64.
        first_event: First event of the window, shape (B,) int64.
        n_events: Number of events of the window, shape (B,) int64.
        text: Unit text embeddings of the captions, shape (B, T); only for near-same and soft targets.
    """

    window_id: Tensor
    caption_id: Tensor
    home: Tensor
    first_event: Tensor
    n_events: Tensor
    text: Tensor | None = None

    def __post_init__(self) -> None:
        wrong = [f.name for f in fields(self) if _length(getattr(self, f.name)) not in (None, len(self))]
        if wrong:
            raise ShapeError(
                f"All keys must have {len(self)} rows like window_id; {', '.join(wrong)} differ."
            )

    def __len__(self) -> int:
        return len(self.window_id)

    def __getitem__(self, rows: slice | Tensor) -> "PairKeys":
        """The keys of some pairs."""
        return self._map(lambda tensor: tensor[rows])

    def to(self, device: torch.device | str) -> "PairKeys":
        """The same on another device."""
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change: Callable[[Tensor], Tensor]) -> "PairKeys":
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{n: change(v) for n, v in values.items() if v is not None})


@dataclass(frozen=True, kw_only=True)
class TargetRule:
    """How false negatives are handled; the formulas are at the top of this file.

    Attributes:
        mode: identity, mask_duplicates or soft.
        near_threshold: Cosine of caption text embeddings, in (0, 1], from which two captions say nearly
            the same; None looks at identical captions only. Mode mask_duplicates.
        same: What a pair with the same window or caption is: masked (mask) or a match (positive).
        near_same: What a pair beyond near_threshold is.
        soft_temperature: Softness of mode soft, > 0.
        soft_weight: Affinity of another pair whose caption has the same text embedding, in [0, 1].
        mask_overlaps: Whether windows that share an event are masked.
    """

    mode: Literal["identity", "mask_duplicates", "soft"] = "mask_duplicates"
    near_threshold: float | None = None
    same: Literal["mask", "positive"] = "mask"
    near_same: Literal["mask", "positive"] = "mask"
    soft_temperature: float = 0.05
    soft_weight: float = 0.5
    mask_overlaps: bool = True

    def __post_init__(self) -> None:
        if self.mode not in ("identity", "mask_duplicates", "soft"):
            raise ConfigError(f"targets must be identity, mask_duplicates or soft, got '{self.mode}'.")
        if not {self.same, self.near_same} <= {"mask", "positive"}:
            raise ConfigError(
                f"same and near_same must be mask or positive, got '{self.same}' and '{self.near_same}'."
            )
        if self.near_threshold is not None and not 0 < self.near_threshold <= 1:
            raise ConfigError(f"near_threshold is a cosine in (0, 1], got {self.near_threshold}.")
        if not self.soft_temperature > 0 or not 0 <= self.soft_weight <= 1:
            raise ConfigError(
                f"soft_temperature must be > 0 and soft_weight in [0, 1], got {self.soft_temperature} and "
                f"{self.soft_weight}."
            )

    @property
    def needs_text(self) -> bool:
        """Whether `PairKeys.text` is read."""
        return self.mode == "soft" or (self.mode == "mask_duplicates" and self.near_threshold is not None)

    @property
    def one_to_one(self) -> bool:
        """Whether each pair matches itself only, so that no matrix of affinities is needed."""
        near = self.near_threshold is not None and self.near_same == "positive"
        masked = self.mode == "mask_duplicates" and self.same == "mask" and not near
        return self.mode == "identity" or masked


@dataclass(frozen=True)
class BatchTargets:
    """The two (B, B) arguments of a loss; None where there is nothing to say."""

    targets: Tensor | None
    negatives_mask: Tensor | None


def batch_targets(rule: TargetRule, keys: PairKeys) -> BatchTargets:
    """Targets and negatives mask of a whole batch.

    Returns:
        Affinities, shape (B, B) float32, None where each pair matches itself only; and where a pair may
        be a negative, shape (B, B) bool.

    Raises:
        ConfigError: The rule compares text and the keys have none.
    """
    if rule.mode == "identity":
        return BatchTargets(None, None)
    if rule.one_to_one:
        match, masked = matches_and_masked(rule, keys, keys)
        return BatchTargets(None, ~(match | masked))
    return BatchTargets(*target_block(rule, keys, keys))


def target_block(
    rule: TargetRule, rows: PairKeys, columns: PairKeys, *, row_start: int = 0, column_start: int = 0
) -> tuple[Tensor, Tensor]:
    """A block of the affinity matrix and of the negatives mask.

    Args:
        rule: How false negatives are handled.
        rows: Keys of the block's rows.
        columns: Keys of the block's columns.
        row_start: Position of the first row in the batch.
        column_start: Position of the first column in the batch.

    Returns:
        Affinity, shape (R, C) float32; True where the pair may be a negative, shape (R, C) bool.

    Raises:
        ConfigError: The rule compares text and the keys have none.
    """
    match, masked = matches_and_masked(rule, rows, columns, row_start=row_start, column_start=column_start)
    affinity = match.float()
    if rule.mode == "soft":
        soft = rule.soft_weight * torch.exp((_cosine(rows, columns) - 1.0) / rule.soft_temperature)
        affinity = torch.where(match, 1.0, soft.clamp(max=1.0).masked_fill(masked, 0.0))
    return affinity, ~(match | masked)


def matches_and_masked(
    rule: TargetRule, rows: PairKeys, columns: PairKeys, *, row_start: int = 0, column_start: int = 0
) -> tuple[Tensor, Tensor]:
    """Where a block's pairs match fully and where they are masked; disjoint, both shape (R, C) bool."""
    device = rows.window_id.device
    row_index = torch.arange(row_start, row_start + len(rows), device=device)
    column_index = torch.arange(column_start, column_start + len(columns), device=device)
    match = row_index[:, None] == column_index
    masked = torch.zeros_like(match)
    if rule.mode == "identity":
        return match, masked
    if rule.same == "positive":
        match = match | _same(rows, columns)
    else:
        masked = _same(rows, columns)
    if rule.mode == "mask_duplicates" and rule.near_threshold is not None:
        near = _cosine(rows, columns) >= rule.near_threshold
        if rule.near_same == "positive":
            match = match | near
        else:
            masked = masked | near
    if rule.mask_overlaps:
        masked = masked | _overlapping(rows, columns)
    return match, masked & ~match


def never_negative(rule: TargetRule, rows: PairKeys, columns: PairKeys) -> Tensor:
    """Where a column must not be a negative of a row: same window or caption, near-same, overlapping.

    For candidates from outside the batch. Unlike in `target_block`, duplicates and overlaps are kept out
    in mode identity too: choosing hard negatives finds them first, and they are no negatives. Mode soft
    keeps out pairs whose affinity would be at least half of soft_weight, if both sides have text.

    Returns:
        Shape (R, C) bool.
    """
    forbidden = _same(rows, columns)
    if rule.mask_overlaps:
        forbidden = forbidden | _overlapping(rows, columns)
    threshold = rule.near_threshold if rule.mode == "mask_duplicates" else None
    if rule.mode == "soft" and rows.text is not None and columns.text is not None:
        threshold = 1.0 - math.log(2.0) * rule.soft_temperature
    if threshold is not None:
        forbidden = forbidden | (_cosine(rows, columns) >= threshold)
    return forbidden


def duplicate_rate(keys: PairKeys) -> Tensor:
    """Share of pairs whose caption text occurs more than once in the batch, shape (); no host sync."""
    ordered = keys.caption_id.sort().values
    equal = ordered[1:] == ordered[:-1]
    no = equal.new_zeros(1)
    return (torch.cat([no, equal]) | torch.cat([equal, no])).float().mean()


def _same(rows: PairKeys, columns: PairKeys) -> Tensor:
    same_window = rows.window_id[:, None] == columns.window_id
    return same_window | (rows.caption_id[:, None] == columns.caption_id)


def _overlapping(rows: PairKeys, columns: PairKeys) -> Tensor:
    # [a, a+n) and [b, b+m) share an event when each starts before the other ends.
    starts_before = rows.first_event[:, None] < columns.first_event + columns.n_events
    ends_after = (rows.first_event + rows.n_events)[:, None] > columns.first_event
    return (rows.home[:, None] == columns.home) & starts_before & ends_after


def _cosine(rows: PairKeys, columns: PairKeys) -> Tensor:
    if rows.text is None or columns.text is None:
        raise ConfigError(
            "Near-same and soft targets compare captions by their text embeddings, and the batch has none. "
            "Pass PairKeys.text, or use targets: mask_duplicates without near_threshold."
        )
    with torch.autocast(rows.text.device.type, enabled=False):
        return rows.text.float() @ columns.text.float().T


def _length(tensor: Tensor | None) -> int | None:
    return None if tensor is None else len(tensor)
