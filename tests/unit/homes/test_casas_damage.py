"""Damage in a log: every kind is counted, listed, and dealt with by its stated rule. Lines are invented."""

import io
import zipfile
from collections.abc import Callable

import pytest

from discover.core.errors import DataError
from discover.core.home import Home
from discover.homes import ImportedLog, ImportReport, report_table
from discover.homes.report import Problem

Import = Callable[..., ImportedLog]

DAY = "2011-03-01"


def problem(report: ImportReport, words: str) -> Problem:
    found = [p for p in report.problems if words in p.problem]
    assert len(found) == 1, (words, [p.problem for p in report.problems])
    return found[0]


def lines(*parts: str) -> str:
    return "".join(f"{DAY} {part}\n" if part[:2].isdigit() else part + "\n" for part in parts)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("C", "does not begin with a date"),
        ("# a remark", "does not begin with a date"),
        ("2011-02-30 07:00:02\tM001\tON", "no such date"),
        ("2011-13-01 07:00:02\tM001\tON", "no such date"),
        ("2011-03-01 24:00:02\tM001\tON", "no such time"),
        ("2011-03-01 07:00:60\tM001\tON", "no such time"),
        ("2011-03-01 07:00\tM001\tON", "no such time"),
        ("2011-03-01 07:00:02.1x\tM001\tON", "no such time"),
        ("2011-03-01 07:00:02Z\tM001\tON", "no time_zone"),
        ("2011-03-01 07:00:02", "too few fields"),
        ("2011-03-01 07:00:02\tM001", "too few fields"),
        ("2011-03-01", "no such time"),
        ("2011-03-01 07:00:02\tM001\tO", "value not understood"),
        ("2011-03-01 07:00:02\tM001\tC", "value not understood"),
        ("2011-03-01 07:00:02\tM001\tnan", "value not understood"),
        ("2011-03-01 07:00:02\tON\tOFF", "no sensor id"),
        ("2011-03-01 07:00:02\tM00c\tON", "damaged sensor id"),
        ("2011-03-01 07:00:02\tM001\tON\t" + "x" * 300, "more than 256"),
    ],
)
def test_unreadable_line_is_listed_with_number_and_reason(bad: str, reason: str, import_text: Import) -> None:
    text = lines("07:00:00\tM001\tON", "07:00:01\tM001\tOFF") + bad + "\n" + lines("07:00:03\tM001\tON")
    imported = import_text(text)
    assert imported.report.lines == 4
    assert imported.report.events == 3
    assert imported.log.events["line"].to_list() == [1, 2, 4]
    assert imported.rejected["line"].to_list() == [3]
    assert reason in imported.rejected["reason"][0]
    assert imported.rejected["text"][0] == bad[:200]
    assert problem(imported.report, reason).first_lines == (3,)


@pytest.mark.parametrize(
    ("spelling", "state"),
    [
        ("ON0", "ON"),
        ("OF", "OFF"),
        ("OFFc", "OFF"),
        ("ONc", "ON"),
        ("OPE", "OPEN"),
        ("CLOSED", "CLOSE"),
        ("on", "ON"),
        ("OFFF", "OFF"),
    ],
)
def test_damaged_state_is_repaired_where_only_one_fits(
    spelling: str, state: str, import_text: Import
) -> None:
    imported = import_text(lines("07:00:00\tM001\tON", f"07:00:01\tM001\t{spelling}\tSleep begin"))
    assert imported.log.events["state"].to_list() == ["ON", state]
    assert imported.report.repaired_states == {f"read {spelling} as {state}": 1}
    assert problem(imported.report, "repaired value").first_lines == (2,)


def test_unknown_words_are_states_once_they_are_frequent(import_text: Import) -> None:
    text = lines(*(f"07:00:{k:02d}\tF001\tSPIN" for k in range(12)), "07:01:00\tF001\tSPUN")
    imported = import_text(text)
    assert imported.log.events["state"].unique().to_list() == ["SPIN"]
    assert imported.rejected["line"].to_list() == [13]


def test_value_in_another_column_than_usual(import_text: Import) -> None:
    text = lines(
        *(f"07:{k // 60:02d}:{k % 60:02d}\tM001\tON" for k in range(150)), "08:00:00\tM002\tjunk\tON"
    )
    imported = import_text(text)
    assert imported.rejected["reason"].to_list() == [
        "value stands in another column than in the rest of the log"
    ]
    assert [s.id for s in imported.log.home.sensors] == ["M001"]


def test_blank_lines_and_order(import_text: Import) -> None:
    text = lines("", "07:00:03\tM001\tON", "  \t", "07:00:01\tM002\tON", "07:00:03\tM003\tON", "")
    report = import_text(text).report
    assert (report.lines, report.events, report.blank_lines) == (6, 3, 3)
    assert problem(report, "blank").first_lines == (1, 3, 6)
    assert problem(report, "earlier than").first_lines == (4,)
    imported = import_text(text)
    # equal stamps keep the order of the file
    assert imported.log.events["line"].to_list() == [4, 2, 5]


def test_exact_repeats_are_kept_once_and_near_repeats_stay(import_text: Import) -> None:
    text = lines(
        "07:00:00\tM001\tON\tSleep begin",
        "07:00:00\tM001\tON\tSleep begin",
        "07:00:01\tM001\tOFF",
        "07:00:01\tM001\tOFF",
        "07:00:01\tM001\tOFF",
        "07:00:02\tM001\tOFF\tSleep end",
        "07:00:02\tM001\tOFF",
    )
    imported = import_text(text)
    assert imported.log.events["line"].to_list() == [1, 3, 6, 7]
    assert imported.report.repeated_lines == 3
    assert problem(imported.report, "repeat").first_lines == (2, 4, 5)
    assert imported.log.annotations.select("first_event", "n_events").rows() == [(0, 3)]


def test_marker_on_a_rejected_line_is_not_lost(import_text: Import) -> None:
    text = lines(
        "07:00:00\tM001\tON",
        "07:00:01\tM001\tO\tSleep begin",
        "07:00:02\tM001\tON",
        "07:00:03\tM001\tOFF",
        "07:00:04\tM001\tO\tSleep end",
        "07:00:05\tM002\tON",
    )
    imported = import_text(text)
    assert imported.rejected["line"].to_list() == [2, 5]
    assert imported.log.annotations.select("activity", "first_event", "n_events", "closed_by").rows() == [
        ("sleep", 1, 2, "marker")
    ]


def test_end_without_begin(import_text: Import) -> None:
    imported = import_text(lines("07:00:00\tM001\tON\tSleep end", "07:00:01\tM001\tOFF"))
    assert imported.log.annotations.is_empty()
    assert problem(imported.report, "ends without").first_lines == (1,)


@pytest.mark.parametrize(
    ("after", "last_event", "rule"),
    [
        (["07:10:00\tM001\tON\tSleep begin", "07:20:00\tM001\tON\tSleep end"], 1, "next_begin"),
        (["07:10:00\tM001\tON\tCook begin", "07:20:00\tM001\tON\tCook end"], 1, "next_begin"),
        (["07:10:00\tM001\tON", "07:20:00\tM001\tON"], 3, "end_of_log"),
        (["07:10:00\tM001\tON", "2011-03-02 07:00:00\tM001\tON"], 2, "end_of_day"),
        (["07:10:00\tM001\tON", "2011-03-05 07:00:00\tM001\tON\tSleep end"], 2, "hole"),
    ],
)
def test_begin_without_end_is_closed_by_a_rule(
    after: list[str], last_event: int, rule: str, import_text: Import
) -> None:
    imported = import_text(
        lines("07:00:00\tM001\tON\tSleep begin", "07:05:00\tM001\tOFF").replace("\n\n", "\n")
        + "".join(line + "\n" if line.startswith("2011") else f"{DAY} {line}\n" for line in after)
    )
    first = imported.log.annotations.row(0, named=True)
    assert (first["activity"], first["first_event"]) == ("sleep", 0)
    assert (first["first_event"] + first["n_events"] - 1, first["closed_by"]) == (last_event, rule)
    assert problem(imported.report, "begins without").first_lines == (1,)


def test_another_residents_begin_does_not_close(import_text: Import) -> None:
    text = lines(
        "07:00:00\tM001\tON\tR1_Sleep begin",
        "07:01:00\tM002\tON\tR2_Work begin",
        "07:02:00\tM002\tON\tR2_Work end",
        "07:03:00\tM001\tOFF",
    )
    rows = import_text(text).log.annotations.select("activity", "resident", "first_event", "n_events").rows()
    assert rows == [("sleep", "R1", 0, 4), ("work", "R2", 1, 2)]


def test_overlapping_and_nested_intervals_are_kept(import_text: Import) -> None:
    text = lines(
        "07:00:00\tM001\tON\tCook begin",
        "07:01:00\tM002\tON\tEat begin",
        "07:02:00\tM002\tON\tCook end",
        "07:03:00\tM001\tOFF\tEat end",
    )
    rows = import_text(text).log.annotations.select("activity", "first_event", "n_events").rows()
    assert rows == [("cook", 0, 3), ("eat", 1, 3)]


def test_end_a_day_later_is_not_the_end(import_text: Import) -> None:
    text = lines("07:00:00\tM001\tON\tSleep begin") + "".join(
        f"2011-03-{day:02d} {hour:02d}:00:00\tM001\tON\n" for day in (1, 2) for hour in (8, 16, 23)
    )
    imported = import_text(text + "2011-03-03 07:00:00\tM001\tON\tSleep end\n")
    row = imported.log.annotations.row(0, named=True)
    assert (row["closed_by"], row["n_events"]) == ("end_of_day", 4)
    assert problem(imported.report, "ends without").count == 1


def test_holes_are_listed_and_no_annotation_spans_one(import_text: Import) -> None:
    text = lines("07:00:00\tM001\tON\tSleep begin", "07:01:00\tM001\tOFF") + (
        "2011-03-02 07:00:59\tM001\tON\n2011-03-03 07:00:59\tM001\tOFF\tSleep end\n"
    )
    imported = import_text(text)
    (hole,) = imported.report.holes
    assert (hole.after_line, hole.before_line, hole.days) == (3, 4, 1.0)
    assert imported.log.annotations["closed_by"].to_list() == ["end_of_day"]


def test_end_exactly_a_day_after_its_begin_lies_behind_a_hole(import_text: Import) -> None:
    imported = import_text(
        "2011-03-01 07:00:00\tM001\tON\tSleep begin\n2011-03-02 07:00:00\tM001\tON\tSleep end\n"
    )
    assert imported.log.annotations.select("n_events", "closed_by").rows() == [(1, "hole")]


def test_unknown_sensors_are_added_and_counted(import_text: Import) -> None:
    home = Home.model_validate(
        {"name": "tiny", "sensors": [{"id": "M001", "type": "motion", "room": "kitchen", "object": "stove"}]}
    )
    text = lines(
        "07:00:00\tM001\tON", "07:00:01\tM01\tON", "07:00:02\tKitchenAFridge\tON", "07:00:03\tBATP001\t95"
    )
    imported = import_text(text, home=home)
    assert imported.report.unknown_sensors == ("BATP001", "KitchenAFridge", "M01")
    assert [s.id for s in imported.log.home.sensors] == ["M001", "M01", "KitchenAFridge", "BATP001"]
    assert imported.log.home.sensor("M01").object == "stove"  # the same sensor but for leading zeros
    assert not imported.log.home.sensor("BATP001").is_activity
    assert imported.log.home.sensor("KitchenAFridge").room == "kitchen"
    assert imported.log.events["sensor"].dtype.categories.to_list() == [
        s.id for s in imported.log.home.sensors
    ]


def test_stray_labels_are_listed(import_text: Import) -> None:
    text = lines(
        *(f"07:00:{k:02d}\tM001\tON" for k in range(30)), "07:01:00\tM001\tON\tSleep", "07:02:00\tM001\tON"
    )
    imported = import_text(text)
    assert imported.log.annotations.is_empty()
    assert problem(imported.report, "labels without").first_lines == (31,)


def test_report_is_json_and_a_table(import_text: Import) -> None:
    report = import_text(lines("07:00:00\tM001\tON", "C", "")).report
    assert ImportReport.model_validate_json(report.model_dump_json()) == report
    columns, rows = report_table(report)
    assert all(len(row) == len(columns) for row in rows)
    assert ("line does not begin with a date", "1", "2") in [row[:3] for row in rows]


def test_a_report_that_does_not_add_up_is_refused(import_text: Import) -> None:
    report = import_text(lines("07:00:00\tM001\tON")).report
    with pytest.raises(ValueError, match="accounted for"):
        ImportReport.model_validate({**report.model_dump(), "lines": 7})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n  \n\t\n", "is empty"),
        (b"\x00\x01\x02" * 400, "binary file"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "PNG"),
        (b"PAR1" + b"\x00" * 50, "Parquet"),
        (b"\x1f\x8b\x08\x00damaged", "damaged"),
        (b"PK\x03\x04 damaged", "damaged"),
        (b"2017-01-16T17:50:17.385Z;MotionD_T;1\n" * 5, "time_zone: Europe/Berlin"),
        (b"01/02/2017 17:50:17.385|MotionD_T|1\n" * 5, "day and month cannot be told apart"),
        (b"1484588917 MotionD_T 1\n" * 5, "seconds since 1970"),
        (b"once upon a time\nthere was a home\n", "no sensor event"),
        (b"date,time,sensor,state\n", "no sensor event"),
        (b"<!DOCTYPE html><html>please log in</html>", "web page"),
    ],
)
def test_what_is_no_log_is_refused_in_one_paragraph(content: bytes, words: str, import_text: Import) -> None:
    with pytest.raises(DataError, match=words) as error:
        import_text(content)
    assert "\n" not in str(error.value)
    assert "log.txt" in str(error.value)


def test_missing_file_and_folder(import_text: Import, tmp_path: object) -> None:
    from discover.homes import import_log

    with pytest.raises(DataError, match="discover homes fetch"):
        import_log(f"{tmp_path}/absent.txt")
    with pytest.raises(DataError, match="is a folder"):
        import_log(str(tmp_path))


def test_the_same_residents_next_begin_closes(import_text: Import) -> None:
    text = lines(
        "07:00:00\tM001\tON\tR1_Sleep begin",
        "07:01:00\tM002\tON\tR2_Work begin",
        "07:02:00\tM002\tON\tR2_Work end",
        "07:03:00\tM001\tOFF\tR1_Eat begin",
        "07:04:00\tM001\tOFF\tR1_Eat end",
    )
    rows = import_text(text).log.annotations.select("activity", "first_event", "n_events", "closed_by").rows()
    assert rows == [("sleep", 0, 3, "next_begin"), ("work", 1, 2, "marker"), ("eat", 3, 2, "marker")]


def test_labels_per_line_stop_at_a_hole(import_text: Import) -> None:
    text = "".join(f"2011-03-{day:02d} 07:00:0{k}\tM001\tON\tSleep\n" for day in (1, 4) for k in range(3))
    rows = import_text(text).log.annotations.select("first_event", "n_events", "closed_by").rows()
    assert rows == [(0, 3, "hole"), (3, 3, "end_of_log")]


def test_damaged_state_behind_location_columns(import_text: Import) -> None:
    text = lines(
        *(f"07:00:0{k}\tBedroom\tBed\tON\tSleep" for k in range(5)),
        "07:00:06\tBedroom\tBed\tON0\tSleep",
        "07:00:07\tBedroom\tBed\tO\tSleep",
    )
    imported = import_text(text)
    assert imported.report.repaired_states == {"read ON0 as ON": 1}
    assert imported.rejected["line"].to_list() == [7]
    assert imported.log.events["sensor"].unique().to_list() == ["Bedroom_Bed"]


def test_an_odd_id_seen_often_is_a_sensor(import_text: Import) -> None:
    imported = import_text(lines(*(f"07:00:0{k}\tM00c\tON" for k in range(5))))
    assert (imported.report.events, imported.report.rejected_lines) == (5, 0)


def test_an_odd_id_of_the_homes_description_is_a_sensor(import_text: Import) -> None:
    home = Home.model_validate({"name": "tiny", "sensors": [{"id": "c"}]})
    assert import_text(lines("07:00:00\tc\tON"), home=home).report.events == 1


def test_archive_of_several_logs(import_text: Import) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("all/milan.csv", "2011-03-01,07:00:00,Kitchen,ON\n")
        archive.writestr("all/aruba.csv", "2011-03-01,07:00:00,Bedroom,ON\n")
    with pytest.raises(DataError, match=r"2 logs \(all/aruba.csv, all/milan.csv\)"):
        import_text(stream.getvalue())
    imported = import_text(stream.getvalue(), name="all.zip", home=Home(name="aruba"))
    assert imported.log.events["sensor"].to_list() == ["Bedroom"]
