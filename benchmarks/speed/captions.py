"""Captions: windows per second of each style, 4 captions each, and how often captions repeat.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 taskset -c 0 python -m benchmarks.speed.captions
    ... --log LOG --home bosch_b2     a real log instead of the simulated demo home

The other side of the ratio is a Python loop over the same windows that counts the rooms of each and
writes one sentence: the least that a per-window implementation does.
"""

import argparse
import statistics
from collections import Counter
from pathlib import Path

import polars as pl

from benchmarks.harness import machine_facts, markdown_table, peak_rss_gb, time_pairs
from discover.captions import CAPTIONERS, CaptionConfig, caption_windows
from discover.core.day_parts import DAY_PARTS
from discover.core.window_set import EventLog, WindowSet
from discover.homes import import_log, load_home
from discover.sampling import SamplingConfig, sample_windows
from discover.simulator import SimulatorConfig, simulate_log


def read_log(log: Path | None, home: str, days: int) -> EventLog:
    """The log given, or a simulated one."""
    if log is not None:
        return import_log(log, home=load_home(home)).log
    simulated = simulate_log(load_home(home), SimulatorConfig(days=days, seed=0))
    return EventLog(simulated.home, simulated.events, simulated.annotations)


def python_loop(window_set: WindowSet) -> list[str]:
    """One sentence per window, written the obvious way."""
    room_of = {s.id: s.room.replace("_", " ") for s in window_set.home.sensors}
    rooms = [room_of[s] for s in window_set.events["sensor"].to_list()]
    sentences = []
    for first, n, start in window_set.windows.select("first_event", "n_events", "start").iter_rows():
        busiest = Counter(rooms[first : first + n]).most_common(2)
        part = next(p for p in DAY_PARTS if p.begin_hour <= start.hour < p.end_hour)
        names = " and the ".join(room for room, _ in busiest)
        sentences.append(f"Someone is in the {names} {part.words}.")
    return sentences


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--log", type=Path)
    parser.add_argument("--home", default="demo")
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--captions", type=int, default=4)
    arguments = parser.parse_args()
    log = read_log(arguments.log, arguments.home, arguments.days)
    sampled = sample_windows(log, SamplingConfig(type="fixed_duration", duration_s=60))
    window_set = WindowSet.of(log.home, log.events, sampled.windows)
    n = len(window_set.windows)
    rows = []
    for style in CAPTIONERS:
        config = CaptionConfig(style=style, n_captions=arguments.captions)
        timing = time_pairs(
            lambda config=config: caption_windows(window_set, config), lambda: python_loop(window_set)
        )
        table = caption_windows(window_set, config)
        distinct = table["caption"].n_unique()
        words = table.select(pl.col("caption").str.count_matches(" ").mean() + 1).item()
        rate = n / statistics.median(timing.a_s)
        rows.append((style, rate, timing.describe(), len(table), distinct, 1 - distinct / len(table), words))
    for key, value in machine_facts().items():
        print(f"- {key}: {value}")
    print(f"- windows: {n:,} of home {arguments.home}, FD_60, {arguments.captions} captions each")
    print(f"- peak memory: {peak_rss_gb():.2f} GB\n")
    columns = ["style", "windows/s", "time / Python loop of one sentence", "captions", "distinct", "repeats"]
    print(markdown_table([*columns, "words"], rows))


if __name__ == "__main__":
    main()
