"""Kinds of logs that users hold besides CASAS text: read exactly or refused. Lines are invented."""

from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest

from discover.core.errors import DataError
from discover.core.home import Home, Sensor
from discover.homes import ImportedLog
from discover.pipeline import RefusedLines

Import = Callable[..., ImportedLog]
BERLIN = Home(name="h", time_zone="Europe/Berlin")


def rows(imported: ImportedLog) -> list[tuple[object, ...]]:
    return imported.log.events.select("time", "sensor", "state").rows()


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("2023-05-01 08:20:00 PM\tM001\tON", datetime(2023, 5, 1, 20, 20)),
        ("2023-05-01 08:20:00 PM M001 ON", datetime(2023, 5, 1, 20, 20)),
        ("2023-05-01 12:00:01am,M001,ON", datetime(2023, 5, 1, 0, 0, 1)),
        ("2023-05-01 12:00:01 p.m.;M001;ON", datetime(2023, 5, 1, 12, 0, 1)),
        ("28/10/2023 06:00:07,M001,ON", datetime(2023, 10, 28, 6, 0, 7)),
        ("10/28/2023 6:00:07 PM,M001,ON", datetime(2023, 10, 28, 18, 0, 7)),
        ("28.10.2023 06:00:07;M001;ON", datetime(2023, 10, 28, 6, 0, 7)),
        ("28-Oct-2023 06:00:07|M001|ON", datetime(2023, 10, 28, 6, 0, 7)),
        ("2023-25-03 06:00:07\tM001\tON", datetime(2023, 3, 25, 6, 0, 7)),
        ("2023-05-01 24:00:00\tM001\tON", datetime(2023, 5, 2)),
        ('"2023-05-01 08:20:00","M001","ON"', datetime(2023, 5, 1, 8, 20)),
    ],
)
def test_clock_is_read_in_full(line: str, when: datetime, import_text: Import) -> None:
    assert rows(import_text(line + "\n")) == [(when, "M001", "ON")]


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("2023-07-01T06:00:00Z\tM001\tON", datetime(2023, 7, 1, 8)),
        ("2023-07-01 06:00:00.5 +0000,M001,ON", datetime(2023, 7, 1, 8, 0, 0, 500_000)),
        ("2023-07-01 06:00:00-05:00\tM001\tON", datetime(2023, 7, 1, 13)),
        ("1688191200\tM001\tON", datetime(2023, 7, 1, 8)),
        ("1688191200500,M001,ON", datetime(2023, 7, 1, 8, 0, 0, 500_000)),
    ],
)
def test_times_with_a_zone_become_wall_clock_times_or_are_refused(
    line: str, when: datetime, import_text: Import
) -> None:
    assert rows(import_text(line + "\n", home=BERLIN)) == [(when, "M001", "ON")]
    with pytest.raises(DataError, match="time_zone: Europe/Berlin"):
        import_text(line + "\n")


def test_converted_times_are_counted(import_text: Import) -> None:
    text = (
        "2023-07-01T06:00:00Z\tM001\tON\n2023-07-01 08:00:01\tM001\tOFF\n1688191202\tM001\tON\n"
        "2023-07-01 09:00:03 +0300\tM001\tOFF\n"
    )
    imported = import_text(text, home=BERLIN)
    assert [r[0].second for r in rows(imported)] == [0, 1, 2, 3]  # type: ignore[attr-defined]
    found = [p for p in imported.report.problems if "with a zone" in p.problem]
    assert [(p.count, p.first_lines) for p in found] == [(3, (1, 3, 4))]
    assert found[0].done == "read as the wall-clock time of Europe/Berlin"
    plain = import_text("2023-07-01 08:00:01\tM001\tOFF\n", home=BERLIN)
    assert not [p for p in plain.report.problems if "with a zone" in p.problem]


def test_ids_that_differ_in_capitals_are_two_sensors_and_said(import_text: Import) -> None:
    text = "".join(
        f"2023-07-01 08:00:{k:02d}\t{name}\t{'OFF' if k % 2 else 'ON'}\n"
        for k, name in enumerate(
            ["Bathroom", "bathroom", "Kitchen", "m001", "M001", "Bathroom", "m001", "m001"]
        )
    )
    known = Home(name="h", sensors=(Sensor(id="M001", type="motion", room="hallway", object="lamp"),))
    imported = import_text(text, home=known)
    found = [p for p in imported.report.problems if "capital" in p.problem]
    assert [(p.count, p.examples) for p in found] == [(4, ("Bathroom / bathroom", "M001 / m001"))]
    counts = dict(imported.log.events["sensor"].cast(pl.String).value_counts().iter_rows())
    assert counts == {"Bathroom": 2, "bathroom": 1, "Kitchen": 1, "m001": 3, "M001": 1}
    assert imported.log.home.sensor("m001").model_dump() == known.sensors[0].model_dump() | {"id": "m001"}


def test_time_zone_without_a_home_file(import_text: Import) -> None:
    text = "2023-07-01T06:00:00Z\tM001\tON\n"
    imported = import_text(text, time_zone="Europe/Berlin")
    assert rows(imported) == [(datetime(2023, 7, 1, 8), "M001", "ON")]
    assert imported.log.home.time_zone == "Europe/Berlin"
    with pytest.raises(DataError, match="--time-zone Europe/Berlin"):
        import_text(text)
    with pytest.raises(DataError, match="Did you mean Europe/Berlin"):
        import_text(text, time_zone="Europe/Berlim")


@pytest.mark.parametrize(
    ("text", "state"), [("OFFEat", "OFF"), ("OF", "OFF"), ("ONf", "ON"), ("0ta082", None), ("O", None)]
)
def test_damaged_values_of_the_2025_release(text: str, state: str | None, import_text: Import) -> None:
    imported = import_text(f"2012-01-02,03:04:05,Bed,ON\n2012-01-02,03:04:06,Bed,{text}\n")
    assert [r[2] for r in rows(imported)] == ["ON", state][: 2 if state else 1]
    assert imported.report.rejected_lines == (0 if state else 1)
    assert len(imported.report.repaired_states) == (1 if state else 0)


def test_invented_zone_is_refused_with_the_nearest(import_text: Import) -> None:
    with pytest.raises(DataError, match="Did you mean Europe/Berlin"):
        import_text("2023-05-01 06:00:00 M001 ON\n", home=Home(name="h", time_zone="Europe/Berlim"))


@pytest.mark.parametrize("sep", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("name", ["Motion Sensor 1", "Big Hall By The Door", "1", "0x00158d", "Hue 3 ON 4"])
def test_a_field_ends_at_its_separator(sep: str, name: str, import_text: Import) -> None:
    text = "".join(
        sep.join((f"2023-05-01 06:00:0{k}", name, state)) + "\n" for k, state in enumerate(("ON", "OFF"))
    )
    imported = import_text(text)
    joined = name.replace(" ", "_")
    assert [r[1:] for r in rows(imported)] == [(joined, "ON"), (joined, "OFF")]
    assert imported.log.annotations.is_empty()


def test_commas_inside_quotes(import_text: Import) -> None:
    text = 'time,sensor,value\n"2023-05-01 06:00:00","Plug, hall","1,234.5"\n'
    events = import_text(text).log.events
    assert events.select("sensor", "state", "value").rows() == [("Plug,_hall", "VALUE", 1234.5)]


def test_numbered_names_between_spaces(import_text: Import) -> None:
    imported = import_text(
        "2023-05-01 06:00:00 Motion Sensor 1 ON\n2023-05-01 06:00:01 Motion Sensor 2 OFF\n"
    )
    assert [r[1:] for r in rows(imported)] == [("Motion_Sensor_1", "ON"), ("Motion_Sensor_2", "OFF")]


def test_several_shapes_in_one_file(import_text: Import) -> None:
    text = (
        "2023-05-01 06:00:00\tHall Motion\tON\n2023-05-01 06:00:01,M001,ON\n"
        "2023-05-01 06:00:02;M001;OFF\n2023-05-01 06:00:03 M002 ON\n"
    )
    imported = import_text(text)
    assert [r[1] for r in rows(imported)] == ["Hall_Motion", "M001", "M001", "M002"]
    assert imported.report.rejected_lines == 0


def test_columns_are_found_by_their_heading(import_text: Import) -> None:
    text = (
        "entity_id,state,last_changed\nhall_motion,on,2023-07-01T06:00:00.5Z\n"
        "hall_motion,unavailable,2023-07-01T06:01:00Z\n"
    )
    imported = import_text(text, home=BERLIN)
    assert rows(imported) == [(datetime(2023, 7, 1, 8, 0, 0, 500_000), "hall_motion", "ON")]
    assert (imported.report.heading_lines, imported.report.health_lines, imported.report.rejected_lines) == (
        1,
        1,
        0,
    )


def test_a_german_table(import_text: Import) -> None:
    text = "Zeit;Sensor;Wert\n05.03.2025 06:00:07;Küche Tür;offen\n15.03.2025 06:00:09;Küche Tür;zu\n"
    imported = import_text(text)
    assert rows(imported) == [
        (datetime(2025, 3, 5, 6, 0, 7), "Küche_Tür", "OPEN"),
        (datetime(2025, 3, 15, 6, 0, 9), "Küche_Tür", "CLOSE"),
    ]
    assert [(s.room, s.type) for s in imported.log.home.sensors] == [("kitchen", "door")]


def test_where_no_line_can_be_read_a_line_is_shown_not_the_heading(import_text: Import) -> None:
    text = "Aika;Laite;Tila\n2025-03-05 06:00:07;ovi;auki\n2025-03-05 06:00:09;ovi;kiinni\n"
    with pytest.raises(DataError, match="line 2: '2025-03-05 06:00:07;ovi;auki'"):
        import_text(text)


@pytest.mark.parametrize(
    ("on", "off"),
    [("detected", "clear"), ("Active", "Inactive"), ("occupied", "unoccupied"),
     ("True", "False"), ("yes", "no"),
     ("an", "aus"), ("Marche", "Arrêt"), ("encendido", "apagado"),
     ("1", "0"), ("1.0", "0.0"), ("motion", "no motion"), ("wet", "dry")],
)  # fmt: skip
def test_both_words_of_a_pair(on: str, off: str, import_text: Import) -> None:
    text = f"2023-05-01 06:00:00\tM001\t{on}\n2023-05-01 06:00:01\tM001\t{off}\n"
    assert [r[2] for r in rows(import_text(text))] == ["ON", "OFF"]


def test_numbers_that_are_not_states(import_text: Import) -> None:
    text = "".join(f"2023-05-01 06:00:0{k}\tT001\t{v}\n" for k, v in enumerate("0101"))
    text += "2023-05-01 06:00:08\tX1\t0\n2023-05-01 06:00:09\tX1\t2\n2023-05-01 06:00:09\tX1\t1e999\n"
    imported = import_text(text)
    assert imported.log.events["state"].to_list() == ["VALUE"] * 6
    assert imported.report.reasons[0].count == 1


def test_half_a_pair_is_not_read(import_text: Import) -> None:
    text = "".join(f"2023-05-01 06:00:0{k}\tM001\t{s}\n" for k, s in enumerate(["on", "sammut"] * 4))
    text += "2023-05-01 06:01:00\tM002\tON\n"
    imported = import_text(text)
    assert [r[1] for r in rows(imported)] == ["M002"]
    assert RefusedLines.of_report(imported.report).share == pytest.approx(8 / 9)


def test_newest_first_keeps_cause_before_effect(import_text: Import) -> None:
    text = (
        "2023-05-01 06:00:09\tM001\tOFF\n2023-05-01 06:00:05\tM002\tON\n2023-05-01 06:00:05\tM001\tON\n"
        "2023-05-01 06:00:01\tD001\tOPEN\n"
    )
    imported = import_text(text)
    assert imported.log.events["line"].to_list() == [4, 3, 2, 1]
    assert any("newest first" in p.problem for p in imported.report.problems)


def test_hour_that_comes_twice_is_not_interleaved(import_text: Import) -> None:
    text = "".join(
        f"2023-10-29 02:{m:02d}:00\t{s}\t{v}\n"
        for s in ("M001", "M002")
        for m in (0, 30)
        for v in ("ON", "OFF")
    )
    imported = import_text(
        "2023-10-29 01:59:00\tM003\tON\n" + text + "2023-10-29 03:00:00\tM003\tOFF\n", home=BERLIN
    )
    assert imported.log.events["line"].to_list() == list(range(1, 11))
    assert imported.log.events["time"].is_sorted()
    (found,) = [p for p in imported.report.problems if "clock goes back" in p.problem]
    assert found.first_lines == (6,)


def test_hour_that_does_not_exist_is_listed(import_text: Import) -> None:
    text = "".join(f"2023-03-26 {c}\tM001\tON\n" for c in ("01:59:59", "02:00:00", "02:30:00", "03:00:00"))
    assert not [p for p in import_text(text).report.problems if "do not exist" in p.problem]
    (found,) = [p for p in import_text(text, home=BERLIN).report.problems if "do not exist" in p.problem]
    assert (found.count, found.first_lines) == (2, (2, 3))


def test_a_clock_that_was_not_set(import_text: Import) -> None:
    text = "1970-01-01 00:00:01\tM001\tON\n" + "".join(
        f"2023-05-01 06:00:{k:02d}\tM001\tON\n" for k in range(30)
    )
    imported = import_text(text)
    assert imported.log.events["time"][0] == datetime(2023, 5, 1, 6)
    assert imported.report.reasons[0].problem.startswith("clock not set")


@pytest.mark.parametrize("joint", ["", "\t", " ", "\x00", "\x0b", ","])
def test_two_times_in_a_line_are_no_event(joint: str, import_text: Import) -> None:
    lines = [f"2024-03-01 00:00:0{k}.5\tM00{k}\t{'20.5' if k == 2 else 'ON'}" for k in range(6)]
    imported = import_text(
        "\n".join(lines[:2]) + "\n" + joint.join(lines[2:4]) + "\n" + "\n".join(lines[4:]) + "\n"
    )
    assert [r[1] for r in rows(imported)] == ["M000", "M001", "M004", "M005"]
    assert imported.report.rejected_lines == 1
    assert imported.log.annotations.is_empty()


def test_lone_carriage_return_ends_a_line(import_text: Import) -> None:
    imported = import_text(
        "2024-03-01 00:00:00 M001 ON\r2024-03-01 00:00:01 M002 ON\r\n2024-03-01 00:00:02 M003 ON\n"
    )
    assert [r[1] for r in rows(imported)] == ["M001", "M002", "M003"]


def test_nul_bytes_cost_one_line(import_text: Import) -> None:
    text = (
        b"2024-03-01 00:00:00\tM001\tON\n2024-03-01 00:00:01\tM0\x0001\tON\n2024-03-01 00:00:02\tM001\tOFF\n"
    )
    imported = import_text(text)
    assert imported.log.events["line"].to_list() == [1, 3]
    assert "NUL" in imported.report.reasons[0].problem


def test_casas_release_of_2025(import_text: Import) -> None:
    text = (
        '2012-01-02,03:04:05.678,BedroomABed,ON,r1.Sleep="begin"\n2012-01-02,03:04:06,BedroomABed,OFF\n'
        '2012-01-02,03:04:07,BedroomABed,13\n2012-01-02,03:04:08,BedroomABed,ONf,r1.Sleep="end"\n'
        "2012-01-02,03:04:09,BedroomABed,0ta082\n"
    )
    imported = import_text(text)
    assert [r[2] for r in rows(imported)] == ["ON", "OFF", "ON"]
    assert imported.log.annotations.select("activity", "resident", "n_events").rows() == [("sleep", "R1", 3)]
    assert (imported.report.health_lines, imported.report.rejected_lines) == (1, 1)


def test_year_day_month_is_kept_where_most_days_are_below_13(import_text: Import) -> None:
    imported = import_text("".join(f"2023-{d:02}-03 06:00:00\tM001\tON\n" for d in range(1, 15)))
    assert [r[0] for r in rows(imported)] == [datetime(2023, 3, d, 6) for d in range(1, 15)]


def test_few_impossible_dates_are_refused_lines(import_text: Import) -> None:
    text = "".join(f"2023-03-05 06:{m // 60:02}:{m % 60:02}\tM001\tON\n" for m in range(100))
    imported = import_text(text + "2023-25-03 07:00:00\tM001\tON\n")
    assert imported.rejected.select("line", "reason").rows() == [(101, "no such date")]
    assert set(imported.log.events["time"].dt.date()) == {datetime(2023, 3, 5).date()}


def test_dates_in_two_orders_are_refused(import_text: Import) -> None:
    text = "2023-03-25 06:00:00\tM001\tON\n2023-25-03 06:00:00\tM001\tOFF\n2023-26-03 06:00:00\tM001\tOFF\n"
    with pytest.raises(DataError, match="two orders: line 2"):
        import_text(text)
