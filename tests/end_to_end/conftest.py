"""One small chain, run once through the command line and shared by the tests that look at its results."""

import os
from pathlib import Path

import pytest
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
