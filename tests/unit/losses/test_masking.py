"""Masked event modelling: who is masked, how often, with what, and the loss over it."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from discover.core.errors import ConfigError, ShapeError
from discover.core.vocabulary import MASK, PAD, UNK
from discover.losses import IGNORE, MaskingRule, mask_events, masked_event_loss
from discover.losses.masking import _earliest_cover, room_changes

FIELDS = ("sensor", "state", "room_id", "sensor_type", "sensor_detail", "tod_bucket", "time_delta_bucket")
SIZES = (33, 5, 10, 6, 12, 9, 8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_events(windows: int = 2000, longest: int = 40, shortest: int = 5) -> tuple[Tensor, Tensor]:
    """Random events with rooms that change at every fifth event, padded behind each window's end."""
    g = generator(1)
    codes = torch.stack([torch.randint(3, size, (windows, longest), generator=g) for size in SIZES], dim=-1)
    moved = torch.rand(windows, longest, generator=g) < 0.2
    codes[..., 2] = moved.cumsum(1) % 7 + 3
    lengths = torch.randint(shortest, longest + 1, (windows,), generator=g)
    mask = torch.arange(longest) < lengths[:, None]
    codes[~mask] = PAD
    return codes, mask


@pytest.mark.parametrize("mask_prob", [0.05, 0.25, 0.5])
@pytest.mark.parametrize("strict", [False, True])
def test_measured_rates_are_the_configured_ones_within_one_percent(mask_prob, strict):
    codes, mask = some_events()
    rule = MaskingRule(mask_prob=mask_prob, strict_corr_mask=strict)
    chosen = mask_events(codes, mask, FIELDS, SIZES, rule, generator=generator()).chosen
    rates = chosen[mask].float().mean(0)
    torch.testing.assert_close(rates, torch.full_like(rates, mask_prob), rtol=0.01, atol=0.0005)


def test_every_window_gets_its_budget_rounded_up_or_down():
    codes, mask = some_events()
    chosen = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(), generator=generator()).chosen
    exact = 0.25 * mask.sum(1, keepdim=True)
    counts = chosen.sum(1)
    assert ((counts - exact).abs() < 1).all()
    assert (counts > exact).any()
    assert (counts < exact).any()


def test_padding_is_never_touched():
    codes, mask = some_events()
    masked = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(mask_prob=0.9), generator=generator())
    assert not masked.chosen[~mask].any()
    assert not masked.blackout[~mask].any()
    assert (masked.codes[~mask] == PAD).all()
    assert (masked.targets[~mask] == IGNORE).all()


def test_eighty_ten_ten():
    codes, mask = some_events()
    masked = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(mask_prob=0.5), generator=generator())
    for place, size in enumerate(SIZES):
        chosen = masked.chosen[..., place]
        before, after = codes[..., place][chosen], masked.codes[..., place][chosen]
        assert float((after == MASK).float().mean()) == pytest.approx(0.8, abs=0.01)
        # A random real id is the old one by chance once in (size - 3) times.
        other = 0.1 * (1 - 1 / (size - 3))
        changed = (after != MASK) & (after != before)
        # Events of a window are alike in no way here, but runs of one room make this one noisier.
        assert float(changed.float().mean()) == pytest.approx(other, abs=0.01)
        assert (masked.targets[..., place][chosen] == before).all()
    untouched = ~masked.chosen
    assert (masked.codes[untouched] == codes[untouched]).all()
    assert (masked.targets[untouched] == IGNORE).all()


def test_mask_is_an_id_of_its_own_and_random_ids_are_real_ones():
    codes, mask = some_events()
    rule = MaskingRule(mask_prob=0.5, p_mask=0.0, p_random=1.0)
    replaced = mask_events(codes, mask, FIELDS, SIZES, rule, generator=generator())
    for place, size in enumerate(SIZES):
        seen = replaced.codes[..., place][replaced.chosen[..., place]]
        assert int(seen.min()) == 3
        assert int(seen.max()) == size - 1
        assert len(seen.unique()) == size - 3
    all_masked = mask_events(
        codes, mask, FIELDS, SIZES, MaskingRule(p_mask=1.0, p_random=0.0), generator=generator()
    )
    assert (all_masked.codes[all_masked.chosen] == MASK).all()


def test_a_field_without_real_ids_gets_the_mask_instead_of_a_random_one():
    codes, mask = some_events(50)
    codes[..., 0] = torch.where(mask, UNK, PAD)
    rule = MaskingRule(p_mask=0.0, p_random=1.0, strict_corr_mask=False)
    masked = mask_events(codes, mask, FIELDS, (3, *SIZES[1:]), rule, generator=generator())
    assert (masked.codes[..., 0][masked.chosen[..., 0]] == MASK).all()


def test_unknown_values_are_hidden_but_not_asked_for():
    codes, mask = some_events(50)
    codes[..., 1] = torch.where(mask, UNK, PAD)
    masked = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(), generator=generator())
    assert masked.chosen[..., 1].any()
    assert (masked.targets[..., 1] == IGNORE).all()


class TestCorrelatedFields:
    FOLLOW = (0, 2, 3, 4)

    def test_strict_hides_sensor_room_type_and_detail_together(self):
        codes, mask = some_events(500)
        masked = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(), generator=generator())
        for place in self.FOLLOW[1:]:
            assert torch.equal(masked.chosen[..., place], masked.chosen[..., 0])
        # Their fate is one too: nowhere is the sensor under MASK while its room shows.
        under_mask = masked.codes == MASK
        for place in self.FOLLOW[1:]:
            assert torch.equal(under_mask[..., place], under_mask[..., 0])
        for place in (1, 5, 6):
            assert not torch.equal(masked.chosen[..., place], masked.chosen[..., 0])

    def test_otherwise_each_field_has_its_own_spans(self):
        codes, mask = some_events(500)
        rule = MaskingRule(strict_corr_mask=False, p_transition_seed=0.0)
        chosen = mask_events(codes, mask, FIELDS, SIZES, rule, generator=generator()).chosen
        for one in range(len(FIELDS)):
            for other in range(one):
                together = (chosen[..., one] & chosen[..., other]).sum() / chosen[..., one].sum()
                assert float(together) == pytest.approx(0.25, abs=0.05)

    def test_only_the_fields_asked_for_are_masked(self):
        codes, mask = some_events(100)
        rule = MaskingRule(fields=("state", "tod_bucket"))
        chosen = mask_events(codes, mask, FIELDS, SIZES, rule, generator=generator()).chosen
        assert chosen.flatten(0, 1).any(0).tolist() == [f in ("state", "tod_bucket") for f in FIELDS]


class TestSpans:
    @pytest.mark.parametrize("mean", [1.0, 3.0, 8.0])
    def test_mean_length_of_a_lone_span(self, mean):
        """One masked share so small that spans rarely meet, one window so long that few are cut."""
        windows, longest = 300, 2000
        codes = torch.full((windows, longest, 1), 3)
        mask = torch.ones(windows, longest, dtype=torch.bool)
        rule = MaskingRule(mask_prob=0.02, mean_span_length=mean, p_transition_seed=0.0)
        chosen = mask_events(codes, mask, ("state",), (5,), rule, generator=generator()).chosen[..., 0]
        starts = chosen.clone()
        starts[:, 1:] &= ~chosen[:, :-1]
        # Geometric lengths fill a budget of 40 with 1 + 39 / mean spans on average (the last is cut);
        # about 2 % of them touch another and count as one.
        expected = 40 / (1 + 39 / mean)
        assert float(chosen.sum() / starts.sum()) == pytest.approx(expected * 1.01, rel=0.03)

    def test_spans_start_at_room_changes_as_often_as_asked(self):
        windows, longest = 3000, 60
        codes = torch.full((windows, longest, 1), 3)
        codes[:, 20:40] = 4
        mask = torch.ones(windows, longest, dtype=torch.bool)
        for p in (0.0, 0.3, 1.0):
            rule = MaskingRule(mask_prob=1 / 60, mean_span_length=1.0, p_transition_seed=p)
            chosen = mask_events(codes, mask, ("room_id",), (9,), rule, generator=generator()).chosen[..., 0]
            at_change = chosen[:, [20, 40]].sum() / chosen.sum()
            assert float(at_change) == pytest.approx(p + (1 - p) * 2 / 60, abs=0.03)

    def test_a_window_without_a_change_is_masked_all_the_same(self):
        codes = torch.full((200, 20, 1), 3)
        mask = torch.ones(200, 20, dtype=torch.bool)
        rule = MaskingRule(p_transition_seed=1.0)
        chosen = mask_events(codes, mask, ("room_id",), (9,), rule, generator=generator()).chosen
        assert (chosen.sum(1) == 5).all()
        # Anywhere, not always at the start.
        assert (chosen[..., 0].float().mean(0) > 0.05).all()

    def test_room_changes_start_at_the_second_event(self):
        codes = torch.tensor([[[3], [3], [4], [0], [0]]])
        mask = torch.tensor([[True, True, True, False, False]])
        assert room_changes(codes, mask, ("room_id",)).tolist() == [[False, False, True, False, False]]
        assert room_changes(codes, mask, ("sensor",))[0, 2]
        assert not room_changes(codes, mask, ("state",)).any()

    @pytest.mark.parametrize("longest", [1, 2, 7, 23, 64])
    def test_earliest_cover_against_a_loop(self, longest):
        g = generator(longest)
        key = torch.rand(20, longest, generator=g)
        span = torch.randint(1, longest + 1, (20, longest), generator=g)
        span = torch.minimum(span, longest - torch.arange(longest))
        expected = torch.full_like(key, torch.inf)
        for n in range(20):
            for start in range(longest):
                covered = slice(start, start + int(span[n, start]))
                expected[n, covered] = torch.minimum(expected[n, covered], key[n, start])
        assert torch.equal(_earliest_cover(key, span), expected)


class TestBlackout:
    def test_what_tells_the_sensor_is_hidden_with_it(self):
        codes, mask = some_events(300)
        masked = mask_events(codes, mask, FIELDS, SIZES, MaskingRule(p_random=0.2), generator=generator())
        hidden = masked.codes != codes
        # The kept ones may show their place: nothing about them is hidden.
        sensor_hidden = hidden[..., [0, 2, 3, 4]].any(-1)
        place, gap, description = masked.blackout.unbind(-1)
        assert (place >= sensor_hidden).all()
        assert torch.equal(place, description)
        assert (gap >= hidden[..., 6]).all()
        assert (gap >= hidden[..., 0]).all()
        assert not place[~masked.chosen[..., 0]].any()

    def test_off_hides_nothing_else(self):
        codes, mask = some_events(30)
        rule = MaskingRule(field_blackout=False)
        assert not mask_events(codes, mask, FIELDS, SIZES, rule, generator=generator()).blackout.any()


def test_same_generator_state_same_masks_and_inputs_stay():
    codes, mask = some_events(100)
    before = codes.clone()
    runs = [
        mask_events(codes, mask, FIELDS, SIZES, MaskingRule(), generator=generator(seed))
        for seed in (3, 3, 4)
    ]
    assert torch.equal(runs[0].codes, runs[1].codes)
    assert not torch.equal(runs[0].codes, runs[2].codes)
    assert torch.equal(codes, before)


def test_masking_refusals():
    codes, mask = some_events(4)
    with pytest.raises(ShapeError, match="6 field names"):
        mask_events(codes, mask, FIELDS[:6], SIZES[:6], MaskingRule())
    with pytest.raises(ConfigError, match=r"Cannot mask field 'room'.*'room_id'"):
        mask_events(codes, mask, FIELDS, SIZES, MaskingRule(fields=("room",)))
    with pytest.raises(ConfigError, match="at least one field"):
        mask_events(codes, mask, FIELDS, SIZES, MaskingRule(fields=()))
    for wrong in ({"mask_prob": 0.0}, {"mask_prob": 1.0}, {"mean_span_length": 0.5}):
        with pytest.raises(ConfigError, match="mask_prob must be"):
            MaskingRule(**wrong)
    for wrong in ({"p_transition_seed": 1.1}, {"p_mask": 0.8, "p_random": 0.3}):
        with pytest.raises(ConfigError, match="p_transition_seed"):
            MaskingRule(**wrong)


class TestMaskedEventLoss:
    def test_against_a_loop(self):
        g = generator()
        targets = torch.randint(3, 6, (4, 5, 2), generator=g)
        targets[torch.rand(4, 5, 2, generator=g) < 0.6] = IGNORE
        logits = {
            "sensor": torch.randn(4, 5, 6, generator=g, dtype=torch.float64),
            "state": torch.randn(4, 5, 6, generator=g, dtype=torch.float64),
        }
        result = masked_event_loss(logits, targets, ("sensor", "state"))
        fields = []
        for place, name in enumerate(("sensor", "state")):
            costs, right = [], []
            for b in range(4):
                for event in range(5):
                    truth = int(targets[b, event, place])
                    if truth != IGNORE:
                        row = logits[name][b, event]
                        costs.append(-math.log(float(row[truth].exp() / row.exp().sum())))
                        right.append(int(row.argmax()) == truth)
            fields.append(sum(costs) / len(costs))
            assert float(result.losses[name]) == pytest.approx(fields[-1], rel=1e-6)
            assert float(result.accuracies[name]) == pytest.approx(sum(right) / len(right))
            assert int(result.counts[name]) == len(costs)
        assert float(result.loss) == pytest.approx(sum(fields) / 2, rel=1e-6)

    def test_gradient_is_that_of_the_mean_over_fields(self):
        logits = {
            n: torch.randn(2, 3, 5, generator=generator(i)).requires_grad_() for i, n in enumerate("ab")
        }
        targets = torch.full((2, 3, 2), IGNORE)
        targets[0, 1, 0], targets[1, 2, 0], targets[1, 1, 1] = 3, 4, 3
        masked_event_loss(logits, targets, ("a", "b")).loss.backward()
        expected = (logits["a"].detach().softmax(-1)[0, 1] - F.one_hot(torch.tensor(3), 5)) / 2 / 2
        torch.testing.assert_close(logits["a"].grad[0, 1], expected)
        assert not logits["a"].grad[0, 0].any()
        assert logits["b"].grad[1, 1].any()

    def test_a_field_with_nothing_hidden_does_not_dilute_the_mean(self):
        logits = {"a": torch.zeros(1, 2, 4), "b": torch.zeros(1, 2, 4)}
        targets = torch.full((1, 2, 2), IGNORE)
        targets[0, 0, 0] = 3
        result = masked_event_loss(logits, targets, ("a", "b"))
        assert float(result.loss) == pytest.approx(math.log(4))
        assert math.isnan(float(result.accuracies["b"]))

    def test_nothing_hidden_at_all_is_zero_and_differentiable(self):
        logits = {"a": torch.zeros(1, 2, 4, requires_grad=True)}
        result = masked_event_loss(logits, torch.full((1, 2, 1), IGNORE), ("a",))
        result.loss.backward()
        assert float(result.loss.detach()) == 0.0
        assert not logits["a"].grad.any()

    def test_shares_of_unequal_size_add_up_to_the_whole_batch(self):
        g = generator()
        targets = torch.randint(3, 6, (8, 5, 2), generator=g)
        targets[torch.rand(8, 5, 2, generator=g) < 0.6] = IGNORE
        # The first share asks nothing of field b and little of field a.
        targets[:3, :, 1] = IGNORE
        targets[:3, 1:, 0] = IGNORE
        logits = {n: torch.randn(8, 5, 6, generator=g, dtype=torch.float64) for n in "ab"}
        whole = {n: value.clone().requires_grad_() for n, value in logits.items()}
        expected = masked_event_loss(whole, targets, ("a", "b"))
        expected.loss.backward()
        rows = (slice(0, 3), slice(3, 8))
        sums = []
        for pick in rows:
            own = {n: value[pick] for n, value in logits.items()}
            masked_event_loss(own, targets[pick], ("a", "b"), joint=lambda s: sums.append(s) or s)
        for pick in rows:
            own = {n: value[pick].clone().requires_grad_() for n, value in logits.items()}
            found = masked_event_loss(own, targets[pick], ("a", "b"), joint=lambda s: sums[0] + sums[1])
            found.loss.backward()
            torch.testing.assert_close(found.loss, expected.loss, rtol=1e-6, atol=0.0)
            for n in "ab":
                torch.testing.assert_close(own[n].grad, whole[n].grad[pick], rtol=1e-6, atol=1e-9)
                torch.testing.assert_close(found.losses[n], expected.losses[n], rtol=1e-6, atol=0.0)
                assert float(found.accuracies[n]) == pytest.approx(float(expected.accuracies[n]))
                assert int(found.counts[n]) == int(expected.counts[n])

    def test_refusals(self):
        targets = torch.full((1, 2, 1), IGNORE)
        for logits in ({}, {"b": torch.zeros(1, 2, 4)}, {"a": torch.zeros(1, 3, 4)}):
            with pytest.raises(ShapeError):
                masked_event_loss(logits, targets, ("a",))
