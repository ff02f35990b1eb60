"""Whether training further with real logs that nobody annotated helps on homes that no training saw.

    python -m benchmarks.quality.real_logs --folder FOLDER --workspace FOLDER [--only NAME ...]

FOLDER holds a training of `benchmarks.pretrain`. It goes on for some steps: with simulated homes alone, or
with windows of real logs beside them. `others`: half of the data sets, those without the scored home, and
logs that no score is made of. `all`: all logs, that of the scored home too. `simulated`: logs of simulated
homes in their place, the control for what captions teach by themselves. What is done is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness import BenchmarkParser, data_root, markdown_table, source_commit, write_result
from benchmarks.log_lessons import FURTHER, LogConfig, LogLessons, TrainingWithLogs, kept_log_lessons
from benchmarks.quality.any_home import HOMES, home_rows, score_home
from benchmarks.quality.any_home import ROWS as B2_ROWS
from benchmarks.quality.unseen_homes import SCORES, UnseenHome, home_scores, memoised, real_homes
from discover.core.artifacts import read_json, write_json
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog
from discover.homes.importing import import_log
from discover.homes.registry import load_home
from discover.pretraining.any_home import AnyHome
from discover.pretraining.lessons import Lessons, join_lessons, load_lessons
from discover.pretraining.recipe import Recipe, guessed_home, save_trained, training_parts
from discover.simulator import RandomLifeConfig, simulate_random

LOGS = {
    **HOMES,
    "kyoto_adlerror": "casas/kyoto_adlerror/participants.tar.gz",
    "tm000": "casas/tm000_unlabelled/tm000.multiday_absence.txt.gz",
    "homeassist_1": "homeassist/home1_2017/Home1_2017.csv.gz",
    **{f"sdhar_{day}": f"sdhar_home/ambient/DAY_{day}" for day in (22, 23, 36, 51)},
}
HALVES = (
    ("b2", "openshs", "ordonez_a", "ordonez_b"),
    ("kyoto_adlnormal", "kyoto_adlerror", "mit_1", "mit_2", "van_kasteren_a", "van_kasteren_b"),
)
"""Homes that are left out together: homes of one data set are alike. Logs in neither are always there."""
KINDS = {
    "captions by a projection, masked": LogConfig(captions=0.5, direct=False, masked=0.5),
    "captions, masked": LogConfig(captions=0.5, masked=0.5),
    "captions thrice": LogConfig(captions=1.5),
    "captions tenfold": LogConfig(),
    "answers": LogConfig(captions=0, taught=0.5),
}
"""What logs teach: own captions (weight .5, 1.5, 5), hidden sensors, network and captions together."""
CONTROL = "simulated homes alone"
SIMULATED = "captions tenfold; simulated"
TRAINED = (
    CONTROL,
    SIMULATED,
    *(f"{kind}; {logs}" for kind in KINDS for logs in ("half 0", "half 1", "all")),
)
SIMULATED_SEED, SIMULATED_HOMES = 9_700_000, 32
HOMES_OF_LESSONS = 60
ROWS = ("alone", "both")


class Bench:
    """Trains, scores, and keeps both.

    Args:
        folder: Of a training of `benchmarks.pretrain`.
        workspace: Of this benchmark.
        steps: Of each further training.
    """

    def __init__(self, folder: Path, workspace: Path, steps: int) -> None:
        self._folder, self._workspace, self._steps = folder, workspace, steps
        self.encode_text = memoised()
        self.recipe = Recipe(**{k: read_json(folder / "recipe.json")[k] for k in ("seed", "homes")})

    def kept_path(self, name: str) -> Path:
        """Where the scores of a training are kept."""
        return self._workspace / "results" / f"{_file_name(name)}.json"

    def result(self, name: str) -> dict[str, Any]:
        """Scores per home of one training."""
        path = self.kept_path(name)
        if not path.is_file():
            network = AnyHome.load(self.weights(name))
            found = {home.name: home_scores(home, network, self.encode_text) for home in self._homes}
            path.parent.mkdir(exist_ok=True, parents=True)
            write_json(path, {"commit": source_commit(), "scores": found})
        return dict(read_json(path))

    def weights(self, name: str) -> Path:
        """The weights of one training; those before any of them by the name "before"."""
        if name == "before":
            return self._folder / "weights.safetensors"
        path = self._workspace / "weights" / f"{_file_name(name)}.safetensors"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True, parents=True)
            training = self._training(name)
            training.run()
            save_trained(training, path, self.recipe)
        return path

    def _training(self, name: str) -> TrainingWithLogs:
        kind, _, logs = name.partition("; ")
        parts = list(training_parts(self.recipe, self._folder, self._lessons, self.encode_text))
        parts[4] = replace(FURTHER, seed=self.recipe.seed + 1_000, steps=self._steps)
        training = TrainingWithLogs(
            *parts,
            logs=self._logs(logs),
            encode_text=self.encode_text,
            log_config=KINDS.get(kind),
        )
        training.go_on_from(torch.load(self._folder / "checkpoint.pt", weights_only=True)["weights"])
        return training

    def _logs(self, which: str) -> list[LogLessons]:
        folder = self._workspace / "logs"
        folder.mkdir(exist_ok=True, parents=True)

        def kept(name: str, read: Callable[[], EventLog], seed: int) -> LogLessons:
            return kept_log_lessons(folder, name, read, seed, self.encode_text)

        if which == "simulated":
            seeds = range(SIMULATED_SEED, SIMULATED_SEED + SIMULATED_HOMES)
            return [kept(f"sim_{seed}", lambda s=seed: simulated_log(s), seed) for seed in seeds]
        out = {"half 0": HALVES[0], "half 1": HALVES[1]}.get(which, ())
        wanted = [name for name in LOGS if which and name not in out]
        return [kept(name, lambda n=name: read_log(n), list(LOGS).index(name)) for name in wanted]

    @cached_property
    def _lessons(self) -> Lessons:
        files = sorted(self._folder.glob("lessons_*.npz"))[: HOMES_OF_LESSONS // 20]
        return join_lessons([load_lessons(file) for file in files])

    @cached_property
    def _homes(self) -> list[UnseenHome]:
        return real_homes(self._workspace / "real")


def _file_name(name: str) -> str:
    return name.replace(" ", "_").replace(";", "")


def simulated_log(seed: int) -> EventLog:
    """The log of a simulated home, described as its owner may have done."""
    life = simulate_random(RandomLifeConfig(seed=seed, faults=True, metadata="as_found"))
    return EventLog(guessed_home(life.home, life.events), life.events, empty_table(ANNOTATIONS))


def read_log(name: str) -> EventLog:
    """The log of a home with what is known of its sensors."""
    root = data_root()
    if root is None or not (root / LOGS[name]).exists():
        raise FileNotFoundError(f"There is no log of {name}. Set DISCOVER_DATA to the folder of the logs.")
    if name.startswith("sdhar"):
        return import_log(root / LOGS[name], time_zone="Europe/Madrid").log
    return import_log(root / LOGS[name], home=load_home("bosch_b2" if name == "b2" else name)).log


Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Scores by home, row and name."""


def rows_of(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Scores]:
    """Scores by title: both halves of a kind make one row, each home by the training without its half."""
    found = {name: results[name]["scores"] for name in ("before", CONTROL) if name in results}
    for kind in KINDS:
        halves = [results[n]["scores"] for i in (0, 1) if (n := f"{kind}; half {i}") in results]
        if len(halves) == 2:
            found[f"{kind}: others"] = {h: halves[h not in HALVES[0]][h] for h in halves[0]}
        for logs in ("all", "simulated"):
            if (name := f"{kind}; {logs}") in results:
                found[f"{kind}: {logs}"] = results[name]["scores"]
    return found


def means_table(rows: Mapping[str, Scores]) -> str:
    """Means over homes, and the homes that lose accuracy against the same steps without logs."""
    lines = []
    for title, scores in rows.items():
        cells = [f"{np.mean([one[r][k] for one in scores.values()]):.3f}" for r in ROWS for k in SCORES]
        lost = {
            h: one["both"]["accuracy"] - rows[CONTROL][h]["both"]["accuracy"] for h, one in scores.items()
        }
        worst = min(lost, key=lambda home: lost[home])
        losers = sum(x < -0.01 for x in lost.values())
        cells += [f"{losers} of {len(lost)}", f"{lost[worst]:+.3f} ({worst})"]
        lines.append((title, *(cells if title != CONTROL else [*cells[:-2], "–", "–"])))
    heads = [f"{r}: {'accuracy' if k == 'accuracy' else 'macro F1'}" for r in ROWS for k in SCORES]
    return markdown_table(("logs teach", *heads, "lose over a point (both)", "worst (both)"), lines)


def left_out(rows: Mapping[str, Scores], logs: str) -> list[tuple[str, str, float, float]]:
    """Per home what homes of other data sets would choose, and its change of accuracy and macro F1 (both).

    Args:
        rows: As `rows_of`.
        logs: "others" or "all".
    """
    titles = [CONTROL, *(f"{kind}: {logs}" for kind in KINDS if f"{kind}: {logs}" in rows)]
    found = []
    for home in rows[CONTROL]:
        judges = [h for h in rows[CONTROL] if h.split("_")[0] != home.split("_")[0]]
        worth = {t: np.mean([rows[t][h]["both"][k] for h in judges for k in SCORES]) for t in titles}
        best = max(titles, key=lambda title: worth[title])
        gains = [rows[best][home]["both"][k] - rows[CONTROL][home]["both"][k] for k in SCORES]
        found.append((home, best, *gains))
    return found


def homes_table(rows: Mapping[str, Scores]) -> str:
    """Accuracy and macro F1 beside captions, per home."""
    lines = [
        (
            title,
            *(f"{one['both']['accuracy']:.3f} / {one['both']['macro_f1']:.3f}" for one in scores.values()),
        )
        for title, scores in rows.items()
    ]
    return markdown_table(("logs teach", *rows[CONTROL]), lines)


def b2_table(bench: Bench, names: Sequence[str], workspace: Path) -> str:
    """Annotated windows of B2's test days, as `any_home` scores them."""
    missing = [name for name in names if not bench.kept_path(f"b2 {name}").is_file()]
    networks = [AnyHome.load(bench.weights(name)) for name in missing]
    wanted = [row for row in B2_ROWS if row[0] in ("network alone", "both")]
    for name, found in zip(missing, score_home("b2", networks, workspace) if missing else (), strict=True):
        write_json(bench.kept_path(f"b2 {name}"), home_rows("b2", [found], "annotated", wanted))
    rows = [(name, *row[1:6]) for name in names for row in read_json(bench.kept_path(f"b2 {name}"))]
    return markdown_table(("training", "row", "windows", "accuracy", "macro F1", "weighted F1"), rows)


def body(results: Mapping[str, Mapping[str, Any]], steps: int, homes: int, b2: str) -> str:
    """The page."""
    rows = rows_of(results)
    choices = [
        (home, logs, best, f"{accuracy:+.3f}", f"{macro:+.3f}")
        for logs in ("others", "all")
        for home, best, accuracy, macro in left_out(rows, logs)
    ]
    commits = ", ".join(sorted({str(found["commit"]) for found in results.values()}))
    missing = [name for name in TRAINED if name not in results]
    parts = [
        f"A training on {homes:,} simulated homes goes on for {steps} steps of {FURTHER.batch} simulated"
        f" windows of {HOMES_OF_LESSONS} homes, with {LogConfig().homes * LogConfig().per_home} windows of"
        " logs beside them or without: the same simulated windows in the same order. `both`: beside captions."
        " Label-free, all annotated minutes; settings are chosen on these homes. `others`: no log"
        f" of the home's half of the data sets ({'; '.join(', '.join(half) for half in HALVES)}). `all`: the"
        " home's own log too, without its annotations. `simulated`: logs of"
        f" {SIMULATED_HOMES} simulated homes in their place. One seed. Commits, before a rebase: {commits}."
        + (f" Not trained: {', '.join(missing)}." if missing else ""),
        "## Means over eight homes",
        means_table(rows),
        "## Beside captions, accuracy / macro F1",
        homes_table(rows),
        "## What the homes of other data sets would choose",
        "By accuracy and macro F1 beside captions; change against the same steps without logs.",
        markdown_table(("home", "logs", "chosen", "accuracy", "macro F1"), choices),
    ]
    return "\n\n".join(parts + (["## Bosch B2, test days", b2] if b2 else []))


def main() -> None:
    """Train what is missing; without --only, write benchmarks/results/real_logs.md."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--folder", type=Path, required=True, help="A training's folder, as seed_0.")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=FURTHER.steps)
    parser.add_argument(
        "--only", nargs="*", choices=("before", *TRAINED), help="Train these, write no table."
    )
    parser.add_argument("--kept", action="store_true", help="Train nothing.")
    parser.add_argument(
        "--b2", nargs="*", default=(), choices=("before", *TRAINED), help="Score these on B2."
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(arguments.folder, arguments.workspace, arguments.steps)
    results = {}
    for name in arguments.only or ("before", *TRAINED):
        if not arguments.kept or bench.kept_path(name).is_file():
            results[name] = bench.result(name)
            found = results[name]["scores"].values()
            means = [f"{r} {k} {np.mean([one[r][k] for one in found]):.3f}" for r in ROWS for k in SCORES]
            print(name, *means, flush=True)
    if arguments.only:
        return
    b2 = b2_table(bench, arguments.b2, arguments.workspace / "real") if arguments.b2 else ""
    command = f"python -m benchmarks.quality.real_logs --folder FOLDER{' --kept' if arguments.kept else ''}"
    print(
        f"Wrote {write_result('real_logs', command, body(results, arguments.steps, bench.recipe.homes, b2))}"
    )


if __name__ == "__main__":
    main()
