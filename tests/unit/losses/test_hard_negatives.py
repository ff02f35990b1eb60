"""The memory of pairs and the choice of hard negatives."""

import io

import pytest
import torch
from torch import Tensor

from discover.core.errors import ConfigError, ShapeError
from discover.losses import (
    CLIPLoss,
    FocalSigmoidLoss,
    HardNegativeMemory,
    PairKeys,
    SigmoidLoss,
    TargetRule,
    choose_negatives,
)
from discover.losses.targets import never_negative

P = 8


def unit(rows: int, seed: int) -> Tensor:
    vectors = torch.randn(rows, P, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


def distinct_keys(first: int, count: int) -> PairKeys:
    rows = torch.arange(first, first + count)
    return PairKeys(rows, rows, rows * 0, rows * 10, torch.full((count,), 10))


def tangled_keys(count: int, seed: int) -> PairKeys:
    g = torch.Generator().manual_seed(seed)
    limits = ((0, 40), (0, 25), (0, 2), (0, 300), (1, 20))
    columns = [torch.randint(low, high, (count,), generator=g) for low, high in limits]
    return PairKeys(*columns, text=unit(count, seed))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class TestRingBuffer:
    def test_the_newest_pairs_stay_in_order_of_places(self):
        memory = HardNegativeMemory(5, P)
        for first in (0, 3, 6):
            memory.push(unit(3, first), unit(3, 100 + first), distinct_keys(first, 3))
        assert memory.held_keys().window_id.tolist() == [5, 6, 7, 8, 4]
        torch.testing.assert_close(memory.windows[1], unit(3, 6)[0])
        torch.testing.assert_close(memory.captions[4], unit(3, 103)[1])

    def test_a_batch_larger_than_the_memory_leaves_its_end(self):
        memory = HardNegativeMemory(4, P)
        memory.push(unit(10, 0), unit(10, 1), distinct_keys(0, 10))
        assert sorted(memory.held_keys().window_id.tolist()) == [6, 7, 8, 9]
        torch.testing.assert_close(memory.windows, unit(10, 0)[6:])

    def test_state_survives_save_and_load_to_the_bit(self):
        def filled() -> HardNegativeMemory:
            memory = HardNegativeMemory(16, P, text_dim=P, rule=TargetRule(near_threshold=0.9))
            memory.push(unit(11, 0), unit(11, 1), tangled_keys(11, 0))
            return memory

        memory, other = filled(), HardNegativeMemory(16, P, text_dim=P, rule=TargetRule(near_threshold=0.9))
        stream = io.BytesIO()
        torch.save(memory.state_dict(), stream)
        stream.seek(0)
        other.load_state_dict(torch.load(stream, weights_only=True))
        for one in (memory, other):
            one.push(unit(9, 2), unit(9, 3), tangled_keys(9, 1))
        for name, value in memory.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name
        assert not list(memory.parameters())

    def test_memory_keeps_no_graph(self):
        memory = HardNegativeMemory(4, P)
        memory.push(unit(4, 0).requires_grad_(), unit(4, 1).requires_grad_(), distinct_keys(0, 4))
        assert not memory.windows.requires_grad


@pytest.mark.parametrize("strategy", ["memory_bank", "cross_batch", "mixed"])
@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_never_a_positive_duplicate_near_same_or_overlapping_pair(strategy, difficulty):
    rule = TargetRule(near_threshold=0.6)
    memory = HardNegativeMemory(64, P, text_dim=P, strategy=strategy, ratio=5.0, rule=rule)
    memory.push(unit(50, 0), unit(50, 1), tangled_keys(50, 3))
    keys = tangled_keys(20, 4)
    extra = memory.sample(unit(20, 2), unit(20, 3), keys, difficulty=difficulty, generator=generator())
    candidates = []
    if strategy != "cross_batch":
        held = memory.held_keys()
        candidates.append(~never_negative(rule, keys, held) & (held.window_id >= 0))
    if strategy != "memory_bank":
        candidates.append(~never_negative(rule, keys, keys) & ~torch.eye(20, dtype=torch.bool))
    allowed = torch.cat(candidates, dim=1)
    assert not allowed.all()
    for mask in (extra.captions_mask, extra.windows_mask):
        assert not (mask & ~allowed).any()
        assert mask.any()


def test_each_row_gets_its_share():
    for strategy, columns in (("memory_bank", 64), ("cross_batch", 12), ("mixed", 76)):
        memory = HardNegativeMemory(64, P, strategy=strategy, ratio=0.5)
        memory.push(unit(64, 0), unit(64, 1), distinct_keys(1000, 64))
        extra = memory.sample(unit(12, 2), unit(12, 3), distinct_keys(0, 12), generator=generator())
        assert extra.captions.shape == (columns, P)
        assert extra.captions_mask.sum(1).tolist() == [6] * 12
        assert extra.windows_mask.sum(1).tolist() == [6] * 12
        if strategy == "mixed":
            assert extra.captions_mask[:, :64].sum(1).tolist() == [3] * 12


def test_an_empty_memory_gives_nothing_and_the_plain_loss():
    memory = HardNegativeMemory(16, P)
    w, c = unit(6, 0), unit(6, 1)
    extra = memory.sample(w, c, distinct_keys(0, 6), generator=generator())
    assert not extra.captions_mask.any()
    for loss in (CLIPLoss(), SigmoidLoss(), FocalSigmoidLoss()):
        loss.requires_grad_(False)
        assert float(loss(w, c, extra=extra)) == pytest.approx(float(loss(w, c)), rel=1e-6)


def test_hardest_means_the_most_similar_on_the_other_side():
    memory = HardNegativeMemory(32, P, ratio=1.0)
    memory.push(unit(32, 0), unit(32, 1), distinct_keys(1000, 32))
    w, c = unit(4, 2), unit(4, 3)
    extra = memory.sample(w, c, distinct_keys(0, 4), difficulty=1.0)
    for rows, columns, mask in (
        (w, memory.captions, extra.captions_mask),
        (c, memory.windows, extra.windows_mask),
    ):
        expected = (rows @ columns.T).topk(4, dim=1).indices.sort(dim=1).values
        assert torch.equal(mask.nonzero()[:, 1].view(4, 4), expected)


def test_drawing_follows_the_stated_probabilities():
    """First draw of k = 1: p proportional to exp(d / (1 - d) * cos / T), over 40,000 equal rows."""
    n = 40_000
    candidates = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0]])
    rows = torch.tensor([[1.0, 0.0]]).expand(n, 2)
    for difficulty in (0.0, 0.3, 0.5):
        mask = choose_negatives(
            rows, candidates, torch.ones(n, 4, dtype=torch.bool), 1,
            temperature=0.7, difficulty=difficulty, generator=generator(),
        )  # fmt: skip
        expected = torch.softmax(difficulty / (1 - difficulty) * candidates[:, 0] / 0.7, dim=0)
        torch.testing.assert_close(mask.float().mean(0), expected, atol=0.012, rtol=0)


def test_harder_settings_choose_more_similar_candidates():
    rows, candidates = unit(64, 0), unit(256, 1)
    allowed = torch.ones(64, 256, dtype=torch.bool)
    means = []
    for difficulty in (0.0, 0.25, 0.5, 0.75, 1.0):
        mask = choose_negatives(
            rows, candidates, allowed, 16, temperature=0.3, difficulty=difficulty, generator=generator()
        )
        means.append(float((rows @ candidates.T)[mask].mean()))
    assert means == sorted(means)
    assert means[-1] - means[0] > 0.4


def test_same_generator_state_same_choice():
    memory = HardNegativeMemory(64, P, strategy="mixed")
    memory.push(unit(64, 0), unit(64, 1), distinct_keys(1000, 64))
    arguments = (unit(20, 2), unit(20, 3), distinct_keys(0, 20))
    one, other, third = (memory.sample(*arguments, generator=generator(s)) for s in (5, 5, 6))
    assert torch.equal(one.captions_mask, other.captions_mask)
    assert torch.equal(one.windows_mask, other.windows_mask)
    assert not torch.equal(one.captions_mask, third.captions_mask)


@pytest.mark.parametrize("make", [CLIPLoss, SigmoidLoss, FocalSigmoidLoss])
def test_the_memory_may_move_on_between_forward_and_backward(make):
    loss, gradients = make(), []
    loss.requires_grad_(False)
    for push_first in (False, True):
        memory = HardNegativeMemory(32, P)
        memory.push(unit(32, 5), unit(32, 6), distinct_keys(1000, 32))
        w = unit(12, 0).requires_grad_()
        extra = memory.sample(w, unit(12, 1), distinct_keys(0, 12), generator=generator())
        value = loss(w, unit(12, 1), extra=extra)
        if push_first:
            memory.push(w, unit(12, 1), distinct_keys(0, 12))
        value.backward()
        gradients.append(w.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("make", [CLIPLoss, SigmoidLoss, FocalSigmoidLoss])
def test_hard_negatives_raise_every_loss_and_cross_batch_ones_carry_gradient(make):
    loss = make()
    loss.requires_grad_(False)
    c = unit(12, 1)
    gradients = []
    for strategy in (None, "memory_bank", "cross_batch"):
        w = unit(12, 0).requires_grad_()
        extra = None
        if strategy is not None:
            memory = HardNegativeMemory(32, P, strategy=strategy)
            memory.push(unit(32, 5), unit(32, 6), distinct_keys(1000, 32))
            extra = memory.sample(w, c, distinct_keys(0, 12), generator=generator())
        value = loss(w, c, extra=extra)
        value.backward()
        gradients.append((float(value.detach()), w.grad))
    plain = gradients[0][0]
    assert all(value > plain for value, _ in gradients[1:])
    assert not torch.allclose(gradients[2][1], gradients[0][1])


def test_refusals():
    with pytest.raises(ConfigError, match="memory_bank, cross_batch or mixed"):
        HardNegativeMemory(4, P, strategy="hardest")
    for wrong in ({"size": 0}, {"ratio": 0.0}, {"temperature": 0.0}):
        with pytest.raises(ConfigError, match="size >= 1"):
            HardNegativeMemory(**{"dim": P, **wrong})
    with pytest.raises(ConfigError, match="text_dim"):
        HardNegativeMemory(4, P, rule=TargetRule(near_threshold=0.9))
    memory = HardNegativeMemory(4, P)
    with pytest.raises(ShapeError, match="width 8"):
        memory.push(torch.ones(3, 5), torch.ones(3, 5), distinct_keys(0, 3))
    with pytest.raises(ConfigError, match="difficulty"):
        memory.sample(unit(3, 0), unit(3, 1), distinct_keys(0, 3), difficulty=1.5)
    with_text = HardNegativeMemory(4, P, text_dim=P)
    with pytest.raises(ShapeError, match="text embeddings"):
        with_text.push(unit(3, 0), unit(3, 1), distinct_keys(0, 3))
