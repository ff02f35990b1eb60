"""The routes of the app, as docs/reference/app_api.md lists them, over the homes of a `Shelf`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

import discover.app as answers
from discover.app.contract import AppFacts, AskRequest, Job, Problem, SearchRequest
from discover.app.contract_patterns import (
    Corrections,
    ExportFormat,
    ExportRequest,
    ExportWhat,
    NewCorrection,
    Plan,
)
from discover.app.event_arrays import Grouping, Range
from discover.app.security import BodyTooLargeError, Gate, GateConfig
from discover.app.shelf import NoSuchHomeError, NotReadyError, Shelf, WorkingError, store_upload
from discover.core.errors import ArtifactError, ConfigError, DiscoverError
from discover.core.version import __version__

if TYPE_CHECKING:
    from discover.app.home_view import HomeView, Recognised

__all__ = ["STATIC", "AppConfig", "create_app", "create_routes"]

STATIC = Path(__file__).parent / "static"
_MEDIA = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
          ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
          ".json": "application/json", ".webmanifest": "application/manifest+json",
          ".woff2": "font/woff2", ".ico": "image/x-icon", ".map": "application/json"}  # fmt: skip
_POLL_S, _KEEP_S = 0.2, 15.0

Time = Annotated[float | None, Query(allow_inf_nan=False)]
Names = Annotated[list[str], Query()]
Bins = Annotated[int, Query(ge=1, le=4_000)]


@dataclass(frozen=True)
class AppConfig:
    """What the app allows.

    Attributes:
        gate: Who may ask.
        writable: Corrections and plans are stored.
        uploads: Logs are taken from the browser.
        workspace: Folder for uploads; None: below the cache.
    """

    gate: GateConfig
    writable: bool = False
    uploads: bool = False
    workspace: Path | None = None


def create_app(shelf: Shelf, config: AppConfig) -> Gate:
    """The server of some homes, behind its gate."""
    return Gate(create_routes(shelf, config), config.gate)


def create_routes(shelf: Shelf, config: AppConfig) -> FastAPI:
    """The routes alone: whoever reaches them may ask."""
    app = FastAPI(title="discover app", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    _handle_errors(app)
    _add_app_routes(app, shelf, config)
    _add_asking(app, shelf)
    _add_timeline(app, shelf)
    _add_patterns(app, shelf)
    _add_stored(app, shelf, config)
    _add_static(app)
    return app


def _add_app_routes(app: FastAPI, shelf: Shelf, config: AppConfig) -> None:
    @app.get("/api/app")
    def facts() -> Response:
        return _json(
            AppFacts(
                version=__version__,
                writable=config.writable,
                uploads=config.uploads,
                max_upload_bytes=config.gate.max_upload_bytes,
                homes=tuple(shelf.lines()),
            )
        )

    @app.get("/api/progress")
    async def progress(request: Request) -> StreamingResponse:
        return StreamingResponse(_progress(shelf, request), media_type="text/event-stream")

    @app.post("/api/upload")
    async def upload(
        request: Request,
        name: Annotated[str, Query(max_length=300)] = "log",
        zone: Annotated[str | None, Query(max_length=80)] = None,
    ) -> Response:
        if not config.uploads:
            raise HTTPException(403, _READ_ONLY.format("takes no uploads"))
        path = await store_upload(request.stream(), name, config.workspace)
        return _json(shelf.add(path, uploaded=True, time_zone=zone), status=201)

    @app.get("/api/homes/{home}")
    def home_facts(home: str) -> Response:
        return _json(shelf.view(home).facts())


def _add_asking(app: FastAPI, shelf: Shelf) -> None:
    @app.post("/api/homes/{home}/search")
    def search(home: str, body: SearchRequest) -> Response:
        view = shelf.view(home)
        return _json(answers.ask(view, body, shelf.recognised(view)))

    @app.post("/api/homes/{home}/ask")
    def ask(home: str, body: AskRequest) -> Response:
        return _json(answers.answer_question(shelf.view(home), body))

    @app.get("/api/homes/{home}/similar")
    def similar(home: str, row: int, k: Annotated[int, Query(ge=1, le=200)] = 10) -> Response:
        view = shelf.view(home)
        return _json(answers.like(view, row, k, shelf.recognised(view)))

    @app.get("/api/homes/{home}/moment")
    def moment(home: str, begin: Time = None, end: Time = None, row: int | None = None) -> Response:
        view = shelf.view(home)
        if row is not None:
            row = view.row(row)
            begin, end = float(view.begin[row]), float(view.end[row])
        part = _range(view, begin, end)
        return _json(answers.moment(view, part.begin, part.end, shelf.recognised(view)))


def _add_timeline(app: FastAPI, shelf: Shelf) -> None:
    @app.get("/api/homes/{home}/density")
    def density(
        home: str, begin: Time = None, end: Time = None, bins: Bins = 1_000, by: Grouping = "room",
        rooms: Names = [], sensors: Names = [],  # noqa: B006 - FastAPI copies it
    ) -> Response:  # fmt: skip
        view = shelf.view(home)
        return _columns(answers.density(view, _range(view, begin, end, rooms, sensors), bins, by))

    @app.get("/api/homes/{home}/events")
    def events(
        home: str, begin: Time = None, end: Time = None,
        limit: Annotated[int, Query(ge=1, le=50_000)] = 50_000,
        rooms: Names = [], sensors: Names = [],  # noqa: B006
    ) -> Response:  # fmt: skip
        view = shelf.view(home)
        return _columns(answers.events(view, _range(view, begin, end, rooms, sensors), limit))

    @app.get("/api/homes/{home}/states")
    def states(
        home: str, begin: Time = None, end: Time = None, bins: Bins = 2_000,
        rooms: Names = [], sensors: Names = [],  # noqa: B006
    ) -> Response:  # fmt: skip
        view = shelf.view(home)
        return _columns(answers.states(view, _range(view, begin, end, rooms, sensors), bins))

    @app.get("/api/homes/{home}/sun")
    def sun(home: str) -> Response:
        return _columns(answers.sun(shelf.view(home)))

    @app.get("/api/homes/{home}/activities")
    def activities(
        home: str, begin: Time = None, end: Time = None, activity: Names = [],  # noqa: B006
    ) -> Response:  # fmt: skip
        view = shelf.view(home)
        found: Recognised = shelf.made(view, "recognise", view.recognise)
        return _columns(answers.activities(found, _range(view, begin, end), activity))

    @app.get("/api/homes/{home}/days")
    def days(home: str) -> Response:
        view = shelf.view(home)
        return _json(answers.days(view, shelf.recognised(view)))


def _add_patterns(app: FastAPI, shelf: Shelf) -> None:
    @app.get("/api/homes/{home}/map")
    def window_map(home: str) -> Response:
        view = shelf.view(home)
        made = shelf.made(view, "map", lambda progress: answers.places_on_map(view, progress))
        if view.has_clusters:
            shelf.jobs.start(view.key, "clusters", view.find_clusters)
        found = shelf.jobs.made(view.key, "clusters")
        return _columns(answers.map_columns(view, made, shelf.recognised(view), found))

    @app.get("/api/homes/{home}/clusters")
    def clusters(home: str) -> Response:
        view = shelf.view(home)
        able = view.has_clusters or not view.trained
        found = shelf.made(view, "clusters", view.find_clusters) if able else None
        return _json(answers.clusters(view, found))

    @app.get("/api/homes/{home}/changes")
    def changes(home: str, baseline: str = "", period: str = "", by: str = "") -> Response:
        return _json(answers.changes(shelf.view(home), baseline, period, by))

    @app.get("/api/homes/{home}/typical-day")
    def typical_day(
        home: str, by: Literal["room", "activity"] = "room", begin: Time = None, end: Time = None
    ) -> Response:
        view = shelf.view(home)
        part = _range(view, begin, end)
        first, last = _day(part.begin), _day(part.end - 1)
        return _json(answers.typical_day(view, by, first, last, _known(shelf, view, by)))

    @app.get("/api/homes/{home}/now")
    def now(home: str) -> Response:
        view = shelf.view(home)
        return _json(answers.now(view, shelf.made(view, "recognise", view.recognise)))

    @app.get("/api/homes/{home}/unusual-days")
    def unusual(home: str, by: Literal["room", "activity"] = "room") -> Response:
        view = shelf.view(home)
        return _json(answers.rare_days(view, by, _known(shelf, view, by)))


def _add_stored(app: FastAPI, shelf: Shelf, config: AppConfig) -> None:
    def writable() -> None:
        if not config.writable:
            raise HTTPException(403, _READ_ONLY.format("stores nothing"))

    @app.get("/api/homes/{home}/corrections")
    def corrections(home: str) -> Response:
        return _json(_held(shelf, shelf.view(home)))

    @app.post("/api/homes/{home}/corrections")
    def add_correction(home: str, body: NewCorrection) -> Response:
        writable()
        view = shelf.view(home)
        made = answers.correct(view, body)
        _recognise_again(shelf, view)
        return _json(made, status=201)

    @app.delete("/api/homes/{home}/corrections/{correction}")
    def undo(home: str, correction: str) -> Response:
        writable()
        view = shelf.view(home)
        view.opened.corrections.undo(correction)
        _recognise_again(shelf, view)
        return _json(_held(shelf, view))

    @app.get("/api/homes/{home}/plan")
    def plan(home: str) -> Response:
        return _json(shelf.view(home).plan)

    @app.put("/api/homes/{home}/plan")
    def draw(home: str, body: Plan) -> Response:
        writable()
        view = shelf.view(home)
        view.draw(body)
        return _json(view.facts())

    @app.get("/api/homes/{home}/export")
    def export_range(
        home: str, what: ExportWhat, format: ExportFormat = "csv", begin: Time = None, end: Time = None,
        rows: Annotated[list[int], Query()] = [],  # noqa: B006
    ) -> Response:  # fmt: skip
        view = shelf.view(home)
        return _file(
            shelf, view, ExportRequest(what=what, format=format, rows=tuple(rows)), _range(view, begin, end)
        )

    @app.post("/api/homes/{home}/export")
    def export_selection(home: str, body: ExportRequest) -> Response:
        view = shelf.view(home)
        return _file(shelf, view, body, _range(view, None, None))


def _add_static(app: FastAPI) -> None:
    @app.get("/{path:path}")
    def static(path: str) -> Response:
        # Only names that the folder itself lists are read, so no name leads outside.
        known = {str(p.relative_to(STATIC)): p for p in STATIC.rglob("*") if p.is_file()}
        found = known.get(path or "index.html")
        if path.startswith("api/") or found is None or found.suffix not in _MEDIA:
            raise HTTPException(404, f"There is no page /{path[:80]} here. The app is at /.")
        return FileResponse(found, media_type=_MEDIA[found.suffix])


def _handle_errors(app: FastAPI) -> None:
    def handler(status: int | Callable[[Any], int]) -> Callable[[Request, Exception], Response]:
        def answer(request: Request, error: Exception) -> Response:
            del request
            job: Job | None = getattr(error, "job", None)
            code = status if isinstance(status, int) else status(error)
            return _json(Problem(error=str(getattr(error, "detail", error)), job=job), status=code)

        return answer

    app.exception_handler(WorkingError)(handler(202))
    app.exception_handler(NoSuchHomeError)(handler(404))
    app.exception_handler(NotReadyError)(handler(409))
    app.exception_handler(BodyTooLargeError)(handler(413))
    app.exception_handler(HTTPException)(handler(lambda error: int(error.status_code)))
    app.exception_handler(DiscoverError)(
        handler(lambda error: 409 if isinstance(error, ArtifactError) else 400)
    )

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        query = bool(first["loc"]) and first["loc"][0] in ("query", "path")
        text = f"The request does not fit: {where}: {first['msg']}. See docs/reference/app_api.md."
        return _json(Problem(error=text), status=400 if query else 422)

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> Response:
        text = "This is a bug in the program; its traceback stands in the terminal. Please report it."
        return _json(Problem(error=text), status=500)


async def _progress(shelf: Shelf, request: Request) -> AsyncIterator[str]:
    """Server-sent events: every job once, then each as it changes."""
    sent: dict[str, Job] = {}
    version, quiet = -1, 0.0
    while not await request.is_disconnected():
        if shelf.jobs.version != version:
            version, quiet = shelf.jobs.version, 0.0
            for job in shelf.jobs.all():
                if sent.get(job.id) != job:
                    sent[job.id] = job
                    yield f"event: job\ndata: {job.model_dump_json()}\n\n"
        elif quiet >= _KEEP_S:
            quiet = 0.0
            yield ": keep\n\n"
        await asyncio.sleep(_POLL_S)
        quiet += _POLL_S


def _recognise_again(shelf: Shelf, view: "HomeView") -> None:
    """Answers follow the corrections; until then the earlier ones stay."""
    shelf.jobs.renew(view.key, "recognise", view.recognise)


def _held(shelf: Shelf, view: "HomeView") -> Corrections:
    job = shelf.jobs.job(view.key, "recognise")
    return answers.held(view, learned=job is not None and job.state == "ready")


def _known(shelf: Shelf, view: "HomeView", by: str) -> "Recognised | None":
    if by != "activity":
        return None
    found: Recognised = shelf.made(view, "recognise", view.recognise)
    return found


def _range(
    view: "HomeView", begin: float | None, end: float | None, rooms: list[str] | None = None,
    sensors: list[str] | None = None,
) -> Range:  # fmt: skip
    """A stretch of the log, the whole where nothing is given."""
    events = view.events
    part = Range(
        events.begin if begin is None else begin,
        events.end if end is None else end,
        events.chosen(rooms or [], sensors or []),
    )
    if not part.begin < part.end:
        raise ConfigError(f"begin {part.begin:.0f} must be before end {part.end:.0f} (milliseconds).")
    if part.end - part.begin > _LONGEST_MS or max(abs(part.begin), abs(part.end)) > _FARTHEST_MS:
        raise ConfigError("begin and end are milliseconds since 1970, at most 200 years apart. Correct them.")
    return part


_LONGEST_MS = 200 * 366 * 86_400_000.0
_FARTHEST_MS = 2.5e14 / 4
_READ_ONLY = "This app {}: it was started read-only. Start it with `discover app --writable`."


def _day(ms: float) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def _file(shelf: Shelf, view: "HomeView", request: ExportRequest, part: Range) -> Response:
    recognised = _known(shelf, view, "activity") if request.what == "activities" else shelf.recognised(view)
    content, media, name = answers.export(view, request.what, request.format, part, request.rows, recognised)
    return Response(
        content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def _columns(buffer: bytes) -> Response:
    return Response(buffer, media_type="application/octet-stream")


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")
