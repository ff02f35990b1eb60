"""What every measurement shares: interleaved pairs, machine facts, peak memory, result files.

Protocol: docs/protocol.md, "Speed, memory, scale". A ratio comes from one run with the two sides in
turn (A B A B ...), at least five pairs, as median and range.
"""

import datetime
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "PairedTiming",
    "data_root",
    "machine_facts",
    "markdown_table",
    "peak_rss_gb",
    "time_pairs",
    "write_result",
]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class PairedTiming:
    """Seconds of two sides, run in turn."""

    a_s: tuple[float, ...]
    b_s: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """a / b per pair."""
        return tuple(a / b for a, b in zip(self.a_s, self.b_s, strict=True))

    def describe(self) -> str:
        """Median ratio and its range."""
        r = self.ratios
        return f"{statistics.median(r):.2f} ({min(r):.2f}–{max(r):.2f}, {len(r)} pairs)"


def time_pairs(
    a: Callable[[], object], b: Callable[[], object], *, pairs: int = 5, warm_up: int = 1
) -> PairedTiming:
    """Time `a` and `b` in turn after `warm_up` untimed pairs."""
    if pairs < 5:
        raise ValueError("docs/protocol.md asks for at least five pairs")
    for _ in range(warm_up):
        a(), b()
    a_s, b_s = [], []
    for _ in range(pairs):
        for call, sink in ((a, a_s), (b, b_s)):
            started = time.perf_counter()
            call()
            sink.append(time.perf_counter() - started)
    return PairedTiming(tuple(a_s), tuple(b_s))


def data_root() -> Path | None:
    """Folder of the real homes' logs (DISCOVER_DATA, default ../shared/data), or None if it is not there."""
    path = Path(os.environ.get("DISCOVER_DATA", ROOT / ".." / "shared" / "data")).resolve()
    return path if path.is_dir() else None


def peak_rss_gb() -> float:
    """Peak resident memory of this process so far, in GB."""
    # Not getrusage: its peak is handed down from the launching process.
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e6


def machine_facts() -> dict[str, str]:
    """Processor, cores, memory, versions, commit, and what else was running."""
    import numpy
    import polars
    import torch

    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT
    ).stdout
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "src"], capture_output=True, text=True, cwd=ROOT
    ).stdout
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.strip() + (" (with uncommitted changes)" if changed.strip() else ""),
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{memory_kb / 1e6:.0f} GB",
        "load before": f"{os.getloadavg()[0]:.1f} (1-minute average)",
        "python": platform.python_version(),
        "torch / numpy / polars": f"{torch.__version__} / {numpy.__version__} / {polars.__version__}",
        "threads": f"torch {torch.get_num_threads()}, polars {polars.thread_pool_size()}, "
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}",
    }


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats get three significant digits."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(v) for v in row) + " |" for row in rows]
    return "\n".join(lines)


def write_result(theme: str, command: str, body: str) -> Path:
    """Write benchmarks/results/<theme>.md: machine, command, tables. git keeps older results."""
    facts = "\n".join(f"- {key}: {value}" for key, value in machine_facts().items())
    path = ROOT / "benchmarks" / "results" / f"{theme}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {theme}\n\n`{command}`\n\n{facts}\n\n{body}\n", encoding="utf-8")
    return path


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
