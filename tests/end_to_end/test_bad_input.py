"""Bad input: one paragraph that says what to do, exit code 2, and nothing written."""

import gzip
import subprocess
from pathlib import Path

import pytest
from chain_runs import CONFIG, discover_here

GOOD = "".join(
    f"2024-03-{day:02d} 0{hour}:{minute:02d}:00.5\tM00{1 + minute % 3}\t{'ON' if minute % 2 else 'OFF'}\n"
    for day in range(1, 8)
    for hour in range(6, 9)
    for minute in range(0, 60, 1)
)


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != ".lock")


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    message = " ".join(done.stderr.split())
    assert message.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in message, message


BAD_LOGS = {
    "missing": (None, ["No log at"]),
    "empty": (b"", ["empty"]),
    "blank lines": (b"\n\n  \n", ["no "]),
    "no events": (b"hello there\nthis is not a log\n", ["no sensor event", "this is not a log"]),
    "binary": (bytes(range(256)) * 40, ["binary"]),
    "damaged gzip": (gzip.compress(GOOD.encode())[:-20], ["gz"]),
}


@pytest.mark.parametrize("kind", BAD_LOGS)
def test_bad_log(kind: str, tmp_path: Path) -> None:
    content, words = BAD_LOGS[kind]
    log = tmp_path / ("log.gz" if "gzip" in kind else "log.txt")
    if content is not None:
        log.write_bytes(content)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    done = discover_here("homes", "import", str(log), "--name", "mine", "-w", str(workspace))
    assert_refused(done, *words)
    assert files_in(workspace) == []


def run_config(tmp_path: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    sets = [part for setting in settings for part in ("--set", setting)]
    config = str(CONFIG)
    return discover_here("run", "-c", config, "-w", str(tmp_path), *sets)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.batchsize=3", ["training.batchsize", "batch_size"]),
        ("sampling.duraton_s=30", ["sampling.duraton_s", "duration_s"]),
        ("home.name=demmo", ["demmo", "demo"]),
        ("captions.style=poem", ["captions.style"]),
        ("text_projection=null", ["text_projection", "384"]),
        ("home.log=nowhere.txt", ["log"]),
        ("training.batch_size=-1", ["training.batch_size"]),
        ("encoder.n_heads=3", ["n_heads"]),
    ],
)
def test_bad_setting(setting: str, words: list[str], tmp_path: Path) -> None:
    assert_refused(run_config(tmp_path, setting), *words)
    assert files_in(tmp_path) == []


def test_missing_config(tmp_path: Path) -> None:
    done = discover_here("run", "-c", "configs/pipelines/dmo.yaml", "-w", str(tmp_path))
    assert_refused(done, "No config file", "demo.yaml")


def test_unwritable_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    config = str(CONFIG)
    assert_refused(
        discover_here("run", "-c", config, "-w", str(blocked)), "Cannot write", "Choose another folder"
    )


def test_home_without_a_log_says_how_to_get_one(tmp_path: Path) -> None:
    done = run_config(tmp_path, "home={name: milan}")
    assert_refused(done, "discover homes fetch milan", "discover homes simulate --like milan")


def test_search_without_a_model(tmp_path: Path) -> None:
    assert_refused(discover_here("search", str(tmp_path / "nothing"), "fridge"), "There is nothing at")
