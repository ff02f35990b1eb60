"""Who it was, learned from told windows as activities are: simulated homes of two.

    python -m benchmarks.quality.who [--simulated 6]

What decides whether `discover recognise` may name a person in windows that nobody told of.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.quality.any_home_skew import caption_vectors
from discover.core.embeddings import unit_rows
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import EventLog, WindowSet
from discover.pretraining.any_home import AnyHome
from discover.pretraining.lessons import AWAY, activity_names, window_shares
from discover.recognition.examples import learn_examples
from discover.sampling import sample_windows
from discover.sampling.config import SamplingConfig, SplitConfig
from discover.simulator import RandomLifeConfig, simulate_random
from discover.text_encoders import build_text_encoder
from discover.text_encoders.config import TextEncoderConfig
from discover.text_encoders.encoder import TextEncoder

SEEDS = range(9_100_000, 9_100_100)
DAYS, TAUGHT_DAYS, WINDOWS, DRAWS, STRETCH = 10, 6, 1_500, 3, 5
SURE = 0.75
_HEAD = (
    f"Simulated homes of two residents, {DAYS} days, at most {WINDOWS:,} one-minute windows, described "
    f"rightly. A window is of a person who caused at least {SURE:.0%} of its events, by the rooms where "
    "people were; others are not scored. Columns: windows of each person that are told, of the first "
    f"{TAUGHT_DAYS} days, at random or in stretches of {STRETCH} windows, {DRAWS} draws; accuracy / balanced "
    "accuracy on the other days. `recognition.learn_examples` on captions and shipped network, two classes, "
    "nothing known before. Majority: the person of most of the scored windows. Balanced: mean of both "
    "people's recall (chance .5)."
)

# Shape letters: W windows, D vector width.


def home_of_two(
    seed: int, network: AnyHome, encoder: TextEncoder
) -> tuple[str, NDArray[np.float32], NDArray[np.int64], NDArray[np.str_]]:
    """Kit, (W, D) unit vectors, the resident (W,; -1 where it is not clear) and the day (W,)."""
    life = simulate_random(RandomLifeConfig(seed=seed, days=DAYS, residents=2, metadata="right"))
    log = EventLog(life.home, life.events, empty_table(ANNOTATIONS))
    sampled = sample_windows(log, SamplingConfig(overlap_train=0, split=SplitConfig(ratios=(1, 0, 0))))
    events = life.events if sampled.events is None else sampled.events
    rows = np.random.default_rng(seed).permutation(len(sampled.windows))[:WINDOWS]
    windows = sampled.windows[np.sort(rows).tolist()]
    names = activity_names()
    # Each person's activities at home count as one activity of their own, so that shares are of people.
    own = [name for name in names if name != AWAY and not name.startswith("out_")]
    people = sorted(life.truth["resident"].unique().to_list())
    out = pl.col("activity").str.starts_with("out_") | (pl.col("activity") == AWAY)
    mine = pl.col("resident").replace_strict(people, own[: len(people)], return_dtype=pl.String)
    truth = life.truth.with_columns(pl.when(out).then("activity").otherwise(mine).alias("activity"))
    ends = windows.with_columns(last_event=pl.col("first_event") + pl.col("n_events") - 1)
    shares = window_shares(events, ends, truth, life.true_home)[
        :, [names.index(n) for n in own[: len(people)]]
    ]
    who = np.where(shares.max(axis=1) >= SURE, np.array(people)[shares.argmax(axis=1)], -1)
    window_set = WindowSet.of(life.home, events, windows)
    read = network.embed(window_set, encoder.encode)
    vectors = network.beside_captions(read, caption_vectors(window_set, encoder))
    days = windows["start"].dt.strftime("%Y-%m-%d").to_numpy().astype(np.str_)
    return str(life.facts["kit"]), unit_rows(vectors), who.astype(np.int64), days


def drawn(mine: NDArray[np.int64], told: int, stretches: bool, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows that are told, of those of one person."""
    if not stretches:
        return rng.permutation(mine)[:told]
    starts = rng.integers(0, len(mine) - STRETCH, size=told // STRETCH)
    return np.unique(np.concatenate([mine[s : s + STRETCH] for s in starts]))


def main() -> None:
    """Measure and write benchmarks/results/who.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--simulated", type=int, default=6, help="Simulated homes.")
    network, encoder = AnyHome.load(), build_text_encoder(TextEncoderConfig(type="minilm"))
    rows: list[tuple[object, ...]] = []
    scores: dict[str, list[tuple[float, float, float]]] = {}
    for seed in SEEDS[: parser.parse_args().simulated]:
        kit, vectors, who, days = home_of_two(seed, network, encoder)
        taught = days < np.unique(days)[TAUGHT_DAYS]
        test = ~taught & np.isin(who, (0, 1))
        majority = max(float((who[test] == person).mean()) for person in (0, 1))
        cells = []
        for told, stretches in (
            (5, False),
            (20, False),
            (100, False),
            (WINDOWS, False),
            (5, True),
            (20, True),
        ):
            found = []
            for draw in range(DRAWS if told < WINDOWS else 1):
                rng = np.random.default_rng([draw, told])
                each = [drawn(np.flatnonzero(taught & (who == k)), told, stretches, rng) for k in (0, 1)]
                examples, codes = np.concatenate(each), np.repeat([0, 1], [len(e) for e in each])
                none = np.zeros((len(vectors), 2))
                learned = learn_examples(vectors[examples], codes, vectors, none[examples], none)
                right = (vectors @ learned).argmax(axis=1) == who
                balanced = np.mean([right[test & (who == k)].mean() for k in (0, 1)])
                found.append((float(right[test].mean()), float(balanced)))
            accuracy, balanced = np.mean(found, axis=0)
            name = f"{'all' if told == WINDOWS else told}{' in stretches' if stretches else ''}"
            scores.setdefault(name, []).append((majority, accuracy, balanced))
            cells.append(f"{accuracy:.3f} / {balanced:.3f}")
        rows.append((f"{seed} ({kit})", int(test.sum()), f"{majority:.3f}", *cells))
    means = {name: np.mean(values, axis=0) for name, values in scores.items()}
    majority = next(iter(means.values()))[0]
    rows.append(("mean", "", f"{majority:.3f}", *(f"{a:.3f} / {b:.3f}" for _, a, b in means.values())))
    columns = ("home", "windows", "majority", *(f"{name} told" for name in means))
    table = markdown_table(columns, rows)
    text = f"{_HEAD} Network {network.sha256[:12]}.\n\n{table}"
    print(f"Wrote {write_result('who', 'python -m benchmarks.quality.who', text)}")


if __name__ == "__main__":
    main()
