"""How long a recorder's database takes to become a home, and how much memory.

    python -m benchmarks home_assistant [--rows 1000000 10000000]

A made-up database of schema 53: 10,000 entities, nine tenths of the rows numbers of meters, the rest
motion, doors, lights and plugs; a tenth repeats a state. Each import runs in a process of its own, whose peak
memory is measured; so does a sync of 1,000 rows more, and a sync of nothing.
"""

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table

__all__ = ["run"]

_START = 1_709_251_200.0
_ENTITIES = 10_000
_STEP = """
import json, resource, sys, time
from pathlib import Path
from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home
folder = Path(sys.argv[2])
begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
if sys.argv[1] == "sync":
    done = sync_home(folder)
else:
    done = import_home_assistant(sys.argv[1], folder, ImportOptions(time_zone="Europe/Berlin"))
took = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_SELF)
cpu, peak = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 2**20
print(json.dumps({"s": took, "cpu": cpu, "gb": peak, "rows": done.new_rows, "events": done.new_events}))
"""


def run(rows: Sequence[int] = (1_000_000, 10_000_000)) -> list[dict[str, Any]]:
    """Import databases of some sizes; print a Markdown table and return its figures."""
    figures = []
    with tempfile.TemporaryDirectory() as temporary:
        for n in rows:
            database, home = Path(temporary) / f"{n}.db", Path(temporary) / f"home{n}"
            link = _database(database, n)
            for what in ("import", "sync of nothing", "sync of 1,000 rows"):
                if "1,000" in what:
                    add_states(link, _states(n + 1, 1_000))
                found = _step(str(database) if what == "import" else "sync", home)
                figures.append({"rows": n, "what": what, "mb": database.stat().st_size / 2**20, **found})
            link.close()
            database.unlink()
    columns = ("rows", "database, MB", "step", "s", "CPU, s", "peak, GB", "new rows", "new events")
    keys = ("mb", "what", "s", "cpu", "gb")
    print(markdown_table(columns, [
        (f"{f['rows']:,}", *(f[k] for k in keys), f"{f['new_rows']:,}", f"{f['events']:,}") for f in figures
    ]))  # fmt: skip
    return figures


def _step(source: str, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _STEP, source, str(home)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "s": found["s"],
        "cpu": found["cpu"],
        "gb": found["gb"],
        "new_rows": found["rows"],
        "events": found["events"],
    }


def empty_recorder(path: Path) -> sqlite3.Connection:
    """A recorder's database of schema 53 without rows."""
    link = sqlite3.connect(path)
    link.executescript("""
    PRAGMA journal_mode=WAL;
    CREATE TABLE schema_changes (change_id INTEGER PRIMARY KEY, schema_version INTEGER, changed DATETIME);
    INSERT INTO schema_changes VALUES (1, 53, '2025-01-01');
    CREATE TABLE state_attributes (attributes_id INTEGER PRIMARY KEY, hash BIGINT, shared_attrs TEXT);
    CREATE TABLE states_meta (metadata_id INTEGER PRIMARY KEY, entity_id VARCHAR(255));
    CREATE TABLE states (state_id INTEGER PRIMARY KEY, entity_id CHAR(0), state VARCHAR(255),
      attributes CHAR(0),
      last_changed CHAR(0), last_changed_ts FLOAT, last_reported_ts FLOAT, last_updated CHAR(0),
      last_updated_ts FLOAT, old_state_id INTEGER, attributes_id INTEGER, context_id CHAR(0),
      context_user_id CHAR(0), context_parent_id CHAR(0), context_id_bin BLOB, context_user_id_bin BLOB,
      context_parent_id_bin BLOB, metadata_id INTEGER);
    """)
    return link


def _database(path: Path, rows: int) -> sqlite3.Connection:
    link = empty_recorder(path)
    entities = [_entity(k) for k in range(_ENTITIES)]
    link.executemany(
        "INSERT INTO states_meta VALUES (?, ?)", [(k + 1, name) for k, (name, _) in enumerate(entities)]
    )
    link.executemany(
        "INSERT INTO state_attributes VALUES (?, 0, ?)",
        [(k + 1, json.dumps(attributes)) for k, (_, attributes) in enumerate(entities)],
    )
    add_states(link, _states(1, rows))
    link.executescript("""
    CREATE INDEX ix_states_metadata_id_last_updated_ts ON states (metadata_id, last_updated_ts);
    CREATE INDEX ix_states_last_updated_ts ON states (last_updated_ts);
    """)
    return link


def _entity(k: int) -> tuple[str, dict[str, str]]:
    if k >= 400:
        kind = ("energy", "humidity", "temperature", "illuminance")[k % 4]
        return f"sensor.meter_{k}_{kind}", {"device_class": kind, "unit_of_measurement": "x"}
    kinds = (("motion", "binary_sensor"), ("door", "binary_sensor"), ("", "light"), ("power", "sensor"))
    kind, domain = kinds[k % 4]
    attributes = {"device_class": kind, **({"unit_of_measurement": "W"} if kind == "power" else {})}
    return f"{domain}.room_{k}_{kind or 'lamp'}", attributes


def _states(first: int, count: int) -> Iterator[tuple[object, ...]]:
    rng = random.Random(first)
    last: dict[int, str] = {}
    for number in range(first, first + count):
        k = rng.randrange(400) if rng.random() < 0.1 else rng.randrange(400, _ENTITIES)
        now = _START + number * 0.25 + rng.random() * 0.2
        if k >= 400 or k % 4 == 3:
            state = f"{rng.uniform(0, 60):.2f}"
        else:
            state = last.get(k, "off") if rng.random() < 0.1 else rng.choice(("on", "off"))
        changed = now - 30 if last.get(k) == state else None
        last[k] = state
        yield number, state, changed, now, k + 1, number.to_bytes(16, "big"), k + 1


def add_states(link: sqlite3.Connection, rows: Iterator[tuple[object, ...]]) -> None:
    """Append rows: id, state, changed, updated (seconds since 1970), attributes, context, entity."""
    link.executemany(
        "INSERT INTO states (state_id, state, last_changed_ts, last_updated_ts, attributes_id, "
        "context_id_bin, metadata_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    link.commit()


if __name__ == "__main__":
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    arguments: argparse.Namespace = parser.parse_args()
    begun = time.perf_counter()
    run(arguments.rows)
    print(f"{time.perf_counter() - begun:.0f} s in all", file=sys.stderr)
