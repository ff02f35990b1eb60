"""A folder with one table per sensor, as hubs export it."""

from datetime import datetime
from pathlib import Path

import pytest

from discover.core.errors import DataError
from discover.homes import import_log

CONTACT = "time,battery,contact,device_class_str,state\n"
MOTION = "time,battery,occupancy,state\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days: a door, a motion sensor, a plug, a person's room, what a person does and a guess of it."""
    home = tmp_path / "home"
    files = {
        "day_1/Contact/a1": CONTACT
        + "2022-05-14 06:00:00.25+00:00,100.0,1.0,door,off\n"
        + "2022-05-14 06:30:00+00:00,100.0,1.0,door,off\n"  # the battery reports, the door stays closed
        + "2022-05-14 07:00:00+00:00,100.0,0.0,door,on\n",
        "day_2/Contact/a1": CONTACT + "2022-05-15T07:00:00Z,100.0,1.0,door,off\n",
        "day_1/Motion/m1": MOTION
        + "2022-05-14 06:10:00+00:00,99.0,true,off\n"
        + "2022-05-14 06:11:00+00:00,99.0,true\n"
        + "2022-05-14 25:11:00+00:00,99.0,true,off\n"
        + "2022-05-14 06:12:00+00:00,99.0,,off\n"
        + "2022-05-14 06:13:00+00:00,99.0,false,off\n",
        "day_1/Power/p1": "time,power,state_class_str\n2022-05-14 06:20:00+00:00,1.5,measurement\n",
        "day_2/Power/p1": "time,power,state_class_str\n2022-05-15 06:20:00+00:00,60.0,measurement\n",
        "day_1/Light/dark": "time\n",
        "day_1/People/anna": "time,state,distance\n2022-05-14 06:25:00+00:00,kitchen,2.5\n",
        "day_1/Activities/activity_anna": "time,activity_anna\n"
        + "2022-05-14 06:05:00+00:00,SLEEP\n2022-05-14 06:15:00+00:00,EAT\n",
        "day_1/Activities/activity_predicted_anna": "time,activity_predicted_anna\n"
        + "2022-05-14 06:05:00+00:00,EAT\n",
    }
    for name, text in files.items():
        path = home / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home


def test_each_change_of_a_reading_is_an_event_on_the_homes_clock(folder: Path) -> None:
    imported = import_log(folder, name="mine", time_zone="Europe/Madrid")
    events = imported.log.events.select("time", "sensor", "state", "value").rows()
    assert events == [
        (datetime(2022, 5, 14, 8, 0, 0, 250_000), "a1", "CLOSE", None),
        (datetime(2022, 5, 14, 8, 10), "m1", "ON", None),
        (datetime(2022, 5, 14, 8, 13), "m1", "OFF", None),
        (datetime(2022, 5, 14, 8, 20), "p1", "VALUE", 1.5),
        (datetime(2022, 5, 14, 8, 25), "anna", "kitchen", None),
        (datetime(2022, 5, 14, 9, 0), "a1", "OPEN", None),
        (datetime(2022, 5, 15, 8, 20), "p1", "VALUE", 60.0),
        (datetime(2022, 5, 15, 9, 0), "a1", "CLOSE", None),
    ]
    types = {s.id: s.type for s in imported.log.home.sensors}
    assert (types["a1"], types["m1"], types["p1"]) == ("door", "motion", "power")


def test_a_label_holds_until_the_next_one_and_ends_with_its_day(folder: Path) -> None:
    found = import_log(folder, name="mine", time_zone="Europe/Madrid").log.annotations
    assert found.select("activity", "begin", "end", "n_events").rows() == [
        ("sleep", datetime(2022, 5, 14, 8, 5), datetime(2022, 5, 14, 8, 15), 2),
        ("eat", datetime(2022, 5, 14, 8, 15), datetime(2022, 5, 14, 9, 0), 3),
    ]


def test_every_line_is_accounted_for_and_guesses_are_not_read(folder: Path) -> None:
    imported = import_log(folder, name="mine", time_zone="Europe/Madrid")
    report = imported.report
    assert (report.lines, report.heading_lines, report.rejected_lines) == (22, 8, 3)
    assert imported.rejected.select("reason", "file").rows() == [
        ("wrong number of columns", "day_1/Motion/m1.csv"),
        ("no such date or time", "day_1/Motion/m1.csv"),
        ("no reading", "day_1/Motion/m1.csv"),
    ]
    unread = next(p for p in report.problems if p.problem == "other files in the folder")
    assert unread.examples == ("day_1/Activities/activity_predicted_anna.csv",)


def test_times_of_a_zone_need_the_homes_zone(folder: Path) -> None:
    with pytest.raises(DataError, match="--time-zone Europe/Berlin"):
        import_log(folder, name="mine")


def test_the_hour_that_comes_twice_stays_in_order(folder: Path) -> None:
    (folder / "day_2/Motion").mkdir()
    (folder / "day_2/Motion/m1.csv").write_text(
        MOTION + "2022-10-30 00:50:00+00:00,99.0,true,off\n2022-10-30 01:10:00+00:00,99.0,false,off\n"
    )
    events = import_log(folder, name="mine", time_zone="Europe/Madrid").log.events.tail(2)
    assert events["state"].to_list() == ["ON", "OFF"], "02:50 of summer time is before 02:10 of winter time"
    # Each pass has half of the hour.
    assert events["time"].to_list() == [datetime(2022, 10, 30, 2, 25), datetime(2022, 10, 30, 2, 35)]


def test_one_name_with_two_readings_is_two_sensors(folder: Path) -> None:
    (folder / "day_1/Power/a1.csv").write_text("time,power\n2022-05-14 06:00:00+00:00,7\n")
    log = import_log(folder, name="mine", time_zone="Europe/Madrid").log
    assert {"Contact_a1", "Power_a1"} <= set(log.events["sensor"].to_list())


def test_files_of_many_sensors_are_no_files_of_one(tmp_path: Path) -> None:
    for day in range(1, 5):
        (tmp_path / f"{day}.csv").write_text(
            "time,sensor,state\n" + "".join(f"2022-05-0{day} 06:00:0{k},M00{k},ON\n" for k in range(5))
        )
    log = import_log(tmp_path, name="mine").log
    assert set(log.events["sensor"].to_list()) == {f"M00{k}" for k in range(5)}
