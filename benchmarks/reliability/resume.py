"""SIGKILL at random moments of training, then resume: the files must equal those of an uninterrupted run.

    python -m benchmarks.reliability.resume [--kills 10] [--write]

A made-up home, a small encoder, four configurations. Every run is a process of its own, killed after a
random share of the time an uninterrupted run takes, and killed once more before it may finish.
"""

import hashlib
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.harness import ROOT, BenchmarkParser, markdown_table, write_result
from discover.alignment import AlignmentTrainer

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "contrastive": {},
    "masked modelling, bf16": {"loss__mlm_weight": 0.5, "training__precision": "bf16"},
    "hard negatives with a curriculum": {
        "loss__use_hard_negatives": True,
        "loss__hard_negative_memory_size": 64,
        "curriculum": {"start": 0.1, "end": 0.9, "share": 0.5},
    },
    "sigmoid, accumulation, threads, augmentation": {
        "loss__alignment_loss_type": "sigmoid",
        "training__gradient_accumulation": 2,
        "training__num_workers": 2,
        "augmentation": {"event_dropout": 0.1, "time_jitter_s": 1.0},
    },
}


def _world() -> Any:
    path = ROOT / "tests" / "fixtures" / "alignment_world.py"
    spec = importlib.util.spec_from_file_location("alignment_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _train(folder: Path, changes: dict[str, Any]) -> None:
    world = _world()
    config = world.make_config(
        folder, training__max_steps=60, training__save_interval=7, training__keep_checkpoints=2, **changes
    )
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()


def _start(folder: Path, changes: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _train(folder, changes)
            code = 0
        finally:
            os._exit(code)
    return child


def _kill_after(folder: Path, changes: dict[str, Any], seconds: float) -> bool:
    """Whether the process was still training when it was killed."""
    child = _start(folder, changes)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _finish(folder: Path, changes: dict[str, Any]) -> float:
    began = time.monotonic()
    _, status = os.waitpid(_start(folder, changes), 0)
    if status:
        sys.exit(f"A run in {folder} failed with status {status}.")
    return time.monotonic() - began


def _digest(folder: Path) -> dict[str, str]:
    own = {"config.yaml", "timing.jsonl"}
    files = (p for p in sorted(folder.iterdir()) if p.is_file() and p.name not in own)
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def main() -> None:
    """Measure and print; with --write also save under benchmarks/results."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--kills", type=int, default=10, help="Killed runs per configuration.")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    draw = random.Random(0)
    rows = []
    for name, changes in CONFIGURATIONS.items():
        with tempfile.TemporaryDirectory() as text:
            whole = Path(text) / "whole"
            seconds = _finish(whole, changes)
            expected = _digest(whole)
            killed = equal = 0
            for number in range(options.kills):
                folder = Path(text) / f"cut_{number}"
                for _ in range(2):
                    killed += _kill_after(folder, changes, draw.uniform(0.05, 0.7) * seconds)
                _finish(folder, changes)
                found = _digest(folder)
                equal += found == expected
                if found != expected:
                    names = [n for n in {*found, *expected} if found.get(n) != expected.get(n)]
                    print(f"{name}, run {number} differs in {names}", flush=True)
            rows.append([name, options.kills, killed, equal])
            print(rows[-1], flush=True)
    columns = ("configuration", "runs cut", "kills that hit a running process", "equal to uninterrupted")
    body = markdown_table(columns, rows)
    print(body)
    if options.write:
        print(
            write_result("resume", f"python -m benchmarks.reliability.resume --kills {options.kills}", body)
        )


if __name__ == "__main__":
    main()
