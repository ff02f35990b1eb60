"""The home file of a random home: with everything right, and as its owner may have written it down."""

from typing import Any

import numpy as np

from discover.core.home import UNKNOWN_ROOM, FloorPlan, Home, Sensor
from discover.simulator.dwelling import Dwelling
from discover.simulator.kits import Installation, Installed

__all__ = ["as_found", "home_of"]


def home_of(
    installation: Installation, dwelling: Dwelling, name: str, zone: str, residents: int, pets: bool
) -> Home:
    """The home with everything right; sensors that share an id are one."""
    left, top = (dwelling.place_xy.min(axis=0) - 1.0).tolist()
    width, height = (np.ptp(dwelling.place_xy, axis=0) + 2.0).tolist()
    sensors: dict[str, Sensor] = {}
    for s in installation.sensors:
        x, y = _position(s, dwelling)
        merged = installation.style == "room"
        sensors.setdefault(
            s.id,
            Sensor(
                id=s.id,
                type="motion" if merged else s.type,
                room=dwelling.rooms[s.room].name,
                object=None if merged else s.object,
                x=None if merged else round(100 * (x - left), 1),
                y=None if merged else round(100 * (y - top), 1),
                is_activity=s.how != "battery",
            ),
        )
    return Home(
        name=name,
        family="simulated",
        title=f"random home: {dwelling.kind}, {installation.kit}",
        time_zone=zone,
        residents=residents,
        pets=pets,
        floor_plan=FloorPlan(width=100 * width, height=100 * height),
        sensors=tuple(sensors.values()),
        source="Made by the simulator of DISCOVER-v2.",
    )


def _position(s: Installed, dwelling: Dwelling) -> tuple[float, float]:
    if s.how == "motion":
        x, y = dwelling.place_xy[s.index]
    elif s.how == "door":
        return dwelling.doors[s.index].x, dwelling.doors[s.index].y
    elif s.how in ("presence", "light_of_room", "temperature", "battery"):
        room = dwelling.rooms[s.room]
        return room.x + room.width / 2, room.y + room.height / 2
    else:
        x, y = dwelling.place_xy[dwelling.things[s.index].place]
    return float(x), float(y)


def as_found(home: Home, rng: np.random.Generator) -> Home:
    """The home as its owner may have written it down: something lacking, or partly wrong."""
    kind = rng.choice(["full", "no_xy", "no_object", "no_room", "no_type", "nothing", "some_wrong"], p=_FOUND)
    rooms = sorted({s.room for s in home.sensors})
    sensors = []
    for s in home.sensors:
        change: dict[str, Any] = {}
        if kind != "full":
            change |= {"x": None, "y": None}
        if kind in ("no_object", "nothing"):
            change["object"] = None
        if kind in ("no_room", "nothing"):
            change["room"] = UNKNOWN_ROOM
        if kind in ("no_type", "nothing") and s.is_activity:
            change["type"] = "unknown"
        if kind == "some_wrong" and rng.random() < 0.2:
            if rng.random() < 0.5:
                change["room"] = str(rng.choice(rooms)) if rng.random() < 0.5 else UNKNOWN_ROOM
            else:
                change["object"] = None
        sensors.append(s.model_copy(update=change))
    return home.model_copy(
        update={"sensors": tuple(sensors), "floor_plan": home.floor_plan if kind == "full" else None}
    )


_FOUND = np.array([0.28, 0.3, 0.1, 0.08, 0.08, 0.06, 0.1])
