"""The real logs: figures that are published or were counted by other means. Not part of `make test`."""

from pathlib import Path

import polars as pl
import pytest

from discover.homes import ImportedLog, import_log, load_home

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def b2(real_data: Path) -> ImportedLog:
    return import_log(real_data / "casas/bosch_b2/data.gz", home=load_home("bosch_b2"))


def test_b2_lines_are_accounted_for(b2: ImportedLog) -> None:
    report = b2.report
    assert (report.lines, report.events, report.repeated_lines) == (254_920, 252_704, 2_216)
    assert (report.blank_lines, report.rejected_lines, report.unknown_sensors) == (0, 0, ())
    assert report.days_with_events == 89


def test_b2_annotations_equal_the_published_table(b2: ImportedLog, real_data: Path) -> None:
    wanted = pl.read_csv(real_data / "casas/bosch_b2/activities.csv.gz", try_parse_dates=False)
    wanted = wanted.select(
        pl.col("activity").alias("raw_label"),
        pl.col("start").str.to_datetime(time_unit="us").alias("begin"),
        pl.col("end").str.to_datetime(time_unit="us"),
    ).sort("begin", "end", "raw_label")
    found = b2.log.annotations.select("raw_label", "begin", "end").sort("begin", "end", "raw_label")
    assert len(found) == 2_592
    assert found.equals(wanted)
    assert b2.log.annotations["closed_by"].unique().to_list() == ["marker"]
    events = b2.log.events["time"]
    last = b2.log.annotations["first_event"] + b2.log.annotations["n_events"] - 1
    assert events.gather(b2.log.annotations["first_event"]).equals(
        b2.log.annotations["begin"], check_names=False
    )
    assert events.gather(last).equals(b2.log.annotations["end"], check_names=False)


def test_b2_holes(b2: ImportedLog) -> None:
    days = sorted(int(h.days) for h in b2.report.holes)
    assert days[-3:] == [12, 16, 16]
    gaps = b2.log.events["time"].diff().dt.total_seconds()
    holes = (gaps >= 86_400).arg_true().to_list()
    assert len(holes) == len(b2.report.holes)
    first = b2.log.annotations["first_event"]
    last = first + b2.log.annotations["n_events"] - 1
    assert not any(((first < hole) & (last >= hole)).any() for hole in holes)


def test_adlnormal(real_data: Path) -> None:
    imported = import_log(real_data / "casas/kyoto_adlnormal/data.gz", home=load_home("kyoto_adlnormal"))
    assert (imported.report.lines, imported.report.events, imported.report.repeated_lines) == (
        6_425,
        6_423,
        2,
    )
    assert imported.report.annotation_counts == dict.fromkeys(
        ["clean", "cook", "eat", "phone_call", "wash_hands"], 24
    )
    assert imported.report.unknown_sensors == ()
    late = [p for p in imported.report.problems if "earlier than" in p.problem]
    assert [p.count for p in late] == [1]
    assert set(imported.log.annotations["closed_by"]) == {"marker"}


def test_tm000(real_data: Path) -> None:
    imported = import_log(
        real_data / "casas/tm000_unlabelled/tm000.multiday_absence.txt.gz", home=load_home("tm000")
    )
    assert (imported.report.lines, imported.report.events) == (21_968, 21_968)
    assert imported.report.unknown_sensors == ()
    assert set(imported.log.events["state"].cast(pl.String)) == {"OFF", "ON"}
