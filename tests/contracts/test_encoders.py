"""What every encoder of the factory, in every preset and with every option, must do."""

from typing import Any

import alignment_world
import numpy as np
import pytest
import torch

from discover.encoders import SensorEncoderConfig, build_encoder, build_event_features, gather_batch
from discover.encoders.factory import ENCODERS

TEXT_DIM = 12
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "cls pooling": {"pooling": "cls"},
    "mean pooling": {"pooling": "mean"},
    "attention pooling": {"pooling": "attention"},
    "learned positions": {"use_learned_pe": True},
    "rotary time, no ALiBi": {"use_rotary_time": True, "use_alibi": False},
    "sensors as text": {"metadata": {"sensor_tokens": "text"}},
    "sensors as id and text": {"metadata": {"sensor_tokens": "both"}},
    "clock": {"metadata": {"use_time_of_day": True}},
    "ids only": {
        "metadata": {"categorical_fields": ["sensor"], "use_coordinates": False, "use_time_deltas": False}
    },
}
SMALL = {"d_model": 32, "n_layers": 2, "n_heads": 4, "d_ff": 64}
CASES: list[tuple[dict[str, Any], str]] = [
    ({"type": kind, **SMALL, **extra}, f"{kind}: {name}")
    for kind in ENCODERS
    for name, extra in OPTIONS.items()
]
CASES += [({"type": kind, "preset": "minimal"}, f"{kind}: minimal") for kind in ENCODERS]


def built(values: dict[str, Any], seed: int = 0) -> tuple[Any, Any]:
    config = SensorEncoderConfig(**values)
    windows, vocabulary = alignment_world.make_windows(30), alignment_world.make_vocabulary()
    texts = None
    if config.metadata.sensor_tokens != "id":
        vectors = np.random.default_rng(0).normal(size=(len(windows.home.sensors), TEXT_DIM))
        texts = {windows.home.name: vectors.astype(np.float32)}
    features = build_event_features(windows, vocabulary, config, sensor_texts=texts)
    torch.manual_seed(seed)
    encoder = build_encoder(config, vocabulary, sensor_text_dim=None if texts is None else TEXT_DIM)
    return encoder, features


@pytest.mark.parametrize("values", [c[0] for c in CASES], ids=[c[1] for c in CASES])
def test_contract(values: dict[str, Any]) -> None:
    encoder, features = built(values)
    batch = gather_batch(features, torch.tensor([0, 5, 9, 29]))
    out = encoder(batch)
    assert out.shape == (4, encoder.dim)
    assert out.dtype == torch.float32
    # A direction that no norm removes, so that every parameter can be seen.
    (out * torch.randn(out.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    without = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []
    encoder.eval()
    one = encoder(batch)
    twin, _ = built(values)
    assert torch.equal(one, twin.eval()(batch)), "same seed, same result"
    other, _ = built(values, seed=1)
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(one, other.eval()(batch)), "save and load"
    alone = torch.cat([encoder(gather_batch(features, torch.tensor([i]))) for i in (0, 5, 9, 29)])
    torch.testing.assert_close(one, alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", list(ENCODERS))
def test_sensors_as_text_read_a_home_whose_ids_were_never_seen(kind: str) -> None:
    """Renaming all sensors changes nothing when the model reads descriptions instead of ids."""
    values = {"type": kind, "d_model": 32, "n_layers": 2, "n_heads": 4, "metadata": {"sensor_tokens": "text"}}
    encoder, features = built(values)
    home = alignment_world.make_windows(30)
    ids = home.events["sensor"].dtype.categories.to_list()
    import polars as pl

    from discover.core.window_set import WindowSet

    renamed = {i: f"X{i}" for i in ids}
    events = home.events.with_columns(
        pl.col("sensor").cast(pl.String).replace_strict(renamed).cast(pl.Enum(list(renamed.values())))
    )
    sensors = tuple(s.model_copy(update={"id": renamed[s.id]}) for s in home.home.sensors)
    other = WindowSet.of(home.home.model_copy(update={"sensors": sensors}), events, home.windows)
    vectors = np.random.default_rng(0).normal(size=(len(sensors), TEXT_DIM)).astype(np.float32)
    texts = {"toy": vectors}
    config = SensorEncoderConfig(**values)
    moved = build_event_features(other, alignment_world.make_vocabulary(), config, sensor_texts=texts)
    rows = torch.arange(10)
    encoder.eval()
    assert torch.equal(encoder(gather_batch(features, rows)), encoder(gather_batch(moved, rows)))
    by_id, id_features = built({**values, "metadata": {"sensor_tokens": "id"}})
    by_id.eval()
    id_config = SensorEncoderConfig(**{**values, "metadata": {"sensor_tokens": "id"}})
    id_moved = build_event_features(other, alignment_world.make_vocabulary(), id_config)
    assert not torch.equal(by_id(gather_batch(id_features, rows)), by_id(gather_batch(id_moved, rows)))
