"""Planted changes found, and false alarms counted, on the simulator.

    python -m benchmarks.quality.changes

Each run simulates 56 days of the demo home (112 in one case); its second half is compared with its first.
Clusters are k-means on bags of sensors, fitted on both halves, so that neither is favoured. Some runs carry
one change from the middle on, 50 runs with other seeds carry none. The same days are also compared week by
week with the four weeks before (rolling). Nothing reads the simulator's annotations.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from scipy.stats import beta
from sklearn.cluster import KMeans

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from discover.changes import (
    Change,
    ChangeConfig,
    Period,
    RollingConfig,
    build_grid,
    compare_periods,
    compare_rolling,
    marks_of_company,
    marks_of_lists,
    marks_of_objects,
    marks_of_windows,
)
from discover.core.event_semantics import person_mask
from discover.core.window_set import EventLog, WindowSet
from discover.evaluation.features import bag_of_sensors
from discover.homes import load_home
from discover.retrieval.window_facts import build_window_facts
from discover.sampling import SamplingConfig, sample_windows
from discover.simulator import PlannedChange, SimulatorConfig, simulate_log

_DAYS, _CLUSTERS = 56, 12
_VIEWS = ("cluster", "room", "object", "company", "rolling room", "rolling company")
# Without overlap, so that training days have no more windows than the others.
SAMPLING = SamplingConfig(type="fixed_duration", duration_s=60, overlap_train=0.0, min_events=2)
_LEVEL = ChangeConfig().fdr

# (change, amount, days in all, must be found).
_CASES = (
    ("sleep_later", 1.5, 56, True),
    ("fewer_meals", 0.5, 56, True),
    ("new_visitor", 3.0, 56, True),
    ("new_visitor", 7.0, 112, True),
)

# What must be among the reported changes: (name of the thing contains, measures, direction). Cluster
# names here are the rooms and objects that stand out in the cluster.
_WANTED: Mapping[str, Sequence[tuple[str, tuple[str, ...], str]]] = {
    "sleep_later": (("any activity", ("begins", "ends"), "later"),),
    "fewer_meals": (("kitchen", ("time", "episodes"), "less"), ("stove", ("time", "episodes"), "less")),
    "new_visitor": (
        ("entrance", ("time", "episodes"), "more"),
        ("front door", ("time", "episodes"), "more"),
        ("outer door", ("times", "times, late morning", "times, afternoon"), "more"),
        ("two seats", ("times", "times, late morning", "times, afternoon"), "more"),
    ),
}


@dataclass(frozen=True)
class Report:
    """What one view reports of one run, and how many measures it tested.

    Of a rolling view `found` are all reported changes, `first` those of the week right after the middle.
    """

    found: tuple[Change, ...]
    first: tuple[Change, ...]
    tested: int


def compare_run(
    seed: int, kind: str | None, amount: float | None = None, days: int = _DAYS
) -> dict[str, Report]:
    """One simulation, its second half compared with its first, in every view; rolling ones: every week."""
    home = load_home("demo")
    changes = () if kind is None else (PlannedChange(kind=kind, from_day=days // 2, amount=amount),)  # type: ignore[arg-type]
    simulated = simulate_log(home, SimulatorConfig(days=days, seed=seed, changes=changes))
    log = EventLog(home, simulated.events, simulated.annotations)
    sampled = sample_windows(log, SAMPLING)
    window_set = WindowSet.of(home, simulated.events, sampled.windows)
    facts = build_window_facts(window_set).with_columns(row=pl.int_range(pl.len())).sort("start")
    bags = bag_of_sensors(window_set, sampled.windows)[facts["row"].to_numpy()]
    labels = KMeans(_CLUSTERS, n_init=2, random_state=0).fit_predict(bags)
    names = cluster_names(facts, labels)
    present = pl.Series(person_mask(simulated.events, home))
    marks = {
        "cluster": marks_of_windows(facts, pl.Series([names[c] for c in labels])),
        "room": marks_of_lists(facts, "rooms"),
        "object": marks_of_objects(simulated.events, home, present),
        "company": marks_of_company(simulated.events, home, present),
    }
    first = simulated.events["time"][0].date()
    half, day = first + timedelta(days // 2), timedelta(1)
    early, late = Period(first, half - day), Period(half, first + timedelta(days - 1))
    config = ChangeConfig()
    times = simulated.events["time"]
    reports = {}
    for view, m in marks.items():
        grid = build_grid(m, times, config, moments=view == "company")
        compared = compare_periods(grid, early, late, config)
        reports[view] = Report(compared.found, compared.found, len(compared.changes))
        if view in ("room", "company"):
            rolled = compare_rolling(grid, RollingConfig(), config.model_copy(update={"min_days": 6}))
            at_once = tuple(c for w, c in rolled.found if w.period.first == half)
            reports[f"rolling {view}"] = Report(tuple(c for _, c in rolled.found), at_once, rolled.n_measures)
    return reports


def cluster_names(facts: pl.DataFrame, labels: np.ndarray) -> list[str]:
    """Number, rooms and objects of at least half of the cluster's windows."""
    names = []
    for cluster in range(_CLUSTERS):
        inside = facts.filter(pl.Series(labels == cluster))
        things = [
            thing
            for column in ("rooms", "objects")
            for thing, n in inside.select(pl.col(column).list.unique()).explode(column).drop_nulls()
            .group_by(column).len().sort(column).iter_rows()
            if n >= 0.5 * len(inside)
        ]  # fmt: skip
        names.append(f"{cluster}: {', '.join(things) or 'mixed'}")
    return names


def right_finds(kind: str, report: Report) -> list[str]:
    """Reported changes that say what was planted, in words."""
    return [
        f"{c.thing} {c.measure} {c.direction} ({c.baseline:.2f} → {c.period:.2f}, q = {c.q_value:.4f})"
        for c in report.first
        for thing, measures, direction in _WANTED[kind]
        if thing in c.thing and c.measure in measures and c.direction == direction
    ]


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper and Pearson 1934)."""
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return low, high


def planted(seeds: Sequence[int]) -> tuple[str, bool]:
    """Table of the planted changes, and whether those that must be found were, in every run."""
    rows, fine = [], True
    for kind, amount, days, must in _CASES:
        runs = {seed: compare_run(seed, kind, amount, days) for seed in seeds}
        name = f"{kind} {amount:g}, {days // 2} days each"
        for view in _VIEWS:
            finds = [right_finds(kind, run[view]) for run in runs.values()]
            example = next((f[0] for f in finds if f), "–")
            total = sum(len(run[view].found) for run in runs.values()) / len(runs)
            rows.append([name, view, f"{sum(map(bool, finds))} of {len(runs)}", f"{total:.1f}", example])
        either = sum(any(right_finds(kind, run[v]) for v in _VIEWS) for run in runs.values())
        rows.append([name, "any of them", f"{either} of {len(runs)}", "", ""])
        fine &= either == len(runs) or not must
    columns = ["planted", "by", "found, right direction", "changes reported per run", "for example"]
    return markdown_table(columns, rows), fine


def unchanged(seeds: Sequence[int]) -> tuple[str, bool]:
    """Table of false alarms in runs without a change."""
    alarms: dict[str, list[str]] = {view: [] for view in _VIEWS}
    tests = dict.fromkeys(_VIEWS, 0)
    for seed in seeds:
        for view, report in compare_run(seed, None).items():
            tests[view] += report.tested
            if report.found:
                c = report.found[0]
                alarms[view].append(f"seed {seed}: {c.thing} {c.measure} {c.direction}")
                sys.stderr.write(alarms[view][-1] + f" q={c.q_value}\n")
    rows, fine = [], True
    alarmed: set[int] = set()
    for view in _VIEWS:
        k, n = len(alarms[view]), len(seeds)
        alarmed |= {int(a.split(":")[0].removeprefix("seed ")) for a in alarms[view]}
        low, high = clopper_pearson(k, n)
        fine &= low <= _LEVEL
        rows.append([
            view, f"{k} of {n}", f"{k / n:.3f} [{low:.3f}, {high:.3f}]", f"{tests[view] / n:.0f}",
            "; ".join(alarms[view]) or "–",
        ])  # fmt: skip
    low, high = clopper_pearson(len(alarmed), len(seeds))
    rate = f"{len(alarmed) / len(seeds):.3f} [{low:.3f}, {high:.3f}]"
    rows.append(["any of them", f"{len(alarmed)} of {len(seeds)}", rate, "", ""])
    columns = ["by", "runs with an alarm", "rate, 95 % interval", "measures tested per run", "alarms"]
    return markdown_table(columns, rows), fine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both parts and write benchmarks/results/changes.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--unchanged", type=int, default=50, help="Runs without a change.")
    parser.add_argument("--planted", type=int, default=5, help="Runs per kind of change.")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    found, all_found = planted(range(9000, 9000 + options.planted))
    false, level_kept = unchanged(range(9100, 9100 + options.unchanged))
    body = (
        f"{_DAYS} simulated days of the demo home, {_DAYS // 2} against {_DAYS // 2}, where the table says "
        f"nothing else; amounts as listed. Level: false discovery rate {_LEVEL:g} per comparison, "
        f"which without "
        f"any change is the chance of at least one alarm. {time.perf_counter() - started:.0f} s in all.\n\n"
        f"## Planted changes\n\n{found}\n\n"
        "All cases found in every run by at least one view: "
        f"{_yes(all_found)}. A rolling view compares each week with the 28 days before it, and counts as "
        "found what it reports of the first week with the change. The view by company was chosen on seeds "
        "3000 to 3011; the runs here use seeds from 9000 on.\n\n"
        f"## No change\n\n{false}\n\n"
        f"No rate is shown to exceed the level of {_LEVEL:g} per comparison (lower end of every interval at "
        f"most the level): {_yes(level_kept)}. With 50 runs this cannot tell 0.05 from about 0.10. The last "
        f"row counts runs with an alarm in any of the {len(_VIEWS)} comparisons, which together "
        f"have no stated "
        "level."
    )
    path = write_result("changes", "python -m benchmarks.quality.changes", body)
    sys.stdout.write(f"{body}\n\nwrote {path}\n")
    return 0 if all_found and level_kept else 1


def _yes(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    sys.exit(main())
