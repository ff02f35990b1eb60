"""The boosting reference on many and rare classes: settings from held-out training days, failures named."""

import warnings

import numpy as np
from numpy.typing import NDArray

from discover.evaluation.boosting import BoostingSettings, choose_boosting, gradient_boosting_scores
from discover.evaluation.supervised import FittedScores, doubt, logistic_scores


def many_classes(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.int64]]:
    """29 activities, the first nearly half of all windows and the last rare, as counts of 12 sensors."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 30) ** 1.6
    rates = np.random.default_rng(1).gamma(0.3, 3.0, size=(29, 12))
    codes = rng.choice(29, size=n, p=shares / shares.sum())
    names = np.array([f"activity_{code:02d}" for code in codes])
    return rng.poisson(rates[codes]).astype(float), names, np.arange(n) * 10 // n


def accuracy(fitted: FittedScores, labels: NDArray[np.str_]) -> float:
    return float((np.array(fitted.classes)[fitted.scores.argmax(axis=1)] == labels).mean())


def test_many_and_rare_classes_come_near_the_logistic_reference() -> None:
    train, labels, days = many_classes(700, 0)
    test, truth, _ = many_classes(400, 2)
    settings, facts = choose_boosting(
        train, labels, days, iterations=25, seed=0, candidates=((5.0, 0.0), (0.1, 1.0))
    )
    assert (settings.learning_rate, settings.l2_regularization) == (0.1, 1.0)
    assert facts["held_out_log_loss"] < 0.7 * facts["held_out_log_loss_of_frequencies"]
    fitted = gradient_boosting_scores(train, labels, test, settings=settings, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        line = logistic_scores(train, labels, test, max_iterations=200)
    assert accuracy(fitted, truth) > accuracy(line, truth) - 0.06
    assert doubt("bag_gradient_boosting", {"annotated": fitted}) is None


def test_training_accuracy_is_that_of_the_fit() -> None:
    train, labels, _ = many_classes(300, 0)
    wild = gradient_boosting_scores(train, labels, train, settings=BoostingSettings(30.0, 0.0, 5), seed=0)
    assert wild.train_accuracy == accuracy(wild, labels)
    assert wild.train_majority == max(np.unique(labels, return_counts=True)[1]) / 300


def test_doubt_compares_with_the_pool_of_its_own() -> None:
    scores = np.ones((1, 2))
    good = FittedScores(scores, ("a", "b"), train_accuracy=0.6, train_majority=0.6)
    bad = FittedScores(scores, ("a", "b"), train_accuracy=0.58, train_majority=0.6)
    assert doubt("linear_probe", {"annotated": good}) is None
    assert "(full windows) answers 0.580" in str(doubt("linear_probe", {"annotated": good, "full": bad}))
    assert doubt("hour_logistic", {"annotated": bad}) is None


def test_trees_are_counted_on_days_that_were_held_out() -> None:
    """Labels that mean nothing on other days: the first tree is as far as the held-out days let it go."""
    rng = np.random.default_rng(3)
    features, labels = rng.normal(size=(300, 4)), rng.choice(["a", "b", "c"], 300)
    settings, _ = choose_boosting(features, labels, np.arange(300) // 30, iterations=20, seed=0)
    assert settings.iterations <= 3
    again, _ = choose_boosting(features, labels, np.arange(300) // 30, iterations=20, seed=0)
    assert settings == again


def test_one_training_day_leaves_nothing_to_choose_with() -> None:
    features = np.random.default_rng(0).normal(size=(60, 2))
    labels = np.where(features[:, 0] > 0, "a", "b")
    settings, facts = choose_boosting(features, labels, np.zeros(60, dtype=np.int64), iterations=7, seed=0)
    assert settings == BoostingSettings(0.05, 1.0, 7)
    assert facts == {"boosting": "nothing to choose with"}
