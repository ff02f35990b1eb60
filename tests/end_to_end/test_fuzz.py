"""1,500 damaged artefacts of every kind: answers, or one paragraph and exit code 2; nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

from chain_runs import ROOT

CASES = 1500


def test_damaged_artefacts_are_refused_in_one_paragraph(finished: Path, tmp_path: Path) -> None:
    counts = tmp_path / "fuzz.json"
    command = [sys.executable, "-m", "benchmarks.reliability.fuzz", str(finished)]
    # A process of its own: its memory is limited, and a library that dies takes only that one with it.
    done = subprocess.run(
        [*command, "--cases", str(CASES), "--json", str(counts)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    now = counts.with_suffix(".now")
    last = now.read_text() if now.is_file() else "before the first case"
    assert done.returncode == 0, f"died at {last}: {done.stderr[-2000:]}"
    found = json.loads(counts.read_text())
    assert found["findings"] == []
    assert sum(found["cases"].values()) >= CASES
    # Every kind is reached, and damage is noticed at all.
    assert len(found["cases"]) >= 25
    # An unreadable manifest means that the stage runs again; a log keeps its good lines, the rest is counted.
    silent = {"manifest", "log", "log, command", "interval tables, annotations"}
    assert {kind for kind in found["cases"] if not found["refused"].get(kind)} <= silent
    assert found["slowest_s"] < 10
