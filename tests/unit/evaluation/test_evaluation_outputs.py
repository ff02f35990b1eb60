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
from discover.evaluation.answers import AnswerLog
from discover.evaluation.compare import Run, compare_runs, comparison_markdown, read_run
from discover.evaluation.schemas import MetricsFile, metrics_schema

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


def run_of(log: AnswerLog, name: str) -> Run:
    return Run(name, pl.concat(log.recognition), pl.concat(log.retrieval))


def test_results_follow_the_published_schema(study: Any) -> None:
    result, _ = evaluated(study)
    as_read = json.loads(json.dumps(result, allow_nan=False))
    MetricsFile.model_validate(as_read)
    published = json.loads((ROOT / "docs/metrics.schema.json").read_text(encoding="utf-8"))
    assert published == metrics_schema(), (
        "run python -m discover.evaluation.schemas > docs/metrics.schema.json"
    )
    del as_read["free_running"]["recognition"]["rows"][0]["annotated"]["macro_f1"]
    with pytest.raises(ValidationError, match="macro_f1"):
        MetricsFile.model_validate(as_read)


def test_answers_survive_the_disk(study: Any, tmp_path: Path) -> None:
    _, log = evaluated(study)
    paths = log.write(tmp_path)
    again = read_run(tmp_path, "again")
    assert again.answers.equals(pl.concat(log.recognition))
    assert again.retrieval.equals(pl.concat(log.retrieval))
    assert set(again.answers["level"].unique()) == {"L1", "L2"}
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in log.write(tmp_path)] == first
    with pytest.raises(ArtifactError, match=r"answers\.parquet"):
        read_run(tmp_path / "nothing", "nothing")


def test_differences_are_those_of_the_answers(study: Any) -> None:
    table = study.data.window_embeddings
    _, good = evaluated(study)
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
    assert difference["differs"] == (difference["high"] < 0)
    # Rows that do not depend on the model do not differ.
    text = [e for e in result["recognition"] if e["run"] == "bad" and e["row"].startswith("text_only")]
    assert all(e["minus_first"]["macro_f1"]["value"] == 0 for e in text)
    assert any(e["measure"] == "recall@10" and "minus_first" in e for e in result["retrieval"])
    markdown = comparison_markdown(result)
    assert "minus good" in markdown
    assert "| aligned zero shot/described/plain | bad |" in markdown


def test_other_windows_cannot_be_compared(study: Any) -> None:
    _, log = evaluated(study)
    run = run_of(log, "one")
    fewer = run.answers.filter(pl.col("window_id") != "small_home_T_test_080")
    with pytest.raises(DataError, match="other windows or labels"):
        compare_runs([run, dataclasses.replace(run, name="two", answers=fewer)], samples=20)
    with pytest.raises(ConfigError, match="two runs or more"):
        compare_runs([run])
    with pytest.raises(ConfigError, match="own name"):
        compare_runs([run, run])


def test_ranks_on_disk_are_those_of_the_recall(study: Any) -> None:
    result, log = evaluated(study)
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
