"""Mining: exact, without windows that overlap, in one space or in two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from discover.clustering.config import MiningConfig
from discover.clustering.neighbours import joint_space, mine_neighbours, mine_pairs, temporal_neighbours
from discover.core.errors import ConfigError, ShapeError


def _slow(x: NDArray[np.float32], spans: NDArray[np.float64], k: int, gap: float) -> list[list[int]]:
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = []
    for i in range(len(x)):
        allowed = [
            j
            for j in range(len(x))
            if j != i and (spans[j, 0] > spans[i, 1] + gap or spans[j, 1] < spans[i, 0] - gap)
        ]
        found.append(sorted(allowed, key=lambda j, i=i: -float(units[i] @ units[j]))[:k])  # type: ignore[misc]
    return found


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000), n=st.integers(2, 40), k=st.integers(1, 8), gap=st.sampled_from([0.0, 7.0])
)
def test_neighbours_are_those_of_the_slow_version(seed: int, n: int, k: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4)).astype(np.float32)
    begin = rng.integers(0, 200, n).astype(np.float64)
    # Nested and touching windows included: lengths differ by two orders of magnitude.
    spans = np.stack([begin, begin + rng.choice([0.0, 1.0, 100.0], n)], axis=1)
    rows, cosines = mine_neighbours(
        x, x, k, query_spans=spans, candidate_spans=spans, min_gap_s=gap, same=True
    )
    for found, expected in zip(rows, _slow(x, spans, k, gap), strict=True):
        assert found[found >= 0].tolist() == expected
    assert (np.isneginf(cosines) == (rows < 0)).all()


def test_a_window_is_not_its_own_neighbour_even_without_times() -> None:
    x = np.eye(3, dtype=np.float32)
    rows, _ = mine_neighbours(x, x, 3, same=True)
    assert all(i not in row for i, row in enumerate(rows.tolist()))
    with pytest.raises(ConfigError, match="at least 1"):
        mine_neighbours(x, x, 0)
    with pytest.raises(ShapeError, match="one width"):
        mine_neighbours(x, x[:, :2], 1)
    with pytest.raises(ShapeError, match="Spans"):
        mine_neighbours(x, x, 1, query_spans=np.zeros((2, 2)), candidate_spans=np.zeros((3, 2)))


def test_temporal_neighbours_follow_or_precede_without_overlap() -> None:
    spans = np.array([[0.0, 50], [30, 80], [60, 110], [400, 450]])
    found = [sorted(j for j in row if j >= 0) for row in temporal_neighbours(spans, 60.0).tolist()]
    assert found == [[2], [], [0], []]


def test_intersection_keeps_pairs_near_in_both_spaces() -> None:
    rng = np.random.default_rng(0)
    sensor = rng.standard_normal((40, 5)).astype(np.float32)
    captions = rng.standard_normal((40, 5)).astype(np.float32)
    both = mine_pairs(sensor, captions, None, MiningConfig(k=2, twin="intersection"))
    first, second = (mine_neighbours(x, x, 8, same=True)[0] for x in (sensor, captions))
    for i, row in enumerate(both.tolist()):
        expected = [j for j in first[i].tolist() if j in second[i].tolist()][:2]
        assert [j for j in row if j >= 0] == expected
    with pytest.raises(ConfigError, match="no caption vectors"):
        mine_pairs(sensor, None, None, MiningConfig(twin="weighted"))


def test_joint_space_mixes_the_two_cosines() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((2, 4))
    joint = joint_space(a, b, weight=0.25)
    cosine = [float(x[0] @ x[1] / np.linalg.norm(x[0]) / np.linalg.norm(x[1])) for x in (a, b)]
    assert float(joint[0] @ joint[1]) == pytest.approx(0.75 * cosine[0] + 0.25 * cosine[1], abs=1e-6)
