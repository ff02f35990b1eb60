"""Databases of a recorder, of many schemas and states of health, against plain SQL."""

import contextlib
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder_database import PLAIN_HOME, Row, add_rows, recorder_database, stamp, storage_folder
from recorder_truth import MORNING, WORDS, by_sql, events_of, random_rows

from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.core.window_set import load_event_log
from discover.homes import import_log
from discover.homes.home_assistant import ImportOptions, databases, import_home_assistant, sync_home

BERLIN = ImportOptions(time_zone="Europe/Berlin")
UTC = ImportOptions(time_zone="UTC")


@pytest.mark.parametrize("seed", range(12))
def test_the_events_are_those_of_plain_sql(seed: int, tmp_path: Path) -> None:
    schema = (53, 51, 48, 43, 38, 30)[seed % 6]
    zone = ("Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")[seed % 3]
    rows = random_rows(seed)
    path = tmp_path / "ha.db"
    recorder_database(path, rows, schema=schema, wal=seed % 2 == 0).close()
    done = import_home_assistant(str(path), tmp_path / "home", ImportOptions(time_zone=zone))
    assert not list(tmp_path.glob("ha.db-*"))
    assert sorted(events_of(tmp_path / "home")) == sorted(by_sql(path, zone, meta=schema >= 38))
    report = done.report
    assert (report.lines, report.rejected_lines) == (len(rows), 0)
    assert report.health_lines == sum(r.state == "unavailable" and r.entity != "sun.sun" for r in rows)
    assert {p.problem: p.count for p in report.problems}["sun: not of daily life"] == sum(
        r.entity == "sun.sun" for r in rows
    )


def test_a_live_database_is_read_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "ha.db"
    recorder = recorder_database(path, [Row("binary_sensor.kitchen_motion", "on", MORNING)])
    add_rows(recorder, [Row("binary_sensor.kitchen_motion", "off", MORNING + 5)], commit=False)
    before = {p.name: p.read_bytes() for p in tmp_path.glob("ha.db*")}
    import_home_assistant(str(path), tmp_path / "home", UTC)
    assert {p.name: p.read_bytes() for p in tmp_path.glob("ha.db*") if p.suffix != ".db-shm"} == {
        name: content for name, content in before.items() if not name.endswith("-shm")
    }
    assert len(events_of(tmp_path / "home")) == 1
    recorder.commit()
    assert sync_home(tmp_path / "home").new_events == 1
    # A copy of a running database: with its -wal file, without the index of it.
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("ha.db", "ha.db-wal"):
        shutil.copy(tmp_path / name, copy)
    import_home_assistant(str(copy / "ha.db"), tmp_path / "second", UTC)
    assert events_of(tmp_path / "second") == events_of(tmp_path / "home")
    assert sorted(p.name for p in copy.iterdir()) == ["ha.db", "ha.db-wal"]
    assert all(
        (copy / name).read_bytes() == (tmp_path / name).read_bytes() for name in ("ha.db", "ha.db-wal")
    )


def test_a_locked_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_WAIT_S", 0.05)
    path = tmp_path / "ha.db"
    recorder = recorder_database(path, random_rows(1), wal=False)
    recorder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DataError, match=r"ha\.db cannot be read \(database is locked\).*Try again, or copy"):
        import_home_assistant(str(path), tmp_path / "home", UTC)
    assert not (tmp_path / "home").exists()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwritten(content: bytes) -> bytes:
    return content[:8192] + b"\xff" * (len(content) - 8192)


@pytest.mark.parametrize("damage", [cut, overwritten])
def test_a_damaged_database_leaves_nothing(damage: object, tmp_path: Path) -> None:
    path = tmp_path / "ha.db"
    recorder_database(path, random_rows(2, 3_000), wal=False).close()
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        DataError, match=r"ha\.db cannot be read .*damaged, or was copied while it was written"
    ):
        import_home_assistant(str(path), tmp_path / "home", UTC)
    assert not (tmp_path / "home").exists()


def test_what_is_no_recorder_is_refused(tmp_path: Path) -> None:
    text, other, old = tmp_path / "a.db", tmp_path / "b.db", tmp_path / "c.db"
    text.write_text("entity_id,state\n")
    sqlite3.connect(other).execute("CREATE TABLE states (a, b)")
    recorder_database(old, random_rows(1), schema=9).close()
    for path, said in ((other, "no table of states"), (old, "schema 9; the oldest that is read is 16")):
        with pytest.raises(DataError, match=said):
            import_home_assistant(str(path), tmp_path / "home", UTC)
    with pytest.raises(DataError, match="no file at"):
        import_home_assistant(str(tmp_path / "none.db"), tmp_path / "home", UTC)
    assert not (tmp_path / "home").exists()


def test_a_newer_schema_is_read_with_a_note(tmp_path: Path) -> None:
    recorder_database(tmp_path / "ha.db", random_rows(3), schema=60).close()
    done = import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    assert "schema 60; this version knows schemas up to 53" in done.report.problems[0].problem
    assert sorted(events_of(tmp_path / "home")) == sorted(by_sql(tmp_path / "ha.db", "UTC"))


def test_rows_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    rows = [
        Row("binary_sensor.kitchen_motion", "on", MORNING),
        Row("binary_sensor.kitchen_motion", "off", None),
        Row("binary_sensor.kitchen_motion", "off", 12.0),
        Row("binary_sensor.kitchen_motion", "zzz\t<b>", MORNING + 1),
        Row("sensor.kettle_power", "nan", MORNING + 2),
        Row("binary_sensor.kitchen_motion", None, MORNING + 3),
    ]
    link = recorder_database(tmp_path / "ha.db", rows)
    link.execute("UPDATE states SET metadata_id = 77 WHERE state_id = 1")
    add_rows(link, [Row("binary_sensor.fridge_door", "on", MORNING + 9)])
    done = import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    assert [state for *_, state in events_of(tmp_path / "home")] == ["OPEN"]
    assert {p.problem: (p.count, p.first_lines) for p in done.report.reasons} == {
        "its time cannot be read, or a clock was not set": (2, (2, 3)),
        "a state that nobody knows": (2, (4, 5)),
        "no entity is known by its number": (1, (1,)),
    }
    assert done.report.health_lines == 1
    listed = (tmp_path / "home/rejected_lines.tsv").read_text().splitlines()
    assert "4\ta state that nobody knows\tbinary_sensor.kitchen_motion zzz <b>" in listed


def test_the_time_zone_comes_from_the_configuration_or_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ha.db"
    recorder_database(path, [Row("binary_sensor.kitchen_motion", "on", MORNING)])
    with pytest.raises(ConfigError, match="--time-zone"):
        import_home_assistant(str(path), tmp_path / "home")
    with pytest.raises(DataError, match="no time zone 'Europe/Berlni'"):
        import_home_assistant(str(path), tmp_path / "home", ImportOptions(time_zone="Europe/Berlni"))
    storage_folder(tmp_path, time_zone="Asia/Kolkata")
    import_home_assistant(str(path), tmp_path / "home")
    assert events_of(tmp_path / "home")[0][0] == datetime(2024, 3, 1, 12, 30)
    with pytest.raises(ArtifactError, match="discover sync"):
        import_home_assistant(str(path), tmp_path / "home")


def test_the_hour_that_comes_twice_stays_in_order(tmp_path: Path) -> None:
    """26 to 27 October 2024 in Berlin: 02:00 to 03:00 comes twice; 31 March: it does not come at all."""
    times = ["2024-03-31 00:59:59", "2024-03-31 01:00:01", "2024-10-27 00:10:00", "2024-10-27 00:50:00",
             "2024-10-27 01:10:00", "2024-10-27 01:50:00", "2024-10-27 02:10:00"]  # fmt: skip
    rows = [
        Row("binary_sensor.kitchen_motion", "off" if k % 2 else "on", stamp(t)) for k, t in enumerate(times)
    ]
    recorder_database(tmp_path / "ha.db", rows)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", BERLIN)
    assert [f"{time:%m-%d %H:%M:%S}" for time, *_ in events_of(tmp_path / "home")] == [
        "03-31 01:59:59", "03-31 03:00:01", "10-27 02:05:00", "10-27 02:25:00", "10-27 02:35:00",
        "10-27 02:55:00", "10-27 03:10:00",
    ]  # fmt: skip


def test_what_automations_switch_stands_apart(tmp_path: Path) -> None:
    rows = [
        Row("light.living_room", "on", MORNING),
        Row("light.living_room", "off", MORNING + 60, parent=True),
        Row("light.living_room", "on", MORNING + 70, user=True, parent=True),
        Row("automation.night_light", "on", MORNING + 80, context=5),
        Row("light.living_room", "off", MORNING + 80.1, context=5),
        Row("light.living_room", "on", MORNING + 90, context=6),
        Row("binary_sensor.kitchen_motion", "on", MORNING + 91, parent=True),
    ]
    recorder_database(tmp_path / "ha.db", rows)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    assert [(sensor, state) for _, sensor, state in events_of(tmp_path / "home")] == [
        ("light.living_room", "ON"),
        ("light.living_room@automation", "OFF"),
        ("light.living_room", "ON"),
        ("light.living_room@automation", "OFF"),
        ("light.living_room", "ON"),
        ("binary_sensor.kitchen_motion", "ON"),
    ]
    home = load_event_log(tmp_path / "home").home
    assert home.sensor("light.living_room").is_activity
    assert not home.sensor("light.living_room@automation").is_activity


def test_a_database_and_an_imported_home_open_like_a_log(tmp_path: Path) -> None:
    path = tmp_path / "ha.db"
    storage_folder(tmp_path)
    recorder_database(path, random_rows(4)).close()
    import_home_assistant(str(path), tmp_path / "home")
    of_database, of_folder = import_log(path), import_log(tmp_path / "home")
    expected = load_event_log(tmp_path / "home")
    for imported in (of_database, of_folder):
        assert imported.log.events.select("time", "line").equals(expected.events.select("time", "line"))
        assert set(imported.log.home.sensors) == set(expected.home.sensors)
        assert imported.log.home.time_zone == "Europe/Berlin"
        assert (imported.log.home.latitude, imported.log.home.longitude) == (52.5, 13.4), "not the street"
    assert of_folder.report.events == of_database.report.events == len(expected.events)


def test_the_url_of_a_database_is_read_by_sqlalchemy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")
    path = tmp_path / "ha.db"
    recorder = recorder_database(path, random_rows(5))
    import_home_assistant(f"sqlite:///{path}", tmp_path / "home", UTC)
    import_home_assistant(str(path), tmp_path / "second", UTC)
    assert events_of(tmp_path / "home") == events_of(tmp_path / "second")
    add_rows(
        recorder, [Row("lock.front_door", "jammed", 1.8e9), Row("binary_sensor.fridge_door", "on", 1.8e9)]
    )
    assert sync_home(tmp_path / "home", f"sqlite:///{path}").new_rows == 2
    assert databases.plain_url("mysql://me:secret@host/ha") == "mysql://me@host/ha"
    with pytest.raises(DataError, match=r"sqlite:///.*none\.db cannot be read") as refused:
        import_home_assistant(f"sqlite:///{tmp_path}/no/none.db", tmp_path / "third", UTC)
    assert "sqlalche.me" not in str(refused.value)


def rows_of_months(seed: int) -> list[Row]:
    """Rows of three months, some of them written late."""
    rng = random.Random(seed)
    entities: Sequence[str] = [e for e in WORDS if e != "sun.sun"]
    rows = [
        Row(e, rng.choice(WORDS[e]), MORNING + k * 20_000 + rng.randrange(9_000))
        for k in range(350)
        for e in [rng.choice(entities)]
    ]
    for k in range(0, 340, 9):
        rows[k], rows[k + 1] = rows[k + 1], rows[k]
    return rows


def unruly_rows(seed: int, n: int = 120) -> list[Row]:
    """Rows up to two days late, attributes that change alone, automations, devices that are away."""
    rng = random.Random(seed)
    now, rows = MORNING + rng.randrange(30) * 86_400.0, []
    last: dict[str, tuple[str, float]] = {}
    for _ in range(n):
        now += rng.choice((1.0, 500.0, 5_000.0, 90_000.0))
        entity = rng.choice([e for e in WORDS if e != "sun.sun"])
        by_automation, late = rng.random() < 0.3, rng.random() < 0.15
        if entity in last and rng.random() < 0.2 and not late:
            state, changed = last[entity]
            rows.append(Row(entity, state, now, changed=changed, parent=by_automation))
            continue
        state = "unavailable" if rng.random() < 0.1 else rng.choice(WORDS[entity])
        time = now - rng.choice((10.0, 4_000.0, 170_000.0)) if late else now
        rows.append(Row(entity, state, time, parent=by_automation))
        if not late and state != "unavailable":
            last[entity] = (state, now)
    return rows


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.sets(st.integers(10, 119), min_size=1, max_size=4))
def test_many_syncs_are_one_import(seed: int, cuts: set[int]) -> None:
    rows, ends = unruly_rows(seed), sorted(cuts)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recorder_database(folder / "whole.db", rows).close()
        whole = import_home_assistant(str(folder / "whole.db"), folder / "whole", BERLIN)
        with contextlib.closing(recorder_database(folder / "ha.db", rows[: ends[0]])) as recorder:
            import_home_assistant(str(folder / "ha.db"), folder / "home", BERLIN)
            for first, last in zip(ends, [*ends[1:], len(rows)], strict=True):
                add_rows(recorder, rows[first:last])
                done = sync_home(folder / "home")
            assert sync_home(folder / "home").new_rows == 0
        assert events_of(folder / "home") == events_of(folder / "whole")
        same = {"home", "source", "source_sha256"}
        assert done.report.model_dump(exclude=same) == whole.report.model_dump(exclude=same)


def test_what_the_recorder_forgets_stays(tmp_path: Path) -> None:
    rows = rows_of_months(1)
    recorder = recorder_database(tmp_path / "ha.db", rows[:200])
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    kept = events_of(tmp_path / "home")
    recorder.execute("DELETE FROM states WHERE state_id < 150")
    add_rows(recorder, rows[200:])
    sync_home(tmp_path / "home")
    assert events_of(tmp_path / "home")[: len(kept) - 5] == kept[:-5]
    # A recorder that begins anew counts its rows from 1 again.
    later = [
        Row("binary_sensor.fridge_door", "on", 1.75e9),
        Row("binary_sensor.fridge_door", "off", 1.75e9 + 5),
    ]
    recorder_database(tmp_path / "new.db", later)
    before = events_of(tmp_path / "home")
    done = sync_home(tmp_path / "home", str(tmp_path / "new.db"))
    assert events_of(tmp_path / "home")[: len(before)] == before
    assert events_of(tmp_path / "home")[-1][2] == "CLOSE"
    assert done.new_rows == 2
    assert done.notes == ["the database is another one than at the last import: all of it was read"]


def test_an_entity_that_is_renamed_stays_its_sensor(tmp_path: Path) -> None:
    recorder = recorder_database(tmp_path / "ha.db", [Row("light.living_room", "on", MORNING)])
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    recorder.execute("UPDATE states_meta SET entity_id = 'light.sofa'")
    attributes: Mapping[str, Mapping[str, str]] = {**PLAIN_HOME, "light.sofa": {}}
    add_rows(recorder, [Row("light.sofa", "off", MORNING + 5)], attributes)
    sync_home(tmp_path / "home")
    assert [s for _, s, _ in events_of(tmp_path / "home")] == ["light.living_room"] * 2
    # The number of an entity that is gone is given to another one.
    recorder.execute("DELETE FROM states")
    recorder.execute("DELETE FROM states_meta")
    recorder.execute("INSERT INTO states_meta VALUES (1, 'binary_sensor.fridge_door')")
    columns = "(state_id, state, last_updated_ts, metadata_id)"
    recorder.execute(f"INSERT INTO states {columns} VALUES (9, 'on', ?, 1)", [MORNING + 9])
    recorder.commit()
    sync_home(tmp_path / "home")
    assert events_of(tmp_path / "home")[-1][1:] == ("binary_sensor.fridge_door", "OPEN")


def test_a_row_that_comes_a_day_late_parts_what_looked_like_a_repeat(tmp_path: Path) -> None:
    motion = "binary_sensor.kitchen_motion"
    rows = [
        Row(motion, "on", MORNING),
        Row(motion, "on", MORNING + 50_000),
        Row(motion, "off", MORNING + 180_000),
    ]
    recorder = recorder_database(tmp_path / "ha.db", rows)
    import_home_assistant(str(tmp_path / "ha.db"), tmp_path / "home", UTC)
    assert [state for *_, state in events_of(tmp_path / "home")] == ["ON", "OFF"]
    add_rows(recorder, [Row(motion, "off", MORNING + 20_000)])
    sync_home(tmp_path / "home")
    assert [state for *_, state in events_of(tmp_path / "home")] == ["ON", "OFF", "ON", "OFF"]
