"""A disk that takes no more: a stage ends with one sentence, leaves nothing half-written, and runs again.

The kernel's limit on the size of a file stands for the full disk: a write beyond it fails, whatever library
writes.
"""

import contextlib
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_runs import chain_arguments, discover_here

from discover.core.artifacts import file_sha256, read_manifest

STAGES = ["import", "sample", "caption", "encode-text", "align", "embed", "evaluate", "report"]
MODEL = "trained_models/demo/demo"
_LITTLE = 64
"""Bytes: no output fits, the semaphores of libraries do."""


@pytest.fixture(scope="module")
def workspace(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied = tmp_path_factory.mktemp("full_disk") / "workspace"
    shutil.copytree(finished, copied)
    return copied


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        # Python keeps a compiled module that was cut off, and no later start can import it.
        patch.setattr(sys, "dont_write_bytecode", True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def assert_one_sentence(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("Error: ")


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file but locks and notes of times."""
    left_out = {".lock", "timing.jsonl", "done"}
    return {
        str(path.relative_to(folder)): file_sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in left_out
    }


def partials(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.partial") if not path.is_dir()]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_the_chain(stage: str, workspace: Path) -> None:
    before = contents(workspace)
    (manifest_path,) = workspace.rglob(f"manifest_{stage}.json")
    manifest = read_manifest(manifest_path)
    assert manifest is not None
    outputs = [manifest_path.parent / name for name in manifest.outputs]
    # A training that has ended is not trained again, so its checkpoints go as well.
    own = {*outputs, *manifest_path.parent.glob("*.pt")} if stage == "align" else set(outputs)
    # The largest output of a report is its page, which is made here without pictures.
    limit = _LITTLE if stage == "report" else max(path.stat().st_size for path in outputs) - 1
    for path in (manifest_path, *own):
        path.unlink()
    with largest_file(limit):
        done = discover_here(*chain_arguments(workspace))
    assert_one_sentence(done)
    assert not manifest_path.exists()
    assert not partials(workspace)
    again = discover_here(*chain_arguments(workspace))
    assert again.returncode == 0, again.stderr
    after = contents(workspace)
    assert set(after) == set(before)
    if stage not in ("align", "report"):  # they name the place, and the workspace was copied
        assert after == before


COMMANDS = {
    "homes import": ["homes", "import", "{log}", "--name", "mine", "-w", "{new}"],
    "homes simulate": ["homes", "simulate", "--days", "1", "-o", "{new}/log.txt"],
    "cluster": ["cluster", "{model}", "--k", "4", "--on", "bag", "--method", "kmeans", "--name", "full"],
    "recognise": ["recognise", "{model}", "-o", "{new}"],
    "changes": [
        "changes", "{model}", "--rolling", "4", "--window", "4", "--min-days", "4", "--by", "room",
        "-o", "{new}",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command(name: str, workspace: Path, tmp_path: Path) -> None:
    log, new = tmp_path / "log.txt", tmp_path / "new"
    log.write_text("".join(f"2024-01-01 10:00:{k:02d}\tM00{k % 3}\tON\n" for k in range(60)))
    arguments = [part.format(log=log, new=new, model=workspace / MODEL) for part in COMMANDS[name]]
    before = contents(workspace)
    with largest_file(_LITTLE):
        done = discover_here(*arguments)
    assert_one_sentence(done)
    assert contents(workspace) == before
    assert not [path for path in new.rglob("*") if path.is_file() and path.name != ".lock"]
    again = discover_here(*arguments)
    assert again.returncode == 0, again.stderr
