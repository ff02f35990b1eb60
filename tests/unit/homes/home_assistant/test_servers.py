"""Recorders in PostgreSQL and MariaDB: on real servers where their programs are found, and by their SQL.

A server is found in PATH, in the folder that PGBIN names, or where Debian keeps PostgreSQL's.
"""

import contextlib
import importlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from recorder_database import Row, add_rows, recorder_database
from recorder_servers import copy_to_server
from recorder_truth import MORNING, by_sql, events_of, random_rows

from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home
from discover.homes.home_assistant.recorder import Recorder
from discover.homes.home_assistant.states import Mark

sqlalchemy = pytest.importorskip("sqlalchemy")

# Servers refuse to run as root.
NOBODY: Mapping[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
PLACES = [os.environ.get("PGBIN", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]


def program(name: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), *filter(None, PLACES)])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"no server: {name} is neither in PATH nor in PGBIN; the SQL is compared instead")
    return found


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """A folder of a short name that a server's user may enter: the path of a socket has at most 107 signs."""
    with tempfile.TemporaryDirectory(prefix="rec") as made:
        if NOBODY:
            shutil.chown(made, "nobody")
        yield made


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A server on a socket of its own; the connections of the URL are in another time zone than UTC."""
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed (extra dev)")
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    quiet: Mapping[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **NOBODY}
    with folder() as place:
        data = f"{place}/data"
        subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", "ha", "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=place, check=True, timeout=120, **quiet,
        )  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
        start = [pg_ctl, "-D", data, "-w", "-l", f"{place}/log", "-o", options, "start"]
        subprocess.run(start, cwd=place, check=True, timeout=120, **quiet)
        try:
            yield f"postgresql+psycopg://ha@/postgres?host={place}&options=-c%20timezone%3DAsia/Kolkata"
        finally:
            stop = [pg_ctl, "-D", data, "-m", "immediate", "stop"]
            subprocess.run(stop, cwd=place, check=False, timeout=120, **quiet)


@contextlib.contextmanager
def mariadb() -> Iterator[str]:
    pymysql = pytest.importorskip("pymysql", reason="the driver pymysql is not installed (extra dev)")
    server = program("mariadbd")
    with folder() as place:
        socket = f"{place}/s"
        command = [
            server, "--no-defaults", f"--datadir={place}", f"--socket={socket}", "--skip-networking",
            "--skip-grant-tables", "--default-time-zone=+05:30", "--innodb-flush-log-at-trx-commit=0",
        ]  # fmt: skip
        with Path(place, "log").open("wb") as log:
            running = subprocess.Popen(command, cwd=place, stdout=log, stderr=log, **NOBODY)
        try:
            # A driver that finds no socket leaves its own open.
            for _ in range(600):
                if Path(socket).exists():
                    break
                time.sleep(0.1)
            with contextlib.closing(pymysql.connect(unix_socket=socket, user="root")) as link:
                link.cursor().execute("CREATE DATABASE ha")
            yield f"mysql+pymysql://root@/ha?unix_socket={socket}&charset=utf8mb4"
        finally:
            running.terminate()
            running.wait(timeout=60)


@pytest.mark.parametrize("started", [postgresql, mariadb])
def test_a_server_gives_the_events_of_plain_sql(
    started: Callable[[], contextlib.AbstractContextManager[str]], tmp_path: Path
) -> None:
    late = [
        Row(
            "binary_sensor.fridge_door",
            ("on", "off")[k % 2],
            MORNING + 9e5 + k,
            changed=MORNING + 9e5 + k - 0.5,
        )
        for k in range(6)
    ]
    late += [
        Row("lock.front_door", "unlocked", MORNING + 100.5),
        Row("light.living_room", "on", MORNING + 9e5),
    ]
    with started() as url:
        engine = sqlalchemy.create_engine(url)
        for schema in (53, 43, 30):
            path, home = tmp_path / f"{schema}.db", tmp_path / f"home{schema}"
            link = recorder_database(path, random_rows(schema), schema=schema, wal=False)
            copy_to_server(link, engine)
            import_home_assistant(url, home, ImportOptions(time_zone="Europe/Berlin"))
            meta = schema >= 38
            assert sorted(events_of(home)) == sorted(by_sql(path, "Europe/Berlin", meta=meta)), schema
            add_rows(link, late)
            copy_to_server(link, engine)
            assert sync_home(home, url).new_events > 0
            assert sorted(events_of(home)) == sorted(by_sql(path, "Europe/Berlin", meta=meta)), schema
            assert sync_home(home, url).new_events == 0
        engine.dispose()


class Listening:
    """A database that says what it is asked, of the newest schema and without rows."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def columns(self, table: str) -> frozenset[str]:
        if table == "schema_changes":
            return frozenset({"schema_version"})
        times = {f"last_{kind}{ending}" for kind in ("changed", "updated") for ending in ("", "_ts")}
        contexts = {f"context_{kind}id{end}" for kind in ("", "user_", "parent_") for end in ("", "_bin")}
        others = {"state_id", "entity_id", "state", "attributes", "attributes_id", "metadata_id"}
        return frozenset(times | contexts | others)

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> Iterator[tuple[Any, ...]]:
        self.asked.append(sql)
        if "schema_version" in sql:
            return iter([(53,)])
        return iter([(9,)] if "MAX(state_id) FROM states" in sql and "GROUP" not in sql else [])

    def close(self) -> None:
        pass


def test_the_sql_is_that_of_every_server() -> None:
    """Always run: what PostgreSQL and MariaDB are asked, and nothing that SQLite alone knows."""
    listening = Listening()
    recorder = Recorder(listening)
    assert list(recorder.rows(Mark())) == []
    said = {
        k: f"(context_{k}_id_bin IS NOT NULL OR COALESCE(context_{k}_id, '') <> '')"
        for k in ("user", "parent")
    }
    wanted = (
        "SELECT state_id, metadata_id, entity_id, state, COALESCE(last_changed_ts, last_updated_ts), "
        "CASE WHEN last_updated_ts IS NULL THEN COALESCE(last_changed, last_updated) END, "
        f"CASE WHEN {said['user']} THEN 1 WHEN {said['parent']} THEN 2 ELSE 0 END, NULL FROM states "
        "WHERE state_id > %(first)s AND state_id <= %(end)s ORDER BY state_id LIMIT %(most)s"
    )
    for name in ("postgresql", "mysql"):
        dialect = importlib.import_module(f"sqlalchemy.dialects.{name}").dialect()
        compiled = [str(sqlalchemy.text(sql).compile(dialect=dialect)) for sql in listening.asked]
        assert not [sql for sql in compiled if ":" in sql or "pragma" in sql.lower()]
        shown = compiled[-1].replace(" %s", " {}").format("%(first)s", "%(end)s", "%(most)s")
        assert shown == wanted
