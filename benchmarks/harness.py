"""What every measurement shares: interleaved pairs, machine facts, peak memory, provenance, result files.

Protocol: docs/protocol.md, "Speed, memory, scale" and "Provenance". A ratio comes from one run with the two
sides in turn (A B A B ...), at least five pairs, as median and range. A table names the commit it was made
with; a tree with uncommitted changes makes none unless told to (`--allow-dirty`), and the table says so.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discover.core.artifacts import read_json, read_manifest
from discover.stages.stage import COMMIT_VARIABLE, StageOutcome

__all__ = [
    "BenchmarkParser",
    "PairedTiming",
    "data_root",
    "deviation_line",
    "folder_commits",
    "machine_facts",
    "markdown_table",
    "peak_rss_gb",
    "source_commit",
    "stage_commits",
    "time_pairs",
    "write_result",
]

ROOT = Path(__file__).resolve().parent.parent

SOURCES = ("src", "benchmarks", "configs", "tests/fixtures", "pyproject.toml", "constraints")
"""What a result depends on. Result files themselves are left out: one run may write several."""

MODELS = 3
"""Fewest seeds of a model that docs/protocol.md asks for."""

_DIRTY = "-dirty"


class BenchmarkParser(argparse.ArgumentParser):
    """An argument parser that also fixes the commit: it refuses uncommitted changes before any work is done.

    Args:
        description: The benchmark's docstring.
        writes: Whether this benchmark always writes a table; else `write_result` checks alone.
    """

    def __init__(self, description: str | None, *, writes: bool = True) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self._writes = writes
        self.add_argument(
            "--allow-dirty", action="store_true", help="Write the table despite uncommitted changes, marked."
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and note the commit for the manifests of every stage that is run from here."""
        found = super().parse_args(args, namespace)
        commit = source_commit()
        allowed = found.allow_dirty or os.environ.get(COMMIT_VARIABLE, "").endswith(_DIRTY)
        if not commit.endswith(_DIRTY) or allowed:
            os.environ[COMMIT_VARIABLE] = commit
        elif self._writes:
            sys.exit(_refusal())
        else:
            os.environ.pop(COMMIT_VARIABLE, None)
        return found


def source_commit() -> str:
    """Short commit of the sources; "-dirty" at its end where any is changed; "unknown-dirty" without git."""
    try:
        commit = _git("rev-parse", "--short", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", *SOURCES, ":(exclude)benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown" + _DIRTY
    return commit + (_DIRTY if changed.strip() else "")


def stage_commits(outcomes: Iterable[StageOutcome]) -> str:
    """Which commit computed each stage behind a table, as a sentence; stages of one commit stand together."""
    return _commits_sentence((outcome.stage.name, outcome.commit) for outcome in outcomes)


def folder_commits(*folders: Path) -> str:
    """The same sentence for the stages that left their manifests in some folders."""
    paths = sorted({path for folder in folders for path in folder.glob("manifest_*.json")})
    manifests = [manifest for manifest in map(read_manifest, paths) if manifest is not None]
    return _commits_sentence((manifest.stage, manifest.commit) for manifest in manifests)


def deviation_line(sampling: Path, *, days: int, models: int) -> str:
    """Where a table departs from docs/protocol.md, for its head: how windows were cut, days, models.

    Args:
        sampling: Folder of the windows.
        days: Annotated test days, or test days where no annotation is asked for.
        models: Trained models behind each row.
    """
    from discover.evaluation import few_days, sampling_deviations

    path = sampling / "statistics.json"
    found = sampling_deviations(read_json(path).get("config", {})) if path.is_file() else []
    found += few_days(days)
    if models < MODELS:
        found.append(f"{models} trained model{'s' if models != 1 else ''} instead of {MODELS}")
    return f"Deviations from the protocol: {'; '.join(found) or 'none'}."


def _commits_sentence(stages: Iterable[tuple[str, str | None]]) -> str:
    found: dict[str, list[str]] = {}
    for stage, commit in stages:
        names = found.setdefault(commit or "an unknown commit", [])
        if stage not in names:
            names.append(stage)
    words = "; ".join(f"{', '.join(names)} by {commit}" for commit, names in found.items())
    return f"Stages computed: {words or 'none with a manifest'}."


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
    return {
        "date": datetime.date.today().isoformat(),
        "commit": _commit_in_words(),
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
    """Write benchmarks/results/<theme>.md: machine, command, tables. git keeps older results.

    Exits where the sources hold uncommitted changes, unless `--allow-dirty` was given. A run that began with
    a clean tree goes on; its table says that the sources changed meanwhile.
    """
    if source_commit().endswith(_DIRTY) and COMMIT_VARIABLE not in os.environ:
        sys.exit(_refusal())
    facts = "\n".join(f"- {key}: {value}" for key, value in machine_facts().items())
    path = ROOT / "benchmarks" / "results" / f"{theme}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {theme}\n\n`{command}`\n\n{facts}\n\n{body}\n", encoding="utf-8")
    return path


def _commit_in_words() -> str:
    now = source_commit()
    start = os.environ.get(COMMIT_VARIABLE, now)
    if start.endswith(_DIRTY):
        return f"{start.removesuffix(_DIRTY)} **with uncommitted changes: these figures belong to no commit**"
    return start if now == start else f"{start} **(the sources changed while this ran: {now} at the end)**"


def _refusal() -> str:
    return (
        f"The sources ({', '.join(SOURCES)}) hold uncommitted changes, so that a table made now would belong "
        "to no commit. Commit them first, or give --allow-dirty: the table is then marked."
    )


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=ROOT, check=True).stdout


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
