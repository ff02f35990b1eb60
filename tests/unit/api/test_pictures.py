"""The timeline and the map of a home as plain SVG."""

import base64
import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from discover.api import pictures
from discover.api.pictures import HomePicture, picture_of
from discover.core.errors import ConfigError

HOSTILE = '<script>alert("x")</script>'


def picture(view: Any, **known: Any) -> HomePicture:
    opened: Any = SimpleNamespace(window_set=SimpleNamespace(logs={"demo": None}))
    made = HomePicture(opened, view, "demo")
    made.__dict__.update(known, _widget=None)
    return made


def timeline() -> HomePicture:
    """Sleep from midnight to 6:00, and an hour at noon with a name that would like to be HTML."""
    segments = pl.DataFrame(
        {
            "activity": ["sleep", HOSTILE],
            "start": [datetime(2024, 1, 1, 0), datetime(2024, 1, 1, 12)],
            "end": [datetime(2024, 1, 1, 6), datetime(2024, 1, 1, 13)],
            "n_windows": [300, 60],
        }
    )
    return picture("timeline", recognised=SimpleNamespace(segments=segments))


def svgs(made: HomePicture) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', made._repr_html_())
    return [base64.b64decode(one).decode() for one in found]


def bars(svg: str) -> list[tuple[float, float]]:
    """Left and right edge of each bar, in units of the drawing: four corners, clipped to the axes."""
    found = re.findall(r'd="M ([\d.]+) [\d.]+ \s*L ([\d.]+) [\d.]+ \s*L [^"]+z\s*" clip-path', svg)
    return [(float(left), float(right)) for left, right in found]


def test_a_bar_is_as_long_as_its_activity_lasts() -> None:
    (svg,) = svgs(timeline())
    sleep, noon = sorted(bars(svg))
    hour = noon[1] - noon[0]
    assert (sleep[1] - sleep[0]) / hour == pytest.approx(6, abs=0.01)
    assert (noon[0] - sleep[0]) / hour == pytest.approx(12, abs=0.02)


def test_names_are_text() -> None:
    made = timeline()
    assert "<script" not in made._repr_html_()
    assert "<script" not in svgs(made)[0]


def test_the_map_has_a_point_per_window_where_its_place_says(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = pl.DataFrame({"window_id": ["a", "b", "c"], "rooms": [["kitchen"], [], ["kitchen", "hall"]]})
    told = pl.DataFrame({"window_id": ["c", "a"], "activity": ["sleep", "unknown"]})
    seen: dict[str, Any] = {}

    def drawn(places: Any, groupings: dict[str, Any]) -> Any:
        seen.update(groupings, places=places)
        return SimpleNamespace(data_uri="data:,", alt=HOSTILE)

    monkeypatch.setattr(pictures, "draw_window_map", drawn)
    places = np.array([[0, 0], [0.5, 0.5], [1, 1]], dtype=np.float32)
    index = SimpleNamespace(windows=windows)
    made = picture("map", recognised=SimpleNamespace(timeline=told), places=(places, "t-SNE"))
    made.opened.searcher = SimpleNamespace(index=index)  # type: ignore[misc]
    assert "<script" not in made._repr_html_()
    assert seen["activity"].tolist() == ["", "", "sleep"]
    assert seen["room"].tolist() == ["kitchen", "", "kitchen"]
    assert seen["places"] is places


def test_the_notebook_gets_the_widget_and_the_svg() -> None:
    made = timeline()
    widget = SimpleNamespace(
        _repr_mimebundle_=lambda: ({"widget": 1, "text/plain": "HomeWidget()"}, {"m": 2})
    )
    made.__dict__["_widget"] = widget
    data, about = made._repr_mimebundle_()
    assert (data["widget"], about) == (1, {"m": 2})
    assert data["text/html"] == made._repr_html_()
    assert data["text/plain"] == "<timeline of demo>"


def test_of_several_homes_one_is_chosen() -> None:
    opened: Any = SimpleNamespace(window_set=SimpleNamespace(logs={"one": None, "two": None}))
    assert picture_of(opened, "map", "two").name == "two"
    with pytest.raises(ConfigError, match="one, two"):
        picture_of(opened, "map", None)
    with pytest.raises(ConfigError, match="no home 'three'"):
        picture_of(opened, "map", "three")
