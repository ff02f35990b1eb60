"""The pairwise losses as modules that own temperature and bias, and go chunked by themselves at large B."""

import torch
from torch import Tensor, nn

from discover.core.errors import ConfigError
from discover.losses.chunked_info_nce import chunked_info_nce
from discover.losses.chunked_sigmoid import chunked_sigmoid_loss
from discover.losses.focal_sigmoid import check_focal, focal_sigmoid_loss
from discover.losses.info_nce import info_nce
from discover.losses.pairs import ExtraNegatives
from discover.losses.targets import BatchTargets, PairKeys, TargetRule, batch_targets
from discover.losses.temperature import LogitScale
from discover.losses.tiles import CHUNK_FROM

# Shape letters: B pairs in the batch, P joint width.

__all__ = ["CLIPLoss", "FocalSigmoidLoss", "PairLoss", "SigmoidLoss"]


class PairLoss(nn.Module):
    """What the modules share: the temperature, and the choice between the dense and the chunked form.

    Say which pairs match either by `rule` and `keys`, or by ready matrices `targets` and
    `negatives_mask` (always dense). With neither, each window matches its own caption only.

    Args:
        temperature_init: Temperature at the start, >= 0.01.
        learnable_temperature: Train ln(1/T) (a parameter) or keep it (a buffer).
        chunk_from: Batch size from which the chunked form is used.
    """

    def __init__(
        self, temperature_init: float, learnable_temperature: bool, *, chunk_from: int = CHUNK_FROM
    ) -> None:
        super().__init__()
        self.logit_scale = LogitScale(temperature_init, learnable=learnable_temperature)
        self.chunk_from = chunk_from

    def forward(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        *,
        targets: Tensor | None = None,
        negatives_mask: Tensor | None = None,
        rule: TargetRule | None = None,
        keys: PairKeys | None = None,
        extra: ExtraNegatives | None = None,
    ) -> Tensor:
        """The loss at the current temperature.

        Args:
            window_BP: Unit-length window embeddings, shape (B, P).
            caption_BP: Unit-length caption embeddings, shape (B, P).
            targets: As in `info_nce` and `sigmoid_loss`.
            negatives_mask: As there.
            rule: How false negatives are handled, instead of the two matrices.
            keys: Keys of the pairs, for the rule.
            extra: Negatives from outside the batch.

        Raises:
            ShapeError: Shapes disagree.
            ConfigError: Both matrices and a rule were given, or a rule without keys.
        """
        ready = targets is not None or negatives_mask is not None
        if ready and rule is not None:
            raise ConfigError("Give either targets and negatives_mask, or rule and keys, not both.")
        if not ready and len(window_BP) >= self.chunk_from:
            return self._chunked(window_BP, caption_BP, rule, keys, extra)
        made = BatchTargets(targets, negatives_mask)
        if rule is not None and rule.mode != "identity":
            if keys is None:
                raise ConfigError(f"Targets '{rule.mode}' need the keys of the batch's pairs.")
            made = batch_targets(rule, keys)
        return self._dense(window_BP, caption_BP, made, extra)

    @property
    def temperature(self) -> float:
        """Current T, for logs (waits for the device)."""
        return self.logit_scale.temperature

    def _dense(
        self, window_BP: Tensor, caption_BP: Tensor, made: BatchTargets, extra: ExtraNegatives | None
    ) -> Tensor:
        raise NotImplementedError

    def _chunked(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        rule: TargetRule | None,
        keys: PairKeys | None,
        extra: ExtraNegatives | None,
    ) -> Tensor:
        raise NotImplementedError


class CLIPLoss(PairLoss):
    """Symmetric InfoNCE with its own temperature.

    Args:
        temperature_init: Temperature at the start, >= 0.01.
        learnable_temperature: Train ln(1/T) (a parameter) or keep it (a buffer).
        chunk_from: Batch size from which the chunked form is used.

    References:
        Radford et al. 2021, sections 2.4 and 2.5. https://arxiv.org/abs/2103.00020
    """

    def __init__(
        self,
        temperature_init: float = 0.02,
        learnable_temperature: bool = True,
        *,
        chunk_from: int = CHUNK_FROM,
    ) -> None:
        super().__init__(temperature_init, learnable_temperature, chunk_from=chunk_from)

    def _dense(
        self, window_BP: Tensor, caption_BP: Tensor, made: BatchTargets, extra: ExtraNegatives | None
    ) -> Tensor:
        return info_nce(
            window_BP, caption_BP, logit_scale=self.logit_scale(),
            targets=made.targets, negatives_mask=made.negatives_mask, extra=extra,
        )  # fmt: skip

    def _chunked(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        rule: TargetRule | None,
        keys: PairKeys | None,
        extra: ExtraNegatives | None,
    ) -> Tensor:
        return chunked_info_nce(
            window_BP, caption_BP, logit_scale=self.logit_scale(), rule=rule, keys=keys, extra=extra
        )


class FocalSigmoidLoss(PairLoss):
    """Focal pairwise sigmoid loss with its own temperature and learnable bias.

    Args:
        temperature_init: Temperature at the start, >= 0.01; SigLIP uses 0.1.
        learnable_temperature: Train ln(1/T) (a parameter) or keep it (a buffer).
        bias_init: Bias at the start; -10 in SigLIP.
        gamma: Strength of the focal scaling, >= 0; 0 is the plain sigmoid loss.
        alpha: Weight of matches in (0, 1), mismatches get 1 - alpha; None weighs both by 1.
        chunk_from: Batch size from which the chunked form is used.
    """

    def __init__(
        self,
        temperature_init: float = 0.02,
        learnable_temperature: bool = True,
        bias_init: float = -10.0,
        *,
        gamma: float = 2.0,
        alpha: float | None = None,
        chunk_from: int = CHUNK_FROM,
    ) -> None:
        super().__init__(temperature_init, learnable_temperature, chunk_from=chunk_from)
        check_focal(gamma, alpha)
        self.gamma, self.alpha = gamma, alpha
        self.bias = nn.Parameter(torch.tensor(float(bias_init)))

    def _dense(
        self, window_BP: Tensor, caption_BP: Tensor, made: BatchTargets, extra: ExtraNegatives | None
    ) -> Tensor:
        return focal_sigmoid_loss(
            window_BP, caption_BP, logit_scale=self.logit_scale(), bias=self.bias,
            gamma=self.gamma, alpha=self.alpha,
            targets=made.targets, negatives_mask=made.negatives_mask, extra=extra,
        )  # fmt: skip

    def _chunked(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        rule: TargetRule | None,
        keys: PairKeys | None,
        extra: ExtraNegatives | None,
    ) -> Tensor:
        return chunked_sigmoid_loss(
            window_BP, caption_BP, logit_scale=self.logit_scale(), bias=self.bias,
            gamma=self.gamma, alpha=self.alpha, rule=rule, keys=keys, extra=extra,
        )  # fmt: skip


class SigmoidLoss(FocalSigmoidLoss):
    """Pairwise sigmoid loss (SigLIP) with its own temperature and learnable bias.

    Args:
        temperature_init: Temperature at the start, >= 0.01; SigLIP uses 0.1.
        learnable_temperature: Train ln(1/T) (a parameter) or keep it (a buffer).
        bias_init: Bias at the start; -10 in SigLIP.
        chunk_from: Batch size from which the chunked form is used.
    """

    def __init__(
        self,
        temperature_init: float = 0.02,
        learnable_temperature: bool = True,
        bias_init: float = -10.0,
        *,
        chunk_from: int = CHUNK_FROM,
    ) -> None:
        super().__init__(
            temperature_init, learnable_temperature, bias_init, gamma=0.0, alpha=None, chunk_from=chunk_from
        )
