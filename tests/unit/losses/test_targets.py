"""Which pairs match, which are left out: against the formulas read pair by pair."""

import math

import pytest
import torch

from discover.core.errors import ConfigError, ShapeError
from discover.losses import PairKeys, TargetRule, batch_targets, duplicate_rate, info_nce
from discover.losses.targets import matches_and_masked, never_negative, target_block

B = 40


def random_keys(seed: int = 0, text: bool = True) -> PairKeys:
    g = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(B, 3, generator=g), dim=1)
    return PairKeys(
        window_id=torch.randint(0, 30, (B,), generator=g),
        caption_id=torch.randint(0, 20, (B,), generator=g),
        home=torch.randint(0, 2, (B,), generator=g),
        first_event=torch.randint(0, 300, (B,), generator=g),
        n_events=torch.randint(1, 20, (B,), generator=g),
        text=vectors if text else None,
    )


def slow_targets(rule: TargetRule, keys: PairKeys) -> tuple[torch.Tensor, torch.Tensor]:
    affinity, allowed = torch.zeros(B, B), torch.zeros(B, B, dtype=torch.bool)
    for i in range(B):
        for j in range(B):
            cosine = float(keys.text[i] @ keys.text[j])
            events_i, events_j = (
                set(range(int(keys.first_event[k]), int(keys.first_event[k] + keys.n_events[k])))
                for k in (i, j)
            )
            overlap = bool(events_i & events_j) and keys.home[i] == keys.home[j]
            near = (
                rule.near_threshold is not None
                and rule.mode == "mask_duplicates"
                and cosine >= rule.near_threshold
            )
            same = keys.window_id[i] == keys.window_id[j] or keys.caption_id[i] == keys.caption_id[j]
            positive = (same and rule.same == "positive") or (near and rule.near_same == "positive")
            if i == j or positive:
                affinity[i, j] = 1.0
            elif (overlap and rule.mask_overlaps) or near or same:
                pass
            else:
                allowed[i, j] = True
                if rule.mode == "soft":
                    affinity[i, j] = min(
                        1.0, rule.soft_weight * math.exp((cosine - 1) / rule.soft_temperature)
                    )
    return affinity, allowed


RULES = [
    TargetRule(),
    TargetRule(mask_overlaps=False),
    TargetRule(near_threshold=0.8),
    TargetRule(near_threshold=0.8, near_same="positive"),
    TargetRule(same="positive"),
    TargetRule(mode="soft", soft_temperature=0.3, soft_weight=0.7),
    TargetRule(mode="soft", same="positive", soft_temperature=0.3, soft_weight=0.7),
]


@pytest.mark.parametrize("rule", RULES)
def test_matches_the_formulas(rule):
    keys = random_keys()
    made = batch_targets(rule, keys)
    affinity, allowed = slow_targets(rule, keys)
    found = torch.eye(B) if made.targets is None else made.targets
    torch.testing.assert_close(found, affinity, atol=1e-6, rtol=1e-5)
    assert (made.negatives_mask == allowed).all()
    match, masked = matches_and_masked(rule, keys, keys)
    assert not (match & masked).any()
    # The case is worth its name: something is left out, something else is allowed.
    assert B < (affinity.bool() | allowed).sum() < B * B


@pytest.mark.parametrize("rule", [*RULES, TargetRule(mode="identity")])
def test_blocks_are_pieces_of_the_whole(rule):
    keys = random_keys()
    whole = target_block(rule, keys, keys)
    rows, columns = slice(7, 20), slice(15, 33)
    block = target_block(rule, keys[rows], keys[columns], row_start=7, column_start=15)
    for piece, all_of_it in zip(block, whole, strict=True):
        torch.testing.assert_close(piece, all_of_it[rows, columns])


def test_identity_needs_no_matrix():
    made = batch_targets(TargetRule(mode="identity"), random_keys())
    assert made.targets is None
    assert made.negatives_mask is None


def test_windows_that_only_touch_do_not_overlap():
    keys = PairKeys(*(torch.tensor(v) for v in ([0, 1], [0, 1], [0, 0], [0, 10], [10, 5])))
    made = batch_targets(TargetRule(), keys)
    assert made.negatives_mask.tolist() == [[False, True], [True, False]]


def test_overlap_in_another_home_is_none():
    keys = PairKeys(*(torch.tensor(v) for v in ([0, 1], [0, 1], [0, 1], [0, 0], [10, 10])))
    assert batch_targets(TargetRule(), keys).negatives_mask[0, 1]


def test_soft_with_full_weight_is_the_softmax_of_the_cosines():
    keys = random_keys()
    alone = torch.arange(B)
    keys = PairKeys(alone, alone, alone, keys.first_event, keys.n_events, keys.text)
    rule = TargetRule(mode="soft", same="positive", soft_temperature=0.1, soft_weight=1.0)
    made = batch_targets(rule, keys).targets
    share = made / made.sum(1, keepdim=True)
    torch.testing.assert_close(share, torch.softmax(keys.text @ keys.text.T / 0.1, dim=1))


def test_soft_with_weight_zero_is_mask_duplicates():
    keys = random_keys()
    soft = batch_targets(TargetRule(mode="soft", same="positive", soft_weight=0.0), keys)
    hard = batch_targets(TargetRule(same="positive"), keys)
    assert torch.equal(soft.targets, hard.targets)
    assert torch.equal(soft.negatives_mask, hard.negatives_mask)


def equal_captions() -> tuple[torch.Tensor, torch.Tensor, PairKeys]:
    """Six pairs; captions 0, 1, 2 are the same text, and so the same vector."""
    g = torch.Generator().manual_seed(3)
    windows, captions = (
        torch.nn.functional.normalize(torch.randn(6, 4, generator=g, dtype=torch.float64), dim=1)
        for _ in range(2)
    )
    captions[1] = captions[2] = captions[0]
    rows = torch.arange(6)
    return windows.requires_grad_(), captions, PairKeys(rows, (rows - 2).clamp(min=0), rows, rows, rows + 1)


def window_gradient(rule: TargetRule) -> torch.Tensor:
    windows, captions, keys = equal_captions()
    made = batch_targets(rule, keys)
    loss = info_nce(
        windows, captions, temperature=0.1, targets=made.targets, negatives_mask=made.negatives_mask
    )
    return torch.autograd.grad(loss, windows)[0]


def test_equal_captions_as_positives_change_nothing_in_info_nce():
    plain = window_gradient(TargetRule(mode="identity"))
    torch.testing.assert_close(window_gradient(TargetRule(same="positive")), plain)


def test_equal_captions_masked_never_push_a_window_from_its_own_caption():
    windows, _, keys = equal_captions()
    # Other captions are at right angles, so what happens along the shared caption is its own doing.
    captions = torch.eye(4, dtype=torch.float64)[[0, 0, 0, 1, 2, 3]]
    # Window 0 is the best of the three that share a caption: plain InfoNCE pushes it away.
    with torch.no_grad():
        windows[0] = torch.nn.functional.normalize(captions[0] + 0.2 * captions[3], dim=0)
        windows[1] = windows[2] = torch.nn.functional.normalize(captions[0] + captions[3], dim=0)
    pull = {}
    for rule in (TargetRule(mode="identity"), TargetRule()):
        made = batch_targets(rule, keys)
        loss = info_nce(
            windows, captions, temperature=0.1, targets=made.targets, negatives_mask=made.negatives_mask
        )
        pull[rule.mode] = -float(torch.autograd.grad(loss, windows)[0][0] @ captions[0])
    assert pull["identity"] < 0 < pull["mask_duplicates"]


def test_duplicate_rate_counts_pairs_with_a_twin():
    rows = torch.arange(5)
    keys = PairKeys(rows, torch.tensor([3, 1, 3, 2, 3]), rows, rows, rows + 1)
    assert float(duplicate_rate(keys)) == pytest.approx(3 / 5)
    assert float(duplicate_rate(keys[1:2])) == 0.0


def test_never_negative_covers_duplicates_overlaps_and_near_same():
    keys = random_keys()
    rule = TargetRule(near_threshold=0.8)
    _, allowed = slow_targets(rule, keys)
    forbidden = never_negative(rule, keys, keys)
    different = ~torch.eye(B, dtype=torch.bool)
    assert torch.equal(forbidden[different], ~allowed[different])
    assert forbidden[torch.arange(B), torch.arange(B)].all()
    # Choosing the hardest finds duplicates first: they stay out even with plain targets.
    plain = never_negative(TargetRule(mode="identity"), keys, keys)
    assert torch.equal(plain, never_negative(TargetRule(), keys, keys))


def test_soft_keeps_captions_of_half_the_affinity_out_of_outside_negatives():
    keys = random_keys()
    rule = TargetRule(mode="soft", soft_temperature=0.3, mask_overlaps=False)
    soft = rule.soft_weight * torch.exp((keys.text @ keys.text.T - 1) / 0.3)
    same = (keys.window_id[:, None] == keys.window_id) | (keys.caption_id[:, None] == keys.caption_id)
    found = never_negative(rule, keys, keys)
    assert torch.equal(found, same | (soft >= rule.soft_weight / 2))
    assert found.sum() > same.sum()


def test_keys_move_and_slice_together():
    keys = random_keys()
    part = keys[torch.tensor([3, 1])]
    assert part.caption_id.tolist() == [int(keys.caption_id[3]), int(keys.caption_id[1])]
    assert part.text.shape == (2, 3)
    assert len(keys.to("cpu")) == B


def test_refusals():
    with pytest.raises(ShapeError, match="n_events"):
        PairKeys(*(torch.arange(3),) * 4, torch.arange(2))
    with pytest.raises(ConfigError, match="text embeddings"):
        batch_targets(TargetRule(mode="soft"), random_keys(text=False))
    with pytest.raises(ConfigError, match="identity, mask_duplicates or soft"):
        TargetRule(mode="hard")
    with pytest.raises(ConfigError, match="same and near_same"):
        TargetRule(same="negative")
    with pytest.raises(ConfigError, match="near_threshold"):
        TargetRule(near_threshold=1.5)
    for wrong in ({"soft_temperature": 0.0}, {"soft_weight": 1.5}):
        with pytest.raises(ConfigError, match="soft_temperature must be"):
            TargetRule(mode="soft", **wrong)
