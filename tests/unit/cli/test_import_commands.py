"""`discover import ha` and `discover sync`, as typed."""

from pathlib import Path

import pytest
from recorder_database import Row, add_rows, recorder_database, stamp

from discover.cli import main

NOON = stamp("2024-03-01 12:00:00")
MOTION = "binary_sensor.kitchen_motion"


def typed(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    code = stopped.value.code
    return code if isinstance(code, int) else 1


def test_import_then_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "sensor.\x1b[31mred_power"
    attributes = {
        MOTION: {"device_class": "motion"},
        evil: {"device_class": "power", "unit_of_measurement": "W"},
    }
    rows = [Row(MOTION, "on", NOON), Row(evil, "90", NOON + 1), Row("x" * 300 + ".y", "on", NOON + 2)]
    recorder = recorder_database(tmp_path / "ha.db", rows, attributes)
    assert typed("import", "ha", "ha.db", "--time-zone", "Europe/Berlin") == 0
    said = capsys.readouterr().out
    assert "Wrote home: 2 events of 2 sensors." in said
    assert "\x1b[31m" not in said
    assert "no entity is known by its number" in said.replace("\n", " ") or "no entity" in said
    assert (tmp_path / "home/entities.yaml").is_file()
    add_rows(recorder, [Row(MOTION, "off", NOON + 9)], attributes)
    assert typed("sync") == 0
    assert "1 new rows, 1 new events; home has 3 events from 2024-03-01 13:00:00" in capsys.readouterr().out
    assert typed("import", "ha", "ha.db", "--time-zone", "Europe/Berlin") == 2
    assert "Add what is new with `discover sync home`" in capsys.readouterr().err
    assert typed("sync", "elsewhere") == 2
    assert "is no home that was imported from Home Assistant" in capsys.readouterr().err


def test_a_view_in_place_of_the_table_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorder = recorder_database(tmp_path / "ha.db", [Row(MOTION, "on", NOON)])
    recorder.executescript("ALTER TABLE states RENAME TO other; CREATE VIEW states AS SELECT * FROM other;")
    assert (
        typed("import", "ha", str(tmp_path / "ha.db"), "-o", str(tmp_path / "home"), "--time-zone", "UTC")
        == 2
    )
    assert "no table of states" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
