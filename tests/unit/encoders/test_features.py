"""The feature builder against a slow second version that walks over events one by one."""

from types import ModuleType

import numpy as np
import polars as pl
import pytest
import torch

from discover.core.day_parts import DAY_PARTS, GAP_BUCKETS, GAP_EDGES_S, WEEKDAYS
from discover.core.errors import ConfigError, DataError
from discover.core.tables import WINDOWS
from discover.core.vocabulary import UNK, Vocabulary
from discover.core.window_set import WindowSet
from discover.encoders import SensorEncoderConfig, build_event_features, gather_batch


def slow_window(window_set: WindowSet, vocabulary: Vocabulary, row: int) -> list[dict[str, object]]:
    window = window_set.windows.row(row, named=True)
    events = window_set.events.slice(window["first_event"], window["n_events"]).rows(named=True)
    out, previous = [], None
    for event in events:
        sensor = window_set.home.sensor(event["sensor"])
        part = next(p for p in DAY_PARTS if p.begin_hour <= event["time"].hour < p.end_hour)
        values = {
            "sensor": sensor.id,
            "state": event["state"],
            "room_id": sensor.room,
            "sensor_type": sensor.type,
            "sensor_detail": sensor.object,
            "tod_bucket": part.name,
            "dow_bucket": WEEKDAYS[event["time"].weekday()],
        }
        gap = 0.0 if previous is None else (event["time"] - previous).total_seconds()
        bucket = 0 if previous is None else 1 + sum(gap >= edge for edge in GAP_EDGES_S)
        plan = window_set.home.floor_plan
        assert plan is not None
        out.append(
            {
                "codes": [vocabulary.encode(f, [v])[0] for f, v in values.items()],
                "gap": gap,
                "bucket": bucket,
                "since": (event["time"] - events[0]["time"]).total_seconds(),
                "xy": None if sensor.x is None else (sensor.x / plan.width, sensor.y / plan.height),
            }
        )
        previous = event["time"]
    return out


def test_batch_equals_the_slow_version(world: ModuleType) -> None:
    windows, vocabulary = world.make_windows(40), world.make_vocabulary()
    features = build_event_features(windows, vocabulary, SensorEncoderConfig())
    rows = torch.tensor([7, 0, 39, 12])
    batch = gather_batch(features, rows)
    for b, row in enumerate(rows.tolist()):
        expected = slow_window(windows, vocabulary, row)
        n = len(expected)
        assert batch.mask[b].tolist() == [True] * n + [False] * (batch.mask.shape[1] - n)
        assert batch.codes[b, :n].tolist() == [e["codes"] for e in expected]
        assert (batch.codes[b, n:] == 0).all()
        assert batch.gap_bucket[b, :n].tolist() == [e["bucket"] for e in expected]
        torch.testing.assert_close(
            batch.log_gap[b, :n], torch.tensor([np.log1p(e["gap"]) for e in expected]).float()
        )
        torch.testing.assert_close(batch.time_s[b, :n], torch.tensor([e["since"] for e in expected]).float())
        places = [batch.xy[s] if batch.has_xy[s] else None for s in batch.sensor[b, :n]]
        for place, e in zip(places, expected, strict=True):
            assert (place is None) == (e["xy"] is None)
            if place is not None:
                torch.testing.assert_close(place, torch.tensor(e["xy"]))


def test_first_event_has_no_gap_even_inside_a_dense_log(world: ModuleType) -> None:
    windows = world.make_windows(10)
    features = build_event_features(windows, world.make_vocabulary(), SensorEncoderConfig())
    batch = gather_batch(features, torch.arange(10))
    assert (batch.gap_bucket[:, 0] == GAP_BUCKETS.index("first")).all()
    assert (batch.log_gap[:, 0] == 0).all()
    assert (batch.gap_bucket[:, 1:][batch.mask[:, 1:]] > 0).all()


def test_long_windows_keep_their_centre_and_are_counted(world: ModuleType) -> None:
    windows, vocabulary = world.make_windows(30), world.make_vocabulary()
    features = build_event_features(windows, vocabulary, SensorEncoderConfig(max_seq_len=10))
    lengths = windows.windows["n_events"].to_numpy()
    first = windows.windows["first_event"].to_numpy()
    assert features.n_cut == (lengths > 10).sum()
    assert int(features.length.max()) == 10
    row = int(np.flatnonzero(lengths == lengths.max())[0])
    assert int(features.first[row]) == first[row] + (lengths[row] - 10) // 2


def test_a_vocabulary_of_another_home_gives_unknown(world: ModuleType) -> None:
    values = world.make_vocabulary().to_dict()
    values["sensor"] = ["X1", "X2"]
    features = build_event_features(
        world.make_windows(5), Vocabulary.from_dict(values), SensorEncoderConfig()
    )
    assert (features.codes[:, 0] == UNK).all()
    assert (features.codes[:, 1] > UNK).all()


def test_a_field_the_vocabulary_lacks_is_refused(world: ModuleType) -> None:
    vocabulary = Vocabulary.build({"sensor": ["M000"], "state": ["ON"]})
    with pytest.raises(ConfigError, match="has no field room_id"):
        build_event_features(world.make_windows(5), vocabulary, SensorEncoderConfig())


def test_a_window_outside_the_table_is_refused(world: ModuleType) -> None:
    windows = world.make_windows(5)
    outside = windows.windows.with_columns(pl.col("first_event") + 10_000)
    with pytest.raises(DataError, match="outside the event table"):
        build_event_features(
            WindowSet.of(windows.home, windows.events, outside),
            world.make_vocabulary(),
            SensorEncoderConfig(),
        )


def test_features_hold_no_label(world: ModuleType) -> None:
    assert not {"label", "activity", "coarse"} & {*WINDOWS, *world.make_vocabulary().values}
    features = build_event_features(world.make_windows(5), world.make_vocabulary(), SensorEncoderConfig())
    assert not any("label" in name or "activity" in name for name in vars(features))
