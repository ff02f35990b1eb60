"""How fast and in how much memory events become windows, at 1x, 10x and 100x the events.

    python -m benchmarks.speed.sampling [--events 250000 2500000 25000000] [--pairs 7] [--write]

Two sides in turn (docs/protocol.md, "Speed, memory, scale"). Side A cuts typed events into window
offsets; side B is one `numpy.diff` over the same time stamps, the cheapest pass that looks at every
event. Then `sample_windows` once: ids, tables, labels, vocabulary and statistics too. Every row is
measured in a process of its own, so that its peak memory is its own. Events are made by numpy: bursts
a few seconds apart with pauses between, about 2,800 a day, an annotation over 60 of every 200.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, peak_rss_gb, time_pairs, write_result
from discover.core.home import Home, Sensor
from discover.core.tables import ANNOTATIONS
from discover.core.window_set import EventLog
from discover.sampling import SamplingConfig, SplitConfig, sample_windows
from discover.sampling.blocks import open_recording
from discover.sampling.sample import cut_windows

__all__ = ["make_log", "measure"]

SENSORS = tuple(f"M{i:03d}" for i in range(1, 31))
CONFIGS = {
    "FD_60": SamplingConfig(),
    "FD_60, random days": SamplingConfig(split=SplitConfig(strategy="random", seed=1)),
    "FL_20": SamplingConfig(type="fixed_length", size=20),
    "VD_30_60_120": SamplingConfig(type="variable_duration", durations_s=(30, 60, 120)),
    "FD_60_p": SamplingConfig(presegmented=True),
}
COLUMNS = (
    "sampling",
    "events",
    "windows",
    "M events/s to offsets",
    "offsets / np.diff",
    "M events/s, whole step",
    "log GB",
    "peak GB, offsets",
    "peak GB, whole step",
)


def make_log(n_events: int, seed: int = 0) -> EventLog:
    """A made-up log of `n_events` events."""
    rng = np.random.default_rng(seed)
    gaps = np.where(rng.random(n_events) < 0.9, rng.exponential(4, n_events), rng.exponential(270, n_events))
    times = np.cumsum((gaps * 1e6).astype(np.int64)) + 1_262_304_000_000_000
    events = pl.DataFrame(
        {
            "time": pl.Series(times).cast(pl.Datetime("us")),
            "sensor": _enum(SENSORS, rng.integers(0, len(SENSORS), n_events, dtype=np.uint32)),
            "state": _enum(("OFF", "ON"), rng.integers(0, 2, n_events, dtype=np.uint32)),
            "value": pl.repeat(None, n_events, dtype=pl.Float64, eager=True),
            "resident": pl.repeat(None, n_events, dtype=pl.String, eager=True),
            "line": pl.Series(np.arange(1, n_events + 1, dtype=np.uint32)),
        }
    )
    first = np.arange(0, n_events - 60, 200)
    annotations = pl.DataFrame(
        {
            "activity": pl.Series(np.array(["a", "b", "c"])[np.arange(len(first)) % 3].tolist()),
            "raw_label": pl.repeat("a", len(first), dtype=pl.String, eager=True),
            "resident": pl.repeat(None, len(first), dtype=pl.String, eager=True),
            "first_event": first,
            "n_events": pl.repeat(60, len(first), dtype=pl.Int64, eager=True),
            "begin": events["time"].gather(first),
            "end": events["time"].gather(first + 59),
            "closed_by": pl.repeat("marker", len(first), dtype=pl.String, eager=True),
        }
    ).select(list(ANNOTATIONS))
    home = Home(name="made_up", sensors=tuple(Sensor(id=s, type="motion") for s in SENSORS))
    return EventLog(home, events, annotations)


def measure(name: str, n_events: int, pairs: int) -> dict[str, Any]:
    """One row, in this process; keys are `COLUMNS`."""
    config, log = CONFIGS[name], make_log(n_events)
    log_gb = peak_rss_gb()
    times = log.events["time"].to_physical().to_numpy()
    timing = time_pairs(
        lambda: cut_windows(open_recording(log.events, log.home, config), log.annotations, config),
        lambda: np.diff(times),
        pairs=pairs,
    )
    offsets_gb = peak_rss_gb()
    started = time.perf_counter()
    windows = len(sample_windows(log, config).windows)
    whole_s = time.perf_counter() - started
    rates = [n_events / s / 1e6 for s in timing.a_s]
    rate = f"{statistics.median(rates):.1f} ({min(rates):.1f}–{max(rates):.1f})"
    values = (
        name,
        n_events,
        windows,
        rate,
        timing.describe(),
        n_events / whole_s / 1e6,
        log_gb,
        offsets_gb,
        peak_rss_gb(),
    )
    return dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    """Measure every row in a child process; print the table, or write it to benchmarks/results."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[250_000, 2_500_000, 25_000_000])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--sampling", nargs="+", default=list(CONFIGS), choices=list(CONFIGS))
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/sampling_speed.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.sampling[0], options.events[0], options.pairs)))
        return
    rows = []
    for name in options.sampling:
        for n_events in options.events:
            arguments = [
                "--child",
                "--sampling",
                name,
                "--events",
                str(n_events),
                "--pairs",
                str(options.pairs),
            ]
            child = subprocess.run(
                [sys.executable, "-m", "benchmarks.speed.sampling", *arguments],
                stdout=subprocess.PIPE,
                check=True,
                cwd=ROOT,
            )
            rows.append(list(json.loads(child.stdout).values()))
            print(rows[-1], file=sys.stderr)
    table = markdown_table(COLUMNS, rows)
    print(table)
    if options.write:
        command = "python -m benchmarks.speed.sampling " + " ".join(sys.argv[1:])
        print(write_result("sampling_speed", command.strip(), table))


def _enum(values: tuple[str, ...], codes: np.ndarray) -> pl.Series:
    return pl.Series(values, dtype=pl.Enum(values)).gather(pl.Series(codes))


if __name__ == "__main__":
    main()
