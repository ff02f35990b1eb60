"""Search and recognition of raw logs: how captions are worded, and the share of the shipped network.

    python -m benchmarks.quality.raw_search

nDCG@10 of the query sets (rules over events), and of everyday activities against what the simulated people
truly did; accuracy and macro F1 of the same activities. Choices are made on simulated homes alone.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import ROOT, BenchmarkParser, data_root, markdown_table, write_result
from benchmarks.quality.any_home_skew import LABELS, label_prompts
from benchmarks.quality.caption_homes import REAL_HOMES
from benchmarks.queries import WindowView, grade_queries, load_queries
from discover.captions import CaptionConfig, caption_windows
from discover.core.embeddings import unit_rows
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes import import_log, load_home
from discover.homes.activity_labels import activity_for
from discover.metrics import ndcg_at_k
from discover.metrics.classification import classification_scores
from discover.pretraining.any_home import AnyHome
from discover.pretraining.lessons import activity_names, window_shares
from discover.query import WindowTimes, match_query, parse_question
from discover.recognition import place_prompts, prompt_scores
from discover.retrieval import build_activations
from discover.retrieval.day_clock import week_minutes
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.serving.home_lexicon import home_lexicon
from discover.simulator import RandomLife, RandomLifeConfig, SimulatorConfig, simulate_log, simulate_random
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

STYLES = (("baseline", 4), ("baseline", 1), ("short", 2))
"""Style and number of captions; the first is what a run of the chain takes."""
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Share of the network's cosine; the rest is that of the captions."""
LAYOUTS = ("demo", "aruba")
SEEDS = range(9_100_000, 9_100_006)
DAYS, WINDOWS = 7, 300
_K = 10
_NETWORK_TEXTS = ("drawn to the bank", "as it is")
"""How a sentence meets the network: `AnyHome.project_text`, or the sentence's own vector."""


@dataclass(frozen=True)
class Asked:
    """One set of questions in one home.

    Attributes:
        scores: (style, text of the network, query words, share) -> nDCG@10.
    """

    home: str
    simulated: bool
    questions: str
    n: int
    scores: Mapping[tuple[str, str, bool, float], float]


@dataclass(frozen=True)
class Told:
    """Accuracy and macro F1 in one simulated home, by (style, share)."""

    home: str
    scores: Mapping[tuple[str, float], tuple[float, float]]


def cut(log: EventLog, seed: int) -> WindowSet:
    """Windows as a raw log gets them, at most `WINDOWS` of them."""
    sampled = sample_windows(log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0))))
    rows = np.random.default_rng(seed).permutation(len(sampled.windows))[:WINDOWS]
    events = log.events if sampled.events is None else sampled.events
    return WindowSet.of(log.home, events, sampled.windows[np.sort(rows).tolist()])


def ask_home(
    windows: WindowSet,
    name: str,
    encoder: TextEncoder,
    network: AnyHome,
    life: RandomLife | None,
    *,
    real: bool,
) -> tuple[list[Asked], Told | None]:
    """Every set of questions asked of one home, and its activities recognised where the truth is known."""
    sides = {f"{style} × {n}": caption_means(windows, style, n, encoder) for style, n in STYLES}
    read = network.embed(windows, encoder.encode)
    found = []
    for questions in ("main", "held_out"):
        queries = load_queries(questions)
        graded = grade_queries(queries.queries, WindowView(windows, queries.concepts))
        if len(graded.queries):
            texts = [q.text for q in graded.queries]
            scores = _scores(texts, graded.grades, windows, sides, read, encoder, network)
            found.append(Asked(name, not real, questions, len(texts), scores))
    if life is None:
        return found, None
    shares = true_shares(windows, life)
    texts, grades = _truth(shares)
    scores = _scores(texts, grades, windows, sides, read, encoder, network)
    found.append(Asked(name, True, "activities by truth", len(texts), scores))
    return found, Told(name, _recognised(shares, sides, read, encoder, network))


def caption_means(windows: WindowSet, style: str, n: int, encoder: TextEncoder) -> NDArray[np.float32]:
    """(W, D) mean caption vector of each window."""
    table = caption_windows(windows, CaptionConfig(style=style, n_captions=n))
    rows = {w: i for i, w in enumerate(windows.windows["window_id"].to_list())}
    at = np.array([rows[w] for w in table["window_id"].to_list()])
    sums = np.zeros((len(rows), encoder.dim), dtype=np.float32)
    np.add.at(sums, at, encoder.encode(table["caption"].to_list()))
    return unit_rows(sums)


def _recognised(
    shares: NDArray[np.float64],
    sides: Mapping[str, NDArray[np.float32]],
    read: NDArray[np.float32],
    encoder: TextEncoder,
    network: AnyHome,
) -> dict[tuple[str, float], tuple[float, float]]:
    prompts = label_prompts()
    sentences = np.asarray(encoder.encode(prompts.sentences, kind="query"))
    placed = place_prompts(prompts, sentences, encoder.encode, network.project_text)
    kept = np.flatnonzero(shares.max(axis=1) >= 0.5)
    labels = np.array(list(LABELS))
    truth = labels[shares[kept].argmax(axis=1)]
    by_network = prompt_scores(read[kept], placed, prompts.owners)
    result = {}
    for name, told in sides.items():
        by_text = prompt_scores(told[kept], sentences, prompts.owners)
        for share in SHARES:
            best = ((1 - share) * by_text + share * by_network).argmax(axis=1)
            scores = classification_scores(truth, labels[best]).scores
            result[name, share] = (scores["accuracy"], scores["macro_f1"])
    return result


def _scores(
    texts: Sequence[str],
    grades: NDArray[np.int8],
    windows: WindowSet,
    sides: Mapping[str, NDArray[np.float32]],
    read: NDArray[np.float32],
    encoder: TextEncoder,
    network: AnyHome,
) -> dict[tuple[str, str, bool, float], float]:
    activations = build_activations(windows)[windows.home.name]
    minutes, lexicon = week_minutes(windows.windows["start"]), home_lexicon(windows.home)
    parsed = [parse_question(text, lexicon, windows.windows["start"].max()) for text in texts]
    times = WindowTimes(minutes)
    met = [match_query(p, "prefer", lexicon, activations, times).bonus if p.count else None for p in parsed]
    bonus = np.stack([np.zeros(len(read), dtype=np.float32) if b is None else b for b in met])
    result = {}
    for words in (False, True):
        said = [p.embedded for p in parsed] if words else list(texts)
        vectors = unit_rows(encoder.encode(said, kind="query"))
        for text in _NETWORK_TEXTS:
            by_network = (network.project_text(vectors) if text == _NETWORK_TEXTS[0] else vectors) @ read.T
            for name, told in sides.items():
                by_text = vectors @ told.T
                for share in SHARES:
                    total = (1 - share) * by_text + share * by_network + (bonus if words else 0)
                    ndcg = ndcg_at_k(total.astype(np.float64), grades, _K)
                    result[name, text, words, share] = float(ndcg.mean())
    return result


def true_shares(windows: WindowSet, life: RandomLife) -> NDArray[np.float64]:
    """(W, K) share of each window's events that each activity of `LABELS` caused."""
    table = windows.windows.with_columns(last_event=pl.col("first_event") + pl.col("n_events") - 1)
    covers = np.array(
        [[a in acts.split() for acts in LABELS.values()] for a in activity_names()], dtype=float
    )
    return np.asarray(window_shares(windows.events, table, life.truth, life.true_home) @ covers)


def _truth(shares: NDArray[np.float64]) -> tuple[list[str], NDArray[np.int8]]:
    """Sentences of everyday activities, and which windows they fill: 2 half of the events, 1 a quarter."""
    grades = np.where(shares >= 0.5, 2, np.where(shares >= 0.25, 1, 0)).astype(np.int8)
    texts, rows = [], []
    for column, label in enumerate(LABELS):
        if (grades[:, column] == 2).sum() >= 3 and (grades[:, column] > 0).mean() <= 0.6:
            for sentence in activity_for(label).described:
                texts.append(sentence)
                rows.append(grades[:, column])
    return texts, np.array(rows, dtype=np.int8).reshape(len(texts), len(shares))


def search_tables(found: Sequence[Asked]) -> str:
    """Means over homes of one kind and set of questions, by style and share."""
    parts = []
    for simulated, title in (
        (True, "Search, simulated homes (the choice)"),
        (False, "Search, real homes (a check)"),
    ):
        rows = []
        for questions in dict.fromkeys(a.questions for a in found):
            own = [a for a in found if a.simulated == simulated and a.questions == questions]
            for text, words, (style, n) in itertools.product(
                _NETWORK_TEXTS, (True, False), STYLES if own else ()
            ):
                name = f"{style} × {n}"
                values = [[a.scores[name, text, words, share] for share in SHARES] for a in own]
                lost = [sum(v[i] < v[0] - 0.01 for v in values) for i in range(len(SHARES))]
                means = zip(np.mean(values, axis=0), lost, strict=True)
                cells = [f"{m:.3f} ({n})" if n else f"{m:.3f}" for m, n in means]
                many = f"{sum(a.n for a in own)} in {len(own)} homes"
                rows.append((questions, many, text, "read" if words else "not read", name, *cells))
        columns = ("questions", "asked", "sentence meets network", "query words", "captions")
        parts += [f"## {title}", markdown_table((*columns, *(f"{s:.0%}" for s in SHARES)), rows)]
    return "\n\n".join(parts)


def recognition_table(found: Sequence[Told]) -> str:
    """Mean accuracy and macro F1 over homes, by style and share."""
    rows = []
    for style, n in STYLES:
        values = [[t.scores[f"{style} × {n}", share] for share in SHARES] for t in found]
        means = np.mean(values, axis=0)
        rows.append((f"{style} × {n}", *(f"{a:.3f} / {m:.3f}" for a, m in means)))
    return markdown_table(("captions", *(f"{s:.0%}" for s in SHARES)), rows)


def main() -> None:
    """Measure and write benchmarks/results/raw_search.md."""
    parser = BenchmarkParser(__doc__)
    parser.parse_args()
    network, encoder = AnyHome.load(), build_text_encoder(TextEncoderConfig(type="minilm"))
    asked: list[Asked] = []
    told: list[Told] = []
    for layout in LAYOUTS:
        home = load_home(layout)
        log = EventLog(
            home, simulate_log(home, SimulatorConfig(days=DAYS, seed=91)).events, empty_table(ANNOTATIONS)
        )
        asked += ask_home(cut(log, 91), layout, encoder, network, None, real=False)[0]
    for seed in SEEDS:
        life = simulate_random(RandomLifeConfig(seed=seed, days=DAYS, metadata="right", faults=False))
        windows = cut(EventLog(life.home, life.events, empty_table(ANNOTATIONS)), seed)
        name = f"random {seed} ({life.facts['kit']})"
        found, recognised = ask_home(windows, name, encoder, network, life, real=False)
        asked += found
        told += [] if recognised is None else [recognised]
        print(name, flush=True)
    root = data_root()
    for name, place in REAL_HOMES.items():
        if root is not None and (root / place).exists():
            log = import_log(root / place, home=load_home(name), name=name).log
            asked += ask_home(cut(log, 91), name, encoder, network, None, real=True)[0]
    body = "\n\n".join(
        (
            f"At most {WINDOWS} windows of a minute of each home, cut as a raw log is. Columns: share of the "
            "network's cosine; in brackets the homes that lose more than .01 against captions alone. "
            "Simulated: "
            f"{', '.join(LAYOUTS)} (seed 91) and random homes {SEEDS[0]}–{SEEDS[-1]}, {DAYS} days. "
            f"Bosch B2 is not asked. Network {network.sha256[:12]}.",
            search_tables(asked),
            "## Recognition of the true activity, random homes: accuracy / macro F1",
            recognition_table(told),
        )
    )
    path = write_result("raw_search", "python -m benchmarks.quality.raw_search", body)
    print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
