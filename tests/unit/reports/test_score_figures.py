"""Figures of scores, retrieval and vectors: what is chosen, what is left out, same bytes again."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discover.core.errors import ShapeError
from discover.reports import MapInputs, ReportInputs, write_report
from discover.reports.activity_figures import compared_rows, draw_activities, draw_day_parts
from discover.reports.embedding_figures import draw_embedding_maps
from discover.reports.retrieval_figures import (
    _macro_points,
    draw_label_precision,
    draw_recall_curves,
    draw_retrieved_labels,
)
from discover.reports.tables import per_class_table

RETRIEVAL: dict[str, Any] = {
    "recall_curve": {"text_to_window": {"k": [1.0, 10.0], "recall": [0.1, 0.5]}},
    "pool": {"chance_recall": {"1": 0.02, "10": 0.2}},
    "labels": {
        "L1": {
            "text_to_window": {
                "values": {"label_precision@50_macro": 0.4, "label_precision@10_macro": 0.6,
                           "label_precision@10_weighted": 0.9},
                "intervals": {"label_precision@10_macro": {"value": 0.6, "low": 0.5, "high": 0.7}},
                "confusion": {"k": 10, "classes": ["a", "b_c"], "shares": [[0.9, 0.1], [0.4, 0.6]]},
            }
        }
    },
}  # fmt: skip


def maps(windows: int = 40) -> MapInputs:
    rng = np.random.default_rng(0)
    return MapInputs(
        vectors=rng.standard_normal((windows, 8)),
        groupings={
            "activity": np.array(["", "a", "b", "a"] * (windows // 4)),
            "part of day": np.array(["0–5 h", "5–8 h"] * (windows // 2)),
        },
        ordered={"part of day": ("0–5 h", "5–8 h")},
    )


def test_rows_shown_in_detail_are_fixed_beforehand(recognition: dict[str, Any]) -> None:
    shown = compared_rows(recognition["rows"], "annotated")
    assert [(r["method"], r["smoothed"]) for r in shown] == [
        ("text_only", False),
        ("aligned_zero_shot", False),
    ]
    assert compared_rows(recognition["rows"], "no_pool") == []


def test_activity_and_day_part_figures_need_their_numbers(recognition: dict[str, Any]) -> None:
    rows = compared_rows(recognition["rows"], "annotated")
    drawing = draw_activities(rows, "annotated", "n")
    assert drawing is not None
    assert "F1 of each activity" in drawing.note
    assert draw_activities([], "annotated", "n") is None
    bathing = rows[0]["annotated"]["per_class"]["bathing"]
    known = {**rows[0], "annotated": {"per_class": {"bathing": {**bathing, "f1_low": 0.7, "f1_high": 0.9}}}}
    plain = {**rows[0], "annotated": {"per_class": {"bathing": {**bathing, "f1_low": None, "f1_high": None}}}}
    with_line, without = (draw_activities([row], "annotated", "n") for row in (known, plain))
    assert with_line is not None
    assert without is not None
    assert with_line.svg != without.svg
    cells = [per_class_table(row, "annotated").rows[0][3] for row in (known, plain)]
    assert [(c.text, c.note) for c in cells] == [("0.850", "0.700 – 0.900"), ("0.850", "")]
    assert draw_day_parts(rows, "annotated", "n") is None
    parted = [{**r, "annotated": {"by_day_part": {"evening": {"n": 3, "weighted_f1": 0.5}}}} for r in rows]
    assert draw_day_parts(parted, "annotated", "n") is not None


def test_macro_points_come_in_order_of_k_with_intervals() -> None:
    points = _macro_points(RETRIEVAL["labels"]["L1"]["text_to_window"])
    assert points == [(10, 0.6, 0.5, 0.7), (50, 0.4, None, None)]


def test_retrieval_figures_are_drawn_or_left_out() -> None:
    for draw in (draw_recall_curves, draw_label_precision, draw_retrieved_labels):
        first, second = draw(RETRIEVAL), draw(RETRIEVAL)
        assert first is not None
        assert first == second
        assert first.note
        assert draw({}) is None
        assert draw({"labels": None, "label_precision": None, "recall_curve": None}) is None
    older = {"label_precision": {"windows": 4, "text_to_window": {"label_precision@10_macro": 0.5}}}
    assert draw_label_precision(older) is not None


def test_maps_are_repeatable_and_skip_tiny_sets() -> None:
    first = draw_embedding_maps(maps())
    assert [d.name for d in first] == ["embedding_pca", "embedding_tsne"]
    assert first == draw_embedding_maps(maps())
    assert "40 windows" in first[0].note
    assert draw_embedding_maps(maps(8)) == []
    wrong = dataclasses.replace(maps(), groupings={"activity": np.array(["a"])})
    with pytest.raises(ShapeError, match="40 vectors"):
        draw_embedding_maps(wrong)


@pytest.mark.usefixtures("blank")
def test_the_report_shows_them_and_says_what_is_missing(
    inputs: ReportInputs, recognition: dict[str, Any], tmp_path: Path
) -> None:
    assert inputs.retrieval is not None
    retrieval = {**inputs.retrieval, **RETRIEVAL, "pool": inputs.retrieval["pool"]}
    few = dataclasses.replace(inputs, searches=(), window_set=None, training_metrics=())
    page = write_report(tmp_path, dataclasses.replace(few, maps=maps(), retrieval=retrieval))
    text = page.read_text(encoding="utf-8")
    assert "Map of the windows" in text
    assert "Not drawn, since the evaluation has no such numbers: scores by part of the day." in text
    assert "no such numbers: recall curves" not in text
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert {"recall_curves.png", "recall_curves.svg", "embedding_tsne.svg", "retrieved_labels.png"} <= names
    old = write_report(tmp_path / "old", few).read_text(encoding="utf-8")
    assert "no such numbers: recall curves, activities found instead." in old
