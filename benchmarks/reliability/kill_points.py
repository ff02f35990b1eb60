"""Runs of `discover` in forks of a warm process, killed by SIGKILL at a chosen step or time.

A step is the moment before a file below the workspace is opened for writing, renamed, removed or synced, or
a folder made or removed. Python tells of these by audit events; what compiled code writes has no steps, so
kills at a time belong to the picture.
"""

import contextlib
import importlib
import mmap
import os
import select
import signal
import struct
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Outcome", "import_warm", "run_forked"]

_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_HOUSEKEEPERS = ("jemalloc_bg_thd", "polars-ooc-clea")
_NUMBERS = struct.Struct("qi")


@dataclass(frozen=True)
class Outcome:
    """How a forked run ended.

    Attributes:
        killed: Whether it died by SIGKILL.
        code: Exit status; 0 where it was killed.
        steps: Steps it had come to.
        where: What it was at: the stage, or "before and between stages".
        seconds: Wall time.
    """

    killed: bool
    code: int
    steps: int
    where: str
    seconds: float


def import_warm(names: Sequence[str]) -> None:
    """Import modules before forking; refuse a process whose threads do work: a fork would lack them.

    Three idle housekeepers of polars (its allocator, and the cleaner of its temporary files) are let be.
    """
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    threads = [(t / "comm").read_text().strip() for t in Path("/proc/self/task").iterdir()]
    working = [t for t in threads if not t.startswith(_HOUSEKEEPERS)]
    if len(working) != 1:
        raise RuntimeError(f"Threads {', '.join(working)} run after the imports; a fork would lack them.")


def run_forked(
    arguments: Sequence[str], workspace: Path, *, step: int | None = None, at_s: float | None = None
) -> Outcome:
    """Run `discover ARGUMENTS` in a fork with the workspace as its folder; SIGKILL at a step or a time.

    Its output goes to `workspace/../last_output.txt`.
    """
    shared = mmap.mmap(-1, mmap.PAGESIZE)
    _note(shared, 0, "before and between stages")
    started = time.monotonic()
    with warnings.catch_warnings():
        # `import_warm` has looked at the threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        code = 70
        try:
            _become_child(shared, workspace, step)
            code = _run(arguments)
        finally:
            os._exit(code)
    with _descriptor(process) as descriptor:
        ready, _, _ = select.select([descriptor], [], [], at_s)
        if not ready:
            os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    steps, length = _NUMBERS.unpack_from(shared)
    where = shared[_NUMBERS.size : _NUMBERS.size + length].decode()
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0 if killed else 71
    return Outcome(killed, code, steps, where, time.monotonic() - started)


@contextlib.contextmanager
def _descriptor(process: int) -> Iterator[int]:
    descriptor = os.pidfd_open(process)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _note(shared: mmap.mmap, steps: int, where: str | None = None) -> None:
    if where is None:
        struct.pack_into("q", shared, 0, steps)
        return
    text = where.encode()[:200]
    _NUMBERS.pack_into(shared, 0, steps, len(text))
    shared[_NUMBERS.size : _NUMBERS.size + len(text)] = text


def _become_child(shared: mmap.mmap, workspace: Path, kill_at: int | None) -> None:
    output = os.open(workspace.parent / "last_output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.chdir(workspace)
    inside = str(workspace)
    steps = 0

    def step(*_: Any) -> None:
        nonlocal steps
        steps += 1
        _note(shared, steps)
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(path, str | bytes) and bool((flags or 0) & _WRITES)
            if writes and os.path.abspath(os.fsdecode(path)).startswith(inside):
                step()
        elif event in _STEPS and os.path.abspath(os.fsdecode(arguments[0])).startswith(inside):
            step()

    _watch_stages(shared)
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        step()
        synced(descriptor)
        step()

    os.fsync = fsync
    sys.addaudithook(hook)


def _watch_stages(shared: mmap.mmap) -> None:
    """Note which stage works, for the table."""
    from discover.stages import stage as stages

    execute = stages._execute

    def noted(stage: Any, *arguments: Any, **named: Any) -> Any:
        steps, _ = _NUMBERS.unpack_from(shared)
        _note(shared, steps, stage.name)
        result = execute(stage, *arguments, **named)
        steps, _ = _NUMBERS.unpack_from(shared)
        _note(shared, steps, "before and between stages")
        return result

    stages._execute = noted


def _run(arguments: Sequence[str]) -> int:
    from discover.cli.entry import main

    sys.argv = ["discover", *arguments]
    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
