"""Inputs of a report: a small log cut into windows, a hand-made evaluation result, two searches."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from blank_pictures import blank_pictures

from discover.core.tables import SPLITS
from discover.core.window_set import EventLog, WindowSet
from discover.reports import ReportInputs, StageNote
from discover.retrieval import Hit, build_window_facts, merge_moments


@pytest.fixture
def blank() -> Iterator[None]:
    """Pictures without ink, for a test of a page's words."""
    with blank_pictures():
        yield


@pytest.fixture(scope="session")
def window_set(small_home_log: EventLog) -> WindowSet:
    """Windows of 20 events, the first 70 % for training."""
    times = small_home_log.events["time"]
    count = len(times) // 20
    first = np.arange(count) * 20
    split = np.array(SPLITS)[np.digitize(np.arange(count) / count, [0.7, 0.8])]
    windows = pl.DataFrame(
        {
            "window_id": [f"small_home_FL_20_{s}_{i:04d}" for i, s in enumerate(split)],
            "home": ["small_home"] * count,
            "split": pl.Series(split.tolist(), dtype=pl.Enum(SPLITS)),
            "first_event": first,
            "n_events": pl.Series([20] * count, dtype=pl.Int32),
            "start": times[first],
            "end": times[first + 19],
        }
    )
    return WindowSet.of(small_home_log.home, small_home_log.events, windows)


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def row(method: str, value: float, **changes: Any) -> dict[str, Any]:
    pool = {
        "n": 40,
        "days": 4,
        **{s: score(value) for s in ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1")},
        "classes": ["bathing", "meal_preparation", "sleeping", "never_seen"],
        "confusion": [[8, 2, 0, 0], [1, 17, 2, 0], [0, 0, 10, 0], [0, 0, 0, 0]],
        "per_class": {
            "bathing": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 10, "predicted": 9}
        },
    }
    uses_labels = method in ("majority", "bag_logistic")
    described = {} if uses_labels else {"prompts": "described", "variant": "centred"}
    base = {"method": method, "uses_labels": uses_labels, "prompts": None, "variant": None, "smoothed": False}
    return {**base, "unit": "window", **described, "annotated": pool, "full": {**pool, "n": 55}, **changes}


@pytest.fixture(scope="session")
def recognition() -> dict[str, Any]:
    return {
        "schema": "discover-recognition/1",
        "home": "small_home",
        "protocol": "free_running",
        "pools": {"test": {"windows": 55, "annotated": 40, "days": 4}},
        "intervals": "95 %, 1000 bootstrap samples of test days",
        "rejection": "label-free rows answer no_activity where the best score is low",
        "prompts": {"described": {"sha256": "0" * 64}},
        "rows": [
            row("majority", 0.3),
            row("bag_logistic", 0.91),
            row("text_only", 0.6),
            row("aligned_zero_shot", 0.8),
            row("aligned_zero_shot", 0.82, smoothed=True),
        ],
        "comparisons": [],
    }


@pytest.fixture(scope="session")
def hits(window_set: WindowSet) -> list[Hit]:
    """The first twelve windows as hits, scores falling."""
    facts = build_window_facts(window_set).head(12).to_dicts()
    return [
        Hit(**{**f, "rooms": tuple(f["rooms"]), "objects": tuple(f["objects"])}, score=0.9 - 0.01 * i)
        for i, f in enumerate(facts)
    ]


@pytest.fixture(scope="session")
def inputs(window_set: WindowSet, recognition: dict[str, Any], hits: list[Hit]) -> ReportInputs:
    training = [
        {"step": s, "split": "train", "loss": 5 - s / 100, "learning_rate": 1e-4} for s in range(0, 200, 10)
    ]
    training += [
        {"step": s, "split": "val", "loss": 5.1 - s / 100, "recall@10": s / 1000} for s in range(0, 200, 50)
    ]
    return ReportInputs(
        title="Small <home> & friends",
        home=window_set.home,
        stages=(StageNote("sample", "windows", {"type": "fixed_length", "split": {"seed": 7}}, 100.0),),
        import_report={
            "lines": 4500,
            "damage": {"unparsable": 3},
            "holes": [{"begin": "2021-03-07", "days": 2.0}],
        },
        window_set=window_set,
        window_statistics={"windows": {"train": 10}, "sha256": "a" * 64},
        training_metrics=training,
        recognition=(recognition,),
        retrieval={
            "schema": "discover-retrieval/1",
            "pool": {
                "windows": 55,
                "distinct_captions": 50,
                "largest_relevant_set": 3,
                "chance_recall": {"1": 0.02, "10": 0.2},
            },
            "text_to_window": {"recall@1": 0.11, "recall@10": 0.52, "map": 0.2, "median_rank": 9.0},
            "window_to_text": {"recall@1": 0.12, "recall@10": 0.53, "map": 0.21, "median_rank": 8.0},
            "label_precision": {
                "windows": 40,
                "text_to_window": {"label_precision@10_macro": 0.5, "label_precision@10_weighted": 0.6},
            },
        },
        searches=(
            ("somebody <b>showers</b>", hits[:2]),
            ("a long evening", merge_moments(hits)),
            ("nothing", []),
        ),
        versions={"discover": "0.0"},
    )
