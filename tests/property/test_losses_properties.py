"""What must hold for every pairwise loss and every mask, whatever the batch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from discover.losses import (
    CLIPLoss,
    FocalSigmoidLoss,
    HardNegativeMemory,
    MaskingRule,
    PairKeys,
    SigmoidLoss,
    TargetRule,
    batch_targets,
    chunked_info_nce,
    chunked_sigmoid_loss,
    info_nce,
    mask_events,
    sigmoid_loss,
)

QUICK = settings(deadline=None, max_examples=12)
P = 6
RULES = st.sampled_from(
    [
        TargetRule(mode="identity"),
        TargetRule(),
        TargetRule(same="positive", mask_overlaps=False),
        TargetRule(near_threshold=0.5),
        TargetRule(mode="soft", soft_temperature=0.2),
    ]
)
LOSSES = st.sampled_from([CLIPLoss, SigmoidLoss, FocalSigmoidLoss])


def unit(rows: int, seed: int) -> Tensor:
    vectors = torch.randn(rows, P, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(vectors, dim=1)


def some_keys(rows: int, seed: int) -> PairKeys:
    g = torch.Generator().manual_seed(seed)
    limits = ((0, rows), (0, rows), (0, 2), (0, 6 * rows), (1, 8))
    columns = [torch.randint(low, high, (rows,), generator=g) for low, high in limits]
    return PairKeys(*columns, text=unit(rows, seed).float())


def made(kind: type[CLIPLoss]) -> CLIPLoss:
    loss = kind(temperature_init=0.1).double()
    return loss.requires_grad_(False)


@QUICK
@given(LOSSES, RULES, st.integers(1, 20), st.integers(0, 10**6))
def test_swapping_windows_and_captions_changes_nothing(kind, rule, rows, seed):
    loss, w, c, keys = made(kind), unit(rows, seed), unit(rows, seed + 1), some_keys(rows, seed)
    forth, back = loss(w, c, rule=rule, keys=keys), loss(c, w, rule=rule, keys=keys)
    assert float(forth) == pytest.approx(float(back), rel=1e-6)


@QUICK
@given(LOSSES, RULES, st.integers(2, 20), st.integers(0, 10**6))
def test_the_order_of_pairs_changes_nothing(kind, rule, rows, seed):
    loss, w, c, keys = made(kind), unit(rows, seed), unit(rows, seed + 1), some_keys(rows, seed)
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    one = loss(w, c, rule=rule, keys=keys)
    other = loss(w[order], c[order], rule=rule, keys=keys[order])
    assert float(one) == pytest.approx(float(other), rel=1e-6)


@QUICK
@given(st.integers(1, 40), st.integers(0, 10**6))
def test_all_equal_rows_give_ln_b(rows, seed):
    same = unit(1, seed).repeat(rows, 1)
    for loss in (info_nce, chunked_info_nce):
        assert float(loss(same, same, temperature=0.05)) == pytest.approx(math.log(rows), abs=1e-9)


@QUICK
@given(st.integers(1, 40), st.integers(1, 50), RULES, st.integers(0, 10**6), st.booleans())
def test_chunked_equals_dense_for_any_tile(rows, tile, rule, seed, sigmoid):
    w, c, keys = unit(rows, seed).requires_grad_(), unit(rows, seed + 1), some_keys(rows, seed)
    dense_form, chunked_form = (
        (sigmoid_loss, chunked_sigmoid_loss) if sigmoid else (info_nce, chunked_info_nce)
    )
    pairs = batch_targets(rule, keys)
    dense = dense_form(w, c, temperature=0.1, targets=pairs.targets, negatives_mask=pairs.negatives_mask)
    chunked = chunked_form(w, c, temperature=0.1, rule=rule, keys=keys, tile=tile)
    assert float(dense.detach()) == pytest.approx(float(chunked.detach()), rel=1e-6, abs=1e-9)
    torch.testing.assert_close(
        torch.autograd.grad(chunked, w)[0], torch.autograd.grad(dense, w)[0], rtol=1e-5, atol=1e-6
    )


@QUICK
@given(RULES, st.integers(1, 25), st.integers(0, 10**6))
def test_targets_are_symmetric_disjoint_and_hold_the_pair_itself(rule, rows, seed):
    pairs = batch_targets(rule, some_keys(rows, seed))
    if pairs.negatives_mask is None:
        return
    assert torch.equal(pairs.negatives_mask, pairs.negatives_mask.T)
    assert not pairs.negatives_mask.diagonal().any()
    if pairs.targets is not None:
        torch.testing.assert_close(pairs.targets, pairs.targets.T)
        assert (pairs.targets.diagonal() == 1).all()
        assert ((pairs.targets >= 0) & (pairs.targets <= 1)).all()


@QUICK
@given(
    st.sampled_from(["memory_bank", "cross_batch", "mixed"]),
    st.integers(1, 30), st.integers(1, 20), st.floats(0, 1), st.integers(0, 10**6),
)  # fmt: skip
def test_extra_negatives_never_lower_a_loss(strategy, size, rows, difficulty, seed):
    memory = HardNegativeMemory(size, P, strategy=strategy, ratio=1.0)
    memory.push(unit(25, seed + 5).float(), unit(25, seed + 6).float(), some_keys(25, seed + 7))
    w, c = unit(rows, seed).float(), unit(rows, seed + 1).float()
    extra = memory.sample(
        w, c, some_keys(rows, seed), difficulty=difficulty, generator=torch.Generator().manual_seed(seed)
    )
    for kind in (CLIPLoss, SigmoidLoss, FocalSigmoidLoss):
        loss = kind(temperature_init=0.1).requires_grad_(False)
        with_extra = float(loss(w, c, extra=extra))
        assert with_extra >= float(loss(w, c)) - 1e-5
        assert math.isfinite(with_extra)


@QUICK
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=12),
    st.floats(0.01, 0.99), st.floats(1, 20), st.floats(0, 1), st.booleans(), st.integers(0, 10**6),
)  # fmt: skip
def test_masking_keeps_its_budget_and_its_hands_off_padding(lengths, share, span, p_seed, strict, seed):
    fields, sizes = ("sensor", "room_id", "state"), (9, 6, 5)
    g = torch.Generator().manual_seed(seed)
    longest = max(lengths)
    codes = torch.stack([torch.randint(3, s, (len(lengths), longest), generator=g) for s in sizes], dim=-1)
    mask = torch.arange(longest) < torch.tensor(lengths)[:, None]
    rule = MaskingRule(
        mask_prob=share, mean_span_length=span, p_transition_seed=p_seed, strict_corr_mask=strict
    )
    masked = mask_events(codes, mask, fields, sizes, rule, generator=g)
    budget = share * torch.tensor(lengths)[:, None]
    assert ((masked.chosen.sum(1) - budget).abs() < 1 + 1e-4).all()
    assert not masked.chosen[~mask].any()
    changed = masked.codes != codes
    assert not (changed & ~masked.chosen).any()
    assert ((masked.codes == 2) | (masked.codes >= 3)).all()
    assert (masked.codes < torch.tensor(sizes)).all()
