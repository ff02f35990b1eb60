"""What leaves an evaluation: the published schema, answers on disk, and comparisons of runs."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.evaluation import EvaluationConfig, evaluate_recognition, evaluate_retrieval
from discover.evaluation.answers import AnswerLog, row_key
from discover.evaluation.compare import Run, compare_runs, read_run
from discover.evaluation.schemas import MetricsFile, metrics_schema
from discover.metrics import score_samples
from discover.reports.compare_figures import _rows, draw_comparison
from discover.reports.markdown_compare import comparison_markdown

ROOT = Path(__file__).resolve().parents[3]
CONFIG = EvaluationConfig(
    bootstrap_samples=30,
    gradient_boosting=False,
    shot_draws=2,
    shots=(2,),
    mlp_epochs=2,
    probe_strengths=(1.0,),
)


def evaluated(study: Any, **changes: Any) -> tuple[dict[str, Any], AnswerLog]:
    data = dataclasses.replace(study.data, **changes)
    log = AnswerLog()
    shared: dict[str, Any] = {
        "encode_text": study.encode_text,
        "project_text": study.project_text,
        "config": CONFIG,
        "answers": log,
    }
    recognition, retrieval = evaluate_recognition(data, **shared), evaluate_retrieval(data, **shared)
    return {"free_running": {"sampling": "T", "recognition": recognition, "retrieval": retrieval}}, log


@pytest.fixture(scope="module")
def plain(study: Any) -> tuple[dict[str, Any], AnswerLog]:
    """The study as it is."""
    return evaluated(study)


def run_of(log: AnswerLog, name: str) -> Run:
    return Run(name, pl.concat(log.recognition), pl.concat(log.retrieval))


def test_results_follow_the_published_schema(plain: tuple[dict[str, Any], AnswerLog]) -> None:
    result, _ = plain
    as_read = json.loads(json.dumps(result, allow_nan=False))
    MetricsFile.model_validate(as_read)
    published = json.loads((ROOT / "docs/metrics.schema.json").read_text(encoding="utf-8"))
    assert published == metrics_schema(), (
        "run python -m discover.evaluation.schemas > docs/metrics.schema.json"
    )
    del as_read["free_running"]["recognition"]["rows"][0]["annotated"]["macro_f1"]
    with pytest.raises(ValidationError, match="macro_f1"):
        MetricsFile.model_validate(as_read)


def test_answers_survive_the_disk(plain: tuple[dict[str, Any], AnswerLog], tmp_path: Path) -> None:
    _, log = plain
    paths = log.write(tmp_path)
    again = read_run(tmp_path, "again")
    assert again.answers.equals(pl.concat(log.recognition))
    assert again.retrieval.equals(pl.concat(log.retrieval))
    assert set(again.answers["level"].unique()) == {"L1", "L2"}
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in log.write(tmp_path)] == first
    with pytest.raises(ArtifactError, match=r"answers\.parquet"):
        read_run(tmp_path / "nothing", "nothing")


def test_differences_are_those_of_the_answers(study: Any, plain: tuple[dict[str, Any], AnswerLog]) -> None:
    table = study.data.window_embeddings
    _, good = plain
    _, bad = evaluated(
        study, window_embeddings=dataclasses.replace(table, vectors=np.roll(table.vectors, 1, axis=1))
    )
    result = compare_runs([run_of(good, "good"), run_of(bad, "bad")], samples=50)
    assert result["runs"] == ["good", "bad"]
    entries = {
        e["run"]: e
        for e in result["recognition"]
        if (e["level"], e["pool"], e["row"]) == ("L1", "annotated", "aligned_zero_shot/described/plain")
    }
    assert entries["good"]["accuracy"]["value"] == pytest.approx(19 / 20)
    assert "minus_first" not in entries["good"]
    difference = entries["bad"]["minus_first"]["accuracy"]
    assert difference["value"] == pytest.approx(entries["bad"]["accuracy"]["value"] - 19 / 20)
    assert difference["value"] < 0
    assert (difference["high"], difference["differs"]) == (None, False)
    # Rows that do not depend on the model do not differ.
    text = [e for e in result["recognition"] if e["run"] == "bad" and e["row"].startswith("text_only")]
    assert all(e["minus_first"]["macro_f1"]["value"] == 0 for e in text)
    assert any(e["measure"] == "recall@10" and "minus_first" in e for e in result["retrieval"])
    markdown = comparison_markdown(result)
    assert "minus good" in markdown
    assert "| aligned, zero-shot · described · plain | bad |" in markdown


def test_other_windows_cannot_be_compared(plain: tuple[dict[str, Any], AnswerLog]) -> None:
    _, log = plain
    run = run_of(log, "one")
    fewer = run.answers.filter(pl.col("window_id") != "small_home_T_test_080")
    with pytest.raises(DataError, match="other windows or labels"):
        compare_runs([run, dataclasses.replace(run, name="two", answers=fewer)], samples=20)
    with pytest.raises(ConfigError, match="two runs or more"):
        compare_runs([run])
    with pytest.raises(ConfigError, match="own name"):
        compare_runs([run, run])


def test_ranks_on_disk_are_those_of_the_recall(plain: tuple[dict[str, Any], AnswerLog]) -> None:
    result, log = plain
    retrieval = pl.concat(log.retrieval)
    found = result["free_running"]["retrieval"]
    ranks = retrieval.filter((pl.col("direction") == "text_to_window") & (pl.col("measure") == "rank"))
    assert (ranks["value"] <= 10).mean() == pytest.approx(found["text_to_window"]["recall@10"])
    curve = found["recall_curve"]["text_to_window"]
    assert curve["recall"][curve["k"].index(10.0)] == pytest.approx(
        found["text_to_window"]["recall@10"], abs=1e-6
    )
    shares = retrieval.filter((pl.col("direction") == "window_to_window") & (pl.col("measure") == "L1@10"))
    assert len(shares) == 20


# --- rows with few labels in a comparison


def shot_entries(result: dict[str, Any], row: str = "k_shot/2_shots") -> dict[str, dict[str, Any]]:
    return {e["run"]: e for e in result["few_labels"] if e["row"] == row}


@pytest.fixture(scope="module")
def worse(study: Any) -> tuple[dict[str, Any], AnswerLog]:
    """The study with vectors of a bad model."""
    table = study.data.window_embeddings
    noise = np.random.default_rng(0).normal(size=table.vectors.shape)
    vectors = (table.vectors + 2 * noise).astype(np.float32)
    return evaluated(study, window_embeddings=dataclasses.replace(table, vectors=vectors))


@pytest.fixture
def two_folders(
    plain: tuple[dict[str, Any], AnswerLog], worse: tuple[dict[str, Any], AnswerLog], tmp_path: Path
) -> tuple[Path, Path]:
    """Evaluations of a good and a bad model, as on disk."""
    for name, (result, log) in (("good", plain), ("bad", worse)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(json.dumps(result))
        log.write(tmp_path / name)
    return tmp_path / "good", tmp_path / "bad"


def test_draws_are_stored_and_compared_by_day(two_folders: tuple[Path, Path]) -> None:
    runs = [read_run(folder, folder.name) for folder in two_folders]
    result = compare_runs(runs, samples=50)
    rows = {e["row"] for e in result["few_labels"]}
    assert rows == {"k_shot/2_shots", "text_and_shots/2_shots/described", "few_shot_probe/2_shots"}
    for row in rows:
        entries = shot_entries(result, row)
        for run in runs:
            told = run.shot_scores["free_running", "L1", "annotated", row]
            assert entries[run.name]["macro_f1"]["value"] == pytest.approx(
                told["macro_f1"]["value"], abs=1e-6
            )
            assert entries[run.name]["interval_over"] == "days"
    stored = runs[1].shots.filter(pl.col("row") == "k_shot/2_shots").sort("window_id")
    draws = np.array(stored["answers"].to_list()).T
    assert draws.shape == (2, 20)
    first = np.array(
        runs[0].shots.filter(pl.col("row") == "k_shot/2_shots").sort("window_id")["answers"].to_list()
    )
    bad, good = (
        score_samples(stored["truth"], answers, stored["day"], resamples=50) for answers in (draws, first.T)
    )
    plain = bad.minus(good)["macro_f1"]
    difference = shot_entries(result)["bad"]["minus_first"]["macro_f1"]
    assert difference["value"] < 0
    assert difference["value"] == pytest.approx(plain.estimate, abs=1e-6)
    assert (difference["low"], difference["high"], difference["differs"]) == (None, None, False)
    markdown = comparison_markdown(result)
    assert "## Few labels, free-running" in markdown
    assert "†" not in markdown
    # Pictures are a room above; the shape of a result is best known here.
    pictures = [draw_comparison(result, p) for p in ("free_running", "free_running", "presegmented")]
    assert pictures[0] is not None
    assert pictures[0] == pictures[1]
    assert pictures[2] is None
    assert [e for e, _ in _rows(result["few_labels"])] == [
        "k_shot/2_shots", "text_and_shots/2_shots/described", "few_shot_probe/2_shots"
    ]  # fmt: skip
    groups = dict(_rows(result["recognition"] + result["few_labels"]))
    assert groups["text_only/described/plain"] == 0
    assert (groups["k_shot/2_shots"], groups["linear_probe/joint"]) == (1, 2)
    assert not any("smoothed" in row or "/name" in row for row in groups)
    again = compare_runs(runs, samples=CONFIG.bootstrap_samples)
    for folder in two_folders:
        told_rows = json.loads((folder / "metrics.json").read_text())["free_running"]["recognition"]["rows"]
        in_full = {row_key(r): r["annotated"] for r in told_rows if not r.get("shots")}
        for entry in again["recognition"]:
            if (entry["level"], entry["pool"], entry["run"]) == ("L1", "annotated", folder.name):
                assert entry["weighted_f1"] == in_full[entry["row"]]["weighted_f1"]


def refuse_draws_of_other_windows(good: Run, bad: Run) -> None:
    fewer = bad.shots.filter(pl.col("window_id") != "small_home_T_test_080")
    with pytest.raises(DataError, match="other windows or labels"):
        compare_runs([good, dataclasses.replace(bad, shots=fewer)], samples=20)
    scores = {key: {**value, "n": 19} for key, value in bad.shot_scores.items()}
    unstored = dataclasses.replace(bad, shots=bad.shots.clear(), shot_scores=scores)
    with pytest.raises(DataError, match="other windows or labels"):
        compare_runs([good, unstored], samples=20)


def test_draws_that_were_not_stored_are_shown_without_claim(two_folders: tuple[Path, Path]) -> None:
    refuse_draws_of_other_windows(*(read_run(folder, folder.name) for folder in two_folders))
    bad = two_folders[1]
    (bad / "shot_answers.parquet").unlink()
    result = compare_runs([read_run(folder, folder.name) for folder in two_folders], samples=50)
    entry = shot_entries(result)["bad"]
    told = json.loads((bad / "metrics.json").read_text())["free_running"]["recognition"]["rows"]
    (row,) = (r["annotated"] for r in told if r["method"] == "k_shot")
    assert entry["macro_f1"] == row["macro_f1"]
    assert entry["interval_over"] == "draws"
    difference = entry["minus_first"]["macro_f1"]
    assert difference["value"] == pytest.approx(
        row["macro_f1"]["value"] - shot_entries(result)["good"]["macro_f1"]["value"], abs=1e-6
    )
    assert (difference["low"], difference["differs"]) == (None, False)
    markdown = comparison_markdown(result)
    assert "not stored in bad" in markdown
    assert f"{difference['value']:+.3f} |" in markdown
    # Older still: not even the table of scores.
    (bad / "metrics.json").unlink()
    result = compare_runs([read_run(folder, folder.name) for folder in two_folders], samples=50)
    assert set(shot_entries(result)) == {"good"}
