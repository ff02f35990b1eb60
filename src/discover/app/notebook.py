"""The timeline and the map as widgets of a notebook: the app's front end, asking the app's routes in-process.

The browser's side sends each question as a message of the notebook's own connection; nothing listens on a
port.
"""

import asyncio
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from discover.app.home_view import HomeView
from discover.app.jobs import Jobs
from discover.app.security import GateConfig
from discover.app.server import STATIC, AppConfig, create_routes
from discover.app.shelf import Shelf

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome
    from discover.api.pictures import HomePicture

__all__ = ["Routes", "home_widget", "widget_of"]


class Routes:
    """The routes of the app over one home, asked without a server; read-only.

    Args:
        opened: The log or model.
        name: Which of its homes.
    """

    def __init__(self, opened: "OpenedHome", name: str) -> None:
        self.view = HomeView(name, opened, name, str(opened.path))
        self.jobs = Jobs()
        shelf = Shelf(self.jobs)
        shelf.hold(self.view)
        routes = create_routes(shelf, AppConfig(GateConfig(port=0)))
        # Whatever the address, the transport asks the routes here.
        transport = httpx.ASGITransport(app=routes, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://notebook")

    def know(self, picture: "HomePicture") -> None:
        """Take over what a picture has computed, so that no view computes it again."""
        self.jobs.start(self.view.key, "recognise", lambda progress: self.view.read(picture.recognised))
        if picture.view == "map":
            self.jobs.start(self.view.key, "map", lambda progress: picture.places)

    def answer(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Id, status and headers for a message of the widget, and the body of the answer.

        Args:
            asked: id, method, url (`api/…`) and body (JSON text or None), as frontend/src/widget.tsx sends.
        """
        body = asked.get("body")
        json = {"content-type": "application/json"}
        request = self._client.request(
            str(asked["method"]), str(asked["url"]), content=body, headers=json if body else {}
        )
        # A cell's own event loop runs where this is called, so the answer is made on another.
        response = asyncio.run_coroutine_threadsafe(request, _loop()).result()
        return {
            "id": asked["id"], "status": response.status_code, "headers": dict(response.headers)
        }, response.content  # fmt: skip


def home_widget(picture: "HomePicture") -> Any:
    """The widget of a picture (`anywidget.AnyWidget`)."""
    routes = _routes_of(picture.opened, picture.name)
    routes.know(picture)
    return widget_of(routes, picture.view)


def widget_of(routes: Routes, view: str) -> Any:
    """A widget that shows a view first, timeline or map."""
    # An extra, so it is imported where it is needed.
    import anywidget
    import traitlets

    class HomeWidget(anywidget.AnyWidget):
        home = traitlets.Unicode().tag(sync=True)
        view = traitlets.Unicode().tag(sync=True)

    def answer(widget: Any, asked: Mapping[str, Any], buffers: Any) -> None:
        told, content = routes.answer(asked)
        widget.send(told, buffers=[content])

    script = (STATIC / "widget.js").read_text(encoding="utf-8")
    made = HomeWidget(home=routes.view.key, view=view, _esm=script)
    made.on_msg(answer)
    return made


@lru_cache(maxsize=8)
def _routes_of(opened: "OpenedHome", name: str) -> Routes:
    """One set of routes per home, however often it is shown."""
    return Routes(opened, name)


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop on a thread of its own, for as long as the process lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="discover-notebook", daemon=True).start()
    return loop
