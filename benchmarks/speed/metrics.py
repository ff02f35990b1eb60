"""Time and memory of the metrics on pools of growing size, beside the obvious N x N way.

python -m benchmarks.speed.metrics [--sizes 2000 10000 40000] [--rounds 5]
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import markdown_table, time_pairs
from discover.metrics import (
    alignment_health,
    bootstrap_interval,
    bootstrap_scores,
    cosine_top_k,
    label_precision_at_k,
    macro_f1,
    retrieval_scores,
)

__all__ = ["run"]

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
    options = parser.parse_args(arguments)
    run(options.sizes, options.rounds)


if __name__ == "__main__":
    main()
