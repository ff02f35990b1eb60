"""Tables belong to a commit: uncommitted changes are refused or marked, cached stages name their own."""

import os
import subprocess
from pathlib import Path

import pytest
from benchmarks import harness

from discover.core.artifacts import read_manifest, write_json, write_manifest
from discover.stages.stage import COMMIT_VARIABLE, Stage, StageOutcome, StageResult, run_stages


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean repository with one source file; the harness works in it."""
    for name in ("src/a.py", "docs/a.md", "benchmarks/results/old.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    # Set first, so that the variable is restored however the code under test changes it.
    monkeypatch.setenv(COMMIT_VARIABLE, "")
    monkeypatch.delenv(COMMIT_VARIABLE)
    return tmp_path


def test_a_clean_tree_is_named_in_the_table(tree: Path) -> None:
    harness.BenchmarkParser("x").parse_args([])
    commit = os.environ[COMMIT_VARIABLE]
    assert len(commit) >= 7
    (tree / "docs/a.md").write_text("2\n")
    text = harness.write_result("t", "c", "b").read_text()
    assert f"- commit: {commit}\n" in text


def test_own_result_files_are_no_changes(tree: Path) -> None:
    (tree / "benchmarks/results/old.md").write_text("2\n")
    harness.BenchmarkParser("x").parse_args([])
    assert not os.environ[COMMIT_VARIABLE].endswith("-dirty")


@pytest.mark.parametrize("name", ["src/a.py", "src/new.py"])
def test_changed_sources_stop_before_the_work(tree: Path, name: str) -> None:
    (tree / name).write_text("2\n")
    with pytest.raises(SystemExit, match="uncommitted changes"):
        harness.BenchmarkParser("x").parse_args([])
    with pytest.raises(SystemExit, match="uncommitted changes"):
        harness.write_result("t", "c", "b")
    harness.BenchmarkParser("x", writes=False).parse_args([])
    with pytest.raises(SystemExit, match="uncommitted changes"):
        harness.write_result("t", "c", "b")
    assert not (tree / "benchmarks/results/t.md").exists()


def test_allowed_changes_mark_the_table_and_every_child_process(tree: Path) -> None:
    (tree / "src/a.py").write_text("2\n")
    harness.BenchmarkParser("x").parse_args(["--allow-dirty"])
    assert os.environ[COMMIT_VARIABLE].endswith("-dirty")
    harness.BenchmarkParser("child").parse_args([])
    assert "with uncommitted changes" in harness.write_result("t", "c", "b").read_text()


def test_sources_that_change_while_it_runs_are_told(tree: Path) -> None:
    harness.BenchmarkParser("x").parse_args([])
    (tree / "src/a.py").write_text("2\n")
    assert "the sources changed while this ran" in harness.write_result("t", "c", "b").read_text()


def test_a_stage_keeps_the_commit_that_computed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw").write_text("1")
    folder = tmp_path / "s"

    def work(stage: Stage, _: object) -> StageResult:
        stage.folder.mkdir(exist_ok=True)
        (folder / "out").write_text("2")
        return StageResult([folder / "out"])

    stage = Stage("double", "double it", 1, work, folder, {"raw": tmp_path / "raw"}, ["out"])
    monkeypatch.setenv(COMMIT_VARIABLE, "abc1234")
    assert [o.commit for o in run_stages([stage])] == ["abc1234"]
    monkeypatch.setenv(COMMIT_VARIABLE, "def5678")
    (again,) = run_stages([stage])
    assert (again.ran, again.commit) == (False, "abc1234")
    assert harness.stage_commits([again]) == "Stages computed: double by abc1234."
    assert harness.folder_commits(folder) == "Stages computed: double by abc1234."


def test_stages_of_one_commit_stand_together() -> None:
    def outcome(name: str, commit: str | None) -> StageOutcome:
        stage = Stage(name, "", 1, lambda *_: StageResult([]), Path(), {}, [])
        return StageOutcome(stage, True, "", 0.0, {}, commit)

    done = [
        outcome("sample", "a1"),
        outcome("align", None),
        outcome("caption", "a1"),
        outcome("sample", "a1"),
    ]
    assert harness.stage_commits(done) == (
        "Stages computed: sample, caption by a1; align by an unknown commit."
    )


def test_manifests_without_the_field_are_read_and_none_is_written(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    write_manifest(path, stage="s", stage_version=1, config={"a": None}, inputs={}, outputs=[])
    assert "commit" not in path.read_text()
    manifest = read_manifest(path)
    assert manifest is not None
    assert (manifest.commit, manifest.config) == (None, {"a": None})


def test_the_head_of_a_table_names_windows_days_and_models(tmp_path: Path) -> None:
    usual = {"type": "fixed_duration", "min_events": 3, "split": {"strategy": "chronological"}}
    write_json(tmp_path / "statistics.json", {"config": usual})
    assert harness.deviation_line(tmp_path, days=8, models=3) == "Deviations from the protocol: none."
    other = {**usual, "min_events": 1, "split": {"strategy": "random"}}
    write_json(tmp_path / "statistics.json", {"config": other})
    assert harness.deviation_line(tmp_path, days=5, models=1) == (
        "Deviations from the protocol: windows of at least 1 event instead of 3; random days for testing "
        "instead of the last ones; 5 annotated test days, fewer than 8: no intervals, no verdicts; "
        "1 trained model instead of 3."
    )
