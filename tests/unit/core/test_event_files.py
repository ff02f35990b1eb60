"""Events by month: read back as they were written; a month that is over is not written again."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from discover.core.errors import AlteredError, ArtifactError
from discover.core.event_files import EventMonths, events_file, read_events, write_events
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


def months(paths: Iterable[Path]) -> list[str]:
    """The months of files, by name."""
    return sorted(path.name[:7] for path in paths)


def test_months_are_read_back_as_one_table(small_home_log: EventLog, tmp_path: Path) -> None:
    for name, table in (("a", events(50)), ("b", small_home_log.events), ("c", empty_table(EVENTS))):
        paths = write_events(tmp_path / name, table)
        assert all(path.is_file() for path in paths)
        found = read_events(tmp_path / name)
        assert found.equals(table)
        assert found.schema == table.schema
    assert months(write_events(tmp_path / "a", events(50))[1:]) == ["2024-01", "2024-02", "2024-03"]


def test_a_log_that_grows_writes_its_last_months_only(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (tmp_path / "events").iterdir()}
    grown = events(75, ("M2", "M1", "A9"))
    write_events(tmp_path, grown)
    after = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in (tmp_path / "events").iterdir()}
    assert sorted(name[:7] for name in after) == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert [name[:7] for name in sorted(before) if before[name] == after.get(name)] == ["2024-01", "2024-02"]
    assert read_events(tmp_path).equals(grown)


def test_months_that_are_gone_are_deleted(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    write_events(tmp_path, events(5))
    assert months((tmp_path / "events").iterdir()) == ["2024-01"]


def test_a_table_in_one_file_is_read_and_gives_way(tmp_path: Path) -> None:
    write_table(tmp_path / "events.parquet", events(50), EVENTS)
    assert read_events(tmp_path).equals(events(50))
    assert events_file(tmp_path).name == "events.parquet"
    write_events(tmp_path, events(60))
    assert events_file(tmp_path).name == "events.json"
    assert read_events(tmp_path).equals(events(60))


def test_months_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))
    first, month, _ = sorted((tmp_path / "events").iterdir())
    listed = tmp_path / "events.json"
    whole = month.read_bytes()
    month.write_bytes(first.read_bytes())
    with pytest.raises(
        AlteredError, match=r"2024-02-\w+\.parquet was altered.*Run `discover run`.*import the log again"
    ):
        read_events(tmp_path)
    month.unlink()
    with pytest.raises(AlteredError, match=r"2024-02-\w+\.parquet is missing"):
        read_events(tmp_path)
    month.write_bytes(whole)
    content = json.loads(listed.read_text())
    for wrong in (
        [],
        {**content, "sensor": ["M2"]},
        {**content, "sensor": ["M2", "M2", "M1"]},
        {**content, "state": 3},
        {**content, "months": [{}]},
        {**content, "months": [content["months"][0]] * 2},
        {**content, "months": [{"file": "../../home.yaml", "rows": 1, "sha256": ""}]},
    ):
        listed.write_text(json.dumps(wrong))
        with pytest.raises(ArtifactError, match=r"events\.json|home\.yaml is missing"):
            read_events(tmp_path)


def test_a_writer_that_is_stopped_leaves_the_table_it_found(tmp_path: Path) -> None:
    write_events(tmp_path, events(50))

    def stopped() -> Iterator[tuple[str, pl.DataFrame]]:
        yield (
            "2024-02",
            events(50)
            .filter(pl.col("time").dt.month() == 2)
            .head(3)
            .with_columns(pl.col("sensor", "state").cast(pl.String)),
        )
        raise KeyboardInterrupt

    found = EventMonths.of(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        found.replace(stopped(), found.orders)
    assert read_events(tmp_path).equals(events(50))
    found.replace([("2024-02", found.read("2024-02").head(0))], found.orders)
    assert months((tmp_path / "events").iterdir()) == ["2024-01", "2024-03"]
    assert len(read_events(tmp_path)) == len(events(50)) - 29
