"""Events by month: read back as they were written; a month that is over is not written again."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from discover.core.errors import AlteredError, ArtifactError
from discover.core.event_files import events_file, read_events, write_events
from discover.core.table_files import write_table
from discover.core.tables import EVENTS, empty_table
from discover.core.window_set import EventLog


def events(days: int, sensors: tuple[str, ...] = ("M2", "M1")) -> pl.DataFrame:
    """An event every day from 20 January on; a new sensor is at the end of the codes."""
    times = [datetime(2024, 1, 20) + timedelta(days=day) for day in range(days)]
    return pl.DataFrame(
        {
            "time": times,
            "sensor": [sensors[day // 30 % len(sensors)] for day in range(days)],
            "state": ["ON" if day % 2 else "OFF" for day in range(days)],
            "value": [None if day % 3 else 1.5 for day in range(days)],
            "resident": [None] * days,
            "line": range(1, days + 1),
        },
        schema={**EVENTS, "sensor": pl.Enum(sensors), "state": pl.Enum(["OFF", "ON"])},  # type: ignore[arg-type]
    )


def test_months_are_read_back_as_one_table(small_home_log: EventLog, tmp_path: Path) -> None:
    for name, table in (("a", events(50)), ("b", small_home_log.events), ("c", empty_table(EVENTS))):
        paths = write_events(tmp_path / name, table)
        assert all(path.is_file() for path in paths)
        found = read_events(tmp_path / name)
        assert found.equals(table)
        assert found.schema == table.schema
    assert [p.name for p in write_events(tmp_path / "a", events(50))[1:]] == [
        "2024-01.parquet",
        "2024-02.parquet",
        "2024-03.parquet",
    ]


def test_a_log_that_grows_writes_its_last_months_only(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (tmp_path / "events").iterdir()}
    grown = events(75, ("M2", "M1", "A9"))
    write_events(tmp_path, grown)
    after = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (tmp_path / "events").iterdir()}
    assert sorted(after) == ["2024-01.parquet", "2024-02.parquet", "2024-03.parquet", "2024-04.parquet"]
    assert [name for name in before if before[name] == after[name]] == ["2024-01.parquet", "2024-02.parquet"]
    assert read_events(tmp_path).equals(grown)


def test_months_that_are_gone_are_deleted(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    write_events(tmp_path, events(5))
    assert [p.name for p in (tmp_path / "events").iterdir()] == ["2024-01.parquet"]


def test_a_table_in_one_file_is_read_and_gives_way(tmp_path: Path) -> None:
    write_table(tmp_path / "events.parquet", events(50), EVENTS)
    assert read_events(tmp_path).equals(events(50))
    assert events_file(tmp_path).name == "events.parquet"
    write_events(tmp_path, events(60))
    assert events_file(tmp_path).name == "events.json"
    assert read_events(tmp_path).equals(events(60))


def test_months_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    month, listed = tmp_path / "events/2024-02.parquet", tmp_path / "events.json"
    whole = month.read_bytes()
    month.write_bytes((tmp_path / "events/2024-01.parquet").read_bytes())
    with pytest.raises(
        AlteredError, match=r"2024-02\.parquet was altered.*Run `discover run`.*import the log again"
    ):
        read_events(tmp_path)
    month.unlink()
    with pytest.raises(AlteredError, match=r"2024-02\.parquet is missing"):
        read_events(tmp_path)
    month.write_bytes(whole)
    content = json.loads(listed.read_text())
    for wrong in (
        [],
        {**content, "sensor": ["M2"]},
        {**content, "sensor": ["M2", "M2", "M1"]},
        {**content, "state": 3},
        {**content, "months": [{}]},
        {**content, "months": [{"file": "../../home.yaml", "sha256": ""}]},
    ):
        listed.write_text(json.dumps(wrong))
        with pytest.raises(ArtifactError, match=r"events\.json|home\.yaml is missing"):
            read_events(tmp_path)
