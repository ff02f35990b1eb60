"""Maximal marginal relevance against the formula written out, and ranked answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.embeddings import EmbeddingTable
from discover.core.errors import ConfigError, ShapeError
from discover.core.window_set import WindowSet
from discover.retrieval import Asked, Index, maximal_marginal_relevance, rank_answers


def by_the_paper(relevance: np.ndarray, vectors: np.ndarray, k: int, balance: float) -> list[int]:
    """argmax over the rest of lambda * sim1 - (1 - lambda) * max sim2, Carbonell & Goldstein 1998."""
    chosen: list[int] = []
    while len(chosen) < min(k, len(vectors)):
        values = {
            i: balance * relevance[i]
            - (1 - balance) * max((float(vectors[i] @ vectors[j]) for j in chosen), default=0.0)
            for i in range(len(vectors))
            if i not in chosen
        }
        chosen.append(max(values, key=lambda i: (values[i], -i)))
    return chosen


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 12), k=st.integers(1, 14), balance=st.floats(0, 1), seed=st.integers(0, 1000))
def test_equals_the_formula(n: int, k: int, balance: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    relevance = rng.normal(size=n)
    wanted = by_the_paper(relevance, vectors, k, balance)
    assert maximal_marginal_relevance(relevance, vectors, k, balance=balance) == wanted


def test_a_twin_of_the_best_comes_after_something_else() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]])
    relevance = np.array([0.9, 0.89, 0.5])
    assert maximal_marginal_relevance(relevance, vectors, 3, balance=0.5) == [0, 2, 1]
    assert maximal_marginal_relevance(relevance, vectors, 3, balance=1.0) == [0, 1, 2]


def test_what_mmr_refuses() -> None:
    with pytest.raises(ConfigError, match="between 0"):
        maximal_marginal_relevance(np.ones(2), np.eye(2), 1, balance=1.5)
    with pytest.raises(ShapeError, match="one row per candidate"):
        maximal_marginal_relevance(np.ones(3), np.eye(2), 1, balance=0.5)


@pytest.fixture
def index(one_hot: EmbeddingTable, story: WindowSet) -> Index:
    return Index.build(one_hot, story, model_sha256="m")


def test_a_preference_ranks_moments_and_scores_stay_cosines(index: Index) -> None:
    query = np.array([0.9, 0.1, 0.3, 0.2, 0, 0])
    # Windows 0 and 1 are one moment; window 2 begins at 23:30, window 3 at noon of a Saturday.
    first, second, third = rank_answers(index, [Asked(query)], 3)
    assert [a.start.hour for a in (first, second, third)] == [7, 23, 12]
    at_noon = np.array([0, 0, 0, 2], dtype=np.float32)
    noon, morning, _ = rank_answers(index, [Asked(query, bonus=at_noon)], 3)
    assert (noon.start.hour, morning.start.hour) == (12, 7)
    assert noon.score == pytest.approx(0.2 / np.linalg.norm(query), abs=1e-3)
    assert (noon.preference, morning.preference) == (2, 0)


def test_merging_masks_and_diversity(index: Index) -> None:
    query = np.array([0.9, 0.8, 0.3, 0.2, 0, 0])
    assert [len(getattr(a, "hits", ())) for a in rank_answers(index, [Asked(query)], 4)] == [2, 1, 1]
    apart = rank_answers(index, [Asked(query)], 4, merge=False)
    assert [a.window_id[-1] for a in apart] == ["0", "1", "2", "3"]
    allowed = np.array([False, True, False, True])
    assert [a.window_id[-1] for a in rank_answers(index, [Asked(query, mask=allowed)], 4)] == ["1", "3"]
    assert rank_answers(index, [Asked(query)], 3, mmr=1.0) == rank_answers(index, [Asked(query)], 3)
    assert len(rank_answers(index, [Asked(query)], 2, mmr=0.5)) == 2
    assert rank_answers(index, [Asked(query, mask=np.zeros(4, dtype=bool))], 2, mmr=0.5) == []
    with pytest.raises(ConfigError, match="top_k"):
        rank_answers(index, [Asked(query)], 0)


def test_windows_that_overlap_a_window(index: Index) -> None:
    ids = index.windows["window_id"]
    assert index.overlapping(ids[0]).tolist() == [True, False, False, False]
    # Window 0 ends at 7:00:40, window 1 begins at 7:01:00.
    assert index.overlapping(ids[0], margin_s=19).tolist() == [True, False, False, False]
    assert index.overlapping(ids[0], margin_s=20).tolist() == [True, True, False, False]
    assert index.overlapping(ids[1], margin_s=20).tolist() == [True, True, False, False]


def test_diversity_weighs_the_answers_own_scores(index: Index) -> None:
    # The second best is nearly the best again; the third is unlike it but fits far less than the second.
    vectors = np.array([[1, 0, 0, 0], [0.9, 0.436, 0, 0], [0, 0.2, 0.98, 0], [0, 0, 0, 1]])
    other = Index(vectors.astype(np.float16), index.windows, "m")
    query = np.array([0.9, 0.4, 0.1, 0.05])
    order = {
        balance: [a.window_id[-1] for a in rank_answers(other, [Asked(query)], 4, merge=False, mmr=balance)]
        for balance in (0.8, 0.2)
    }
    assert order[0.8][:2] == ["1", "0"]
    assert order[0.2][:2] == ["1", "3"]
    assert order[0.8] == [
        ["1", "0", "2", "3"][i]
        for i in by_the_paper(other.top_rows(query, 4)[1][0], vectors[[1, 0, 2, 3]], 4, 0.8)
    ]
