"""Work in the background: opening a log, recognition, the map. One at a time, each with its progress."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from discover.app.contract import Job, JobKind
from discover.core.failures import failure_sentence

__all__ = ["JobProgress", "Jobs"]

_LOG = logging.getLogger(__name__)


class JobProgress:
    """A `core.progress.Progress` that notes what a job does."""

    def __init__(self, note: Callable[..., None]) -> None:
        self._note, self._done = note, 0

    def start(self, description: str, total: int | None = None) -> None:
        """Begin a piece of work."""
        self._done = 0
        self._note(title=description, total=total, done=0, note="")

    def advance(self, units: int = 1, note: str = "") -> None:
        """Report `units` more done."""
        self._done += units
        self._note(done=self._done, note=note)

    def finish(self, summary: str = "") -> None:
        """End the piece of work."""
        self._note(note=summary)


class Jobs:
    """Background work by id; its results are kept.

    One thread works, so that a search is answered while the machine recognises and draws.
    """

    def __init__(self) -> None:
        # Permissions of the command line live in the context, which a thread does not inherit.
        self._context = copy_context()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="discover-app")
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._results: dict[str, Future[Any]] = {}
        self.version = 0
        """Grows with every change of any job."""

    def start(self, home: str, what: JobKind, work: Callable[[JobProgress], Any]) -> Job:
        """Do some work once; the job as it stands, which may be of an earlier call."""
        name = f"{home}/{what}"
        with self._lock:
            if name not in self._jobs:
                self._put(Job(id=name, home=home, what=what, state="waiting"))
                self._results[name] = self._worker.submit(self._context.copy().run, self._run, name, work)
            return self._jobs[name]

    def result(self, home: str, what: JobKind) -> Any:
        """What a job that is ready has made; None else."""
        name = f"{home}/{what}"
        job = self._jobs.get(name)
        return self._results[name].result() if job is not None and job.state == "ready" else None

    def job(self, home: str, what: JobKind) -> Job | None:
        """A job as it stands."""
        return self._jobs.get(f"{home}/{what}")

    def all(self) -> list[Job]:
        """Every job, in the order in which they were asked for."""
        with self._lock:
            return list(self._jobs.values())

    def forget(self, home: str, what: JobKind) -> None:
        """Make a job start again when it is asked for next."""
        with self._lock:
            job = self._jobs.get(f"{home}/{what}")
            if job is not None and job.state in ("ready", "failed"):
                del self._jobs[job.id]

    def close(self) -> None:
        """Start nothing more; what runs is left to end with the process."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _run(self, name: str, work: Callable[[JobProgress], Any]) -> Any:
        self._update(name, state="working")
        try:
            made = work(JobProgress(lambda **changes: self._update(name, **changes)))
        except Exception as error:
            said = failure_sentence(error)
            if said is None:
                _LOG.exception("job %s", name)
                said = "This is a bug in the program; its traceback stands in the terminal."
            self._update(name, state="failed", error=said)
            return None
        # The result is stored by the executor a moment later, so waiting for it is short.
        self._update(name, state="ready", note="")
        return made

    def _update(self, name: str, **changes: Any) -> None:
        with self._lock:
            self._put(self._jobs[name].model_copy(update=changes))

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        self.version += 1
