"""Executors by name."""

import os
from typing import Literal

from discover.core.errors import ConfigError
from discover.stages.executor import Executor, SerialExecutor
from discover.stages.processes import ProcessExecutor

__all__ = ["ExecutorName", "build_executor"]

ExecutorName = Literal["serial", "processes", "ray"]


def build_executor(name: ExecutorName, workers: int | None = None) -> Executor:
    """An executor by name.

    Args:
        name: serial, processes or ray.
        workers: Tasks at a time; default: one per processor that this process may use. The processors are
            shared out among the workers as threads.

    Raises:
        ConfigError: The executor takes no workers, or Ray is not installed.
    """
    if name == "serial":
        if workers not in (None, 1):
            raise ConfigError(
                f"--workers {workers} changes nothing with --executor serial, which does one thing after the "
                "other. Leave it out, or use --executor processes."
            )
        return SerialExecutor()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = workers or cores
    threads = max(1, cores // count)
    if name == "processes":
        return ProcessExecutor(count, threads)
    from discover.stages.ray_tasks import RayExecutor

    return RayExecutor(count, threads)
