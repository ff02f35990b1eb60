"""A sync of a growing recorder, killed at random moments: is an event lost or doubled?

    python -m benchmarks.reliability.sync_kills [--kills 50]

A process syncs a home again and again, while rows are written to its database. It is ended by SIGKILL after
a random time; then the home must be readable. At the end one more sync must give the events of
an import that nobody disturbed.
"""

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result
from discover.core.window_set import load_event_log
from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home

_CHILD = """
import sys
from pathlib import Path
from discover.homes.home_assistant import sync_home
print("ready", flush=True)
while True:
    sync_home(Path(sys.argv[1]))
"""
_ENTITIES = ("binary_sensor.hall_motion", "binary_sensor.front_door", "light.hall", "switch.kettle")
_UTC = ImportOptions(time_zone="UTC")


def run(kills: int = 50, seed: int = 0) -> str:
    """Kill `kills` times; return a Markdown table.

    Raises:
        AssertionError: An event is lost or doubled, or a home cannot be read.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        database, home = Path(temporary) / "ha.db", Path(temporary) / "home"
        link = _database(database)
        number = _add(link, rng, 0, 500)
        import_home_assistant(str(database), home, _UTC)
        unfinished, known = 0, set[Path]()
        for _ in range(kills):
            child = subprocess.Popen(
                [sys.executable, "-c", _CHILD, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            assert child.stdout is not None
            child.stdout.readline()
            end = time.monotonic() + rng.uniform(0.0, 0.4)
            while time.monotonic() < end:
                number = _add(link, rng, number, rng.randrange(1, 40))
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
            load_event_log(home)
            found = set(home.rglob("*.partial"))
            unfinished, known = unfinished + bool(found - known), found
        sync_home(home)
        import_home_assistant(str(database), Path(temporary) / "whole", _UTC)
        columns = ("time", "sensor", "state")
        events, whole = (
            load_event_log(f).events.select(columns).cast({"sensor": str, "state": str})
            for f in (home, Path(temporary) / "whole")
        )
        assert events.equals(whole), "events were lost or doubled"
        link.close()
        left = (f"{kills}", f"{unfinished}", f"{number:,}", f"{len(events):,}", "0", "0")
    return markdown_table(("kills", "of them during a write", "rows", "events", "lost", "doubled"), [left])


def _database(path: Path) -> sqlite3.Connection:
    link = sqlite3.connect(path)
    link.executescript("""
    PRAGMA journal_mode=WAL;
    CREATE TABLE schema_changes (change_id INTEGER PRIMARY KEY, schema_version INTEGER);
    INSERT INTO schema_changes VALUES (1, 53);
    CREATE TABLE states_meta (metadata_id INTEGER PRIMARY KEY, entity_id VARCHAR(255));
    CREATE TABLE states (state_id INTEGER PRIMARY KEY, state VARCHAR(255), last_changed_ts FLOAT,
      last_updated CHAR(0), last_changed CHAR(0), last_updated_ts FLOAT, metadata_id INTEGER);
    CREATE INDEX ix_states_last_updated_ts ON states (last_updated_ts);
    """)
    link.executemany("INSERT INTO states_meta (entity_id) VALUES (?)", [(e,) for e in _ENTITIES])
    return link


def _add(link: sqlite3.Connection, rng: random.Random, number: int, rows: int) -> int:
    """Write some rows; they span months, and some are late."""
    with contextlib.closing(link.cursor()) as cursor:
        for added in range(number + 1, number + rows + 1):
            late = rng.uniform(0, 1_800) if rng.random() < 0.1 else 0.0
            values = (
                added,
                rng.choice(("on", "off")),
                1_709_251_200 + added * 900.0 - late,
                1 + rng.randrange(4),
            )
            cursor.execute(
                "INSERT INTO states (state_id, state, last_updated_ts, metadata_id) VALUES (?, ?, ?, ?)",
                values,
            )
        link.commit()
    return number + rows


if __name__ == "__main__":
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--kills", type=int, default=50)
    arguments = parser.parse_args()
    table = run(arguments.kills)
    print(table)
    write_result(
        "reliability_sync_kills",
        f"python -m benchmarks.reliability.sync_kills --kills {arguments.kills}",
        table,
    )
