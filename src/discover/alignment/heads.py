"""Projection heads into the joint space, built eagerly: their input width is known at construction."""

import torch
from torch import Tensor, nn

from discover.alignment.config import ProjectionConfig
from discover.encoders.packing import Packing
from discover.encoders.transformer import attend_per_window

# Shape letters: B windows, T tokens, D channels, P joint width.

__all__ = ["AttentionHead", "build_head"]


def build_head(in_dim: int, config: ProjectionConfig) -> nn.Module:
    """Head from width `in_dim` to `config.dim`.

    Linear has no bias: 768 -> 512 is 393,216 parameters. An MLP of two layers 768 -> 2048 -> 512 has
    2.6 M, of three layers 6.8 M.
    """
    if config.type == "attention":
        return AttentionHead(in_dim, config)
    if config.type == "linear":
        return nn.Linear(in_dim, config.dim, bias=False)
    layers: list[nn.Module] = []
    width = in_dim
    for _ in range(config.num_layers - 1):
        layers.append(nn.Linear(width, config.hidden_dim))
        if config.use_bn:
            layers.append(nn.BatchNorm1d(config.hidden_dim))
        layers += [nn.GELU(), nn.Dropout(config.dropout)]
        width = config.hidden_dim
    return nn.Sequential(*layers, nn.Linear(width, config.dim))


class AttentionHead(nn.Module):
    """The pooled vector asks all tokens of its window once more; then one matrix without bias."""

    def __init__(self, in_dim: int, config: ProjectionConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.query = nn.Linear(in_dim, in_dim)
        self.key_value = nn.Linear(in_dim, 2 * in_dim)
        self.mix = nn.Linear(in_dim, in_dim)
        self.norm = nn.LayerNorm(in_dim)
        self.out = nn.Linear(in_dim, config.dim, bias=False)

    def forward(self, pooled_BD: Tensor, tokens_TD: Tensor, packing: Packing) -> Tensor:
        """Vectors in the joint space before normalising, (B, P)."""
        sorted_BD = torch.empty_like(pooled_BD).index_copy(0, packing.unsort, pooled_BD)
        seen = attend_per_window(
            self.query(sorted_BD), self.key_value(tokens_TD), packing, self.n_heads
        ).index_select(0, packing.unsort)
        out: Tensor = self.out(self.norm(pooled_BD + self.mix(seen)))
        return out
