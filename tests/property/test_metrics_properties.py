"""What must hold for every metric, whatever the data."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.metrics import (
    bootstrap_interval,
    bootstrap_scores,
    classification_scores,
    cosine_top_k,
    hungarian_accuracy,
    macro_f1,
    ndcg_at_k,
    purity,
    relevant_ranks,
    retrieval_scores,
)

QUICK = settings(deadline=None, max_examples=25)
SEEDS = st.integers(0, 10**6)


def embeddings(rows: int, seed: int) -> np.ndarray:
    """Coarse values, so that ties and repeated vectors are common."""
    return np.random.default_rng(seed).integers(-1, 2, size=(rows, 3)).astype(float)


@QUICK
@given(st.integers(1, 25), st.integers(0, 25), st.integers(1, 6), SEEDS)
def test_ranks_are_a_pessimistic_sort(queries, more, groups, seed):
    rng = np.random.default_rng(seed)
    q, pool = embeddings(queries, seed), embeddings(groups + more, seed + 1)
    query_groups = rng.integers(0, groups, queries)
    item_groups = np.r_[np.arange(groups), rng.integers(0, groups, more)]
    rows, ranks = relevant_ranks(q, pool, query_groups, item_groups)
    lengths = [np.linalg.norm(v, axis=1, keepdims=True) for v in (q, pool)]
    unit = [v / np.where(n > 0, n, 1) for v, n in zip((q, pool), lengths, strict=True)]
    scores = np.round(unit[0] @ unit[1].T, 5)
    for i in range(queries):
        relevant = item_groups == query_groups[i]
        order = sorted(range(len(pool)), key=lambda j: (-scores[i, j], relevant[j]))
        assert ranks[rows == i].tolist() == [place + 1 for place, j in enumerate(order) if relevant[j]]


@QUICK
@given(st.integers(1, 30), SEEDS)
def test_retrieval_does_not_depend_on_the_order_of_the_pool(n, seed):
    rng = np.random.default_rng(seed)
    q, pool, groups = embeddings(n, seed), embeddings(n, seed + 1), rng.integers(0, 5, n)
    order = rng.permutation(n)
    one, other = (retrieval_scores(q, pool[o], groups, groups[o]) for o in (np.arange(n), order))
    assert one == other
    values = [one.recall[k] for k in (1, 5, 10)]
    assert values == sorted(values)
    assert 0 < one.mean_average_precision <= 1


@QUICK
@given(st.integers(1, 20), st.integers(1, 40), st.integers(1, 50), SEEDS)
def test_top_k_is_a_stable_sort(queries, items, k, seed):
    # Halves in two dimensions: products are exact, so ties are exact too.
    rng = np.random.default_rng(seed)
    pool = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])[rng.integers(0, 4, items)]
    q = np.array([[1.0, 0.0], [0.0, -1.0]])[rng.integers(0, 2, queries)]
    rows, cosines = cosine_top_k(q, pool, k)
    expected = np.argsort(-(q @ pool.T), axis=1, kind="stable")[:, :k]
    assert np.array_equal(cosines, np.take_along_axis(q @ pool.T, expected, axis=1))
    assert np.array_equal(rows, expected)


@QUICK
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60))
def test_classification_equals_scikit_learn(pairs):
    truth, guess = (np.array(side) for side in zip(*pairs, strict=True))
    present = np.unique(truth)
    scores = classification_scores(truth, guess).scores
    for average in ("macro", "weighted"):
        expected = sk.f1_score(truth, guess, labels=present, average=average, zero_division=0)
        assert scores[f"{average}_f1"] == pytest.approx(expected)
    expected = sk.recall_score(truth, guess, labels=present, average="macro", zero_division=0)
    assert scores["balanced_accuracy"] == pytest.approx(expected)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 60), st.integers(1, 6), SEEDS)
def test_fast_bootstrap_equals_the_plain_one(n, n_days, seed):
    rng = np.random.default_rng(seed)
    days, truth, guess = rng.integers(0, n_days, n), rng.integers(0, 4, n), rng.integers(0, 4, n)
    fast = bootstrap_scores(truth, guess, days, resamples=20, seed=seed)["macro_f1"]
    plain = bootstrap_interval(lambda r: macro_f1(truth[r], guess[r]), days, resamples=20, seed=seed)
    assert [fast.estimate, fast.low, fast.high] == pytest.approx(
        [plain.estimate, plain.low, plain.high], nan_ok=True
    )
    assert np.isnan(fast.low) or fast.low <= fast.high


@QUICK
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=50))
def test_hungarian_accuracy_is_at_most_purity_and_ignores_names(pairs):
    labels, clusters = (np.array(side) for side in zip(*pairs, strict=True))
    matched = hungarian_accuracy(labels, clusters)
    assert 0 < matched <= purity(labels, clusters) <= 1
    assert matched == hungarian_accuracy(labels, (clusters * 5 + 3) % 7)


@QUICK
@given(st.integers(1, 15), st.integers(1, 20), SEEDS)
def test_ndcg_is_one_for_the_ideal_order_and_lower_for_any_other(n, k, seed):
    rng = np.random.default_rng(seed)
    grades = rng.integers(0, 3, n)
    found = ndcg_at_k(rng.integers(0, 4, n).astype(float), grades, k)[0]
    ideal = ndcg_at_k(grades.astype(float), grades, k)[0]
    if grades.any():
        assert ideal == pytest.approx(1.0)
        assert -1e-12 <= found <= 1 + 1e-12
    else:
        assert np.isnan(found)
