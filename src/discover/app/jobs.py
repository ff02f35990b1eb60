"""Work in the background: opening a log, recognition, the map. One at a time, each with its progress."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from discover.app.contract import Job, JobKind
from discover.core.failures import failure_sentence

__all__ = ["JobProgress", "Jobs", "Work"]

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


Work = Callable[[JobProgress], Any]


class Jobs:
    """Background work by id; what it made last is kept.

    One thread works, so that a search is answered while the machine recognises and draws.
    """

    def __init__(self) -> None:
        # Permissions of the command line live in the context, which a thread does not inherit.
        self._context = copy_context()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="discover-app")
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._made: dict[str, Any] = {}
        self._again: dict[str, Work] = {}
        self._asked: dict[str, Work] = {}
        self.version = 0
        """Grows with every change of any job."""

    def start(self, home: str, what: JobKind, work: Work) -> Job:
        """Do some work once; the job as it stands, which may be of an earlier call."""
        job = Job(id=f"{home}/{what}", home=home, what=what, state="waiting")
        with self._lock:
            if job.id not in self._jobs:
                self._submit(job, work)
            return self._jobs[job.id]

    def renew(self, home: str, what: JobKind, work: Work) -> None:
        """Do work that was done, or is being done, once more: what it reads has changed."""
        with self._lock:
            job = self._jobs.get(f"{home}/{what}")
            if job is not None and job.state == "working":
                self._again[job.id] = work
            elif job is not None and job.state != "waiting":
                self._submit(Job(id=job.id, home=home, what=what, state="waiting"), work)

    def forget(self, home: str) -> None:
        """Take back what was made of a home, or waits to be: the home has changed. All may be asked again."""
        with self._lock:
            for name in [n for n, job in self._jobs.items() if job.home == home and job.what != "open"]:
                for kept in (self._jobs, self._made, self._asked, self._again):
                    kept.pop(name, None)

    def made(self, home: str, what: JobKind) -> Any:
        """What a job has made last, also while it is done once more; None before the first time."""
        return self._made.get(f"{home}/{what}")

    def job(self, home: str, what: JobKind) -> Job | None:
        """A job as it stands."""
        return self._jobs.get(f"{home}/{what}")

    def all(self) -> list[Job]:
        """Every job, in the order in which they were asked for."""
        with self._lock:
            return list(self._jobs.values())

    def close(self) -> None:
        """Start nothing more; what runs is left to end with the process."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _run(self, name: str, work: Work) -> None:
        if self._asked.get(name) is not work:
            return
        self._update(name, state="working")
        try:
            self._made[name] = work(JobProgress(lambda **changes: self._update(name, **changes)))
        except Exception as error:
            said = failure_sentence(error)
            if said is None:
                _LOG.exception("job %s", name)
                said = "This is a bug in the program; its traceback stands in the terminal."
            self._end(name, state="failed", error=said)
        else:
            self._end(name, state="ready", note="")

    def _end(self, name: str, **changes: Any) -> None:
        with self._lock:
            again = self._again.pop(name, None)
            if again is None:
                self._put(self._jobs[name].model_copy(update=changes))
            else:
                self._submit(self._jobs[name].model_copy(update={"state": "waiting"}), again)

    def _update(self, name: str, **changes: Any) -> None:
        with self._lock:
            self._put(self._jobs[name].model_copy(update=changes))

    def _submit(self, job: Job, work: Work) -> None:
        self._put(job)
        self._asked[job.id] = work
        self._worker.submit(self._context.copy().run, self._run, job.id, work)

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        self.version += 1
