"""The chunked losses equal the dense ones, value and gradient, whatever the tile."""

import dataclasses

import pytest
import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError
from discover.losses import (
    ExtraNegatives,
    PairKeys,
    TargetRule,
    batch_targets,
    chunked_info_nce,
    chunked_sigmoid_loss,
    focal_sigmoid_loss,
    info_nce,
    sigmoid_loss,
)

B, P, M = 53, 16, 9


def unit(rows: int, seed: int, width: int = P, dtype: torch.dtype = torch.float32) -> Tensor:
    vectors = torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return torch.nn.functional.normalize(vectors, dim=1)


def some_keys() -> PairKeys:
    g = torch.Generator().manual_seed(2)
    return PairKeys(
        torch.arange(B) // 2,
        torch.randint(0, 30, (B,), generator=g),
        torch.randint(0, 2, (B,), generator=g),
        torch.randint(0, 200, (B,), generator=g),
        torch.randint(1, 12, (B,), generator=g),
        unit(B, 3, 4),
    )


def some_extra() -> ExtraNegatives:
    g = torch.Generator().manual_seed(4)
    masks = [torch.rand(B, M, generator=g) < 0.5 for _ in range(2)]
    masks[0][5] = False
    return ExtraNegatives(unit(M, 5), masks[0], unit(M, 6), masks[1])


RULES = [
    TargetRule(mode="identity"),
    TargetRule(),
    TargetRule(same="positive"),
    TargetRule(near_threshold=0.7, near_same="positive"),
    TargetRule(near_threshold=0.7),
    TargetRule(mode="soft", soft_temperature=0.3),
]
DENSE = {"info_nce": info_nce, "sigmoid": sigmoid_loss, "focal": focal_sigmoid_loss}
CHUNKED = {"info_nce": chunked_info_nce, "sigmoid": chunked_sigmoid_loss, "focal": chunked_sigmoid_loss}


def value_and_gradients(kind: str, chunked: bool, rule: TargetRule, extra: ExtraNegatives | None, tile: int):
    inputs = [unit(B, 0), unit(B, 1), torch.tensor(14.0), torch.tensor(-3.0)]
    w, c, scale, bias = (tensor.requires_grad_() for tensor in inputs)
    arguments = {"logit_scale": scale, "extra": extra}
    if kind != "info_nce":
        arguments["bias"] = bias
    if kind == "focal":
        arguments |= {"gamma": 1.5, "alpha": 0.3}
    keys = some_keys()
    if chunked:
        loss = CHUNKED[kind](w, c, rule=rule, keys=keys, tile=tile, **arguments)
    else:
        made = batch_targets(rule, keys)
        arguments |= {"targets": made.targets, "negatives_mask": made.negatives_mask}
        loss = DENSE[kind](w, c, **arguments)
    # A factor, so that a backward pass which forgets the incoming gradient is caught.
    (3.0 * loss).backward()
    return loss.detach(), [t.grad for t in inputs if t.grad is not None]


@pytest.mark.parametrize("kind", DENSE)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("with_extra", [False, True])
def test_equals_the_dense_form(kind, rule, with_extra):
    extra = some_extra() if with_extra else None
    expected, gradients = value_and_gradients(kind, False, rule, extra, 0)
    for tile in (17,) if with_extra else (17, 1000):
        loss, found = value_and_gradients(kind, True, rule, extra, tile)
        torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
        assert len(found) == len(gradients)
        for one, other in zip(found, gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", DENSE)
@pytest.mark.parametrize("rule", [RULES[0], RULES[2], RULES[5]])
def test_gradients_by_finite_differences(kind, rule):
    keys = some_keys()[:7]
    keys = dataclasses.replace(keys, text=keys.text.double())
    w, c = unit(7, 0, 5, torch.float64), unit(7, 1, 5, torch.float64)

    def loss(w: Tensor, c: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        arguments = {"logit_scale": scale, "rule": rule, "keys": keys, "tile": 3}
        if kind == "info_nce":
            return chunked_info_nce(w, c, **arguments) + 0 * bias
        focal = {"gamma": 2.0, "alpha": 0.3} if kind == "focal" else {}
        return chunked_sigmoid_loss(w, c, bias=bias, **focal, **arguments)

    numbers = [w, c, torch.tensor(6.0).double(), torch.tensor(-1.5).double()]
    assert torch.autograd.gradcheck(loss, [n.requires_grad_() for n in numbers], fast_mode=False)


@pytest.mark.parametrize("loss", [chunked_info_nce, chunked_sigmoid_loss])
def test_sharp_logits_stay_finite_and_equal(loss):
    w = unit(B, 0).requires_grad_()
    opposite = -w.detach()
    chunked = loss(w, opposite, temperature=0.01, tile=10)
    dense = (info_nce if loss is chunked_info_nce else sigmoid_loss)(w, opposite, temperature=0.01)
    torch.testing.assert_close(chunked, dense)
    (gradient,) = torch.autograd.grad(chunked, w)
    torch.testing.assert_close(gradient, torch.autograd.grad(dense, w)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", [chunked_info_nce, chunked_sigmoid_loss])
def test_no_gradient_wanted_gives_the_same_value(loss):
    assert float(loss(unit(B, 0), unit(B, 1), temperature=0.1, tile=10)) == pytest.approx(
        float(loss(unit(B, 0), unit(B, 1), temperature=0.1, tile=100)), rel=1e-6
    )


@pytest.mark.parametrize("loss", [chunked_info_nce, chunked_sigmoid_loss])
def test_half_precision_inputs_get_half_precision_gradients(loss):
    w = unit(B, 0).bfloat16().requires_grad_()
    c = unit(B, 1).bfloat16()
    value = loss(w, c, temperature=0.1)
    value.backward()
    assert value.dtype == torch.float32
    assert w.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("loss", [chunked_info_nce, chunked_sigmoid_loss])
def test_nothing_of_size_b_by_b_is_made(loss, monkeypatch):
    """Count the elements of the largest tensor that any operation returns."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
            nonlocal largest
            result = function(*arguments, **(keywords or {}))
            for tensor in result if isinstance(result, list | tuple) else [result]:
                if isinstance(tensor, Tensor):
                    largest = max(largest, tensor.numel())
            return result

    n = 256
    keys = PairKeys(*(torch.arange(n),) * 4, torch.ones(n, dtype=torch.int64))
    w = unit(n, 0, 4).requires_grad_()
    with Watch():
        loss(w, unit(n, 1, 4), temperature=0.1, rule=TargetRule(), keys=keys, tile=32).backward()
    assert 0 < largest <= max(32 * 32, n * 4)


def test_refusals():
    for loss in (chunked_info_nce, chunked_sigmoid_loss):
        with pytest.raises(ConfigError, match="need the keys of all 53 pairs, got none"):
            loss(unit(B, 0), unit(B, 1), temperature=0.1, rule=TargetRule())
        with pytest.raises(ConfigError, match="got 52"):
            loss(unit(B, 0), unit(B, 1), temperature=0.1, rule=TargetRule(), keys=some_keys()[:52])
        with pytest.raises(ShapeError):
            loss(unit(B, 0), unit(B - 1, 1), temperature=0.1)
        with pytest.raises(ConfigError, match="tile"):
            loss(unit(B, 0), unit(B, 1), temperature=0.1, tile=0)
