"""An encoder whose last layers learn from an objective of somebody else's, such as clustering's.

The aligned model itself is not changed: a copy learns. Windows are asked for by their row; dropout is
off, and what varies between two views of a window is a share of its events left out, drawn from a
generator the caller keeps. So equal generators give equal steps, and a stopped run can go on exactly.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from discover.alignment.augment import Augmentation
from discover.alignment.config import AugmentationConfig
from discover.alignment.loaded import LoadedModel
from discover.alignment.sensor_vectors import sensor_vectors
from discover.core.errors import ConfigError
from discover.core.window_set import WindowSet
from discover.encoders.factory import SensorEncoder
from discover.encoders.features import WindowBatch, build_event_features, gather_batch
from discover.encoders.transformer import TransformerEncoder

# Shape letters: W windows, B windows in the batch, D width of the vectors.

__all__ = ["UnfrozenEncoder", "unfreeze_layers"]


def unfreeze_layers(encoder: SensorEncoder, layers: int, *, setting: str) -> None:
    """Let the last blocks of an encoder learn and freeze the rest.

    Args:
        encoder: Changed in place.
        layers: Blocks that learn, counted from the last; 0: none; -1: everything, embeddings included.
        setting: Name of the setting the number comes from, for the error.

    Raises:
        ConfigError: More layers than the encoder has, or it is no transformer.
    """
    if not isinstance(encoder, TransformerEncoder):
        raise ConfigError(
            f"{setting}: only a transformer has blocks that learn, and this model has another encoder."
        )
    blocks: list[nn.Module] = list(encoder.blocks)
    if layers > len(blocks):
        raise ConfigError(
            f"{setting} is {layers}, but this encoder has {len(blocks)} blocks. Use -1 to train everything."
        )
    encoder.requires_grad_(layers == -1)
    if layers <= 0:
        return
    for part in (*blocks[-layers:], encoder.norm):
        part.requires_grad_(True)
    # Attention pooling comes after the blocks, so it learns as soon as the last of them does.
    for name, weight in encoder.named_parameters():
        if name.startswith("pool_"):
            weight.requires_grad_(True)


class UnfrozenEncoder:
    """A copy of a model's sensor side over the windows of one window set, its last layers learning.

    Args:
        model: The aligned model; left as it is.
        window_set: W windows, asked for by row.
        layers: As in `unfreeze_layers`.
        projected: Vectors after the projection head, which then learns too; False: from before it.
        event_dropout: Probability that `altered` leaves an event out.

    Raises:
        ConfigError: More layers than the encoder has.
    """

    def __init__(
        self,
        model: LoadedModel,
        window_set: WindowSet,
        *,
        layers: int,
        projected: bool = True,
        event_dropout: float = 0.0,
    ) -> None:
        self._network = copy.deepcopy(model.model).eval().requires_grad_(False)
        unfreeze_layers(self._network.encoder, layers, setting="unfreeze.layers")
        if projected and layers != 0:
            self._network.sensor_head.requires_grad_(True)
        self._embed = self._network.embed_windows if projected else self._network.pool_windows
        self._features = build_event_features(
            window_set,
            model.vocabulary,
            model.config.encoder,
            sensor_texts=sensor_vectors(model.config, window_set.homes),
        ).to(model.device)
        self._augmentation = Augmentation(
            AugmentationConfig(event_dropout=event_dropout),
            self._features,
            model.config.encoder.max_seq_len,
        )

    @property
    def n_windows(self) -> int:
        """W."""
        return self._features.n_windows

    def parameters(self) -> list[nn.Parameter]:
        """The weights that learn."""
        return [p for p in self._network.parameters() if p.requires_grad]

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights that learn, by their name in the model."""
        named = self._network.named_parameters()
        return {name: p.detach().cpu().clone() for name, p in named if p.requires_grad}

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take over what `weights` gave."""
        for name, parameter in self._network.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(weights[name])

    def vectors(self, rows: Tensor) -> Tensor:
        """Vectors of windows as they are, (B, D), on the CPU; gradients flow."""
        return self._cpu(gather_batch(self._features, rows))

    def altered(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Vectors of windows of which some events are left out, (B, D), on the CPU; gradients flow."""
        return self._cpu(self._augmentation.batch(rows, generator))

    def _cpu(self, batch: WindowBatch) -> Tensor:
        vectors: Tensor = self._embed(batch).cpu()
        return vectors
