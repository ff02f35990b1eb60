"""The modules that own temperature and bias."""

import math

import pytest
import torch
from torch import Tensor

from discover.core.errors import ConfigError
from discover.losses import (
    CLIPLoss,
    FocalSigmoidLoss,
    LogitScale,
    PairKeys,
    SigmoidLoss,
    TargetRule,
    batch_targets,
    info_nce,
    sigmoid_loss,
)

B, P = 12, 6
EACH = pytest.mark.parametrize("make", [CLIPLoss, SigmoidLoss, FocalSigmoidLoss])


def unit(seed: int) -> Tensor:
    vectors = torch.randn(B, P, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def some_keys() -> PairKeys:
    rows = torch.arange(B)
    return PairKeys(rows, rows // 3, rows * 0, rows * 10, torch.full((B,), 12))


def test_clip_loss_is_info_nce_at_the_stored_temperature():
    module = CLIPLoss(temperature_init=0.05)
    assert float(module.logit_scale.log_scale.detach()) == pytest.approx(math.log(20.0))
    expected = info_nce(unit(0), unit(1), temperature=0.05)
    assert float(module(unit(0), unit(1)).detach()) == pytest.approx(float(expected))


def test_sigmoid_loss_starts_at_bias_minus_ten():
    module = SigmoidLoss(temperature_init=0.1)
    expected = sigmoid_loss(unit(0), unit(1), temperature=0.1, bias=-10.0)
    assert float(module(unit(0), unit(1)).detach()) == pytest.approx(float(expected))


def test_focal_module_uses_its_gamma_and_alpha():
    values = {
        float(FocalSigmoidLoss(0.1, gamma=g, alpha=a)(unit(0), unit(1)).detach())
        for g, a in ((2.0, None), (1.0, None), (2.0, 0.25))
    }
    assert len(values) == 3


@EACH
def test_every_parameter_gets_a_gradient(make):
    module = make()
    module(unit(0), unit(1)).backward()
    names = {name for name, parameter in module.named_parameters() if parameter.grad is not None}
    assert names == {name for name, _ in module.named_parameters()}
    assert "logit_scale.log_scale" in names


@EACH
def test_a_fixed_temperature_is_a_buffer_in_the_state(make):
    module = make(learnable_temperature=False)
    assert "logit_scale.log_scale" not in dict(module.named_parameters())
    assert "logit_scale.log_scale" in module.state_dict()


@EACH
def test_the_chunked_form_takes_over_without_changing_the_loss(make):
    rule, keys = TargetRule(), some_keys()
    for arguments in ({}, {"rule": rule, "keys": keys}):
        losses, gradients = [], []
        for chunk_from in (B + 1, B):
            module = make(chunk_from=chunk_from)
            windows = unit(0).requires_grad_()
            loss = module(windows, unit(1), **arguments)
            loss.backward()
            losses.append(float(loss.detach()))
            gradients.append(windows.grad)
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
        torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-5)


def test_chunk_from_decides_the_form(monkeypatch):
    called = []
    monkeypatch.setattr("discover.losses.modules.chunked_info_nce", lambda *_, **__: called.append(1))
    CLIPLoss(chunk_from=B + 1)(unit(0), unit(1))
    assert not called
    CLIPLoss(chunk_from=B)(unit(0), unit(1))
    assert called


@EACH
def test_rule_and_ready_matrices_agree(make):
    rule, keys = TargetRule(), some_keys()
    made = batch_targets(rule, keys)
    module = make()
    module.requires_grad_(False)
    by_rule = module(unit(0), unit(1), rule=rule, keys=keys)
    by_matrix = module(unit(0), unit(1), targets=made.targets, negatives_mask=made.negatives_mask)
    assert float(by_rule) == float(by_matrix)
    assert float(by_rule) != float(module(unit(0), unit(1)))


def test_rule_with_matrices_or_without_keys_is_refused():
    with pytest.raises(ConfigError, match="not both"):
        CLIPLoss()(unit(0), unit(1), targets=torch.eye(B), rule=TargetRule())
    for chunk_from in (B, B + 1):
        with pytest.raises(ConfigError, match="need the keys"):
            CLIPLoss(chunk_from=chunk_from)(unit(0), unit(1), rule=TargetRule())


class TestTemperatureLimit:
    def at(self, log_scale: float) -> LogitScale:
        module = LogitScale(0.02)
        with torch.no_grad():
            module.log_scale.fill_(log_scale)
        return module

    def test_never_below_one_hundredth(self):
        module = self.at(10.0)
        assert float(module().detach()) == pytest.approx(100.0)
        assert module.temperature == pytest.approx(0.01)

    def test_gradient_that_pushes_further_out_is_stopped(self):
        module = self.at(10.0)
        (-module()).backward()
        assert float(module.log_scale.grad) == 0.0

    def test_gradient_that_leads_back_passes(self):
        module = self.at(10.0)
        module().backward()
        assert float(module.log_scale.grad) == pytest.approx(100.0)

    def test_gradient_inside_is_untouched(self):
        module = self.at(1.0)
        (-module()).backward()
        assert float(module.log_scale.grad) == pytest.approx(-math.e)

    def test_a_start_below_is_refused(self):
        for wrong in (0.001, math.nan, math.inf):
            with pytest.raises(ConfigError, match=r"at least 0\.01"):
                LogitScale(wrong)
