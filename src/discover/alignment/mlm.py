"""Masked event modelling on top of the sensor encoder: predict the hidden fields of events."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from discover.alignment.config import LossConfig
from discover.core.vocabulary import Vocabulary
from discover.encoders.features import WindowBatch
from discover.encoders.packing import Packing
from discover.losses import MaskedEventResult, MaskedEvents, MaskingRule, mask_events, masked_event_loss

# Shape letters: T tokens, N events of the batch, D channels, F fields.

__all__ = ["MaskedEventHead"]


class MaskedEventHead(nn.Module):
    """Masks batches and predicts what was hidden, one classifier per categorical field."""

    def __init__(self, config: LossConfig, fields: Sequence[str], vocabulary: Vocabulary, dim: int) -> None:
        super().__init__()
        self.fields = tuple(fields)
        self.sizes = [vocabulary.size(field) for field in fields]
        self.rule = MaskingRule(
            mask_prob=config.mask_prob,
            mean_span_length=config.mean_span_length,
            p_transition_seed=config.p_transition_seed,
            strict_corr_mask=config.strict_corr_mask,
            field_blackout=config.enable_field_blackout,
        )
        self.transform = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.classify = nn.Linear(dim, sum(self.sizes))

    def hide(
        self, windows: WindowBatch, generator: torch.Generator | None = None
    ) -> tuple[WindowBatch, MaskedEvents]:
        """The batch as the encoder shall see it, and what was hidden."""
        hidden = mask_events(
            windows.codes, windows.mask, self.fields, self.sizes, self.rule, generator=generator
        )
        return replace(windows, codes=hidden.codes, blackout=hidden.blackout), hidden

    def forward(
        self,
        tokens_TD: Tensor,
        packing: Packing,
        hidden: MaskedEvents,
        *,
        joint: Callable[[Tensor], Tensor] | None = None,
    ) -> MaskedEventResult:
        """Loss and accuracy per field from the token vectors of a hidden batch; `joint` as in the loss."""
        event_ND = tokens_TD.index_select(0, packing.event_token)
        logits = self.classify(self.norm(F.gelu(self.transform(event_ND))))
        by_field = dict(zip(self.fields, logits.split(self.sizes, dim=1), strict=True))
        targets_NF = hidden.targets.flatten(0, 1)[packing.event[packing.event_token]]
        return masked_event_loss(by_field, targets_NF, self.fields, joint=joint)
