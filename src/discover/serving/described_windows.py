"""The windows and words every description of clusters is made from, so that no two numbers contradict.

Training windows may overlap by half and others not, so all windows would count training days twice. A
description therefore takes at most one window a minute, from all days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.captions.objects import COMMON_OBJECTS, name_object
from discover.captions.words import name_rooms
from discover.changes import thin_windows
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.retrieval import build_window_facts

__all__ = ["DescribedWindows", "describe_windows", "object_words", "room_words"]

# Shape letters: N described windows.


@dataclass(frozen=True)
class DescribedWindows:
    """A sample of windows that represents the recording.

    Attributes:
        rows: Their rows among all windows, (N,), ascending by start.
        facts: `retrieval.WINDOW_FACTS` of them, objects in plain words ("kitchen sink").
        words: Room -> plain words.
        rooms_of: Object in plain words -> its room in plain words.
        places: Object in plain words with its room and the mean place of its sensors on the plan.
    """

    rows: NDArray[np.int64]
    facts: pl.DataFrame
    words: Mapping[str, str]
    rooms_of: Mapping[str, str]
    places: list[dict[str, Any]]

    @property
    def about(self) -> dict[str, Any]:
        """The objects as entries of `clusters.json`."""
        days = self.facts["start"].dt.date()
        return {
            "described_from": "windows of all days, at most one a minute",
            "windows": len(self.facts),
            "recorded_days": days.n_unique(),
            "first_day": str(days.min()),
            "last_day": str(days.max()),
            "places": self.places,
        }


def describe_windows(window_set: WindowSet) -> DescribedWindows:
    """The windows of a set that clusters are described from."""
    numbered = window_set.windows.with_row_index("row")
    rows = thin_windows(numbered)["row"].to_numpy().astype(np.int64)
    home = window_set.home
    names = object_words(home)
    named = home.model_copy(
        update={"sensors": tuple(s.model_copy(update={"object": names.get(s.id)}) for s in home.sensors)}
    )
    facts = build_window_facts(WindowSet.of(named, window_set.events, window_set.windows[rows]))
    rooms = room_words(home)
    rooms_of = {names[s.id]: rooms.get(s.room, "") for s in home.sensors if s.id in names}
    return DescribedWindows(rows, facts, rooms, rooms_of, _places(home, names, rooms_of))


def room_words(home: Home) -> dict[str, str]:
    """Plain words of a home's rooms."""
    rooms = name_rooms(s.room for s in home.sensors)
    return {room: place.name for room, place in rooms.items() if place is not None}


def object_words(home: Home) -> dict[str, str]:
    """Sensor -> the object it watches in plain words, with its room where a home has, or may have, several.

    "The sink" is ambiguous where there is one in the kitchen and one in the bathroom.
    """
    rooms = room_words(home)
    plain = {s.id: name_object(s.object) or s.object.replace("_", " ") for s in home.sensors if s.object}
    where: dict[str, set[str]] = {}
    for sensor in home.sensors:
        if sensor.id in plain:
            where.setdefault(plain[sensor.id], set()).add(sensor.room)
    names = {}
    for sensor in home.sensors:
        if sensor.id not in plain:
            continue
        words, room = plain[sensor.id], rooms.get(sensor.room, "")
        several = words in COMMON_OBJECTS or len(where[words]) > 1
        names[sensor.id] = f"{room} {words}" if several and room and room not in words else words
    return names


def _places(home: Home, names: Mapping[str, str], rooms_of: Mapping[str, str]) -> list[dict[str, Any]]:
    points: dict[str, list[tuple[float, float]]] = {}
    for sensor in home.sensors:
        if sensor.id in names and sensor.x is not None and sensor.y is not None and sensor.is_activity:
            points.setdefault(names[sensor.id], []).append((sensor.x, sensor.y))
    means = {name: np.mean(p, axis=0).round(3).tolist() for name, p in sorted(points.items())}
    return [{"object": n, "room": rooms_of[n], "x": x, "y": y} for n, (x, y) in means.items()]
