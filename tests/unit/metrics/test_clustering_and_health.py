"""Clustering scores and alignment health against their definitions."""

import itertools

import numpy as np
import pytest
import sklearn.metrics as sk

from discover.core.errors import ShapeError
from discover.metrics import (
    alignment_health,
    clustering_scores,
    hungarian_accuracy,
    purity,
    uniformity,
)
from discover.metrics import top_k as top_k_module


def test_clustering_scores_against_definitions():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 150)
    clusters = np.where(rng.random(150) < 0.6, labels, rng.integers(0, 5, 150))
    found = clustering_scores(labels, clusters)
    assert found["nmi"] == pytest.approx(sk.normalized_mutual_info_score(labels, clusters))
    assert found["ari"] == pytest.approx(sk.adjusted_rand_score(labels, clusters))
    assert found["v_measure"] == pytest.approx(sk.v_measure_score(labels, clusters))
    majority = sum(np.bincount(labels[clusters == c]).max() for c in np.unique(clusters))
    assert found["purity"] == purity(labels, clusters) == pytest.approx(majority / 150)
    best = max(
        sum(np.sum((clusters == c) & (labels == name)) for name, c in zip(range(4), order, strict=False))
        for order in itertools.permutations(range(5), 4)
    )
    assert found["hungarian_accuracy"] == hungarian_accuracy(labels, clusters) == pytest.approx(best / 150)


def test_renamed_clusters_are_perfect_and_one_cluster_is_not():
    labels = np.array(["a", "b", "c"] * 5)
    perfect = clustering_scores(labels, np.array([7, 3, 9] * 5))
    assert list(perfect.values()) == pytest.approx([1.0] * 5)
    lump = clustering_scores(labels, np.zeros(15))
    assert lump["ari"] == pytest.approx(0.0)
    assert lump["hungarian_accuracy"] == lump["purity"] == pytest.approx(1 / 3)


def test_many_small_clusters_are_pure_but_match_badly():
    labels = np.array([0, 0, 1, 1])
    assert purity(labels, [0, 1, 2, 3]) == 1.0
    assert hungarian_accuracy(labels, [0, 1, 2, 3]) == 0.5


@pytest.mark.parametrize("score", [clustering_scores, purity, hungarian_accuracy])
def test_clustering_refusals(score):
    with pytest.raises(ShapeError, match="one length"):
        score([1, 2], [1])


def pairs(seed: int = 0, n: int = 40):
    rng = np.random.default_rng(seed)
    windows, captions = rng.normal(size=(n, 5)), rng.normal(size=(n, 5)) + 0.5
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (windows, captions)]
    return windows, captions, *unit, rng.integers(0, 15, n)


def test_health_against_loops(monkeypatch):
    monkeypatch.setattr(top_k_module, "BLOCK_FLOATS", 100)
    windows, captions, w, c, groups = pairs()
    found = alignment_health(windows, captions, groups)
    n = len(w)
    assert found.positive_cosine == pytest.approx(np.mean([w[i] @ c[i] for i in range(n)]), abs=1e-6)
    negative = [w[i] @ c[j] for i in range(n) for j in range(n) if groups[i] != groups[j]]
    assert found.negative_cosine == pytest.approx(np.mean(negative), abs=1e-6)
    assert found.modality_gap == pytest.approx(np.linalg.norm(w.mean(0) - c.mean(0)), abs=1e-6)
    for vectors, value in ((w, found.window_uniformity), (c, found.caption_uniformity)):
        kernel = [
            np.exp(-2 * np.sum((vectors[i] - vectors[j]) ** 2)) for i in range(n) for j in range(n) if i != j
        ]
        assert value == pytest.approx(np.log(np.mean(kernel)), abs=1e-5)
    assert set(found.to_dict()) >= {"positive_cosine", "modality_gap"}


def test_without_groups_every_other_pair_is_a_negative():
    windows, captions, w, c, _ = pairs()
    off = ~np.eye(len(w), dtype=bool)
    assert alignment_health(windows, captions).negative_cosine == pytest.approx(
        (w @ c.T)[off].mean(), abs=1e-6
    )


def test_collapse_and_gap_show():
    same = np.tile([[1.0, 0.0]], (10, 1))
    collapsed = alignment_health(same, same)
    assert collapsed.window_uniformity == pytest.approx(0.0, abs=1e-6)
    assert collapsed.positive_cosine == collapsed.negative_cosine == pytest.approx(1.0)
    assert alignment_health(same, -same).modality_gap == pytest.approx(2.0)
    assert np.isnan(alignment_health(same, same, np.zeros(10)).negative_cosine)


def test_points_on_opposite_poles_have_the_lowest_pair_kernel():
    assert uniformity([[1.0, 0.0], [-1.0, 0.0]]) == pytest.approx(-8.0, abs=1e-5)
    assert np.isnan(uniformity([[1.0, 0.0]]))


def test_health_refusals():
    with pytest.raises(ShapeError, match="pairs of one width"):
        alignment_health(np.eye(3), np.eye(2))
    with pytest.raises(ShapeError, match="One group per pair"):
        alignment_health(np.eye(3), np.eye(3), [0, 1])
