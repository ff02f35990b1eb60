"""Every shape of CASAS text comes out as the same events and annotations. All lines are invented."""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from discover.homes import ImportedLog

Import = Callable[..., ImportedLog]

# One short morning, told once; each shape below writes it down in its own way.
MORNING = [
    (datetime(2011, 3, 1, 6, 59, 59, 123456), "M001", "ON", "R1_Sleep begin"),
    (datetime(2011, 3, 1, 7, 0, 0, 0), "M001", "OFF", ""),
    (datetime(2011, 3, 1, 7, 0, 5, 500000), "D001", "OPEN", "R1_Sleep end"),
    (datetime(2011, 3, 1, 7, 0, 7, 250000), "T001", "18.5", ""),
    (datetime(2011, 3, 1, 7, 0, 9, 1), "D001", "CLOSE", "Leave_Home begin"),
    (datetime(2011, 3, 1, 7, 0, 30, 999999), "M002", "ON", "Leave_Home end"),
]


def tabs(t: datetime, sensor: str, state: str, label: str) -> str:
    return f"{t:%Y-%m-%d %H:%M:%S.%f}\t{sensor}\t{state}" + (f"\t{label}" if label else "")


def two_fields(t: datetime, sensor: str, state: str, label: str) -> str:
    return tabs(t, sensor, state, label).replace(" ", "\t", 1)


def trailing_tab(t: datetime, sensor: str, state: str, label: str) -> str:
    return tabs(t, sensor, state, label) + "\t"


def spaces(t: datetime, sensor: str, state: str, label: str) -> str:
    return tabs(t, sensor, state, label).replace("\t", " ")


def many_spaces(t: datetime, sensor: str, state: str, label: str) -> str:
    return "  " + tabs(t, sensor, state, label).replace("\t", "    ")


def commas(t: datetime, sensor: str, state: str, label: str) -> str:
    name, _, kind = label.partition(" ")
    return f"{t:%Y-%m-%d,%H:%M:%S.%f},{sensor},{state}," + (f'{name}="{kind}"' if label else "")


def commas_joined_time(t: datetime, sensor: str, state: str, label: str) -> str:
    return commas(t, sensor, state, label).replace(",", " ", 1)


def iso(t: datetime, sensor: str, state: str, label: str) -> str:
    return tabs(t, sensor, state, label).replace(" ", "T", 1)


def label_in_own_columns(t: datetime, sensor: str, state: str, label: str) -> str:
    date, _, rest = tabs(t, sensor, state, "").partition(" ")
    return f"{date} {rest}\t" + label.replace(" ", "\t")


SHAPES = [
    tabs,
    two_fields,
    trailing_tab,
    spaces,
    many_spaces,
    commas,
    commas_joined_time,
    iso,
    label_in_own_columns,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_gives_the_same_morning(shape: Callable[..., str], import_text: Import) -> None:
    imported = import_text("\n".join(shape(*event) for event in MORNING) + "\n")
    check_morning(imported)


def check_morning(imported: ImportedLog) -> None:
    events = imported.log.events
    assert events["time"].to_list() == [e[0] for e in MORNING]
    assert events["sensor"].to_list() == [e[1] for e in MORNING]
    assert events["state"].to_list() == ["ON", "OFF", "OPEN", "VALUE", "CLOSE", "ON"]
    assert events["value"].to_list() == [None, None, None, 18.5, None, None]
    assert events["line"].to_list() == [1, 2, 3, 4, 5, 6]
    assert events["resident"].null_count() == 6
    rows = imported.log.annotations.select(
        "activity", "raw_label", "resident", "first_event", "n_events"
    ).rows()
    assert rows == [("sleep", "R1_Sleep", "R1", 0, 3), ("leave_home", "Leave_Home", None, 4, 2)]
    assert imported.log.annotations["closed_by"].to_list() == ["marker", "marker"]
    assert imported.report.rejected_lines == 0
    assert imported.report.lines == 6


@pytest.mark.parametrize(
    "packing", ["plain", "gz", "two gz members", "zip", "bz2", "xz", "crlf", "bom", "utf16", "no end"]
)
def test_packings_and_line_ends(packing: str, import_text: Import) -> None:
    import bz2
    import lzma

    text = "\n".join(tabs(*event) for event in MORNING) + "\n"
    data = text.encode()
    if packing == "gz":
        data = gzip.compress(data)
    elif packing == "two gz members":
        data = gzip.compress(data[:100]) + gzip.compress(data[100:])
    elif packing == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("home/README", "about 2011-03-01 07:00:00")
            archive.writestr("home/data", text)
            archive.writestr("home/plan.png", b"\x89PNG")
        data = stream.getvalue()
    elif packing == "bz2":
        data = bz2.compress(data)
    elif packing == "xz":
        data = lzma.compress(data)
    elif packing == "crlf":
        data = text.replace("\n", "\r\n").encode()
    elif packing == "bom":
        data = b"\xef\xbb\xbf" + data
    elif packing == "utf16":
        data = text.encode("utf-16")
    elif packing == "no end":
        data = data.rstrip(b"\n")
    check_morning(import_text(data, name="log.bin"))


@pytest.mark.parametrize(
    ("fraction", "microseconds"),
    [
        ("", 0),
        (".", 0),
        (".1", 100_000),
        (".12345", 123_450),
        (".000001", 1),
        (".123456789", 123_456),
        (",5", 500_000),
    ],
)
def test_fraction_of_any_length(fraction: str, microseconds: int, import_text: Import) -> None:
    imported = import_text(f"2011-03-01 07:08:09{fraction}\tM001\tON\n")
    assert imported.log.events["time"][0] == datetime(2011, 3, 1, 7, 8, 9, microseconds)


@pytest.mark.parametrize(
    ("marker", "label", "kind"),
    [
        ("3-begin", "3", "3"),
        ("3-end 3-begin", "3", "3"),
        ('Toilet="begin"', "Toilet", "toilet"),
        ("R1 sleep begin", "R1 sleep", "sleep"),
    ],
)
def test_marker_spellings(marker: str, label: str, kind: str, import_text: Import) -> None:
    end = marker.split(" 3-b")[0].replace("begin", "end")
    text = (
        f"2011-03-01 07:00:00\tM001\tON\t{marker}\n"
        "2011-03-01 07:00:05\tM002\tON\n"
        f"2011-03-01 07:00:09\tM001\tOFF\t{end}\n"
    )
    table = import_text(text).log.annotations
    assert table.select("raw_label", "activity", "first_event", "n_events").rows() == [(label, kind, 0, 3)]


def test_two_markers_on_one_line(import_text: Import) -> None:
    text = (
        "2011-03-01 07:00:00\tM001\tON\tR1_Sleep begin R2_Sleep begin\n"
        "2011-03-01 07:00:05\tM002\tON\tR1_Sleep end\tR1_Work begin\n"
        "2011-03-01 07:00:09\tM001\tOFF\tR2_Sleep end\n"
        "2011-03-01 07:00:12\tM002\tOFF\tR1_Work end\n"
    )
    rows = import_text(text).log.annotations.select("raw_label", "resident", "first_event", "n_events").rows()
    assert sorted(rows) == [("R1_Sleep", "R1", 0, 2), ("R1_Work", "R1", 1, 3), ("R2_Sleep", "R2", 0, 3)]


HH = """\
2012-01-02 03:04:05.678\tBedroom\tBedroom\tON\tSleep
2012-01-02 03:04:07.1\tBedroom\tBed\tON\tSleep
2012-01-02 03:04:09\tBedroom\tBedroom\tOFF\tBed_Toilet_Transition
2012-01-02 03:04:12\tBathroom\tBathroom\tON\tBed_Toilet_Transition
2012-01-02 03:04:15\tBathroom\tBathroom\tOFF\t
2012-01-02 03:04:19\tBedroom\tBed\tON\tSleep
"""


def test_label_on_every_line_with_location_columns(import_text: Import) -> None:
    imported = import_text(HH)
    assert imported.report.labels_per_line
    assert imported.log.events["sensor"].to_list() == [
        "Bedroom", "Bedroom_Bed", "Bedroom", "Bathroom", "Bathroom", "Bedroom_Bed",
    ]  # fmt: skip
    rows = imported.log.annotations.select("activity", "first_event", "n_events", "closed_by").rows()
    assert rows == [
        ("sleep", 0, 2, "label_change"),
        ("bed_toilet_transition", 2, 2, "label_change"),
        ("sleep", 5, 1, "end_of_log"),
    ]
    bed = imported.log.home.sensor("Bedroom_Bed")
    assert (bed.type, bed.room, bed.object) == ("motion", "bedroom", "bed")


def test_ann_txt_with_more_columns(import_text: Import) -> None:
    text = (
        "2012-01-02 03:04:05.678\tM021\tBedroom\tBed\tON\tControl4-Motion\tSleep\n"
        "2012-01-02 03:04:07.678\tLS021\tIgnore\tIgnore\t12\tControl4-LightSensor\tSleep\n"
        "2012-01-02 03:04:09.678\tD001\tOutsideDoor\tFrontDoor\tOPEN\tControl4-Door\tLeave_Home\n"
        "2012-01-02 03:04:10.678\tBATV001\tIgnore\tIgnore\t3000\tControl4-BatteryVoltage\n"
    )
    imported = import_text(text)
    assert imported.log.events["sensor"].to_list() == ["M021", "LS021", "D001", "BATV001"]
    assert imported.log.annotations["activity"].to_list() == ["sleep", "leave_home"]
    home = imported.log.home
    assert (home.sensor("M021").room, home.sensor("M021").object) == ("bedroom", "bed")
    assert (home.sensor("D001").room, home.sensor("D001").object) == ("entrance", "front door")
    assert home.sensor("LS021").type == "light"
    assert not home.sensor("BATV001").is_activity


def test_markers_win_over_labels_repeated_between_them(import_text: Import) -> None:
    text = (
        '2012-01-02,03:04:05.678,Bathroom,ON,Toilet="begin"\n'
        "2012-01-02,03:04:06.678,Bathroom,OFF,Toilet\n"
        '2012-01-02,03:04:07.678,Bathroom,ON,Toilet="end"\n'
    )
    imported = import_text(text)
    assert imported.log.annotations.select("activity", "first_event", "n_events").rows() == [("toilet", 0, 3)]


def test_slashes_and_short_hours(import_text: Import) -> None:
    imported = import_text("2011/03/01 7:08:09.5\tM001\tON\n2011/03/01 17:08:09.5\tM001\tOFF\n")
    assert imported.log.events["time"].to_list() == [
        datetime(2011, 3, 1, 7, 8, 9, 500000),
        datetime(2011, 3, 1, 17, 8, 9, 500000),
    ]


@pytest.mark.parametrize("piece_bytes", [1, 40, 100, 1000])
def test_pieces_do_not_matter(piece_bytes: int, import_text: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    from discover.homes import _cutting

    lines = [tabs(*event) for event in MORNING] + ["", "C", "2011-03-01 08:00:00\tM001\tOF\tSleep begin", HH]
    text = "\n".join(lines)
    whole = import_text(text)
    monkeypatch.setattr(_cutting, "PIECE_BYTES", piece_bytes)
    cut = import_text(text)
    assert cut.log.events.equals(whole.log.events)
    assert cut.log.annotations.equals(whole.log.annotations)
    assert cut.report == whole.report
    assert cut.rejected.equals(whole.rejected)


def test_same_log_gives_the_same_bytes(import_text: Import, tmp_path: Path) -> None:
    from discover.homes import write_import

    folders = []
    for name in ("a", "b"):
        write_import(tmp_path / name, import_text(HH * 3))
        folders.append({p.name: p.read_bytes() for p in sorted((tmp_path / name).rglob("*.*"))})
    assert folders[0] == folders[1]
    assert sorted(name[:7] + ".parquet" if name[:4] == "2012" else name for name in folders[0]) == [
        "2012-01.parquet", "annotations.parquet", "events.json", "home.yaml", "import.json",
        "rejected_lines.tsv",
    ]  # fmt: skip


def test_written_import_is_read_back(import_text: Import, tmp_path: Path) -> None:
    from discover.core.window_set import load_event_log
    from discover.homes import write_import

    imported = import_text("\n".join(tabs(*event) for event in MORNING) + "\nC\tx\n")
    write_import(tmp_path / "out", imported)
    log = load_event_log(tmp_path / "out")
    assert log.home == imported.log.home
    assert log.events.equals(imported.log.events)
    assert log.annotations.equals(imported.log.annotations)
    assert (tmp_path / "out/rejected_lines.tsv").read_text().splitlines() == [
        "line\treason\ttext",
        "7\tline does not begin with a date\tC x",
    ]
