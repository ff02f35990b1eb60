"""Everyday sentences searched in simulated homes: are the first ten answers the true moments?

    python -m benchmarks.quality.ranking                 development speakers, development seeds; no file
    python -m benchmarks.quality.ranking --held-out      held-out speakers, test seeds: writes ranking.md
    python -m benchmarks.quality.ranking --annotated     held-out speakers, homes with labels

A sentence counts where its reading (benchmarks/queries/everyday) names only things that the script of a home,
or its labels by labels.yaml, knows; the true moments are that reading answered from the script. An answer
gains 2 where it shares half of its time with a true moment (short ones: begins within 20 minutes of it), 1
where it lies inside a longer one; each true moment is credited once. Days of a reading are moved by whole
weeks to the end of the log.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, data_root, markdown_table, write_result
from benchmarks.quality.everyday import NOW, Sentence, load_sentences
from benchmarks.quality.raw_search import caption_means
from benchmarks.queries.annotated import annotated_occurrences
from benchmarks.queries.simulated import home_of_seed, scripted, true_occurrences
from discover.core.embeddings import EmbeddingTable
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.homes import import_log, load_home
from discover.pretraining.any_home import AnyHome
from discover.query import ParsedQuery, Thing, activities
from discover.retrieval import Index, SearchOptions
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.serving.moments import asks_of_nights, period_of, select_moments
from discover.serving.occurrences import Occurrences
from discover.serving.search import Searcher
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

DEVELOPMENT_SEEDS = range(3_200, 3_206)
TEST_SEEDS = range(6_000, 6_008)
DAYS, _K, _NEAR_S = 15, 10, 1_200.0
SIDES = ("rules alone", "rules, captions", "rules, network", "rules, captions, network")
UNITS = ("windows", "windows and episodes")


@dataclass(frozen=True)
class Asked:
    """One sentence in one home: nDCG@10 by (units, side)."""

    home: str
    speaker: str
    text: str
    kind: str
    scores: Mapping[tuple[str, str], float]


@dataclass
class Plain:
    """A space in which all windows are alike but for a trace of noise: only the rules rank."""

    dim: int = 8

    def windows(self, n: int) -> NDArray[np.float32]:
        """(n, D) vectors."""
        noise = np.random.default_rng(0).standard_normal((n, self.dim)).astype(np.float32)
        return np.eye(1, self.dim, dtype=np.float32) + 1e-3 * noise

    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, D) for any sentences."""
        return np.repeat(np.eye(1, self.dim, dtype=np.float32), len(vectors), axis=0)


class _AsItIs:
    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(vectors, dtype=np.float32)


@dataclass
class _Beside:
    network: AnyHome

    def project_text(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.network.sentences_beside(vectors)

    def project_moments(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.network.sentences_beside(vectors, captions=False)


def intended(
    reading: Mapping[str, Any], text: str, weeks: dt.timedelta, known: Callable[[Thing], bool] = scripted
) -> ParsedQuery | None:
    """The reading of a sentence as a query; None where something in it is not known."""
    if {"compare", "refused", "people"} & set(reading) or not {"find", "whether"} & set(
        str(reading.get("asks", "find")).split("|")
    ):
        return None
    chosen: dict[str, list[Thing]] = {}
    for key in ("what", "without"):
        needed = [entry for entry in reading.get(key, ()) if not entry.startswith("(")]
        things = [next((t for t in map(_thing, entry.split("|")) if known(t)), None) for entry in needed]
        if any(t is None for t in things):
            return None
        chosen[key] = [t for t in things if t is not None]
    if not (chosen["what"] or chosen["without"]):
        return None
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    values: dict[str, Any] = {
        "text": text,
        "wanted": chosen["what"],
        "unwanted": chosen["without"],
        "ordered": "order" in reading,
        "hours": [tuple(reading["hours"])] if "hours" in reading else (),
        "weekdays": tuple(names.index(day) for day in reading.get("weekdays", ())),
    }
    for key in ("lasts", "times"):
        if key in reading:
            values[key] = {"low": reading[key][0], "high": reading[key][1]}
    if "days" in reading:
        first, last = (dt.date.fromisoformat(d) + weeks for d in str(reading["days"]).split(".."))
        values["days"] = {"first": first, "last": last}
    return ParsedQuery.model_validate(values)


def _thing(name: str) -> Thing:
    rooms = ("kitchen", "bathroom", "bedroom", "living room", "hallway", "office", "entrance")
    kind = "activity" if name in activities() else "room" if name in rooms else "object"
    return Thing.model_validate({"kind": kind, "name": name})


def ask_simulated(
    seed: int, sentences: Sequence[Sentence], encoder: TextEncoder, network: AnyHome
) -> list[Asked]:
    """All sentences that have an answer in the home of one seed."""
    life, sensed = home_of_seed(seed, days=DAYS)
    log = EventLog(life.home, life.events, empty_table(ANNOTATIONS))
    return ask_home(str(seed), log, true_occurrences(life, sensed), scripted, sentences, encoder, network)


def ask_annotated(
    name: str, place: Path, sentences: Sequence[Sentence], encoder: TextEncoder, network: AnyHome
) -> list[Asked]:
    """The same in the last days of an annotated home."""
    log = import_log(place, home=load_home(name), name=name).log
    first = _last_wednesday(log.events["time"].max()) - dt.timedelta(days=DAYS)
    truly = annotated_occurrences(log)
    kept = EventLog(log.home, log.events.filter(pl.col("time") >= first), empty_table(ANNOTATIONS))
    recent = replace(truly, stream=annotated_occurrences(kept).stream)
    return ask_home(name, kept, recent, truly.knows, sentences, encoder, network)


def ask_home(
    name: str,
    log: EventLog,
    truly: Occurrences,
    known: Callable[[Thing], bool],
    sentences: Sequence[Sentence],
    encoder: TextEncoder,
    network: AnyHome,
) -> list[Asked]:
    """All sentences that have an answer in one home."""
    now = _last_wednesday(log.events["time"].max())
    weeks = dt.timedelta(days=(now.date() - NOW.date()).days)
    events = log.events.filter(pl.col("time") <= now)
    log = EventLog(log.home, events, log.annotations)
    sampled = sample_windows(log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0))))
    windows = WindowSet.of(log.home, events if sampled.events is None else sampled.events, sampled.windows)
    told, read = caption_means(windows, "short", 2, encoder), network.embed(windows, encoder.encode)
    plain = Plain()
    spaces: dict[str, tuple[Any, NDArray[np.float32]]] = {
        SIDES[0]: (plain, plain.windows(len(windows.windows))),
        SIDES[1]: (_AsItIs(), told),
        SIDES[2]: (network, read),
        SIDES[3]: (_Beside(network), network.beside_captions(read, told)),
    }
    searchers = {
        side: _searcher(windows, space, vectors, encoder, now) for side, (space, vectors) in spaces.items()
    }
    found = []
    for sentence in sentences:
        query = intended(sentence.reading, sentence.text, weeks, known)
        period = (
            None if query is None else period_of(query.days, truly.stream, now, nights=asks_of_nights(query))
        )
        if query is None or period is None:
            continue
        true = select_moments(query, truly, period).spans
        # The log ends at `now`: what is in the script after it cannot be found.
        true = true.where(true.begin_s <= _s(now))
        if not len(true):
            continue
        moments = np.stack([true.begin_s, true.end_s], axis=1)
        scores = {}
        for units, (side, searcher) in itertools.product(UNITS, searchers.items()):
            options = SearchOptions(top_k=_K, episodes=units == UNITS[1])
            hits = searcher.search(sentence.text, options).found
            scores[units, side] = ndcg([(_s(h.start), _s(h.end)) for h in hits], moments)
        found.append(Asked(name, sentence.speaker, sentence.text, sentence.kind, scores))
    return found


def _searcher(
    windows: WindowSet, space: Any, vectors: NDArray[np.float32], encoder: TextEncoder, now: dt.datetime
) -> Searcher:
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    table = EmbeddingTable(vectors, ids, np.zeros(len(ids), dtype=np.int16))
    index = Index.build(table, windows, model_sha256="ranking", dtype="float32")
    searcher = Searcher(space, index, encoder, windows, Path())
    searcher.__dict__["log_ends"] = {windows.home.name: now}
    return searcher


def _last_wednesday(end: Any) -> dt.datetime:
    day = end.date() - dt.timedelta(days=(end.weekday() - 2) % 7)
    return dt.datetime.combine(day, NOW.time())


def _s(time: dt.datetime) -> float:
    return (time - dt.datetime(1970, 1, 1)).total_seconds()


def ndcg(hits: Sequence[tuple[float, float]], true: NDArray[np.float64], k: int = _K) -> float:
    """nDCG@k of moments (begin, end) against true ones (M, 2); each true one is credited once."""
    credited = np.zeros(len(true), dtype=bool)
    total = 0.0
    for rank, (begin, end) in enumerate(hits[:k]):
        shared = np.minimum(true[:, 1], end) - np.maximum(true[:, 0], begin)
        union = np.maximum(true[:, 1], end) - np.minimum(true[:, 0], begin)
        short = np.minimum(true[:, 1] - true[:, 0], end - begin) < _NEAR_S
        similar = np.maximum(true[:, 1] - true[:, 0], end - begin) < 3 * _NEAR_S
        near = short & similar & (np.abs(true[:, 0] - begin) <= _NEAR_S)
        same = (shared >= 0.5 * union) & (union > 0) | near
        inside = shared >= 0.9 * max(end - begin, 1.0)
        gain = np.where(credited, 0, np.where(same, 3, np.where(inside, 1, 0)))
        best = int(gain.argmax())
        if gain[best]:
            credited[best] = True
            total += gain[best] / np.log2(rank + 2)
    return total / (3 / np.log2(np.arange(min(k, len(true))) + 2)).sum()


def table(asked: Sequence[Asked]) -> str:
    """nDCG@10 of all sides, and what vectors and episodes add."""
    rows = [
        (units, *(f"{np.mean([a.scores[units, side] for a in asked]):.3f}" for side in SIDES))
        for units in UNITS
    ]
    kinds = sorted({a.kind for a in asked})
    by_kind = [
        (kind, len(own), *(f"{np.mean([a.scores[units, SIDES[-1]] for a in own]):.3f}" for units in UNITS),
         f"{np.mean([a.scores[UNITS[1], SIDES[0]] for a in own]):.3f}")
        for kind in kinds for own in ([a for a in asked if a.kind == kind],)
    ]  # fmt: skip
    pairs = [(UNITS[1], side, SIDES[0]) for side in SIDES[1:]]
    gaps = [f"- {units}: {a} minus {b}: {_gap(asked, (units, a), (units, b))}" for units, a, b in pairs]
    gaps.append(
        f"- {SIDES[-1]}: windows and episodes minus windows: "
        f"{_gap(asked, (UNITS[1], SIDES[-1]), (UNITS[0], SIDES[-1]))}"
    )
    n_texts, n_homes = len({a.text for a in asked}), len({a.home for a in asked})
    head = f"{len(asked)} questions: {n_texts} sentences in {n_homes} homes."
    return "\n\n".join(
        (
            head,
            markdown_table(("nDCG@10", *SIDES), rows),
            "Differences, 95 % interval by bootstrap over sentences and homes; * excludes 0.",
            "\n".join(gaps),
            markdown_table(("type", "questions", *UNITS, "rules alone, with episodes"), by_kind),
        )
    )


def _gap(asked: Sequence[Asked], a: tuple[str, str], b: tuple[str, str]) -> str:
    texts, seeds = (sorted({key(x) for x in asked}) for key in (lambda x: x.text, lambda x: x.home))
    cells = np.full((len(texts), len(seeds)), np.nan)
    for one in asked:
        cells[texts.index(one.text), seeds.index(one.home)] = one.scores[a] - one.scores[b]
    rng = np.random.default_rng(0)
    drawn = [
        np.nanmean(
            cells[rng.integers(len(texts), size=len(texts))][:, rng.integers(len(seeds), size=len(seeds))]
        )
        for _ in range(2000)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{np.nanmean(cells):+.3f} [{low:+.3f}, {high:+.3f}]{' *' if low > 0 or high < 0 else ''}"


ANNOTATED = {
    "bosch_b2": "casas/bosch_b2/data.gz",
    "ordonez_a": "uci_adl_binary/ordonezA",
    "van_kasteren_a": "van_kasteren/houseA",
}


def main() -> None:
    """Ask, and write benchmarks/results/ranking.md or ranking_annotated.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--held-out", action="store_true", help="Held-out speakers and unseen seeds.")
    parser.add_argument("--annotated", action="store_true", help="Held-out speakers and annotated homes.")
    parser.add_argument("--homes", type=int, default=99, help="At most so many homes.")
    arguments = parser.parse_args()
    held_out = arguments.held_out or arguments.annotated
    sentences = load_sentences("held_out" if held_out else "development")
    network, encoder = AnyHome.load(), build_text_encoder(TextEncoderConfig(type="minilm"))
    asked: list[Asked] = []
    seeds, root = TEST_SEEDS if held_out else DEVELOPMENT_SEEDS, data_root()
    for seed in () if arguments.annotated else seeds[: arguments.homes]:
        asked += ask_simulated(seed, sentences, encoder, network)
        print(seed, len(asked), flush=True)
    for name, place in ANNOTATED.items() if arguments.annotated and root is not None else ():
        asked += ask_annotated(name, root / place, sentences, encoder, network)
        print(name, len(asked), flush=True)
    homes = "annotated homes" if arguments.annotated else f"one person, seeds {seeds[0]}–{seeds[-1]}"
    body = (
        f"Homes: {homes}; {DAYS} days; network {network.sha256[:12]}. "
        f"*Windows*: as a search answered before it knew episodes.\n\n{table(asked)}"
    )
    if arguments.annotated:
        each = {name: [a for a in asked if a.home == name] for name in ANNOTATED}
        body += "\n\n" + "\n\n".join(f"## {name}\n\n{table(own)}" for name, own in each.items() if own)
    print(body)
    if held_out:
        name = "ranking_annotated" if arguments.annotated else "ranking"
        option = "--annotated" if arguments.annotated else "--held-out"
        print(f"Wrote {write_result(name, f'python -m benchmarks.quality.ranking {option}', body)}")
        return
    worst = sorted(asked, key=lambda x: x.scores[UNITS[1], SIDES[-1]])
    for text in dict.fromkeys(x.text for x in worst):
        own = [x for x in asked if x.text == text]
        cells = [
            f"{np.mean([x.scores[u, s] for x in own]):.2f}" for u in UNITS for s in (SIDES[0], SIDES[-1])
        ]
        print(f"{' '.join(cells)} {len(own)} {text}")


if __name__ == "__main__":
    main()
