"""discover-v2's files: what is written is read back, on generated logs and on every shape seen."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from discover.core.errors import ArtifactError, DataError, JoinError
from discover.core.tables import CAPTIONS, EVENTS, LABELS, WINDOWS, validate_table
from discover.core.vocabulary import Vocabulary
from discover.core.window_set import EventLog, WindowSet
from discover.interop import (
    read_v2_captions,
    read_v2_windows,
    write_v2_captions,
    write_v2_vocabulary,
    write_v2_windows,
)
from discover.sampling import SamplingConfig, sample_windows

DAY = 86_400_000_000


def flat_events(window_set: WindowSet) -> pl.DataFrame:
    """Every window's events one after the other, in comparable types."""
    first = window_set.windows["first_event"].to_list()
    count = window_set.windows["n_events"].to_list()
    rows = np.concatenate([np.arange(f, f + n) for f, n in zip(first, count, strict=True)])
    return window_set.events[rows].with_columns(pl.col("sensor", "state").cast(pl.String)).drop("line")


def round_trip(folder: Path, log: EventLog, config: SamplingConfig) -> tuple[WindowSet, Any, Any]:
    sampled = sample_windows(log, config)
    window_set = WindowSet.of(
        log.home, log.events if sampled.events is None else sampled.events, sampled.windows
    )
    annotations = log.annotations if sampled.events is None else None
    for old in folder.glob("*.json"):
        old.unlink()
    write_v2_windows(folder, window_set, sampled.labels, annotations, vocabulary=sampled.vocabulary)
    return window_set, sampled, read_v2_windows(folder)


def assert_same(window_set: WindowSet, sampled: Any, read: Any) -> None:
    found = read.window_set
    validate_table(found.events, EVENTS, "events")
    validate_table(found.windows, WINDOWS, "windows")
    validate_table(read.labels, LABELS, "labels")
    assert_frame_equal(found.windows.drop("first_event"), window_set.windows.drop("first_event"))
    assert_frame_equal(flat_events(found), flat_events(window_set))
    assert_frame_equal(read.labels, sampled.labels, check_exact=True)


@given(
    gaps=st.lists(
        st.sampled_from([0, 1, 250_000, 1_000_000, 20_000_000, 4 * 3_600_000_000]), min_size=12, max_size=60
    ),
    kinds=st.lists(st.integers(0, 5), min_size=60, max_size=60),
    values=st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=60, max_size=60),
    size=st.integers(2, 9),
    overlap=st.sampled_from([0.0, 0.5, 0.8]),
    duration=st.booleans(),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_survive_the_round_trip(
    small_homes: ModuleType,
    tmp_path: Path,
    gaps: list[int],
    kinds: list[int],
    values: list[float],
    size: int,
    overlap: float,
    duration: bool,
) -> None:
    times = np.cumsum(gaps) + 20_000 * DAY
    n = len(times)
    names = ["M001", "M005", "D002", "T001", "M001", "M001"]
    states = ["ON", "ON", "OPEN", "VALUE", "OFF", "ON"]
    events = small_homes.events_table(
        times,
        [names[k] for k in kinds[:n]],
        [states[k] for k in kinds[:n]],
        [v if k == 3 else None for k, v in zip(kinds[:n], values, strict=False)],
    )
    spans = [("sleeping", 0, n // 2 + 1, None), ("bathing", n // 4, n // 3, None)]
    log = EventLog(small_homes.small_home(), events, small_homes.annotations_table(events, spans))
    shape = (
        {"duration_s": 30.0, "min_events": 1}
        if duration
        else {"type": "fixed_length", "size": size, "min_events": 1}
    )
    config = SamplingConfig(**shape, overlap_train=overlap, split={"ratios": (1, 0, 0)})
    window_set, sampled, read = round_trip(tmp_path, log, config)
    assert_same(window_set, sampled, read)
    assert len(read.window_set.events) <= n, "events that windows share must be merged"


@pytest.mark.parametrize("presegmented", [False, True])
def test_small_home_survives_and_is_merged(
    small_home_log: EventLog, tmp_path: Path, presegmented: bool
) -> None:
    config = SamplingConfig(type="fixed_length", size=20, presegmented=presegmented)
    window_set, sampled, read = round_trip(tmp_path, small_home_log, config)
    assert_same(window_set, sampled, read)
    covered = sum(p["events_in_windows"] for p in sampled.statistics["splits"].values())
    assert len(read.window_set.events) == covered
    assert read.window_set.events["time"].is_sorted()
    known = {s.id: s for s in small_home_log.home.sensors}
    assert all(known[s.id] == s for s in read.window_set.home.sensors)
    assert read.window_set.home.floor_plan == small_home_log.home.floor_plan


def test_streams_survive(two_resident_log: EventLog, tmp_path: Path) -> None:
    window_set, sampled, read = round_trip(tmp_path, two_resident_log, SamplingConfig(streams="resident"))
    assert_same(window_set, sampled, read)
    covered = sum(p["events_in_windows"] for p in sampled.statistics["splits"].values())
    assert len(read.window_set.events) == covered, "windows of every stream are merged"


def test_written_fields_are_those_of_the_format(small_home_log: EventLog, tmp_path: Path) -> None:
    round_trip(tmp_path, small_home_log, SamplingConfig())
    data = json.loads((tmp_path / "train.json").read_text())
    assert {"dataset", "sampling_strategy", "sampling_params", "split", "samples", "statistics"} <= set(data)
    first, second = data["samples"][0]["sensor_sequence"][:2]
    assert list(first)[:3] == ["sensor_id", "room", "sensor_type"]
    assert {"event_type", "timestamp", "activity_l1", "activity_l2", "tod_bucket", "dow_bucket"} <= set(first)
    assert (first["tod_bucket"], first["dow_bucket"], first["time_delta_bucket"]) == (
        "early_morning",
        "monday",
        "first",
    )
    assert second["time_delta_bucket"] != "first"
    assert first["activity_l1"] == "bathing"
    assert first["activity_l2"] == "hygiene"
    metadata = data["samples"][0]["metadata"]
    assert metadata["num_events"] == len(data["samples"][0]["sensor_sequence"])
    assert metadata["rooms_visited"] == ["bathroom"]
    assert metadata["ground_truth_labels"]["primary_l1"] == "bathing"
    assert metadata["ground_truth_labels"]["label_distribution"] == {"bathing": 1.0}
    vocabulary = json.loads((tmp_path / "vocab.json").read_text())
    assert vocabulary["sensor"]["UNK"] == 0
    assert list(vocabulary["sensor"].values()) == list(range(len(vocabulary["sensor"])))


def test_events_carry_the_shortest_activity_they_lie_in(small_homes: ModuleType, tmp_path: Path) -> None:
    log = small_homes.plain_log([i * 1_000_000 for i in range(8)], [("bathing", 2, 2), ("sleeping", 0, 6)])
    config = SamplingConfig(type="fixed_length", size=8, split={"ratios": (1, 0, 0)})
    round_trip(tmp_path, log, config)
    sequence = json.loads((tmp_path / "train.json").read_text())["samples"][0]["sensor_sequence"]
    names = [e["activity_l1"] for e in sequence]
    assert names == ["sleeping"] * 2 + ["bathing"] * 2 + ["sleeping"] * 2 + ["no_activity"] * 2


OLD = {
    "dataset": "Old Home",
    "split": "validation",
    "samples": [
        {
            "sample_id": "old_val_000000",
            "sensor_sequence": [
                {"sensor": "M1", "state": "ON", "room_id": "kitchen", "timestamp": "2010-01-02 03:04:05"},
                {
                    "sensor": "T1",
                    "state": "18.50",
                    "timestamp": "2010-01-02 03:04:05.5",
                    "sensor_type": "temperature",
                },
                {"sensor": "M1", "state": "OFF", "timestamp": "2010-01-02T03:04:06.123456", "x": None},
            ],
        }
    ],
}


def write(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_older_fields_absent_fractions_and_absent_metadata(tmp_path: Path) -> None:
    read = read_v2_windows(write(tmp_path / "val.json", OLD))
    events = read.window_set.events
    assert events["sensor"].to_list() == ["M1", "T1", "M1"]
    assert events["state"].to_list() == ["ON", "VALUE", "OFF"]
    assert events["value"].to_list() == [None, 18.5, None]
    assert [t.microsecond for t in events["time"]] == [0, 500_000, 123_456]
    home = read.window_set.home
    assert (home.name, home.sensor("M1").room, home.sensor("T1").type) == (
        "old_home",
        "kitchen",
        "temperature",
    )
    assert home.sensor("T1").room == "unknown_room"
    assert read.window_set.windows["split"].to_list() == ["val"]
    assert read.labels.row(0) == ("old_val_000000", "no_activity", "no_activity", 0.0, [], None)


def test_one_file_is_one_split_and_a_folder_is_all(small_home_log: EventLog, tmp_path: Path) -> None:
    _, sampled, _ = round_trip(tmp_path, small_home_log, SamplingConfig())
    for split in ("train", "val", "test"):
        one = read_v2_windows(tmp_path / f"{split}.json").window_set
        assert one.windows["window_id"].equals(sampled.windows.filter(pl.col("split") == split)["window_id"])
    assert len(read_v2_windows(tmp_path).window_set.windows) == len(sampled.windows)


def test_a_given_home_wins(small_home_log: EventLog, tmp_path: Path) -> None:
    data = json.loads(json.dumps(OLD))
    data["samples"][0]["metadata"] = {
        "ground_truth_labels": {
            "primary_l1": "Meal_Preparation",
            "label_distribution": {"Meal_Preparation": 2, "x": 1},
        }
    }
    read = read_v2_windows(write(tmp_path / "val.json", data), small_home_log.home)
    assert read.labels["label"].to_list() == ["meal_preparation"]
    assert read.labels["coarse"].to_list() == ["cook"]
    assert abs(read.labels["share"][0] - 2 / 3) < 1e-6
    assert {"M001", "M1", "T1"} <= {s.id for s in read.window_set.home.sensors}


def broken(change: str) -> Any:
    text = json.dumps(OLD)
    sample = OLD["samples"][0]  # type: ignore[index]
    return {
        "cut short": text[:180],
        "comma missing": text.replace('"state": "OFF", ', '"state": "OFF" '),
        "binary": "\x00\x01\x02 nothing",
        "a list": "[1, 2]",
        "no samples": json.dumps({"split": "val"}),
        "empty samples": json.dumps({"split": "val", "samples": []}),
        "sample is a number": json.dumps({"split": "val", "samples": [3]}),
        "no id": json.dumps({"split": "val", "samples": [{**sample, "sample_id": None}]}),
        "no events": json.dumps({"split": "val", "samples": [{**sample, "sensor_sequence": []}]}),
        "same id twice": json.dumps({"split": "val", "samples": [sample, sample]}),
        "bad stamp": text.replace("2010-01-02 03:04:05.5", "yesterday"),
        "no stamp": text.replace('"timestamp": "2010-01-02 03:04:05.5", ', ""),
        "bad split": text.replace("validation", "holdout"),
    }[change]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("cut short", ["damaged JSON", "byte 180", "0 complete entries"]),
        ("comma missing", ["damaged JSON", "at byte"]),
        ("binary", ["damaged JSON"]),
        ("a list", ["no list 'samples'"]),
        ("no samples", ["no list 'samples'"]),
        ("empty samples", ["no sample"]),
        ("sample is a number", ["entry 0 of 'samples'"]),
        ("no id", ["sample 0 has no sample_id"]),
        ("no events", ["sample 0 (old_val_000000) has no events"]),
        ("same id twice", ["1 sample ids occur twice"]),
        ("bad stamp", ["1 time stamps cannot be read", "yesterday"]),
        ("no stamp", ["sample 0 (old_val_000000)", "without a sensor, a state or a timestamp"]),
        ("bad split", ["split 'holdout'"]),
    ],
)
def test_damage_is_named_with_its_place(tmp_path: Path, change: str, words: list[str]) -> None:
    path = write(tmp_path / "val.json", broken(change))
    with pytest.raises(DataError) as caught:
        read_v2_windows(path)
    for word in (*words, "val.json"):
        assert word in str(caught.value)


def test_the_byte_of_a_fault_in_a_large_file_is_exact(tmp_path: Path) -> None:
    sample = json.dumps(OLD["samples"][0])  # type: ignore[index]
    samples = [sample.replace("000000", f"{i:06d}") for i in range(2_000)]
    text = '{"split": "val", "samples": [' + ", ".join(samples) + "]}"
    place = text.index('"sensor": "T1"', 600_000)
    path = write(tmp_path / "val.json", text[:place] + "@" + text[place:])
    with pytest.raises(DataError, match="damaged JSON") as caught:
        read_v2_windows(path)
    said = int(str(caught.value).split("at byte ")[1].split(", after")[0].replace(",", ""))
    assert abs(said - place) <= 2
    assert f"{samples.index(next(s for s in samples if text.index(s) + len(s) > place)):,} complete" in str(
        caught.value
    )


def test_missing_files_and_labels(small_home_log: EventLog, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No file at"):
        read_v2_windows(tmp_path / "train.json")
    with pytest.raises(ArtifactError, match=r"No train\.json"):
        read_v2_windows(tmp_path)
    sampled = sample_windows(small_home_log, SamplingConfig())
    window_set = WindowSet.of(small_home_log.home, small_home_log.events, sampled.windows)
    with pytest.raises(JoinError, match=r"1 of .* have no label row"):
        write_v2_windows(tmp_path, window_set, sampled.labels[1:])
    assert list(tmp_path.iterdir()) == []
    write_v2_windows(tmp_path, window_set)
    assert set(read_v2_windows(tmp_path).labels["label"]) == {"no_activity"}


@given(
    captions=st.dictionaries(
        st.text("abc_", min_size=1, max_size=6),
        st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=4, unique=True),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_captions_survive_the_round_trip(tmp_path: Path, captions: dict[str, list[str]]) -> None:
    rows = [(w, i, "short", c) for w, texts in captions.items() for i, c in enumerate(texts)]
    table = pl.DataFrame(rows, schema=dict(CAPTIONS), orient="row")  # type: ignore[arg-type]
    path = write_v2_captions(tmp_path / "train_captions_short.json", table)
    assert_frame_equal(read_v2_captions(path), table)


def test_captions_of_other_shapes(tmp_path: Path) -> None:
    data = {
        "captions": [
            {"sample_id": "a", "captions": ["x", {"text": "y"}, "x"]},
            {"sample_id": "b", "captions": "z"},
        ]
    }
    read = read_v2_captions(write(tmp_path / "val_llm_openai_gpt.json", data))
    assert read.select("window_id", "caption_index", "style", "caption").rows() == [
        ("a", 0, "llm_openai_gpt", "x"),
        ("a", 1, "llm_openai_gpt", "y"),
        ("b", 0, "llm_openai_gpt", "z"),
    ]
    for bad in (
        [{"captions": ["x"]}],
        [{"sample_id": "a", "captions": []}],
        [{"sample_id": "a", "captions": [3]}],
    ):
        with pytest.raises(DataError, match="caption"):
            read_v2_captions(write(tmp_path / "bad.json", {"captions": bad}))


def test_vocabulary_survives_and_loses_its_labels(tmp_path: Path) -> None:
    vocabulary = Vocabulary.build({"sensor": ["M2", "M1"], "state": ["ON"], "sensor_detail": []})
    path = write_v2_vocabulary(tmp_path / "vocab.json", vocabulary)
    assert Vocabulary.load(path) == vocabulary
    data = json.loads(path.read_text())
    assert data["sensor"] == {"UNK": 0, "M1": 1, "M2": 2}
    data["activity"] = {"UNK": 0, "Sleep": 1}
    assert Vocabulary.load(write(path, data)) == vocabulary
