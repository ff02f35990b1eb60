"""An executor that uses the processors of this machine: fresh Python processes, some tasks at a time."""

import contextlib
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from discover.stages.executor import DIED, Failure, Finished, attempt, thread_variables

__all__ = ["ProcessExecutor"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class ProcessExecutor:
    """Processes of this machine.

    Where a process dies, the tasks that ran at that moment run once more, each in a process of its own. So
    the task that kills its process is known (it may need all memory), and no other one fails with it.

    Attributes:
        workers: Tasks at a time.
        threads: Threads of polars and of OpenMP per task.
    """

    workers: int
    threads: int = 1
    remote: bool = True

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Finished[R]]:
        """Results as they come."""
        waiting = deque(enumerate(tasks))
        with _environment(thread_variables(self.threads)):
            while waiting:
                suspects = yield from _run_until_a_death(function, waiting, self.workers)
                for suspect in suspects:
                    died_again = yield from _run_until_a_death(function, deque([suspect]), 1)
                    for number, _ in died_again:
                        yield Finished(number, DIED)


def _run_until_a_death(
    function: Callable[[T], R], waiting: "deque[tuple[int, T]]", workers: int
) -> Generator[Finished[R], None, list[tuple[int, T]]]:
    """Take tasks from `waiting` until none is left or a process dies; return those that ran then."""
    # Threads of torch and polars do not survive a fork.
    context = multiprocessing.get_context("spawn")
    running: dict[Future[R | Failure], tuple[int, T]] = {}
    with ProcessPoolExecutor(min(workers, len(waiting)), context, initializer=_end_with_parent) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    running[pool.submit(attempt, function, waiting[0][1])] = waiting[0]
                    waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield Finished(running.pop(future)[0], result)
        except BrokenProcessPool:
            pass
    return list(running.values())


def _end_with_parent() -> None:
    """A killed run leaves no process behind that waits for work for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes that start inside; those that the user set stay."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
