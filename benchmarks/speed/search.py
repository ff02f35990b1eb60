"""Search: milliseconds per query of the index beside plain NumPy and FAISS Flat, and of a whole question.

    python -m benchmarks search -- --sizes 10000 100000 1000000 --queries 50

Unit vectors around 500 centres (random directions have no neighbourhoods, which no real log looks like), one
query at a time, top 10. The sides take turns within one run (A B A B ...), so a slow phase of the machine
meets all of them; ratios are what counts. "Index.search" builds hits, with and without a filter; the other
sides return row numbers. The whole question is a sentence in, moments out: text encoding by the packaged
MiniLM, a projection to the width of the index, conditions of the sentence (parsed, and scored on made-up
activations of a shipped home, five sensors per window), search, merging, and episodes of an event stream of
ten activations per window where the sentence names some; loading the text model is not in it.
FAISS is the `ann` extra.
"""

import argparse
import datetime as dt
import time
from collections.abc import Callable
from itertools import cycle

import numpy as np
import polars as pl

from benchmarks.harness import markdown_table
from discover.core.home import Home
from discover.homes import load_home
from discover.query import WindowTimes, match_query, parse_question
from discover.retrieval import (
    Activations,
    Asked,
    Index,
    IndexConfig,
    SearchFilters,
    faiss_installed,
    rank_answers,
)
from discover.retrieval.episodes import EventStream
from discover.serving.episode_search import HomeMoments, episodes_first, find_episodes, names_episode
from discover.serving.home_lexicon import home_lexicon
from discover.serving.occurrences import Occurrences
from discover.text_encoders import TextEncoderConfig, build_text_encoder

TOP_K = 10
ANN_FROM = 100_000
SENTENCES = (
    "someone opens the fridge",
    "someone walks from the bedroom to the bathroom at night",
    "someone cooks at the stove in the morning",
    "the front door is opened after 22:00 on weekends",
    "someone sits in the living room for a long time in the evening",
    "in the kitchen without opening any cupboard, drawer or fridge",
    "restless walking back and forth between rooms",
    "someone walks around without going into the kitchen or the bathroom",
    "sat in the living room for half an hour",
    "nobody in the kitchen all day",
    "up three times in the night",
    "went out for more than an hour",
    "from the bedroom to the bathroom and then to the kitchen",
)
"""The last five name episodes."""


def make_index(n: int, dim: int) -> tuple[Index, np.ndarray]:
    """n windows, one a minute in two rooms, and their float32 vectors after float16 storage."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((500, dim), dtype=np.float32)
    vectors = np.empty((n, dim), dtype=np.float16)
    for begin in range(0, n, 100_000):
        count = min(100_000, n - begin)
        block = centres[rng.integers(500, size=count)]
        block += 0.7 * rng.standard_normal((count, dim), dtype=np.float32)
        vectors[begin : begin + count] = block / np.linalg.norm(block, axis=1, keepdims=True)
    start = pl.Series("start", np.arange(n) * 60_000_000).cast(pl.Datetime("us"))
    facts = pl.DataFrame({"number": np.arange(n), "start": start}).select(
        window_id=pl.lit("w") + pl.col("number").cast(pl.String),
        home=pl.lit("bench"),
        split=pl.lit("test"),
        start="start",
        end=pl.col("start") + pl.duration(seconds=50),
        first_event=pl.col("number") * 20,
        n_events=pl.lit(20, pl.Int64),
        rooms=pl.concat_list(
            pl.lit("hall"),
            pl.when(pl.col("number") % 5 == 0).then(pl.lit("kitchen")).otherwise(pl.lit("bedroom")),
        ),
        objects=pl.concat_list(pl.lit("fridge")),
    )
    return Index(vectors, facts, "bench"), vectors.astype(np.float32)


def make_activations(n: int, home: Home) -> Activations:
    """Activations of n windows, each with events of five sensors of a home."""
    rng = np.random.default_rng(3)
    sensors = tuple(s.id for s in home.sensors)
    window = np.repeat(np.arange(n, dtype=np.int32), 5)
    sensor = np.sort((rng.integers(len(sensors), size=(n, 1)) + np.arange(5) * 3) % len(sensors)).ravel()
    order = np.argsort(sensor, kind="stable")
    at = np.tile(np.arange(5, dtype=np.int16), n)[order]
    small = rng.integers(0, 5, size=n).astype(np.int16)
    length = rng.uniform(0, 60, size=n).astype(np.float32)
    return Activations(
        sensors=sensors,
        offset=np.append(0, np.cumsum(np.bincount(sensor, minlength=len(sensors)))).astype(np.int64),
        window=window[order],
        begins=rng.integers(1, 4, size=5 * n).astype(np.int16),
        ends=rng.integers(0, 2, size=5 * n).astype(np.int16),
        first_at=at,
        last_at=at,
        first_sensor=sensor[::5].astype(np.int16),
        last_sensor=sensor[4::5].astype(np.int16),
        n_activations=np.full(n, 10, dtype=np.int32),
        duration_s=length,
        pause_s=length / 3,
        before_s=length,
        after_s=length,
        n_rooms=small,
        n_moves=2 * small,
        stay_s=10 * length,
    )


def make_stream(n: int, home: Home) -> EventStream:
    """Ten activations per window of a minute, which stay with one sensor for a while and walk on."""
    rng = np.random.default_rng(4)
    rooms = tuple(sorted({s.room for s in home.sensors}))
    sensors = tuple(s.id for s in home.sensors)
    time_s = np.sort(rng.uniform(0, 60 * n, size=10 * n))
    sensor = np.repeat(rng.integers(len(sensors), size=n // 3 + 1), 30)[: 10 * n]
    room = np.array([rooms.index(s.room) for s in home.sensors])[sensor]
    ends = np.zeros(len(time_s), dtype=bool)
    return EventStream(
        home, time_s, sensor, room, sensors, rooms, time_s, sensor, ends, float(time_s[0]), float(time_s[-1])
    )


def make_queries(n: int, vectors: np.ndarray) -> np.ndarray:
    """Unit queries (n, P) near windows, as far from them as windows of one centre are from each other."""
    rng = np.random.default_rng(1)
    queries = vectors[rng.integers(len(vectors), size=n)]
    queries = queries + 0.7 * rng.standard_normal(queries.shape, dtype=np.float32) / np.sqrt(vectors.shape[1])
    return np.asarray(queries / np.linalg.norm(queries, axis=1, keepdims=True))


def sides(index: Index, lists: Index | None, plain: np.ndarray) -> dict[str, Callable[[np.ndarray], object]]:
    """Name -> function of one unit query (P,). FAISS Flat, where it is installed, comes first: the base."""
    found: dict[str, Callable[[np.ndarray], object]] = {}
    if faiss_installed():
        import faiss

        flat = faiss.IndexFlatIP(plain.shape[1])
        flat.add(plain)
        found["FAISS Flat"] = lambda q: flat.search(q[None, :], TOP_K)[1][0]

    def numpy_search(query: np.ndarray) -> object:
        scores = plain @ query
        best = np.argpartition(scores, -TOP_K)[-TOP_K:]
        return best[np.argsort(-scores[best])]

    filters = SearchFilters(rooms=("kitchen",), hours=(22, 5))
    found |= {
        "numpy matmul + argpartition": numpy_search,
        "Index.top_rows, exact": lambda q: index.top_rows(q, TOP_K)[0][0],
        "Index.search, exact": lambda q: index.search(q, TOP_K),
        "Index.search, exact, room and hours": lambda q: index.search(q, TOP_K, filters=filters),
    }
    if lists is not None:
        found["Index.top_rows, faiss"] = lambda q: lists.top_rows(q, TOP_K)[0][0]
        found["Index.search, faiss"] = lambda q: lists.search(q, TOP_K)
    return found


def time_sides(contenders: dict[str, Callable[[np.ndarray], object]], queries: np.ndarray) -> str:
    """Each query asked of every side in turn; a table of milliseconds."""
    for search in contenders.values():
        search(queries[0])
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for query in queries:
        for name, search in contenders.items():
            begin = time.perf_counter()
            search(query)
            times[name].append(1000 * (time.perf_counter() - begin))
    base_name = next(iter(contenders))
    base = np.array(times[base_name])
    rows = []
    for name, values in times.items():
        ratio = np.array(values) / base
        p50, p99 = np.percentile(values, [50, 99])
        spread = f"{np.median(ratio):.2f} ({ratio.min():.2f}–{ratio.max():.2f})"
        rows.append((name, f"{p50:.2f}", f"{p99:.2f}", spread))
    return markdown_table(("side", "p50 ms", "p99 ms", f"median ratio to {base_name} (range)"), rows)


def recall(found: Index, index: Index, queries: np.ndarray) -> float:
    """Share of the exact ten that `found` finds."""
    rows, wanted = found.top_rows(queries, TOP_K)[0], index.top_rows(queries, TOP_K)[0]
    return float(np.mean([len(set(a) & set(b)) / TOP_K for a, b in zip(rows, wanted, strict=True)]))


def time_questions(index: Index, questions: int) -> tuple[float, float, float]:
    """p50, p95 and p99 in milliseconds of a sentence in and moments out, episodes where it names some."""
    encoder = build_text_encoder(TextEncoderConfig(type="minilm"))
    project = np.random.default_rng(2).standard_normal((encoder.dim, index.dim), dtype=np.float32)
    home = load_home("bosch_b2")
    lexicon, activations = home_lexicon(home), make_activations(len(index), home)
    times = WindowTimes(index.week_minutes)
    happened = Occurrences(make_stream(len(index), home), lexicon)
    now = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=happened.stream.last_s)
    times_of_events = pl.DataFrame({"time": (happened.stream.time_s * 1e6).astype("datetime64[us]")})
    moments = HomeMoments.of(
        index, happened, times_of_events, lambda texts: encoder.encode(texts, kind="query") @ project, now
    )
    spent = []
    for i, sentence in zip(range(questions + 5), cycle(SENTENCES), strict=False):
        # A number, so that no two questions are the same text.
        text = f"{sentence}, question {i}"
        begin = time.perf_counter()
        words = parse_question(text, lexicon, now)
        query = encoder.encode([words.embedded], kind="query") @ project
        match = match_query(words, "prefer", lexicon, activations, times) if words.count else None
        found = rank_answers(index, [Asked(query, None, match.bonus if match else None)], TOP_K)
        if names_episode(words):
            episodes = find_episodes(words, moments, index, query, TOP_K)
            episodes_first(episodes, list(found), TOP_K)
        spent.append(1000 * (time.perf_counter() - begin))
    p50, p95, p99 = np.percentile(spent[5:], [50, 95, 99]).tolist()
    return p50, p95, p99


def main() -> None:
    """Print one table per size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--questions", type=int, default=200)
    arguments = parser.parse_args()
    print(f"{arguments.queries} queries, top {TOP_K}; {arguments.questions} whole questions.")
    for n in arguments.sizes:
        index, plain = make_index(n, arguments.dim)
        queries = make_queries(arguments.queries, plain)
        print(f"\n## {n:,} x {arguments.dim}\n")
        lists = None
        if n >= ANN_FROM and faiss_installed():
            begin = time.perf_counter()
            lists = index.with_backend(IndexConfig(backend="faiss"))
            built = time.perf_counter() - begin
            print(
                f"FAISS lists built in {built:.0f} s: {lists.search_note}; "
                f"on the queries below {recall(lists, index, queries):.3f}.\n"
            )
        print(time_sides(sides(index, lists, plain), queries))
        p50, p95, p99 = time_questions(index, arguments.questions)
        print(f"\nWhole question, exact: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms.")
        if lists is not None:
            p50, p95, p99 = time_questions(lists, arguments.questions)
            print(f"Whole question, faiss: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms.")


if __name__ == "__main__":
    main()
