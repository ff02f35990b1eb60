"""The timeline and the map as widgets of a notebook: the app's front end, asking the app's routes in-process.

The browser's side sends each question as a message of the notebook's own connection; nothing listens on a
port.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from discover.app.in_process import Routes
from discover.app.server import STATIC

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome
    from discover.api.pictures import HomePicture

__all__ = ["HomeWidget", "home_widget"]


class HomeWidget(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget is not typed
    """A view of a home in a notebook.

    Attributes:
        home: Its id in the routes.
        view: timeline or map, which is shown first.
    """

    home = traitlets.Unicode().tag(sync=True)
    view = traitlets.Unicode().tag(sync=True)

    def __init__(self, routes: Routes, view: str) -> None:
        super().__init__(home=routes.view.key, view=view, _esm=(STATIC / "widget.js").read_text("utf-8"))
        self._routes = routes
        self.on_msg(self._answer)

    def _answer(self, widget: Any, asked: Mapping[str, Any], buffers: Any) -> None:
        del widget, buffers
        told, content = self._routes.answer(asked)
        self.send(told, buffers=[content])


def home_widget(picture: "HomePicture") -> HomeWidget:
    """The widget of a picture."""
    routes = _routes_of(picture.opened, picture.name)
    routes.know(picture)
    return HomeWidget(routes, picture.view)


@lru_cache(maxsize=8)
def _routes_of(opened: "OpenedHome", name: str) -> Routes:
    """One set of routes per home, however often it is shown."""
    return Routes(opened, name)
