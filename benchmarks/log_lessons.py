"""Further training with real logs that nobody annotated, beside lessons of simulated homes.

A window of a log says two things without a label: its captions, which a rule writes, and what was going on
beside a sensor that is hidden. Both are compared within a home. Annotations that a log holds are never read.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from discover.captions import CaptionConfig, caption_windows
from discover.core.artifacts import atomic_path, file_sha256
from discover.core.embeddings import EncodeText, unit_rows
from discover.core.progress import SILENT, Progress
from discover.core.reading import read_npz
from discover.core.window_set import EventLog, WindowSet
from discover.homes.importing import import_log
from discover.pretraining.label_sets import LabelSet
from discover.pretraining.lessons import (
    LessonConfig,
    Lessons,
    activity_names,
    draw_windows,
    join_lessons,
    load_lessons,
    window_lessons,
)
from discover.pretraining.profiles import HABITS, N_SPANS, PROFILE, TEXT_WIDTH
from discover.pretraining.recipe import (
    Recipe,
    claim,
    encode_phrases,
    recipe_lessons,
    run_to_end,
    save_trained,
    training_parts,
)
from discover.pretraining.situations import situations
from discover.pretraining.training import Pretraining, TrainingConfig, disturb, window_tensors

__all__ = [
    "FURTHER",
    "LogConfig",
    "LogLessons",
    "TrainingWithLogs",
    "kept_log_lessons",
    "log_lessons",
    "train_further",
]

FURTHER = TrainingConfig(steps=250, batch=48, sets=1, learning_rate=4e-4, warmup=20, cooling=0.9)
"""Steps and rates of a further training, as measured; its seed is 1,000 above that of the one before."""

_CAPTIONS = 2
_ALIKE = 0.995
"""Captions from this cosine on say the same."""
_INSIDE = slice(N_SPANS // 2 - 1, N_SPANS // 2 + 2)

# Shape letters: W windows, B windows of a step, G windows of each home, K sensors of a window, S sensors of a
# home, D width, C captions.


@dataclass(frozen=True)
class LogConfig:
    """What real windows teach.

    Attributes:
        homes: Homes of a step, drawn anew for each.
        per_home: Windows of each.
        captions: Weight of finding a window's own caption among those of its home.
        direct: Whether the network's answer is compared with captions; else a projection of its features is,
            which is thrown away after training.
        masked: Weight of telling which sensors are hidden, and how active they were.
        hidden: Share of a window's sensors that is hidden, asked about or not.
        taught: Weight of answering label sets as captions and the network before do, together.
        sharpness: Scale of that pair's mean cosine.
        scale: Scale of cosines with captions.
    """

    homes: int = 3
    per_home: int = 16
    captions: float = 5.0
    direct: bool = True
    masked: float = 0.0
    hidden: float = 0.3
    taught: float = 0.0
    sharpness: float = 25.0
    scale: float = 20.0


@dataclass(frozen=True)
class LogLessons:
    """Windows of logs: lessons of which nothing is known, and (W, C, D) float16 vectors of their captions."""

    lessons: Lessons
    captions: NDArray[np.float16]


def log_lessons(log: EventLog, seed: int, encode_text: EncodeText, windows: int = 800) -> LogLessons:
    """Windows of one log, at most `windows`, with captions of two styles."""
    config = LessonConfig(windows=windows)
    drawn = draw_windows(log.home, log.events, np.random.default_rng([seed, 12]), config)
    table = drawn.select(
        window_id=pl.format(log.home.name + "_{}", pl.int_range(pl.len())),
        home=pl.lit(log.home.name),
        split=pl.lit("train").cast(pl.Enum(("train", "val", "test"))),
        first_event=pl.col("first_event").cast(pl.Int64),
        n_events=(pl.col("last_event") - pl.col("first_event") + 1).cast(pl.Int32),
        start="start",
        end="end",
    )
    told = caption_windows(
        WindowSet.of(log.home, log.events, table), CaptionConfig(style="mixed", n_captions=_CAPTIONS)
    )
    texts = told["caption"].to_list()
    once = list(dict.fromkeys(texts))
    vectors = np.asarray(encode_text(once), dtype=np.float16)
    row_of = {text: i for i, text in enumerate(once)}
    rows = np.array([row_of[t] for t in texts]).reshape(len(table), _CAPTIONS)
    n = len(table)
    found = window_lessons(
        log.home,
        log.events,
        drawn,
        np.zeros((n, len(activity_names()))),
        np.full((n, len(situations())), 255, dtype=np.uint8),
    )
    return LogLessons(found, vectors[rows])


def kept_log_lessons(
    folder: Path, name: str, read: Callable[[], EventLog], seed: int, encode_text: EncodeText
) -> LogLessons:
    """`log_lessons`, from the folder where they are there; `read` gets the log where they are not."""
    lessons, captions = folder / f"log_{name}.npz", folder / f"log_{name}_captions.npz"
    if not captions.is_file():
        found = log_lessons(read(), seed, encode_text)
        found.lessons.save(lessons)
        with atomic_path(captions) as temporary, temporary.open("wb") as sink:
            np.savez(sink, vectors=found.captions)
    kept = read_npz(captions, "Delete it and start again.")["vectors"]
    return LogLessons(load_lessons(lessons), kept)


class TrainingWithLogs(Pretraining):
    """Pre-training whose steps also take windows of real logs; see `Pretraining` for what else is given.

    Args:
        logs: Windows of each log. None: the same steps with simulated homes alone.
        encode_text: MiniLM, for words of rooms and objects of the logs.
        log_config: What the logs teach.
    """

    def __init__(
        self,
        *given: Any,
        logs: Sequence[LogLessons],
        encode_text: EncodeText,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(*given)
        self.log_config = log_config or LogConfig()
        self._logs = logs
        if not logs:
            return
        self._real = join_lessons([log.lessons for log in logs])
        self._captions = np.concatenate([log.captions for log in logs])
        self._log_phrases = torch.from_numpy(encode_phrases(self._real.phrases, encode_text))
        counts = np.array([len(log.lessons) for log in logs])
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts
        sizes = np.array([len(log.lessons.rooms) for log in logs])
        self._last_sensor = np.cumsum(sizes)
        self._first_sensor = self._last_sensor - sizes
        width = self.network.config.width
        self.heads = nn.ModuleDict(
            {
                "captions": nn.Linear(2 * width, TEXT_WIDTH),
                "which": nn.Linear(2 * width, width),
                "sensor": nn.Linear(2 * TEXT_WIDTH + HABITS, width),
                "active": nn.Sequential(
                    nn.Linear(3 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, PROFILE)
                ),
            }
        )
        self.optimizer.add_param_group({"params": list(self.heads.parameters()), "weight_decay": 0.0})
        self._features: Tensor = torch.zeros(0)
        self.network.norm.register_forward_hook(self._keep)
        self._before: NDArray[np.float32] | None = None

    def go_on_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with the weights of a network that was trained before; it also is the one that teaches."""
        self.network.load_state_dict(weights)
        if not self._logs or not self.log_config.taught:
            return
        self.network.eval()
        found = []
        with torch.inference_mode():
            for rows in np.array_split(np.arange(len(self._real)), len(self._real) // 512 + 1):
                vectors = self.network(window_tensors(self._real, rows), self._log_phrases)
                found.append(vectors.numpy())
        self._before = np.concatenate(found)

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"logs": asdict(self.log_config)}

    def _modules(self) -> dict[str, nn.Module]:
        return super()._modules() | {"heads": self.heads}

    def _keep(self, module: nn.Module, given: object, features: Tensor) -> None:
        del module, given
        self._features = features

    def _step_loss(self, rng: np.random.Generator) -> Tensor:
        loss = super()._step_loss(rng)
        # Draws of their own, so that simulated windows are the same with logs and without.
        return (
            loss + self._log_loss(np.random.default_rng([self.config.seed, self.step, 1]))
            if self._logs
            else loss
        )

    def _log_loss(self, rng: np.random.Generator) -> Tensor:
        config = self.log_config
        homes = rng.integers(0, len(self._logs), size=config.homes)
        low, high = self._starts[homes, None], self._ends[homes, None]
        rows = (low + rng.random((config.homes, config.per_home)) * (high - low)).astype(np.int64).ravel()
        windows = window_tensors(self._real, rows)
        hidden = self._hidden(windows.present, rng)
        seen = disturb(windows, rng, self.config.lost)
        kept = seen.present & ~hidden
        kept[:, self.network.config.sensors :] = False
        # Something is left to read.
        kept[:, 0] |= seen.present[:, 0] & ~kept.any(dim=1)
        hidden &= ~kept
        seen.present.copy_(kept)
        phrases = self._log_phrases
        vectors = self.network(seen, phrases)
        loss = vectors.new_zeros(())
        if config.captions:
            loss = loss + config.captions * self._caption_loss(vectors, rows, rng)
        if config.masked:
            loss = loss + config.masked * self._masked_loss(windows, rows, homes, hidden, kept)
        if config.taught:
            loss = loss + config.taught * self._taught_loss(vectors, rows, self.bank.draw(rng))
        return loss

    def _hidden(self, present: Tensor, rng: np.random.Generator) -> Tensor:
        drawn = torch.from_numpy(rng.random(tuple(present.shape)) < self.log_config.hidden)
        drawn[:, self.network.config.sensors :] = False
        return drawn & present

    def _caption_loss(self, vectors: Tensor, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """Each window finds its caption among those of its home, and the other way round."""
        picked = rng.integers(0, self._captions.shape[1], size=len(rows))
        captions = torch.from_numpy(self._captions[rows, picked].astype(np.float32))
        if not self.log_config.direct:
            vectors = F.normalize(self.heads["captions"](self._features), dim=1)
        groups = (self.log_config.homes, self.log_config.per_home)
        told, said = vectors.unflatten(0, groups), captions.unflatten(0, groups)
        cosines = told @ said.mT * self.log_config.scale
        own = torch.eye(self.log_config.per_home, dtype=torch.bool)
        same = (own | (said @ said.mT > _ALIKE)).to(torch.float32)
        same = same / same.sum(dim=2, keepdim=True)
        both = cosines.log_softmax(dim=2) + cosines.mT.log_softmax(dim=2)
        return -(same * both).sum(dim=2).mean() / 2

    def _masked_loss(
        self, windows: Any, rows: NDArray[np.int64], homes: NDArray[np.int64], hidden: Tensor, kept: Tensor
    ) -> Tensor:
        """Which sensors of the home are hidden, and their profiles."""
        config, lessons = self.log_config, self._real
        profiles = windows.profiles
        active = profiles[:, :, _INSIDE].sum(dim=2) > 0
        wanted = hidden & active
        sensors = np.maximum(lessons.sensors[rows], 0)
        which = self.heads["which"](self._features)
        total = which.new_zeros(())
        for g, home in enumerate(homes):
            part = slice(g * config.per_home, (g + 1) * config.per_home)
            first, last = int(self._first_sensor[home]), int(self._last_sensor[home])
            places = torch.from_numpy(sensors[part]).long() - first
            words = self.heads["sensor"](self._sensor_words(slice(first, last)))
            logits = which[part] @ words.T / which.shape[1] ** 0.5
            seen = torch.zeros_like(logits, dtype=torch.bool)
            row, place = kept[part].nonzero().T
            seen[row, places[row, place]] = True
            row, place = wanted[part].nonzero().T
            if not len(row):
                continue
            seen[row, places[row, place]] = False
            told = logits.masked_fill(seen, -1e4).log_softmax(dim=1)[row, places[row, place]]
            asked = torch.cat([self._features[part][row], words[places[row, place]]], dim=1)
            guessed = self.heads["active"](asked)
            total = total - 0.2 * told.mean() + F.smooth_l1_loss(guessed, profiles[part][row, place])
        return total / config.homes

    def _sensor_words(self, sensors: slice) -> Tensor:
        """(S, D) room, object and habits of sensors of a home."""
        rooms, objects = (
            self._log_phrases[torch.from_numpy(part[sensors]).long()]
            for part in (self._real.rooms, self._real.objects)
        )
        return torch.cat([rooms, objects, torch.from_numpy(self._real.habits[sensors])], dim=1)

    def _taught_loss(self, vectors: Tensor, rows: NDArray[np.int64], labels: LabelSet) -> Tensor:
        """Answers as the network before and the captions give them together; unclear ones weigh less."""
        assert self._before is not None
        means = unit_rows(labels.vectors)
        captions = unit_rows(self._captions[rows].astype(np.float32).mean(axis=1))
        pair = (captions @ means.T + 1.5 * self._before[rows] @ means.T) / 2.5
        teacher = torch.from_numpy(pair * self.log_config.sharpness).softmax(dim=1)
        logits = vectors @ torch.from_numpy(means).T * self.network.log_scale.exp().clamp(max=100.0)
        told = -(teacher * logits.log_softmax(dim=1)).sum(dim=1)
        clear = teacher.max(dim=1).values
        return (told * clear).sum() / clear.sum()


def train_further(
    recipe: Recipe,
    folder: Path,
    logs: Sequence[Path],
    encode_text: EncodeText,
    *,
    minutes: float | None = None,
    progress: Progress = SILENT,
) -> Path | None:
    """Go on with a training that is done, with logs beside its lessons; None where `minutes` ran out first.

    Args:
        recipe: Of the training in `folder`.
        folder: Its work folder; the further training gets the folder `with_logs` in it.
        logs: Logs as `discover open` takes them: files, folders, homes that were imported.
        encode_text: MiniLM.
        minutes: Stop after this time; the same call goes on.
        progress: Told after each log and some steps.

    Raises:
        ArtifactError: The folder belongs to other logs or settings.
    """
    end = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
    own = folder / "with_logs"
    own.mkdir(exist_ok=True)
    log_config, training_config = LogConfig(), replace(FURTHER, seed=recipe.seed + 1_000)
    claim(
        own,
        {
            "logs": [str(path.resolve()) for path in logs],
            "from": file_sha256(folder / "checkpoint.pt"),
            "log_config": asdict(log_config),
            "training": asdict(training_config),
        },
    )
    progress.start("reading logs", len(logs))
    taken = []
    for number, path in enumerate(logs):
        taken.append(
            kept_log_lessons(own, f"{number:03d}", lambda p=path: import_log(p).log, number, encode_text)
        )
        progress.advance()
    progress.finish()
    lessons = recipe_lessons(recipe, folder)
    assert lessons is not None
    parts = list(training_parts(recipe, folder, lessons, encode_text))
    parts[4] = training_config
    training = TrainingWithLogs(*parts, logs=taken, encode_text=encode_text, log_config=log_config)
    training.go_on_from(torch.load(folder / "checkpoint.pt", weights_only=True)["weights"])
    if not run_to_end(training, own / "checkpoint.pt", end, progress):
        return None
    windows = len(lessons) + sum(len(one.lessons) for one in taken)
    return save_trained(training, own / "weights.safetensors", recipe, logs=len(logs), windows=windows)
