"""The alignment example runs and finds something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_example_trains_and_searches() -> None:
    script = ROOT / "examples" / "train_alignment.py"
    command = [sys.executable, str(script), "--steps", "10", "--days", "3"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("R@10 on ")
    assert len(lines) == 6
