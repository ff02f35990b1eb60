"""The homes of the app: opened in the background, from paths of the command line or from uploads."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from discover.api.opening import is_model, open_home
from discover.app.contract import HomeLine, Job, JobKind
from discover.app.jobs import JobProgress, Jobs, Work
from discover.core.errors import ArtifactError, ConfigError, DiscoverError
from discover.query import parse_question
from discover.serving.llm_parser import LlmParser

if TYPE_CHECKING:
    from discover.app.home_view import HomeView, Recognised

__all__ = ["NoSuchHomeError", "NotReadyError", "Shelf", "WorkingError", "store_upload"]

_SQLITE = b"SQLite format 3\0"
_WARM_UP = "someone is in the kitchen"


class NoSuchHomeError(Exception):
    """The app has no home with this id."""


class NotReadyError(Exception):
    """A home, or what is made of it, is not there; the text says why."""


class WorkingError(Exception):
    """An answer is being made.

    Attributes:
        job: The work that makes it.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job.title or "This is being made; ask again when its job is ready.")
        self.job = job


class Shelf:
    """Homes by id.

    Args:
        jobs: Where work in the background is done.
        layout: Home file or shipped home for raw logs that are named on the command line.
        time_zone: IANA zone of homes whose database holds times in UTC.
        workspace: Folder for what is made of raw logs; None: a folder of its own per log in the cache.
        llm, llm_model: Endpoint and model that read questions; None: the rules.
    """

    def __init__(
        self,
        jobs: Jobs,
        *,
        layout: str | None = None,
        workspace: Path | None = None,
        time_zone: str | None = None,
        llm: str | None = None,
        llm_model: str = "default",
    ) -> None:
        self.jobs, self._layout, self._workspace, self._zone = jobs, layout, workspace, time_zone
        self._parser = None if llm is None else LlmParser(llm, llm_model)
        self._lock = threading.Lock()
        self._sources: dict[str, Path] = {}
        self._views: dict[str, HomeView] = {}

    def add(self, path: Path, *, uploaded: bool = False, time_zone: str | None = None) -> HomeLine:
        """Open a log or a model in the background.

        Args:
            path: The log or the folder.
            uploaded: It came from the browser: the home file of the command line is not its own, and it is
                deleted where it cannot be opened.
            time_zone: As for the shelf, of this home.
        """
        zone = self._zone or time_zone
        with self._lock:
            key = _unused(_plain(path), self._sources)
            self._sources[key] = path
        self.jobs.start(key, "open", lambda progress: self._open(key, path, uploaded, zone, progress))
        return self._line(key, path)

    def sync(self, key: str) -> None:
        """Add what is new in the source of an imported home in the background, and open it again then.

        Until that is ready the home answers as before.
        """
        path = self._sources[key]

        def work(progress: JobProgress) -> None:
            from discover.homes.home_assistant import sync_home

            if sync_home(path, progress=progress).new_events or key not in self._views:
                self._open(key, path, False, self._zone, progress)

        self.jobs.renew(key, "open", work)

    def hold(self, view: "HomeView") -> None:
        """Take a home that is ready; what was made of an earlier state of it is made anew."""
        self.jobs.forget(view.key)
        with self._lock:
            self._views[view.key] = view

    def lines(self) -> list[HomeLine]:
        """Every home, ready or not, in the order in which they were added."""
        with self._lock:
            sources, views = dict(self._sources), dict(self._views)
        found = []
        for key, path in sources.items():
            own = [view for view in views.values() if view.key == key or view.key.startswith(f"{key}:")]
            if not own:
                found.append(self._line(key, path))
            found += [
                HomeLine(
                    id=view.key, name=view.name, title=view.home.title, source=view.source,
                    trained=view.trained, state="ready",
                )
                for view in own
            ]  # fmt: skip
        return found

    def view(self, key: str) -> "HomeView":
        """A home that is ready.

        Raises:
            NoSuchHomeError: There is none of this id.
            NotReadyError: It is being opened, or could not be.
        """
        view = self._views.get(key)
        if view is not None:
            return view
        if key not in self._sources:
            raise NoSuchHomeError(f"The app has no home {key[:60]!r}. `api/app` lists them.")
        job = self.jobs.job(key, "open")
        if job is not None and job.error:
            raise NotReadyError(job.error)
        raise NotReadyError("This home is still being opened. `api/progress` says how far that is.")

    def recognised(self, view: "HomeView") -> "Recognised | None":
        """Recognised activities where they are ready."""
        found: Recognised | None = self.jobs.made(view.key, "recognise")
        return found

    def made(self, view: "HomeView", what: JobKind, work: Work) -> Any:
        """What a background job has made last; it is started on the first call.

        Raises:
            WorkingError: It is not ready.
            NotReadyError: It failed.
        """
        job = self.jobs.start(view.key, what, work)
        made = self.jobs.made(view.key, what)
        if job.state == "failed":
            raise NotReadyError(job.error)
        if made is None:
            raise WorkingError(job)
        return made

    def _open(self, key: str, path: Path, uploaded: bool, zone: str | None, progress: JobProgress) -> None:
        progress.start("opening")
        # It loads torch; the page is there before.
        from discover.app.home_view import HomeView

        raw = not is_model(path)
        try:
            opened = open_home(
                self._imported(key, path, zone, progress),
                home=self._layout if raw and not uploaded else None,
                workspace=self._workspace / key if raw and self._workspace is not None else None,
                parser=self._parser,
                progress=progress,
            )
        except DiscoverError:
            if uploaded:
                _remove(path)
            raise
        names = list(opened.window_set.logs)
        progress.start("loading")
        for name in names:
            view = HomeView(key if len(names) == 1 else f"{key}:{name}", opened, name, str(path))
            view.facts()
            # The first sentence loads the text encoder, the first moment the captions; no model is asked.
            searcher = view.searcher
            searcher.search_parsed([(_WARM_UP, searcher.parse(_WARM_UP, parser=parse_question))])
            _ = view.captions, view.row_of, view.end, view.events.stretches
            self.hold(view)

    def _imported(self, key: str, path: Path, zone: str | None, progress: JobProgress) -> Path:
        """The path to open; a database is imported first, or what is new in it is added."""
        if zone is None or not _is_database(path):
            return path
        from discover.api.raw_log import cache_folder
        from discover.homes.home_assistant import ImportOptions, import_home_assistant, sync_home

        base = cache_folder(path) if self._workspace is None else self._workspace / key
        folder = base / "imported" / _plain(path)
        if folder.is_dir():
            sync_home(folder, progress=progress)
        else:
            import_home_assistant(str(path), folder, ImportOptions(time_zone=zone), progress=progress)
        return folder

    def _line(self, key: str, path: Path) -> HomeLine:
        job = self.jobs.job(key, "open")
        return HomeLine(
            id=key,
            name=key,
            source=str(path),
            state="waiting" if job is None else job.state,
            error="" if job is None else job.error,
        )


async def store_upload(stream: AsyncIterator[bytes], name: str, folder: Path | None) -> Path:
    """Write an uploaded file as it arrives; its path, in a folder of its own.

    Args:
        stream: Its bytes.
        name: What the sender calls it; only its last part counts, and only harmless characters.
        folder: Where to; None: below the cache.

    Raises:
        ConfigError: It is empty.
        ArtifactError: It cannot be written.
    """
    base = await asyncio.to_thread(_cache) if folder is None else folder
    own = base / "uploads" / token_hex(6)
    plain = re.sub(r"[^\w.\-]+", "_", name.replace("\\", "/").split("/")[-1], flags=re.ASCII)
    path = own / (plain.lstrip(".")[-80:] or "log")
    size = 0
    try:
        own.mkdir(parents=True)
        with path.open("xb") as target:
            async for chunk in stream:
                size += len(chunk)
                target.write(chunk)
    except BaseException as error:
        _remove(path)
        if isinstance(error, OSError):
            raise ArtifactError(
                f"Cannot store the upload in {own} ({error.strerror}). Free some space, or name another "
                "folder with --workspace."
            ) from error
        raise
    if not size:
        _remove(path)
        raise ConfigError(f"The file {path.name} is empty. Choose a log with events.")
    return path


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


def _cache() -> Path:
    """Where the caches of all logs lie. It loads torch, so the server must not wait for it."""
    from discover.api.raw_log import cache_folder

    return cache_folder(Path("log")).parent


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        path.parent.rmdir()


def _plain(path: Path) -> str:
    name = re.sub(r"[^a-z0-9_\-]+", "_", path.resolve().name.split(".")[0].lower()).strip("_-")
    return name[:40] or "home"


def _unused(name: str, taken: dict[str, Path]) -> str:
    found, k = name, 2
    while found in taken:
        found, k = f"{name}-{k}", k + 1
    return found
