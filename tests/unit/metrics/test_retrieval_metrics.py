"""Ranks, recall, mAP, top-k, label precision and nDCG against brute force and scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics as sk

from discover.core.errors import ConfigError, ShapeError
from discover.metrics import (
    caption_retrieval,
    cosine_top_k,
    label_precision_at_k,
    mean_average_precision,
    median_rank,
    merge_by_text,
    ndcg_at_k,
    normalise_rows,
    recall_at_k,
    relevant_ranks,
    retrieval_scores,
)
from discover.metrics import top_k as top_k_module


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of a few rows, so that every test crosses block borders."""
    monkeypatch.setattr(top_k_module, "BLOCK_FLOATS", 300)


def case(seed: int = 0, queries: int = 50, items: int = 70, groups: int = 9):
    """Embeddings with exact ties (a tenth of the pool is one vector) and groups of several items."""
    rng = np.random.default_rng(seed)
    q, pool = rng.normal(size=(queries, 6)), rng.normal(size=(items, 6))
    pool[10:17] = pool[0]
    return (
        q,
        pool,
        rng.integers(0, groups, queries),
        np.r_[np.arange(groups), rng.integers(0, groups, items - groups)],
    )


def scores_of(q, pool):
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (q, pool)]
    # Two decimals fewer than float32 holds: equal vectors get equal scores however they are summed.
    return np.round(unit[0] @ unit[1].T, 5)


def brute_ranks(q, pool, query_groups, item_groups):
    """Sort each row by score; at equal scores irrelevant items stand before relevant ones."""
    result = []
    for row, group in zip(scores_of(q, pool), query_groups, strict=True):
        relevant = item_groups == group
        order = sorted(range(len(row)), key=lambda j: (-row[j], relevant[j]))
        result.append([place + 1 for place, j in enumerate(order) if relevant[j]])
    return result


def test_ranks_equal_brute_force():
    rows, ranks = relevant_ranks(*case())
    expected = brute_ranks(*case())
    assert ranks.tolist() == [rank for row in expected for rank in row]
    assert rows.tolist() == [i for i, row in enumerate(expected) for _ in row]


@pytest.mark.parametrize("relevant", [39, 40, 41, 60])
def test_ties_count_against_us_however_many_items_are_relevant(relevant):
    """Few relevant items are counted and many are sorted: both ways put every other tie first."""
    pool = np.ones((100, 3))
    pool[80:, 0] = -1
    groups = np.repeat([0, 1], [relevant, 100 - relevant])
    rows, ranks = relevant_ranks(np.ones((1, 3)), pool, [0], groups)
    assert (rows == 0).all()
    # 80 items tie for the best score; the relevant ones among them come last.
    assert ranks.tolist() == list(range(80 - relevant + 1, 81))
    some = np.repeat([0, 1, 0, 1], [70, 10, 5, 15])
    assert relevant_ranks(np.ones((1, 3)), pool, [0], some)[1].tolist() == [*range(11, 81), *range(96, 101)]


def test_scores_equal_brute_force():
    expected = brute_ranks(*case())
    first = np.array([row[0] for row in expected])
    found = retrieval_scores(*case(), ks=(1, 5, 10))
    assert found.recall == {k: pytest.approx(np.mean(first <= k)) for k in (1, 5, 10)}
    assert found.mrr == pytest.approx(np.mean(1 / first))
    assert found.median_rank == np.median(first)
    precision = [np.mean([(hit + 1) / rank for hit, rank in enumerate(row)]) for row in expected]
    assert found.mean_average_precision == pytest.approx(np.mean(precision))
    assert (found.n_queries, found.pool_size) == (50, 70)
    assert recall_at_k(*case(), ks=(3,)) == {3: pytest.approx(np.mean(first <= 3))}
    assert mean_average_precision(*case()) == found.mean_average_precision
    assert median_rank(*case()) == found.median_rank
    assert found.to_dict()["recall@5"] == found.recall[5]


def test_average_precision_equals_scikit_learn_without_ties():
    rng = np.random.default_rng(3)
    q, pool = rng.normal(size=(20, 8)), rng.normal(size=(60, 8))
    groups, pool_groups = rng.integers(0, 4, 20), rng.integers(0, 4, 60)
    scores = normalise_rows(q) @ normalise_rows(pool).T
    expected = [sk.average_precision_score(pool_groups == g, s) for g, s in zip(groups, scores, strict=True)]
    assert mean_average_precision(q, pool, groups, pool_groups) == pytest.approx(np.mean(expected))


def test_collapsed_embeddings_score_worst_not_best():
    same = np.tile(np.random.default_rng(0).normal(size=(1, 96)), (40, 1))
    scores = retrieval_scores(same, same)
    assert scores.recall == {1: 0.0, 5: 0.0, 10: 0.0}
    assert scores.median_rank == 40
    rows, ranks = relevant_ranks(same[:1], same, [0], [0] * 3 + [1] * 37)
    assert ranks.tolist() == [38, 39, 40]
    assert rows.tolist() == [0, 0, 0]


def test_a_perfect_model_scores_one():
    eye = np.eye(12)
    scores = retrieval_scores(eye, 5 * eye)
    assert scores.recall[1] == scores.mrr == scores.median_rank == scores.mean_average_precision == 1.0


def test_block_size_does_not_change_ranks(monkeypatch):
    small = relevant_ranks(*case(seed=5))
    monkeypatch.setattr(top_k_module, "BLOCK_FLOATS", 10**6)
    large = relevant_ranks(*case(seed=5))
    for one, other in zip(small, large, strict=True):
        assert np.array_equal(one, other)


class TestCaptionRetrieval:
    def test_windows_with_an_identical_caption_are_one_relevant_set(self):
        # Windows 0 and 1 share "a"; 1 and 2 share "b"; 3 stands alone.
        owners, texts = np.array([0, 1, 1, 2, 3]), ["a", "a", "b", "b", "c"]
        groups = merge_by_text(owners, texts, 4)
        assert groups[0] == groups[1] == groups[2] != groups[3]

    def test_both_directions_by_hand(self):
        windows = np.eye(4)[[0, 1, 2]]
        captions = np.eye(4)[[1, 0, 2]]
        plain = caption_retrieval(windows, captions, [0, 1, 2], ["a", "b", "c"], ks=(1,))
        merged = caption_retrieval(windows, captions, [0, 1, 2], ["a", "a", "c"], ks=(1,))
        for way in ("text_to_window", "window_to_text"):
            assert plain[way].recall[1] == pytest.approx(1 / 3)
            assert merged[way].recall[1] == 1.0

    def test_several_captions_per_window(self):
        rng = np.random.default_rng(0)
        windows = rng.normal(size=(15, 5))
        owners = np.repeat(np.arange(15), 4)
        captions = windows[owners] + rng.normal(size=(60, 5))
        found = caption_retrieval(windows, captions, owners, np.arange(60))
        assert found["text_to_window"].n_queries == 60
        expected = brute_ranks(windows, captions, np.arange(15), owners)
        best = np.array([row[0] for row in expected])
        assert found["window_to_text"].recall[1] == pytest.approx(np.mean(best <= 1))

    def test_a_window_without_caption_is_an_error(self):
        with pytest.raises(ConfigError, match="1 of 3 queries have no relevant item"):
            caption_retrieval(np.eye(3), np.eye(3)[:2], [0, 1], ["a", "b"])


class TestTopK:
    def test_equals_a_stable_sort(self):
        q, pool, *_ = case()
        rows, cosines = cosine_top_k(q, pool, 12)
        scores = normalise_rows(q) @ normalise_rows(pool).T
        np.testing.assert_allclose(cosines, -np.sort(-scores, axis=1)[:, :12], atol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(scores, rows, 1), cosines, atol=1e-6)
        assert all(len(set(row)) == 12 for row in rows)

    def test_ties_go_to_the_lower_row_and_negative_cosines_sort_right(self):
        pool = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [1.0, 0.0], [-1.0, -0.5], [0.0, 1.0]])
        rows, cosines = cosine_top_k([[2.0, 0.0]], pool, 10)
        assert rows.tolist() == [[1, 3, 2, 5, 4, 0]]
        assert (np.diff(cosines[0]) <= 0).all()
        rows, _ = cosine_top_k([[1.0, 0.0]], np.ones((9, 2)), 4)
        assert rows.tolist() == [[0, 1, 2, 3]]

    def test_a_zero_vector_is_nan_free(self):
        _, cosines = cosine_top_k([[0.0, 0.0]], np.eye(2), 2)
        assert cosines.tolist() == [[0.0, 0.0]]

    def test_refusals(self):
        with pytest.raises(ConfigError, match="k must be"):
            cosine_top_k(np.eye(2), np.eye(2), 0)
        with pytest.raises(ShapeError, match="one width"):
            cosine_top_k(np.eye(2), np.eye(3), 1)
        with pytest.raises(ShapeError, match="pool must not be empty"):
            cosine_top_k(np.eye(2), np.empty((0, 2)), 1)
        with pytest.raises(ShapeError, match="matrix"):
            normalise_rows([1.0, 2.0])


class TestLabelPrecision:
    def test_against_a_loop(self):
        q, pool, labels, pool_labels = case(seed=2, groups=4)
        found = label_precision_at_k(q, pool, labels, pool_labels, ks=(3, 10))
        rows, _ = cosine_top_k(q, pool, 10)
        for k in (3, 10):
            per_label = {
                label: np.mean([
                    np.mean(pool_labels[rows[i, :k]] == label) for i in range(len(q)) if labels[i] == label
                ])
                for label in set(labels)
            }  # fmt: skip
            weights = [np.sum(pool_labels == label) for label in per_label]
            values = list(per_label.values())
            assert found[f"label_precision@{k}_macro"] == pytest.approx(np.mean(values))
            assert found[f"label_precision@{k}_weighted"] == pytest.approx(
                np.average(values, weights=weights)
            )
            assert np.mean(values) != pytest.approx(np.average(values, weights=weights))

    def test_a_pool_smaller_than_k_divides_by_its_size(self):
        found = label_precision_at_k(np.eye(2), np.eye(2), ["a", "b"], ["a", "b"], ks=(10,))
        assert found["label_precision@10_macro"] == 0.5

    def test_refusals(self):
        with pytest.raises(ConfigError, match="ks must hold"):
            label_precision_at_k(np.eye(2), np.eye(2), ["a", "b"], ["a", "b"], ks=())
        with pytest.raises(ShapeError, match="One label per row"):
            label_precision_at_k(np.eye(2), np.eye(2), ["a"], ["a", "b"])
        with pytest.raises(ConfigError, match="No query's label"):
            label_precision_at_k(np.eye(2), np.eye(2), ["a", "b"], ["c", "d"])


class TestNdcg:
    def test_equals_scikit_learn_with_and_without_ties(self):
        rng = np.random.default_rng(0)
        grades = rng.integers(0, 3, (20, 30))
        for scores in (rng.normal(size=(20, 30)), rng.integers(0, 5, (20, 30)).astype(float)):
            for k in (1, 5, 10, 100):
                expected = [
                    sk.ndcg_score([2.0**g - 1], [s], k=k) for g, s in zip(grades, scores, strict=True)
                ]
                np.testing.assert_allclose(ndcg_at_k(scores, grades, k), expected)

    def test_by_hand(self):
        # Ranked: grade 0, then 2, then 1. Gains 0, 3, 1; ideal 3, 1, 0.
        expected = (3 / np.log2(3) + 1 / 2) / (3 + 1 / np.log2(3))
        assert ndcg_at_k([3.0, 2.0, 1.0], [0, 2, 1])[0] == pytest.approx(expected)

    def test_nothing_relevant_is_nan_not_zero(self):
        assert np.isnan(ndcg_at_k([1.0, 2.0], [0, 0])).all()

    def test_refusals(self):
        with pytest.raises(ShapeError, match="one shape"):
            ndcg_at_k([1.0, 2.0], [1])
        for wrong in ({"grades_QN": [1, -1]}, {"grades_QN": [1, 1], "k": 0}):
            with pytest.raises(ConfigError, match="k must be"):
                ndcg_at_k([1.0, 2.0], **wrong)


def test_retrieval_refusals():
    with pytest.raises(ConfigError, match="no query"):
        retrieval_scores(np.empty((0, 2)), np.eye(2))
    with pytest.raises(ConfigError, match="Every k"):
        retrieval_scores(np.eye(2), np.eye(2), ks=(0,))
    with pytest.raises(ShapeError, match="2 queries, 3 items"):
        retrieval_scores(np.eye(3)[:2], np.eye(3))
    with pytest.raises(ShapeError, match="Give groups for both"):
        retrieval_scores(np.eye(3), np.eye(3), [0, 1, 2], None)
    with pytest.raises(ShapeError, match="One group per row"):
        retrieval_scores(np.eye(3), np.eye(3), [0, 1], [0, 1, 2])


def test_metrics_import_no_torch_and_no_heavy_library_early():
    code = (
        "import sys, discover.metrics; print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
