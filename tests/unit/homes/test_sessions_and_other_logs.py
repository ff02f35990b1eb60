"""Session files, events beside a table of activities, blocks of five lines, one row a second; invented."""

import io
import tarfile
import zipfile
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from discover.core.errors import ConfigError, DataError
from discover.core.home import Activity, Home, Sensor
from discover.homes import ImportedLog, import_log, load_home, log_files, write_import


def session(day: int, minute: int, *, sensors: tuple[str, ...] = ("M01", "M02", "D01")) -> str:
    n = 6
    return "".join(
        f"2011-03-{day:02d}\t07:{minute:02d}:{k:02d}\t"
        f"{sensors[k % len(sensors)]}\t{'ON' if k % 2 else 'OFF'}\n"
        for k in range(n)
    )


FILES = {
    "p02.t1": session(3, 5),
    "p01.t2": session(1, 30) + "garbage\n",
    "p01.t1": session(1, 10),
    "p02.t2": session(3, 20) + "\n",
}
KNOWN = Home(
    name="two_tasks",
    session_files="p*.{label}",
    activities=(
        Activity(label="cook", raw=("t1",)),
        Activity(label="clean", raw=("t2",)),
    ),
)


def folder_with(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "sessions"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def archive_with(tmp_path: Path, files: dict[str, str], kind: str) -> Path:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as packed:
            for name, text in files.items():
                packed.writestr(f"./{name}".removeprefix("./"), text)
    else:
        with tarfile.open(fileobj=stream, mode="w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(f"./{name}")
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
    path = tmp_path / f"sessions.{kind}"
    path.write_bytes(stream.getvalue())
    return path


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
def test_sessions_are_joined_in_time_order_and_accounted_for(kind: str, tmp_path: Path) -> None:
    path = folder_with(tmp_path, FILES) if kind == "folder" else archive_with(tmp_path, FILES, kind)
    imported = import_log(path, home=KNOWN)
    report = imported.report
    assert [f.name for f in report.files] == ["p01.t1", "p01.t2", "p02.t1", "p02.t2"]
    assert [(f.lines, f.events, f.rejected_lines, f.blank_lines) for f in report.files] == [
        (6, 6, 0, 0),
        (7, 6, 1, 0),
        (6, 6, 0, 0),
        (7, 6, 0, 1),
    ]
    assert (report.lines, report.events, report.rejected_lines, report.blank_lines) == (26, 24, 1, 1)
    assert imported.log.events["time"].is_sorted()
    assert imported.rejected.select("line", "text", "file").rows() == [(7, "garbage", "p01.t2")]
    labels = imported.log.annotations.select("activity", "raw_label", "first_event", "n_events", "closed_by")
    assert labels.rows() == [
        ("cook", "t1", 0, 6, "file"),
        ("clean", "t2", 6, 6, "file"),
        ("cook", "t1", 12, 6, "file"),
        ("clean", "t2", 18, 6, "file"),
    ]


def test_without_a_rule_in_the_home_names_are_no_labels_but_a_hint(tmp_path: Path) -> None:
    files = {f"p{k:02d}.t{t}": session(k, 10 * t) for k in range(1, 5) for t in (1, 2)}
    imported = import_log(folder_with(tmp_path, files), name="x")
    assert len(imported.log.annotations) == 0
    hint = [p for p in imported.report.problems if "look like labels" in p.problem]
    assert len(hint) == 1
    assert hint[0].examples == ("t1", "t2")
    assert "session_files" in hint[0].done


def test_labels_in_the_lines_come_before_the_names_of_files(tmp_path: Path) -> None:
    files = dict(FILES)
    files["p01.t1"] = "2011-03-01\t07:10:00\tM01\tON\tSleep begin\n2011-03-01\t07:10:05\tM02\tON\tSleep end\n"
    imported = import_log(folder_with(tmp_path, files), home=KNOWN)
    assert imported.log.annotations["raw_label"].to_list() == ["Sleep"]


def test_a_file_a_day_with_a_heading_each(tmp_path: Path) -> None:
    head = "date,time,sensor,state\n"
    files = {f"day{k}.csv": head + session(k, 0).replace("\t", ",") for k in (2, 1, 3)}
    imported = import_log(folder_with(tmp_path, files), name="x")
    assert [f.name for f in imported.report.files] == ["day1.csv", "day2.csv", "day3.csv"]
    assert [f.events for f in imported.report.files] == [6, 6, 6]
    assert sum(f.rejected_lines for f in imported.report.files) <= 1


def test_logs_of_several_homes_are_not_joined(tmp_path: Path) -> None:
    apart = {
        "a.txt": session(1, 0),
        "b.txt": session(2, 0, sensors=("Kitchen", "Bedroom", "Hall")),
    }
    with pytest.raises(DataError, match="few sensors in common"):
        import_log(folder_with(tmp_path / "apart", apart), name="x")
    together = {"a.txt": session(1, 0), "b.txt": session(1, 0, sensors=("D01", "M01", "M02"))}
    with pytest.raises(DataError, match="side by side"):
        import_log(folder_with(tmp_path / "together", together), name="x")


@pytest.mark.parametrize(
    "template", ["p*.t", "{label}{label}", "{person}.{label}", "*a*b*c*{label}", "{label"]
)
def test_a_wrong_rule_for_names_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="session_files"):
        Home(name="x", session_files=template)


def test_residents_in_names(tmp_path: Path) -> None:
    home = KNOWN.model_copy(update={"session_files": "p{resident}.{label}"})
    imported = import_log(folder_with(tmp_path, FILES), home=home)
    assert imported.log.annotations.select("activity", "resident").rows() == [
        ("cook", "R1"),
        ("clean", "R1"),
        ("cook", "R2"),
        ("clean", "R2"),
    ]


EVENTS = "".join(f"2011-03-01 07:{m:02d}:00,M001,{'ON' if m % 2 else 'OFF'}\n" for m in range(20))
ACTIVITIES = (
    "start_time,end_time,activity\n2011-03-01 07:02:00,2011-03-01 07:05:30,prepare breakfast\n"
    "2011-03-01 07:08:00,2011-03-01 07:09:00,eat\nnonsense\n"
)


def test_a_table_of_activities_beside_events(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        {"devices.csv": EVENTS, "activities.csv": ACTIVITIES, "README.md": "x", "notes.txt": "hello"},
    )
    imported = import_log(folder, name="x")
    assert imported.log.annotations.select("activity", "first_event", "n_events", "closed_by").rows() == [
        ("prepare_breakfast", 2, 4, "table"),
        ("eat", 8, 2, "table"),
    ]
    report = imported.report
    assert (report.lines, report.events, report.activity_rows, report.rejected_lines) == (24, 20, 2, 1)
    assert imported.rejected.select("line", "file").rows() == [(4, "activities.csv")]
    other = [p for p in report.problems if "other files" in p.problem]
    assert sorted(other[0].examples) == ["README.md", "notes.txt"]
    assert [p.name for p in log_files(folder)] == ["devices.csv", "activities.csv"]
    write_import(tmp_path / "out", imported)


def test_of_several_logs_the_one_of_the_activities_time_is_taken(tmp_path: Path) -> None:
    later = EVENTS.replace("2011-03-01", "2011-06-01").replace("M001", "K9")
    folder = folder_with(tmp_path, {"a.csv": later, "b.csv": EVENTS, "activities.csv": ACTIVITIES})
    imported = import_log(folder, name="x")
    assert imported.log.events["sensor"].cast(pl.String).unique().to_list() == ["M001"]
    assert len(imported.log.annotations) == 2


BLOCKS = (
    "Toileting,4/1/2003,17:30:36,17:46:41\n100,68\nToilet Flush,Sink faucet - hot\n17:39:37,17:39:46\n"
    "18:10:57,17:39:52\n"
    "Bathing,4/1/2003,17:35:00,17:50:00\n100,7\nToilet Flush,Light switch\n17:39:37,17:40:00\n"
    "18:10:57,17:41:00\n"
    "Sleeping,4/1/2003,23:30:00,7:5:9\n7,9\nLight switch,Door\n23:31:00,6:00:00\n23:31:05,6:00:01\n"
    "Eating,4/31/2003,8:00:00,8:10:00\n7\nLight switch\n8:01:00\n8:01:05\n"
    "Eating,4/2/2003,8:00:00,8:10:00\n7,9\nLight switch,Door\n8:01:00\n8:01:05\n"
)
SENSORS = (
    "100,Bathroom,Toilet Flush \n68,Bathroom,Sink faucet - hot\n7,Office/study,Light switch\n9,Bedroom,Door\n"
)


def mit(tmp_path: Path, blocks: str = BLOCKS) -> ImportedLog:
    return import_log(
        folder_with(tmp_path, {"activities_data.csv": blocks, "sensors.csv": SENSORS}), name="mit"
    )


def test_blocks_become_intervals_and_annotations(tmp_path: Path) -> None:
    imported = mit(tmp_path)
    report = imported.report
    assert (report.lines, report.rows_read, report.rejected_lines) == (29, 19, 10)
    assert (report.sensor_intervals, report.events, report.annotations) == (5, 10, 3)
    assert imported.log.annotations.select("activity", "begin", "end", "n_events").rows() == [
        ("toileting", datetime(2003, 4, 1, 17, 30, 36), datetime(2003, 4, 1, 17, 46, 41), 5),
        ("bathing", datetime(2003, 4, 1, 17, 35), datetime(2003, 4, 1, 17, 50), 5),
        ("sleeping", datetime(2003, 4, 1, 23, 30), datetime(2003, 4, 2, 7, 5, 9), 4),
    ]
    door = imported.log.events.filter(pl.col("sensor").cast(pl.String) == "9")
    assert door["time"].to_list() == [datetime(2003, 4, 2, 6), datetime(2003, 4, 2, 6, 0, 1)]
    assert set(imported.rejected["reason"]) == {
        "no such date or time",
        "a block whose lines differ in their number of sensors and times",
    }
    again = [p.count for p in report.problems if "lists again" in p.problem]
    assert again == [1]


def test_sensors_of_blocks_are_described_by_their_list(tmp_path: Path) -> None:
    sensors = {s.id: (s.type, s.room, s.object) for s in mit(tmp_path).log.home.sensors}
    assert sensors == {
        "100": ("unknown", "bathroom", "toilet"),
        "68": ("water", "bathroom", "sink faucet hot"),
        "7": ("light", "office", "light switch"),
        "9": ("door", "bedroom", "door"),
    }


TABLE = (
    "fridge,mainDoor,bedroomLight,Activity,timestamp\n"
    "0,1,0,sleep,2016-02-01 08:15:00\n0,1,0,sleep,2016-02-01 08:15:01\n1,1,0,eat,2016-02-01 08:15:02\n"
    "1,0,1,eat,2016-02-01 08:15:03\n0,0,1,eat,2016-02-01 18:00:00\n0,0,0,other,2016-02-01 18:00:01\n"
    "0,0,x,other,2016-02-01 18:00:02\n\n0,0,0,other,2016-02-30 18:00:03\n0,0\n"
)


def test_one_row_a_second(import_text: object, tmp_path: Path) -> None:
    path = tmp_path / "d1.csv"
    path.write_text(TABLE)
    imported = import_log(path, name="x")
    events = imported.log.events.select("line", pl.col("sensor", "state").cast(pl.String)).rows()
    assert events == [
        (4, "fridge", "ON"),
        (5, "mainDoor", "OFF"),
        (5, "bedroomLight", "ON"),
        (6, "fridge", "OFF"),
        (7, "bedroomLight", "OFF"),
    ]
    labels = imported.log.annotations.select("activity", "begin", "end", "first_event", "n_events").rows()
    assert labels == [
        ("sleep", datetime(2016, 2, 1, 8, 15), datetime(2016, 2, 1, 8, 15, 1), 0, 0),
        ("eat", datetime(2016, 2, 1, 8, 15, 2), datetime(2016, 2, 1, 8, 15, 3), 0, 3),
        ("eat", datetime(2016, 2, 1, 18), datetime(2016, 2, 1, 18), 3, 1),
        ("other", datetime(2016, 2, 1, 18, 0, 1), datetime(2016, 2, 1, 18, 0, 1), 4, 1),
    ]
    report = imported.report
    assert (report.lines, report.rows_read, report.heading_lines) == (11, 6, 1)
    assert (report.blank_lines, report.rejected_lines) == (1, 3)
    kinds = {s.id: (s.type, s.room) for s in imported.log.home.sensors}
    assert kinds["bedroomLight"] == ("light", "bedroom")
    assert kinds["mainDoor"] == ("door", "entrance")
    assert kinds["fridge"][1] == "kitchen"


def test_numbers_in_a_state_column_are_readings(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "time,a,b,temp\n2016-02-01 08:00:00,0,0,20.5\n2016-02-01 08:00:01,0,1,20.5\n"
        "2016-02-01 08:00:02,0,1,21\n"
    )
    events = import_log(path, name="x").log.events
    assert events.select(pl.col("sensor", "state").cast(pl.String), "value").rows() == [
        ("b", "ON", None),
        ("temp", "VALUE", 21.0),
    ]


def test_a_folder_without_a_log_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no log.*a\.txt"):
        import_log(folder_with(tmp_path, {"a.txt": "hello\n"}), name="x")
    with pytest.raises(ConfigError, match="No home called"):
        load_home("nowhere")
    assert Sensor(id="M1").room == "unknown_room"


def test_lists_that_name_the_ids_of_devices_and_activities(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "devices.csv").write_text(
        "time,device,value\n"
        + "".join(f"26.01.2023 10:00:{k:02d}.5,{k % 3},{'True' if k < 9 else 'False'}\n" for k in range(18))
    )
    (folder / "activities_subject_a.csv").write_text(
        "start_time,end_time,activity\n26.01.2023 10:00:00.0,26.01.2023 10:00:08.0,3\n"
    )
    (folder / "device_map.csv").write_text(
        "id,device\n0,binary_sensor.bath_tap\n1,binary_sensor.box\n2,binary_sensor.fridge_door\n"
    )
    (folder / "activity_map.csv").write_text("id,activity\n3,eating\n4,sleeping\n")
    (folder / "device_area_map.csv").write_text("device,area\n0,bath\n1,living room\n")
    imported = import_log(folder, name="export")
    facts = {s.id: (s.type, s.room, s.object) for s in imported.log.home.sensors}
    assert facts["binary_sensor.bath_tap"] == ("water", "bathroom", "tap")
    assert facts["binary_sensor.box"][1] == "living_room"
    assert facts["binary_sensor.fridge_door"] == ("door", "kitchen", "fridge")
    assert imported.log.events["sensor"].to_list()[:2] == ["binary_sensor.bath_tap", "binary_sensor.box"]
    assert imported.log.annotations.select("activity", "n_events").rows() == [("eating", 8)]
    assert not [p for p in imported.report.problems if p.problem == "other files in the folder"]
