"""Intervals over days: fast forms equal the plain one, draws are right, coverage is near its level."""

import time

import numpy as np
import pytest

from discover.core.errors import ConfigError, ShapeError
from discover.metrics import (
    SCORE_NAMES,
    accuracy,
    balanced_accuracy,
    bootstrap_interval,
    bootstrap_mean,
    bootstrap_scores,
    macro_f1,
    paired_difference,
    paired_mean_difference,
    score_samples,
    weighted_f1,
)
from discover.metrics.bootstrap import day_draws, seed_draws

PLAIN = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
}


def case(n: int = 400, n_days: int = 9, seed: int = 0):
    rng = np.random.default_rng(seed)
    days = np.array([f"2012-03-{d:02d}" for d in rng.integers(1, n_days + 1, n)])
    truth = rng.integers(0, 5, n)
    one, two = (np.where(rng.random(n) < share, truth, rng.integers(0, 6, n)) for share in (0.7, 0.4))
    return days, truth, one, two


def same(one, other):
    assert (one.estimate, one.low, one.high) == pytest.approx((other.estimate, other.low, other.high))
    assert (one.n_days, one.resamples, one.level) == (other.n_days, other.resamples, other.level)


def test_scores_by_confusion_equal_the_plain_form():
    days, truth, guess, _ = case()
    fast = bootstrap_scores(truth, guess, days, resamples=60, seed=3)
    assert set(fast) == set(SCORE_NAMES)
    for name, metric in PLAIN.items():
        plain = bootstrap_interval(lambda r, m=metric: m(truth[r], guess[r]), days, resamples=60, seed=3)
        same(fast[name], plain)
        assert plain.low < plain.estimate < plain.high


def score_difference(truth, one, two, days, **settings):
    first, second = (score_samples(truth, guess, days, **settings) for guess in (one, two))
    return first.minus(second)


def test_paired_scores_equal_the_plain_form():
    days, truth, one, two = case()
    fast = score_difference(truth, one, two, days, resamples=60, seed=4)
    for name, metric in PLAIN.items():
        plain = paired_difference(
            lambda r, m=metric: m(truth[r], one[r]), lambda r, m=metric: m(truth[r], two[r]),
            days, resamples=60, seed=4,
        )  # fmt: skip
        same(fast[name], plain)
        assert fast[name].excludes_zero


def test_means_equal_the_plain_form():
    days, truth, one, two = case()
    hit_a, hit_b = (one == truth).astype(float), (two == truth).astype(float)
    same(
        bootstrap_mean(hit_a, days, resamples=50),
        bootstrap_interval(lambda r: hit_a[r].mean(), days, resamples=50),
    )
    same(
        paired_mean_difference(hit_a, hit_b, days, resamples=50),
        paired_difference(lambda r: hit_a[r].mean(), lambda r: hit_b[r].mean(), days, resamples=50),
    )


def test_pairing_is_tighter_than_two_separate_intervals():
    rng = np.random.default_rng(1)
    days = np.repeat(np.arange(15), 40)
    hard = np.repeat(rng.normal(size=15), 40)
    a, b = hard + 0.1 + 0.1 * rng.normal(size=600), hard
    paired = paired_mean_difference(a, b, days)
    assert paired.excludes_zero
    assert paired.high - paired.low < 0.2 * (bootstrap_mean(a, days).high - bootstrap_mean(a, days).low)


def test_every_draw_takes_all_seeds_but_one():
    weights = seed_draws(3, 4000, 0)
    assert set(np.unique(weights)) == {0.0, 0.5, 1.0}
    assert weights.sum(1) == pytest.approx(1)
    # The mean of 3 seeds has a variance of s^2 / 3, with s^2 over 2 degrees of freedom.
    values = np.array([0.0, 1.0, 5.0])
    assert (weights @ values).var() == pytest.approx(values.var(ddof=1) / 3, rel=0.05)
    assert (seed_draws(1, 5, 0) == 1).all()


def test_an_interval_covers_seeds_and_days():
    days, truth, one, two = case()
    alone = bootstrap_scores(truth, one, days, resamples=400)["accuracy"]
    twins = bootstrap_scores(truth, np.stack([one, one]), days, resamples=400)["accuracy"]
    same(alone, twins)
    both = bootstrap_scores(truth, np.stack([one, two]), days, resamples=400)["accuracy"]
    assert both.estimate == pytest.approx((accuracy(truth, one) + accuracy(truth, two)) / 2)
    # Two seeds far apart: the interval reaches to both of them.
    assert both.low < accuracy(truth, two) + 0.02
    assert both.high > accuracy(truth, one) - 0.02
    values = np.stack([one == truth, two == truth]).astype(float)
    same(both, bootstrap_mean(values, days, resamples=400))


def test_differences_pair_seeds_and_days():
    days, truth, one, two = case()
    seeds = np.stack([one, two])
    none = score_difference(truth, seeds, seeds, days, resamples=100)["macro_f1"]
    assert (none.low, none.high) == (0, 0)
    hits = (seeds == truth).astype(float)
    paired = paired_mean_difference(hits + 0.1, hits, days, resamples=100)
    assert (paired.low, paired.high) == pytest.approx((0.1, 0.1))


def test_whole_days_are_drawn():
    draws = day_draws(7, 2000, 0)
    assert (draws.sum(1) == 7).all()
    assert draws.mean(0) == pytest.approx(np.ones(7), abs=0.08)
    # Values equal within a day: a resample mean can only be a mean of day values.
    days = np.repeat([0, 1], 50)
    found = set()
    bootstrap_interval(lambda r: found.add(len(r)) or 0.0, days, resamples=200)
    assert found == {100}


@pytest.mark.parametrize(("n_days", "n_seeds"), [(8, 1), (18, 1), (12, 3)])
def test_interval_covers_the_truth_about_as_often_as_it_says(n_days, n_seeds):
    rng = np.random.default_rng(n_days)
    days = np.repeat(np.arange(n_days), 8)
    inside = 0
    for _ in range(400):
        # Days differ from each other far more than windows within a day; seeds differ a little.
        values = np.repeat(rng.normal(size=n_days), 8) + 0.1 * rng.normal(size=8 * n_days)
        seeds = values + (0.2 if n_seeds > 1 else 0) * rng.normal(size=(n_seeds, 1))
        interval = bootstrap_mean(seeds, days, resamples=400, seed=int(rng.integers(1 << 30)))
        inside += interval.low <= 0 <= interval.high
    assert 0.92 <= inside / 400 <= 0.98


@pytest.mark.parametrize("n_days", [1, 2, 3, 4, 7])
def test_few_days_give_no_interval_and_no_verdict(n_days):
    rng = np.random.default_rng(0)
    days, truth = np.repeat(np.arange(n_days), 20), rng.integers(0, 2, 20 * n_days)
    wrong = 1 - truth
    for interval in (
        bootstrap_mean(truth.astype(float), days),
        paired_mean_difference(np.ones(len(days)), np.zeros(len(days)), days),
        *score_difference(truth, truth, wrong, days, resamples=50).values(),
        *bootstrap_scores(truth, np.stack([wrong, wrong]), days, resamples=50).values(),
    ):
        assert np.isnan(interval.low)
        assert np.isnan(interval.high)
        assert not interval.excludes_zero
    assert bootstrap_mean(truth.astype(float), days).estimate == truth.mean()


def test_same_seed_same_interval_and_level_widens_it():
    days, truth, one, _ = case()
    values = (one == truth).astype(float)
    assert bootstrap_mean(values, days) == bootstrap_mean(values, days)
    assert bootstrap_mean(values, days, seed=1) != bootstrap_mean(values, days)
    wide, narrow = bootstrap_mean(values, days, level=0.99), bootstrap_mean(values, days, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.to_dict()["level"] == 0.99


def test_a_thousand_resamples_of_a_real_sized_test_split_take_well_under_a_second():
    days, truth, one, _ = case(n=20_000, n_days=18)
    started = time.process_time()
    bootstrap_scores(truth, one, days, resamples=1000)
    assert time.process_time() - started < 1.0


def test_refusals():
    with pytest.raises(ConfigError, match="resamples"):
        bootstrap_mean([1.0], ["d"], resamples=0)
    with pytest.raises(ConfigError, match="level"):
        bootstrap_mean([1.0], ["d"], level=95)
    with pytest.raises(ShapeError, match="days"):
        bootstrap_mean([], [])
    with pytest.raises(ShapeError, match="One value per window"):
        bootstrap_mean([1.0, 2.0], ["d"])
    with pytest.raises(ShapeError, match="One answer per window"):
        bootstrap_scores(["a", "b"], ["a"], ["d", "d"])
    with pytest.raises(ShapeError, match="One day per window"):
        bootstrap_scores(["a", "b"], ["a", "b"], ["d"])
