"""Logs kept as tables of intervals. All rows are invented; only their shape is that of public homes."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import DataError
from discover.core.home import Home
from discover.homes import ImportedLog, ImportReport, import_log, log_files, write_import
from discover.homes.report import Problem

# Heading with names, Windows line ends, numeric ids, a value column, and a length at the end.
HEADED_SENSORS = """Start time: when the sensor began\r
End time: when it stopped\r
\r
Sensor IDs are:\r
    [ 3]    'Fridge'\r
    [14]    'ToiletFlush'\r
    [24]    'Hall-Bedroom door'\r
\r
Start time          \tEnd time            \tID\tVal\r
--------------------\t--------------------\t--\t---\r
01-Mar-2011 07:00:00\t01-Mar-2011 07:00:09\t24\t1\r
01-Mar-2011 07:05:00\t01-Mar-2011 07:05:02\t14\t1\r
01-Mar-2011 07:10:00\t01-Mar-2011 07:10:05\t3\t1\r
Length: 3"""
HEADED_ACTIVITIES = """activity id list:\r
4: 'use toilet'\r
13:'prepare Breakfast'\r
\r
Start time          \tEnd time            \tID\r
--------------------\t--------------------\t--\r
01-Mar-2011 07:04:50\t01-Mar-2011 07:05:30\t4\r
01-Mar-2011 07:09:00\t01-Mar-2011 07:20:00\t13\r
Length: 2"""

# Two heading lines, runs of TABs, words instead of ids.
WORDED_SENSORS = """Start time          \tEnd time            \tLocation\tType\t\tPlace
--------------------\t--------------------\t--------\t--------\t-----
2011-03-01 08:00:00\t\t2011-03-01 08:00:07\t\tFridge\t\tMagnetic\tKitchen
2011-03-01 08:01:00 \t2011-03-01 08:03:00\t\tDoor\t\tPIR\t\t\tKitchen
2011-03-01 08:00:30\t\t2011-03-01 08:00:31\t\tDoor\t\tPIR\t\t\tLiving
2011-03-01 08:10:00\t\t2011-03-01 08:40:00\t\tSeat\t\tPressure\tLiving"""
WORDED_ACTIVITIES = """Start time          \tEnd time            \tActivity\t
--------------------\t--------------------\t--------
2011-03-01 08:00:00\t\t2011-03-01 08:03:00\t\tBreakfast\t
2011-03-01 08:10:00\t\t2011-03-01 08:05:00\t\tToileting\t
2011-03-01 08:10:00\t\t2011-03-01 08:40:00\t\tSpare_Time/TV\t\t"""


def folder_of(tmp_path: Path, **files: str) -> Path:
    """A folder with one file per keyword; `__` in a keyword is a point."""
    folder = tmp_path / "my_home"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_bytes(text.encode())
    return folder


@pytest.fixture
def headed(tmp_path: Path) -> ImportedLog:
    return import_log(folder_of(tmp_path, SenseData__txt=HEADED_SENSORS, ActData__txt=HEADED_ACTIVITIES))


@pytest.fixture
def worded(tmp_path: Path) -> ImportedLog:
    return import_log(
        folder_of(tmp_path / "worded", X_Sensors__txt=WORDED_SENSORS, X_ADLs__txt=WORDED_ACTIVITIES)
    )


def problem(report: ImportReport, words: str) -> Problem:
    found = [p for p in report.problems if words in p.problem]
    assert len(found) == 1, (words, [p.problem for p in report.problems])
    return found[0]


def sensor_rows(*rows: str) -> str:
    return "".join(
        f"01-Mar-2011 {a}\t01-Mar-2011 {b}\t{rest}\n" for a, b, rest in (r.split("|") for r in rows)
    )


def test_an_interval_becomes_an_on_and_an_off(headed: ImportedLog) -> None:
    events = headed.log.events.select("sensor", "state", "line").cast(pl.String).rows()
    assert events == [
        ("24", "ON", "11"),
        ("24", "OFF", "11"),
        ("14", "ON", "12"),
        ("14", "OFF", "12"),
        ("3", "ON", "13"),
        ("3", "OFF", "13"),
    ]
    assert headed.log.events["time"][1] == datetime(2011, 3, 1, 7, 0, 9)
    assert headed.log.home.name == "my_home"


def test_activities_become_annotations_over_the_events_inside(headed: ImportedLog) -> None:
    table = headed.log.annotations
    assert table["activity"].to_list() == ["use_toilet", "prepare_breakfast"]
    assert table["raw_label"].to_list() == ["use toilet", "prepare Breakfast"]
    assert table.select("first_event", "n_events").rows() == [(2, 2), (4, 2)]
    assert table["begin"][0] == datetime(2011, 3, 1, 7, 4, 50)
    assert table["end"][0] == datetime(2011, 3, 1, 7, 5, 30)
    assert table["closed_by"].unique().to_list() == ["table"]
    assert headed.log.home.coarse_of("use_toilet") == "personal_hygiene"


def test_every_line_of_both_tables_is_accounted_for(headed: ImportedLog) -> None:
    report = headed.report
    assert (report.lines, report.events, report.annotations) == (14 + 9, 6, 2)
    assert (report.sensor_intervals, report.activity_rows) == (3, 2)
    assert (report.heading_lines, report.blank_lines) == (9 + 6, 2 + 1)
    assert (report.rejected_lines, report.repeated_lines) == (0, 0)


def test_names_in_the_heading_describe_sensors(headed: ImportedLog) -> None:
    home = headed.log.home
    assert (home.sensor("3").type, home.sensor("3").room, home.sensor("3").object) == (
        "door",
        "kitchen",
        "fridge",
    )
    assert (home.sensor("14").room, home.sensor("14").object) == ("bathroom", "toilet")
    assert home.sensor("24").object == "bedroom door"
    assert headed.report.unknown_sensors == ("14", "24", "3")


def test_words_make_the_sensor_ids(worded: ImportedLog) -> None:
    facts = {s.id: (s.type, s.room, s.object) for s in worded.log.home.sensors}
    assert facts == {
        "Kitchen_Door_PIR": ("motion", "kitchen", "door"),
        "Kitchen_Fridge_Magnetic": ("door", "kitchen", "fridge"),
        "Living_Door_PIR": ("motion", "living_room", "door"),
        "Living_Seat_Pressure": ("pressure", "living_room", "chair"),
    }


def test_rows_out_of_order_are_sorted_and_counted(worded: ImportedLog) -> None:
    assert worded.log.events["time"].is_sorted()
    late = problem(worded.report, "earlier than the row before")
    assert (late.count, late.first_lines) == (1, (5,))


def test_an_activity_that_ends_before_it_begins_is_refused(worded: ImportedLog) -> None:
    assert worded.log.annotations["activity"].to_list() == ["breakfast", "spare_time/tv"]
    assert worded.rejected.select("line", "reason", "file").rows() == [
        (4, "ends before it begins", "X_ADLs.txt")
    ]
    assert problem(worded.report, "X_ADLs.txt: ends before it begins").first_lines == (4,)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("31-Feb-2011 07:00:00\t01-Mar-2011 07:00:01\t3\t1", "no such date"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 25:00:01\t3\t1", "no such date"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 06:59:59\t3\t1", "ends before"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 07:00:01\t3\t0", "value is not 1"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 07:00:01\t3\tx", "value is not 1"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 07:00:01", "not a row"),
        ("01-Mar-2011 07:00:00\t01-Mar-2011 07:00:01\ta\tb\tc\td", "wrong number of columns"),
        ("01-Mar-2011 07:00:00\t3\t1", "not a row"),
        ("a remark", "not a row"),
    ],
)
def test_a_damaged_row_is_listed_with_line_and_reason(row: str, reason: str, tmp_path: Path) -> None:
    good = sensor_rows("06:00:00|06:00:01|3\t1")
    imported = import_log(folder_of(tmp_path, sensors__txt=good + row + "\n" + good.replace("06:", "09:")))
    assert (imported.report.lines, imported.report.events, imported.report.rejected_lines) == (3, 4, 1)
    assert imported.log.events["line"].to_list() == [1, 1, 3, 3]
    assert imported.rejected["line"].to_list() == [2]
    assert reason in imported.rejected["reason"][0]
    assert imported.rejected["text"][0] == row


def test_repeated_rows_and_blank_lines_are_counted(tmp_path: Path) -> None:
    text = sensor_rows("06:00:00|06:00:01|3\t", "06:00:00|06:00:01|4\t", "06:00:00|06:00:01|3\t") + "\n \n"
    report = import_log(folder_of(tmp_path, home_ss__txt=text)).report
    assert (report.lines, report.repeated_lines, report.blank_lines, report.events) == (5, 1, 2, 4)
    assert problem(report, "repeat another row").first_lines == (3,)
    assert problem(report, "no table of activities").count == 1


def test_an_interval_without_length_keeps_on_before_off(tmp_path: Path) -> None:
    text = sensor_rows("06:00:00|06:00:05|3", "06:00:05|06:00:05|4", "06:00:05|06:00:09|3")
    events = import_log(folder_of(tmp_path, sensors__txt=text)).log.events
    assert events.select("sensor", "state").cast(pl.String).rows() == [
        ("3", "ON"),
        ("3", "OFF"),
        ("4", "ON"),
        ("4", "OFF"),
        ("3", "ON"),
        ("3", "OFF"),
    ]


def test_overlapping_intervals_of_a_sensor_are_kept_and_listed(tmp_path: Path) -> None:
    text = sensor_rows("06:00:00|06:10:00|3", "06:05:00|06:06:00|3", "06:10:00|06:11:00|3")
    imported = import_log(folder_of(tmp_path, sensors__txt=text))
    assert imported.report.events == 6
    again = problem(imported.report, "begin while its last one lasts")
    assert (again.count, again.first_lines) == (1, (2,))


def test_no_annotation_spans_a_hole(tmp_path: Path) -> None:
    sensors = "01-Mar-2011 07:00:00\t01-Mar-2011 07:00:01\t3\n03-Mar-2011 09:00:00\t03-Mar-2011 09:00:01\t3\n"
    activities = (
        "01-Mar-2011 06:59:00\t03-Mar-2011 09:30:00\tAway\n"
        "02-Mar-2011 06:00:00\t02-Mar-2011 07:00:00\tNothing fires\n"
        "02-Mar-2011 06:00:00\t03-Mar-2011 09:00:00\tBack\n"
    )
    imported = import_log(folder_of(tmp_path, sensors__txt=sensors, activities__txt=activities))
    table = imported.log.annotations
    assert table.select("raw_label", "first_event", "n_events", "closed_by").rows() == [
        ("Away", 0, 2, "hole"),
        ("Nothing fires", 2, 0, "table"),
        ("Back", 2, 1, "table"),
    ]
    assert table["end"][0] == datetime(2011, 3, 1, 7, 0, 1)
    assert [h.days for h in imported.report.holes] == [2.083]
    assert problem(imported.report, "span a recording hole").count == 1
    assert problem(imported.report, "no sensor fired").count == 1


def test_a_list_of_names_beside_the_tables_is_read(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        flat_ss__txt=sensor_rows("06:00:00|06:00:05|3\t", "06:01:00|06:01:05|7\t"),
        flat_as__txt=sensor_rows("06:00:00|06:02:00|2"),
        flat__sensor_names="3\tfridge\n7\tPIR kitchen\n",
        flat__activity_names="2\tget-drink\n",
        notes__txt="nothing of use\n",
    )
    imported = import_log(folder)
    assert imported.log.annotations["raw_label"].to_list() == ["get-drink"]
    assert [(s.id, s.type, s.object) for s in imported.log.home.sensors] == [
        ("3", "door", "fridge"),
        ("7", "motion", None),
    ]
    assert imported.log.home.sensor("7").room == "kitchen"
    assert problem(imported.report, "other files").examples == ("notes.txt",)
    assert [p.name for p in log_files(folder)] == [
        "flat_ss.txt",
        "flat_as.txt",
        "flat.sensor_names",
        "flat.activity_names",
    ]
    before = imported.report.source_sha256
    (folder / "flat.activity_names").write_text("2\tget-snack\n")
    assert import_log(folder).report.source_sha256 != before


def test_a_description_wins_over_names(tmp_path: Path) -> None:
    home = Home.model_validate(
        {
            "name": "mine",
            "sensors": [{"id": "3", "type": "power", "room": "cellar", "object": "cold store"}],
            "activities": [{"label": "eat", "raw": ["13"], "coarse": "eat"}],
        }
    )
    plain = HEADED_ACTIVITIES.replace("13:'prepare Breakfast'", "")
    folder = folder_of(tmp_path, SenseData__txt=HEADED_SENSORS, ActData__txt=plain)
    imported = import_log(folder, home=home)
    assert imported.log.home.sensor("3").room == "cellar"
    assert imported.report.unknown_sensors == ("14", "24")
    assert set(imported.report.annotation_counts) == {"eat", "use_toilet"}


def test_a_wrong_length_is_reported(tmp_path: Path) -> None:
    text = HEADED_SENSORS.replace("Length: 3", "Length: 5")
    report = import_log(folder_of(tmp_path, SenseData__txt=text)).report
    assert problem(report, "says it has 5 rows").count == 2


def test_tables_without_telling_names_are_told_by_their_columns(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        one__txt=sensor_rows("06:00:00|06:02:00|Eating"),
        two__txt=sensor_rows("06:00:00|06:00:05|3\t1"),
    )
    imported = import_log(folder)
    assert (imported.report.sensor_intervals, imported.report.activity_rows) == (1, 1)
    assert imported.log.annotations["raw_label"].to_list() == ["Eating"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"readme__txt": "hello\n"}, "none of its files is a table of sensor intervals"),
        ({"ActData__txt": HEADED_ACTIVITIES}, "none of its files is a table of sensor intervals"),
        ({"a_sensors__txt": WORDED_SENSORS, "b_sensors__txt": WORDED_SENSORS}, "several sensor tables"),
    ],
)
def test_a_folder_that_is_no_log_says_why(files: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        import_log(folder_of(tmp_path, **files))


def test_one_table_alone_asks_for_its_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, SenseData__txt=HEADED_SENSORS, ActData__txt=HEADED_ACTIVITIES)
    with pytest.raises(DataError, match="give the folder") as caught:
        import_log(folder / "SenseData.txt")
    assert str(folder) in str(caught.value)
    with pytest.raises(DataError, match="translate table belongs to a CASAS log"):
        import_log(folder, translate=folder / "x.translate")


def test_the_import_can_be_written(headed: ImportedLog, worded: ImportedLog, tmp_path: Path) -> None:
    for number, imported in enumerate((headed, worded)):
        out = tmp_path / str(number)
        write_import(out, imported)
        assert ImportReport.model_validate_json((out / "import.json").read_text()) == imported.report
        refused = (out / "rejected_lines.tsv").read_text().splitlines()
        assert refused[0] == "line\treason\ttext\tfile"
        assert len(refused) == 1 + imported.report.rejected_lines


ROW = st.tuples(st.integers(0, 300), st.integers(-3, 90), st.sampled_from("ab"))


@settings(max_examples=60, deadline=None)
@given(sensors=st.lists(ROW, min_size=1, max_size=12), acts=st.lists(ROW, max_size=6))
def test_events_and_annotations_equal_a_slow_reading(
    sensors: list[tuple[int, int, str]],
    acts: list[tuple[int, int, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Against loops over rows, minutes 0..390 of one day."""
    folder = tmp_path_factory.mktemp("home")

    def clock(minute: int) -> str:
        return f"2011-03-01 {(minute + 60) // 60:02d}:{minute % 60:02d}:00"

    def text(rows: list[tuple[int, int, str]]) -> str:
        return "".join(f"{clock(a)}\t{clock(a + n)}\t{name}\n" for a, n, name in rows)

    kept = list(dict.fromkeys(row for row in sensors if row[1] >= 0))
    if not kept:
        return
    (folder / "sensors.txt").write_text(text(sensors))
    (folder / "activities.txt").write_text(text(acts))
    imported = import_log(folder)
    halves = [(a, sensors.index((a, n, s)), 0, s, "ON") for a, n, s in kept]
    halves += [(a + n, sensors.index((a, n, s)), 1, s, "OFF") for a, n, s in kept]
    wanted = [(clock(t), s, state) for t, _, _, s, state in sorted(halves)]
    found = imported.log.events.select(
        pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S"), pl.col("sensor", "state").cast(pl.String)
    ).rows()
    assert found == wanted
    times = [t for t, *_ in sorted(halves)]
    spans = sorted(
        (a, sum(t < a for t in times), sum(a <= t <= a + n for t in times))
        for a, n, _ in dict.fromkeys(acts)
        if n >= 0
    )
    assert imported.log.annotations.select("first_event", "n_events").rows() == [s[1:] for s in spans]
