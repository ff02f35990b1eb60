"""The aligned model: sensor encoder, heads and loss."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from discover.alignment.config import AlignmentConfig, LossConfig
from discover.alignment.dataset import PairBatch
from discover.alignment.heads import build_head
from discover.core.errors import ConfigError
from discover.core.vocabulary import Vocabulary
from discover.encoders.factory import build_encoder
from discover.encoders.features import WindowBatch
from discover.losses import CLIPLoss, FocalSigmoidLoss, PairKeys, SigmoidLoss, TargetRule, batch_targets

# Shape letters: B pairs, P joint width, T text width.

__all__ = ["ALIGNMENT_LOSSES", "AlignmentModel", "StepOutput"]

PairLoss = CLIPLoss | SigmoidLoss | FocalSigmoidLoss

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
        config: Sizes, heads and losses.
        vocabulary: Ids of the categorical fields.
        text_dim: Width of the text embeddings.

    Raises:
        ConfigError: No text head, and the sensor head's width is not the text's.
    """

    def __init__(self, config: AlignmentConfig, vocabulary: Vocabulary, text_dim: int) -> None:
        super().__init__()
        width = config.sensor_projection.dim
        if config.text_projection is None and width != text_dim:
            raise ConfigError(
                f"The text embeddings are {text_dim} wide, sensor_projection.dim is {width} and there is no "
                f"text_projection. Set sensor_projection.dim: {text_dim}, or add a text_projection "
                f"of dim {width}."
            )
        self.config = config
        self.encoder = build_encoder(config.encoder, vocabulary)
        self.encoder.gradient_checkpointing = config.training.gradient_checkpointing
        self.sensor_head = build_head(self.encoder.dim, config.sensor_projection)
        self.text_head = (
            nn.Identity() if config.text_projection is None else build_head(text_dim, config.text_projection)
        )
        self.clip_loss = ALIGNMENT_LOSSES[config.loss.alignment_loss_type](config.loss)
        self.target_rule = TargetRule(
            mode=config.loss.targets,
            near_threshold=config.loss.near_threshold,
            near_same=config.loss.near_same,
            soft_temperature=config.loss.soft_temperature,
            soft_weight=config.loss.soft_weight,
            ignore_overlaps=config.loss.ignore_overlaps,
        )

    def embed_windows(self, windows: WindowBatch) -> Tensor:
        """Unit vectors of windows in the joint space, (B, P) float32."""
        return F.normalize(self.sensor_head(self.encoder(windows)).float(), dim=1)

    def embed_text(self, text_BT: Tensor) -> Tensor:
        """Unit vectors of text embeddings in the joint space, (B, P) float32."""
        return F.normalize(self.text_head(text_BT).float(), dim=1)

    def forward(self, batch: PairBatch) -> StepOutput:
        """Loss of a batch of pairs."""
        window_BP, caption_BP = self.embed_windows(batch.windows), self.embed_text(batch.text)
        loss = self.pair_loss(window_BP, caption_BP, batch.keys)
        return StepOutput(loss, {"loss": loss.detach(), "clip_loss": loss.detach()})

    def pair_loss(self, window_BP: Tensor, caption_BP: Tensor, keys: PairKeys) -> Tensor:
        """Alignment loss of paired embeddings, shape ()."""
        pairs = batch_targets(self.target_rule, keys)
        loss: Tensor = self.clip_loss(
            window_BP, caption_BP, targets=pairs.targets, negatives_mask=pairs.negatives_mask
        )
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
