"""The network that reads a window of a home it never saw: sensors and a scene in, a text vector out."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from discover.pretraining.profiles import HABITS, PROFILE, SCENE, TEXT_WIDTH
from discover.pretraining.sensor_words import SENSOR_TYPES

__all__ = ["NetworkConfig", "TorchReader", "WindowEnsemble", "WindowNetwork", "WindowTensors"]

# Shape letters: B windows, K sensors, D width, V phrases, H heads.


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    width: int = 160
    heads: int = 4
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
    """The scene attends to the sensors; what it finds and the sensors' own words become a unit vector.

    Attributes:
        log_scale: Logarithm of what a cosine is multiplied with to become the logit of a label.
    """

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
        self.query, self.keys = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(2 * width)
        self.words = nn.Linear(width, 2)
        self.head = _two_layers(2 * width, 4 * width, TEXT_WIDTH)
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, windows: WindowTensors, phrases_VD: Tensor) -> Tensor:
        """Unit vectors (B, TEXT_WIDTH). `phrases_VD`: MiniLM vectors of rooms and objects, row 0 zeros."""
        windows = windows.first(self.config.sensors)
        rooms_VD, objects_VD = self.room(phrases_VD), self.object(phrases_VD)
        # Only places that hold a sensor are computed.
        held_N = windows.present.flatten().nonzero()[:, 0]
        rooms, objects, types, habits, profiles = (
            getattr(windows, name).flatten(0, 1)[held_N]
            for name in ("rooms", "objects", "types", "habits", "profiles")
        )
        sensors_ND = F.embedding(rooms, rooms_VD) + F.embedding(objects, objects_VD) + self.kind(types)
        sensors_ND = sensors_ND + self.habits(habits) + self.profile(profiles)
        sensors_ND = sensors_ND + self.joined(sensors_ND)

        places_PD = sensors_ND.new_zeros(windows.present.numel(), sensors_ND.shape[1])
        sensors_BKD = places_PD.index_copy(0, held_N, sensors_ND).view(*windows.present.shape, -1)
        scene_BD = self.scene(windows.scenes)
        scene_BD = scene_BD + self._attended(scene_BD, sensors_BKD, windows.present)
        mean_BD = sensors_BKD.sum(dim=1) / windows.present.sum(dim=1, keepdim=True).clamp(min=1)
        found = self.head(self.norm(torch.cat([scene_BD, mean_BD], dim=1)))
        return F.normalize(found + self._words(sensors_BKD + scene_BD[:, None], windows, phrases_VD), dim=1)

    def _attended(self, scene_BD: Tensor, sensors_BKD: Tensor, present_BK: Tensor) -> Tensor:
        """(B, D): what the scene takes from the sensors; zeros where a window has none.

        One query a window: to carry it to the sensors costs less than a key and a value for each of them.
        """
        heads, width = self.config.heads, self.config.width
        keys_HdD, values_HdD = (w.view(heads, -1, width) for w in self.keys.weight.chunk(2))
        query_BHd = self.query(scene_BD).view(-1, heads, width // heads)
        asked_BHD = torch.einsum("bhd,hdD->bhD", query_BHd / query_BHd.shape[-1] ** 0.5, keys_HdD)
        # A window without sensors attends to an empty place; what it finds there is taken off again.
        some_B1 = present_BK.any(dim=1, keepdim=True)
        logits_BHK = (asked_BHD @ sensors_BKD.transpose(1, 2)).masked_fill(
            ~(present_BK | ~some_B1)[:, None], -torch.inf
        )
        mixed_BHD = logits_BHK.softmax(dim=2) @ sensors_BKD
        found_BHd = torch.einsum("bhD,hdD->bhd", mixed_BHD, values_HdD)
        # The keys' bias adds the same to all sensors of a window, so no weight depends on it.
        return (found_BHd.flatten(1) + self.keys.bias.chunk(2)[1]) * some_B1

    def _words(self, sensors_BKD: Tensor, windows: WindowTensors, phrases_VD: Tensor) -> Tensor:
        """Text vectors of the sensors' own words, weighed: what they say already lies in text space."""
        weights_BK2 = F.softplus(self.words(sensors_BKD)) * windows.present[:, :, None]
        weights_BK2 = weights_BK2 / weights_BK2.sum(dim=(1, 2), keepdim=True).clamp(min=1e-6)
        told_BV = phrases_VD.new_zeros(len(weights_BK2), len(phrases_VD))
        told_BV = told_BV.scatter_add(1, windows.rooms, weights_BK2[:, :, 0])
        told_BV = told_BV.scatter_add(1, windows.objects, weights_BK2[:, :, 1])
        return told_BV @ phrases_VD


class WindowEnsemble(nn.Module):
    """Networks trained alike from different seeds: the direction of the mean of their vectors."""

    def __init__(self, members: Sequence[WindowNetwork]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, windows: WindowTensors, phrases_VD: Tensor) -> Tensor:
        """Unit vectors (B, TEXT_WIDTH), as of `WindowNetwork`."""
        return F.normalize(sum(member(windows, phrases_VD) for member in self.members), dim=1)


@dataclass(frozen=True)
class TorchReader:
    """The members by torch, as `any_home.WindowReader`."""

    network: WindowEnsemble

    @classmethod
    def of(
        cls, weights: Mapping[str, NDArray[np.float32]], members: int, sizes: Mapping[str, Any]
    ) -> "TorchReader":
        """Members of these sizes in evaluation mode, with weights by the names of an ensemble's state dict.

        Raises:
            KeyError, RuntimeError, TypeError: The weights are not of these sizes.
        """
        network = WindowEnsemble([WindowNetwork(NetworkConfig(**sizes)) for _ in range(members)])
        network.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
        return cls(network.eval().requires_grad_(False))

    @torch.inference_mode()
    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Vectors (B, TEXT_WIDTH); inputs: the fields of `WindowTensors` and `phrases`."""
        parts = {name: torch.from_numpy(array) for name, array in inputs.items()}
        phrases = parts.pop("phrases")
        vectors: NDArray[np.float32] = self.network(WindowTensors(**parts), phrases).numpy()
        return vectors

    @contextmanager
    def workers(self) -> Iterator[ThreadPoolExecutor]:
        """Threads, one per core, each of which runs the network by itself."""
        cores = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                yield pool
        finally:
            # Threads that begin later take the number that was set last.
            torch.set_num_threads(cores)


def _two_layers(width_in: int, inner: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width_in, inner), nn.GELU(), nn.Linear(inner, width_out))
