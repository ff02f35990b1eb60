"""Tables of intervals with commas, semicolons, headings in any order, seconds since 1970. Invented rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discover.core.errors import DataError
from discover.core.home import Home
from discover.homes import ImportedLog, import_log
from discover.homes._interval_shapes import rewrite_rows, shape_of, with_dates


def read(tmp_path: Path, sensors: str, activities: str = "", **options: object) -> ImportedLog:
    folder = tmp_path / "flat"
    folder.mkdir(exist_ok=True)
    (folder / "my_sensors.csv").write_text(sensors)
    if activities:
        (folder / "my_activities.csv").write_text(activities)
    return import_log(folder, **options)  # type: ignore[arg-type]


def seen(imported: ImportedLog) -> list[tuple[object, ...]]:
    return imported.log.events.select("time", pl.col("sensor", "state").cast(pl.String)).rows()


EXPECTED = [
    (datetime(2023, 3, 14, 6, 0, 7), "Fridge", "ON"),
    (datetime(2023, 3, 14, 6, 0, 12), "Fridge", "OFF"),
    (datetime(2023, 3, 14, 6, 2, 0), "Hall_Door", "ON"),
    (datetime(2023, 3, 14, 6, 2, 30), "Hall_Door", "OFF"),
]
SAME = {
    "commas": "start,end,sensor\n2023-03-14 06:00:07,2023-03-14 06:00:12,Fridge\n"
    "2023-03-14 06:02:00,2023-03-14 06:02:30,Hall_Door\n",
    "commas, no heading": "2023-03-14 06:00:07,2023-03-14 06:00:12,Fridge\n"
    "2023-03-14 06:02:00,2023-03-14 06:02:30,Hall_Door\n",
    "semicolons and spaces": "2023-03-14 06:00:07; 2023-03-14 06:00:12; Fridge\n"
    "2023-03-14 06:02:00; 2023-03-14 06:02:30; Hall_Door\n",
    "bars": "2023-03-14 06:00:07|2023-03-14 06:00:12|Fridge\n"
    "2023-03-14 06:02:00|2023-03-14 06:02:30|Hall_Door\n",
    "heading in another order": "sensor,end_time,start_time\nFridge,2023-03-14 06:00:12,2023-03-14 06:00:07\n"
    "Hall_Door,2023-03-14 06:02:30,2023-03-14 06:02:00\n",
    "columns that are not read": "id;start;room;stop\nFridge;2023-03-14 06:00:07;k;2023-03-14 06:00:12\n"
    "Hall_Door;2023-03-14 06:02:00;h;2023-03-14 06:02:30\n",
    "quotes": '"start","end","sensor"\n"2023-03-14 06:00:07","2023-03-14 06:00:12","Fridge"\n'
    '"2023-03-14 06:02:00","2023-03-14 06:02:30","Hall Door"\n',
    "T and Z": "start,end,sensor\n2023-03-14T06:00:07Z,2023-03-14T06:00:12Z,Fridge\n"
    "2023-03-14T06:02:00.000Z,2023-03-14T06:02:30.000Z,Hall_Door\n",
    "day first": "start,end,sensor\n14.03.2023 06:00:07,14.03.2023 06:00:12,Fridge\n"
    "14.03.2023 06:02:00,14.03.2023 06:02:30,Hall_Door\n",
    "month first": "start,end,sensor\n3/14/2023 6:00:07,3/14/2023 6:00:12,Fridge\n"
    "3/14/2023 6:02:00,3/14/2023 6:02:30,Hall_Door\n",
    "half days": "start,end,sensor\n2023/03/14 06:00:07 AM,2023/03/14 06:00:12 AM,Fridge\n"
    "2023/03/14 06:02:00 am,2023/03/14 06:02:30 am,Hall_Door\n",
    "durations": "start,duration,sensor\n2023-03-14 06:00:07,5,Fridge\n2023-03-14 06:02:00,30,Hall_Door\n",
    "one line with another separator": "start,end,sensor\n2023-03-14 06:00:07,2023-03-14 06:00:12,Fridge\n"
    "2023-03-14 06:02:00;2023-03-14 06:02:30;Hall_Door\n",
    "seconds": "1678773607\t1678773612\tFridge\n1678773720\t1678773750\tHall_Door\n",
    "seconds and durations": "1678773607\t5\tFridge\n1678773720\t30\tHall_Door\n",
    "milliseconds": "start,end,sensor\n1678773607000,1678773612000,Fridge\n"
    "1678773720000,1678773750000,Hall_Door\n",
    "a comma within quotes": 'start,end,note,sensor\n2023-03-14 06:00:07,2023-03-14 06:00:12,"a, b",Fridge\n'
    '2023-03-14 06:02:00,2023-03-14 06:02:30,"c",Hall_Door\n',
}


@pytest.mark.parametrize("shape", SAME)
def test_the_same_intervals_in_every_shape(shape: str, tmp_path: Path) -> None:
    imported = read(tmp_path, SAME[shape])
    assert seen(imported) == EXPECTED
    assert imported.report.rejected_lines == 0
    assert imported.report.sensor_intervals == 2


def test_activities_beside_them(tmp_path: Path) -> None:
    imported = read(
        tmp_path,
        SAME["commas"],
        "activity;start;end\nprepare breakfast;2023-03-14 06:00:00;2023-03-14 06:01:00\n",
    )
    table = imported.log.annotations
    assert table.select("activity", "first_event", "n_events").rows() == [("prepare_breakfast", 0, 2)]
    assert imported.report.heading_lines == 2


def test_a_heading_tells_the_tables_apart_whatever_the_files_are_called(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("start,end,activity\n2023-03-14 06:00:00,2023-03-14 06:01:00,rest\n")
    (tmp_path / "b.csv").write_text(SAME["commas"])
    imported = import_log(tmp_path, name="x")
    assert seen(imported) == EXPECTED
    assert imported.log.annotations["activity"].to_list() == ["rest"]


def test_lines_that_are_no_rows_are_refused_with_their_numbers(tmp_path: Path) -> None:
    text = (
        "start,end,sensor\n2023-03-14 06:00:07,2023-03-14 06:00:12,Fridge\n"
        "2023-02-30 06:00:07,2023-03-14 06:00:12,"
        "Fridge\nnonsense\n2023-03-14 07:00:07,2023-03-14 06:00:12,Fridge\n2023-03-14 25:00:07,"
        "2023-03-14 06:00:12,Fridge\n\n2023-03-14 08:00:07,2023-03-14 08:00:12,\n"
    )
    imported = read(tmp_path, text)
    assert imported.report.sensor_intervals == 1
    assert imported.rejected.select("line", "reason").rows() == [
        (3, "no such date or time"),
        (4, "not a row: start, end and what they belong to are needed"),
        (5, "ends before it begins"),
        (6, "no such date or time"),
        (8, "not a row: start, end and what they belong to are needed"),
    ]
    assert imported.rejected["text"][0] == "2023-02-30 06:00:07,2023-03-14 06:00:12,Fridge"
    assert (imported.report.blank_lines, imported.report.heading_lines) == (1, 1)


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="day first and month first"):
        read(tmp_path, "start,end,sensor\n03/04/2023 06:00:00,03/04/2023 06:00:05,Fridge\n")
    with pytest.raises(DataError, match="dates of both kinds"):
        read(
            tmp_path,
            "start,end,sensor\n13/04/2023 06:00:00,13/04/2023 06:00:05,Fridge\n"
            "04/13/2023 06:00:00,04/13/2023 06:00:05,Fridge\n",
        )


def test_times_that_name_a_zone_use_the_zone_of_the_home(tmp_path: Path) -> None:
    home = Home(name="x", time_zone="Europe/Paris")
    for text in ("1678773607,1678773612,Fridge\n", "2023-03-14T06:00:07Z,2023-03-14T06:00:12+00:00,Fridge\n"):
        imported = read(tmp_path, text, home=home)
        assert imported.log.events["time"][0] == datetime(2023, 3, 14, 7, 0, 7)
        assert converted(imported) == [(1, (1,), "read as the wall-clock time of Europe/Paris")]


def converted(imported: ImportedLog) -> list[tuple[object, ...]]:
    return [(p.count, p.first_lines, p.done) for p in imported.report.problems if "with a zone" in p.problem]


def test_a_home_in_utc_gets_utc(tmp_path: Path) -> None:
    text = (
        "2023-03-14T06:00:07+02:00,2023-03-14T06:00:12+02:00,Fridge\n"
        "2023-03-14 06:00:00,2023-03-14 06:01:00,Fridge\n"
    )
    given = read(tmp_path, text, home=Home(name="x", time_zone="UTC"))
    assert given.log.events["time"][0] == datetime(2023, 3, 14, 4, 0, 7)
    assert converted(given) == [(1, (1,), "read as the wall-clock time of UTC")]
    unknown = read(tmp_path, text, home=Home(name="x"))
    assert unknown.log.events["time"].to_list()[1:3] == [
        datetime(2023, 3, 14, 6, 0, 7),
        datetime(2023, 3, 14, 6, 0, 12),
    ]
    assert "kept as written" in str(converted(unknown)[0][2])
    plain = read(
        tmp_path, "2023-03-14 06:00:00,2023-03-14 06:01:00,Fridge\n", home=Home(name="x", time_zone="UTC")
    )
    assert converted(plain) == []


def test_a_folder_without_a_table_names_the_separators(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    with pytest.raises(DataError, match="TABs, spaces, commas, semicolons or vertical bars"):
        import_log(tmp_path, name="x")


FORMS = {
    "iso": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f"),
    "T": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f"),
    "points": lambda t: t.strftime("%d.%m.%Y %H:%M:%S.%f"),
    "name": lambda t: t.strftime("%d-%b-%Y %H:%M:%S.%f"),
    "twelve": lambda t: t.strftime("%Y-%m-%d %I:%M:%S.%f %p"),
    "epoch": lambda t: f"{int(t.replace(tzinfo=UTC).timestamp())}.{t.microsecond:06d}",
}


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 86_400 * 10**6 * 3000),
            st.integers(0, 3600 * 10**6),
            st.sampled_from(["M001", "Kitchen_Door", "7", "a.b"]),
        ),
        min_size=1,
        max_size=12,
    ),
    separator=st.sampled_from([",", ";", "|"]),
    form=st.sampled_from(sorted(FORMS)),
    order=st.permutations(["begin", "end", "sensor"]),
    heading=st.booleans(),
)
def test_what_is_written_is_read(
    rows: list[tuple[int, int, str]], separator: str, form: str, order: list[str], heading: bool
) -> None:
    lines, wanted = [], []
    for start, length, name in rows:
        begin = datetime(2015, 1, 1) + timedelta(microseconds=start)
        end = begin + timedelta(microseconds=length)
        cells = {"begin": FORMS[form](begin), "end": FORMS[form](end), "sensor": name}
        lines.append(
            separator.join(cells[part] for part in (order if heading else ("begin", "end", "sensor")))
        )
        wanted.append(f"{begin:%Y-%m-%d %H:%M:%S.%f}\t{end:%Y-%m-%d %H:%M:%S.%f}\t{name}")
    written = [separator.join(order), *lines] if heading else lines
    shape = shape_of(written)
    assert shape is not None
    found = rewrite_rows(written, with_dates(shape, written, "x"), sensors=True)
    assert found[int(heading) :] == wanted


def test_names_of_sensors_tell_rooms_and_things_without_a_list(tmp_path: Path) -> None:
    names = ("Fridge", "Bed mat", "Haustür", "M007", "24")
    rows = (f"2023-03-14 06:0{k}:07,2023-03-14 06:0{k}:12,{name}\n" for k, name in enumerate(names))
    home = read(tmp_path, "begin,end,sensor\n" + "".join(rows)).log.home
    assert {s.id: (s.type, s.room, s.object) for s in home.sensors} == {
        "Fridge": ("door", "kitchen", "fridge"),
        "Bed_mat": ("pressure", "bedroom", "bed"),
        "Haustür": ("door", "entrance", "front door"),
        "M007": ("motion", "unknown_room", None),
        "24": ("unknown", "unknown_room", None),
    }
