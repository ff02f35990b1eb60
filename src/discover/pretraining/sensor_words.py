"""What each sensor of a home is, in words: its room, what it watches, its type. No id, no position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from discover.core.home import UNKNOWN_ROOM, Sensor, SensorType

__all__ = ["SENSOR_TYPES", "SensorWords", "sensor_words"]

SENSOR_TYPES: tuple[str, ...] = get_args(SensorType)
"""Index = code."""


@dataclass(frozen=True)
class SensorWords:
    """Words of S sensors.

    Attributes:
        rooms: Room of each sensor; "" where unknown.
        objects: What each sensor watches; "" where that is the room itself.
        types: (S,) codes into `SENSOR_TYPES`.
    """

    rooms: tuple[str, ...]
    objects: tuple[str, ...]
    types: NDArray[np.int64]


def sensor_words(sensors: Sequence[Sensor]) -> SensorWords:
    """Words of sensors, in their order."""
    return SensorWords(
        tuple("" if s.room == UNKNOWN_ROOM else s.room.replace("_", " ") for s in sensors),
        tuple(s.object or "" for s in sensors),
        np.array([SENSOR_TYPES.index(s.type) for s in sensors], dtype=np.int64),
    )
