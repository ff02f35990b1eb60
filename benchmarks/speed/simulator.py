"""How fast the simulator writes a log, and how much memory it takes, as the number of days grows.

    python -m benchmarks.speed.simulator [--home demo] [--days 68] [--scales 1 10 100]

Each size runs in a process of its own, so that its peak memory is its own; "start" is the peak of the same
process before the first day (interpreter and libraries). 68 days of the demo home are about 250,000
events, as many as bosch_b2 has; 100 times that are 25 million. Threads as in the environment
(OMP_NUM_THREADS, POLARS_MAX_THREADS).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import markdown_table, peak_rss_gb

__all__ = ["measure", "run"]


def measure(home: str, days: int, *, compressed: bool) -> dict[str, float]:
    """Write one log in this process: events, seconds, peak GB before and after, file size."""
    from discover.homes import load_home
    from discover.simulator import SimulatorConfig, write_simulated

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("log.txt.gz" if compressed else "log.txt")
        write_simulated(path, load_home(home), SimulatorConfig(days=2))
        before_gb = peak_rss_gb()
        started = time.perf_counter()
        summary = write_simulated(path, load_home(home), SimulatorConfig(days=days))
        seconds = time.perf_counter() - started
        return {
            "days": days,
            "events": summary.events,
            "seconds": seconds,
            "start_gb": before_gb,
            "peak_gb": peak_rss_gb(),
            "file_mb": path.stat().st_size / 1e6,
        }


def run(home: str = "demo", *, days: int = 68, scales: Sequence[int] = (1, 10, 100)) -> dict[str, Any]:
    """Measure every scale, plain and compressed; print a Markdown table and return its figures."""
    figures: dict[str, Any] = {"home": home}
    rows = []
    for compressed in (False, True):
        for scale in scales:
            found = _in_own_process(home, days * scale, compressed=compressed)
            form = "text.gz" if compressed else "text"
            figures[f"{form} {scale}x"] = found
            rate = found["events"] / found["seconds"]
            rows.append(
                (
                    f"{scale}x, {form}",
                    f"{int(found['days']):,}",
                    f"{int(found['events']):,}",
                    f"{found['seconds']:.1f}",
                    f"{rate / 1e3:,.0f} k",
                    f"{found['start_gb']:.2f}",
                    f"{found['peak_gb']:.2f}",
                    f"{found['file_mb']:,.0f}",
                )
            )
    print(f"Simulator, home {home}\n")
    columns = ("scale", "days", "events", "s", "events/s", "start, GB", "peak, GB", "file, MB")
    print(markdown_table(columns, rows))
    return figures


def _in_own_process(home: str, days: int, *, compressed: bool) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.simulator", "--home", home, "--one", str(days)]
    command += ["--compressed"] if compressed else []
    root = Path(__file__).resolve().parents[2]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    found: dict[str, float] = json.loads(output)
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", default="demo")
    parser.add_argument("--days", type=int, default=68)
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--one", type=int, help="measure this many days in this process, print JSON")
    parser.add_argument("--compressed", action="store_true")
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(measure(chosen.home, chosen.one, compressed=chosen.compressed)))
    else:
        run(chosen.home, days=chosen.days, scales=chosen.scales)


if __name__ == "__main__":
    main()
