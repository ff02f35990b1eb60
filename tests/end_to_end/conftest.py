"""One small chain, run once through the command line and shared by the tests that look at its results."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blank_pictures import blank_pictures
from chain_runs import chain_arguments, discover
from filelock import FileLock


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace of a finished small chain; made once, also when tests run in several processes."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    workspace = shared / "finished_chain"
    with FileLock(str(shared / "finished_chain.lock")):
        if not (workspace / "done").is_file():
            workspace.mkdir(exist_ok=True)
            done = discover(*chain_arguments(workspace))
            assert done.returncode == 0, done.stdout + done.stderr
            (workspace / "done").write_text(done.stdout)
    return workspace


@pytest.fixture(scope="module", autouse=True)
def blank() -> Iterator[None]:
    """Commands in this process draw no pictures; the finished chain, a process of its own, draws them all."""
    with blank_pictures():
        yield
