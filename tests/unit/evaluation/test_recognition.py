"""evaluate_recognition on twelve days whose answers are known, and what must never reach it."""

import copy
import dataclasses
import json
import re
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError, JoinError
from discover.core.window_set import WindowSet
from discover.evaluation import (
    EvaluationConfig,
    EvaluationData,
    evaluate_recognition,
    summarise_seeds,
)
from discover.evaluation.label_free_rows import LabelFreeRows
from discover.recognition import build_prompt_set
from discover.reports.markdown_evaluation import to_markdown

FAST = EvaluationConfig(
    bootstrap_samples=50, gradient_boosting_iterations=2, shot_draws=3, mlp_epochs=8, probe_strengths=(1.0,)
)
LABEL_FREE = EvaluationConfig(bootstrap_samples=50, supervised=False)
UNCHANGED: dict[str, dict[str, Any]] = {}


def run(
    study: Any, data: EvaluationData | None = None, config: EvaluationConfig = LABEL_FREE
) -> dict[str, Any]:
    """The result; those of the twelve days as they are made once and handed out as copies."""
    known = data is None and config.model_dump_json()
    if known and known in UNCHANGED:
        return copy.deepcopy(UNCHANGED[known])
    result = evaluate_recognition(
        data or study.data, encode_text=study.encode_text, project_text=study.project_text, config=config
    )
    if known:
        UNCHANGED[known] = copy.deepcopy(result)
    return result


def row_of(result: dict[str, Any], method: str, unit: str = "window", **wanted: Any) -> dict[str, Any]:
    wanted = {"prompts": "described", "variant": "plain", "smoothed": False, **wanted}
    if method not in ("text_only", "aligned_zero_shot", "combined", "self_trained"):
        wanted = {}
    (row,) = [
        r
        for r in result["rows"]
        if r["method"] == method and r["unit"] == unit and all(r[k] == v for k, v in wanted.items())
    ]
    return row


def test_scores_are_those_counted_by_hand(study: Any) -> None:
    result = run(study)
    aligned = row_of(result, "aligned_zero_shot")
    # 4 test days x 5 annotated windows, one bath of four taken for a meal.
    assert aligned["annotated"]["n"] == 20
    assert aligned["annotated"]["accuracy"]["value"] == pytest.approx(19 / 20)
    assert aligned["annotated"]["balanced_accuracy"]["value"] == pytest.approx((1 + 1 + 3 / 4) / 3, abs=1e-6)
    # F1: sleep 1, meal 2*8/(8+9), bath 2*3/(4+3).
    assert aligned["annotated"]["macro_f1"]["value"] == pytest.approx((1 + 16 / 17 + 6 / 7) / 3, abs=1e-6)
    weighted = (8 * 1 + 8 * 16 / 17 + 4 * 6 / 7) / 20
    assert aligned["annotated"]["weighted_f1"]["value"] == pytest.approx(weighted, abs=1e-6)
    # Its cosines are 1 and 0, so that the softmax is all but certain: sure of 20, right in 19.
    assert aligned["annotated"]["calibration_error"] == pytest.approx(1 / 20, abs=1e-6)
    assert aligned["full"]["calibration_error"] is None
    # The most frequent activity has 14 of 35 training windows and 8 of 20 test windows.
    assert row_of(result, "majority")["annotated"]["calibration_error"] == pytest.approx(0, abs=1e-6)
    text = row_of(result, "text_only")
    assert text["annotated"]["accuracy"]["value"] == pytest.approx(16 / 20)
    assert row_of(result, "aligned_zero_shot", variant="centred")["annotated"]["accuracy"]["value"] > 0.9


def test_rejection_answers_no_activity_below_the_threshold(study: Any) -> None:
    aligned = row_of(run(study), "aligned_zero_shot")
    # Training windows with an activity score 1, the others 0: the median of the best scores is 1.
    assert aligned["rejection_threshold"] == pytest.approx(1.0)
    assert aligned["full"]["n"] == 24
    assert aligned["full"]["accuracy"]["value"] == pytest.approx(23 / 24)
    assert aligned["full"]["per_class"]["no_activity"]["recall"] == 1


def test_centring_and_threshold_come_from_training_windows(study: Any) -> None:
    vectors = study.data.window_embeddings
    training = np.char.find(vectors.sample_ids.astype(str), "_train_") >= 0

    def with_training(vector: np.ndarray) -> dict[str, Any]:
        changed = np.where(training[:, None], vector, vectors.vectors).astype(np.float32)
        table = dataclasses.replace(vectors, vectors=changed)
        return run(study, dataclasses.replace(study.data, window_embeddings=table))

    # Training windows that are all background: threshold -1, so nothing is rejected, and four are lost.
    nothing = with_training(np.array([0, 0, 0, 1.0]))
    assert row_of(nothing, "aligned_zero_shot")["rejection_threshold"] == -1
    assert row_of(nothing, "aligned_zero_shot")["full"]["accuracy"]["value"] == pytest.approx(19 / 24)
    # Training windows that are all meals: a meal scores the mean, so centred it is as good as nothing
    # and the first activity wins the tie; plain scores do not move.
    meals = with_training(np.array([0, 1.0, 0, 0]))
    plain, centred = (
        row_of(meals, "aligned_zero_shot", variant=v)["annotated"] for v in ("plain", "centred")
    )
    assert plain["accuracy"]["value"] == pytest.approx(19 / 20)
    assert centred["accuracy"]["value"] == pytest.approx((8 + 3) / 20)


def test_supervised_rows(study: Any) -> None:
    result = run(study, config=FAST)
    majority = row_of(result, "majority")
    # sleeping and meals are equally frequent; 8 of 20 windows have the answered one.
    assert majority["annotated"]["accuracy"]["value"] == pytest.approx(8 / 20)
    assert majority["full"]["accuracy"]["value"] == pytest.approx(8 / 24)
    for method in ("bag_logistic", "hour_logistic"):
        assert row_of(result, method)["annotated"]["accuracy"]["value"] == 1
        assert row_of(result, method)["full"]["accuracy"]["value"] == 1
    assert row_of(result, "linear_probe")["annotated"]["accuracy"]["value"] == pytest.approx(19 / 20)
    assert {r["method"] for r in result["rows"] if r["uses_labels"]} == {
        "majority", "hour_logistic", "bag_logistic", "bag_gradient_boosting", "linear_probe", "mlp_probe",
        "k_shot", "text_and_shots", "few_shot_probe",
    }  # fmt: skip


def test_label_free_rows_use_no_label(study: Any) -> None:
    before = [r for r in run(study)["rows"] if not r["uses_labels"]]
    labels = study.data.labels.with_columns(
        pl.when(pl.col("window_id").str.contains("_test_"))
        .then("label")
        .otherwise(pl.lit("bathing"))
        .alias("label")
    )
    after = [
        r for r in run(study, dataclasses.replace(study.data, labels=labels))["rows"] if not r["uses_labels"]
    ]
    assert before == after


def test_supervised_rows_do_use_training_labels_only(study: Any) -> None:
    def change(split: str) -> dict[str, Any]:
        labels = study.data.labels.with_columns(
            pl.when(pl.col("window_id").str.contains(f"_{split}_"))
            .then(pl.col("label").replace({"sleeping": "bathing", "bathing": "sleeping"}))
            .otherwise("label")
            .alias("label")
        )
        return run(study, dataclasses.replace(study.data, labels=labels), FAST)

    assert row_of(change("train"), "bag_logistic")["annotated"]["accuracy"]["value"] == pytest.approx(8 / 20)
    assert row_of(change("val"), "bag_logistic")["annotated"]["accuracy"]["value"] == 1


def test_paired_difference_of_aligned_and_text(study: Any) -> None:
    pairs = {
        (c["prompts"], c["variant"], c["smoothed"]): c
        for c in run(study)["comparisons"]
        if (c["first"], c["second"]) == ("aligned_zero_shot", "text_only")
    }
    difference = pairs["described", "plain", False]["annotated"]["accuracy"]
    assert difference["value"] == pytest.approx(3 / 20)
    # Four test days carry no verdict, however clear they look.
    assert (difference["low"], difference["high"], difference["differs"]) == (None, None, False)
    assert set(pairs) == {
        (p, v, s)
        for p in ("described", "name")
        for v in ("plain", "centred", "balanced")
        for s in (False, True)
    }


def test_same_seed_same_result_and_json(study: Any) -> None:
    # Given by name, the data are evaluated anew.
    first, second = run(study, config=FAST), run(study, study.data, FAST)
    assert json.dumps(first) == json.dumps(second)
    other = run(study, config=FAST.model_copy(update={"seed": 1}))
    assert (
        other["rows"][0]["annotated"]["macro_f1"]["value"]
        == first["rows"][0]["annotated"]["macro_f1"]["value"]
    )


def test_the_result_names_prompts_pools_and_protocol(study: Any) -> None:
    result = run(study)
    assert result["schema"] == "discover-recognition/2"
    assert result["protocol"] == "free_running"
    assert result["pools"]["test"] == {"windows": 24, "annotated": 20, "days": 4}
    assert result["pools"]["train"] == {"windows": 42, "annotated": 35, "days": 7}
    assert len(result["prompts"]["described"]["sha256"]) == 64
    assert result["prompts"]["name"]["prompts"]["meal_preparation"] == ["meal preparation"]
    assert result["prompts"]["name"]["sha256"] != result["prompts"]["described"]["sha256"]
    assert result["labels_without_prompt"] == []


def test_a_label_without_prompt_can_only_be_missed(study: Any) -> None:
    labels = study.data.labels.with_columns(pl.col("label").replace({"bathing": "dancing"}))
    result = run(study, dataclasses.replace(study.data, labels=labels))
    assert result["labels_without_prompt"] == ["dancing"]
    row = row_of(result, "aligned_zero_shot")["annotated"]
    assert row["accuracy"]["value"] == pytest.approx(16 / 20)
    assert row["per_class"]["dancing"]["f1"] == 0


def test_other_counts_as_no_activity(study: Any) -> None:
    labels = study.data.labels.with_columns(pl.col("label").replace({"no_activity": "other"}))
    assert run(study, dataclasses.replace(study.data, labels=labels))["rows"] == run(study)["rows"]


def in_segments(study: Any) -> EvaluationData:
    """Annotated windows; the two sleeps of a day are one segment, of which captions get one in test."""
    data = study.data
    keep = data.labels["label"] != "no_activity"
    order = {0: 0, 1: 1, 2: 2, 4: 3, 5: 0}
    segments = [day * 4 + order[i] for day in range(12) for i in range(6) if i != 3]
    labels = data.labels.filter(keep).with_columns(pl.Series("segment", segments, dtype=pl.Int32))
    windows = dataclasses.replace(data.window_set, windows=data.window_set.windows.filter(keep))
    return dataclasses.replace(data, window_set=windows, labels=labels)


def test_presegmented_windows_and_segments(study: Any) -> None:
    result = run(study, in_segments(study), FAST)
    assert result["protocol"] == "presegmented"
    assert not any(r["smoothed"] for r in result["rows"])
    assert not any("full" in r for r in result["rows"])
    by_window, by_segment = (row_of(result, "aligned_zero_shot", unit) for unit in ("window", "segment"))
    assert (by_window["annotated"]["n"], by_segment["annotated"]["n"]) == (20, 16)
    assert by_segment["annotated"]["accuracy"]["value"] == pytest.approx(15 / 16)
    assert {r["unit"] for r in result["rows"]} == {"window", "segment"}


def test_segments_of_training_days_never_reach_label_free_rows(study: Any) -> None:
    # Where segments are is known from labels, so all windows of the training days are looked at instead.
    data, cut = study.data, in_segments(study)
    windows, result = cut.window_set, run(study, cut)
    assert "looked up in the labels" in result["unlabelled_statistics"]
    fair = dataclasses.replace(cut, reference=data)
    assert run(study, fair)["unlabelled_statistics"] == "all free-running training windows"
    is_bath = (pl.col("split") == "train") & (pl.col("window_id").str.ends_with("1"))
    fewer = dataclasses.replace(windows, windows=windows.windows.filter(~is_bath))

    def centred(evaluated: EvaluationData) -> np.ndarray:
        rows = LabelFreeRows(
            evaluated, evaluated.split("test"),
            encode_text=study.encode_text, project_text=study.project_text, config=FAST,
        )  # fmt: skip
        prompts = build_prompt_set(data.home, "described", ("sleeping", "meal_preparation", "bathing"))
        assert prompts is not None
        return np.stack([m.annotated.scores for m in rows.methods(prompts) if m.variant == "centred"])

    np.testing.assert_array_equal(
        centred(fair), centred(dataclasses.replace(cut, window_set=fewer, reference=data))
    )
    assert (centred(cut) != centred(dataclasses.replace(cut, window_set=fewer))).any()
    assert (centred(cut) != centred(fair)).any()
    later = data.window_set.windows.with_columns(start=pl.col("start") + pl.duration(days=1))
    shifted = dataclasses.replace(data, window_set=dataclasses.replace(data.window_set, windows=later))
    dataclasses.replace(cut, reference=shifted)
    later = data.window_set.windows.with_columns(start=pl.col("start") + pl.duration(days=2))
    shifted = dataclasses.replace(data, window_set=dataclasses.replace(data.window_set, windows=later))
    with pytest.raises(DataError, match="train on 1 test days"):
        dataclasses.replace(cut, reference=shifted)


def test_without_vectors_their_rows_are_left_out(study: Any) -> None:
    data = dataclasses.replace(study.data, window_embeddings=None)
    methods = {r["method"] for r in run(study, data, FAST)["rows"]}
    assert "text_only" in methods
    assert not methods & {"aligned_zero_shot", "linear_probe"}


def test_a_home_without_annotations_is_skipped_with_a_reason(study: Any) -> None:
    labels = study.data.labels.with_columns(pl.lit("no_activity").alias("label"))
    result = run(study, dataclasses.replace(study.data, labels=labels))
    assert result["rows"] == []
    assert "no training window has an activity" in result["skipped"]
    assert "Not scored" in to_markdown(result)


def test_a_prompt_set_with_gaps_is_skipped(study: Any) -> None:
    home = study.data.home
    activities = (home.activities[0].model_copy(update={"described": ()}), *home.activities[1:])
    old = study.data.window_set
    changed = home.model_copy(update={"activities": activities})
    window_set = WindowSet.of(changed, old.events, old.windows)
    result = run(study, dataclasses.replace(study.data, window_set=window_set))
    assert "skipped" in result["prompts"]["described"]
    assert {r["prompts"] for r in result["rows"] if not r["uses_labels"]} == {"name"}


def test_prompts_that_name_a_sensor_stop_the_evaluation(study: Any) -> None:
    home = study.data.home
    activities = (home.activities[0].model_copy(update={"described": ("m001 fires",)}), *home.activities[1:])
    old = study.data.window_set
    changed = home.model_copy(update={"activities": activities})
    window_set = WindowSet.of(changed, old.events, old.windows)
    with pytest.raises(DataError, match="names sensor m001"):
        run(study, dataclasses.replace(study.data, window_set=window_set))


def test_windows_without_a_label_row_are_an_error(study: Any) -> None:
    labels = study.data.labels.filter(pl.col("window_id") != "small_home_T_test_080")
    with pytest.raises(JoinError, match="1 of 24 test windows have no label row"):
        run(study, dataclasses.replace(study.data, labels=labels))


def test_seeds_are_summarised(study: Any) -> None:
    first = run(study)
    vectors = study.data.window_embeddings
    noisy = dataclasses.replace(vectors, vectors=np.roll(vectors.vectors, 1, axis=1))
    second = run(study, dataclasses.replace(study.data, window_embeddings=noisy))
    summary = row_of({"rows": summarise_seeds([first, second])}, "aligned_zero_shot")
    values = [row_of(r, "aligned_zero_shot")["annotated"]["accuracy"]["value"] for r in (first, second)]
    assert values[0] != values[1]
    assert summary["annotated"]["accuracy"]["values"] == values
    errors = [row_of(r, "aligned_zero_shot")["annotated"]["calibration_error"] for r in (first, second)]
    assert summary["annotated"]["calibration_error"] == {"values": errors}
    assert "calibration_error" not in summary["full"]
    assert summary["annotated"]["accuracy"]["mean"] == pytest.approx(sum(values) / 2)
    with pytest.raises(Exception, match="not repetitions"):
        summarise_seeds([first, run(study, config=FAST)])


def test_markdown_shows_every_row_and_interval(study: Any) -> None:
    result = run(study, config=FAST)
    text = to_markdown(result)
    assert "| macro F1 | weighted F1 | calibration error |" in text
    assert "| aligned, zero-shot · described · centred | no |" in text
    assert "| majority class | yes | 0.400 |" in text
    assert "| prototypes · 5 shots | yes |" in text
    for title in (
        "Annotated windows only (main)",
        "Few labels",
        "Coarse labels (L2)",
        "Part of the day",
        "Per activity",
    ):
        assert f"## {title}" in text
    assert text.index("(main)") < text.index("Paired differences") < text.index("Per activity")
    assert "No intervals and no verdicts: 4 annotated test days" in text
    cell = r"\| sleeping \| 8 \| \d\.\d{3} \(\d"
    assert re.search(cell, text[text.index("Per activity") :])
    table: set[int] = set()
    for line in (*text.splitlines(), ""):
        if line.startswith("|"):
            table.add(line.count("|"))
        else:
            assert len(table) <= 1
            table.clear()


def test_students_of_label_free_scores(study: Any) -> None:
    result = run(study)
    text, both, student = (row_of(result, m) for m in ("text_only", "combined", "self_trained"))
    # The captions know the bath that the window vectors take for a meal, and the other way round.
    assert both["annotated"]["accuracy"]["value"] >= text["annotated"]["accuracy"]["value"]
    assert student["annotated"]["accuracy"]["value"] == pytest.approx(19 / 20)
    assert not student["uses_labels"]
    assert student["full"]["n"] == 24
    pairs = {(c["first"], c["second"]) for c in result["comparisons"]}
    assert {("self_trained", "text_only"), ("self_trained", "text_only_self_trained")} <= pairs
    off = run(study, config=LABEL_FREE.model_copy(update={"self_training": False}))
    assert not any("self_trained" in r["method"] for r in off["rows"])
