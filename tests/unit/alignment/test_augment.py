"""Each augmentation changes what it says, by as much as it says, and nothing else."""

from types import ModuleType
from typing import Any

import pytest
import torch

from discover.alignment.augment import Augmentation
from discover.alignment.config import AugmentationConfig
from discover.encoders import SensorEncoderConfig, build_event_features, gather_batch
from discover.encoders.features import EventFeatures, WindowBatch


@pytest.fixture(scope="module")
def features(world: ModuleType) -> EventFeatures:
    return build_event_features(world.make_windows(400), world.make_vocabulary(), SensorEncoderConfig())


def changed(features: EventFeatures, seed: int = 0, **values: Any) -> WindowBatch:
    generator = torch.Generator().manual_seed(seed)
    return Augmentation(AugmentationConfig(**values), features, longest=64).batch(
        torch.arange(400), generator
    )


def codes_of(batch: WindowBatch, row: int) -> list[int]:
    codes: list[int] = batch.codes[row, : batch.lengths[row], 0].tolist()
    return codes


def plain(features: EventFeatures) -> WindowBatch:
    return gather_batch(features, torch.arange(400))


def test_off_by_default(features: EventFeatures) -> None:
    one, two = changed(features), plain(features)
    assert torch.equal(one.codes, two.codes)
    assert torch.equal(one.time_s, two.time_s)


def test_same_seed_same_change(features: EventFeatures) -> None:
    options = {"event_dropout": 0.2, "noise_events": 0.1, "time_jitter_s": 1.0, "crop": 0.2}
    one, two, three = (changed(features, seed, **options) for seed in (1, 1, 2))
    assert torch.equal(one.codes, two.codes)
    assert torch.equal(one.time_s, two.time_s)
    assert one.codes.shape != three.codes.shape or not torch.equal(one.codes, three.codes)


def test_event_dropout_leaves_out_that_share_and_keeps_the_order(features: EventFeatures) -> None:
    after, before = changed(features, event_dropout=0.3), plain(features)
    share = 1 - after.lengths.sum() / before.lengths.sum()
    assert abs(float(share) - 0.3) < 0.02
    assert (after.lengths >= 1).all()
    for b in range(20):
        left = iter(codes_of(before, b))
        assert all(code in left for code in codes_of(after, b)), "a subsequence"


def test_sensor_dropout_silences_whole_sensors(features: EventFeatures) -> None:
    after, before = changed(features, sensor_dropout=0.25), plain(features)
    part = whole = 0
    for b in range(400):
        was = before.sensor[b, : before.lengths[b]].bincount(minlength=20)
        now = after.sensor[b, : after.lengths[b]].bincount(minlength=20)
        assert ((now == was) | (now == 0)).all()
        part += int(((now == 0) & (was > 0)).sum())
        whole += int((was > 0).sum())
    assert abs(part / whole - 0.25) < 0.03


def test_crop_keeps_one_stretch(features: EventFeatures) -> None:
    after, before = changed(features, crop=0.5), plain(features)
    assert (after.lengths >= (before.lengths * 0.5).floor()).all()
    assert (after.lengths < before.lengths).sum() > 200
    for b in range(50):
        was, now = (
            before.codes[b, : before.lengths[b], 0].tolist(),
            after.codes[b, : after.lengths[b], 0].tolist(),
        )
        assert any(was[i : i + len(now)] == now for i in range(len(was) - len(now) + 1))


def test_temporal_mask_removes_at_most_that_share(features: EventFeatures) -> None:
    after, before = changed(features, temporal_mask=0.4), plain(features)
    gone = 1 - after.lengths / before.lengths
    assert float(gone.max()) <= 0.4
    assert float(gone.max()) > 0.3
    for b in range(50):
        was, now = (
            before.codes[b, : before.lengths[b], 0].tolist(),
            after.codes[b, : after.lengths[b], 0].tolist(),
        )
        cut = len(was) - len(now)
        assert any(was[:i] + was[i + cut :] == now for i in range(len(was) - cut + 1))


def test_time_jitter_moves_times_only_and_keeps_the_order(features: EventFeatures) -> None:
    after, before = changed(features, time_jitter_s=2.0), plain(features)
    assert torch.equal(after.codes, before.codes)
    assert torch.equal(after.sensor, before.sensor)
    assert (after.time_s.diff(dim=1)[after.mask[:, 1:]] >= 0).all()
    difference = (after.time_s - before.time_s)[after.mask]
    assert float(difference.abs().median()) > 0.5
    assert not torch.equal(after.gap_bucket, before.gap_bucket)


def test_noise_adds_that_share_of_events_at_the_time_of_their_neighbour(features: EventFeatures) -> None:
    after, before = changed(features, noise_events=0.2), plain(features)
    more = after.lengths.sum() / before.lengths.sum() - 1
    assert abs(float(more) - 0.2) < 0.02
    place = {name: i for i, name in enumerate(features.fields)}
    for field in ("tod_bucket", "dow_bucket"):
        codes = after.codes[..., place[field]]
        old = before.codes[..., place[field]]
        for b in range(50):
            assert set(codes[b, : after.lengths[b]].tolist()) <= set(old[b, : before.lengths[b]].tolist())
    assert (after.time_s[:, -1] <= before.time_s.amax(1) + 1e-3).all()


def test_a_window_never_becomes_empty(features: EventFeatures) -> None:
    after = changed(features, event_dropout=0.95, sensor_dropout=0.9, crop=0.9, temporal_mask=0.9)
    assert (after.lengths >= 1).all()
    assert (after.mask.sum(1) == after.lengths).all()
