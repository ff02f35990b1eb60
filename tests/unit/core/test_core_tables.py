"""Homes, typed tables, vocabularies, embeddings, day parts and seeds."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.config import config_from_mapping
from discover.core.day_parts import (
    DAY_PARTS,
    GAP_BUCKETS,
    GAP_EDGES_S,
    WEEKDAYS,
    day_part_codes,
    day_part_expr,
    gap_bucket_codes,
)
from discover.core.embeddings import EmbeddingTable, load_embeddings, save_embeddings
from discover.core.errors import ArtifactError, ConfigError, DataError, JoinError
from discover.core.home import Home
from discover.core.seeds import derive_seed, hash_to_uint64
from discover.core.tables import (
    ANNOTATIONS,
    EVENTS,
    LABELS,
    WINDOWS,
    empty_table,
    validate_table,
)
from discover.core.vocabulary import MASK, PAD, UNK, Vocabulary
from discover.core.window_set import (
    EventLog,
    load_event_log,
    load_window_set,
    read_home,
    read_table,
    save_event_log,
    write_home,
    write_table,
)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "Milan"}, "name"),
        ({"sensors": [{"id": "M1"}, {"id": "M1"}]}, "listed twice: M1"),
        ({"sensors": [{"id": "M1", "x": 1}]}, "both x and y"),
        ({"sensors": [{"id": "M1", "x": 1, "y": 1}]}, "no floor_plan"),
        (
            {"floor_plan": {"width": 5, "height": 5}, "sensors": [{"id": "M1", "x": 6, "y": 1}]},
            "outside the floor plan",
        ),
        ({"floor_plan": {"width": 0, "height": 5}}, "greater than 0"),
        ({"sensors": [{"id": "M1", "type": "motoin"}]}, "sensors.0.type"),
        ({"sensors": [{"id": "M1", "rooom": "k"}]}, "'room'"),
        (
            {"activities": [{"label": "a", "raw": ["X"]}, {"label": "b", "raw": ["X"]}]},
            "belongs to both a and b",
        ),
    ],
)
def test_homes_refuse_contradictions(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config_from_mapping({"name": "h", **values}, Home)


def test_home_facts(small_home: Home, tmp_path: Path) -> None:
    assert small_home.label_of("Meal_Preparation") == "meal_preparation"
    assert small_home.label_of("Some New-Thing ") == "some_new_thing"
    assert (small_home.coarse_of("bathing"), small_home.coarse_of("juggling")) == ("hygiene", "other")
    assert (small_home.sensor("X9").type, small_home.sensor("X9").room) == ("unknown", "unknown_room")
    table = small_home.sensor_table()
    assert table["sensor"].to_list() == [s.id for s in small_home.sensors]
    assert table.filter(sensor="D002").select("x", "y").row(0) == pytest.approx((0.9, 0.1))
    write_home(tmp_path / "home.yaml", small_home)
    assert read_home(tmp_path / "home.yaml") == small_home


@pytest.mark.parametrize("schema", [EVENTS, ANNOTATIONS, WINDOWS, LABELS])
def test_tables_are_checked(schema: dict[str, object]) -> None:
    table = empty_table(schema)
    assert validate_table(table.select(reversed(table.columns)), schema, "t").columns == list(schema)
    first = table.columns[0]
    with pytest.raises(DataError, match=f"missing {first}"):
        validate_table(table.drop(first), schema, "t")
    with pytest.raises(DataError, match="unexpected extra"):
        validate_table(table.with_columns(extra=1), schema, "t")
    with pytest.raises(DataError, match=f"{first} is Int8, not"):
        validate_table(table.with_columns(pl.lit(None, dtype=pl.Int8).alias(first)), schema, "t")


def test_event_log_round_trip_and_damage(small_home_log: EventLog, tmp_path: Path) -> None:
    save_event_log(tmp_path, small_home_log)
    loaded = load_event_log(tmp_path)
    assert loaded.events.equals(small_home_log.events)
    assert loaded.events.schema == small_home_log.events.schema
    assert loaded.annotations.equals(small_home_log.annotations)
    assert loaded.home == small_home_log.home
    for damage in (b"", b"PAR1 nonsense PAR1", (tmp_path / "annotations.parquet").read_bytes()[:-200]):
        (tmp_path / "annotations.parquet").write_bytes(damage)
        with pytest.raises(ArtifactError, match=r"annotations\.parquet is not a readable Parquet file"):
            load_event_log(tmp_path)
    with pytest.raises(ArtifactError, match="No imported log"):
        load_event_log(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="No table at"):
        read_table(tmp_path / "none.parquet", EVENTS)


def test_windows_of_another_log_are_refused(small_home_log: EventLog, tmp_path: Path) -> None:
    n = len(small_home_log.events)
    time = [datetime(2021, 3, 1)]
    windows = pl.DataFrame(
        {
            "window_id": ["w"],
            "home": [small_home_log.home.name],
            "split": ["train"],
            "first_event": [n - 2],
            "n_events": [3],
            "start": time,
            "end": time,
        },
        schema=dict(WINDOWS),  # type: ignore[arg-type]
    )
    save_event_log(tmp_path, small_home_log)
    write_table(tmp_path / "FD_60" / "windows.parquet", windows, WINDOWS)
    with pytest.raises(DataError, match=r"points at event .* The log was imported again"):
        load_window_set(tmp_path / "FD_60")
    fits = windows.with_columns(n_events=pl.lit(2, dtype=pl.Int32))
    write_table(tmp_path / "FD_60" / "windows.parquet", fits, WINDOWS)
    assert len(load_window_set(tmp_path / "FD_60").of_split("train").windows) == 1
    assert len(load_window_set(tmp_path / "FD_60" / "windows.parquet").of_split("val", "test").windows) == 0
    with pytest.raises(ArtifactError, match="windows are a sampling folder"):
        load_window_set(tmp_path / "FD_60" / "windows.csv")


def test_vocabulary_ids() -> None:
    vocabulary = Vocabulary.build({"state": ["ON", "OFF", "ON"], "sensor": ["b", "a"]})
    assert (PAD, UNK, MASK) == (0, 1, 2)
    assert vocabulary.encode("state", ["OFF", "ON", "BROKEN", None]) == [3, 4, UNK, UNK]
    assert vocabulary.size("state") == 5
    assert vocabulary == Vocabulary.build({"sensor": ["a", "b"], "state": ["OFF", "ON"]})
    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))) == vocabulary


def test_vocabulary_refuses_labels_and_damage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="activity"):
        Vocabulary({"activity": ("sleep",)})
    with pytest.raises(DataError, match="twice"):
        Vocabulary({"state": ("ON", "ON")})
    theirs = {"sensor": {"UNK": 0, "M1": 1}, "state": {"UNK": 0}, "activity_l2": {"UNK": 0, "Sleep": 1}}
    assert Vocabulary.from_json(json.dumps(theirs)).values == {"sensor": ("M1",), "state": ()}
    for text in ("", "[1]", "{"):
        with pytest.raises(DataError, match="Sample the windows again"):
            Vocabulary.from_json(text)
    with pytest.raises(DataError, match="No vocabulary at"):
        Vocabulary.load(tmp_path / "vocab.json")


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "discover-vocab/1"}',
        '{"format": "discover-vocab/1", "fields": 3}',
        '{"sensor": 3}',
        '{"sensor": {"M1": "x"}}',
        '{"sensor": ["M1"]}',
    ],
)
def test_vocabulary_of_the_wrong_shape(text: str) -> None:
    with pytest.raises(DataError, match="Sample the windows again"):
        Vocabulary.from_json(text)


def table(n: int = 4, dim: int = 3, dtype: Any = np.float32) -> EmbeddingTable:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n, dim)).astype(dtype)
    ids = np.array([f"w{i // 2}" for i in range(n)])
    return EmbeddingTable(
        vectors, ids, np.arange(n, dtype=np.int16) % 2, {"model_name": "m", "embedding_dim": dim}
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_embeddings_round_trip(tmp_path: Path, dtype: Any) -> None:
    saved = table(dtype=dtype)
    save_embeddings(tmp_path / "e.npz", saved)
    loaded = load_embeddings(tmp_path / "e.npz")
    assert loaded.vectors.dtype == dtype
    np.testing.assert_array_equal(loaded.vectors, saved.vectors)
    np.testing.assert_array_equal(loaded.sample_ids, saved.sample_ids)
    np.testing.assert_array_equal(loaded.caption_indices, saved.caption_indices)
    assert loaded.meta == saved.meta
    before = (tmp_path / "e.npz").read_bytes()
    save_embeddings(tmp_path / "e.npz", saved)
    assert (tmp_path / "e.npz").read_bytes() == before


def test_embeddings_of_the_older_shape(tmp_path: Path) -> None:
    np.savez(tmp_path / "old.npz", embeddings=np.eye(2), sample_ids=np.array(["a", "b"]))
    loaded = load_embeddings(tmp_path / "old.npz")
    assert loaded.vectors.dtype == np.float32
    assert loaded.caption_indices.tolist() == [0, 0]


class Bomb:
    """Would create a file if it were ever unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


def test_pickled_objects_are_refused_and_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    bomb = np.array([Bomb(str(mark))], dtype=object)
    for arrays in (
        {"embeddings": bomb, "sample_ids": np.array(["a"])},
        {"embeddings": np.eye(1), "sample_ids": bomb},
        {"embeddings": np.eye(1), "sample_ids": np.array(["a"]), "model_name": bomb},
    ):
        np.savez(tmp_path / "e.npz", **arrays)
        with pytest.raises(ArtifactError, match="not a readable NPZ"):
            load_embeddings(tmp_path / "e.npz")
    assert not mark.exists()


def test_damaged_embeddings(tmp_path: Path) -> None:
    path = tmp_path / "e.npz"
    with pytest.raises(ArtifactError, match="No embeddings at"):
        load_embeddings(path)
    save_embeddings(path, table())
    whole = path.read_bytes()
    for damage in (b"", b"PK\x03\x04 broken", whole[: len(whole) // 2]):
        path.write_bytes(damage)
        with pytest.raises(ArtifactError, match="not a readable NPZ"):
            load_embeddings(path)
    np.savez(path, vectors=np.eye(2))
    with pytest.raises(ArtifactError, match="needs 'embeddings' and 'sample_ids'"):
        load_embeddings(path)
    np.savez(path, embeddings=np.array([[1.0, np.nan], [1, 1]]), sample_ids=np.array(["a", "b"]))
    with pytest.raises(ArtifactError, match="1 of 2 vectors are not finite"):
        load_embeddings(path)
    np.savez(path, embeddings=np.eye(2), sample_ids=np.array(["a"]))
    with pytest.raises(ArtifactError, match="one row each"):
        load_embeddings(path)


@given(st.permutations(range(7)))
@settings(deadline=None, max_examples=30)
def test_rows_are_joined_by_id_never_by_position(order: list[int]) -> None:
    ids = np.array(["a", "a", "b", "c", "c", "c", "d"])
    indices = np.array([0, 1, 0, 0, 1, 2, 0], dtype=np.int16)
    vectors = np.arange(7, dtype=np.float32)[:, None]
    shuffled = EmbeddingTable(vectors[order], ids[order], indices[order])
    rows = shuffled.rows_of(np.array(["c", "a", "b"]))
    values = np.where(rows >= 0, shuffled.vectors[rows, 0], -1)
    assert values.tolist() == [[3, 4, 5], [0, 1, -1], [2, -1, -1]]


def test_a_missing_pair_is_an_error() -> None:
    with pytest.raises(JoinError, match=r"2 of 3 windows have no row in the captions \(first: zz\)"):
        table().rows_of(np.array(["w0", "zz", "zzz"]), what="captions")


def test_day_parts_cover_the_day_once() -> None:
    hours = [h for p in DAY_PARTS for h in range(p.begin_hour, p.end_hour)]
    assert sorted(hours) == list(range(24))
    names = {
        5: "early_morning",
        8: "late_morning",
        12: "afternoon",
        17: "evening",
        21: "night_before_midnight",
    }
    names |= {
        0: "night_after_midnight",
        4: "night_after_midnight",
        7: "early_morning",
        23: "night_before_midnight",
    }
    codes = day_part_codes(np.arange(24))
    assert {h: DAY_PARTS[codes[h]].name for h in names} == names
    times = pl.DataFrame({"t": [datetime(2021, 3, 1, h, 59, 59) for h in range(24)]})
    assert times.select(day_part_expr(pl.col("t")))["t"].to_list() == codes.tolist()
    assert WEEKDAYS[datetime(2021, 3, 1).weekday()] == "monday"


def test_gap_buckets() -> None:
    assert len(GAP_BUCKETS) == len(GAP_EDGES_S) + 2
    gaps = np.array([np.nan, 0.0, 0.49, 0.5, 1.0, 4.0, 59.9, 60.0, 299, 1800.0, 1e9])
    names = " ".join(GAP_BUCKETS[c] for c in gap_bucket_codes(gaps))
    assert names == ("first lt_0.5s lt_0.5s 0.5-1s 1-2s 2-5s 30-60s 1-5min 1-5min gt_30min gt_30min")


def test_seeds_are_stable_and_apart() -> None:
    # Frozen: another value would change every caption and every split of earlier runs.
    assert derive_seed(7, "captions", "w1") == 7_950_970_421_092_813_800
    frozen = [487617019471545679, 17911839290282890590, 16379150469569308368]
    assert hash_to_uint64(np.array([0, 1, 2**40], dtype=np.uint64), 3).tolist() == frozen
    assert 0 <= derive_seed(0) < 2**63
    assert (
        len({derive_seed(s, *p) for s in (0, 1) for p in (("a",), ("b",), ("a", "b"), ("ab",), (1,))}) == 10
    )
    values = np.arange(20_000, dtype=np.uint64)
    bits = hash_to_uint64(values, 3)
    assert np.array_equal(bits[::-1], hash_to_uint64(values[::-1], 3)), "order must not matter"
    assert not np.array_equal(bits, hash_to_uint64(values, 4))
    uniform = (bits >> np.uint64(11)) * 2.0**-53
    assert abs(uniform.mean() - 0.5) < 0.01
    assert np.abs(np.histogram(uniform, 20, (0, 1))[0] - 1_000).max() < 150
