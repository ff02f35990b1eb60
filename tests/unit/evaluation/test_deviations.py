"""Tables say by themselves where they depart from the protocol and which reference is not to be believed."""

from pathlib import Path
from typing import Any

import pytest

from discover.core.artifacts import write_json
from discover.evaluation.deviations import deviations, reference_doubts, sampling_deviations
from discover.pipeline.evaluate_stage import _note_deviations
from discover.reports.markdown_evaluation import to_markdown
from discover.sampling.config import SamplingConfig, SplitConfig


def row(method: str, accuracy: float, **facts: Any) -> dict[str, Any]:
    scores = {"n": 300, "days": 9, "accuracy": {"value": accuracy, "low": None, "high": None}}
    return {"method": method, "unit": "window", "annotated": scores, **facts}


def result(*rows: dict[str, Any], annotated: int = 300, shared: int = 0) -> dict[str, Any]:
    pools = {"test": {"windows": 400, "annotated": annotated, "days": 9}}
    return {"pools": pools, "rows": list(rows), "leak_check": {"shared_days": shared}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"min_events": 1}, ["windows of at least 1 event instead of 3"]),
        ({"split": SplitConfig(strategy="random")}, ["random days for testing instead of the last ones"]),
        ({"split": SplitConfig(ratios=(0.6, 0.2, 0.2))}, ["days split 60/20/20 instead of 70/10/20"]),
        ({"overlap_eval": 0.5}, ["test windows overlap by 50 % instead of 0 %"]),
        ({"overlap_train": 0.0}, ["training windows overlap by 0 % instead of 50 %"]),
        ({"type": "fixed_length", "size": 20, "min_events": 8}, []),
        (
            {"type": "fixed_length", "size": 20, "min_events": 2},
            ["windows of at least 2 events instead of 8"],
        ),
    ],
)
def test_how_windows_were_cut(changes: dict[str, Any], words: list[str]) -> None:
    settings = {"min_events": 3, **changes}
    assert sampling_deviations(SamplingConfig(**settings).model_dump(mode="json")) == words


def test_annotations_without_a_window_stand_in_the_head(tmp_path: Path) -> None:
    statistics = {
        "config": SamplingConfig(min_events=2).model_dump(mode="json"),
        "splits": {"test": {"annotations": 40, "annotations_in_no_window": 9}},
    }
    write_json(tmp_path / "statistics.json", statistics)
    found: dict[str, Any] = {"recognition": {"rows": []}, "retrieval": {}}
    _note_deviations(found, tmp_path)
    expected = [
        "windows of at least 2 events instead of 3",
        "9 of 40 annotations on test days lie in no window: misses in the rows per annotation",
    ]
    assert found["recognition"]["deviations"] == found["retrieval"]["deviations"] == expected
    _note_deviations(found, tmp_path / "foreign")
    assert found["retrieval"]["deviations"] == []


def test_what_a_result_shows() -> None:
    whole = [row("majority", 0.2), row("bag_gradient_boosting", 0.7), row("fine_tuned", 0.8)]
    assert deviations(result(*whole)) == []
    few = [dict(r, annotated={**r["annotated"], "days": 4}) for r in whole[:2]]
    assert deviations(result(*few, annotated=54, shared=2)) == [
        "4 annotated test days, fewer than 8: no intervals, no verdicts",
        "a small pool of 54 annotated test windows",
        "2 days have windows of two splits",
        "rows left out: fine-tuned",
    ]
    quick = {**result(*whole), "config": {"gradient_boosting_iterations": 30}}
    assert deviations(quick) == ["gradient boosting with at most 30 trees instead of 100"]
    assert deviations({"rows": []}) == []


def test_references_below_majority_are_doubted() -> None:
    sane = [row("majority", 0.5), row("hour_logistic", 0.4), row("bag_logistic", 0.5), row("text_only", 0.1)]
    assert reference_doubts(result(*sane)) == []
    wrong = [*sane, row("bag_gradient_boosting", 0.49), row("linear_probe", 0.9, doubt="its fit went wrong")]
    assert reference_doubts(result(*wrong)) == [
        "bag_gradient_boosting has accuracy 0.490 on annotated test windows, "
        "where the majority class has 0.500",
        "its fit went wrong",
    ]


def test_the_head_of_the_tables_says_so(study: Any) -> None:
    from discover.evaluation import EvaluationConfig, evaluate_recognition, evaluate_retrieval

    config = EvaluationConfig(supervised=False, self_training=False, coarse=False, bootstrap_samples=10)
    shared = {"project_text": study.project_text, "encode_text": study.encode_text, "config": config}
    found = evaluate_recognition(study.data, **shared)
    for part in (found, evaluate_retrieval(study.data, **shared)):
        part["deviations"] = ["random days", "a small pool"]
        assert "Deviations from the protocol: random days; a small pool." in to_markdown(part)
    found["rows"][0]["doubt"] = "its fit went wrong"
    assert "**Not to be believed**: its fit went wrong." in to_markdown(found)
