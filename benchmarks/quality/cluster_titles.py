"""When a cluster may be called by what is done in it: titles against the truth of simulated homes.

    python -m benchmarks.quality.cluster_titles

Windows of random homes are cut as a raw log is, clustered by k-means on captions, and recognised by captions
and the shipped network. A cluster would be named after the activity that most of its windows are recognised
as, where their share reaches a threshold; the name is right where most of its windows truly are of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home_skew import LABELS
from benchmarks.quality.raw_search import caption_means, cut, true_shares
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, window_middles_s
from discover.homes.activity_labels import activity_for
from discover.pretraining.any_home import AnyHome
from discover.recognition import UNKNOWN, PromptSet, Recogniser, RecognitionConfig, window_timeline
from discover.simulator import RandomLifeConfig, simulate_random
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

SEEDS = range(9_200_000, 9_200_010)
DAYS, CLUSTERS, FEWEST = 7, 20, 5
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WANTED = 0.8
"""Share of the given names that must be right."""


@dataclass(frozen=True)
class Named:
    """A cluster: share of windows recognised as its commonest activity, and whether that is true."""

    share: float
    right: bool
    windows: int


def clusters_of(seed: int, network: AnyHome, encoder: TextEncoder) -> list[Named]:
    """The clusters of one random home that hold at least `FEWEST` windows."""
    life = simulate_random(RandomLifeConfig(seed=seed, days=DAYS, metadata="right"))
    windows = cut(EventLog(life.home, life.events, empty_table(ANNOTATIONS)), seed)
    told = caption_means(windows, "short", 2, encoder)
    vectors = network.beside_captions(network.embed(windows, encoder.encode), told)
    activities = [activity_for(label) for label in LABELS]
    names = [a.label for a in activities]
    prompts = PromptSet("described", tuple(names), tuple(a.described for a in activities))
    recogniser = Recogniser(
        prompts,
        lambda texts: encoder.encode(texts, kind="query"),
        network.sentences_beside,
        RecognitionConfig(centring=0.0),
    ).fit(vectors, middles_s=window_middles_s(windows.windows))
    timeline = window_timeline(recogniser, vectors, windows.windows)
    answers = dict(zip(timeline["window_id"], timeline["activity"], strict=True))
    found = np.array([answers[w] for w in windows.windows["window_id"]])
    shares = true_shares(windows, life)
    truth = np.where(shares.max(axis=1) >= 0.5, np.array(names)[shares.argmax(axis=1)], "")
    clusters = KMeans(CLUSTERS, n_init=4, random_state=0).fit_predict(told)
    return [named for c in range(CLUSTERS) if (named := _named(found[clusters == c], truth[clusters == c]))]


def _named(found: NDArray[np.str_], truth: NDArray[np.str_]) -> Named | None:
    known = found[found != UNKNOWN]
    if len(found) < FEWEST or not len(known):
        return None
    names, counts = np.unique(known, return_counts=True)
    name = str(names[counts.argmax()])
    true_names, true_counts = np.unique(truth[truth != ""], return_counts=True)
    right = len(true_names) > 0 and str(true_names[true_counts.argmax()]) == name
    return Named(float(counts.max() / len(found)), right, len(found))


def main() -> None:
    """Measure and write benchmarks/results/cluster_titles.md."""
    parser = BenchmarkParser(__doc__)
    parser.parse_args()
    network, encoder = AnyHome.load(), build_text_encoder(TextEncoderConfig(type="minilm"))
    every: list[Named] = []
    for seed in SEEDS:
        every += clusters_of(seed, network, encoder)
        print(seed, len(every), flush=True)
    rows = []
    for threshold in THRESHOLDS:
        kept = [c for c in every if c.share >= threshold]
        right = np.mean([c.right for c in kept]) if kept else float("nan")
        rows.append((f"{threshold:.1f}", len(kept), f"{len(kept) / len(every):.0%}", f"{right:.2f}"))
    body = "\n\n".join(
        (
            f"{len(every)} clusters (k-means, k = {CLUSTERS}, of caption vectors) of {len(SEEDS)} random "
            f"homes, seeds {SEEDS[0]}–{SEEDS[-1]}, {DAYS} days. Share: windows recognised as the cluster's "
            "commonest activity, windows without an answer counted against it. Right: it is the commonest "
            "true activity of the cluster's windows too. Chosen: the lowest threshold at which "
            f"{WANTED:.0%} of the names are right.",
            markdown_table(("threshold", "named", "of all", "right"), rows),
        )
    )
    path = write_result("cluster_titles", "python -m benchmarks.quality.cluster_titles", body)
    print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
