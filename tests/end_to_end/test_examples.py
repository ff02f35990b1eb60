"""The examples that open a log or a model run, and print what they promise."""

import ast
import contextlib
import io
import json
import re
import runpy
import shutil
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
    """Run an example as a script does, in this process: a start of Python and its libraries takes seconds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(name: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
        return out.getvalue()

    return call


def test_examples_are_short() -> None:
    for name in ("own_log", "search", "recognise", "cluster", "changes", "export", "two_homes"):
        assert len((ROOT / "examples" / f"{name}.py").read_text().splitlines()) < 40


def test_own_log(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "my_log.txt"
    write_simulated(log, load_home("demo"), SimulatorConfig(days=1, seed=4))
    said = run("own_log.py", str(log))
    assert "captions and shipped network, untrained" in said
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


def test_export(run, finished: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = run("export.py", str(finished / MODEL), str(tmp_path / "shared"))
    assert (tmp_path / "shared/model.safetensors").is_file()
    assert said.split()[-1] == "0.0e+00"


def test_two_homes(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = run("two_homes.py", str(tmp_path / "w"), "3", "4")
    demo, _, milan = said.partition("\nmilan\n")
    assert demo.count("[demo_FD_60") == 2
    assert milan.count("[milan_FD_60") == 2
    assert "kitchen" in demo
    assert "kitchen" in milan


@pytest.mark.parametrize("name", ["own_log", "search"])
def test_every_cell_of_a_notebook_runs(
    name: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_simulated(tmp_path / "my_log.txt", load_home("demo"), SimulatorConfig(days=1, seed=4))
    monkeypatch.chdir(finished if name == "search" else tmp_path)
    cells = json.loads((ROOT / f"examples/notebooks/{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 3
    names: dict[str, object] = {}
    for source in code:
        *body, last = ast.parse(source).body
        exec(compile(ast.Module(body, []), name, "exec"), names)
        assert isinstance(last, ast.Expr), "the last line of a cell shows something"
        shown = eval(compile(ast.Expression(last.value), name, "eval"), names)
        assert shown._repr_html_() if hasattr(shown, "_repr_html_") else str(shown)
