"""Homes with captions, caption vectors and text-only scores, but no trained model: cheap homes to decide on.

The chain's own stages make the windows and vectors and keep them in a workspace, so that a second run
only reads them. Simulated homes take any shipped layout and seed; real homes take their own config.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, data_root
from discover.core.embeddings import load_embeddings, mean_caption_vectors
from discover.core.home import NO_ACTIVITY
from discover.core.tables import LABELS
from discover.core.window_set import load_window_set, read_table
from discover.evaluation import EvaluationData
from discover.pipeline import DATA_STAGES, run_chain
from discover.recognition import build_prompt_set, prompt_scores
from discover.text_encoders import build_text_encoder

__all__ = ["REAL_HOMES", "CaptionHome", "Side", "real_home", "simulated_home"]

_BACKGROUND = ("no_activity", "other", "other_activity")

REAL_HOMES = {
    "van_kasteren_a": "van_kasteren/houseA",
    "van_kasteren_b": "van_kasteren/houseB",
    "ordonez_a": "uci_adl_binary/ordonezA",
    "ordonez_b": "uci_adl_binary/ordonezB",
    "kyoto_adlnormal": "casas/kyoto_adlnormal/data.gz",
}
"""Real homes whose labels may be looked at when a setting is chosen: every one but Bosch B2."""

# Shape letters: W windows, K activities, D vector width.


@dataclass(frozen=True)
class Side:
    """One side of a home's days: caption vectors (W, D), text-only scores (W, K), labels (W,), times (W,)."""

    vectors: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.str_]
    middles_s: NDArray[np.float64]

    def only(self, rows: NDArray[np.int64]) -> "Side":
        """Some of the windows."""
        return Side(self.vectors[rows], self.scores[rows], self.labels[rows], self.middles_s[rows])

    @property
    def annotated(self) -> NDArray[np.bool_]:
        """(W,) whether a window has an activity."""
        return np.asarray(self.labels != NO_ACTIVITY, dtype=np.bool_)


@dataclass(frozen=True)
class CaptionHome:
    """A home to teach a student in.

    Attributes:
        name: What it is called in tables.
        labels: (K,) activities in the order of the columns of scores.
        train: Windows to learn from; their labels are for making skewed homes only, never for learning.
        test: Windows to score.
    """

    name: str
    labels: tuple[str, ...]
    train: Side
    test: Side

    def skewed(self, label: str, share: float, seed: int) -> "CaptionHome":
        """The same home with `share` of its annotated windows in one activity.

        Windows are left out at random on both sides, of the other activities or, where these are too
        few, of `label`; unannotated windows keep their ratio to annotated ones.
        """
        generator = np.random.default_rng(seed)
        sides = [_skew(side, label, share, generator) for side in (self.train, self.test)]
        name = f"{self.name}, {100 * share:.0f} % {label}"
        return replace(self, name=name, train=sides[0], test=sides[1])

    def most_frequent(self, n: int) -> list[str]:
        """The n labels with most training windows that a prompt can answer."""
        names, counts = np.unique(self.train.labels, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return [str(names[i]) for i in order if names[i] in self.labels][:n]


def simulated_home(layout: str, seed: int, days: int, workspace: Path) -> CaptionHome:
    """A simulated home in a shipped layout; the first half of its days trains, the second half tests."""
    settings = [
        f"home.name={layout}",
        f"home.simulate.days={days}",
        f"home.simulate.seed={seed}",
        "captions.style=baseline",
        "captions.n_captions=1",
        "sampling.overlap_train=0",
        "sampling.split.ratios=[0.5, 0, 0.5]",
    ]
    folder = workspace / f"{layout}_{seed}_{days}"
    return _home(f"{layout} seed {seed}", ROOT / "configs/pipelines/demo.yaml", settings, folder, "test")


def real_home(name: str, workspace: Path, *, scored: str = "val") -> CaptionHome:
    """A real home, or None without its log. Settings are chosen on its validation days (`scored`)."""
    root = data_root()
    if root is None or not (root / REAL_HOMES[name]).exists():
        raise FileNotFoundError(
            f"There is no log of {name}. Set DISCOVER_DATA to the folder of the real homes' logs."
        )
    settings = [f"home.log={root / REAL_HOMES[name]}"]
    return _home(name, ROOT / f"configs/pipelines/{name}.yaml", settings, workspace / name, scored)


def _home(name: str, config: Path, settings: list[str], folder: Path, scored: str) -> CaptionHome:
    chain = run_chain(config, settings, folder, only=DATA_STAGES)
    sampling = chain.data_folders.sampling
    data = EvaluationData(load_window_set(sampling), read_table(sampling / "labels.parquet", LABELS))
    vectors = load_embeddings(sampling / chain.data_folders.vectors_name)
    labels = tuple(a.label for a in data.home.activities if a.label not in _BACKGROUND)
    prompts = build_prompt_set(data.home, "described", labels) or build_prompt_set(data.home, "name", labels)
    assert prompts is not None
    encoder = build_text_encoder(chain.config.alignment.text_encoder)
    sentences = np.asarray(encoder.encode(prompts.sentences, kind="query"), dtype=np.float32)

    def side(split: str) -> Side:
        part = data.split(split, _BACKGROUND)
        own = mean_caption_vectors(vectors, part.ids)
        return Side(own, prompt_scores(own, sentences, prompts.owners), part.labels, part.middles_s)

    return CaptionHome(name, labels, side("train"), side(scored))


def _skew(side: Side, label: str, share: float, generator: np.random.Generator) -> Side:
    mine = np.flatnonzero(side.labels == label)
    others = np.flatnonzero(side.annotated & (side.labels != label))
    nothing = np.flatnonzero(~side.annotated)
    wanted = len(mine) * (1 - share) / share
    if wanted <= len(others):
        kept = [mine, _draw(others, round(wanted), generator)]
    else:
        kept = [_draw(mine, round(len(others) * share / (1 - share)), generator), others]
    ratio = sum(map(len, kept)) / (len(mine) + len(others))
    kept.append(_draw(nothing, round(ratio * len(nothing)), generator))
    return side.only(np.sort(np.concatenate(kept)))


def _draw(rows: NDArray[np.int64], n: int, generator: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(generator.permutation(rows)[:n], dtype=np.int64)
