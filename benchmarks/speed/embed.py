"""Windows read by the shipped network: profiles from events and the three networks, by threads and library.

    python -m benchmarks embed -- --days 14 --threads 1 2

A simulated home; every row is a process of its own. Windows per second need a machine at rest; processor time
per window holds beside other work too. The words of rooms and objects, a few per home, are encoded before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, machine_facts, markdown_table
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes import load_home
from discover.pretraining.any_home import AnyHome
from discover.pretraining.profiles import TEXT_WIDTH, window_profiles
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig
from discover.simulator import SimulatorConfig, simulate_log

RUNS = 5


def simulated(days: int) -> WindowSet:
    """60 s windows of the demo home."""
    home = load_home("demo")
    events = simulate_log(home, SimulatorConfig(days=days, seed=5)).events
    sampled = sample_windows(EventLog(home, events, empty_table(ANNOTATIONS)), SamplingConfig())
    return WindowSet.of(home, events if sampled.events is None else sampled.events, sampled.windows)


@cache
def _words(text: str) -> NDArray[np.float32]:
    return np.random.default_rng(list(text.encode())).standard_normal(TEXT_WIDTH).astype(np.float32)


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Any vector for a text: which one does not change the time."""
    return np.stack([_words(text) for text in texts])


def measured(library: str, days: int) -> dict[str, Any]:
    """Seconds of wall clock and processor per run in this process, after one to warm up."""
    windows = simulated(days)
    with patch("discover.pretraining.any_home.runtime", lambda: library):
        network = AnyHome.load()
    log = next(iter(windows.logs.values()))
    works: dict[str, Callable[[], object]] = {
        "whole": lambda: network.embed(windows, encode),
        "profiles": lambda: window_profiles(log.home, log.events, windows.windows),
    }
    found: dict[str, Any] = {"windows": len(windows.windows)}
    for name, work in works.items():
        work()
        for _ in range(RUNS):
            wall, processor = time.perf_counter(), time.process_time()
            work()
            found.setdefault(name, []).append(time.perf_counter() - wall)
            found.setdefault(f"{name}_cpu", []).append(time.process_time() - processor)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(measured(arguments.inside, arguments.days)))
        return
    rows, windows = [], 0
    for library in ("torch", "onnxruntime"):
        for threads in arguments.threads:
            command = [sys.executable, "-m", "benchmarks.speed.embed", "--inside", library]
            done = subprocess.run(
                [*command, "--days", str(arguments.days)],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                stdout=subprocess.PIPE,
                check=True,
            )
            told = json.loads(done.stdout)
            windows = told["windows"]
            rates = [windows / seconds for seconds in told["whole"]]
            micro = [1e6 * statistics.median(told[name]) / windows for name in ("whole_cpu", "profiles_cpu")]
            spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
            rows.append((library, threads, spread, *(f"{m:.0f}" for m in micro), f"{1e6 / micro[0]:,.0f}"))
    for key, value in machine_facts().items():
        print(f"- {key}: {value}")
    print(f"- {windows:,} windows of 60 s; median of {RUNS} runs, range in brackets\n")
    columns = ["library", "threads", "windows/s", "CPU µs per window", "of these profiles"]
    print(markdown_table([*columns, "windows per CPU second"], rows))


if __name__ == "__main__":
    main()
