"""Whether training further with real logs that nobody annotated helps on homes that no training saw.

    python -m benchmarks.quality.real_logs --folder FOLDER --workspace FOLDER [--only NAME ...]

FOLDER holds a training of `benchmarks.pretrain`. It goes on for some steps: with simulated homes alone, or
with windows of real logs beside them. `others`: the logs of half of the data sets, those of the scored home's half
are left out. `all`: all logs, that of the scored home among them. What is done is kept in the workspace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, data_root, source_commit
from benchmarks.log_lessons import LogConfig, TrainingWithLogs, kept_log_lessons
from benchmarks.quality.any_home import HOMES
from benchmarks.quality.unseen_homes import UnseenHome, memoised, real_homes
from discover.core.artifacts import read_json, write_json
from discover.core.embeddings import EncodeText
from discover.core.window_set import EventLog
from discover.homes.importing import import_log
from discover.homes.registry import load_home
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import NETWORK_WEIGHT, AnyHome
from discover.pretraining.lessons import Lessons, join_lessons, load_lessons
from discover.pretraining.profiles import TEXT_WIDTH
from discover.pretraining.recipe import Recipe, save_trained, training_parts
from discover.pretraining.training import TrainingConfig
from discover.recognition import prompt_scores

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
    "captions, masked": LogConfig(),
    "answers": LogConfig(captions=0, masked=0, taught=0.5),
    "captions straight, masked": LogConfig(direct=True),
    "masked": LogConfig(captions=0),
}
"""What logs teach."""
CONTROL = "simulated homes alone"
TRAINED = (CONTROL, *(f"{kind}; {logs}" for kind in KINDS for logs in ("half 0", "half 1", "all")))
STEPS, BATCH, HOMES_OF_LESSONS = 250, 48, 60
ROWS, SCORES = ("alone", "both"), ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Inputs:
    """A home to score, and what a network is given of it, so that many networks read what is made once."""

    home: UnseenHome
    batches: list[Mapping[str, NDArray[Any]]]

    @classmethod
    def of(cls, home: UnseenHome, encode_text: EncodeText) -> "Inputs":
        """What the network would be given."""
        batches: list[Mapping[str, NDArray[Any]]] = []

        def note(inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
            batches.append(inputs)
            return np.zeros((len(inputs["scenes"]), TEXT_WIDTH), dtype=np.float32)

        AnyHome(note, np.zeros((1, TEXT_WIDTH), dtype=np.float32), "", {}).embed(home.windows, encode_text)
        return cls(home, batches)

    def scores(self, network: AnyHome) -> dict[str, dict[str, float]]:
        """Accuracy and macro F1 of captions, of the network, of both."""
        home = self.home
        vectors = np.concatenate([network.network(batch) for batch in self.batches])
        alone = prompt_scores(vectors, network.project_text(home.sentences), home.prompts.owners)
        both = (home.text + NETWORK_WEIGHT * alone) / (1 + NETWORK_WEIGHT)
        names = np.array(home.prompts.labels)
        rows = {"text only": home.text, "alone": alone, "both": both}
        found = {
            row: classification_scores(names[home.truth], names[scores.argmax(axis=1)]).scores
            for row, scores in rows.items()
        }
        return {row: {key: float(scores[key]) for key in SCORES} for row, scores in found.items()}


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
        self._recipe = Recipe(**{k: read_json(folder / "recipe.json")[k] for k in ("seed", "homes")})

    def result(self, name: str) -> dict[str, Any]:
        """Scores per home of one training."""
        path = self._workspace / "results" / f"{name.replace(' ', '_').replace(';', '')}.json"
        if not path.is_file():
            network = AnyHome.load(self.weights(name))
            found = {one.home.name: one.scores(network) for one in self._homes}
            path.parent.mkdir(exist_ok=True, parents=True)
            write_json(path, {"commit": source_commit(), "scores": found})
        return dict(read_json(path))

    def weights(self, name: str) -> Path:
        """The weights of one training; those before any of them by the name "before"."""
        if name == "before":
            return self._folder / "weights.safetensors"
        path = self._workspace / "weights" / f"{name.replace(' ', '_').replace(';', '')}.safetensors"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True, parents=True)
            training = self._training(name)
            training.run()
            save_trained(training, path, self._recipe)
        return path

    def _training(self, name: str) -> TrainingWithLogs:
        kind, _, logs = name.partition("; ")
        out = {"half 0": HALVES[0], "half 1": HALVES[1]}.get(logs, ())
        parts = list(training_parts(self._recipe, self._folder, self._lessons, self.encode_text))
        parts[4] = TrainingConfig(
            seed=self._recipe.seed + 1_000, steps=self._steps, batch=BATCH, sets=1, learning_rate=4e-4,
            warmup=20, cooling=0.9,
        )  # fmt: skip
        training = TrainingWithLogs(
            *parts,
            logs=[self._log(n) for n in LOGS if n not in out] if logs else [],
            encode_text=self.encode_text,
            log_config=KINDS.get(kind),
        )
        training.go_on_from(torch.load(self._folder / "checkpoint.pt", weights_only=True)["weights"])
        return training

    def _log(self, name: str) -> Any:
        folder = self._workspace / "logs"
        folder.mkdir(exist_ok=True, parents=True)
        return kept_log_lessons(
            folder, name, lambda: read_log(name), list(LOGS).index(name), self.encode_text
        )

    @cached_property
    def _lessons(self) -> Lessons:
        files = sorted(self._folder.glob("lessons_*.npz"))[: HOMES_OF_LESSONS // 20]
        return join_lessons([load_lessons(file) for file in files])

    @cached_property
    def _homes(self) -> list[Inputs]:
        return [Inputs.of(home, self.encode_text) for home in real_homes(self._workspace / "real")]


def read_log(name: str) -> EventLog:
    """The log of a home with what is known of its sensors."""
    root = data_root()
    if root is None or not (root / LOGS[name]).exists():
        raise FileNotFoundError(f"There is no log of {name}. Set DISCOVER_DATA to the folder of the logs.")
    if name.startswith("sdhar"):
        return import_log(root / LOGS[name], time_zone="Europe/Madrid").log
    return import_log(root / LOGS[name], home=load_home("bosch_b2" if name == "b2" else name)).log


def outside(results: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Any]:
    """Scores per home of trainings that had no log of its half."""
    halves = [results[f"{kind}; half {i}"]["scores"] for i in (0, 1)]
    return {home: halves[home not in HALVES[0]][home] for home in halves[0]}


def main() -> None:
    """Train what is missing; without --only, write benchmarks/results/real_logs.md."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--folder", type=Path, required=True, help="A training's folder, as seed_0.")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument(
        "--only", nargs="*", choices=("before", *TRAINED), help="Train these, write no table."
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(arguments.folder, arguments.workspace, arguments.steps)
    for name in arguments.only or ():
        found = bench.result(name)["scores"].values()
        means = {(r, k): np.mean([one[r][k] for one in found]) for r in ROWS for k in SCORES}
        print(name, " ".join(f"{r} {k} {value:.3f}" for (r, k), value in means.items()), flush=True)


if __name__ == "__main__":
    main()
