"""Twelve days whose activities, windows and vectors are known by eye."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from discover.core.embeddings import EmbeddingTable
from discover.core.tables import CAPTIONS, LABELS, SPLITS, WINDOWS
from discover.core.window_set import WindowSet
from discover.evaluation import EvaluationData
from discover.recognition import BACKGROUND_PROMPTS

ACTIVITIES = ("sleeping", "meal_preparation", "bathing")
# hour, label, sensors of its four events; the same every day.
DAY = (
    (2, "sleeping", ("M001", "M002", "M001", "M002")),
    (7, "bathing", ("M003", "M004", "M004", "M003")),
    (8, "meal_preparation", ("M005", "D002", "M006", "I001")),
    (15, "no_activity", ("M007", "M008", "M009", "D001")),
    (18, "meal_preparation", ("M005", "M005", "M006", "D002")),
    (23, "sleeping", ("M001", "M001", "M001", "M001")),
)
N_DAYS = 12
FIRST_DAY_S = 18_700 * 86_400


@dataclass(frozen=True)
class Study:
    """Inputs of an evaluation and the stand-ins for a model."""

    data: EvaluationData
    encode_text: Callable[[list[str]], NDArray[np.float32]]
    project_text: Callable[[NDArray[np.floating]], NDArray[np.float32]]


def split_of(day: int) -> str:
    return "train" if day < 7 else "val" if day < 8 else "test"


def one_hot(label: str) -> NDArray[np.float32]:
    """sleeping e0, meal e1, bathing e2, no activity e3."""
    return np.eye(4, dtype=np.float32)[[*ACTIVITIES, "no_activity"].index(label)]


def make_window_set(small_homes: ModuleType, *, per_minute: int = 4) -> tuple[WindowSet, list[str]]:
    """One window of four events for each entry of DAY on each day, and its label."""
    seconds = [
        FIRST_DAY_S + d * 86_400 + h * 3600 + 15 * i
        for d in range(N_DAYS)
        for h, _, _ in DAY
        for i in range(4)
    ]
    sensors = [s for _ in range(N_DAYS) for _, _, four in DAY for s in four]
    events = small_homes.events_table(np.array(seconds) * 1_000_000, sensors)
    times = events["time"].to_list()
    rows = []
    labels = []
    for d in range(N_DAYS):
        for i, (_, label, _) in enumerate(DAY):
            first = (d * len(DAY) + i) * 4
            rows.append(
                {
                    "window_id": f"small_home_T_{split_of(d)}_{d:02d}{i}",
                    "home": "small_home",
                    "split": split_of(d),
                    "first_event": first,
                    "n_events": 4,
                    "start": times[first],
                    "end": times[first + 3],
                }
            )
            labels.append(label)
    windows = pl.DataFrame(rows, schema={**WINDOWS, "split": pl.Enum(SPLITS)})  # type: ignore[arg-type]
    return WindowSet.of(small_homes.small_home(), events, windows), labels


def make_labels(window_set: WindowSet, labels: list[str], segments: list[int] | None = None) -> pl.DataFrame:
    n = len(labels)
    return pl.DataFrame(
        {
            "window_id": window_set.windows["window_id"],
            "label": labels,
            "coarse": ["other"] * n,
            "share": [1.0] * n,
            "all_labels": [[label] for label in labels],
            "segment": segments if segments is not None else [None] * n,
        },
        schema=dict(LABELS),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def study(small_homes: ModuleType) -> Study:
    """A model that knows everything, except that it takes the first test bath for a meal.

    The captions are worse: in test they also take every second sleep for a bath.
    """
    window_set, labels = make_window_set(small_homes)
    ids = window_set.windows["window_id"].to_numpy().astype(np.str_)
    seen = list(labels)
    seen[8 * 6 + 1] = "meal_preparation"
    told = list(labels)
    for day in range(8, N_DAYS):
        told[day * 6] = "bathing"
    vectors = np.stack([one_hot(label) for label in seen])
    texts = np.stack([one_hot(label) for label in told for _ in range(2)])
    texts[::2, 3] += 0.2
    shuffled = np.random.default_rng(0).permutation(len(ids))
    window_embeddings = EmbeddingTable(vectors[shuffled], ids[shuffled], np.zeros(len(ids), np.int16))
    caption_embeddings = EmbeddingTable(
        texts, np.repeat(ids, 2), np.tile(np.arange(2, dtype=np.int16), len(ids))
    )
    captions = pl.DataFrame(
        {
            "window_id": np.repeat(ids, 2),
            "caption_index": np.tile([0, 1], len(ids)),
            "style": ["short"] * (2 * len(ids)),
            "caption": [f"{told[i]} {j} on day {i // 6}" for i in range(len(ids)) for j in range(2)],
        },
        schema=dict(CAPTIONS),  # type: ignore[arg-type]
    )
    home = window_set.home
    meaning = {a.name: a.label for a in home.activities}
    meaning |= {a.described[0]: a.label for a in home.activities}
    meaning |= dict.fromkeys(BACKGROUND_PROMPTS, "no_activity")
    meaning |= {"sleeping": "sleeping", "cooking": "meal_preparation", "hygiene": "bathing"}

    def encode_text(sentences: list[str]) -> NDArray[np.float32]:
        return np.stack([one_hot(meaning[s]) for s in sentences])

    data = EvaluationData(
        window_set, make_labels(window_set, labels), window_embeddings, caption_embeddings, captions
    )
    return Study(data, encode_text, lambda vectors: np.asarray(vectors, dtype=np.float32) * 3)
