"""How long the app takes to answer a sentence, asked over HTTP, at about 100,000 windows.

    python -m benchmarks app_search [-- --repeats 10 --workspace FOLDER]

Four simulated weeks, repeated with later dates, are opened by `discover app` in a process of its own. It is
asked twenty sentences five times each, one after the other. Times are of the whole request: on the clock, and
of processor time of the server with all its threads. The aim is 200 ms. Opening takes minutes; with
--workspace it is kept.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table
from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated

SENTENCES = (
    "someone opens the fridge at night", "someone cooks dinner in the evening", "bathroom at 3 am",
    "nobody is in the kitchen in the afternoon", "walking around the living room", "someone leaves the home",
    "someone comes home late in the evening", "someone gets up from bed and goes to the bathroom",
    "from the kitchen to the dining table", "someone watches television on the couch",
    "a long stay in the bathroom", "someone works at the desk on a weekday morning",
    "someone is at the sink, not at the stove", "a quick visit to the kitchen", "someone takes medicine",
    "the front door opens twice", "movement in the hallway at night", "someone sleeps",
    "someone does the laundry at the weekend", "three rooms within a minute",
)  # fmt: skip
ROUNDS = 5
_DAYS = 28
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")

Ask = Callable[[str, Any], Any]


def write_repeated(log: Path, repeats: int) -> None:
    """Four simulated weeks so many times: weekdays stay what they are."""
    once = log.with_suffix(".part")
    write_simulated(once, load_home("demo"), SimulatorConfig(days=_DAYS, seed=7))
    lines = [line.split("\t", 1) for line in once.read_text().splitlines(keepends=True)]
    first = datetime.fromisoformat(lines[0][0]).date()
    with log.open("w") as target:
        for k in range(repeats):
            days = {
                str(first + timedelta(d)): str(first + timedelta(d + k * _DAYS)) for d in range(_DAYS + 1)
            }
            target.writelines(f"{days[time[:10]]}{time[10:]}\t{rest}" for time, rest in lines)
    once.unlink()


def measure(log: Path, workspace: Path) -> tuple[int, list[tuple[str, list[float], list[float]]]]:
    """Windows, and per sentence the milliseconds of each round: on the clock, and of the processor."""
    command = (
        "-m", "discover", "app", str(log), "--layout", "demo", "--workspace", str(workspace), "--no-browser",
    )  # fmt: skip
    server = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = next(
            found for line in server.stdout if (found := re.search(r"(http://\S+/)\?token=(\S+)", line))
        )
        ask = _asker(address[1], address[2])
        home = _opened(ask)
        for sentence in SENTENCES:
            answer = _search(ask, home, sentence)
        measured = {sentence: ([], []) for sentence in SENTENCES}
        for _ in range(ROUNDS):
            for sentence, (clock, used) in measured.items():
                before, begun = _processor_s(server.pid), time.perf_counter()
                _search(ask, home, sentence)
                clock.append(1000 * (time.perf_counter() - begun))
                used.append(1000 * (_processor_s(server.pid) - before))
    finally:
        server.terminate()
        server.wait()
    return answer["windows"], [(sentence, *times) for sentence, times in measured.items()]


def _asker(base: str, token: str) -> Ask:
    def ask(path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token}",
                "X-Discover": "1",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return ask


def _opened(ask: Ask) -> str:
    while True:
        try:
            (home,) = ask("api/app", None)["homes"]
        except urllib.error.URLError:
            # The address is told before the server listens.
            time.sleep(0.2)
            continue
        if home["state"] == "ready":
            return str(home["id"])
        if home["state"] == "failed":
            sys.exit(home["error"])
        time.sleep(1)


def _search(ask: Ask, home: str, sentence: str) -> Any:
    return ask(f"api/homes/{home}/search", {"query": sentence, "k": 10})


def _processor_s(process: int) -> float:
    """Seconds a process has used, with its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _share(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(100 * share) - 1]


def main() -> None:
    """Print a table of milliseconds."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--workspace", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.workspace or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"log_{arguments.repeats}.txt"
        if not log.exists():
            write_repeated(log, arguments.repeats)
        windows, measured = measure(log, folder / "made")
    clock = [ms for _, times, _ in measured for ms in times]
    used = [ms for _, _, times in measured for ms in times]
    print(f"{windows:,} windows, {len(SENTENCES)} sentences, each asked {ROUNDS} times.\n")
    rows = [("all, median", statistics.median(clock), statistics.median(used))]
    rows += [("all, 95th percentile", _share(clock, 0.95), _share(used, 0.95))]
    rows += [(s, statistics.median(times), statistics.mean(ticks)) for s, times, ticks in measured]
    told = [(name, f"{on_clock:.0f}", f"{of_processor:.0f}") for name, on_clock, of_processor in rows]
    print(markdown_table(("sentence", "ms on the clock", "ms of processor time"), told))
    print("\nThe processor's time is counted in steps of 10 ms; that of a sentence is a mean.")


if __name__ == "__main__":
    main()
