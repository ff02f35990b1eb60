"""Search: milliseconds per query of the index against plain NumPy (and FAISS Flat where installed).

    python benchmarks/speed/search.py --sizes 10000 100000 1000000

Random unit vectors, one query at a time, top 10. The sides take turns within one run (A B A B ...), so a
slow phase of the machine meets all of them; ratios are what counts. "end to end" is `Index.search`
with hits built, with and without a filter; the others return row numbers. Pin threads with
OMP_NUM_THREADS; FAISS is the `ann` extra.
"""

import argparse
import importlib.util
import os
import platform
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from discover.retrieval import Index, SearchFilters

TOP_K = 10


def make_index(n: int, dim: int) -> tuple[Index, np.ndarray]:
    """n windows, one a minute in two rooms, and their float32 vectors after float16 storage."""
    rng = np.random.default_rng(0)
    vectors = np.empty((n, dim), dtype=np.float16)
    for begin in range(0, n, 100_000):
        block = rng.standard_normal((min(100_000, n - begin), dim), dtype=np.float32)
        vectors[begin : begin + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
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


def sides(index: Index, plain: np.ndarray) -> dict[str, Callable[[np.ndarray], object]]:
    """Name -> function of one unit query (P,)."""

    def numpy_search(query: np.ndarray) -> object:
        scores = plain @ query
        best = np.argpartition(scores, -TOP_K)[-TOP_K:]
        return best[np.argsort(-scores[best])]

    filters = SearchFilters(rooms=("kitchen",), hours=(22, 5))
    found: dict[str, Callable[[np.ndarray], object]] = {
        "numpy matmul + argpartition": numpy_search,
        "Index.top_rows": lambda q: index.top_rows(q, TOP_K)[0][0],
        "Index.search, end to end": lambda q: index.search(q, TOP_K),
        "Index.search, room and hours": lambda q: index.search(q, TOP_K, filters=filters),
    }
    if importlib.util.find_spec("faiss") is not None:
        import faiss

        flat = faiss.IndexFlatIP(plain.shape[1])
        flat.add(plain)
        found["FAISS Flat"] = lambda q: flat.search(q[None, :], TOP_K)[1][0]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--queries", type=int, default=50)
    arguments = parser.parse_args()
    threads = os.environ.get("OMP_NUM_THREADS", "unset")
    print(
        f"numpy {np.__version__}, {platform.machine()}, {os.cpu_count()} cores, OMP_NUM_THREADS={threads}, "
        f"{arguments.queries} queries, top {TOP_K}"
    )
    for n in arguments.sizes:
        index, plain = make_index(n, arguments.dim)
        queries = np.random.default_rng(1).standard_normal(
            (arguments.queries, arguments.dim), dtype=np.float32
        )
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        contenders = sides(index, plain)
        for search in contenders.values():
            search(queries[0])
        times: dict[str, list[float]] = {name: [] for name in contenders}
        same = []
        for query in queries:
            for name, search in contenders.items():
                begin = time.perf_counter()
                search(query)
                times[name].append(1000 * (time.perf_counter() - begin))
            rows = set(index.top_rows(query, TOP_K)[0][0].tolist())
            same.append(
                len(rows & set(np.asarray(contenders["numpy matmul + argpartition"](query)).tolist())) / TOP_K
            )
        base = np.array(times["numpy matmul + argpartition"])
        print(f"\n{n:,} x {arguments.dim}; recall against plain NumPy {np.mean(same):.4f}")
        print("| side | p50 ms | p99 ms | median ratio to NumPy (range) |\n| --- | ---: | ---: | ---: |")
        for name, values in times.items():
            ratio = np.array(values) / base
            p50, p99 = np.percentile(values, [50, 99])
            spread = f"{np.median(ratio):.2f} ({ratio.min():.2f}–{ratio.max():.2f})"
            print(f"| {name} | {p50:.2f} | {p99:.2f} | {spread} |")


if __name__ == "__main__":
    main()
