"""How fast random homes are made, with dwelling, people, log and truth, per kit and for the usual mix.

    python -m benchmarks.speed.random_homes [--homes 24] [--days 14]

Events per second of one core's processor time, so that other work on the machine does not count. Homes do not
depend on each other: n processes make n times as many.
"""

import argparse
import time

from benchmarks.harness import markdown_table
from discover.simulator import KITS, RandomLifeConfig, simulate_random

__all__ = ["measure", "run"]


def measure(kit: str | None, homes: int, days: int) -> tuple[int, float]:
    """Events of some homes and the processor seconds they took."""
    started = time.process_time()
    lives = [simulate_random(RandomLifeConfig(seed=s, kit=kit, days=days)) for s in range(homes)]
    return sum(len(life.events) for life in lives), time.process_time() - started


def run(homes: int = 24, days: int = 14) -> None:
    """Measure every kit and the mix, and print a Markdown table."""
    measure(None, 2, days)
    rows = []
    for kit in (None, *KITS):
        events, seconds = measure(kit, homes, days)
        per_home = f"{events / homes:,.0f}"
        name = kit or "mix (kit drawn from the seed)"
        rows.append((name, per_home, f"{1000 * seconds / homes:.0f}", f"{events / seconds / 1e3:,.0f} k"))
    print(f"Random homes, {homes} of {days} days each\n")
    print(markdown_table(("kit", "events a home", "ms a home", "events/s of one core"), rows))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--homes", type=int, default=24)
    parser.add_argument("--days", type=int, default=14)
    chosen = parser.parse_args()
    run(chosen.homes, chosen.days)


if __name__ == "__main__":
    main()
