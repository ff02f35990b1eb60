"""Time and memory of the metrics on pools of growing size, beside the obvious N x N way.

python -m benchmarks.speed.metrics [--sizes 2000 10000 40000] [--rounds 5]
python -m benchmarks.speed.metrics --evaluation 20000    # the whole evaluation, without the model
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.harness import markdown_table, time_pairs
from discover.core.embeddings import EmbeddingTable
from discover.core.window_set import WindowSet
from discover.evaluation import EvaluationConfig, EvaluationData, evaluate_recognition, evaluate_retrieval
from discover.homes import load_home
from discover.metrics import (
    alignment_health,
    bootstrap_interval,
    bootstrap_scores,
    cosine_top_k,
    label_precision_at_k,
    macro_f1,
    retrieval_scores,
)

__all__ = ["run", "run_evaluation"]

WIDTH = 256
DENSE_POOL = 4_000
"""Pool for the N x N way, which holds five matrices of that side."""


def run(sizes: Sequence[int] = (2_000, 10_000, 40_000), rounds: int = 5) -> dict[str, object]:
    """All tables; prints Markdown and returns the numbers."""
    result: dict[str, object] = {"width": WIDTH}
    rows: list[list[object]] = []
    for n in sizes:
        windows, captions, groups, labels = _pool(n)
        before = _peak_gb()
        timed = {
            "retrieval, one direction": _seconds(retrieval_scores, windows, captions, groups, groups),
            "label precision@100": _seconds(label_precision_at_k, windows, captions, labels, labels),
            "top 100": _seconds(cosine_top_k, windows, captions, 100),
            "alignment health": _seconds(alignment_health, windows, captions, groups),
        }
        grown = _peak_gb() - before
        result[f"n={n}"] = {**timed, "gb_grown": grown}
        rows.append([n, *timed.values(), grown])
    columns = ["pool", "retrieval s", "label precision s", "top 100 s", "health s", "peak GB grown"]
    print(f"Unit vectors of width {WIDTH}, as many queries as items\n\n{markdown_table(columns, rows)}\n")

    windows, captions, groups, _ = _pool(DENSE_POOL)
    pair = time_pairs(
        lambda: _dense_retrieval(windows, captions, groups),
        lambda: retrieval_scores(windows, captions, groups, groups),
        pairs=rounds,
    )
    result["dense_over_blocked"] = statistics.median(pair.ratios)
    print(f"N x N with argsort / blocked, {len(windows):,} windows: {pair.describe()}\n")

    rng = np.random.default_rng(0)
    days, truth, guess = rng.integers(0, 18, 20_000), rng.integers(0, 12, 20_000), rng.integers(0, 12, 20_000)
    fast = _seconds(lambda: bootstrap_scores(truth, guess, days, resamples=1000))
    plain = _seconds(lambda: bootstrap_interval(lambda r: macro_f1(truth[r], guess[r]), days, resamples=20))
    result["bootstrap"] = {"fast_1000_s": fast, "plain_1000_s": plain * 50}
    print(
        f"Bootstrap, 20,000 windows on 18 days, 1,000 resamples: {fast:.3f} s for the four scores by summed "
        f"confusion matrices; {plain * 50:.1f} s for macro F1 alone by drawing windows (from 20 resamples)."
    )
    return result


def run_evaluation(n: int) -> dict[str, float]:
    """Seconds of a whole evaluation of n made-up test windows without the model's forward pass.

    Retrieval: all directions, K = 10/50/100, both label levels, caption-only search, prompts. Recognition:
    all label-free rows of both prompt sets and both levels. 1,000 bootstrap samples of days everywhere.
    The rows trained with labels are left out: their time is the solver's.
    """
    data, encode = _study(n)
    config = EvaluationConfig(supervised=False)
    before = _peak_gb()
    started = time.perf_counter()
    evaluate_retrieval(data, project_text=lambda v: v, encode_text=encode, config=config)
    between = time.perf_counter()
    evaluate_recognition(data, encode_text=encode, project_text=lambda v: v, config=config)
    done = time.perf_counter()
    found = {
        "retrieval_s": between - started,
        "recognition_s": done - between,
        "total_s": done - started,
        "gb_grown": _peak_gb() - before,
    }
    print(
        f"Whole evaluation of {n:,} test windows, width {WIDTH}: "
        + ", ".join(f"{k} {v:.2f}" for k, v in found.items())
    )
    return found


def _study(n: int) -> tuple[EvaluationData, Callable[[list[str]], NDArray[np.float32]]]:
    """n test windows on 60 days and 1,000 training windows, vectors at random around their activity."""
    rng = np.random.default_rng(0)
    home = load_home("demo")
    labels = [a.label for a in home.activities]
    total = n + 1_000
    codes = rng.integers(0, len(labels), total)
    minutes = np.arange(total) * (60 * 24 * 60 // n)
    times = pl.Series(minutes * 60_000_000).cast(pl.Datetime("us"))
    events = pl.DataFrame({"time": times, "sensor": [home.sensors[0].id] * total}).with_columns(
        pl.col("sensor").cast(pl.Enum([s.id for s in home.sensors]))
    )
    ids = [f"w{i:06d}" for i in range(total)]
    split = ["test"] * n + ["train"] * 1_000
    first = np.arange(total)
    windows = pl.DataFrame(
        {
            "window_id": ids,
            "home": ["demo"] * total,
            "split": split,
            "first_event": first,
            "n_events": np.ones(total, np.int32),
            "start": times,
            "end": times,
        }
    )
    names = [labels[c] for c in codes]
    truth = pl.DataFrame(
        {"window_id": ids, "label": names, "segment": pl.Series([None] * total, dtype=pl.Int32)}
    )
    centres = rng.normal(size=(len(labels), WIDTH)).astype(np.float32)

    def near(scale: float) -> NDArray[np.float32]:
        return (centres[codes] + scale * rng.normal(size=(total, WIDTH))).astype(np.float32)

    window_ids = np.array(ids)
    captions = np.concatenate([near(2.0) for _ in range(4)])
    texts = pl.DataFrame(
        {
            "window_id": ids,
            "caption_index": pl.Series([0] * total, dtype=pl.Int16),
            "caption": [f"{name} {i // 3}" for i, name in enumerate(names)],
        }
    )
    data = EvaluationData(
        WindowSet.of(home, events, windows),
        truth,
        EmbeddingTable(near(1.5), window_ids, np.zeros(total, np.int16)),
        EmbeddingTable(captions, np.tile(window_ids, 4), np.repeat(np.arange(4, dtype=np.int16), total)),
        texts,
    )
    return (
        data,
        lambda sentences: np.random.default_rng(1).normal(size=(len(sentences), WIDTH)).astype(np.float32),
    )


def _pool(n: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(n)
    windows = rng.normal(size=(n, WIDTH)).astype(np.float32)
    captions = (windows + 3 * rng.normal(size=windows.shape)).astype(np.float32)
    return windows, captions, rng.integers(0, max(2, n // 2), n), rng.integers(0, 11, n)


def _dense_retrieval(
    windows: NDArray[np.float32], captions: NDArray[np.float32], groups: NDArray[np.int64]
) -> float:
    """All scores, argsort them, look up relevance: the way most code does it."""
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (windows, captions)]
    order = np.argsort(-(unit[0] @ unit[1].T), axis=1)
    relevant = groups[order] == groups[:, None]
    precision = relevant.cumsum(1) / np.arange(1, len(groups) + 1)
    return float(((precision * relevant).sum(1) / relevant.sum(1)).mean() + relevant.argmax(1).mean())


def _seconds(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 10_000, 40_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--evaluation", type=int, metavar="WINDOWS", help="Time a whole evaluation instead.")
    options = parser.parse_args(arguments)
    if options.evaluation:
        run_evaluation(options.evaluation)
        return
    run(options.sizes, options.rounds)


if __name__ == "__main__":
    main()
