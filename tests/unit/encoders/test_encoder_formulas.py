"""Encoder parts against the papers' formulas: ALiBi's slopes, rotary angles, what a blackout hides, gaps."""

import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import torch

from discover.core.day_parts import GAP_EDGES_S, gap_bucket_codes
from discover.core.window_set import WindowSet
from discover.encoders import SensorEncoderConfig, build_encoder, build_event_features, gather_batch
from discover.encoders.packing import pack_windows
from discover.encoders.transformer import _rotate, alibi_slopes


def test_alibi_slopes_are_the_papers() -> None:
    """Press et al. 2022, section 3: for eight heads 1/2, 1/4, ..., 1/256."""
    assert alibi_slopes(8).tolist() == [2.0**-k for k in range(1, 9)]
    assert alibi_slopes(4).tolist() == [2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8]


def test_rotation_turns_pairs_of_channels_as_complex_numbers() -> None:
    """Su et al. 2021, eq. 14: query and key channels (i, i + half) times exp(i angle); values stay."""
    torch.manual_seed(0)
    tokens, heads, half = 5, 3, 4
    qkv = torch.randn(tokens, 3 * heads * 2 * half)
    angle = torch.randn(tokens, 1, half)
    turned = _rotate(qkv, heads, (angle.cos(), angle.sin())).view(tokens, 3, heads, 2, half)
    before = qkv.view(tokens, 3, heads, 2, half)
    expected = torch.complex(before[..., 0, :], before[..., 1, :]) * torch.exp(1j * angle[:, None])
    torch.testing.assert_close(turned[:, :2, :, 0], expected.real[:, :2])
    torch.testing.assert_close(turned[:, :2, :, 1], expected.imag[:, :2])
    assert torch.equal(turned[:, 2], before[:, 2])


def test_rotary_scores_depend_on_differences_of_log_time_only() -> None:
    torch.manual_seed(0)
    heads, half = 2, 8
    query, key = torch.randn(2, heads, 2 * half)
    speed = torch.rand(half)

    def scores(first: float, second: float) -> torch.Tensor:
        angle = torch.tensor([first, second])[:, None, None] * speed
        qkv = torch.stack([query.flatten(), key.flatten()]).repeat(1, 3)
        rows = _rotate(qkv, heads, (angle.cos(), angle.sin())).view(2, 3, heads, -1)
        return (rows[0, 0] * rows[1, 1]).sum(-1)

    torch.testing.assert_close(scores(1.0, 3.0), scores(5.5, 7.5), atol=1e-5, rtol=1e-5)
    assert (scores(1.0, 3.0) - scores(1.0, 3.5)).abs().max() > 1e-2


def test_rotary_angles_are_log_time_at_falling_speeds(world: ModuleType) -> None:
    config = SensorEncoderConfig(d_model=16, n_layers=1, n_heads=1, d_ff=8, use_rotary_time=True)
    encoder = build_encoder(config, world.make_vocabulary())
    batch = gather_batch(
        build_event_features(world.make_windows(4), world.make_vocabulary(), config), torch.tensor([0])
    )
    packing = pack_windows(batch.lengths, batch.mask.shape[1], with_cls=True, device=torch.device("cpu"))
    cos, sin = encoder._rotation(batch, packing)
    n = int(batch.lengths[0])
    moment = [0.0, *(math.log1p(float(t)) for t in batch.time_s[0, :n])]
    # From 8 down by a factor of 100 over the channel pairs: wavelengths that fit ln(1 + seconds) of a window.
    speeds = [8.0 * 100.0 ** (-k / 8) for k in range(8)]
    expected = torch.tensor([[m * s for s in speeds] for m in moment])
    torch.testing.assert_close(cos[:, 0], expected.cos(), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(sin[:, 0], expected.sin(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_blackout_hides_all_that_its_channel_covers(world: ModuleType, channel: int) -> None:
    """Place, gap, description: under the blackout a token is the same whatever they are."""
    meta = {"sensor_tokens": "both", "use_time_of_day": True}
    config = SensorEncoderConfig(d_model=16, n_layers=1, n_heads=1, d_ff=8, metadata=meta)
    windows = world.make_windows(6)
    texts = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    torch.manual_seed(0)
    encoder = build_encoder(config, world.make_vocabulary(), sensor_text_dim=6)
    features = build_event_features(windows, world.make_vocabulary(), config, sensor_texts={"toy": texts})
    plain = gather_batch(features, torch.arange(6))
    other = [
        replace(plain, xy=plain.xy.flip(0), has_xy=~plain.has_xy),
        replace(plain, log_gap=plain.log_gap + 1.0, gap_bucket=(plain.gap_bucket + 3) % 11),
        replace(plain, sensor_text=-plain.sensor_text),
    ][channel]
    hidden = torch.zeros(*plain.mask.shape, 3, dtype=torch.bool)
    hidden[:, ::2, channel] = True
    packing = pack_windows(plain.lengths, plain.mask.shape[1], with_cls=True, device=torch.device("cpu"))
    tokens = [encoder.tokens(replace(b, blackout=hidden), packing) for b in (plain, other)]
    changed = (tokens[0] - tokens[1]).abs().amax(1) > 1e-5
    under = hidden[..., channel].flatten()[packing.event] & packing.is_event
    assert not changed[under].any()
    assert changed[packing.is_event & ~under].all()


def test_gaps_on_an_edge_fall_as_in_the_one_table(world: ModuleType) -> None:
    gaps = [0.0, *GAP_EDGES_S, 0.499999, 1799.99, 7200.0]
    windows = world.make_windows(10)
    times = 1_250_000_000_000_000 + np.cumsum(np.array(gaps) * 1e6).round().astype(np.int64)
    events = windows.events.head(len(gaps)).with_columns(time=pl.Series(times).cast(pl.Datetime("us")))
    one = windows.windows.head(1).with_columns(
        first_event=pl.lit(0, pl.Int64), n_events=pl.lit(len(gaps), pl.Int32)
    )
    config = SensorEncoderConfig()
    features = build_event_features(WindowSet.of(windows.home, events, one), world.make_vocabulary(), config)
    found = gather_batch(features, torch.tensor([0])).gap_bucket[0].numpy()
    assert found[1:].tolist() == gap_bucket_codes(np.array(gaps[1:])).tolist()
    assert found[0] == 0
