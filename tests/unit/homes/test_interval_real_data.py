"""The public homes kept as tables: counts that their publishers state. Not part of `make test`."""

from pathlib import Path

import polars as pl
import pytest

from discover.homes import import_log, load_home

pytestmark = pytest.mark.real_data

# folder, home, sensor rows, repeats, activities, refused, days with events
HOMES = [
    ("van_kasteren/houseA", "van_kasteren_a", 1_319, 0, 245, 0, 25),
    ("van_kasteren/houseB", "van_kasteren_b", 19_059, 16, 112, 0, 27),
    ("uci_adl_binary/ordonezA", "ordonez_a", 409, 0, 245, 3, 15),
    ("uci_adl_binary/ordonezB", "ordonez_b", 2_334, 0, 493, 0, 23),
]


@pytest.mark.parametrize(("folder", "name", "rows", "repeats", "activities", "refused", "days"), HOMES)
def test_counts(
    folder: str,
    name: str,
    rows: int,
    repeats: int,
    activities: int,
    refused: int,
    days: int,
    real_data: Path,
) -> None:
    imported = import_log(real_data / folder, home=load_home(name))
    report = imported.report
    assert (report.sensor_intervals, report.repeated_lines) == (rows, repeats)
    assert (report.events, report.annotations) == (2 * rows, activities)
    assert (report.rejected_lines, report.days_with_events) == (refused, days)
    assert report.unknown_sensors == ()
    assert {a.label for a in imported.log.home.activities} == set(report.annotation_counts)
    assert report.events + report.annotations > 0


def test_the_refused_activities_of_ordonez_a(real_data: Path) -> None:
    imported = import_log(real_data / "uci_adl_binary/ordonezA", home=load_home("ordonez_a"))
    assert imported.rejected["line"].to_list() == [72, 81, 83]
    assert set(imported.rejected["reason"]) == {"ends before it begins"}


def test_the_late_rows_of_ordonez_b(real_data: Path) -> None:
    imported = import_log(real_data / "uci_adl_binary/ordonezB", home=load_home("ordonez_b"))
    late = [p.count for p in imported.report.problems if "earlier than the row before" in p.problem]
    assert late == [4]
    assert imported.log.events["time"].is_sorted()


def test_the_states_are_on_and_off_in_equal_number(real_data: Path) -> None:
    imported = import_log(real_data / "van_kasteren/houseA", home=load_home("van_kasteren_a"))
    counts = imported.log.events["state"].cast(pl.String).value_counts().sort("state")
    assert counts.rows() == [("OFF", 1_319), ("ON", 1_319)]


@pytest.mark.parametrize(
    ("log", "name", "lines", "events", "sensors", "annotations", "refused"),
    [
        ("mit_tapia/subject1", "mit_1", 1_475 + 76, 2 * 2_620, 72, 295, 0),
        ("mit_tapia/subject2", "mit_2", 1_040 + 70, 3_356, 68, 198, 50),
        ("openshs/d1_1m_0tm/d1_1m_0tm.csv.gz", "openshs", 18_801, 1_787, 20, 188, 0),
        ("casas/kyoto_adlerror/participants.tar.gz", "kyoto_adlerror", 5_161, 5_161, 30, 100, 0),
    ],
)
def test_other_homes(
    log: str,
    name: str,
    lines: int,
    events: int,
    sensors: int,
    annotations: int,
    refused: int,
    real_data: Path,
) -> None:
    imported = import_log(real_data / log, home=load_home(name))
    report = imported.report
    assert (report.lines, report.events, report.sensors) == (lines, events, sensors)
    assert (report.annotations, report.rejected_lines, report.unknown_sensors) == (annotations, refused, ())
    if name == "kyoto_adlerror":
        assert report.annotation_counts == dict.fromkeys(
            ["clean", "cook", "eat", "phone_call", "wash_hands"], 20
        )
        assert len(report.files) == 100
