"""`discover evaluate --model` and `discover compare` on a finished small chain."""

import json
import shutil
from pathlib import Path

import pytest
from chain_runs import discover_here

from discover.evaluation.schemas import MetricsFile

FAST = ("--set", "supervised=false", "--set", "bootstrap_samples=20", "--set", "encoder_probe=false")


@pytest.fixture
def workspace(finished: Path, tmp_path: Path) -> Path:
    """A copy whose model may be evaluated again."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_model_folder_is_evaluated_and_compared_without_config(workspace: Path) -> None:
    (model,) = (p.parent for p in workspace.glob("trained_models/*/*/best_model.pt"))
    done = discover_here("evaluate", "--model", str(model), *FAST)
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((model / "evaluation/metrics.json").read_text(encoding="utf-8"))
    MetricsFile.model_validate(metrics)
    (results,) = (p.parent for p in workspace.glob("results/*/*/*/metrics.json"))
    chained = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
    again = metrics["free_running"]["retrieval"]["text_to_window"]
    assert again == chained["free_running"]["retrieval"]["text_to_window"]

    done = discover_here(
        "compare", str(model), str(results), "--samples", "20", "-o", str(workspace / "both.md")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = json.loads((workspace / "both.json").read_text(encoding="utf-8"))
    differences = [e["minus_first"]["macro_f1"]["value"] for e in table["recognition"] if "minus_first" in e]
    assert differences
    assert set(differences) == {0.0}
    assert "## Retrieval" in (workspace / "both.md").read_text(encoding="utf-8")
    assert {p.name for p in workspace.glob("both_*.png")} == {
        "both_free_running.png", "both_presegmented.png"
    }  # fmt: skip


def test_one_part_of_the_protocol(workspace: Path) -> None:
    (model,) = (p.parent for p in workspace.glob("trained_models/*/*/best_model.pt"))
    output = workspace / "only"
    done = discover_here(
        "evaluate", "--model", str(model), "--protocol", "retrieval", "-o", str(output), *FAST
    )
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert "recognition" not in metrics["free_running"]
    assert metrics["free_running"]["retrieval"]["pool"]["windows"] > 0


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    done = discover_here("evaluate", "--model", str(tmp_path))
    assert done.returncode != 0
    assert "is not the folder of a trained model" in done.stdout + done.stderr
    done = discover_here("compare", str(tmp_path), str(tmp_path))
    assert "No evaluation in" in done.stdout + done.stderr
    done = discover_here("evaluate")
    assert "either --config or --model" in done.stdout + done.stderr


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(workspace: Path) -> None:
    (model,) = (p.parent for p in workspace.glob("trained_models/*/*/best_model.pt"))
    (workspace / "file").write_text("no folder")
    done = discover_here("evaluate", "--model", str(model), "-o", str(workspace / "file" / "below"), *FAST)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    assert "Cannot write in" in said
    assert "--output FOLDER` names another one" in said
    assert "Traceback" not in said


def test_a_model_is_scored_on_another_home(workspace: Path) -> None:
    """The other home is a copy of its own: the same numbers but for rounding, without an index."""
    (model,) = (p.parent for p in workspace.glob("trained_models/*/*/best_model.pt"))
    (own,) = workspace.glob("data/processed/*/demo")
    shutil.copytree(own, own.parent / "twin")
    shutil.rmtree(model / "index_FD_60")
    arguments = ("evaluate", "--model", str(model), "--protocol", "retrieval", "-w", str(workspace), *FAST)
    done = discover_here(*arguments, "--home", "twin")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((model / "evaluation_twin/metrics.json").read_text(encoding="utf-8"))
    (results,) = (p.parent for p in workspace.glob("results/*/*/*/metrics.json"))
    chained = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
    again, first = (m["free_running"]["retrieval"]["text_to_window"] for m in (found, chained))
    # An index keeps vectors in half precision, and nearly untrained ones lie close together.
    assert again == pytest.approx(first, rel=0.05)
    assert again["n_queries"] == first["n_queries"]

    done = discover_here(*arguments, "--home", "nowhere")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    assert "home 'nowhere' has none such" in said
    assert "Traceback" not in said
