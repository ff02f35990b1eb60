"""The kill benchmark: forks die where they are told, and what a killed run leaves behind is reported."""

import signal
from pathlib import Path

import pytest
from benchmarks.reliability import kill_points, kills
from benchmarks.reliability.kill_points import Outcome, run_forked
from benchmarks.reliability.kills import Scenario, kill_scenario, tree_hashes


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that makes a folder and writes two files, one after the other."""

    def write(_: object) -> int:
        Path("folder").mkdir()
        Path("folder/one").write_text("1")
        Path("folder/two").write_text("2")
        return 0

    monkeypatch.setattr(kill_points, "_run", write)
    found = tmp_path / "workspace"
    found.mkdir()
    return found


def test_a_fork_dies_right_before_its_step(workspace: Path) -> None:
    first = run_forked([], workspace, step=2)
    assert (first.killed, first.steps) == (True, 2)
    assert sorted(p.name for p in workspace.rglob("*")) == ["folder"]
    (workspace / "folder").rmdir()
    assert run_forked([], workspace, step=3).killed
    assert sorted(p.name for p in workspace.rglob("*")) == ["folder", "one"]


def test_a_whole_run_counts_its_steps_and_keeps_its_exit_status(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_forked([], workspace)
    assert (whole.killed, whole.code, whole.steps) == (False, 0, 3)
    assert run_forked([], workspace).code == 70, "the folder is there already, and the error escaped"
    monkeypatch.setattr(kill_points, "_run", lambda _: signal.pause())
    assert run_forked([], workspace, at_s=0.05).killed


def test_files_that_differ_or_are_left_over_and_errors_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = iter(
        ["whole", "killed", "killed", "whole", "killed", "other", "killed", "partial", "killed", "error"]
    )

    def pretend(_: object, folder: Path, **kill: object) -> Outcome:
        del kill
        how = next(runs)
        (folder / "table").write_text("other" if how == "other" else "right")
        (folder / ".lock").write_text(how)
        if how == "partial":
            (folder / ".table.x.partial").touch()
        (folder.parent / "last_output.txt").write_text("no such thing")
        return Outcome(how == "killed", int(how == "error"), 3, "here", 1.0)

    monkeypatch.setattr(kills, "run_forked", pretend)
    found = kill_scenario(Scenario("made up", (), lambda _: None, 1.0, patched=True), tmp_path, 5, 0)
    assert (found.kills, found.workspaces, found.artefacts) == (5, 4, 1)
    assert len(found.differing) == 3
    assert found.differing[0].startswith("table after here")
    assert found.differing[1].startswith(".table.x.partial after here")
    assert "exit status 1: no such thing" in found.differing[2]
    assert not (tmp_path / "workspace").exists()


def test_moments_of_fetching_are_no_artefacts(tmp_path: Path) -> None:
    hashes = []
    for moment in ("2024", "2025"):
        (tmp_path / "fetch.json").write_text(f'{{"file": "log", "fetched": "{moment}"}}')
        hashes.append(tree_hashes(tmp_path))
    assert hashes[0] == hashes[1]
    (tmp_path / "fetch.json").write_text('{"file": "other", "fetched": "2024"}')
    assert tree_hashes(tmp_path) != hashes[0]
