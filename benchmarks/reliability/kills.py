"""SIGKILL `discover run` at random moments, start it again, and compare every artefact byte for byte.

    python -m benchmarks.reliability.kills --kills 20

One uninterrupted run gives the reference. For each kill a fresh workspace is run, killed after a random
share of the reference's time (the moments are drawn from a seed), and run again to the end. A run that had
ended before its moment came does not count, and another is drawn.
"""

import contextlib
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result

SMALL_RUN = (
    "home.simulate.days=8",
    "captions={style: short, n_captions: 2}",
    "text_encoder.chunk_texts=128",
    "encoder={preset: tiny, d_model: 64, n_layers: 2, n_heads: 4, d_ff: 128}",
    "sensor_projection.dim=64",
    "text_projection.dim=64",
    "training.max_steps=150",
    "training.val_interval=25",
    "training.save_interval=25",
    "evaluation={supervised: false, bootstrap_samples: 100}",
)


@dataclass(frozen=True)
class Kill:
    """One kill and what came of it."""

    at_s: float
    stage: str
    differing: tuple[str, ...]


def command(workspace: Path, settings: Sequence[str]) -> list[str]:
    """The run's command line."""
    sets = [part for setting in settings for part in ("--set", setting)]
    config = ROOT / "configs" / "pipelines" / "demo.yaml"
    return [sys.executable, "-m", "discover", "run", "-c", str(config), "-w", str(workspace), *sets]


def tree_hashes(workspace: Path) -> dict[str, str]:
    """sha256 of every artefact; locks and wall-clock timings are not artefacts."""
    return {
        str(path.relative_to(workspace)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and path.name not in (".lock", "timing.jsonl")
    }


def kill_and_resume(
    at_s: float, reference: dict[str, str], settings: Sequence[str], workspace: Path
) -> Kill | None:
    """Kill a fresh run after `at_s` seconds, run it again to the end, and compare; None if it had ended."""
    with _fresh(workspace):
        process = subprocess.Popen(
            command(workspace, settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        try:
            process.wait(timeout=at_s)
            return None
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        done = sorted(workspace.rglob("manifest_*.json"), key=lambda path: path.stat().st_mtime)
        stage = f"after {done[-1].stem.removeprefix('manifest_')}" if done else "before the first stage ended"
        subprocess.run(command(workspace, settings), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        found = tree_hashes(workspace)
    differing = sorted(n for n in {*found, *reference} if found.get(n) != reference.get(n))
    return Kill(at_s, stage, tuple(differing))


def measure(kills: int, seed: int, settings: Sequence[str] = SMALL_RUN) -> tuple[float, list[Kill], int]:
    """Reference seconds, the kills, and the number of artefacts compared."""
    with tempfile.TemporaryDirectory() as folder:
        # One path for all runs: a model's config.yaml names its folder.
        workspace = Path(folder) / "workspace"
        with _fresh(workspace):
            started = time.monotonic()
            subprocess.run(command(workspace, settings), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            seconds = time.monotonic() - started
            reference = tree_hashes(workspace)
        draws = random.Random(seed)
        found: list[Kill] = []
        while len(found) < kills:
            kill = kill_and_resume(draws.uniform(0, seconds), reference, settings, workspace)
            if kill is None:
                continue
            found.append(kill)
            print(f"{len(found)}/{kills}: {kill}", file=sys.stderr)
    found.sort(key=lambda kill: kill.at_s)
    return seconds, found, len(reference)


@contextlib.contextmanager
def _fresh(workspace: Path) -> Iterator[None]:
    workspace.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(workspace)


def main() -> None:
    """Measure and write benchmarks/results/reliability_kills.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    seconds, kills, artefacts = measure(arguments.kills, arguments.seed)
    table = markdown_table(
        ["killed at (s)", "where", "artefacts that differ"],
        [(round(k.at_s, 1), k.stage, ", ".join(k.differing) or "none") for k in kills],
    )
    equal = sum(not k.differing for k in kills)
    body = (
        f"An uninterrupted run took {seconds:.0f} s and made {artefacts} artefacts. "
        f"**{equal} of {len(kills)}** killed and resumed runs gave the same bytes in all of them.\n\n{table}"
    )
    path = write_result(
        "reliability_kills", f"python -m benchmarks.reliability.kills --kills {len(kills)}", body
    )
    print(body, f"\nWrote {path}")
    sys.exit(equal != len(kills))


if __name__ == "__main__":
    main()
