"""The parts of an evaluation, each against a slow twin or an answer known by eye."""

import dataclasses
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from discover.core.embeddings import mean_caption_vectors
from discover.core.errors import DataError, ShapeError
from discover.core.home import Activity, Home, Sensor
from discover.evaluation.boosting import BoostingSettings, gradient_boosting_scores
from discover.evaluation.features import bag_of_sensors, hour_features
from discover.evaluation.leak_check import check_leaks
from discover.evaluation.scoring import Pool, paired_difference, pool_segments, score_pool
from discover.evaluation.supervised import logistic_scores, majority_scores
from discover.metrics import bootstrap_interval, bootstrap_scores, classification_scores
from discover.metrics.bootstrap import day_draws
from discover.recognition.label_free import (
    activity_margins,
    centre_scores,
    prompt_scores,
    rejection_threshold,
    smooth_scores,
)
from discover.recognition.prompts import PromptSet, build_prompt_set, check_prompts, mean_over_prompts

# --- leak check


def replace_windows(study: Any, **changes: Any) -> Any:
    windows = study.data.window_set.windows.with_columns(**changes)
    return dataclasses.replace(study.data.window_set, windows=windows)


def test_clean_windows_pass_and_are_counted(study: Any) -> None:
    report = check_leaks(study.data.window_set, study.data.labels)
    assert report["windows"] == {"train": 42, "val": 6, "test": 24}
    assert report["events"] == {"train": 168, "val": 24, "test": 96}
    assert report["duplicate_training_windows"] == 0
    assert report["shared_days"] == 0
    within = replace_windows(
        study,
        split=pl.when(pl.col("window_id").is_in(["small_home_T_test_080", "small_home_T_test_091"]))
        .then(pl.lit("val"))
        .otherwise(pl.col("split").cast(pl.String))
        .cast(study.data.window_set.windows.schema["split"]),
    )
    assert check_leaks(within, study.data.labels)["shared_days"] == 2


@pytest.mark.parametrize(
    ("window", "shift", "shared"), [("small_home_T_val_070", -1, 1), ("small_home_T_test_080", -3, 3)]
)
def test_one_event_in_two_splits_is_an_error(study: Any, window: str, shift: int, shared: int) -> None:
    moved = replace_windows(
        study,
        first_event=pl.when(pl.col("window_id") == window)
        .then(pl.col("first_event") + shift)
        .otherwise("first_event"),
    )
    with pytest.raises(DataError, match=rf"^{shared} events are in windows of more than one split"):
        check_leaks(moved, study.data.labels)


def test_what_leaks_cannot_be_put_together(study: Any) -> None:
    assert study.data.leak_check == check_leaks(study.data.window_set, study.data.labels)
    moved = replace_windows(study, split=pl.lit("train").cast(study.data.window_set.windows.schema["split"]))
    assert dataclasses.replace(study.data, window_set=moved).leak_check["windows"]["train"] == 72
    shared = replace_windows(study, n_events=pl.col("n_events") + 1)
    shared = dataclasses.replace(shared, windows=shared.windows.head(-1))
    with pytest.raises(DataError, match="more than one split"):
        dataclasses.replace(study.data, window_set=shared)


def same_slice(study: Any, window: str, other: str) -> Any:
    windows = study.data.window_set.windows
    target = windows.filter(pl.col("window_id") == other)["first_event"][0]
    first = pl.when(pl.col("window_id") == window).then(pl.lit(target)).otherwise("first_event")
    return replace_windows(study, first_event=first.cast(pl.Int64))


def test_duplicates_are_counted_in_training_and_refused_in_test(study: Any) -> None:
    doubled = same_slice(study, "small_home_T_train_001", "small_home_T_train_000")
    assert check_leaks(doubled, study.data.labels)["duplicate_training_windows"] == 1
    doubled = same_slice(study, "small_home_T_test_081", "small_home_T_test_080")
    with pytest.raises(DataError, match="1 validation or test windows hold exactly the events of another"):
        check_leaks(doubled, study.data.labels)
    segments = (
        study.data.labels.with_row_index("i").with_columns(segment=pl.col("i").cast(pl.Int32)).drop("i")
    )
    check_leaks(doubled, segments)


def test_a_repeated_id_is_refused(study: Any) -> None:
    windows = study.data.window_set.windows
    twice = dataclasses.replace(study.data.window_set, windows=pl.concat([windows, windows.tail(1)]))
    with pytest.raises(DataError, match="share an id"):
        check_leaks(twice, study.data.labels)


# --- prompts


@pytest.mark.parametrize(
    "sentence", ["M012 is on", "near m012.", "Somebody (M012) cooks", "the KitchenAArea fires", "T_1"]
)
def test_sensor_ids_are_found(sentence: str) -> None:
    home = Home(name="h", sensors=tuple(Sensor(id=i) for i in ("M012", "KitchenAArea", "T_1", "12", "Sink")))
    with pytest.raises(DataError, match="names sensor"):
        check_prompts(["Somebody cooks.", sentence], home)


def test_words_numbers_and_longer_ids_are_no_sensor_ids() -> None:
    home = Home(name="h", sensors=tuple(Sensor(id=i) for i in ("M012", "12", "Sink")))
    check_prompts(["Somebody is at the sink for 12 minutes, not M0123 or XM012."], home)


def test_prompt_hash_follows_every_word() -> None:
    first = PromptSet("name", ("a", "b"), (("x",), ("y",)))
    assert first.sha256 == PromptSet("name", ("a", "b"), (("x",), ("y",))).sha256
    assert first.sha256 != PromptSet("name", ("a", "b"), (("x",), ("y.",))).sha256
    assert first.sha256 != PromptSet("name", ("b", "a"), (("x",), ("y",))).sha256


def test_prompt_hash_follows_names_that_labels_do_not_tell() -> None:
    plain = PromptSet("described", ("a_b",), (("x",),))
    assert plain.names == ("a b",)
    assert plain.sha256 == PromptSet("described", ("a_b",), (("x",),), ("a b",)).sha256
    assert plain.sha256 != PromptSet("described", ("a_b",), (("x",),), ("c",)).sha256
    assert PromptSet("name", ("a",), (("c",),)).sha256 == PromptSet("name", ("a",), (("c",),), ("c",)).sha256
    with pytest.raises(ShapeError, match="2 activities need a name each"):
        PromptSet("name", ("a", "b"), (("x",), ("y",)), ("c",))


def test_a_home_names_its_activities_in_every_set() -> None:
    told = [
        Activity(label="wc", name="toilet visit", described=("x", "y")),
        Activity(label="a_b", described=("z",)),
    ]
    home = Home(name="h", activities=tuple(told))
    sets = [build_prompt_set(home, name, ["wc", "a_b"]) for name in ("described", "name")]
    assert [s and s.names for s in sets] == [("toilet visit", "a b")] * 2


def test_a_label_unknown_to_the_home_is_read_as_words(study: Any) -> None:
    built = build_prompt_set(study.data.home, "name", ["bathing", "watch_tv"])
    assert built is not None
    assert built.sentences == ["bathing", "watch tv"]
    assert build_prompt_set(study.data.home, "described", ["bathing", "watch_tv"]) is None


def test_scores_of_several_prompts_are_averaged_by_activity() -> None:
    scores = np.array([[1.0, 3.0, 10.0, 0.0, 6.0, 3.0]])
    owners = PromptSet("described", ("a", "b", "c"), (("1", "2"), ("3",), ("4", "5", "6"))).owners
    np.testing.assert_allclose(mean_over_prompts(scores, owners), [[2, 10, 3]])


# --- label-free scores


def test_prompt_scores_are_cosines() -> None:
    scores = prompt_scores(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0], [0.0, 5.0]]), np.array([0, 1]))
    np.testing.assert_allclose(scores, [[0.6, 0.8]], atol=1e-6)


def test_centring_takes_the_reference_means() -> None:
    centred = centre_scores(np.array([[0.9, 0.2]]), np.array([[0.8, 0.0], [1.0, 0.2]]))
    np.testing.assert_allclose(centred, [[0.0, 0.1]], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**31 - 1), st.sampled_from([10.0, 60.0]))
def test_smoothing_equals_the_sum_over_all_pairs(n: int, seed: int, kernel: float) -> None:
    rng = np.random.default_rng(seed)
    times = rng.uniform(0, 600, n).round(rng.integers(0, 2))
    scores = rng.normal(size=(n, 3))
    distance = np.abs(times[:, None] - times[None, :])
    weight = np.where(distance <= 3 * kernel, np.exp(-0.5 * (distance / kernel) ** 2), 0)
    wanted = weight @ scores / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(smooth_scores(scores, times, kernel), wanted, atol=1e-5)


def test_a_margin_is_the_best_activity_minus_the_best_background_sentence() -> None:
    windows = np.array([[1.0, 0, 0], [0, 2.0, 0]])
    scores = np.array([[0.1, 0.5], [0.9, 0.2]])
    background = np.array([[0.6, 0.8, 0], [0, 0, 3.0]])
    assert activity_margins(scores, windows, background) == pytest.approx([0.5 - 0.6, 0.9 - 0.8], abs=1e-6)
    assert rejection_threshold(np.array([0.1, 0.9, 0.3]), 0.5) == pytest.approx(0.3)


def test_caption_vectors_are_averaged_as_unit_vectors(study: Any) -> None:
    captions = study.data.caption_embeddings
    ids = study.data.window_set.windows["window_id"].to_numpy().astype(np.str_)[:2]
    first = np.array([1, 0, 0, 0.2]) / np.linalg.norm([1, 0, 0, 0.2])
    wanted = first + np.array([1, 0, 0, 0])
    found = mean_caption_vectors(captions, ids)
    np.testing.assert_allclose(found[0], wanted / np.linalg.norm(wanted), atol=1e-6)


# --- features and supervised references


def test_bags_count_the_events_of_each_window(study: Any) -> None:
    window_set = study.data.window_set
    bags = bag_of_sensors(window_set, window_set.windows)
    ids = window_set.events.schema["sensor"].categories.to_list()
    assert bags.shape == (72, len(ids))
    np.testing.assert_allclose(bags[0, [ids.index("M001"), ids.index("M002")]], np.log1p([2, 2]))
    np.testing.assert_allclose(np.expm1(bags).sum(axis=1), 4, atol=1e-5)
    reordered = bag_of_sensors(window_set, window_set.windows[::-1])
    np.testing.assert_array_equal(reordered, bags[::-1])


def test_hours_are_a_circle() -> None:
    hours = hour_features(np.array([0, 23, 12]))
    assert hours.shape == (3, 26)
    assert hours[:, :24].sum(axis=1).tolist() == [1, 1, 1]
    assert np.linalg.norm(hours[0, 24:] - hours[1, 24:]) < 0.3 < np.linalg.norm(hours[0, 24:] - hours[2, 24:])


def test_one_training_class_is_answered_everywhere() -> None:
    fitted = logistic_scores(np.ones((3, 2)), np.array(["a"] * 3), np.ones((2, 2)), max_iterations=5)
    assert fitted.classes == ("a",)
    assert fitted.scores.shape == (2, 1)
    with pytest.raises(DataError, match="No training window has a label"):
        majority_scores(np.array([], dtype=str), 2)


def test_boosting_learns_what_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 2))
    labels = np.where((features > 0).sum(axis=1) == 1, "one", "none_or_both")
    settings = BoostingSettings(0.1, 1.0, 20)
    fitted = gradient_boosting_scores(features, labels, features, settings=settings, seed=0)
    assert (np.array(fitted.classes)[fitted.scores.argmax(axis=1)] == labels).mean() > 0.95
    line = logistic_scores(features, labels, features, max_iterations=100)
    assert (np.array(line.classes)[line.scores.argmax(axis=1)] == labels).mean() < 0.7


def test_a_solver_that_stops_early_says_so() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(200, 20)), rng.choice(["a", "b", "c"], 200)
    assert not logistic_scores(features, labels, features, max_iterations=1).converged
    assert logistic_scores(features, labels, features, max_iterations=500).converged


# --- scores and intervals


def make_pool(seed: int, n: int = 160, n_days: int = 9) -> tuple[Pool, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = ("a", "b", "c", "d")
    truth = rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1])
    days = rng.integers(0, n_days, n)
    scores = rng.normal(size=(n, 4)) + 1.5 * (truth[:, None] == np.array(classes))
    rows = (np.arange(n), np.arange(n))
    return Pool(rows, truth, days, classes, day_draws(len(np.unique(days)), 60, 0)), scores, days


def sklearn_scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    present = np.unique(truth)
    return {
        "accuracy": accuracy_score(truth, predicted),
        "balanced_accuracy": balanced_accuracy_score(truth, predicted),
        "macro_f1": f1_score(truth, predicted, labels=present, average="macro", zero_division=0),
        "weighted_f1": f1_score(truth, predicted, labels=present, average="weighted", zero_division=0),
    }


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_values_and_intervals_equal_resampling_with_sklearn() -> None:
    pool, scores, days = make_pool(0)
    scored = score_pool(pool, scores, pool.classes)
    predicted = np.array(pool.classes)[scores.argmax(axis=1)]
    whole = sklearn_scores(pool.truth, predicted)
    samples: dict[str, list[float]] = {name: [] for name in whole}
    distinct = np.unique(days)
    for draw in pool.weights:
        rows = np.concatenate(
            [np.repeat(np.flatnonzero(days == d), w) for d, w in zip(distinct, draw, strict=True)]
        )
        for name, value in sklearn_scores(pool.truth[rows], predicted[rows]).items():
            samples[name].append(value)
    for name in whole:
        assert scored.result[name]["value"] == pytest.approx(whole[name], abs=1e-6)
        # A t interval of 9 days against a normal one: the ends lie at these percentiles.
        tail = 100 * norm.cdf(np.sqrt(9 / 8) * t.ppf(0.025, 8))
        low, high = np.percentile(samples[name], [tail, 100 - tail])
        assert scored.result[name]["low"] == pytest.approx(low, abs=1e-6)
        assert scored.result[name]["high"] == pytest.approx(high, abs=1e-6)


def test_intervals_are_those_of_the_metrics_room() -> None:
    pool, scores, days = make_pool(2)
    result = score_pool(pool, scores, pool.classes).result
    predicted = np.array(pool.classes)[scores.argmax(axis=1)]
    for name, interval in bootstrap_scores(pool.truth, predicted, days, resamples=60).items():
        found = result[name]
        assert (found["value"], found["low"], found["high"]) == pytest.approx(
            (interval.estimate, interval.low, interval.high), abs=1e-6
        )
    assert set(result["per_class"]) == {"a", "b", "c"}

    def f1(rows: np.ndarray | slice, name: str) -> float:
        told = classification_scores(pool.truth[rows], predicted[rows]).per_class.get(name)
        return told["f1"] if told and told["support"] else float("nan")

    for name, found in result["per_class"].items():
        if name == "c":  # on too few days
            assert (found["f1_low"], found["f1_high"]) == (None, None)
            assert found["f1"] == pytest.approx(f1(slice(None), name), abs=1e-6)
            continue
        interval = bootstrap_interval(lambda rows, name=name: f1(rows, name), days, resamples=60)
        assert (found["f1"], found["f1_low"], found["f1_high"]) == pytest.approx(
            (interval.estimate, interval.low, interval.high), abs=1e-6
        )


def test_an_activity_of_few_days_has_no_interval() -> None:
    truth, days = np.array(["a", "b"] * 8), np.repeat(np.arange(8), 2)
    truth[-1] = "a"
    answers = np.where(np.arange(16) % 3 == 0, 1 - (truth == "b"), truth == "b").astype(int)
    pool = Pool((np.arange(16), np.arange(16)), truth, days, ("a", "b"), day_draws(8, 100, 0))
    per_class = score_pool(pool, np.eye(2)[answers], ("a", "b")).result["per_class"]
    assert per_class["b"]["f1"] > 0
    assert (per_class["b"]["f1_low"], per_class["b"]["f1_high"]) == (None, None)
    assert per_class["a"]["f1_low"] < per_class["a"]["f1"] <= per_class["a"]["f1_high"]


def test_a_difference_needs_an_interval_without_zero() -> None:
    pool, scores, _ = make_pool(1)
    good = scores + 20 * (pool.truth[:, None] == np.array(pool.classes))
    better, worse = score_pool(pool, good, pool.classes), score_pool(pool, scores, pool.classes)
    forward, backward = paired_difference(better, worse), paired_difference(worse, better)
    assert forward["accuracy"]["differs"]
    assert forward["accuracy"]["low"] == pytest.approx(-backward["accuracy"]["high"], abs=1e-6)
    same = paired_difference(worse, worse)["macro_f1"]
    assert same == {"value": 0.0, "low": 0.0, "high": 0.0, "differs": False}


def test_a_segment_is_scored_by_the_mean_of_its_windows() -> None:
    keep = np.array([True, True, False, True, True])
    segments = np.array([7, 3, 7, 3, 7])
    rows, heads = pool_segments(keep, segments)
    assert heads.tolist() == [1, 0]
    scores = np.array([[0.6, 0.4], [0.4, 0.6], [9.0, 0.0], [0.9, 0.1], [0.1, 0.9]])
    pool = Pool(rows, np.array(["a", "b"]), np.array([0, 0]), ("a", "b"), day_draws(1, 20, 0))
    result = score_pool(pool, scores, ("a", "b")).result
    # segment 3: mean (0.65, 0.35) -> a; segment 7: mean (0.35, 0.65) -> b, the dropped window left out.
    assert (result["n"], result["accuracy"]["value"]) == (2, 1.0)


def test_calibration_asks_for_the_probability_of_the_answered_class() -> None:
    """Columns of one class are added; a segment's probability comes from its mean scores."""
    shares = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6]])
    pool = Pool(
        (np.arange(3), np.arange(3)),
        np.array(["a", "b", "b"]),
        np.zeros(3, int),
        ("a", "b"),
        day_draws(1, 9, 0),
    )
    result = score_pool(pool, shares, ("a", "a", "b"), to_probabilities=lambda s: s).result
    # Answers a with .8 (right), a with .6 (wrong), b with .6 (right): 15 bins, the last two in one.
    assert result["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert result["calibration_error"] == pytest.approx((1 - 0.8) / 3 + (1.2 - 1) / 3, abs=1e-6)
    assert score_pool(pool, shares, ("a", "a", "b")).result["calibration_error"] is None
    grouped = Pool(
        (np.arange(3), np.array([0, 1, 1])),
        np.array(["a", "b"]),
        np.zeros(2, int),
        ("a", "b"),
        day_draws(1, 9, 0),
    )
    result = score_pool(grouped, shares, ("a", "a", "b"), to_probabilities=np.sqrt).result
    # The second segment's mean is (.15, .35, .5): b, with the square root of .5; the first answers a.
    wanted = (1 - 1) / 2 + (1 - np.sqrt(0.5)) / 2
    assert result["calibration_error"] == pytest.approx(wanted, abs=1e-6)


def test_segments_of_one_window_each_keep_their_own_answers() -> None:
    segments = np.array([7, 3, 5])
    rows, heads = pool_segments(np.ones(3, bool), segments)
    truth = np.array(["a", "b", "c"])
    pool = Pool(rows, truth[heads], np.zeros(3, int), ("a", "b", "c"), day_draws(1, 20, 0))
    assert score_pool(pool, np.eye(3), ("a", "b", "c")).result["accuracy"]["value"] == 1


def test_seven_days_give_no_interval_and_no_claim_and_eight_do() -> None:
    truth = np.array(["a", "b"] * 8)
    rows = (np.arange(16), np.arange(16))
    right, wrong = np.eye(2)[np.arange(16) % 2], np.eye(2)[1 - np.arange(16) % 2]
    for days, certain in ((np.repeat(np.arange(8), 2), True), (np.arange(16) % 7, False)):
        pool = Pool(rows, truth, days, ("a", "b"), day_draws(len(np.unique(days)), 200, 0))
        first, second = (score_pool(pool, scores, ("a", "b")) for scores in (right, wrong))
        assert (first.result["accuracy"]["low"] is not None) == certain
        difference = paired_difference(first, second)["accuracy"]
        assert difference["value"] == 1
        assert difference["differs"] == certain
