"""SCAN, self-labelling and TEMI losses against slow versions written from the papers."""

import math

import pytest
import torch

from discover.core.errors import ConfigError, ShapeError
from discover.losses import scan_loss, self_label_loss, temi_loss


def _logits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_scan_loss_is_the_papers_formula() -> None:
    a, b = _logits(7, 2, 4), _logits(7, 2, 4, seed=1)
    got = scan_loss(a, b, entropy_weight=3.0)
    for head in range(2):
        p, q = a[:, head].softmax(-1), b[:, head].softmax(-1)
        consistency = -sum(math.log(float(p[i] @ q[i])) for i in range(7)) / 7
        mean = p.mean(0)
        negative_entropy = sum(float(m) * math.log(float(m)) for m in mean)
        assert float(got.consistency[head]) == pytest.approx(consistency)
        assert float(got.total[head]) == pytest.approx(consistency + 3.0 * negative_entropy)


def test_scan_loss_is_lowest_when_pairs_agree_on_equal_clusters() -> None:
    sure = 100 * torch.eye(4, dtype=torch.float64)
    good = scan_loss(sure, sure, entropy_weight=1.0)
    assert float(good.total) == pytest.approx(-math.log(4))
    collapsed = scan_loss(sure[[0, 0, 0, 0]], sure[[0, 0, 0, 0]], entropy_weight=1.0)
    assert float(collapsed.total) == pytest.approx(0.0, abs=1e-12)
    assert torch.isfinite(scan_loss(sure, sure.flip(0), entropy_weight=1.0).total)


def test_scan_loss_refuses_other_shapes_and_weights() -> None:
    with pytest.raises(ShapeError, match="one shape"):
        scan_loss(_logits(3, 4), _logits(4, 4), entropy_weight=1.0)
    with pytest.raises(ConfigError, match="entropy_weight"):
        scan_loss(_logits(3, 4), _logits(3, 4), entropy_weight=-1.0)


def test_self_label_loss_balances_clusters_and_skips_unsure_windows() -> None:
    teacher = torch.tensor([[9.0, 0, 0], [9.0, 0, 0], [9.0, 0, 0], [0, 9.0, 0], [0.1, 0, 0]])
    student = _logits(5, 3).float()
    losses = -student.log_softmax(-1)
    expected = (losses[:3, 0].mean() + losses[3, 1]) / 2
    got = self_label_loss(teacher, student, threshold=0.9)
    assert got is not None
    assert float(got) == pytest.approx(float(expected), rel=1e-5)
    assert self_label_loss(teacher[4:], student[4:], threshold=0.9) is None


def test_temi_loss_is_the_papers_formula() -> None:
    s, t = (_logits(5, 2, 3), _logits(5, 2, 3, seed=1)), (_logits(5, 2, 3, seed=2), _logits(5, 2, 3, seed=3))
    m = torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]], dtype=torch.float64)
    beta = 0.6
    qs, qt = [x.softmax(-1) for x in s], [x.softmax(-1) for x in t]
    expected = torch.zeros(2, dtype=torch.float64)
    for i in range(5):
        weight = sum(float(qt[0][i, h] @ qt[1][i, h]) for h in range(2)) / 2
        for h in range(2):
            pmi = sum(
                math.log(
                    sum(float((qs[a][i, h, c] * qt[1 - a][i, h, c]) ** beta / m[h, c]) for c in range(3))
                )
                for a in (0, 1)
            )
            expected[h] -= weight * pmi / 2 / 5
    torch.testing.assert_close(temi_loss(s, t, m, beta=beta), expected)
    with pytest.raises(ConfigError, match="beta"):
        temi_loss(s, t, m, beta=0.5)
    with pytest.raises(ShapeError, match="one shape"):
        temi_loss(s, t, m[:1], beta=beta)


def test_no_gradient_reaches_the_teachers() -> None:
    s = _logits(4, 1, 3).requires_grad_()
    t = _logits(4, 1, 3, seed=1).requires_grad_()
    temi_loss((s, s), (t, t), torch.full((1, 3), 1 / 3), beta=0.6).sum().backward()
    assert s.grad is not None
    assert t.grad is None
