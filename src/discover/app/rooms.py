"""Where rooms and sensors stand: on the home's plan, as drawn in the app, or by a graph of transitions.

A home without a plan still has a shape: people go straight from one room to the next. Rooms that they often
change between are laid out close together.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from discover.app.contract import Edge, Room, SensorFacts
from discover.app.contract_patterns import Plan
from discover.app.event_arrays import EventArrays
from discover.core.home import UNKNOWN_ROOM, FloorPlan

__all__ = ["place_rooms", "room_edges"]

_PAUSE_MS = 300_000.0
_RING = 0.05
_GOLDEN = math.pi * (3 - math.sqrt(5))


def room_edges(events: EventArrays) -> list[Edge]:
    """How often people went from one known room straight to another, at most five minutes apart."""
    rooms = sorted({s.room for s in events.sensors if s.room != UNKNOWN_ROOM})
    code = {room: k for k, room in enumerate(rooms)}
    of_sensor = np.array([code.get(s.room, -1) for s in events.sensors], dtype=np.int64)
    rows = np.flatnonzero(events.person & (of_sensor[events.sensor] >= 0))
    room, time = of_sensor[events.sensor[rows]], events.time[rows]
    moved = (room[1:] != room[:-1]) & (np.diff(time) <= _PAUSE_MS)
    pair = np.sort(np.stack([room[:-1][moved], room[1:][moved]]), axis=0)
    keys, counts = np.unique(pair[0] * len(rooms) + pair[1], return_counts=True)
    return [
        Edge(a=rooms[key // len(rooms)], b=rooms[key % len(rooms)], count=n)
        for key, n in zip(keys.tolist(), counts.tolist(), strict=True)
    ]


def place_rooms(
    events: EventArrays,
    names: Mapping[str, str],
    edges: list[Edge],
    floor_plan: FloorPlan | None,
    drawn: Plan,
) -> tuple[list[Room], list[SensorFacts]]:
    """Rooms and sensors with places in [0, 1]; each sensor is placed, known place or not.

    Args:
        events: Sensors and how often they report.
        names: Room -> plain words.
        edges: `room_edges`.
        floor_plan: Size of the home's own plan.
        drawn: What was drawn in the app; it wins over the home's own places.
    """
    known: dict[str, tuple[float, float]] = {}
    for s in events.sensors:
        if s.id in drawn.sensors:
            known[s.id] = (drawn.sensors[s.id].x, drawn.sensors[s.id].y)
        elif s.x is not None and s.y is not None and floor_plan is not None:
            known[s.id] = (s.x / floor_plan.width, s.y / floor_plan.height)
    rooms = sorted({s.room for s in events.sensors} | set(drawn.outlines))
    centres = _centres(events, rooms, edges, known, drawn)
    per_room = dict.fromkeys(rooms, 0)
    for s, n in zip(events.sensors, events.counts.tolist(), strict=True):
        per_room[s.room] += n
    unplaced = dict.fromkeys(rooms, 0)
    placed = []
    for s, n in zip(events.sensors, events.counts.tolist(), strict=True):
        place = known.get(s.id)
        if place is None:
            place = _around(centres[s.room], unplaced[s.room])
            unplaced[s.room] += 1
        placed.append(
            SensorFacts(
                sensor=s.id,
                type=s.type,
                room=s.room,
                object=s.object,
                x=place[0],
                y=place[1],
                placed=s.id in known,
                events=n,
                is_activity=s.is_activity,
            )
        )
    shown = [
        Room(
            room=room,
            name=names.get(room, room.replace("_", " ")),
            x=centres[room][0],
            y=centres[room][1],
            outline=tuple(drawn.outlines.get(room, ())),
            events=per_room[room],
        )
        for room in rooms
    ]
    return shown, placed


def _centres(
    events: EventArrays,
    rooms: list[str],
    edges: list[Edge],
    known: Mapping[str, tuple[float, float]],
    drawn: Plan,
) -> dict[str, tuple[float, float]]:
    """Middle of each room: of its outline, else of its placed sensors, else from the graph."""
    points: dict[str, list[tuple[float, float]]] = {}
    for s in events.sensors:
        if s.id in known:
            points.setdefault(s.room, []).append(known[s.id])
    points.update({room: list(corners) for room, corners in drawn.outlines.items() if corners})
    found = {room: _mean(places) for room, places in points.items()}
    missing = [room for room in rooms if room not in found]
    if not found:
        return _laid_out(rooms, edges)
    for k, room in enumerate(missing):
        near = [found[e.b if e.a == room else e.a] for e in edges if room in (e.a, e.b)
                and (e.b if e.a == room else e.a) in points]  # fmt: skip
        found[room] = _around(_mean(near) if near else (0.5, 0.5), k + 1)
    return found


def _laid_out(rooms: list[str], edges: list[Edge]) -> dict[str, tuple[float, float]]:
    """Places from the graph of transitions, by Kamada and Kawai 1989; the same in every run."""
    if len(rooms) == 1:
        return {rooms[0]: (0.5, 0.5)}
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(rooms)
    most = max((e.count for e in edges), default=1)
    for e in edges:
        graph.add_edge(e.a, e.b, length=1.0 + math.log(most / e.count))
    near = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))
    far = 1.5 * max((d for ways in near.values() for d in ways.values()), default=1.0) or 1.0
    distance = {a: {b: near[a].get(b, far) for b in rooms} for a in rooms}
    places: dict[str, NDArray[np.float64]] = nx.kamada_kawai_layout(graph, dist=distance)
    points = np.array([places[room] for room in rooms])
    low, size = points.min(axis=0), float(np.ptp(points, axis=0).max()) or 1.0
    middle = (np.ptp(points, axis=0) / size) / 2
    scaled = 0.5 + 0.76 * ((points - low) / size - middle)
    return {room: (float(x), float(y)) for room, (x, y) in zip(rooms, scaled.round(4), strict=True)}


def _around(centre: tuple[float, float], k: int) -> tuple[float, float]:
    """The k-th place of a spiral around a point: no two of them are the same."""
    radius = _RING * math.sqrt(k)
    x, y = centre[0] + radius * math.cos(k * _GOLDEN), centre[1] + radius * math.sin(k * _GOLDEN)
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def _mean(points: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)
