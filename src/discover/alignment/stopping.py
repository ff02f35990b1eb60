"""Ctrl-C and SIGTERM end a run between two steps, after a checkpoint."""

import contextlib
import signal
import threading
import types
from collections.abc import Iterator
from typing import Any

__all__ = ["stop_signals"]


@contextlib.contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying in the middle of a step; a second one kills as usual.

    Outside the main thread Python lets nobody handle signals, and the list stays empty.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    old: dict[signal.Signals, Any] = {}

    def restore() -> None:
        for which, handler in old.items():
            signal.signal(which, handler)

    def note(number: int, frame: types.FrameType | None) -> None:
        received.append(number)
        restore()

    for which in (signal.SIGINT, signal.SIGTERM):
        old[which] = signal.signal(which, note)
    try:
        yield received
    finally:
        restore()
