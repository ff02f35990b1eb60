"""Projection heads into the joint space, built eagerly: their input width is known at construction."""

from torch import nn

from discover.alignment.config import ProjectionConfig

__all__ = ["build_head"]


def build_head(in_dim: int, config: ProjectionConfig) -> nn.Module:
    """Head from width `in_dim` to `config.dim`.

    Linear has no bias: 768 -> 512 is 393,216 parameters. An MLP of two layers 768 -> 2048 -> 512 has
    2.6 M, of three layers 6.8 M.
    """
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
