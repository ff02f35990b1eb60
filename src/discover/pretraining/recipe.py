"""The recipe of a shipped network: simulated homes to lessons, lessons to weights.

A work folder holds what is done: lessons of a few homes per file, vectors of sentences, a checkpoint. Work
stops at any time; starting again with the same settings goes on where it stopped, to the same weights.
"""

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.artifacts import atomic_path, mapping_sha256, read_json, write_json
from discover.core.embeddings import EncodeText
from discover.core.errors import ArtifactError
from discover.core.home import UNKNOWN_ROOM, Home
from discover.core.progress import SILENT, Progress
from discover.core.reading import read_npz
from discover.homes.places import guess_sensor
from discover.pretraining.any_home import save_weights
from discover.pretraining.label_sets import SentenceBank
from discover.pretraining.lessons import LessonConfig, Lessons, home_lessons, join_lessons, load_lessons
from discover.pretraining.network import NetworkConfig
from discover.pretraining.situations import SituationBank
from discover.pretraining.training import Pretraining, TrainingConfig
from discover.simulator import RandomLifeConfig, simulate_random

__all__ = [
    "PRESETS",
    "Recipe",
    "claim",
    "encode_phrases",
    "guessed_home",
    "pretrain",
    "recipe_lessons",
    "run_to_end",
    "save_trained",
    "training_parts",
]

_HOMES_PER_FILE = 20
_SAVED_EVERY_S = 60.0


@dataclass(frozen=True)
class Recipe:
    """Everything that the weights follow from.

    Attributes:
        seed: Of homes (`seed` * 1,000,000 + number), weights and draws.
        homes: Simulated homes.
        days: Days of each.
        described: Of how many homes in five the sensors are described rightly; of the others as found.
        faults: Whether sensors and loggers fail now and then.
        lessons: Windows of each.
        network: Sizes.
        training: Steps and rates; its seed is the recipe's.
    """

    seed: int = 0
    homes: int = 4800
    days: int = 7
    described: int = 3
    faults: bool = True
    lessons: LessonConfig = field(default_factory=LessonConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


PRESETS = {"tiny": Recipe()}
"""Recipes by name."""


def pretrain(
    recipe: Recipe,
    folder: Path,
    encode_text: EncodeText,
    *,
    minutes: float | None = None,
    progress: Progress = SILENT,
) -> Path | None:
    """Make lessons, train and write the weights; None where `minutes` ran out first (start again to go on).

    Args:
        recipe: Settings; other settings than those the folder began with are an error.
        folder: Work folder.
        encode_text: MiniLM.
        minutes: Stop after this time.
        progress: Told after each home and some steps.

    Raises:
        ArtifactError: The folder belongs to another recipe.
    """
    end = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
    claim(folder, asdict(recipe))
    lessons = recipe_lessons(recipe, folder, end, progress)
    if lessons is None:
        return None
    training = Pretraining(*training_parts(recipe, folder, lessons, encode_text))
    if not run_to_end(training, folder / "checkpoint.pt", end, progress):
        return None
    return save_trained(training, folder / "weights.safetensors", recipe)


def save_trained(training: Pretraining, path: Path, recipe: Recipe, **facts: Any) -> Path:
    """Write the weights of a training, and what they follow from."""
    wordings = {"sentences": SentenceBank.sentences(), "situations": SituationBank.sentences()}
    told = {
        "recipe": asdict(recipe),
        "windows": len(training.lessons),
        "bank_sha256": mapping_sha256(wordings),
    }
    save_weights(path, [training.network], training.bank.prototypes()[0], told | facts)
    return path


def training_parts(
    recipe: Recipe, folder: Path, lessons: Lessons, encode_text: EncodeText
) -> tuple[Lessons, NDArray[np.float32], SentenceBank, SituationBank, TrainingConfig, NetworkConfig]:
    """What a `Pretraining` of this recipe is made of."""
    vectors = _cached(folder / "sentences.npz", SentenceBank.sentences(), encode_text)
    bank = SentenceBank(vectors, lessons.shares.mean(axis=0, dtype=np.float64))
    situations = SituationBank(_cached(folder / "situations.npz", SituationBank.sentences(), encode_text))
    phrases = encode_phrases(lessons.phrases, encode_text)
    return lessons, phrases, bank, situations, replace(recipe.training, seed=recipe.seed), recipe.network


def run_to_end(
    training: Pretraining, checkpoint: Path, end: float = float("inf"), progress: Progress = SILENT
) -> bool:
    """Train to the last step, from a checkpoint where there is one; False where time ran out first."""
    if checkpoint.is_file():
        training.load(checkpoint)
    steps = training.config.steps
    progress.start("training", steps - training.step)
    while training.step < steps:
        begun, before = time.monotonic(), training.step
        loss = training.run(lambda since=begun: time.monotonic() > min(since + _SAVED_EVERY_S, end))  # type: ignore[misc]
        training.save(checkpoint)
        progress.advance(training.step - before, note=f"loss {loss:.3f}")
        if time.monotonic() > end and training.step < steps:
            return False
    progress.finish()
    return True


def encode_phrases(phrases: tuple[str, ...], encode_text: EncodeText) -> NDArray[np.float32]:
    """Vectors of phrases, (V, D); the empty phrase gets zeros."""
    vectors = np.asarray(encode_text([p or "nothing" for p in phrases]), dtype=np.float32)
    vectors[[i for i, p in enumerate(phrases) if not p]] = 0
    return vectors


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Note the settings that a work folder belongs to.

    Raises:
        ArtifactError: It belongs to others.
    """
    path = folder / "recipe.json"
    if not path.is_file():
        write_json(path, settings)
    elif read_json(path) != settings:
        raise ArtifactError(
            f"{folder} was begun with another recipe ({path.name}). Use another folder, or delete this one."
        )


def recipe_lessons(
    recipe: Recipe, folder: Path, end: float = float("inf"), progress: Progress = SILENT
) -> Lessons | None:
    """Lessons of all homes, a file per `_HOMES_PER_FILE`; None where time ran out."""
    paths = []
    progress.start("simulating homes", recipe.homes)
    for first in range(0, recipe.homes, _HOMES_PER_FILE):
        path = folder / f"lessons_{first:06d}.npz"
        numbers = range(first, min(first + _HOMES_PER_FILE, recipe.homes))
        if not path.is_file():
            join_lessons([_one_home(recipe, number) for number in numbers]).save(path)
        paths.append(path)
        progress.advance(len(numbers))
        if time.monotonic() > end:
            return None
    progress.finish()
    return join_lessons([load_lessons(path) for path in paths])


def _one_home(recipe: Recipe, number: int) -> Lessons:
    seed = recipe.seed * 1_000_000 + number
    # Most owners describe their sensors; of the others the importer guesses from ids and states.
    right = number % 5 < recipe.described
    life = simulate_random(
        RandomLifeConfig(
            seed=seed, days=recipe.days, faults=recipe.faults, metadata="right" if right else "as_found"
        )
    )
    home = life.home if right else guessed_home(life.home, life.events)
    return home_lessons(home, life, seed, recipe.lessons)


def guessed_home(home: Home, events: pl.DataFrame) -> Home:
    """A home whose unknown rooms and types are guessed as an import does."""
    seen = events.group_by("sensor", maintain_order=True).agg(pl.col("state").unique(maintain_order=True))
    states = {str(sensor): [str(s) for s in found] for sensor, found in seen.iter_rows()}
    sensors = []
    for sensor in home.sensors:
        guess = guess_sensor(sensor.id, states=states.get(sensor.id, ()))
        known = sensor.room != UNKNOWN_ROOM
        sensors.append(
            sensor.model_copy(
                update={
                    "type": guess.type if sensor.type == "unknown" else sensor.type,
                    "room": sensor.room if known else guess.room,
                    "object": sensor.object if known or sensor.object else guess.object,
                }
            )
        )
    return home.model_copy(update={"sensors": tuple(sensors)})


def _cached(path: Path, sentences: list[str], encode_text: EncodeText) -> NDArray[np.float32]:
    """Vectors of the bank's sentences, kept in the work folder."""
    if path.is_file():
        kept = read_npz(path, "Delete it and start the pre-training again.")
        if kept["sentences"].tolist() == sentences:
            return np.asarray(kept["vectors"], dtype=np.float32)
    vectors = np.asarray(encode_text(sentences), dtype=np.float32)
    with atomic_path(path) as temporary, temporary.open("wb") as sink:
        np.savez(sink, sentences=np.array(sentences), vectors=vectors)
    return vectors
