"""Inputs of the supervised references: bag of sensors and hour of day."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.window_set import WindowSet

__all__ = ["bag_of_sensors", "hour_features"]

# Shape letters: W windows, S sensors of the home.


def bag_of_sensors(window_set: WindowSet, windows: pl.DataFrame) -> NDArray[np.float32]:
    """(W, S) ln(1 + events of each sensor) per window; columns in the order of the sensor Enum."""
    kind = window_set.events.schema["sensor"]
    n_sensors = max(1, len(kind.categories)) if isinstance(kind, pl.Enum) else 1
    codes = window_set.events["sensor"].to_physical().to_numpy().astype(np.int64)
    first = windows["first_event"].to_numpy().astype(np.int64)
    count = windows["n_events"].to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(windows)), count)
    inside = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    cells = rows * n_sensors + codes[first[rows] + inside]
    bags = np.bincount(cells, minlength=len(windows) * n_sensors).reshape(len(windows), n_sensors)
    return np.log1p(bags).astype(np.float32)


def hour_features(hours: NDArray[np.integer]) -> NDArray[np.float32]:
    """(W, 26): hour of day 0..23 as one-hot columns, and its sine and cosine."""
    angle = 2 * np.pi * hours / 24
    one_hot = np.eye(24, dtype=np.float32)[hours]
    return np.column_stack([one_hot, np.sin(angle), np.cos(angle)]).astype(np.float32)
