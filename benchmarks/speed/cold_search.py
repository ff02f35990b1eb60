"""A search from the shell, start of the process included: seconds until the answer is printed.

    python -m benchmarks cold_search -- --model trained_models/demo/demo --runs 7

Runs `discover search MODEL "..."` in a fresh process each time, in turn with `python -c "import torch"`: this
is the floor of every command that loads a model. Without --model a small one is made first (not timed).
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, markdown_table

QUESTION = "someone opens the fridge at night"
SMALL = (
    "home.simulate.days=8",
    "captions={style: short, n_captions: 1}",
    "encoder={preset: tiny, d_model: 32, n_layers: 1, n_heads: 4, d_ff: 64}",
    "training.max_steps=12",
    "training.val_interval=4",
    "evaluation={supervised: false, bootstrap_samples: 50}",
)


def seconds_of(*command: str) -> float:
    """Seconds a process takes, from its start to its end."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def make_model(workspace: Path) -> Path:
    """A small model of the simulated home."""
    sets = [part for setting in SMALL for part in ("--set", setting)]
    config = str(ROOT / "configs/pipelines/demo.yaml")
    seconds_of("-m", "discover", "run", "--config", config, "--workspace", str(workspace), *sets)
    return workspace / "trained_models/demo/demo"


def main() -> None:
    """Print a table of seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or make_model(Path(folder))
        sides = {
            f'discover search MODEL "{QUESTION}"': ("-m", "discover", "search", str(model), QUESTION),
            'python -c "import torch"': ("-c", "import torch"),
        }
        for command in sides.values():
            seconds_of(*command)
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(arguments.runs):
            for name, command in sides.items():
                times[name].append(seconds_of(*command))
    rows = [
        (f"`{name}`", f"{statistics.median(t):.2f}", f"{min(t):.2f}–{max(t):.2f}")
        for name, t in times.items()
    ]
    print(markdown_table(("command", "median s", f"range of {arguments.runs}"), rows))


if __name__ == "__main__":
    main()
