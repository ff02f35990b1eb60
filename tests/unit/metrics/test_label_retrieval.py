"""Labels of retrieved items against loops over queries and scikit-learn."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from discover.core.errors import ConfigError, ShapeError
from discover.metrics import (
    cosine_top_k,
    label_means,
    label_precision_at_k,
    label_shares,
    nearest_rows,
    normalise_rows,
    retrieved_labels,
)
from discover.metrics import top_k as top_k_module


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of a few rows, so that every test crosses block borders."""
    monkeypatch.setattr(top_k_module, "BLOCK_FLOATS", 300)


def world(seed=0, n=60, width=5, labels=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)), rng.choice(list("abcdefgh")[:labels], n), rng.integers(0, 6, n)


def test_the_query_itself_is_never_found():
    vectors, _, _ = world()
    vectors[7] = vectors[3]
    found = nearest_rows(vectors, vectors, 10, own=np.arange(60))
    assert found.shape == (60, 10)
    assert not (found == np.arange(60)[:, None]).any()
    assert found[3, 0] == 7
    assert found[7, 0] == 3
    reference = NearestNeighbors(n_neighbors=11).fit(normalise_rows(vectors))
    neighbours = reference.kneighbors(normalise_rows(vectors), return_distance=False)
    for row in (r for r in range(60) if r not in (3, 7)):
        # Two equal items may stand in either order there.
        assert [3 if i == 7 else i for i in neighbours[row, 1:]] == [3 if i == 7 else i for i in found[row]]


def test_a_query_that_is_not_among_the_nearest_still_gets_k_items():
    vectors, _, _ = world()
    found = nearest_rows(vectors, vectors, 10, own=np.full(60, 59))
    everything, _ = cosine_top_k(vectors, vectors, 60)
    for row in range(60):
        assert found[row].tolist() == [i for i in everything[row] if i != 59][:10]


def test_a_small_pool_gives_what_there_is():
    vectors, _, _ = world(n=4)
    assert nearest_rows(vectors, vectors, 100, own=np.arange(4)).shape == (4, 3)
    with pytest.raises(ConfigError, match="nothing else"):
        nearest_rows(vectors[:1], vectors[:1], 3, own=np.arange(1))
    with pytest.raises(ShapeError, match="own row"):
        nearest_rows(vectors, vectors, 3, own=np.arange(3))


@pytest.mark.parametrize("equal", [2, 8, 40])
def test_ties_at_the_border_go_to_the_lower_rows(equal):
    vectors, _, _ = world(1)
    vectors[::-1][:equal] = 2 * vectors[5]
    scores = np.asarray(normalise_rows(vectors[:9]) @ normalise_rows(vectors).T)
    rows, found = cosine_top_k(vectors[:9], vectors, 7)
    for query in range(9):
        wanted = np.lexsort((np.arange(60), -np.round(scores[query], 6)))[:7]
        np.testing.assert_allclose(found[query], scores[query, wanted], atol=1e-6)
        assert len(set(rows[query])) == 7
    assert rows[5].tolist() == sorted([5, *range(60 - equal, 60)])[:7] if equal >= 6 else len(rows[5]) == 7


def test_shares_and_means_equal_the_one_call_metric():
    vectors, labels, _ = world()
    rows = nearest_rows(vectors, vectors, 20)
    shares = label_shares(rows, labels, labels, (1, 5, 20))
    by_hand = [
        [np.mean(labels[r[:k]] == label) for k in (1, 5, 20)] for r, label in zip(rows, labels, strict=True)
    ]
    np.testing.assert_allclose(shares, by_hand)
    wanted = label_precision_at_k(vectors, vectors, labels, labels, ks=(1, 5, 20))
    _, codes = np.unique(labels, return_inverse=True)
    for column, k in enumerate((1, 5, 20)):
        means = label_means(shares[:, column], codes, np.bincount(codes))
        assert means["macro"][0] == pytest.approx(wanted[f"label_precision@{k}_macro"])
        assert means["weighted"][0] == pytest.approx(wanted[f"label_precision@{k}_weighted"])


def test_a_depth_beyond_the_pool_divides_by_the_pool():
    vectors, labels, _ = world(n=8)
    rows = nearest_rows(vectors, vectors, 100)
    np.testing.assert_allclose(
        label_shares(rows, labels, labels, (100,))[:, 0], [np.mean(labels == a) for a in labels]
    )


def test_resampled_means_equal_drawing_queries():
    _, labels, days = world()
    _, codes = np.unique(labels, return_inverse=True)
    rng = np.random.default_rng(2)
    values, pool = rng.random(60), np.array([10, 20, 5, 1])
    draws = rng.multinomial(6, np.full(6, 1 / 6), size=15)
    fast = label_means(values, codes, pool, days, draws)
    for draw, macro, weighted in zip(draws, fast["macro"], fast["weighted"], strict=True):
        drawn = np.concatenate(
            [np.repeat(np.flatnonzero(days == d), 1).repeat(w) for d, w in enumerate(draw)]
        )
        present = np.unique(codes[drawn])
        means = [values[drawn][codes[drawn] == c].mean() for c in present]
        assert macro == pytest.approx(np.mean(means))
        assert weighted == pytest.approx(np.average(means, weights=pool[present]))


def test_labels_that_nobody_asks_for_do_not_count():
    codes, counts = np.array([0, 0, 2]), np.array([5, 100, 15, 7])
    alone = label_means(np.array([0.25]), np.array([0]), np.array([1]))
    assert [float(alone[name][0]) for name in ("macro", "weighted")] == [0.25, 0.25]
    found = label_means(np.array([1.0, 0.0, 0.75]), codes, counts)
    assert found["macro"].tolist() == [(0.5 + 0.75) / 2]
    assert found["weighted"].tolist() == [(5 * 0.5 + 15 * 0.75) / 20]
    # A resample without the second label counts the first alone.
    drawn = label_means(np.array([1.0, 0.0, 0.75]), codes, counts, np.array([0, 0, 1]), np.array([[2, 0]]))
    assert (drawn["macro"].tolist(), drawn["weighted"].tolist()) == ([0.5], [0.5])


def test_one_query_is_its_own_mean():
    found = label_means(np.array([0.25]), np.array([1]), np.array([3, 4]))
    assert (found["macro"].tolist(), found["weighted"].tolist()) == ([0.25], [0.25])


def test_confusion_of_retrieved_labels_counts_by_hand():
    rows = np.array([[0, 1], [2, 3], [0, 2]])
    shares = retrieved_labels(rows, np.array([0, 1, 1]), np.array([0, 0, 1, 2]), 4)
    np.testing.assert_allclose(shares, [[1, 0, 0, 0], [1 / 4, 2 / 4, 1 / 4, 0], [0] * 4, [0] * 4])


def test_bad_depths_and_labels_are_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        label_shares(np.zeros((1, 1), int), ["a"], ["a"], ())
    with pytest.raises(ShapeError, match="One label per query"):
        label_shares(np.zeros((2, 1), int), ["a"], ["a"], (1,))
