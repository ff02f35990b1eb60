"""An executor on Ray: one Ray core task per task, on this machine or on a cluster that shares the workspace.

Only settings and paths travel, so the object store stays small.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from discover.core.errors import ConfigError
from discover.stages.executor import DIED, Finished, attempt, thread_variables

__all__ = ["RayExecutor"]

T = TypeVar("T")
R = TypeVar("R")

_STORE_BYTES = 100 * 2**20
"""Object store of a Ray of our own; Ray asks for 75 MB or more."""


@dataclass(frozen=True)
class RayExecutor:
    """Ray on the cluster of RAY_ADDRESS, else on this machine for as long as the work takes.

    A Ray started here sends no usage statistics and shows no dashboard. Its ports ask for a token; the token
    is in the environment of its processes only, never in the user's home.

    Attributes:
        workers: Tasks at a time.
        threads: Threads of polars and of OpenMP per task.
    """

    workers: int
    threads: int = 1
    remote: bool = True

    def __post_init__(self) -> None:
        _import_ray()

    def map(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Finished[R]]:
        """Results as they come."""
        queue, running = iter(enumerate(tasks)), {}
        with self._started() as ray:
            # A task whose worker dies is tried once more, as in `ProcessExecutor`.
            call = ray.remote(num_cpus=self.threads, max_retries=1)(attempt)
            function_in_store = ray.put(function)

            def start(count: int) -> None:
                for number, task in islice(queue, count):
                    running[call.remote(function_in_store, task)] = number

            start(self.workers)
            while running:
                (done, *_), _ = ray.wait(list(running), num_returns=1)
                number = running.pop(done)
                start(1)
                try:
                    yield Finished(number, ray.get(done))
                except ray.exceptions.RayError:
                    yield Finished(number, DIED)

    @contextlib.contextmanager
    def _started(self) -> Iterator[Any]:
        ray = _import_ray()
        address = os.environ.get("RAY_ADDRESS", "local")
        own: dict[str, Any] = {}
        if address == "local":
            own = {
                "num_cpus": self.workers * self.threads,
                "object_store_memory": _STORE_BYTES,
                "include_dashboard": False,
            }
        environment = {"env_vars": thread_variables(self.threads)}
        try:
            ray.init(address, runtime_env=environment, log_to_driver=False, logging_level="error", **own)
        except Exception as error:  # Ray raises plain Exception where its processes do not start in time
            said = str(error).strip().splitlines()[0][:200]
            raise ConfigError(
                f"Ray did not start at '{address}' ({said}). Try again when the machine is less busy, "
                "correct RAY_ADDRESS, or use --executor processes."
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _import_ray() -> Any:
    # Ray reads these when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Else a task that needs too much memory is tried for ever.
    os.environ.setdefault("RAY_task_oom_retries", "1")
    if "RAY_ADDRESS" not in os.environ and "RAY_AUTH_MODE" not in os.environ:
        # Else Ray makes a token of its own and writes it to ~/.ray.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f"--executor ray needs Ray, which is not installed here ({error}). Install it with "
            "`pip install 'discover-v2[scale]'`, or use --executor processes."
        ) from error
    return ray
