"""What an executor is: it calls one function for each of some tasks, here or elsewhere.

Tasks are small values (settings and paths), so they can be sent anywhere; tables stay in files. An error of
one task is a `Failure` and does not stop the others.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from discover.core.errors import DiscoverError
from discover.core.failures import failure_sentence

__all__ = ["DIED", "Executor", "Failure", "Finished", "SerialExecutor", "attempt", "thread_variables"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """Why a task has no result.

    Attributes:
        message: One paragraph; for a bug of ours, its traceback.
        exit_code: What the command line ends with.
    """

    message: str
    exit_code: int = DiscoverError.exit_code


DIED = Failure(
    "The process that worked on it died twice; most often the memory is used up. Free memory, use fewer "
    "--workers or a larger machine, then run the same command again: what is finished is kept."
)


@dataclass(frozen=True)
class Finished(Generic[R]):
    """One task that is done.

    Attributes:
        number: Its place among the tasks, from 0.
        result: What the function returned, or why it did not.
    """

    number: int
    result: R | Failure


class Executor(Protocol):
    """Calls a function for each of some tasks."""

    @property
    def remote(self) -> bool:
        """Whether tasks run in other processes: function, tasks and results must then be picklable."""
        ...

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Finished[R]]:
        """Results as they come, in any order."""
        ...


@dataclass(frozen=True)
class SerialExecutor:
    """One task after the other, in this process."""

    remote: bool = False

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Finished[R]]:
        """Results in the order of the tasks."""
        for number, task in enumerate(tasks):
            yield Finished(number, attempt(function, task))


def attempt(function: Callable[[T], R], task: T) -> R | Failure:
    """The function's result, or the error it raised as a `Failure`."""
    try:
        return function(task)
    except Exception as error:
        said = failure_sentence(error)
        if said is None:
            return Failure("".join(traceback.format_exception(error)), exit_code=1)
        return Failure(said, error.exit_code if isinstance(error, DiscoverError) else DiscoverError.exit_code)


def thread_variables(threads: int) -> dict[str, str]:
    """Environment that holds a process to so many threads; polars and torch read it when they are loaded."""
    names = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(threads))
