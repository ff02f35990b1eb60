"""Annotations as the unit, by hand: covered ones by the mean of their windows, the others as misses."""

import dataclasses
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover.core.tables import ANNOTATION_WINDOWS
from discover.evaluation import EvaluationConfig, evaluate_recognition
from discover.evaluation.annotation_rows import NO_WINDOW, AnnotationPool
from discover.evaluation.methods import Method
from discover.evaluation.schemas import Row
from discover.evaluation.supervised import FittedScores
from discover.sampling import SamplingConfig, sample_windows

FIRST_TEST_DAY = date(1970, 1, 1) + timedelta(days=18_700 + 8)


def table(rows: list[tuple[int, str, str, int, str | None]]) -> pl.DataFrame:
    """(annotation, label, split, test day, window)."""
    dated = [(a, label, split, FIRST_TEST_DAY + timedelta(days=d), w) for a, label, split, d, w in rows]
    return pl.DataFrame(dated, schema=dict(ANNOTATION_WINDOWS), orient="row")  # type: ignore[arg-type]


def covering(study: Any) -> tuple[pl.DataFrame, Any]:
    test = study.data.split("test")
    first, second, third = (str(i) for i in test.ids[:3])
    rows = [
        (0, "sleeping", "train", -3, None),
        (1, "sleeping", "test", 0, first),
        (1, "sleeping", "test", 0, second),
        (2, "bathing", "test", 0, second),
        (3, "bathing", "test", 1, None),
        (4, "other", "test", 1, None),
        (5, "meal_preparation", "test", 1, third),
    ]
    return table(rows), test


def test_annotations_by_hand(study: Any) -> None:
    covered, test = covering(study)
    scores = np.zeros((len(test), 3))
    scores[:3] = [[0.9, 0.1, 0.0], [0.0, 0.6, 0.4], [0.2, 0.7, 0.1]]
    classes = ("sleeping", "bathing", "meal_preparation")
    method = Method("made_up", False, FittedScores(scores, classes), None)
    pool = AnnotationPool(covered, test, [method], EvaluationConfig(bootstrap_samples=10))
    assert (len(pool), pool.without_window) == (4, 1)
    found = pool.score(method.annotated)
    # 1: mean (.45, .35, .2) is sleeping; 2: bathing; 3: no window; 5: bathing instead of a meal.
    assert found.answers.tolist() == ["sleeping", "bathing", NO_WINDOW, "bathing"]
    assert found.result["accuracy"]["value"] == pytest.approx(2 / 4)
    # F1: sleeping 1, bathing 2 * 1 / (2 + 2), meal 0; no window is no class of the truth.
    assert found.result["macro_f1"]["value"] == pytest.approx((1 + 0.5 + 0) / 3)


def test_the_result_has_a_row_per_method_for_annotations(study: Any) -> None:
    covered, _ = covering(study)
    data = dataclasses.replace(study.data, annotation_windows=covered)
    config = EvaluationConfig(
        bootstrap_samples=10, supervised=False, self_training=False, shots=(), coarse=False
    )
    result = evaluate_recognition(
        data, encode_text=study.encode_text, project_text=study.project_text, config=config
    )
    for row in result["rows"]:
        Row.model_validate(row)
    rows = {
        (r["method"], r["variant"]): r["annotated"]
        for r in result["rows"]
        if r["unit"] == "annotation" and r["prompts"] == "described" and not r["smoothed"]
    }
    assert ("text_only", "plain") in rows
    assert {r["n"] for r in rows.values()} == {4}
    assert {r["without_window"] for r in rows.values()} == {1}
    assert all(r["accuracy"]["value"] <= 3 / 4 for r in rows.values())
    assert not any(r["unit"] == "annotation" for r in evaluate_recognition(
        study.data, encode_text=study.encode_text, project_text=study.project_text, config=config
    )["rows"])  # fmt: skip


def test_sampling_notes_which_windows_cover_an_annotation(small_home_log: Any) -> None:
    sampled = sample_windows(small_home_log, SamplingConfig(min_events=12))
    found = sampled.annotation_windows
    spans = {
        w: (split, range(first, first + n))
        for w, split, first, n in sampled.windows.select(
            "window_id", pl.col("split").cast(pl.String), "first_event", "n_events"
        ).iter_rows()
    }
    for row, (first, n) in enumerate(
        small_home_log.annotations.select("first_event", "n_events").iter_rows()
    ):
        if not n:
            continue
        mine = found.filter(pl.col("annotation") == row)
        split = str(mine["split"][0])
        expected = {
            w for w, (s, span) in spans.items() if s == split and span.start < first + n and first < span.stop
        }
        assert set(mine["window_id"].to_list()) == (expected or {None})
    missed = sum(s["annotations_in_no_window"] for s in sampled.statistics["splits"].values())
    assert found["window_id"].null_count() == missed > 0
