"""Which partner a window is trained with: kinds in their share, neighbours alike, never the padding."""

import numpy as np
import pytest
import torch

from discover.clustering.pairs import PairTable

DRAWS = 40_000


def drawn(table: PairTable, anchor: int, seed: int = 0) -> dict[int, float]:
    """Share of each partner among many draws for one window."""
    anchors = torch.full((DRAWS,), anchor)
    found = table.draw(anchors, torch.Generator().manual_seed(seed)).numpy()
    names, counts = np.unique(found, return_counts=True)
    return dict(zip(names.tolist(), (counts / DRAWS).tolist(), strict=True))


@pytest.fixture
def table() -> PairTable:
    """Window 0 has both kinds of neighbours, 1 only similar ones, 2 only near ones, 3 none; 0 pads."""
    return PairTable(
        alike=torch.tensor([[11, 12, 13, 14], [21, 22, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        n_alike=torch.tensor([4, 2, 0, 0]),
        near=torch.tensor([[51, 52], [0, 0], [61, 0], [0, 0]]),
        n_near=torch.tensor([2, 0, 1, 0]),
        near_share=0.3,
    )


def test_both_kinds_come_in_their_share_and_each_neighbour_alike(table: PairTable) -> None:
    shares = drawn(table, 0)
    expected = dict.fromkeys((11, 12, 13, 14), 0.7 / 4) | dict.fromkeys((51, 52), 0.15)
    assert shares == pytest.approx(expected, abs=0.01)


def test_a_window_with_one_kind_draws_that_kind_only_and_never_the_padding(table: PairTable) -> None:
    assert drawn(table, 1) == pytest.approx({21: 0.5, 22: 0.5}, abs=0.01)
    assert drawn(table, 2) == {61: 1.0}


@pytest.mark.parametrize(("share", "kind"), [(0.0, (11, 12, 13, 14)), (1.0, (51, 52))])
def test_a_share_of_nothing_or_all(table: PairTable, share: float, kind: tuple[int, ...]) -> None:
    extreme = PairTable(table.alike, table.n_alike, table.near, table.n_near, share)
    assert tuple(sorted(drawn(extreme, 0))) == kind


def test_each_anchor_gets_its_own_partner_and_a_seed_repeats(table: PairTable) -> None:
    assert table.anchors.tolist() == [0, 1, 2]
    anchors = torch.tensor([2, 1, 2, 0, 1] * 50)
    first, second = (table.draw(anchors, torch.Generator().manual_seed(4)) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert (first[anchors == 2] == 61).all()
    assert set(first[anchors == 1].tolist()) == {21, 22}
    assert len(set(first[anchors == 0].tolist())) == 6
    other = table.draw(anchors, torch.Generator().manual_seed(5))
    assert other.tolist() != first.tolist()
