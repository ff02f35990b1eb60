"""examples/search_from_python.py runs and keeps to its filters."""

import re
import subprocess
import sys
from pathlib import Path

from chain_runs import ROOT


def test_search_example(finished: Path) -> None:
    model = str(finished / "trained_models/demo/demo")
    done = subprocess.run(
        [sys.executable, "examples/search_from_python.py", model, "someone moves in the hallway"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    night, _, anytime = done.stdout.partition("At any time")
    hours = [int(h) for h in re.findall(r"\d{4}-\d\d-\d\d (\d\d):\d\d:\d\d .*score", night)]
    assert len(hours) == 3
    # A moment's hits begin at night; joined to its neighbours it still does.
    assert all(hour >= 22 or hour < 5 for hour in hours)
    assert anytime.count("score") == 3
