"""Runs tests against mutated source files; started by `mutants` in a copy of the repository, never imported.

Reads one JSON object a line (path, source, tests, timeout_s) and answers with one line (killed, why).
Libraries are imported once, here; each mutant runs in a fork of this process, which imports the project anew.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

_LIBRARIES = (
    "numpy", "polars", "pytest", "hypothesis", "pydantic", "yaml", "matplotlib.figure", "scipy.optimize",
    "scipy.special", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model", "sklearn.metrics",
    "sklearn.neighbors", "sklearn.neural_network", "sklearn.preprocessing", "torch",
)  # fmt: skip


def main() -> None:
    """Answer until the input ends."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        path = Path(task["path"])
        original = path.read_text(encoding="utf-8")
        path.write_text(task["source"], encoding="utf-8")
        try:
            outcome = _run(task["tests"], task["timeout_s"])
        finally:
            path.write_text(original, encoding="utf-8")
        print(json.dumps(outcome), flush=True)


def _run(tests: list[str], timeout_s: float) -> dict[str, object]:
    child = os.fork()
    if child == 0:
        os.setsid()
        _test(tests)
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return {"killed": code != 0, "why": f"exit {code}"}
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return {"killed": True, "why": "timeout"}


def _test(tests: list[str]) -> None:
    code = 99
    try:
        import pytest

        warnings.simplefilter("ignore", pytest.PytestAssertRewriteWarning)

        quiet = os.open(os.environ.get("MUTANT_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.dont_write_bytecode = True
        options = [
            "-x",
            "-q",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "--no-header",
        ]
        code = int(pytest.main([*options, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
