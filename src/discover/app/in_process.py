"""The routes of the app asked without a server, for a notebook."""

import asyncio
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from discover.app.home_view import HomeView
from discover.app.jobs import Jobs
from discover.app.security import GateConfig
from discover.app.server import AppConfig, create_routes
from discover.app.shelf import Shelf

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome
    from discover.api.pictures import HomePicture

__all__ = ["Routes"]


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


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """An event loop on a thread of its own, for as long as the process lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="discover-notebook", daemon=True).start()
    return loop
