"""What a machine can do at most: rate of a large matmul and memory bandwidth, measured once and at rest.

Utilisations in one table share one peak, measured before anything else runs: the median of 20 runs with their
range. A peak measured beside each row moves with what else the machine does, and the utilisation with it.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

__all__ = ["Peak", "measure_bandwidth", "measure_matmul", "peaks_sentence"]

RUNS = 20


@dataclass(frozen=True)
class Peak:
    """A rate per second: median of the runs, least and most."""

    median: float
    least: float
    most: float
    load: float
    """1-minute load average before the first run."""

    def to_dict(self) -> dict[str, float]:
        """Plain data, for a process that is given it."""
        return asdict(self)


def measure_matmul(device: torch.device, *, bf16: bool, size: int | None = None, runs: int = RUNS) -> Peak:
    """Floating point operations per second of a square matmul (8192 on a GPU, 2048 on a CPU)."""
    size = size or (8192 if device.type == "cuda" else 2048)
    kind = torch.bfloat16 if bf16 else torch.float32
    a, out = torch.randn(size, size, device=device, dtype=kind), torch.empty(0, device=device, dtype=kind)
    return _rate(lambda: torch.matmul(a, a, out=out), 2.0 * size**3, device, runs)


def measure_bandwidth(device: torch.device, *, size: int | None = None, runs: int = RUNS) -> Peak:
    """Bytes read and written per second by a copy far larger than any cache."""
    size = size or (2**30 if device.type == "cuda" else 2**26)
    source, target = (torch.zeros(size, device=device, dtype=torch.float32) for _ in range(2))
    return _rate(lambda: target.copy_(source), 2.0 * 4 * size, device, runs)


def peaks_sentence(matmuls: dict[str, Peak], bandwidth: Peak) -> str:
    """The peaks for the head of a table."""
    parts = [
        f"matmul {name} {p.median / 1e9:,.1f} GFLOP/s ({p.least / 1e9:,.1f}–{p.most / 1e9:,.1f})"
        for name, p in matmuls.items()
    ]
    b = bandwidth
    parts.append(f"memory {b.median / 1e9:,.1f} GB/s ({b.least / 1e9:,.1f}–{b.most / 1e9:,.1f})")
    load = max(p.load for p in (*matmuls.values(), bandwidth))
    return (
        f"Peaks, measured once before everything else, median of {RUNS} (least–most), load before at most "
        f"{load:.1f}: {'; '.join(parts)}."
    )


def _rate(call: Callable[[], object], work: float, device: torch.device, runs: int) -> Peak:
    load = os.getloadavg()[0]
    seconds = []
    for _ in range(runs + 2):
        started = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    kept = seconds[2:]
    return Peak(work / statistics.median(kept), work / max(kept), work / min(kept), load)
