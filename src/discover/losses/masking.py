"""Masked event modelling: spans of a window's events are hidden field by field, to be predicted.

Everything is drawn on the device of the events, without a loop over windows.

Fields are masked in groups. A group is one field, or, with `strict_corr_mask`, all fields that follow
from the sensor (sensor, room, type, detail): otherwise the room that stays visible gives the sensor away.
For each window and group, span starts are drawn one after another without replacement, with
probability `p_transition_seed` among the events where the room changes and else among all events;
lengths are geometric; spans are taken until the window's budget of events is used up, and the last one
is cut to fit. The budget is mask_prob * events, rounded up or down at random so that its mean is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from discover.core.config import closest
from discover.core.errors import ConfigError, ShapeError
from discover.core.vocabulary import MASK, SPECIAL

# Shape letters: B windows, L events of the longest, F fields, G groups of fields, N = B * G rows.

__all__ = ["IGNORE", "MaskedEvents", "MaskingRule", "mask_events"]

IGNORE = -100
"""Target of a position that is not to be predicted (the value `cross_entropy` skips)."""

_SENSOR_FIELDS: tuple[str, ...] = ("sensor", "room_id", "sensor_type", "sensor_detail")
_FIRST_REAL = len(SPECIAL)


@dataclass(frozen=True, kw_only=True)
class MaskingRule:
    """How events are hidden.

    Attributes:
        mask_prob: Share of the events to be predicted, per field, in (0, 1).
        mean_span_length: Mean length of a span in events before it is cut at the window's end, >= 1.
        p_transition_seed: Probability that a span starts where the room changes, in [0, 1].
        strict_corr_mask: Hide sensor, room, type and detail of an event together.
        field_blackout: Hide what else tells a masked event: its place and description with the sensor
            (or room, type, detail), its gap with the sensor or the gap bucket.
        fields: Fields to mask; None masks all.
        p_mask: Share of the chosen positions that get the MASK id.
        p_random: Share that get a random real id; the rest keep their id.
    """

    mask_prob: float = 0.25
    mean_span_length: float = 5.0
    p_transition_seed: float = 0.3
    strict_corr_mask: bool = True
    field_blackout: bool = True
    fields: tuple[str, ...] | None = None
    p_mask: float = 0.8
    p_random: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.mask_prob < 1 or not self.mean_span_length >= 1:
            raise ConfigError(
                f"mask_prob must be in (0, 1) and mean_span_length >= 1 event, got {self.mask_prob} and "
                f"{self.mean_span_length}."
            )
        shares = (self.p_transition_seed, self.p_mask, self.p_random, self.p_mask + self.p_random)
        if any(not 0 <= share <= 1 for share in shares):
            raise ConfigError(
                "p_transition_seed, p_mask, p_random and p_mask + p_random must be in [0, 1], got "
                f"{self.p_transition_seed}, {self.p_mask}, {self.p_random}."
            )


@dataclass(frozen=True)
class MaskedEvents:
    """Events as the model sees them, and what it has to find.

    Attributes:
        codes: Ids with the chosen positions corrupted, shape (B, L, F) int64.
        targets: True ids at the chosen positions, `IGNORE` elsewhere, shape (B, L, F) int64. Positions
            whose id is no real value (UNK) are hidden but not asked for.
        chosen: Chosen positions, shape (B, L, F) bool.
        blackout: What else to hide, shape (B, L, 3) bool, channels place, gap and description.
    """

    codes: Tensor
    targets: Tensor
    chosen: Tensor
    blackout: Tensor


def mask_events(
    codes_BLF: Tensor,
    mask_BL: Tensor,
    fields: Sequence[str],
    sizes: Sequence[int],
    rule: MaskingRule,
    *,
    generator: torch.Generator | None = None,
) -> MaskedEvents:
    """Hide spans of events.

    Args:
        codes_BLF: Vocabulary ids, int64, shape (B, L, F).
        mask_BL: True where there is an event; a window's events come first, shape (B, L).
        fields: Names of the F fields.
        sizes: Number of ids per field, special ids included.
        rule: How events are hidden.
        generator: Random numbers of the events' device; the same state gives the same masks.

    Raises:
        ShapeError: Shapes, names and sizes disagree.
        ConfigError: The rule names a field that the events do not have.

    References:
        80/10/10: Devlin et al. 2019, section 3.1, https://arxiv.org/abs/1810.04805. Spans: Joshi et al.
        2020, section 3.1, https://arxiv.org/abs/1907.10529.
    """
    _check(codes_BLF, mask_BL, fields, sizes, rule)
    group_of_field = _groups(fields, rule)
    n_groups = max(group_of_field) + 1
    changes_BL = room_changes(codes_BLF, mask_BL, fields)
    chosen_BGL = _choose_spans(mask_BL, changes_BL, n_groups, rule, generator)
    # One fate per event and group: a sensor under MASK beside its own room would be no secret.
    fate_BGL = _uniform(chosen_BGL.shape, mask_BL.device, generator)
    field_group = torch.tensor(group_of_field, device=mask_BL.device)
    masked_field = (field_group >= 0).view(1, 1, -1)
    pick = field_group.clamp(min=0)
    chosen_BLF = chosen_BGL[:, pick].transpose(1, 2) & masked_field
    fate_BLF = fate_BGL[:, pick].transpose(1, 2)
    hidden_BLF = chosen_BLF & (fate_BLF < rule.p_mask + rule.p_random)
    replaced_BLF = hidden_BLF & (fate_BLF >= rule.p_mask)
    real_count = torch.tensor([size - _FIRST_REAL for size in sizes], device=mask_BL.device)
    draw = _uniform(codes_BLF.shape, mask_BL.device, generator) * real_count
    # A float32 product can round up to the count itself.
    random_BLF = torch.minimum(draw.long(), real_count - 1) + _FIRST_REAL
    random_BLF = torch.where(real_count > 0, random_BLF, MASK)
    codes = torch.where(hidden_BLF, MASK, codes_BLF)
    return MaskedEvents(
        codes=torch.where(replaced_BLF, random_BLF, codes),
        targets=torch.where(chosen_BLF & (codes_BLF >= _FIRST_REAL), codes_BLF, IGNORE),
        chosen=chosen_BLF,
        blackout=_blackout(hidden_BLF, fields, rule),
    )


def room_changes(codes_BLF: Tensor, mask_BL: Tensor, fields: Sequence[str]) -> Tensor:
    """Events in another room than the event before (another sensor, if rooms are no field), shape (B, L)."""
    changes = torch.zeros_like(mask_BL)
    name = next((n for n in ("room_id", "sensor") if n in fields), None)
    if name is not None:
        code = codes_BLF[..., list(fields).index(name)]
        changes[:, 1:] = (code[:, 1:] != code[:, :-1]) & mask_BL[:, 1:]
    return changes


def _choose_spans(
    mask_BL: Tensor,
    changes_BL: Tensor,
    n_groups: int,
    rule: MaskingRule,
    generator: torch.Generator | None,
) -> Tensor:
    """Events to hide per group, shape (B, G, L) bool, exactly the budget of each window and group."""
    n_windows, longest = mask_BL.shape
    length_B = mask_BL.sum(1)
    share_BL = mask_BL / length_B.clamp(min=1).unsqueeze(1)
    at_change_BL = changes_BL / changes_BL.sum(1, keepdim=True).clamp(min=1)
    p_BL = torch.where(changes_BL.any(1, keepdim=True), rule.p_transition_seed, 0.0)
    weight_BL = (1.0 - p_BL) * share_BL + p_BL * at_change_BL
    shape = (n_windows, n_groups, longest)
    # Smallest Exponential / weight first is a draw without replacement by weight.
    clock = torch.empty(shape, device=mask_BL.device).exponential_(generator=generator)
    start_key = (clock / weight_BL.unsqueeze(1)).flatten(0, 1)
    left_N1L = (length_B.view(-1, 1, 1) - torch.arange(longest, device=mask_BL.device)).clamp(min=1)
    span = _geometric(shape, rule.mean_span_length, mask_BL.device, generator)
    event_key = _earliest_cover(start_key, torch.minimum(span, left_N1L).flatten(0, 1))
    padding = ~mask_BL.unsqueeze(1).expand(shape).flatten(0, 1)
    order = event_key.masked_fill(padding, torch.inf).argsort(dim=1, stable=True)
    rounding = _uniform((n_windows, n_groups), mask_BL.device, generator)
    budget = (rule.mask_prob * length_B.unsqueeze(1) + rounding).floor().flatten().unsqueeze(1)
    taken = torch.arange(longest, device=mask_BL.device) < budget
    chosen = torch.zeros_like(padding).scatter_(1, order, taken) & ~padding
    return chosen.view(shape)


def _earliest_cover(key_NL: Tensor, span_NL: Tensor) -> Tensor:
    """For each event the smallest key of the spans that cover it; span s covers [s, s + span_s).

    A span is two blocks of the largest power of two that fits, one at each end. Blocks are halved
    level by level, so the cost is L log L and no L x L table is made.
    """
    longest = key_NL.shape[1]
    start = torch.arange(longest, device=key_NL.device).expand_as(span_NL)
    level_NL = torch.floor(torch.log2(span_NL.float())).long()
    covered = torch.full_like(key_NL, torch.inf)
    for level in range(max(longest, 1).bit_length() - 1, -1, -1):
        half = 2**level
        pushed = covered.clone()
        if half < longest:
            pushed[:, half:] = torch.minimum(pushed[:, half:], covered[:, :-half])
        here = torch.where(level_NL == level, key_NL, torch.inf)
        pushed = torch.minimum(pushed, here)
        end = (start + span_NL - half).clamp(min=0)
        covered = pushed.scatter_reduce(1, end, here, "amin")
    return covered


def _geometric(
    shape: tuple[int, ...], mean: float, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Lengths 1, 2, ... with P(length > n) = (1 - 1/mean)^n."""
    if mean <= 1:
        return torch.ones(shape, dtype=torch.int64, device=device)
    waiting = torch.empty(shape, device=device).exponential_(generator=generator)
    scale = -1.0 / torch.log1p(torch.tensor(-1.0 / mean, dtype=torch.float64)).item()
    return (waiting * scale).clamp(max=2.0**30).long() + 1


def _blackout(hidden_BLF: Tensor, fields: Sequence[str], rule: MaskingRule) -> Tensor:
    n_windows, longest, _ = hidden_BLF.shape
    if not rule.field_blackout:
        return torch.zeros((n_windows, longest, 3), dtype=torch.bool, device=hidden_BLF.device)
    of_sensor = [i for i, name in enumerate(fields) if name in _SENSOR_FIELDS]
    of_gap = [i for i, name in enumerate(fields) if name in ("sensor", "time_delta_bucket")]
    place = hidden_BLF[..., of_sensor].any(-1)
    return torch.stack([place, hidden_BLF[..., of_gap].any(-1), place], dim=-1)


def _groups(fields: Sequence[str], rule: MaskingRule) -> list[int]:
    """Group of each field, -1 for fields that are never masked."""
    wanted = set(fields) if rule.fields is None else set(rule.fields)
    groups: list[int] = []
    names: dict[str, int] = {}
    for field in fields:
        name = "sensor" if rule.strict_corr_mask and field in _SENSOR_FIELDS else field
        groups.append(names.setdefault(name, len(names)) if field in wanted else -1)
    return groups


def _uniform(shape: Sequence[int], device: torch.device, generator: torch.Generator | None) -> Tensor:
    return torch.rand(tuple(shape), device=device, generator=generator)


def _check(
    codes_BLF: Tensor, mask_BL: Tensor, fields: Sequence[str], sizes: Sequence[int], rule: MaskingRule
) -> None:
    expected = (*mask_BL.shape, len(fields))
    if mask_BL.ndim != 2 or codes_BLF.shape != expected or len(sizes) != len(fields):
        raise ShapeError(
            f"Events have shape {tuple(codes_BLF.shape)}, their mask {tuple(mask_BL.shape)}, with "
            f"{len(fields)} field names and {len(sizes)} sizes. Expected (windows, events, fields) for all."
        )
    for name in rule.fields if rule.fields is not None else ():
        if name not in fields:
            raise ConfigError(f"Cannot mask field '{name}': it is no model input. {closest(name, fields)}")
    if not fields or (rule.fields is not None and not rule.fields):
        raise ConfigError(
            "Masked event modelling needs at least one field to mask. Set mlm_weight to 0 without."
        )
