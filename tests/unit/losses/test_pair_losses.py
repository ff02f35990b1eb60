"""InfoNCE, sigmoid and focal sigmoid against loops written from their papers, and their gradients."""

import math

import pytest
import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError
from discover.losses import ExtraNegatives, focal_sigmoid_loss, info_nce, sigmoid_loss

B, P, M = 7, 5, 4
SCALE = 6.0
BIAS = -1.5


def unit(rows: int, seed: int) -> Tensor:
    vectors = torch.randn(rows, P, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(vectors, dim=1)


def some_targets() -> Tensor:
    """Not symmetric, so that a direction read the wrong way round shows."""
    targets = torch.eye(B, dtype=torch.float64)
    targets[0, 3] = targets[3, 0] = 1.0
    targets[1, 2] = 0.25
    return targets


def some_mask() -> Tensor:
    mask = ~torch.eye(B, dtype=torch.bool)
    mask[0, 3] = mask[3, 0] = False
    mask[4, 5] = mask[6, 2] = mask[1, 2] = False
    return mask


def some_extra() -> ExtraNegatives:
    pick = torch.Generator().manual_seed(5)
    masks = [torch.rand(B, M, generator=pick) < 0.5 for _ in range(2)]
    masks[0][2] = False
    return ExtraNegatives(unit(M, 8), masks[0], unit(M, 9), masks[1])


CASES = [
    pytest.param(None, None, None, id="plain"),
    pytest.param(some_targets(), None, None, id="targets"),
    pytest.param(None, some_mask(), None, id="mask"),
    pytest.param(some_targets(), some_mask(), some_extra(), id="everything"),
]


def dot(a: Tensor, b: Tensor) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def slow_info_nce(w: Tensor, c: Tensor, targets: Tensor | None, mask: Tensor | None,
                  extra: ExtraNegatives | None) -> float:  # fmt: skip
    """-1/B sum_i sum_j p_ij ln(exp s_ij / sum over candidates of exp s), averaged over both directions."""
    targets = torch.eye(B) if targets is None else targets
    total = 0.0
    for way in ("window to caption", "caption to window"):
        forward = way == "window to caption"
        for i in range(B):
            anchor = w[i] if forward else c[i]
            t = [float(targets[i, j] if forward else targets[j, i]) for j in range(B)]
            free = [True if mask is None else bool(mask[i, j] if forward else mask[j, i]) for j in range(B)]
            logits = [SCALE * dot(anchor, (c if forward else w)[j]) for j in range(B)]
            candidates = [logits[j] for j in range(B) if t[j] > 0 or free[j]]
            if extra is not None:
                rows = extra.captions if forward else extra.windows
                chosen = extra.captions_mask if forward else extra.windows_mask
                candidates += [SCALE * dot(anchor, rows[m]) for m in range(M) if chosen[i, m]]
            denominator = sum(math.exp(s) for s in candidates)
            parts = [math.log(math.exp(logit) / denominator) for logit in logits]
            total -= sum(t[j] / sum(t) * parts[j] for j in range(B))
    return total / (2 * B)


def slow_sigmoid(
    w: Tensor,
    c: Tensor,
    targets: Tensor | None,
    mask: Tensor | None,
    extra: ExtraNegatives | None,
    gamma: float = 0.0,
    alpha: float | None = None,
) -> float:
    """Focal cross entropy of each pair's label, summed over pairs, divided by B (Lin et al. eq. 5)."""
    targets = torch.eye(B) if targets is None else targets
    weight_match, weight_rest = (1.0, 1.0) if alpha is None else (alpha, 1.0 - alpha)

    def cost(logit: float, label: float) -> float:
        p = 1 / (1 + math.exp(-logit))
        return -label * weight_match * (1 - p) ** gamma * math.log(p) - (
            1 - label
        ) * weight_rest * p**gamma * math.log(1 - p)

    total = 0.0
    for i in range(B):
        for j in range(B):
            label = float(targets[i, j])
            if label > 0 or mask is None or mask[i, j]:
                total += cost(SCALE * dot(w[i], c[j]) + BIAS, label)
        for m in range(M if extra is not None else 0):
            assert extra is not None
            if extra.captions_mask[i, m]:
                total += cost(SCALE * dot(w[i], extra.captions[m]) + BIAS, 0.0)
            if extra.windows_mask[i, m]:
                total += cost(SCALE * dot(c[i], extra.windows[m]) + BIAS, 0.0)
    return total / B


@pytest.mark.parametrize(("targets", "mask", "extra"), CASES)
class TestAgainstSlowTwins:
    def test_info_nce(self, targets, mask, extra):
        w, c = unit(B, 0), unit(B, 1)
        loss = info_nce(w, c, logit_scale=SCALE, targets=targets, negatives_mask=mask, extra=extra)
        assert float(loss) == pytest.approx(slow_info_nce(w, c, targets, mask, extra), rel=1e-10)

    def test_sigmoid(self, targets, mask, extra):
        w, c = unit(B, 0), unit(B, 1)
        loss = sigmoid_loss(
            w, c, logit_scale=SCALE, bias=BIAS, targets=targets, negatives_mask=mask, extra=extra
        )
        assert float(loss) == pytest.approx(slow_sigmoid(w, c, targets, mask, extra), rel=1e-10)

    @pytest.mark.parametrize(("gamma", "alpha"), [(2.0, None), (0.5, 0.25)])
    def test_focal(self, targets, mask, extra, gamma, alpha):
        w, c = unit(B, 0), unit(B, 1)
        loss = focal_sigmoid_loss(
            w, c, logit_scale=SCALE, bias=BIAS, gamma=gamma, alpha=alpha,
            targets=targets, negatives_mask=mask, extra=extra,
        )  # fmt: skip
        assert float(loss) == pytest.approx(slow_sigmoid(w, c, targets, mask, extra, gamma, alpha), rel=1e-10)

    @pytest.mark.parametrize("name", ["info_nce", "sigmoid", "focal"])
    def test_gradients_by_finite_differences(self, targets, mask, extra, name):
        rest = {"targets": targets, "negatives_mask": mask, "extra": extra}

        def loss(w: Tensor, c: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
            if name == "info_nce":
                return info_nce(w, c, logit_scale=scale, **rest) + 0 * bias
            if name == "sigmoid":
                return sigmoid_loss(w, c, logit_scale=scale, bias=bias, **rest)
            return focal_sigmoid_loss(w, c, logit_scale=scale, bias=bias, gamma=2.0, alpha=0.3, **rest)

        numbers = [unit(B, 0), unit(B, 1), torch.tensor(SCALE).double(), torch.tensor(BIAS).double()]
        assert torch.autograd.gradcheck(loss, [n.requires_grad_() for n in numbers])


def test_all_equal_rows_give_ln_of_the_number_of_pairs():
    same = unit(1, 0).repeat(B, 1)
    assert float(info_nce(same, same, temperature=0.02)) == pytest.approx(math.log(B), abs=1e-12)


def test_all_pairs_matching_and_equal_still_give_ln_b():
    same = unit(1, 0).repeat(B, 1)
    loss = info_nce(same, same, temperature=0.02, targets=torch.ones(B, B))
    assert float(loss) == pytest.approx(math.log(B), abs=1e-12)


def test_a_masked_pair_gets_no_gradient_and_a_positive_stays_in():
    w, c = unit(2, 0).requires_grad_(), unit(2, 1)
    nothing_else = torch.zeros(2, 2, dtype=torch.bool)
    loss = info_nce(w, c, temperature=0.1, negatives_mask=nothing_else)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-12)
    assert float(w.grad.abs().max()) == pytest.approx(0.0, abs=1e-12)


def test_extreme_logits_stay_finite():
    w = unit(B, 0).float().requires_grad_()
    for sign in (1.0, -1.0):
        for loss in (
            info_nce(w, sign * w.detach(), temperature=0.01),
            sigmoid_loss(w, sign * w.detach(), temperature=0.01),
            focal_sigmoid_loss(w, sign * w.detach(), temperature=0.01, gamma=0.5),
        ):
            (gradient,) = torch.autograd.grad(loss, w)
            assert torch.isfinite(loss)
            assert torch.isfinite(gradient).all()


def test_focal_with_gamma_zero_is_the_sigmoid_loss():
    w, c = unit(B, 0), unit(B, 1)
    plain = sigmoid_loss(w, c, temperature=0.1, bias=-10.0)
    assert float(focal_sigmoid_loss(w, c, temperature=0.1, gamma=0.0)) == pytest.approx(float(plain))


def test_logits_keep_float32_under_autocast():
    w, c = unit(64, 0).float(), unit(64, 1).float()
    exact = info_nce(w, c, temperature=0.01)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = info_nce(w, c, temperature=0.01)
    assert mixed.dtype == torch.float32
    assert float(mixed) == pytest.approx(float(exact), abs=1e-6)


@pytest.mark.parametrize("loss", [info_nce, sigmoid_loss, focal_sigmoid_loss])
class TestRefusals:
    def test_rows_that_cannot_be_pairs(self, loss):
        with pytest.raises(ShapeError, match=r"\(7, 5\) and \(6, 5\)"):
            loss(unit(7, 0), unit(6, 1), temperature=0.1)
        with pytest.raises(ShapeError):
            loss(unit(0, 0), unit(0, 1), temperature=0.1)

    def test_matrices_of_another_batch(self, loss):
        with pytest.raises(ShapeError, match="targets must have one row"):
            loss(unit(7, 0), unit(7, 1), temperature=0.1, targets=torch.eye(6))
        with pytest.raises(ShapeError, match="negatives_mask must have one row"):
            loss(unit(7, 0), unit(7, 1), temperature=0.1, negatives_mask=torch.eye(7)[:, :6] > 0)

    def test_scale_said_twice_or_not_at_all(self, loss):
        for arguments in ({}, {"temperature": 0.1, "logit_scale": 10.0}):
            with pytest.raises(ConfigError, match="exactly one"):
                loss(unit(3, 0), unit(3, 1), **arguments)
        with pytest.raises(ConfigError, match="must be > 0"):
            loss(unit(3, 0), unit(3, 1), temperature=0.0)


def test_focal_refuses_settings_out_of_range():
    for wrong in ({"gamma": -1.0}, {"alpha": 1.0}, {"alpha": 0.0}):
        with pytest.raises(ConfigError, match="focal_gamma"):
            focal_sigmoid_loss(unit(3, 0), unit(3, 1), temperature=0.1, **wrong)
