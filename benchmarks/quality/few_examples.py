"""A few examples of activities beside the shipped network and captions: how much they gain.

    python -m benchmarks.quality.few_examples --workspace FOLDER [--homes b2 ...] [--simulated 8]

What `discover recognise` does with corrections (`recognition.learn_examples`), on annotated windows of days
that gave no example. Its settings were chosen on simulated homes of other seeds; real homes are only scored.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home import HOMES, captioned_home
from benchmarks.quality.any_home_skew import (
    LABELS,
    caption_vectors,
    label_prompts,
    simulated_windows,
)
from discover.core.embeddings import EncodeText, mean_caption_vectors
from discover.evaluation import EvaluationConfig, EvaluationData
from discover.evaluation.probes import LabelledVectors, linear_probe
from discover.metrics import expected_calibration_error
from discover.metrics.bootstrap_scores import score_samples
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import TEMPERATURE, AnyHome
from discover.recognition import PromptSet, Recogniser, RecognitionConfig, prompts_or_names
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

SHOTS = (1, 5, 20)
DRAWS = 3
NEIGHBOURS = 5
"""Windows of one labelled stretch of one activity."""
TEMPERATURES = (TEMPERATURE, 0.05)
_HEAD = (
    f"Annotated test windows, single, not smoothed. Examples are windows of training days, drawn {DRAWS} "
    "times for every activity (as many as there are); brackets round macro F1: the draws; last column: over "
    "test days and draws, 95 %, from 8 days on. The probes read all labels of the training days. Simulated "
    "homes: means, other seeds than those of the choice."
)
_FEW = (
    f"{NEIGHBOURS} neighbouring windows of one activity, or of three, are told and nothing else: what that "
    "changes. Every activity in turn, and three draws of three."
)
_CALIBRATION = f"Expected calibration error (15 bins). `recognise` shows {TEMPERATURE:g}."
_COLUMNS = ("home", "told", "windows", "accuracy", "macro F1", "weighted F1", "macro F1 against 0 examples")
_FEW_COLUMNS = (
    "home",
    "activities told",
    "cases",
    "recall of them",
    "accuracy of others",
    "accuracy of all",
    "worst of all",
)
_SIMULATED = range(9_200_000, 9_201_000)
_SETTINGS = EvaluationConfig()
_SCORES = ("accuracy", "macro_f1", "weighted_f1")

# Shape letters: W windows, D vector width.


@dataclass(frozen=True)
class Side:
    """Windows of a split: vectors beside captions (W, D), labels ("" where none), days, times in seconds."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.str_]
    days: NDArray[np.str_]
    middles_s: NDArray[np.float64]

    def annotated(self) -> "Side":
        """Windows with a label."""
        kept = self.labels != ""
        return Side(self.vectors[kept], self.labels[kept], self.days[kept], self.middles_s[kept])


@dataclass(frozen=True)
class ScoredHome:
    """A home to teach a few things."""

    name: str
    prompts: PromptSet
    train: Side
    validation: Side
    test: Side

    def recogniser(
        self, network: AnyHome, encode: EncodeText, temperature: float = TEMPERATURE
    ) -> Recogniser:
        """As `recognise` makes it for a log without a model, but every window is named."""
        config = RecognitionConfig(centring=0.0, unknown_share=0.0, temperature=temperature)
        return Recogniser(self.prompts, encode, network.sentences_beside, config)


def real_home(name: str, network: AnyHome, workspace: Path) -> ScoredHome:
    """A real home; its chain's split."""
    windows, labels, captions, encoder = captioned_home(name, workspace)
    data = EvaluationData(windows, labels)
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    told = mean_caption_vectors(captions, ids)
    vectors = network.beside_captions(network.embed(windows, encoder.encode), told)
    row_of = {window: i for i, window in enumerate(ids.tolist())}

    def side(split: str) -> Side:
        part = data.split(split, _SETTINGS.background_labels)
        rows = [row_of[window] for window in part.ids.tolist()]
        names = np.where(part.annotated, part.labels, "").astype(np.str_)
        return Side(vectors[rows], names, part.days.astype(np.str_), part.middles_s)

    known = [a.label for a in data.home.activities if a.label not in _SETTINGS.background_labels]
    prompts = prompts_or_names(data.home, "described", known)
    return ScoredHome(name, prompts, side("train"), side("val"), side("test"))


def simulated_home(seed: int, network: AnyHome, encoder: TextEncoder) -> ScoredHome:
    """Ten days of a simulated home: six train, four test."""
    window_set, shares = simulated_windows(seed, 10, 1_500)
    vectors = network.beside_captions(
        network.embed(window_set, encoder.encode), caption_vectors(window_set, encoder)
    )
    names = np.where(shares.max(axis=1) >= 0.5, np.array(list(LABELS))[shares.argmax(axis=1)], "")
    days = window_set.windows["start"].dt.strftime("%Y-%m-%d").to_numpy().astype(np.str_)
    middles_s = window_set.windows["start"].dt.epoch("s").to_numpy().astype(np.float64)
    first = days < np.unique(days)[6]

    def side(kept: NDArray[np.bool_]) -> Side:
        return Side(vectors[kept], names[kept].astype(np.str_), days[kept], middles_s[kept])

    return ScoredHome(f"simulated {seed}", label_prompts(), side(first), side(first & ~first), side(~first))


def drawn(labels: NDArray[np.str_], shots: int, draw: int) -> NDArray[np.int64]:
    """Rows of `shots` windows of every activity, or of as many as there are."""
    rng = np.random.default_rng([draw, shots])
    return np.concatenate(
        [rng.permutation(np.flatnonzero(labels == name))[:shots] for name in np.unique(labels)]
    )


def answers(
    home: ScoredHome, network: AnyHome, encode: EncodeText
) -> tuple[dict[int, NDArray[np.str_]], dict[int, list[tuple[float, float, float]]], dict[float, float]]:
    """What is answered on annotated test windows.

    Returns:
        Shots -> answers (draws, W); number of activities told by one stretch each -> what their recall, the
        accuracy of the others and that of all gain; temperature -> calibration error without examples.
    """
    teach, test = home.train.annotated(), home.test.annotated()
    place = {name: i for i, name in enumerate(home.prompts.labels)}
    known = np.flatnonzero([label in place for label in teach.labels])

    def told(rows: NDArray[np.int64]) -> NDArray[np.str_]:
        codes = np.array([place[label] for label in teach.labels[rows]], dtype=np.int64)
        recogniser = home.recogniser(network, encode)
        recogniser.fit(home.train.vectors, examples=(teach.vectors[rows], codes))
        return recogniser.predict(test.vectors)

    plain = told(known[:0])
    found = {0: plain[None]}
    for shots in SHOTS:
        picks = [known[drawn(teach.labels[known], shots, draw)] for draw in range(DRAWS)]
        found[shots] = np.stack([told(rows) for rows in picks])
    own = teach.labels[known]
    names = [name for name in np.unique(own) if (own == name).sum() >= NEIGHBOURS]
    few: dict[int, list[tuple[float, float, float]]] = {}
    rng = np.random.default_rng(0)
    some = [rng.choice(names, 3, replace=False).tolist() for _ in range(DRAWS)] if len(names) > 3 else []
    for group in [*([name] for name in names), *some]:
        mine = np.isin(test.labels, group)
        if mine.any() and not mine.all():
            rows = np.concatenate([known[_stretch(own == name, rng)] for name in group])
            gain = (told(rows) == test.labels).astype(float) - (plain == test.labels)
            few.setdefault(len(group), []).append((gain[mine].mean(), gain[~mine].mean(), gain.mean()))
    errors = {}
    for temperature in TEMPERATURES:
        recogniser = home.recogniser(network, encode, temperature).fit(home.train.vectors)
        sure = recogniser.predict_proba(test.vectors).max(axis=1)
        errors[temperature] = expected_calibration_error(plain == test.labels, np.minimum(sure, 1.0))
    return found, few, errors


def _stretch(own: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Neighbouring windows of one activity, somewhere."""
    rows = np.flatnonzero(own)
    first = int(rng.integers(0, len(rows) - NEIGHBOURS + 1))
    return rows[first : first + NEIGHBOURS]


def probes(home: ScoredHome) -> Iterator[tuple[str, NDArray[np.str_]]]:
    """Answers of a linear probe with all labels of training days, on both vectors and on the network's."""
    sides = [home.train.annotated(), home.validation.annotated(), home.test.annotated()]
    half = home.test.vectors.shape[1] // 2
    for name, columns in (
        ("linear probe, both vectors", slice(None)),
        ("linear probe, network", slice(half, None)),
    ):
        train, validation, test = (LabelledVectors(s.vectors[:, columns], s.labels) for s in sides)
        fitted, _ = linear_probe(
            train, validation, test.vectors,
            strengths=_SETTINGS.probe_strengths, max_iterations=_SETTINGS.probe_iterations,
        )  # fmt: skip
        yield name, np.asarray(fitted.classes)[fitted.scores.argmax(axis=1)].astype(np.str_)


def home_rows(
    home: ScoredHome, found: dict[int, NDArray[np.str_]], *, probed: bool
) -> list[tuple[object, ...]]:
    """Table rows of one home."""
    test = home.test.annotated()
    before = score_samples(test.labels, found[0], test.days)
    rows: list[tuple[object, ...]] = []
    for shots, guesses in found.items():
        scores = score_samples(test.labels, guesses, test.days)
        gain = scores.minus(before)["macro_f1"]
        cells = [f"{scores.whole[s]:.3f}" for s in _SCORES]
        told = (
            ""
            if gain.low != gain.low or not shots
            else f"{gain.estimate:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        )
        each = [classification_scores(test.labels, g).scores["macro_f1"] for g in guesses]
        cells[1] += f" ({min(each):.3f}–{max(each):.3f})" if shots else ""
        rows.append((home.name, f"{shots} examples", len(test.labels), *cells, told))
    for name, guess in probes(home) if probed else ():
        whole = classification_scores(test.labels, guess).scores
        share = score_samples(test.labels, found[max(SHOTS)], test.days).whole["macro_f1"] / whole["macro_f1"]
        cells = [f"{whole[s]:.3f}" for s in _SCORES]
        rows.append((home.name, name, len(test.labels), *cells, f"20 examples reach {100 * share:.0f} %"))
    return rows


def main() -> None:
    """Measure and write benchmarks/results/few_examples.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep windows and vectors here.")
    parser.add_argument("--homes", nargs="*", default=list(HOMES), choices=list(HOMES))
    parser.add_argument("--simulated", type=int, default=8, help="Simulated homes.")
    arguments = parser.parse_args()
    network, encoder = AnyHome.load(), build_text_encoder(TextEncoderConfig(type="minilm"))

    def encode(texts: list[str]) -> NDArray[np.float32]:
        return np.asarray(encoder.encode(texts, kind="query"))

    main_rows: list[tuple[object, ...]] = []
    few_rows: list[tuple[object, ...]] = []
    calibration: list[tuple[object, ...]] = []

    def note(homes: list[ScoredHome], name: str) -> None:
        kept, errors = [], []
        told: dict[int, list[tuple[float, float, float]]] = {}
        for home in homes:
            found, few, error = answers(home, network, encode)
            kept.append(home_rows(home, found, probed=len(homes) == 1))
            for count, gains in few.items():
                told.setdefault(count, []).extend(gains)
            errors.append(error)
        main_rows.extend(kept[0] if len(homes) == 1 else _means(name, kept))
        for count, gains in told.items():
            mean = [f"{g:+.3f}" for g in np.mean(gains, axis=0)]
            few_rows.append((name, count, len(gains), *mean, f"{min(g[2] for g in gains):+.3f}"))
        calibration.append((name, *(f"{np.mean([e[t] for e in errors]):.3f}" for t in TEMPERATURES)))

    seeds = list(_SIMULATED)[: arguments.simulated]
    if seeds:
        note([simulated_home(seed, network, encoder) for seed in seeds], f"{len(seeds)} simulated homes")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.homes:
            note([real_home(name, network, arguments.workspace or Path(temporary))], name)
    parts = [
        f"{_HEAD} Network {network.sha256[:12]}.",
        markdown_table(_COLUMNS, main_rows),
        f"## A few stretches told\n\n{_FEW}",
        markdown_table(_FEW_COLUMNS, few_rows),
        f"## Calibration without examples\n\n{_CALIBRATION}",
        markdown_table(("home", *(f"temperature {t:g}" for t in TEMPERATURES)), calibration),
    ]
    path = write_result("few_examples", "python -m benchmarks.quality.few_examples", "\n\n".join(parts))
    print(f"Wrote {path}")


def _means(name: str, homes: list[list[tuple[object, ...]]]) -> list[tuple[object, ...]]:
    """Rows of several homes as the mean of each."""
    means = []
    for rows in zip(*homes, strict=True):
        scores = [np.mean([float(str(row[i]).split()[0]) for row in rows]) for i in (3, 4, 5)]
        windows = sum(int(str(row[2])) for row in rows)
        means.append((name, rows[0][1], windows, *(f"{s:.3f}" for s in scores), ""))
    return means


if __name__ == "__main__":
    main()
