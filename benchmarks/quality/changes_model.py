"""Planted changes seen through the clusters of a trained model.

    python -m benchmarks.quality.changes_model trained_models/demo/demo

The model is one of the demo home (`train.py --config configs/pipelines/demo.yaml --run-full-pipeline` makes
one). Each run simulates other people in the same home, embeds their windows with the model, clusters the
embeddings of all windows by k-means (as `discover cluster --on sensor --method kmeans` does without merging),
and compares the second half with the first. Nothing reads the simulator's annotations.
"""

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl
from sklearn.cluster import KMeans

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.changes import SAMPLING, Report, cluster_names, right_finds
from discover.alignment import LoadedModel, load_model
from discover.changes import ChangeConfig, Period, build_grid, compare_periods, marks_of_windows
from discover.core.window_set import EventLog, WindowSet
from discover.homes import load_home
from discover.retrieval.window_facts import build_window_facts
from discover.sampling import sample_windows
from discover.serving.cluster_inputs import window_vectors
from discover.simulator import PlannedChange, SimulatorConfig, simulate_log

_CLUSTERS = 12
_CASES: tuple[tuple[str | None, float], ...] = (
    ("sleep_later", 1.5), ("fewer_meals", 0.5), ("new_visitor", 3.0), (None, 0.0)
)  # fmt: skip


def compare_run(model: LoadedModel, seed: int, kind: str | None, amount: float, days: int) -> Report:
    """One simulation, its second half compared with its first by the clusters of the model's embeddings."""
    home = load_home("demo")
    changes = () if kind is None else (PlannedChange(kind=kind, from_day=days // 2, amount=amount),)  # type: ignore[arg-type]
    simulated = simulate_log(home, SimulatorConfig(days=days, seed=seed, changes=changes))
    sampled = sample_windows(EventLog(home, simulated.events, simulated.annotations), SAMPLING)
    window_set = WindowSet.of(home, simulated.events, sampled.windows)
    facts = build_window_facts(window_set).with_columns(row=pl.int_range(pl.len())).sort("start")
    vectors = window_vectors(model, window_set, "sensor")[facts["row"].to_numpy()]
    labels = KMeans(_CLUSTERS, n_init=2, random_state=0).fit_predict(vectors)
    names = cluster_names(facts, labels)
    marks = marks_of_windows(facts, pl.Series([names[c] for c in labels]))
    first = simulated.events["time"][0].date()
    half, day = first + timedelta(days // 2), timedelta(1)
    config = ChangeConfig()
    compared = compare_periods(
        build_grid(marks, simulated.events["time"], config),
        Period(first, half - day),
        Period(half, first + timedelta(days - 1)),
        config,
    )
    return Report(compared.found, compared.found, len(compared.changes))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all cases and write benchmarks/results/changes_model.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("model", type=Path, help="Folder of a trained model of the demo home.")
    parser.add_argument("--runs", type=int, default=2, help="Runs per case.")
    parser.add_argument("--days", type=int, default=56, help="Simulated days of a run.")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    model = load_model(options.model)
    rows = []
    for kind, amount in _CASES:
        runs = [compare_run(model, 9400 + i, kind, amount, options.days) for i in range(options.runs)]
        finds = [right_finds(kind, run) if kind else [] for run in runs]
        found = f"{sum(map(bool, finds))} of {len(runs)}" if kind else "–"
        alarms = sum(bool(run.found) for run in runs)
        example = next((f[0] for f in finds if f), "–")
        reported = f"{sum(len(run.found) for run in runs) / len(runs):.1f} (in {alarms} of {len(runs)} runs)"
        rows.append([f"{kind} {amount:g}" if kind else "nothing", found, reported, example])
    columns = ["planted", "found, right direction", "changes reported per run", "for example"]
    body = (
        f"{options.days} simulated days, half against half; {_CLUSTERS} clusters of the trained demo model's "
        f"window embeddings; seeds from 9400 on, other people than the model was trained on. "
        f"{time.perf_counter() - started:.0f} s in all.\n\n{markdown_table(columns, rows)}"
    )
    path = write_result(
        "changes_model", "python -m benchmarks.quality.changes_model trained_models/demo/demo", body
    )
    sys.stdout.write(f"{body}\n\nwrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
