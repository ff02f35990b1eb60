"""A morning whose windows and rooms are known by eye."""

from collections.abc import Callable
from datetime import datetime
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from discover.core.embeddings import EmbeddingTable
from discover.core.tables import SPLITS, WINDOWS
from discover.core.window_set import WindowSet

MODEL = "a" * 64

# time of day, sensor, state; four windows of four events, the last on the next day.
STORY = (
    ("2021-03-01 07:00:00", "M001", "ON"),
    ("2021-03-01 07:00:05", "M001", "OFF"),
    ("2021-03-01 07:00:10", "M009", "ON"),
    ("2021-03-01 07:00:40", "M005", "ON"),
    ("2021-03-01 07:01:00", "D002", "OPEN"),
    ("2021-03-01 07:01:04", "D002", "CLOSE"),
    ("2021-03-01 07:01:30", "M009", "ON"),
    ("2021-03-01 07:01:50", "M005", "ON"),
    ("2021-03-01 23:30:00", "M003", "ON"),
    ("2021-03-01 23:30:02", "M003", "OFF"),
    ("2021-03-01 23:30:04", "M003", "ON"),
    ("2021-03-01 23:30:06", "M004", "ON"),
    ("2021-03-06 12:00:00", "T001", "VALUE"),
    ("2021-03-06 12:00:10", "M007", "OFF"),
    ("2021-03-06 12:00:20", "M008", "OFF"),
    ("2021-03-06 12:00:21", "M008", "OFF"),
)


def windows_table(events: pl.DataFrame, slices: list[tuple[int, int, str]]) -> pl.DataFrame:
    """A windows table from (first event, number of events, split)."""
    times = events["time"].to_list()
    rows = [
        {
            "window_id": f"small_home_T_{split}_{i:04d}",
            "home": "small_home",
            "split": split,
            "first_event": first,
            "n_events": n,
            "start": times[first],
            "end": times[first + n - 1],
        }
        for i, (first, n, split) in enumerate(slices)
    ]
    return pl.DataFrame(rows, schema={**WINDOWS, "split": pl.Enum(SPLITS)})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def windows_of() -> Callable[[pl.DataFrame, list[tuple[int, int, str]]], pl.DataFrame]:
    """`windows_table`, for tests that cut a log of their own."""
    return windows_table


@pytest.fixture(scope="session")
def story(small_homes: ModuleType) -> WindowSet:
    """Bedroom to kitchen, fridge, bathroom at night, and a window in which nobody is seen."""
    stamps = [datetime.fromisoformat(t) for t, _, _ in STORY]
    micros = [round((t - datetime(1970, 1, 1)).total_seconds() * 1e6) for t in stamps]
    values = [21.5 if state == "VALUE" else None for _, _, state in STORY]
    events = small_homes.events_table(micros, [s for _, s, _ in STORY], [s for _, _, s in STORY], values)
    slices = [(0, 4, "train"), (4, 4, "train"), (8, 4, "val"), (12, 4, "test")]
    return WindowSet(small_homes.small_home(), events, windows_table(events, slices))


@pytest.fixture
def one_hot(story: WindowSet) -> EmbeddingTable:
    """Window i has vector e_i, so a query names the window it wants; rows are stored backwards."""
    ids = story.windows["window_id"].to_numpy().astype(np.str_)
    vectors = np.eye(len(ids), 6, dtype=np.float32)
    return EmbeddingTable(vectors[::-1].copy(), ids[::-1].copy(), np.zeros(len(ids), dtype=np.int16))
