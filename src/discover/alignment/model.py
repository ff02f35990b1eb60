"""The aligned model: sensor encoder, heads and loss."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from discover.alignment.config_blocks import LossConfig, ModelSettings
from discover.alignment.dataset import PairBatch
from discover.alignment.distributed import add_up, gather_keys, gather_rows, processes, scale_gradient
from discover.alignment.heads import AttentionHead, build_head
from discover.alignment.mlm import MaskedEventHead
from discover.core.errors import ConfigError
from discover.core.vocabulary import Vocabulary
from discover.encoders.factory import build_encoder
from discover.encoders.features import WindowBatch
from discover.encoders.packing import Packing
from discover.losses import (
    CLIPLoss,
    FocalSigmoidLoss,
    HardNegativeMemory,
    MaskedEventResult,
    PairKeys,
    PairLoss,
    SigmoidLoss,
    TargetRule,
    duplicate_rate,
)

# Shape letters: B pairs, P joint width, T text width.

__all__ = ["ALIGNMENT_LOSSES", "AlignmentModel", "StepOutput", "mlm_accuracies", "mlm_parts"]

ALIGNMENT_LOSSES: Mapping[str, Callable[[LossConfig], PairLoss]] = {
    "infonce": lambda c: CLIPLoss(c.temperature_init, c.learnable_temperature),
    "sigmoid": lambda c: SigmoidLoss(c.temperature_init, c.learnable_temperature),
    "focal_sigmoid": lambda c: FocalSigmoidLoss(
        c.temperature_init, c.learnable_temperature, gamma=c.focal_gamma, alpha=c.focal_alpha
    ),
}
"""Builder by `loss.alignment_loss_type`."""


@dataclass(frozen=True)
class StepOutput:
    """What one forward pass of training gives.

    Attributes:
        loss: Weighted sum of all losses, shape ().
        parts: The terms by name, detached, for logs.
    """

    loss: Tensor
    parts: dict[str, Tensor]


class AlignmentModel(nn.Module):
    """Sensor encoder and text embeddings, each behind a head, in one space.

    Args:
        settings: Sizes, heads and losses; `AlignmentConfig.model_settings` has them.
        vocabulary: Ids of the categorical fields.
        text_dim: Width of the text embeddings.
        sensor_text_dim: Width of sensor description vectors, when the encoder reads them.

    Raises:
        ConfigError: No text head, and the sensor head's width is not the text's.
    """

    def __init__(
        self,
        settings: ModelSettings,
        vocabulary: Vocabulary,
        text_dim: int,
        sensor_text_dim: int | None = None,
    ) -> None:
        super().__init__()
        width = settings.sensor_projection.dim
        if settings.text_projection is None and width != text_dim:
            raise ConfigError(
                f"The text embeddings are {text_dim} wide, sensor_projection.dim is {width} and there is no "
                f"text_projection. Set sensor_projection.dim: {text_dim}, or add a text_projection "
                f"of dim {width}."
            )
        self.settings = settings
        self.encoder = build_encoder(settings.encoder, vocabulary, sensor_text_dim=sensor_text_dim)
        self.encoder.gradient_checkpointing = settings.gradient_checkpointing
        self.sensor_head = build_head(self.encoder.dim, settings.sensor_projection)
        self.text_head = (
            nn.Identity()
            if settings.text_projection is None
            else build_head(text_dim, settings.text_projection)
        )
        self.clip_loss = ALIGNMENT_LOSSES[settings.loss.alignment_loss_type](settings.loss)
        self.target_rule = target_rule(settings.loss)
        self.memory = _memory(settings, text_dim) if settings.loss.use_hard_negatives else None
        fields = settings.encoder.metadata.fields
        self.mlm = (
            MaskedEventHead(settings.loss, fields, vocabulary, self.encoder.dim)
            if settings.loss.mlm_weight > 0
            else None
        )
        if settings.loss.clip_weight == 0:
            # Nothing pulls on them in a run without pairs, so they are not trained either.
            for part in (self.sensor_head, self.text_head, self.clip_loss):
                part.requires_grad_(False)
            for name, parameter in self.encoder.named_parameters():
                parameter.requires_grad_(not name.startswith("pool_"))

    def embed_windows(self, windows: WindowBatch) -> Tensor:
        """Unit vectors of windows in the joint space, (B, P) float32."""
        return self._project(*self.encoder.encode_tokens(windows))

    def pool_windows(self, windows: WindowBatch) -> Tensor:
        """The encoder's pooled vectors from before the projection head, (B, D) float32, of any length."""
        pooled: Tensor = self.encoder.pool(*self.encoder.encode_tokens(windows))
        return pooled.float()

    def embed_text(self, text_BT: Tensor) -> Tensor:
        """Unit vectors of text embeddings in the joint space, (B, P) float32."""
        return F.normalize(self.text_head(text_BT).float(), dim=1)

    def forward(
        self, batch: PairBatch, *, progress: float = 0.0, generator: torch.Generator | None = None
    ) -> StepOutput:
        """Loss of a batch of pairs.

        Args:
            batch: Pairs; with several processes, this process's share of the joint batch.
            progress: Share of the run that is done, in [0, 1], for the curriculum.
            generator: Draws hard negatives; must be the same in all processes.
        """
        loss = batch.text.new_zeros(())
        parts: dict[str, Tensor] = {}
        windows, tokens = batch.windows, None
        if self.mlm is not None:
            windows, hidden = self.mlm.hide(batch.windows)
            tokens = self.encoder.encode_tokens(windows)
            result = self.mlm(*tokens, hidden, joint=add_up if processes() > 1 else None)
            loss = loss + self.settings.loss.mlm_weight * scale_gradient(result.loss)
            parts |= mlm_parts(result)
        if self.settings.loss.clip_weight > 0:
            if tokens is None or not self.settings.loss.mask_contrastive:
                tokens = self.encoder.encode_tokens(batch.windows)
            window_BP = self._project(*tokens)
            pairs = ((batch.text, batch.keys), *batch.others)
            losses = [
                self._pair_step(window_BP, self.embed_text(t), k, progress, generator) for t, k in pairs
            ]
            clip = torch.stack(losses).mean()
            loss = loss + self.settings.loss.clip_weight * clip
            parts["clip_loss"] = clip.detach()
            parts["duplicate_rate"] = duplicate_rate(batch.keys)
        return StepOutput(loss, {"loss": loss.detach(), **parts})

    def pair_loss(self, window_BP: Tensor, caption_BP: Tensor, keys: PairKeys) -> Tensor:
        """Alignment loss of paired embeddings without extra negatives, shape ()."""
        loss: Tensor = self.clip_loss(window_BP, caption_BP, rule=self.target_rule, keys=keys)
        return loss

    def _project(self, tokens_TD: Tensor, packing: Packing) -> Tensor:
        pooled_BD = self.encoder.pool(tokens_TD, packing)
        if isinstance(self.sensor_head, AttentionHead):
            return F.normalize(self.sensor_head(pooled_BD, tokens_TD, packing).float(), dim=1)
        return F.normalize(self.sensor_head(pooled_BD).float(), dim=1)

    def _pair_step(
        self,
        window_BP: Tensor,
        caption_BP: Tensor,
        keys: PairKeys,
        progress: float,
        generator: torch.Generator | None,
    ) -> Tensor:
        window_BP, caption_BP, keys = gather_rows(window_BP), gather_rows(caption_BP), gather_keys(keys)
        if self.memory is None:
            return self.pair_loss(window_BP, caption_BP, keys)
        curriculum = self.settings.curriculum
        difficulty = 0.5 if curriculum is None else curriculum.difficulty(progress)
        extra = self.memory.sample(window_BP, caption_BP, keys, difficulty=difficulty, generator=generator)
        loss: Tensor = self.clip_loss(window_BP, caption_BP, rule=self.target_rule, keys=keys, extra=extra)
        self.memory.push(window_BP, caption_BP, keys)
        return loss

    @property
    def temperature(self) -> float:
        """Current softmax temperature (waits for the device)."""
        return self.clip_loss.temperature

    def parameter_groups(self, weight_decay: float) -> list[dict[str, object]]:
        """Weight decay for the matrices of linear layers, none for everything else."""
        decayed = {
            id(module.weight)
            for module in self.modules()
            if isinstance(module, nn.Linear) and module.weight.requires_grad
        }
        with_decay = [p for p in self._trained() if id(p) in decayed]
        without = [p for p in self._trained() if id(p) not in decayed]
        return [
            {"params": with_decay, "weight_decay": weight_decay},
            {"params": without, "weight_decay": 0.0},
        ]

    def _trained(self) -> Iterator[nn.Parameter]:
        return (p for p in self.parameters() if p.requires_grad)


def target_rule(config: LossConfig) -> TargetRule:
    """The losses' own form of the config's false-negative settings."""
    return TargetRule(
        mode=config.targets,
        near_threshold=config.near_threshold,
        near_same=config.near_same,
        soft_temperature=config.soft_temperature,
        soft_weight=config.soft_weight,
        mask_overlaps=config.mask_overlaps,
    )


def mlm_parts(result: MaskedEventResult) -> dict[str, Tensor]:
    """Loss, and per field how many hidden ids were asked and answered right; sums over steps make sense."""
    parts = {"mlm_loss": result.loss.detach()}
    for field, accuracy in result.accuracies.items():
        asked = result.counts[field].float()
        # A batch may ask nothing of a field (all of its values unknown): its accuracy is then 0 / 0.
        parts[f"mlm_right_{field}"] = torch.where(asked > 0, accuracy * asked, 0.0)
        parts[f"mlm_asked_{field}"] = asked
    return parts


def mlm_accuracies(sums: Mapping[str, float]) -> dict[str, float]:
    """Values of `mlm_parts`, summed or averaged over steps, with right and asked turned into accuracies.

    A field that nothing was asked of has no accuracy.
    """
    out = {name: value for name, value in sums.items() if not name.startswith(("mlm_right_", "mlm_asked_"))}
    for name, asked in sums.items():
        field = name.removeprefix("mlm_asked_")
        if field != name and asked > 0:
            out[f"mlm_accuracy_{field}"] = sums[f"mlm_right_{field}"] / asked
    return out


def _memory(settings: ModelSettings, text_dim: int) -> HardNegativeMemory:
    loss = settings.loss
    return HardNegativeMemory(
        loss.hard_negative_memory_size,
        settings.sensor_projection.dim,
        # Texts are remembered where the rule compares them, so that near-same captions are never drawn.
        text_dim=text_dim if loss.near_threshold is not None or loss.targets == "soft" else 0,
        strategy=loss.hard_negative_strategy,
        ratio=loss.hard_negative_ratio,
        temperature=loss.hard_negative_sampling_temperature,
        rule=target_rule(loss),
        same_home=loss.hard_negative_homes == "same",
    )
