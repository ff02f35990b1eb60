"""The simulated log as a file and as tables: determinism, order, switching, annotations."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discover.core.errors import ArtifactError
from discover.core.tables import ANNOTATIONS, EVENTS, validate_table
from discover.homes import import_log, load_home
from discover.simulator import SimulatorConfig, simulate_log, write_simulated

DEMO = load_home("demo")
CLEAN = SimulatorConfig(days=6, seed=5, miss_rate=0.0)


@pytest.fixture(scope="module")
def clean():
    return simulate_log(DEMO, CLEAN)


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path: Path) -> None:
    config = SimulatorConfig(days=3, seed=1)
    for name in ("a.txt.gz", "b.txt.gz", "plain.txt"):
        write_simulated(tmp_path / name, DEMO, config)
    assert (tmp_path / "a.txt.gz").read_bytes()[3:8] == bytes(5), "a name or a time is in the gzip header"
    write_simulated(tmp_path / "other.txt", DEMO, SimulatorConfig(days=3, seed=2))
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == (tmp_path / "plain.txt").read_bytes()
    assert (tmp_path / "plain.txt").read_bytes() != (tmp_path / "other.txt").read_bytes()


@pytest.mark.parametrize("residents", [1, 3])
def test_a_longer_log_only_adds(residents: int) -> None:
    columns = ["time", "sensor", "state", "value", "line"]
    short = simulate_log(DEMO, SimulatorConfig(days=4, seed=9, residents=residents))
    long = simulate_log(DEMO, SimulatorConfig(days=11, seed=9, residents=residents))
    assert long.events.head(len(short.events)).select(columns).equals(short.events.select(columns))
    # Only annotations that the end cuts may differ.
    whole = short.annotations.filter(pl.col("end") < short.events["time"].max() - pl.duration(hours=12))
    assert len(whole) > 40
    assert long.annotations.head(len(whole)).equals(whole)


def test_tables_have_the_shared_schema_and_a_day_starts_at_midnight(clean) -> None:
    validate_table(clean.events, EVENTS, "events")
    validate_table(clean.annotations, ANNOTATIONS, "annotations")
    times = clean.events["time"]
    assert times.is_sorted()
    assert str(times.min()) >= "2024-01-01 00:00"
    assert str(times.max()) < "2024-01-07 00:00"
    assert times.dt.date().n_unique() == 6
    assert clean.events["line"].to_list() == list(range(1, len(clean.events) + 1))


def test_without_misses_every_sensor_switches_on_and_off_in_turn(clean) -> None:
    on = {"ON", "OPEN", "ABSENT", "START"}
    switched = clean.events.filter(pl.col("value").is_null())
    assert len(switched) > 10_000
    for (sensor,), part in switched.group_by("sensor"):
        turned_on = np.array([s in on for s in part["state"]])
        assert turned_on[0], f"{sensor} starts with {part['state'][0]}"
        assert (turned_on[1:] != turned_on[:-1]).all(), f"{sensor} repeats a state"


@pytest.mark.parametrize("seed", range(6))
def test_a_sensor_that_is_on_at_the_first_midnight_says_nothing_before_it_is_on_again(seed: int) -> None:
    config = SimulatorConfig(days=1, seed=seed, miss_rate=0.0, noise_per_hour=1000.0)
    events = simulate_log(DEMO, config).events.filter(pl.col("value").is_null())
    first = events.group_by("sensor").first()["state"].cast(pl.String)
    assert set(first) <= {"ON", "OPEN", "ABSENT"}


def test_states_fit_the_kind_of_sensor(clean) -> None:
    found = {
        kind: set(
            clean.events.filter(
                pl.col("sensor").cast(pl.String).is_in([s.id for s in DEMO.sensors if s.type == kind])
            )["state"].cast(pl.String)
        )
        for kind in ("motion", "door", "item", "power", "temperature")
    }
    assert found == {
        "motion": {"ON", "OFF"},
        "door": {"OPEN", "CLOSE"},
        "item": {"PRESENT", "ABSENT"},
        "power": {"ON", "OFF"},
        "temperature": {"VALUE"},
    }


def test_motion_sensors_hold_between_one_and_five_seconds_unless_triggered_again(clean) -> None:
    motion = [s.id for s in DEMO.sensors if s.type == "motion"]
    durations = (
        clean.events.filter(pl.col("sensor").cast(pl.String).is_in(motion))
        .with_columns(
            s=(pl.col("time").shift(-1) - pl.col("time")).over("sensor").dt.total_microseconds() / 1e6
        )
        .filter(pl.col("state") == "ON")["s"]
        .drop_nulls()
    )
    assert durations.min() > 1.0
    assert 1.5 < durations.median() < 5.2
    assert 0.01 < (durations > 5.2).mean() < 0.5


def test_temperatures_are_plausible_half_degrees_and_rise_with_cooking(clean) -> None:
    readings = clean.events.filter(pl.col("state") == "VALUE")
    assert readings["value"].is_between(14, 36).all()
    assert (readings["value"] * 2 == (readings["value"] * 2).round()).all()
    kitchen = readings.filter(pl.col("sensor") == "T001")["value"]
    living = readings.filter(pl.col("sensor") == "T002")["value"]
    assert kitchen.max() - kitchen.min() > living.max() - living.min() + 2


def test_annotations_are_whole_and_lie_inside_one_another_or_apart(clean) -> None:
    spans = clean.annotations.select("first_event", "n_events", "begin", "end").rows()
    times = clean.events["time"]
    assert len(spans) > 100
    last = [first + n - 1 for first, n, _, _ in spans]
    used = [first for first, *_ in spans] + last
    assert len(used) == len(set(used)), "a line carries two markers"
    for (first, n, begin, end), end_row in zip(spans, last, strict=True):
        assert n >= 2
        assert (times[first], times[end_row]) == (begin, end)
    for i, (a, n_a, *_) in enumerate(spans):
        for b, n_b, *_ in spans[i + 1 : i + 6]:
            apart = a + n_a <= b
            inside = b + n_b <= a + n_a
            assert apart or inside


def test_someone_takes_medicine_while_cooking_now_and_then() -> None:
    log = simulate_log(DEMO, SimulatorConfig(days=60, unlabelled_share=0.0))
    rows = log.annotations.select("activity", "first_event", "n_events").rows()
    cooking = [(f, f + n) for name, f, n in rows if name == "meal_preparation"]
    nested = [
        f for name, f, n in rows if name == "take_medicine" and any(a < f and f + n <= b for a, b in cooking)
    ]
    assert len(nested) >= 3


def test_the_text_has_the_documented_shape_and_reads_back_as_the_same_tables(tmp_path: Path) -> None:
    config = SimulatorConfig(days=4, seed=3)
    path = tmp_path / "log.txt.gz"
    summary = write_simulated(path, DEMO, config)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert len(lines) == summary.events
    day, clock, *_ = lines[0].replace("\t", " ").split(" ")
    assert (day, len(clock), clock[8]) == ("2024-01-01", 15, ".")
    assert {line.count("\t") for line in lines} == {2, 3}
    assert sum(line.endswith(" begin") for line in lines) == summary.annotations
    assert sum(line.endswith(" end") for line in lines) == summary.annotations
    assert sum(summary.activities.values()) == summary.annotations
    expected = simulate_log(DEMO, config)
    read = import_log(path, home=DEMO)
    assert read.rejected.is_empty()
    for column in ("time", "value", "line"):
        assert read.log.events[column].equals(expected.events[column])
    for column in ("sensor", "state"):
        assert read.log.events[column].cast(pl.String).equals(expected.events[column].cast(pl.String))
    assert read.log.annotations.equals(expected.annotations)


def test_the_numbers_of_annotations_of_two_people_never_mix(tmp_path: Path) -> None:
    home = load_home("tulum")
    config = SimulatorConfig(days=5, seed=3)
    write_simulated(tmp_path / "log.txt", home, config)
    read = import_log(tmp_path / "log.txt", home=home).log.annotations
    assert set(read["closed_by"]) == {"marker"}
    assert read.select("raw_label", "first_event", "n_events").equals(
        simulate_log(home, config).annotations.select("raw_label", "first_event", "n_events")
    )


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    class Interrupting:
        def start(self, description: str, total: int | None = None) -> None: ...

        def advance(self, units: int = 1, note: str = "") -> None:
            if note == "day 3":
                raise StopError

        def finish(self, summary: str = "") -> None: ...

    path = tmp_path / "log.txt"
    path.write_text("precious")
    with pytest.raises(StopError):
        write_simulated(path, DEMO, SimulatorConfig(days=5), progress=Interrupting())
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["log.txt"]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="Cannot write"):
        write_simulated(tmp_path / "file" / "log.txt", DEMO, SimulatorConfig(days=1))
