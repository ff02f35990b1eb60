"""The transformer on packed tokens against a plain padded one, and what each option changes."""

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.encoders import SensorEncoderConfig, build_encoder, build_event_features, gather_batch
from discover.encoders.packing import pack_windows
from discover.encoders.tokens import fourier_features
from discover.encoders.transformer import TransformerEncoder, alibi_slopes

SMALL: dict[str, Any] = {"d_model": 32, "n_layers": 2, "n_heads": 4, "d_ff": 48, "max_seq_len": 64}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"pooling": "cls"},
    {"pooling": "mean", "use_alibi": False},
    {"pooling": "attention", "use_rotary_time": True},
    {"use_learned_pe": True, "use_alibi": False},
    {"metadata": {"use_time_of_day": True}},
    {
        "metadata": {
            "categorical_fields": ["sensor", "state"],
            "use_coordinates": False,
            "use_time_deltas": False,
        }
    },
]


def setup(world: ModuleType, options: dict[str, Any], n: int = 40) -> tuple[TransformerEncoder, Any]:
    config = SensorEncoderConfig(**{**SMALL, **options})
    torch.manual_seed(0)
    encoder = build_encoder(config, world.make_vocabulary()).eval()
    return encoder, build_event_features(world.make_windows(n), world.make_vocabulary(), config)


def plain_forward(encoder: TransformerEncoder, batch: Any) -> torch.Tensor:
    """One window at a time, textbook attention; ALiBi, CLS and cls_mean as documented."""
    packing = pack_windows(batch.lengths, batch.mask.shape[1], with_cls=True, device=torch.device("cpu"))
    x_all = encoder.tokens(batch, packing)
    out = []
    for b, n in enumerate(batch.lengths.tolist()):
        start = int(packing.start[packing.unsort[b]])
        x = x_all[start : start + n + 1]
        heads = encoder.config.n_heads
        distance = torch.zeros(n + 1, n + 1)
        for i in range(1, n + 1):
            for j in range(1, n + 1):
                distance[i, j] = abs(i - j)
        bias = -alibi_slopes(heads)[:, None, None] * distance
        for block in encoder.blocks:
            q, k, v = block.qkv(block.norm1(x)).view(n + 1, 3, heads, -1).permute(1, 2, 0, 3)
            weights = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]) + bias, dim=-1)
            x = x + block.out((weights @ v).transpose(0, 1).reshape(n + 1, -1))
            x = x + block.down(F.gelu(block.up(block.norm2(x)), approximate="tanh"))
        x = encoder.norm(x)
        out.append(0.5 * x[0] + 0.5 * x[1:].mean(0))
    return torch.stack(out)


def test_equals_a_plain_transformer(world: ModuleType) -> None:
    encoder, features = setup(world, {})
    batch = gather_batch(features, torch.arange(40))
    out, plain = encoder(batch), plain_forward(encoder, batch)
    torch.testing.assert_close(out, plain, atol=1e-5, rtol=1e-5)
    direction = torch.randn(out.shape)
    wanted = torch.autograd.grad((plain * direction).sum(), list(encoder.parameters()))
    got = torch.autograd.grad((out * direction).sum(), list(encoder.parameters()))
    for (name, _), a, b in zip(encoder.named_parameters(), got, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4, msg=f"gradient of {name}")


@pytest.mark.parametrize("options", VARIANTS)
def test_embedding_does_not_depend_on_batch_mates(world: ModuleType, options: dict[str, Any]) -> None:
    encoder, features = setup(world, options)
    together = encoder(gather_batch(features, torch.arange(40)))
    alone = torch.cat([encoder(gather_batch(features, torch.tensor([i]))) for i in range(40)])
    reverse = encoder(gather_batch(features, torch.arange(39, -1, -1))).flip(0)
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(together, reverse, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({}, {"use_alibi": False}),
        ({}, {"use_rotary_time": True}),
        ({}, {"pooling_cls_weight": 0.2}),
    ],
)
def test_options_without_weights_change_the_result(
    world: ModuleType, base: dict[str, Any], change: dict[str, Any]
) -> None:
    one, features = setup(world, base)
    two, _ = setup(world, {**base, **change})
    two.load_state_dict(one.state_dict())
    batch = gather_batch(features, torch.arange(8))
    assert (one(batch) - two(batch)).abs().max() > 1e-3


def test_order_matters_only_through_position_and_time(world: ModuleType) -> None:
    """Without ALiBi and times the encoder reads a bag of events; ALiBi, symmetric, sees all but direction."""
    options = {"use_alibi": False, "metadata": {"use_time_deltas": False}}
    encoder, features = setup(world, options)
    batch = gather_batch(features, torch.tensor([4]))
    n = batch.codes.shape[1]
    mixed = torch.randperm(n, generator=torch.Generator().manual_seed(1))
    backwards = torch.arange(n - 1, -1, -1)
    shuffled, turned = (
        replace(batch, codes=batch.codes[:, order], sensor=batch.sensor[:, order])
        for order in (mixed, backwards)
    )
    torch.testing.assert_close(encoder(batch), encoder(shuffled), atol=1e-5, rtol=1e-5)
    with_place, _ = setup(world, {"metadata": {"use_time_deltas": False}})
    assert (with_place(batch) - with_place(shuffled)).abs().max() > 1e-3
    torch.testing.assert_close(with_place(batch), with_place(turned), atol=1e-5, rtol=1e-5)


def test_presets_have_the_stated_sizes() -> None:
    sizes = {"tiny": (256, 4, 4, 1024), "small": (512, 6, 8, 2048), "base": (768, 6, 8, 3072)}
    for name, (d, layers, heads, ff) in sizes.items():
        config = SensorEncoderConfig(preset=name)
        assert (config.d_model, config.n_layers, config.n_heads, config.d_ff) == (d, layers, heads, ff)
    minimal = SensorEncoderConfig(preset="minimal")
    assert minimal.d_model == 256
    assert minimal.metadata.categorical_fields == ("sensor", "state")
    assert not minimal.metadata.use_coordinates
    assert SensorEncoderConfig(preset="tiny", n_layers=2).n_layers == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"d_model": 30, "n_heads": 4}, "multiple of n_heads"),
        ({"pooling": "mean", "pooling_cls_weight": 0.3}, "pooling_cls_weight has no effect"),
        ({"metadata": {"categorical_fields": ["sensr"]}}, "Did you mean 'sensor'"),
        ({"n_layer": 3}, "Did you mean 'n_layers'"),
        ({"fourier_bands": 4, "metadata": {"use_coordinates": False}}, "fourier_bands has no effect"),
    ],
)
def test_contradictions_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_from_mapping(values, SensorEncoderConfig)


def test_fourier_features_by_hand() -> None:
    got = fourier_features(torch.tensor([[0.25, 0.5]]), 2)[0]
    angles = [math.pi * 0.25, math.pi * 0.5, math.pi * 0.5, math.pi]
    expected = [math.sin(a) for a in angles] + [math.cos(a) for a in angles]
    torch.testing.assert_close(got, torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_unknown_place_is_a_vector_of_its_own(world: ModuleType) -> None:
    encoder, features = setup(world, {})
    assert not bool(features.has_xy[3])
    batch = gather_batch(features, torch.arange(40))
    before = encoder(batch)
    with torch.no_grad():
        encoder.tokens.table[encoder.tokens.place_row] += torch.randn(32)
    changed = (encoder(batch) - before).abs().amax(1) > 1e-4
    has_sensor_3 = ((batch.sensor == 3) & batch.mask).any(1)
    assert (changed == has_sensor_3).all()
    assert changed.any()
    assert not changed.all()


def test_gradient_checkpointing_gives_the_same_gradients(world: ModuleType) -> None:
    encoder, features = setup(world, {"dropout": 0.0})
    batch = gather_batch(features, torch.arange(6))
    encoder.train()
    encoder(batch).square().sum().backward()
    plain = [p.grad.clone() for p in encoder.parameters()]
    encoder.zero_grad()
    encoder.gradient_checkpointing = True
    encoder(batch).square().sum().backward()
    for a, p in zip(plain, encoder.parameters(), strict=True):
        torch.testing.assert_close(a, p.grad)
