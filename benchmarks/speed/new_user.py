"""A newcomer with Home Assistant's database: steps and seconds until the first answer, installed already.

    python -m benchmarks new_user

Fourteen days of the simulated demo home as a recorder's database of schema 53: entities with a device class
and a friendly name, no home file. Once by two commands, once dropped on the app's page (by the request that
the page makes). The question is the same.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table
from benchmarks.speed.home_assistant import add_states, empty_recorder
from discover.homes import load_home
from discover.simulator import SimulatorConfig, simulate_log

QUESTION = "someone opens the fridge at night"
DAYS = 14
_CLASSES = {
    "motion": "motion",
    "door": "door",
    "contact": "door",
    "item": "vibration",
    "pressure": "occupancy",
}
_PORT = 8797


def write_database(path: Path) -> int:
    """Write the database; the number of its rows."""
    home = load_home("demo")
    log = simulate_log(home, SimulatorConfig(days=DAYS, seed=7))
    link = empty_recorder(path)
    number = {}
    for k, sensor in enumerate(home.sensors, start=1):
        words = f"{sensor.room} {sensor.object or sensor.type}".replace("_", " ")
        entity = "binary_sensor." + re.sub(r"\W+", "_", f"{words} {k}".lower())
        facts = {"friendly_name": words.capitalize(), "device_class": _CLASSES.get(sensor.type, "motion")}
        link.execute("INSERT INTO states_meta VALUES (?, ?)", (k, entity))
        link.execute("INSERT INTO state_attributes VALUES (?, 0, ?)", (k, json.dumps(facts)))
        number[sensor.id] = k
    on = {"ON", "OPEN", "PRESENT", "START"}
    rows = [
        (
            i,
            "on" if state in on else "off",
            None,
            moment.timestamp(),
            number[sensor],
            i.to_bytes(16, "big"),
            number[sensor],
        )
        for i, (moment, sensor, state) in enumerate(
            log.events.select("time", "sensor", "state").iter_rows(), start=1
        )
        if sensor in number
    ]
    add_states(link, iter(rows))
    link.close()
    return len(rows)


def by_commands(database: Path, folder: Path) -> tuple[float, str]:
    """Seconds of import and first question, and the first line of the answer."""
    begin = time.perf_counter()
    _discover("import", "ha", str(database), "-o", str(folder / "home"), "--time-zone", "Europe/Berlin")
    told = _discover("search", str(folder / "home"), "--workspace", str(folder / "w"), QUESTION)
    return time.perf_counter() - begin, _first_hit(told)


def by_drop(database: Path, folder: Path) -> tuple[float, float, str]:
    """Seconds from the command to the page, from the drop to the first answer, and that answer's caption."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "discover", "app", "--writable", "--no-browser", "--port", str(_PORT)]
    app = subprocess.Popen(
        [*command, "--workspace", str(folder / "app")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert app.stdout is not None
        token = next(m[1] for line in app.stdout if (m := re.search(r"token=([\w-]+)", line)))
        _wait_for_server()
        ready = time.perf_counter() - begin
        begin = time.perf_counter()
        name = _ask(token, "api/upload?name=home-assistant_v2.db&zone=Europe/Berlin", database.read_bytes())[
            "id"
        ]
        while (line := _line(token, name))["state"] not in ("ready", "failed"):
            time.sleep(0.2)
        if line["state"] == "failed":
            raise SystemExit(f"The app did not open the database: {line['error']}")
        found = _ask(token, f"api/homes/{name}/search", json.dumps({"query": QUESTION}).encode())
        return ready, time.perf_counter() - begin, str(found["hits"][0]["captions"][0])
    finally:
        app.terminate()
        app.wait()


def _wait_for_server() -> None:
    # The address is printed just before the server listens.
    for _ in range(100):
        with socket.socket() as link:
            if link.connect_ex(("127.0.0.1", _PORT)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("The app did not start within ten seconds.")


def _line(token: str, name: str) -> dict[str, Any]:
    return next(line for line in _ask(token, "api/app")["homes"] if line["id"] == name)


def _ask(token: str, route: str, body: bytes | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "X-Discover": "1", "Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{_PORT}/{route}", data=body, headers=headers)
    ) as answer:
        return json.load(answer)


def _discover(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "discover", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def _first_hit(told: str) -> str:
    return next(line.strip() for line in told.splitlines() if line.startswith("1."))


def main() -> None:
    """Print a table of steps and seconds."""
    BenchmarkParser(__doc__, writes=False).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = write_database(folder / "home-assistant_v2.db")
        seconds, hit = by_commands(folder / "home-assistant_v2.db", folder)
        ready, dropped, caption = by_drop(folder / "home-assistant_v2.db", folder)
    print(f'A made-up database of {rows:,} states on {DAYS} days. Question: "{QUESTION}".\n')
    table = [
        ("`discover import ha`, `discover search`", 2, f"{seconds:.0f}", hit),
        ("`discover app --writable`, drop the file, type", 3, f"{ready:.0f} + {dropped:.0f}", caption),
    ]
    print(markdown_table(("way", "steps", "seconds", "first hit"), table))


if __name__ == "__main__":
    main()
