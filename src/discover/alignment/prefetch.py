"""Batches made by threads ahead of the step. Which batches, and what is in them, does not depend on it."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from discover.alignment.dataset import PairBatch

__all__ = ["Prefetch"]


class Prefetch:
    """Asks `make` for batch numbers in order, up to `workers` of them ahead.

    Args:
        make: Batch of a number; safe to call from several threads.
        workers: Threads; 0 makes each batch when it is asked for.
    """

    def __init__(self, make: Callable[[int], PairBatch], workers: int) -> None:
        self._make = make
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="batches") if workers else None
        self._ahead: deque[tuple[int, Future[PairBatch]]] = deque()

    def take(self, number: int) -> PairBatch:
        """Batch `number`; the following ones are begun."""
        if self._pool is None:
            return self._make(number)
        while self._ahead and self._ahead[0][0] != number:
            self._ahead.popleft()[1].cancel()
        first = self._ahead[-1][0] + 1 if self._ahead else number
        for later in range(first, number + self._workers + 1):
            self._ahead.append((later, self._pool.submit(self._make, later)))
        return self._ahead.popleft()[1].result()

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
