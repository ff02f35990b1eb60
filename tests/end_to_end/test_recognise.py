"""`discover recognise` on a finished chain: its own windows, its log, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
from chain_runs import discover_here

FILES = {f"timeline_{kind}.{ending}" for kind in ("windows", "segments") for ending in ("csv", "parquet")}


def model_of(workspace: Path) -> Path:
    return workspace / "trained_models/demo/demo"


def test_own_test_windows_become_a_timeline(finished: Path, tmp_path: Path) -> None:
    done = discover_here("recognise", str(model_of(finished)), "--split", "test", "-o", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    # Whether the check lets a student of so little training through depends on the last digit of the data.
    refused = json.loads(
        discover_here(
            "recognise", str(model_of(finished)), "--split", "test", "--json", "-o", str(tmp_path / "json")
        ).stdout
    )["student_refused"]
    if refused:
        assert "No label was read. A student was taught and refused, and its teacher answered" in said
        assert f"Note: the student is refused because {refused}" in said
    else:
        assert "No label was read. A student of the prompts answered (method self_trained)" in said
    assert said.count("Note:") == bool(refused)
    shutil.rmtree(tmp_path / "json")
    names = {p.name for p in tmp_path.iterdir()}
    assert names == FILES | {"timeline.png", "timeline.svg"}
    windows = pl.read_parquet(tmp_path / "timeline_windows.parquet")
    segments = pl.read_parquet(tmp_path / "timeline_segments.parquet")
    indexed = pl.read_parquet(model_of(finished) / "index_FD_60/windows.parquet")
    assert set(windows["window_id"]) == set(indexed.filter(pl.col("split") == "test")["window_id"])
    assert segments["n_windows"].sum() == len(windows)
    unknown = windows["activity"] == "unknown"
    assert 0.0 < unknown.mean() < 1.0
    assert windows.filter(unknown)["margin"].max() < windows.filter(~unknown)["margin"].min()
    assert len(pl.read_csv(tmp_path / "timeline_segments.csv")) == len(segments)


def test_a_log_is_cut_as_the_model_was_and_days_can_be_chosen(finished: Path, tmp_path: Path) -> None:
    (log,) = (finished / "data/raw/simulated/demo").glob("*.txt.gz")
    model = str(model_of(finished))
    first = json.loads(
        discover_here("recognise", model, str(log), "--json", "-o", str(tmp_path / "a")).stdout
    )
    assert first["unseen_sensor_share"] == 0.0
    days = sorted({s["start"][:10] for s in first["segments"]})
    assert len(days) > 3
    chosen = json.loads(
        discover_here(
            "recognise", model, str(log), "--day", days[1], "--json", "-o", str(tmp_path / "b")
        ).stdout
    )
    assert {s["start"][:10] for s in chosen["segments"]} == {days[1]}
    assert 0 < chosen["windows"] < first["windows"]


def test_the_method_can_be_chosen_and_follows_from_what_is_there(finished: Path, tmp_path: Path) -> None:
    def answer(model: Path, *options: str) -> dict[str, Any]:
        done = discover_here("recognise", str(model), "--json", "-o", str(tmp_path / "out"), *options)
        assert done.returncode == 0, done.stdout + done.stderr
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded

    model = model_of(finished)
    student, prompts = answer(model), answer(model, "--method", "prompts")
    assert (student["method"], student["note"]) == ("self_trained", "")
    assert student["student_refused"] == "" or student["student_refused"].startswith("it")
    assert prompts["student_refused"] == ""
    assert (prompts["method"], prompts["note"]) == ("prompts", "")
    assert student["activities"] != prompts["activities"]
    balanced = answer(model, "--balance", "0.5")
    assert balanced["method"] == "prompts"
    assert "because balancing corrects prompt scores" in balanced["note"]
    # The same windows without their captions: a copied model whose data folder holds none.
    copied = tmp_path / "moved/trained_models/demo/demo"
    shutil.copytree(model, copied)
    lost = answer(copied)
    assert lost["method"] == "prompts"
    assert "no captions with vectors of the text encoder" in lost["note"]
    assert lost["segments"] == prompts["segments"]
    alone = answer(copied, "--method", "self_trained")
    assert alone["method"] == "self_trained"
    assert alone["note"].startswith("Window vectors alone taught the student")
    assert alone["activities"] != student["activities"], "captions did teach"


def test_own_activities_and_no_unknown(finished: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "own.yaml"
    prompts.write_text("resting: someone rests in bed\ncooking: [someone cooks, the stove is on]\n")
    done = discover_here(
        "recognise", str(model_of(finished)), "--prompts", str(prompts), "--unknown-share", "0",
        "-o", str(tmp_path / "out"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = pl.read_parquet(tmp_path / "out/timeline_windows.parquet")["activity"].unique().to_list()
    assert set(answers) <= {"resting", "cooking"}


def test_refusals_say_what_to_do(finished: Path, tmp_path: Path) -> None:
    model = str(model_of(finished))
    (log,) = (finished / "data/raw/simulated/demo").glob("*.txt.gz")
    cases = [
        ((str(tmp_path),), "No trained model in"),
        ((model, "--day", "yesterday"), "write it as YEAR-MONTH-DAY"),
        ((model, "--day", "1999-01-01"), "No window is left"),
        ((model, "--split", "dev"), "'dev' is not one of 'train', 'val', 'test'"),
        ((model, str(log), "--split", "test"), "A log has no splits"),
        ((model, "--home", "aruba"), "holds no home 'aruba'"),
        ((model, "--method", "student"), "'student' is not one of 'prompts', 'self_trained'"),
        ((model, "--method", "self_trained", "--balance", "0.5"), "corrects prompt scores"),
        ((model, "--method", "prompts", "--captions", "baseline"), "prompts need no student"),
        ((model, "--captions", "poetry"), "no caption vectors of style 'poetry'"),
    ]
    for arguments, words in cases:
        done = discover_here("recognise", *arguments, "-o", str(tmp_path / "out"))
        assert done.returncode == 2
        assert words in " ".join((done.stdout + done.stderr).split())


def test_sampling_settings_that_are_gone_are_missed_in_words(finished: Path, tmp_path: Path) -> None:
    model = tmp_path / "trained_models/demo/demo"
    shutil.copytree(model_of(finished), model)
    (log,) = (finished / "data/raw/simulated/demo").glob("*.txt.gz")
    done = discover_here("recognise", str(model), str(log), "-o", str(tmp_path / "out"))
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "manifest_sample.json" in said
    assert "leave the log out" in said
    assert discover_here("recognise", str(model), "-o", str(tmp_path / "out")).returncode == 0
