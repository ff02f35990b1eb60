"""The network that reads a window of a home it never saw: sensors and a scene in, a text vector out."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from discover.pretraining.profiles import HABITS, PROFILE, SCENE
from discover.pretraining.sensor_words import SENSOR_TYPES

__all__ = ["TEXT_WIDTH", "NetworkConfig", "WindowNetwork", "WindowTensors"]

# Shape letters: B windows, K sensors, D width, V phrases, T = K + 1 tokens.

TEXT_WIDTH = 384
"""Width of the packaged MiniLM's vectors."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    width: int = 192
    layers: int = 3
    heads: int = 6
    inner: int = 3
    """Width of the feed-forward blocks, in units of `width`."""
    sensors: int = 10
    """Sensors of a window that are read, the most active first."""


@dataclass(frozen=True)
class WindowTensors:
    """A batch of windows.

    Attributes:
        rooms, objects: (B, K) int64 rows of the phrase table; 0 is "not known".
        types: (B, K) int64.
        habits: (B, K, HABITS).
        profiles: (B, K, PROFILE).
        scenes: (B, SCENE).
        present: (B, K) bool, false where there is no sensor.
    """

    rooms: Tensor
    objects: Tensor
    types: Tensor
    habits: Tensor
    profiles: Tensor
    scenes: Tensor
    present: Tensor

    def first(self, n: int) -> "WindowTensors":
        """The first `n` sensors of each window."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return WindowTensors(**{name: x if name == "scenes" else x[:, :n] for name, x in parts.items()})


class WindowNetwork(nn.Module):
    """Sensors attend to each other and to the scene; the scene's token becomes a unit vector of text."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or NetworkConfig()
        width = self.config.width
        self.room, self.object = (nn.Linear(TEXT_WIDTH, width) for _ in range(2))
        self.kind = nn.Embedding(len(SENSOR_TYPES), width)
        self.habits = nn.Linear(HABITS, width)
        self.profile = _two_layers(PROFILE, 2 * width, width)
        self.scene = _two_layers(SCENE, 2 * width, width)
        self.joined = nn.Sequential(nn.LayerNorm(width), _two_layers(width, 2 * width, width))
        self.blocks = nn.ModuleList(_Block(self.config) for _ in range(self.config.layers))
        self.norm = nn.LayerNorm(2 * width)
        self.words = nn.Linear(width, 2)
        self.head = _two_layers(2 * width, 512, TEXT_WIDTH)
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, windows: WindowTensors, phrases_VD: Tensor) -> Tensor:
        """Unit vectors (B, TEXT_WIDTH). `phrases_VD`: MiniLM vectors of rooms and objects, row 0 zeros."""
        windows = windows.first(self.config.sensors)
        rooms_VD, objects_VD = self.room(phrases_VD), self.object(phrases_VD)
        what = F.embedding(windows.rooms, rooms_VD) + F.embedding(windows.objects, objects_VD)
        what = what + self.kind(windows.types) + self.habits(windows.habits)
        sensors = what + self.profile(windows.profiles)
        sensors = sensors + self.joined(sensors)
        scene = self.scene(windows.scenes)[:, None]
        x_BTD = torch.cat([scene, sensors], dim=1)
        present = torch.cat([windows.present.new_ones(len(scene), 1), windows.present], dim=1)
        for block in self.blocks:
            x_BTD = block(x_BTD, present[:, None, None, :])
        weight = windows.present[:, :, None].to(x_BTD.dtype)
        mean = (x_BTD[:, 1:] * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        pooled = self.norm(torch.cat([x_BTD[:, 0], mean], dim=1))
        return F.normalize(self.head(pooled) + self._words(x_BTD[:, 1:], windows, phrases_VD), dim=1)

    def _words(self, sensors_BKD: Tensor, windows: WindowTensors, phrases_VD: Tensor) -> Tensor:
        """Text vectors of the sensors' own words, weighed: what they say already lies in text space."""
        weights_BK2 = F.softplus(self.words(sensors_BKD)) * windows.present[:, :, None]
        weights_BK2 = weights_BK2 / weights_BK2.sum(dim=(1, 2), keepdim=True).clamp(min=1e-6)
        told_BV = phrases_VD.new_zeros(len(weights_BK2), len(phrases_VD))
        told_BV = told_BV.scatter_add(1, windows.rooms, weights_BK2[:, :, 0])
        told_BV = told_BV.scatter_add(1, windows.objects, weights_BK2[:, :, 1])
        return told_BV @ phrases_VD


class _Block(nn.Module):
    """Attention and a feed-forward block, each with a norm before it and a residual."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.before_attention, self.before_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner = _two_layers(width, config.inner * width, width)

    def forward(self, x_BTD: Tensor, attended: Tensor) -> Tensor:
        parts = self.attention(self.before_attention(x_BTD)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=attended)
        x_BTD = x_BTD + self.mixed(mixed.transpose(1, 2).flatten(2))
        deeper: Tensor = x_BTD + self.inner(self.before_inner(x_BTD))
        return deeper


def _two_layers(width_in: int, inner: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width_in, inner), nn.GELU(), nn.Linear(inner, width_out))
