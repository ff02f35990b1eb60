"""Clustering at scale: seconds and peak memory of `SCANClusterer` and k-means on synthetic window vectors.

    OMP_NUM_THREADS=2 python -m benchmarks.speed.clustering --windows 1000000

Unit vectors around 40 centres, 256 wide. SCAN mines neighbours and trains on `max_fit_windows` of them
(100,000 by default, drawn at random: exact mining among a million would compare 10^12 pairs) and assigns
all; k-means runs on the same share. Both include assigning every window.
"""

import time

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import BenchmarkParser, markdown_table, peak_rss_gb, write_result
from discover.clustering import KMeansClusterer, SCANClusterer, SCANConfig


def synthetic(n: int, dim: int, centres: int = 40) -> NDArray[np.float16]:
    """(n, dim) unit vectors as an index stores them."""
    rng = np.random.default_rng(0)
    middle = rng.standard_normal((centres, dim), dtype=np.float32)
    vectors = np.empty((n, dim), dtype=np.float16)
    for begin in range(0, n, 100_000):
        size = min(100_000, n - begin)
        block = middle[rng.integers(0, centres, size)] + rng.standard_normal((size, dim), dtype=np.float32)
        vectors[begin : begin + size] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return vectors


def measure(n: int, dim: int, k: int, fit_windows: int) -> list[tuple[object, ...]]:
    """One row per method: seconds to fit, seconds to assign, clusters used, peak memory."""
    vectors = synthetic(n, dim)
    begin = np.arange(n) * 60.0
    spans = np.stack([begin, begin + 50.0], axis=1)
    rows = []
    for name in ("scan", "kmeans"):
        chosen = np.arange(n)
        if name == "kmeans" and n > fit_windows:
            chosen = np.sort(np.random.default_rng(0).choice(n, fit_windows, replace=False))
        started = time.perf_counter()
        if name == "scan":
            config = SCANConfig(n_clusters=k, max_fit_windows=fit_windows)
            fitted = SCANClusterer(config).fit(vectors, spans=spans)
        else:
            fitted = KMeansClusterer(k).fit(vectors[chosen])
        fit_s = time.perf_counter() - started
        started = time.perf_counter()
        labels = fitted.predict(vectors)
        rows.append(
            (name, n, fit_s, time.perf_counter() - started, len(np.unique(labels)), f"{peak_rss_gb():.2f}")
        )
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure and write benchmarks/results/speed_clustering.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--windows", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--fit-windows", type=int, default=100_000)
    arguments = parser.parse_args()
    rows = measure(arguments.windows, arguments.dim, arguments.k, arguments.fit_windows)
    columns = ("method", "windows", "fit s", "assign s", "clusters used", "peak memory so far, GB")
    command = f"python -m benchmarks.speed.clustering --windows {arguments.windows}"
    print(f"Wrote {write_result('speed_clustering', command, markdown_table(columns, rows))}")


if __name__ == "__main__":
    main()
