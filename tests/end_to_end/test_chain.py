"""From a simulated log to answers: the whole chain through its command line."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from chain_runs import CONFIG, ROOT, chain_arguments, discover, discover_here

from discover.core.embeddings import load_embeddings
from discover.core.event_files import read_events
from discover.core.window_set import load_window_set
from discover.interop import read_v2_windows

RESULTS = "results/demo/FD_60/demo"
MODEL = "trained_models/demo/demo"


def artefacts(workspace: Path) -> dict[str, str]:
    return {
        str(p.relative_to(workspace)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(workspace.rglob("*"))
        if p.is_file() and p.name not in (".lock", "timing.jsonl", "done")
    }


def data_settings(windows: Path, vectors: Path) -> list[str]:
    """Train on the windows of one folder and the vectors of another."""
    settings = [
        f"train_data_path={windows}/windows.parquet",
        f"val_data_path={windows}/windows.parquet",
        f"train_text_embeddings_path={vectors}/embeddings_short_minilm.npz",
        f"val_text_embeddings_path={vectors}/embeddings_short_minilm.npz",
    ]
    return [part for setting in settings for part in ("--set", setting)]


def test_the_run_ends_with_answers_and_where_they_are(finished: Path) -> None:
    said = (finished / "done").read_text()
    assert said.count('Search: "') == 3
    for name in ("report.html", "metrics.json"):
        assert (finished / RESULTS / name).is_file()
        assert name in said


def test_report_is_self_contained(finished: Path) -> None:
    page = (finished / RESULTS / "report.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    wanted = ("What was found", "A typical day", "Answered questions", "Unusual days", "Clusters")
    wanted += ("Recognition", "Retrieval", "Data health", "Windows", "Settings", "Training")
    places = [page.index(f"<h2>{section}") for section in wanted]
    assert places == sorted(places), "what was found comes first, training last"


def test_metrics_have_the_protocols_rows(finished: Path) -> None:
    metrics = json.loads((finished / RESULTS / "metrics.json").read_text())
    assert set(metrics) == {"free_running", "presegmented"}
    for part in metrics.values():
        methods = {row["method"] for row in part["recognition"]["rows"]}
        assert {"majority", "text_only", "aligned_zero_shot"} <= methods
        retrieval = part["retrieval"]
        assert retrieval["text_to_window"]["pool_size"] == retrieval["pool"]["windows"]
        assert part["recognition"]["leak_check"]["shared_events"] == 0


def test_a_second_run_does_nothing(finished: Path) -> None:
    before = artefacts(finished)
    done = discover_here(*chain_arguments(finished))
    assert done.returncode == 0, done.stderr
    assert "✓" not in done.stdout
    assert artefacts(finished) == before


def test_a_copied_workspace_is_current_and_still_notices_a_change(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(finished, copy)
    before = artefacts(copy)
    done = discover_here(*chain_arguments(copy))
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith(("·", "✓"))]
    assert len(told) == len(list(finished.rglob("manifest_*.json")))
    assert all("up to date" in line for line in told), done.stdout
    assert artefacts(copy) == before
    assert str(finished) not in json.dumps([p.read_text() for p in copy.rglob("manifest_*.json")])

    done = discover_here(*chain_arguments(copy, ["optimizer.weight_decay=0.5"]), "--dry-run")
    lines = {line.split()[0]: line for line in reversed(done.stdout.splitlines()) if line.strip()}
    assert "settings changed: optimizer" in lines["align"]
    assert " skip " in lines["encode-text"]
    with (copy / "data/processed/simulated/demo/FD_60/vocab.json").open("a") as vocabulary:
        vocabulary.write(" ")
    done = discover_here(*chain_arguments(copy), "--dry-run")
    lines = {line.split()[0]: line for line in reversed(done.stdout.splitlines()) if line.strip()}
    assert "output altered: vocab.json" in lines["sample"]
    assert "if its input changes" in lines["align"]


def test_manifests_that_name_paths_stay_current(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    manifest = copy / MODEL / "manifest_align.json"
    content = json.loads(manifest.read_text())
    sampling = "/old/place/data/processed/simulated/demo/FD_60"
    content["config"] |= {
        "output_dir": f"/old/place/{MODEL}",
        **dict.fromkeys(("train_data_path", "val_data_path"), f"{sampling}/windows.parquet"),
        "vocab_path": f"{sampling}/vocab.json",
        **dict.fromkeys(("train_text_embeddings_path", "val_text_embeddings_path"), f"{sampling}/v.npz"),
    }
    manifest.write_text(json.dumps(content))
    done = discover_here(*chain_arguments(copy), "--dry-run")
    assert " skip " in next(line for line in done.stdout.splitlines() if line.split()[:1] == ["align"])


def test_dry_run_shows_what_a_change_touches_and_writes_nothing(finished: Path) -> None:
    before = artefacts(finished)
    done = discover_here(*chain_arguments(finished, ["training.max_steps=20"]), "--dry-run")
    lines = {line.split()[0]: line for line in reversed(done.stdout.splitlines()) if line.strip()}
    assert " skip " in lines["encode-text"]
    assert " run " in lines["align"]
    assert "settings changed: training" in lines["align"]
    assert "if its input changes" in lines["evaluate"]
    assert artefacts(finished) == before


def test_search_prints_moments_and_json(finished: Path) -> None:
    done = discover("search", str(finished / MODEL), "someone opens the fridge", "--top-k", "3")
    assert done.returncode == 0, done.stderr
    assert "\n3. " in done.stdout
    assert "score" in done.stdout
    found = json.loads(discover_here("search", str(finished / MODEL), "the fridge", "--json").stdout)
    assert len(found["answers"]) == 5
    scores = [answer["score"] for answer in found["answers"]]
    assert scores == sorted(scores, reverse=True)
    events = read_events(finished / "data/processed/simulated/demo")
    first = found["answers"][0]
    assert first["timeline"]
    assert events["time"].min() <= pl.Series([first["start"]]).str.to_datetime()[0]


def test_the_index_of_another_model_is_refused(finished: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(finished / MODEL, model)
    shutil.copy(model / "checkpoint_step_4.pt", model / "best_model.pt")
    done = discover_here("search", str(model), "the fridge")
    assert done.returncode == 2
    assert "model" in done.stderr


def test_vectors_of_other_windows_are_refused(finished: Path, tmp_path: Path) -> None:
    sampling = finished / "data/processed/simulated/demo"
    sets = data_settings(sampling / "FD_60", sampling / "FD_60_p")
    out = tmp_path / "model"
    done = discover_here("train", "-c", str(CONFIG), *sets, "--output-dir", str(out))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "made from other windows" in " ".join(done.stderr.split())
    assert not list(out.rglob("*.pt"))


def test_train_py_resumes_from_a_checkpoint(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    shutil.copytree(finished / MODEL, out)
    before = (out / "metrics.jsonl").read_bytes()
    sampling = finished / "data/processed/simulated/demo/FD_60"
    extra = data_settings(sampling, sampling)
    arguments = chain_arguments(finished)[5:]
    command = [sys.executable, "train.py", "--config", str(CONFIG), *arguments, *extra]
    command += ["--resume", str(out / "checkpoint_step_8.pt"), "--output-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "metrics.jsonl").read_bytes() == before


def test_a_checkpoint_of_other_data_is_refused(finished: Path, tmp_path: Path) -> None:
    sampling = finished / "data/processed/simulated/demo/FD_60_p"
    sets = data_settings(sampling, sampling)
    checkpoint = finished / MODEL / "checkpoint_step_8.pt"
    out = tmp_path / "model"
    done = discover_here(
        "train", "-c", str(CONFIG), *chain_arguments(finished)[5:], *sets,
        "--resume", str(checkpoint), "--output-dir", str(out),
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "other windows" in done.stderr
    assert not list(out.rglob("*.pt"))


def test_export_writes_files_that_read_back_the_same(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "v2"
    arguments = ["export", *chain_arguments(finished)[1:], "--output", str(out)]
    done = discover_here(*arguments)
    assert done.returncode == 0, done.stderr
    names = {p.name for p in out.iterdir()}
    assert {"train.json", "val.json", "test.json", "vocab.json", "test_captions_short.json"} <= names
    sampling = finished / "data/processed/simulated/demo/FD_60"
    wanted = load_window_set(sampling).of_split("test").windows
    found = read_v2_windows(out / "test.json").window_set.windows
    assert found["window_id"].to_list() == wanted["window_id"].to_list()
    assert found["n_events"].to_list() == wanted["n_events"].to_list()
    whole = load_embeddings(sampling / "embeddings_short_minilm.npz")
    part = load_embeddings(out / "test_embeddings_short_minilm.npz")
    ids = wanted["window_id"].to_numpy().astype(str)
    both = [table.vectors[table.rows_of(ids)[:, 0]].astype("float32") for table in (part, whole)]
    assert (both[0] == both[1]).all()
    refused = discover_here(*arguments)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    # config.yaml and checkpoints name the workspace, so tables, vectors and scores are compared here;
    # benchmarks/reliability/kills.py kills every stage and compares every byte of runs at one path.
    workspace = tmp_path / "workspace"
    shutil.copytree(finished, workspace)
    for made in ("trained_models", "results"):
        shutil.rmtree(workspace / made)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "discover", *chain_arguments(workspace)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not (workspace / MODEL / "manifest_align.json").is_file():
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert time.monotonic() - started < 300
    assert not list(workspace.rglob("metrics.json")), "it was killed before it was scored"
    done = discover_here(*chain_arguments(workspace))
    assert done.returncode == 0, done.stderr
    mine, theirs = artefacts(workspace), artefacts(finished)
    assert set(mine) == set(theirs)
    tables = [n for n in mine if n.endswith((".parquet", ".npz", "metrics.jsonl", "metrics.json"))]
    assert len(tables) > 10
    assert [n for n in tables if mine[n] != theirs[n]] == []
