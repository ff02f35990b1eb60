"""Whether training further with real logs that nobody annotated helps on homes that no training saw.

    python -m benchmarks.quality.real_logs --folder FOLDER --workspace FOLDER [--only NAME ...] [--kept]

One training of the shipped recipe goes on for some more steps: with simulated homes alone, or with windows of
real logs beside them. The logs of a scored home's data set are left out (`others`), are there with all others (`all`),
or are the only ones (`own`). What is done is kept in the workspace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness import BenchmarkParser, data_root, markdown_table, source_commit, write_result
from benchmarks.log_lessons import LogConfig, LogLessons, TrainingWithLogs, kept_log_lessons
from benchmarks.quality.any_home import HOMES, home_rows, score_home
from benchmarks.quality.unseen_homes import UnseenHome, memoised, real_homes
from discover.core.artifacts import read_json, write_json
from discover.homes.importing import import_log
from discover.homes.registry import load_home
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import AnyHome, save_weights
from discover.pretraining.label_sets import SentenceBank
from discover.pretraining.lessons import Lessons, join_lessons, load_lessons
from discover.pretraining.recipe import encode_phrases
from discover.pretraining.situations import SituationBank
from discover.pretraining.training import TrainingConfig

LOGS = {
    **HOMES,
    "kyoto_adlerror": "casas/kyoto_adlerror/participants.tar.gz",
    "tm000": "casas/tm000_unlabelled/tm000.multiday_absence.txt.gz",
    "homeassist_1": "homeassist/home1_2017/Home1_2017.csv.gz",
    **{f"sdhar_{day}": f"sdhar_home/ambient/DAY_{day}" for day in (22, 23, 36, 51)},
}
DATA_SETS = {
    "b2": ("b2",),
    "kyoto": ("kyoto_adlnormal", "kyoto_adlerror"),
    "mit": ("mit_1", "mit_2"),
    "openshs": ("openshs",),
    "ordonez": ("ordonez_a", "ordonez_b"),
    "van_kasteren": ("van_kasteren_a", "van_kasteren_b"),
}
"""Homes that are alike and are left out together."""
HALVES = (("b2", "openshs", "ordonez"), ("kyoto", "mit", "van_kasteren"))
HOMES_OF_LESSONS = 400


@dataclass(frozen=True)
class Training:
    """One further training.

    Attributes:
        logs: What the logs teach; None: simulated homes alone.
        taken: Names of the logs.
    """

    steps: int = 1_000
    seed: int = 0
    logs: LogConfig | None = None
    taken: tuple[str, ...] = ()


def without(*data_sets: str) -> tuple[str, ...]:
    """All logs but those of some data sets."""
    out = {home for name in data_sets for home in DATA_SETS[name]}
    return tuple(name for name in LOGS if name not in out)


class Bench:
    def __init__(self, folder: Path, workspace: Path) -> None:
        self._folder, self._workspace = folder, workspace
        self.encode_text = memoised()
        self._lessons: dict[int, tuple[Lessons, Any]] = {}
        self._real: dict[str, LogLessons] = {}

    def _log(self, name: str) -> LogLessons:
        if name not in self._real:
            path = self._workspace / "logs"
            path.mkdir(exist_ok=True, parents=True)
            log = None
            if not (path / f"log_{name}_captions.npz").is_file():
                root = data_root()
                assert root is not None
                config = {"b2": "bosch_b2"}.get(name, name)
                if name.startswith("sdhar"):
                    log = import_log(root / LOGS[name], time_zone="Europe/Madrid").log
                else:
                    log = import_log(root / LOGS[name], home=load_home(config)).log
            self._real[name] = kept_log_lessons(path, name, log, len(self._real), self.encode_text)
        return self._real[name]

    def weights(self, name: str, one: Training) -> Path:
        path = self._workspace / "weights" / f"{name}.safetensors"
        if path.is_file():
            return path
        path.parent.mkdir(exist_ok=True, parents=True)
        training, bank = self._training(one)
        import time
        t = time.time()
        c = time.process_time()
        loss = training.run()
        print(name, f"loss {loss:.3f} {time.time()-t:.0f} s wall {time.process_time()-c:.0f} s cpu", flush=True)
        save_weights(path, [training.network], bank.prototypes()[0], {})
        return path

    def _training(self, one: Training) -> tuple[TrainingWithLogs, SentenceBank]:
        folder = self._folder / f"seed_{one.seed}"
        if one.seed not in self._lessons:
            files = sorted(folder.glob("lessons_*.npz"))[: HOMES_OF_LESSONS // 20]
            found = join_lessons([load_lessons(f) for f in files])
            self._lessons = {one.seed: (found, encode_phrases(found.phrases, self.encode_text))}
        lessons, phrases = self._lessons[one.seed]
        bank = SentenceBank(_vectors(folder / "sentences.npz"), lessons.shares.mean(axis=0, dtype=np.float64))
        situations = SituationBank(_vectors(folder / "situations.npz"))
        config = TrainingConfig(seed=one.seed + 1_000, steps=one.steps, learning_rate=4e-4, warmup=50, cooling=0.9)
        training = TrainingWithLogs(
            lessons, phrases, bank, situations, config,
            logs=[self._log(n) for n in one.taken] if one.logs else [],
            encode_text=self.encode_text, log_config=one.logs,
        )
        training.go_on_from(torch.load(folder / "checkpoint.pt", weights_only=True)["weights"])
        return training, bank


def _vectors(path: Path) -> Any:
    with np.load(path) as kept:
        return kept["vectors"].astype(np.float32)


def scores(home: UnseenHome, network: AnyHome, encode: Any) -> dict[str, tuple[float, float]]:
    names = np.array(home.prompts.labels)
    found = {}
    for row, s in home.scores(network, encode).items():
        x = classification_scores(names[home.truth], names[s.argmax(axis=1)]).scores
        found[row] = (x["accuracy"], x["macro_f1"], x["weighted_f1"])
    return found
