"""The examples that open a log or a model run, and print what they promise."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from chain_runs import ROOT

from discover.homes import load_home
from discover.simulator import SimulatorConfig, write_simulated

MODEL = "trained_models/demo/demo"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(name: str, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "examples" / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_examples_are_short() -> None:
    for name in ("own_log", "search", "recognise", "cluster", "changes"):
        assert len((ROOT / "examples" / f"{name}.py").read_text().splitlines()) < 40


def test_own_log(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "my_log.txt"
    write_simulated(log, load_home("demo"), SimulatorConfig(days=1, seed=4))
    said = run("own_log.py", str(log))
    assert "captions, untrained" in said
    assert "33 of 33 sensors without room: captions cannot say where." in said
    assert said.count("score") == 3
    hours = [int(h) for h in re.findall(r"\d\. \w{3} \d{4}-\d\d-\d\d (\d\d):", said)]
    assert all(hour >= 23 or hour < 5 for hour in hours)
    assert "sensor" in said.splitlines()[-10]


def test_search(run, finished: Path) -> None:  # type: ignore[no-untyped-def]
    said = run("search.py", str(finished / MODEL), "someone moves in the hallway")
    night, _, rest = said.partition("At any time:")
    hours = [int(h) for h in re.findall(r"\d{4}-\d\d-\d\d (\d\d):\d\d:\d\d .*score", night)]
    assert len(hours) == 3
    # A moment's hits begin at night; joined to its neighbours it still does.
    assert all(hour >= 22 or hour < 5 for hour in hours)
    assert rest.count("[demo_FD_60") == 5


def test_recognise(run, finished: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = run("recognise.py", str(finished / MODEL), str(tmp_path / "out"))
    assert "No label was read." in said
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_cluster(run, finished: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import shutil

    shutil.copytree(finished, tmp_path / "own")
    said = run("cluster.py", str(tmp_path / "own" / MODEL))
    assert "of 6 clusters used" in said
    assert "Up to date" in run("cluster.py", str(tmp_path / "own" / MODEL))


def test_changes(run, finished: Path) -> None:  # type: ignore[no-untyped-def]
    index = finished / MODEL / "index_FD_60/windows.parquet"
    first = pl.read_parquet(index)["start"].min().date()
    halves = [f"{first + timedelta(a)}..{first + timedelta(b)}" for a, b in ((0, 3), (4, 7))]
    said = run("changes.py", str(finished / MODEL), *halves)
    assert "(4 days) against" in said
    assert "no sign that nothing changed" in said
