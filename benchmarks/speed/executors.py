"""Simulated homes through simulate … embed on every executor: same bytes, time, overhead, memory; kills.

    python -m benchmarks.speed.executors

30 homes, then a killed worker and a killed driver with 8. Homes share one floor plan and live by different
seeds; one model, trained on the first of them, embeds the windows of each. Text encoder and model are tiny,
so that the cost of an executor is seen. Each run is a process of its own. A killed worker costs nothing but
time; a killed driver runs again. In both cases every file must have the bytes that a serial run leaves.
Without Ray (extra `scale`) its rows are left out.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result
from benchmarks.reliability.tiny_text_model import make_text_model
from discover.core.artifacts import atomic_path

if TYPE_CHECKING:
    from discover.pipeline.config import HomeSource
    from discover.stages import StageOutcome

_SETTINGS = (
    "sampling={type: fixed_duration, duration_s: 900}",
    "captions={style: short, n_captions: 1}",
    "encoder={preset: tiny, d_model: 32, n_layers: 1, n_heads: 2, d_ff: 64}",
    "sensor_projection.dim=32",
    "text_projection.dim=32",
    "training={max_steps: 12, batch_size: 32, val_interval: 6, save_interval: 6}",
    "evaluation={presegmented: false}",
)
_CONFIG = ROOT / "configs/pipelines/demo.yaml"
_NOT_ARTEFACTS = (".lock", "timing.jsonl", "said.json")
_KILLED_HOMES = 8


@dataclass(frozen=True)
class Run:
    """One uninterrupted run.

    Attributes:
        wall_s: From start to end of its process.
        chain_s: Of that, from the first stage on: without starting Python.
        home_s: Seconds of stages per home, in order of name.
        peak_mb: Most resident memory of all its processes together.
        files: Path -> sha256 of every artefact.
    """

    wall_s: float
    chain_s: float
    home_s: tuple[float, ...]
    peak_mb: float
    files: dict[str, str]


def main() -> None:
    """Run, compare, write the table."""
    if sys.argv[1:2] == ["--drive"]:
        drive(*sys.argv[2:])
        return
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--homes", type=int, default=30)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    options: argparse.Namespace = parser.parse_args()
    names = ["serial", "processes", *(["ray"] if importlib.util.find_spec("ray") else [])]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_text_model(root / "text_model")
        homes = write_homes(root, options.homes, options.days)
        model = train(root, homes)
        runs = {name: run(name, root, homes, options.workers, model) for name in names}
        few = write_homes(root, _KILLED_HOMES, options.days)
        plain = run("serial", root, few, options.workers, model).files
        kills = [
            kill(name, what, root, few, options.workers, model, plain)
            for name in names[1:]
            for what in ("worker", "driver")
        ]
    body = "\n\n".join(
        [table(runs, options), kill_table(kills), f"Homes: {options.homes}, {options.days} days each."]
    )
    print(body)
    write_result("executors", "python -m benchmarks.speed.executors", body)
    different = [name for name, one in runs.items() if one.files != runs["serial"].files]
    if different or not all(same for *_, same in kills):
        sys.exit(f"Bytes differ: {different or 'after a kill'}")


def write_homes(root: Path, count: int, days: int) -> Path:
    """A YAML with `homes` of one floor plan, each with a name and a seed of its own."""
    from discover.core.window_set import write_home
    from discover.homes import load_home

    entries = []
    for number in range(count):
        path = root / "homes" / f"home_{number:02d}.yaml"
        write_home(path, load_home("demo").model_copy(update={"name": path.stem}))
        entries.append({"name": str(path), "simulate": {"days": days, "seed": number}})
    path = root / f"{count}_homes.json"
    path.write_text(json.dumps(entries))
    return path


@dataclass(frozen=True)
class Through:
    """The task of one home: its stages up to text vectors, then its windows embedded by a ready model."""

    overrides: tuple[str, ...]
    workspace: Path
    model: Path

    def __call__(self, source: "HomeSource") -> list["StageOutcome"]:
        """Run what is not current."""
        from discover.core.paths import Workspace
        from discover.pipeline import RunConfig
        from discover.pipeline.data_stages import data_folders
        from discover.pipeline.home_run import HomeRun
        from discover.pipeline.model_stages import model_folders, model_stages
        from discover.stages import run_stages

        config, root = RunConfig.from_yaml(_CONFIG, self.overrides), Workspace(self.workspace)
        done = HomeRun(config, root)(source)
        data = [data_folders(config, source, root)]
        folders = model_folders(config, data, root, None)
        folders.model.mkdir(parents=True, exist_ok=True)
        if not (folders.model / "best_model.pt").is_file():
            with atomic_path(folders.model / "best_model.pt") as temporary:
                shutil.copyfile(self.model, temporary)
        embed = next(s for s in model_stages(config, data, folders, root) if s.name == "embed")
        return done + run_stages([embed], earlier=done)


def drive(name: str, workspace: str, homes: str, workers: str, text_model: str, model: str) -> None:
    """What a process of a run does."""
    from discover.pipeline import RunConfig
    from discover.stages import Failure, build_executor

    overrides = (*_SETTINGS, encoder_setting(Path(text_model)), f"homes={Path(homes).read_text()}")
    executor = build_executor(name, None if name == "serial" else int(workers))  # type: ignore[arg-type]
    sources = RunConfig.from_yaml(_CONFIG, overrides).sources
    started, seconds = time.monotonic(), [0.0] * len(sources)
    # By its module's name: here it is of __main__, which other processes do not have.
    through = import_module("benchmarks.speed.executors").Through
    for finished in executor.map(through(overrides, Path(workspace), Path(model)), sources):
        if isinstance(finished.result, Failure):
            sys.exit(finished.result.message)
        seconds[finished.number] = sum(outcome.seconds for outcome in finished.result)
    chain_s = time.monotonic() - started
    (Path(workspace) / "said.json").write_text(json.dumps({"chain_s": chain_s, "home_s": seconds}))


def encoder_setting(text_model: Path) -> str:
    """The setting that takes a text encoder."""
    return f"text_encoder={{type: distilroberta, model_path: {text_model}, chunk_texts: 128}}"


def train(root: Path, homes: Path) -> Path:
    """Train the model on the first home; its checkpoint."""
    from discover.pipeline import DATA_STAGES, run_chain

    first = json.loads(homes.read_text())[0]
    overrides = [*_SETTINGS, encoder_setting(root / "text_model"), f"home={json.dumps(first)}"]
    chain = run_chain(_CONFIG, overrides, root / "training", only=DATA_STAGES | {"align"})
    return chain.model_folders.model / "best_model.pt"


def start(name: str, workspace: Path, homes: Path, workers: int, model: Path) -> "subprocess.Popen[bytes]":
    """Start a run in a process of its own."""
    workspace.mkdir(exist_ok=True)
    arguments = [name, workspace, homes, workers, homes.parent / "text_model", model]
    command = [sys.executable, "-m", "benchmarks.speed.executors", "--drive", *map(str, arguments)]
    # One thread a task on every executor: only then is work per home the same work.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **threads, **paths})


def run(name: str, root: Path, homes: Path, workers: int, model: Path) -> Run:
    """One uninterrupted run."""
    workspace = root / f"{name}_{homes.stem}"
    started = time.monotonic()
    process = start(name, workspace, homes, workers, model)
    with watched(process.pid) as peak:
        finish(process)
    wall_s = time.monotonic() - started
    said = json.loads((workspace / "said.json").read_text())
    return Run(wall_s, said["chain_s"], tuple(said["home_s"]), peak[0], files_of(workspace))


def finish(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a run that must succeed."""
    if process.wait() != 0:
        sys.exit(f"a run ended with {process.returncode}")


def kill(
    name: str, what: str, root: Path, homes: Path, workers: int, model: Path, plain: dict[str, str]
) -> tuple[str, str, int, bool]:
    """Kill a worker or the driver when a quarter of the homes are cut; run on, or again; compare bytes."""
    workspace = root / f"{name}_{what}_killed"
    process = start(name, workspace, homes, workers, model)

    def cut() -> int:
        return len(list(workspace.glob("data/processed/*/*/*/manifest_sample.json")))

    while cut() < _KILLED_HOMES // 4 and process.poll() is None:
        time.sleep(0.01)
    if what == "worker":
        victims = [pid for pid in descendants(process.pid) if is_worker(pid)]
        os.kill(victims[0], signal.SIGKILL)
        done = cut()
        finish(process)
    else:
        process.kill()
        process.wait()
        done = cut()
        finish(start(name, workspace, homes, workers, model))
    return name, what, done, files_of(workspace) == plain


def is_worker(pid: int) -> bool:
    """Whether a process runs tasks: of a pool, or of Ray while it has one."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"spawn_main" in words or words.startswith(b"ray::attempt")
    return False


def files_of(workspace: Path) -> dict[str, str]:
    """Path -> sha256 of every artefact."""
    return {
        str(path.relative_to(workspace)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and path.name not in _NOT_ARTEFACTS
    }


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that these started."""
    parents: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            parents[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    found, new = [], [pid]
    while new:
        new = [child for parent in new for child in parents[parent]]
        found += new
    return found


@contextlib.contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Note the most memory, in MB, that a process and its descendants hold together."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            peak[0] = max(peak[0], sum(map(pss_mb, [pid, *descendants(pid)])))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def pss_mb(pid: int) -> float:
    """Memory of a process, with what it shares divided among those that share it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1e3
    return 0.0


def table(runs: dict[str, Run], options: argparse.Namespace) -> str:
    """Time, overhead and memory per executor."""
    rows = []
    for name, one in runs.items():
        workers = 1 if name == "serial" else options.workers
        busy = sum(one.home_s) / workers
        rows.append(
            (
                name,
                workers,
                f"{one.wall_s:.1f}",
                f"{sum(one.home_s) / len(one.home_s):.2f}",
                f"{(one.wall_s - busy) / len(one.home_s):.2f}",
                f"{one.peak_mb:,.0f}",
                "yes" if one.files == runs["serial"].files else "NO",
            )
        )
    columns = (
        *("executor", "workers", "wall, s", "stages per home, s", "everything else per home, s"),
        *("peak memory of all processes, MB", f"{len(runs['serial'].files):,} files as serial"),
    )
    return markdown_table(columns, rows)


def kill_table(kills: list[tuple[str, str, int, bool]]) -> str:
    """What a kill did."""
    rows = [(name, what, done, "yes" if same else "NO") for name, what, done, same in kills]
    return markdown_table(
        ("executor", "killed", f"homes cut by then, of {_KILLED_HOMES}", "same bytes in the end"), rows
    )


if __name__ == "__main__":
    main()
