"""The sampling step on small homes: streams, health sensors, statistics, files, errors."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.home import NO_ACTIVITY
from discover.core.tables import LABELS, WINDOWS, validate_table
from discover.core.vocabulary import FIELDS, Vocabulary
from discover.core.window_set import EventLog, load_window_set, read_labels, save_event_log
from discover.sampling import SamplingConfig, sample_windows, write_windows

GOLDEN = Path(__file__).parents[2] / "golden" / "small_home_windows.tsv"
ALL = [
    SamplingConfig(presegmented=p, **v)
    for p in (False, True)
    for v in (
        {"type": "fixed_length", "size": 20},
        {"type": "fixed_duration", "duration_s": 60, "min_events": 3},
        {"type": "variable_duration", "durations_s": (30, 60, 120), "min_events": 3},
    )
]


def test_golden_small_home(small_homes: ModuleType) -> None:
    """Exact windows and labels. When a change is meant: delete the file's rows, run, review the diff."""
    log = small_homes.small_home_log(n_days=4, seed=5)
    lines = []
    for config in ALL:
        sampled = sample_windows(log, config)
        rows = sampled.windows.select("window_id", "first_event", "n_events").hstack(
            sampled.labels.select("label", pl.col("share").round(4), "segment")
        )
        lines += ["\t".join("" if v is None else str(v) for v in row) for row in rows[::7].iter_rows()]
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(), f"{len(lines)} rows differ from {GOLDEN.name}"


@pytest.mark.parametrize("config", ALL, ids=lambda c: c.name)
def test_tables_are_typed_and_joined(small_home_log: EventLog, config: SamplingConfig) -> None:
    sampled = sample_windows(small_home_log, config)
    validate_table(sampled.windows, WINDOWS, "windows")
    validate_table(sampled.labels, LABELS, "labels")
    assert sampled.events is None
    assert sampled.labels["window_id"].equals(sampled.windows["window_id"])
    assert sampled.windows["window_id"].is_unique().all()
    first = sampled.windows.row(0, named=True)
    assert first["window_id"] == f"small_home_{config.name}_{first['start']:%Y%m%d_%H%M%S}"
    order = sampled.windows.select(pl.col("split").to_physical(), "first_event", "n_events")
    assert order.equals(order.sort(order.columns))
    assert sampled.labels["segment"].is_null().all() != config.presegmented
    if config.presegmented:
        assert NO_ACTIVITY not in sampled.labels["label"]


@pytest.mark.parametrize("config", ALL, ids=lambda c: c.name)
def test_cutting_in_portions_changes_nothing(
    small_home_log: EventLog, config: SamplingConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = sample_windows(small_home_log, config)
    for events, blocks in ((1, 1), (700, 500), (10**6, 3)):
        monkeypatch.setattr("discover.sampling.sample._PORTION_EVENTS", events)
        monkeypatch.setattr("discover.sampling.sample._PORTION_BLOCKS", blocks)
        portions = sample_windows(small_home_log, config)
        assert portions.windows.equals(at_once.windows)
        assert portions.labels.equals(at_once.labels)
        assert portions.statistics == at_once.statistics


def test_presegmented_windows_stay_inside_their_segment(small_home_log: EventLog) -> None:
    sampled = sample_windows(small_home_log, SamplingConfig(presegmented=True))
    segments = small_home_log.annotations[sampled.labels["segment"].to_numpy()]
    first = sampled.windows["first_event"]
    assert (first >= segments["first_event"]).all()
    end = first + sampled.windows["n_events"]
    assert (end <= segments["first_event"] + segments["n_events"]).all()
    assert sampled.labels["label"].equals(segments["activity"].alias("label"))


def test_presegmented_borders_count_from_the_segment(small_home_log: EventLog) -> None:
    config = SamplingConfig(presegmented=True, min_events=1)
    sampled = sample_windows(small_home_log, config)
    table = sampled.windows.hstack(sampled.labels.select("segment"))
    begins = table.group_by("segment").agg(pl.col("first_event").min()).sort("segment")
    assert begins["segment"].to_list() == list(range(len(small_home_log.annotations)))
    assert begins["first_event"].equals(small_home_log.annotations["first_event"])


def test_labels_do_not_steer_free_windows(small_home_log: EventLog) -> None:
    blind = EventLog(small_home_log.home, small_home_log.events, small_home_log.annotations.clear())
    for config in ALL[:3]:
        with_labels, without = sample_windows(small_home_log, config), sample_windows(blind, config)
        assert with_labels.windows.equals(without.windows)
        assert with_labels.vocabulary == without.vocabulary
        assert set(without.labels["label"]) == {NO_ACTIVITY}


def test_vocabulary_holds_training_events_only(small_homes: ModuleType) -> None:
    second = 1_000_000
    day = 86_400 * second
    times = [d * day + i * second for d in range(3) for i in range(4)]
    sensors = ["M001"] * 4 + ["M005"] * 4 + ["D002"] * 4
    states = ["ON"] * 4 + ["OFF"] * 4 + ["OPEN"] * 4
    events = small_homes.events_table(times, sensors, states)
    log = EventLog(
        small_homes.small_home(), events, small_homes.annotations_table(events, [("bathing", 0, 4, None)])
    )
    vocabulary = sample_windows(log, SamplingConfig()).vocabulary
    assert vocabulary.values["sensor"] == ("M001",)
    assert vocabulary.values["state"] == ("ON",)
    assert vocabulary.values["room_id"] == ("bedroom",)
    assert vocabulary.values["sensor_type"] == ("motion",)
    assert vocabulary.values["sensor_detail"] == ("bed",)
    assert set(vocabulary.values) == set(FIELDS)
    assert "bathing" not in json.dumps(vocabulary.to_dict())
    assert vocabulary.size("dow_bucket") == 10


def test_health_sensors_stay_out(small_homes: ModuleType, tmp_path: Path) -> None:
    log = small_homes.small_home_log(n_days=5, health=True)
    sampled = sample_windows(log, SamplingConfig())
    assert sampled.events is not None
    assert "BAT01" not in set(sampled.events["sensor"].cast(pl.String))
    assert sampled.events["time"].is_sorted()
    assert sampled.statistics["health_events_left_out"] == 20
    plain = sample_windows(small_homes.small_home_log(n_days=5), SamplingConfig())
    assert sampled.windows.equals(plain.windows)
    assert sampled.labels.equals(plain.labels)
    kept = sample_windows(log, SamplingConfig(include_health_sensors=True))
    assert kept.events is None
    write_windows(tmp_path / "FD_60", sampled, log.home)
    loaded = load_window_set(tmp_path / "FD_60")
    assert loaded.events.equals(sampled.events)
    assert loaded.home == log.home


def test_health_reports_show_that_the_recorder_ran(small_homes: ModuleType) -> None:
    second, hour = 1_000_000, 3_600_000_000
    times = [0, second, 2 * second, 2 * hour, 4 * hour, 4 * hour + second, 4 * hour + 2 * second]
    config = SamplingConfig(duration_s=86_400, hole_s=3 * 3_600, split={"ratios": (1, 0, 0)})
    events = small_homes.events_table(times, ["M001"] * 3 + ["BAT01"] + ["M001"] * 3)
    log = EventLog(small_homes.small_home(), events, small_homes.annotations_table(events, []))
    assert sample_windows(log, config).windows["n_events"].to_list() == [6]
    silent = EventLog(log.home, events.filter(pl.int_range(7) != 3), log.annotations)
    assert sample_windows(silent, config).windows["n_events"].to_list() == [3, 3]


def test_streams_part_residents_without_leak(two_resident_log: EventLog) -> None:
    sampled = sample_windows(two_resident_log, SamplingConfig(streams="resident", min_events=2))
    events = sampled.events
    assert events is not None
    assert sampled.statistics["streams"] == ["", "r1", "r2"]
    assert len(events) == len(two_resident_log.events)
    code = events["resident"].fill_null("")
    assert code.is_sorted()
    assert all(part["time"].is_sorted() for part in events.partition_by("resident"))
    for first, count in sampled.windows.select("first_event", "n_events").iter_rows():
        assert code[first : first + count].n_unique() == 1
    # A day belongs to one split in every stream.
    days = sampled.windows.group_by(pl.col("start").dt.date()).agg(pl.col("split").n_unique())
    assert days["split"].max() == 1


def test_streams_take_labels_of_their_own_resident(small_homes: ModuleType) -> None:
    times = [i * 1_000_000 for i in range(12)]
    residents = ["r1", "r2"] * 6
    events = small_homes.events_table(times, ["M001"] * 12, residents=residents)
    spans = [("sleeping", 0, 12, "r1"), ("bathing", 0, 8, "r2")]
    log = EventLog(small_homes.small_home(), events, small_homes.annotations_table(events, spans))
    config = SamplingConfig(type="fixed_length", size=6, split={"ratios": (1, 0, 0)}, streams="resident")
    labels = sample_windows(log, config).labels
    assert labels["label"].to_list() == ["sleeping", "bathing"]
    assert labels["all_labels"].to_list() == [["sleeping"], ["bathing"]]
    np.testing.assert_allclose(labels["share"], [1.0, 4 / 6], rtol=1e-6)
    presegmented = sample_windows(log, config.model_copy(update={"presegmented": True, "min_events": 1}))
    assert presegmented.windows["n_events"].to_list() == [6, 4]


def test_statistics_add_up(small_home_log: EventLog) -> None:
    sampled = sample_windows(small_home_log, SamplingConfig())
    statistics = json.loads(json.dumps(sampled.statistics))
    assert statistics["windows"] == len(sampled.windows)
    assert statistics["events_in_log"] == len(small_home_log.events)
    assert len(statistics["holes"]) == 1
    assert statistics["holes"][0]["hours"] > 48
    for split, part in statistics["splits"].items():
        n = len(sampled.windows.filter(pl.col("split") == split))
        assert part["windows"] == n
        assert sum(part["events_per_window"]["histogram"]) == n
        assert sum(part["seconds_per_window"]["histogram"]) == n
        assert sum(part["labels"].values()) == n
        assert part["days"] == len(part["day_list"])
    days = [d for part in statistics["splits"].values() for d in part["day_list"]]
    assert len(days) == len(set(days)) == 12


def test_a_silence_of_exactly_the_limit_is_a_hole(small_homes: ModuleType) -> None:
    day = 86_400_000_000
    log = small_homes.plain_log([0, 1, 2, day + 2, 2 * day + 1, 2 * day + 3])
    for hole_s, hours in ((86_400, [24.0]), (86_400.000002, []), (3_600, [24.0, 24.0])):
        config = SamplingConfig(hole_s=hole_s, min_events=1)
        holes = sample_windows(log, config).statistics["holes"]
        assert [h["hours"] for h in holes] == hours


def test_long_windows_are_cut_not_truncated(small_homes: ModuleType) -> None:
    log = small_homes.plain_log([i * 1_000 for i in range(1_300)])
    sampled = sample_windows(log, SamplingConfig(overlap_train=0, split={"ratios": (1, 0, 0)}))
    assert sampled.windows["n_events"].to_list() == [433, 433, 434]
    assert sampled.windows["first_event"].to_list() == [0, 433, 866]
    assert sampled.statistics["splits"]["train"]["cut_for_max_events"] == 1


def test_weights_draw_durations_as_often_as_asked(small_homes: ModuleType) -> None:
    log = small_homes.plain_log([i * 1_000_000 for i in range(80_000)])
    config = SamplingConfig(
        type="variable_duration",
        durations_s=(20, 40),
        weights=(3, 1),
        overlap_train=0,
        split={"ratios": (1, 0, 0)},
    )
    counts = sample_windows(log, config).windows["n_events"][:-1].value_counts(sort=True)
    assert set(counts["n_events"]) == {20, 40}
    assert abs(counts["count"][0] / counts["count"].sum() - 0.75) < 0.03
    assert counts["n_events"][0] == 20


def test_written_files_are_read_back(small_home_log: EventLog, tmp_path: Path) -> None:
    sampled = sample_windows(small_home_log, SamplingConfig())
    save_event_log(tmp_path, small_home_log)
    paths = write_windows(tmp_path / "FD_60", sampled, small_home_log.home)
    assert [p.name for p in paths] == [
        "windows.parquet",
        "labels.parquet",
        "annotation_windows.parquet",
        "vocab.json",
        "statistics.json",
    ]
    loaded = load_window_set(tmp_path / "FD_60")
    assert loaded.windows.equals(sampled.windows)
    assert read_labels(tmp_path / "FD_60").equals(sampled.labels)
    assert Vocabulary.load(paths[3]) == sampled.vocabulary
    before = [p.read_bytes() for p in paths]
    write_windows(tmp_path / "FD_60", sample_windows(small_home_log, SamplingConfig()), small_home_log.home)
    assert [p.read_bytes() for p in paths] == before


def test_errors_say_what_to_do(small_homes: ModuleType, small_home_log: EventLog) -> None:
    empty = EventLog(small_home_log.home, small_home_log.events.clear(), small_home_log.annotations.clear())
    with pytest.raises(DataError, match="has no events"):
        sample_windows(empty, SamplingConfig())
    unlabelled = EventLog(small_home_log.home, small_home_log.events, small_home_log.annotations.clear())
    with pytest.raises(DataError, match=r"no annotations, so FD_60_p .* Use a sampling without _p"):
        sample_windows(unlabelled, SamplingConfig(presegmented=True))
    with pytest.raises(DataError, match="2 calendar days, but 3 splits"):
        sample_windows(small_homes.plain_log([0, 1, 2, 86_400_000_000]), SamplingConfig())
    battery = small_homes.events_table([0, 1, 2], ["BAT01"] * 3)
    only_health = EventLog(small_home_log.home, battery, small_home_log.annotations.clear())
    with pytest.raises(DataError, match="health sensors"):
        sample_windows(only_health, SamplingConfig())
