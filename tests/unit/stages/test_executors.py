"""Every executor gives the same results; an error or a dead process costs one task alone."""

import importlib.util
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from discover.core.errors import ConfigError, DataError, DiscoverError
from discover.stages import Executor, Failure, build_executor
from discover.stages.processes import ProcessExecutor

RAY = pytest.param(
    "ray", marks=pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
)


def work(folder: Path, task: str) -> tuple[str, str]:
    """A task by name: one that works, that is wrong, that has a bug, or whose process is killed."""
    count = folder / f"{task}_{os.getpid()}_{len(list(folder.iterdir()))}"
    count.write_text("")
    if task == "wrong":
        raise DataError("The log is wrong. Correct it.")
    if task == "bug":
        return ("bug", [][1])
    if task == "killer" or (task == "killed once" and len(list(folder.glob("killed once*"))) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return (task.upper(), os.environ["POLARS_MAX_THREADS"])


def results(executor: Executor, folder: Path, tasks: list[str]) -> dict[str, object]:
    found = {tasks[f.number]: f.result for f in executor.map(partial(work, folder), tasks)}
    assert sorted(found) == sorted(tasks)
    return found


@pytest.mark.parametrize("name", ["serial", "processes", RAY])
def test_an_error_is_reported_and_stops_no_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = build_executor(name, None if name == "serial" else 2)  # type: ignore[arg-type]
    # A number that the user set stays; here the executor sets it.
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    if not executor.remote:
        monkeypatch.setenv("POLARS_MAX_THREADS", "1")
    found = results(executor, tmp_path, ["a", "wrong", "bug", "b"])
    assert (found["a"], found["b"]) == (("A", "1"), ("B", "1"))
    assert found["wrong"] == Failure("The log is wrong. Correct it.", DiscoverError.exit_code)
    assert isinstance(found["bug"], Failure)
    assert found["bug"].exit_code == 1
    assert "IndexError" in found["bug"].message, "a bug keeps its traceback"


@pytest.mark.parametrize("name", ["processes", RAY])
def test_a_dead_process_costs_its_own_task_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    executor = build_executor(name, 2)  # type: ignore[arg-type]
    found = results(executor, tmp_path, ["a", "killer", "b", "c"])
    others = {task: result for task, result in found.items() if task != "killer"}
    assert others == {"a": ("A", "1"), "b": ("B", "1"), "c": ("C", "1")}
    assert isinstance(found["killer"], Failure)
    assert "died twice" in found["killer"].message
    assert 1 <= len(list(tmp_path.glob("killer_*"))) <= 2
    # Apart from the killer: beside it, this one's own death could be its second.
    found = results(executor, tmp_path, ["d", "killed once", "e"])
    assert found == {"d": ("D", "1"), "killed once": ("KILLED ONCE", "1"), "e": ("E", "1")}


def test_the_environment_is_as_before_and_what_the_user_set_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert results(ProcessExecutor(1, threads=3), tmp_path, ["a"]) == {"a": ("A", "7")}
    assert "MKL_NUM_THREADS" not in os.environ


def test_workers_that_change_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match="--workers 4 changes nothing with --executor serial"):
        build_executor("serial", 4)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_ray_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(ConfigError, match=r"needs Ray.*discover-v2\[scale\].*--executor processes"):
        build_executor("ray")
