"""A raw log opened without training, process start included: seconds until the first answer, and the second.

    python -m benchmarks first_answer

A simulated log of about 100,000 events. Nothing was made of it before; the aim is 60 s on two cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, markdown_table
from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated

QUESTION = "someone opens the fridge at night"
DAYS = 28


def seconds_of(*command: str) -> tuple[float, float]:
    """Seconds of a process and its children from start to end: on the clock, and of processor time."""
    before, begin = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begin, used


def main() -> None:
    """Print a table of seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        log = folder / "log.txt"
        events = write_simulated(log, load_home("demo"), SimulatorConfig(days=DAYS, seed=7)).events
        common = (str(log), "--layout", "demo", "--workspace")
        search = ("-m", "discover", "search", *common)
        opened = ("-m", "discover", "open", *common)
        steps = [
            ("search, nothing made before", (*search, str(folder / "a"), QUESTION)),
            ("search, again", (*search, str(folder / "a"), QUESTION)),
            ("open, after the search", (*opened, str(folder / "a"), "-o", str(folder / "p"))),
            (
                "open with its page, nothing made before",
                (*opened, str(folder / "b"), "-o", str(folder / "q")),
            ),
            (
                "recognise, after open",
                ("-m", "discover", "recognise", *common, str(folder / "b"), "-o", str(folder / "r")),
            ),
        ]
        rows = []
        for name, command in steps:
            clock, used = seconds_of(*command)
            rows.append((name, f"{clock:.1f}", f"{used:.1f}"))
    print(f"A simulated log of {events:,} events on {DAYS} days, home `demo`.\n")
    print(markdown_table(("command", "seconds", "of processor time"), rows))


if __name__ == "__main__":
    main()
