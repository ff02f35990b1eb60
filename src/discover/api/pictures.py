"""The timeline and the map of a home in a notebook: a widget where one can be shown, and plain SVG."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from discover.api.recognition_result import RecognitionResult
from discover.api.shown import Part, Shown
from discover.core.config import closest
from discover.core.errors import ConfigError
from discover.core.shown import html_text
from discover.recognition import UNKNOWN
from discover.reports import draw_timeline
from discover.reports.embedding_figures import draw_window_map
from discover.reports.style import Drawing
from discover.reports.window_places import window_places

if TYPE_CHECKING:
    from discover.api.opened import OpenedHome

__all__ = ["HomePicture", "picture_of"]

_WIDGET_ROOM = "discover.app.notebook"
_WIDGET_NEEDS = ("anywidget", "fastapi", "networkx")


def picture_of(opened: "OpenedHome", view: Literal["timeline", "map"], home: str | None) -> "HomePicture":
    """The timeline or the map of one home.

    Raises:
        ConfigError: There are several homes and no name, or none of that name.
    """
    names = list(opened.window_set.logs)
    if home is None and len(names) > 1:
        raise ConfigError(
            f"There are several homes here: {', '.join(names)}. Say which: {view}(home={names[0]!r})."
        )
    if home is not None and home not in names:
        raise ConfigError(f"There is no home {home!r} here. {closest(home, names)}")
    return HomePicture(opened, view, home or names[0])


@dataclass(frozen=True, eq=False, repr=False)
class HomePicture(Shown):
    """A view of one home that shows itself in a notebook.

    Attributes:
        opened: The log or model.
        view: Which view.
        name: Name of the home.
    """

    opened: "OpenedHome"
    view: Literal["timeline", "map"]
    name: str

    @cached_property
    def recognised(self) -> RecognitionResult:
        """The activities of its windows."""
        several = len(self.opened.window_set.logs) > 1
        return self.opened.recognise(home=self.name if several else None)

    @cached_property
    def places(self) -> tuple[NDArray[np.float32], str]:
        """(W, 2) places of its windows on the map, and how they were found."""
        return window_places(self._index.vectors)

    @cached_property
    def drawings(self) -> list[Drawing]:
        """The figures, as SVG and PNG; several where there are many days."""
        if self.view == "timeline":
            return draw_timeline(self.recognised.segments, title=f"What was done in {self.name}")
        windows = self._index.windows
        told = self.recognised.timeline.select("window_id", "activity")
        done = windows.select("window_id").join(told, on="window_id", how="left", maintain_order="left")
        groupings = {
            "activity": done["activity"].replace({UNKNOWN: ""}).fill_null(""),
            "room": windows["rooms"].list.first().fill_null(""),
        }
        return [
            draw_window_map(self.places[0], {k: v.to_numpy().astype(np.str_) for k, v in groupings.items()})
        ]

    def parts(self) -> Iterator[Part]:
        """What the figures show, in words."""
        yield f"The {self.view} of {self.name}; a notebook shows it."
        yield from (drawing.alt for drawing in self.drawings)

    def __repr__(self) -> str:
        return f"<{self.view} of {self.name}>"

    def _repr_html_(self) -> str:
        # Shown as images, so nothing in a picture can run or change the notebook around it.
        return "".join(
            f'<p><img src="{d.data_uri}" alt="{html_text(d.alt)}" style="max-width:100%"></p>'
            for d in self.drawings
        )

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget where it can be made; always the SVG, for those who open the notebook later."""
        data, about = ({}, {}) if self._widget is None else self._widget._repr_mimebundle_()
        return {**data, "text/plain": repr(self), "text/html": self._repr_html_()}, about

    @cached_property
    def _widget(self) -> Any:
        if any(find_spec(name) is None for name in _WIDGET_NEEDS):
            return None
        # By name: the widget is made by a higher room, of the views and routes of the app.
        return import_module(_WIDGET_ROOM).home_widget(self)

    @property
    def _index(self) -> Any:
        searcher = self.opened.searcher
        return (searcher if len(self.opened.window_set.logs) == 1 else searcher.of_home(self.name)).index
