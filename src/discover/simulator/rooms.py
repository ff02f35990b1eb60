"""The rooms of a home as a graph: what kind each room is, which rooms adjoin, how one walks.

A home file says for each sensor in which room it is and, often, where. That is enough for a graph:
motion sensors are the places where a person can be seen, rooms adjoin when no third room lies
between them (relative neighbourhood graph, Toussaint 1980; it contains the minimum spanning tree, so
every room can be reached). Hallways are preferred as ways. Homes without coordinates get a star
around the hallway; sensors without a room are grouped by position, or by order.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discover.core.errors import DataError
from discover.core.home import Home, Sensor

__all__ = [
    "ROOM_KINDS",
    "RoomGraph",
    "Ways",
    "build_room_graph",
    "guess_type",
    "shortest_ways",
    "ways_between",
    "words_of",
]

ROOM_KINDS: dict[str, str] = {
    "hallway": r"hall|aisle|corridor|stair|passage|landing",
    "bathroom": r"bath|toilet|shower|\bwc\b|restroom|washroom",
    "laundry": r"laundry|utility",
    "garage": r"garage",
    "entrance": r"entrance|entry|front door|outside|foyer|porch|lobby",
    "kitchen": r"kitchen|pantry",
    "dining": r"dining",
    "bedroom": r"bed ?room|guest ?room|\bbed\b",
    "office": r"office|study|work|desk",
    "living": r"living|lounge|family|sitting|couch|\btv\b",
}
"""Kind -> words that name it; the first kind that matches counts ("aisle near kitchen" is a hallway)."""

# Kinds that rooms without any name stand in for, the most needed first.
_STAND_IN = ("kitchen", "bedroom", "bathroom", "living", "entrance", "hallway", "office", "dining", "laundry")
_NO_ROOM = {"", "unknown room", "unknown", "unk", "none", "other", "na"}
_TYPE_BY_LETTER = {"m": "motion", "d": "door", "i": "item", "t": "temperature", "l": "light"}
_HUBS = ("hallway", "entrance")
_WALK_M_PER_S = 0.9
_FAR = 1e9


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Places and the ways between them. Letters: N places, P = N * N ordered pairs of places.

    Attributes:
        place_room: Room of each place, (N,).
        place_of: Place of each sensor or thing that can be used.
        distance: Metres between places, walking, (N, N).
        hops: Places on the ways, way after way; the start place is left out, the goal is in it.
        hop_s: Seconds from the start of the way at which each hop is reached.
        way_first, way_count: The slice of `hops` that leads from place a to b is at row a * N + b, (P,).
    """

    place_room: NDArray[np.int64]
    place_of: NDArray[np.int64]
    distance: NDArray[np.float64]
    hops: NDArray[np.int64]
    hop_s: NDArray[np.float64]
    way_first: NDArray[np.int64]
    way_count: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RoomGraph(Ways):
    """Places, rooms and ways of a home that is described by its sensors. Letters: R rooms.

    Attributes:
        sensors: All sensors that can send something, with type and room filled in; `place_of` is the place
            nearest to each.
        rooms: Room names, (R,).
        kinds: Kind of each room (a key of ROOM_KINDS, or "other"), (R,).
        adjacent: Which rooms adjoin, bool (R, R). The scale of `distance` is a guess from their number.
        place_sensor: Motion sensor at each place, index into `sensors`; -1 where a room has none, (N,).
    """

    sensors: tuple[Sensor, ...]
    rooms: tuple[str, ...]
    kinds: tuple[str, ...]
    adjacent: NDArray[np.bool_]
    place_sensor: NDArray[np.int64]

    def places_of_kind(self, kind: str) -> list[int]:
        """Places in rooms of one kind."""
        return [p for p, room in enumerate(self.place_room) if self.kinds[room] == kind]


def words_of(text: str | None) -> str:
    """Plain lower-case words: "FrontDoor", "front_door" and "Front-Door" all give "front door"."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text or "")
    return re.sub(r"[^a-z0-9]+", " ", split.lower()).strip()


def guess_type(sensor: Sensor) -> str:
    """The sensor's type; where unknown, by the first letter of an id such as M012, else motion."""
    if sensor.type != "unknown":
        return sensor.type
    match = re.fullmatch(r"([a-z])[a-z]{0,2}[-_]?\d+.*", sensor.id.lower())
    return _TYPE_BY_LETTER.get(match.group(1), "unknown") if match else "motion"


def build_room_graph(home: Home) -> RoomGraph:
    """The graph of a home.

    Raises:
        DataError: The home has no sensor that people trigger.
    """
    typed = [s.model_copy(update={"type": guess_type(s)}) for s in home.sensors if s.is_activity]
    silent = ("battery", "control", "unknown", "temperature")
    if not any(s.type not in silent for s in typed):
        raise DataError(
            f"Home '{home.name}' has no motion, door or item sensor, so nothing can be simulated in it. "
            "Give its file a `sensors:` list with id, type and room of each (see the shipped home 'demo')."
        )
    sensors = [s for s in typed if s.type not in ("battery", "control", "unknown")]
    names, stand_ins = _rooms_of(sensors, home)
    rooms = tuple(dict.fromkeys(names))
    kinds = tuple(stand_ins.get(r) or _kind_of(r) or "other" for r in rooms)
    xy = np.array([[np.nan if s.x is None else s.x, np.nan if s.y is None else s.y] for s in sensors])
    room_of = np.array([rooms.index(n) for n in names])
    place_sensor, place_room, place_xy = _places(sensors, room_of, xy, len(rooms))
    metres = _straight_metres(place_xy, place_room, len(rooms))
    adjacent = _adjacent_rooms(metres, place_room, place_xy, kinds)
    distance, following = shortest_ways(*_steps(metres, place_room, adjacent))
    hops, hop_s, first, count = ways_between(distance, following)
    return RoomGraph(
        sensors=tuple(s.model_copy(update={"room": n}) for s, n in zip(sensors, names, strict=True)),
        rooms=rooms,
        kinds=kinds,
        adjacent=adjacent,
        place_sensor=place_sensor,
        place_room=place_room,
        place_of=_nearest_places(sensors, room_of, xy, place_sensor, place_room, place_xy),
        distance=distance,
        hops=hops,
        hop_s=hop_s,
        way_first=first,
        way_count=count,
    )


def _kind_of(text: str) -> str | None:
    return next((kind for kind, pattern in ROOM_KINDS.items() if re.search(pattern, words_of(text))), None)


def _rooms_of(sensors: list[Sensor], home: Home) -> tuple[list[str], dict[str, str]]:
    """Room name per sensor, and the kind that nameless rooms stand in for."""
    names: list[str | None] = []
    for s in sensors:
        hint = _kind_of(s.id) or _kind_of(s.object or "")
        known = words_of(s.room) not in _NO_ROOM
        names.append(s.room if known else hint)
    if any(names):
        return [n or _room_nearby(i, names, sensors) for i, n in enumerate(names)], {}
    groups = [_group_of(i, s, home) for i, s in enumerate(sensors)]
    order = list(dict.fromkeys(groups))
    return groups, {g: _STAND_IN[i % len(_STAND_IN)] for i, g in enumerate(order)}


def _room_nearby(index: int, names: list[str | None], sensors: list[Sensor]) -> str:
    me = sensors[index]

    def far(other: int) -> tuple[float, int]:
        there = sensors[other]
        if me.x is None or me.y is None or there.x is None or there.y is None:
            return _FAR, abs(other - index)
        return float(np.hypot(me.x - there.x, me.y - there.y)), abs(other - index)

    best = min((i for i, n in enumerate(names) if n), key=far)
    return str(names[best])


def _group_of(index: int, sensor: Sensor, home: Home) -> str:
    if sensor.x is None or sensor.y is None or home.floor_plan is None:
        return f"area_{index // 4 + 1}"
    column = min(int(3 * sensor.x / home.floor_plan.width), 2)
    row = min(int(3 * sensor.y / home.floor_plan.height), 2)
    return f"area_{3 * row + column + 1}"


def _places(
    sensors: list[Sensor], room_of: NDArray[np.int64], xy: NDArray[np.float64], n_rooms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """One place per motion sensor, and one for every room without any."""
    found = [i for i, s in enumerate(sensors) if s.type == "motion"]
    sensor, room, position = list(found), [int(room_of[i]) for i in found], [xy[i] for i in found]
    for r in range(n_rooms):
        if r not in room:
            inside = xy[room_of == r]
            located = inside[~np.isnan(inside[:, 0])]
            sensor.append(-1)
            room.append(r)
            position.append(located.mean(axis=0) if len(located) else np.array([np.nan, np.nan]))
    return np.array(sensor), np.array(room), np.array(position).reshape(-1, 2)


def _straight_metres(xy: NDArray[np.float64], room: NDArray[np.int64], n_rooms: int) -> NDArray[np.float64]:
    """Straight distance between places; 2 m within and 4 m between rooms where a position is unknown."""
    metres = np.where(room[:, None] == room[None, :], 2.0, 4.0)
    located = ~np.isnan(xy[:, 0])
    if located.sum() > 1:
        span = np.ptp(xy[located], axis=0)
        # Plans are in pixels of unknown scale: more rooms and sensors mean a larger home.
        scale = max(4.2 * np.sqrt(n_rooms), 2.1 * np.sqrt(len(xy))) / max(float(np.hypot(*span)), 1e-9)
        difference = xy[:, None, :] - xy[None, :, :]
        straight = np.hypot(difference[..., 0], difference[..., 1]) * scale
        both = located[:, None] & located[None, :]
        metres = np.where(both, np.maximum(straight, 0.3), metres)
    np.fill_diagonal(metres, 0.0)
    return metres


def _adjacent_rooms(
    metres: NDArray[np.float64],
    room: NDArray[np.int64],
    xy: NDArray[np.float64],
    kinds: tuple[str, ...],
) -> NDArray[np.bool_]:
    n = len(kinds)
    apart = np.full((n, n), np.inf)
    for a in range(n):
        for b in range(n):
            block = metres[np.ix_(room == a, room == b)]
            apart[a, b] = 0.0 if a == b else block.min() * (0.7 if {kinds[a], kinds[b]} & set(_HUBS) else 1)
    adjacent = np.zeros((n, n), dtype=bool)
    for a in range(n):
        for b in range(a + 1, n):
            between = np.maximum(apart[a], apart[b]) < apart[a, b]
            adjacent[a, b] = adjacent[b, a] = not between.any()
    if np.isnan(xy[:, 0]).any():
        # Without positions all distances tie: leave only ways through the middle of the home.
        lost = sorted({int(r) for r in room[np.isnan(xy[:, 0])]})
        hub = next((kinds.index(k) for k in ("hallway", "living", "kitchen") if k in kinds), 0)
        for r in lost:
            adjacent[r, :] = adjacent[:, r] = False
        for r in lost:
            adjacent[r, hub] = adjacent[hub, r] = r != hub
        for r in range(n):
            if r != hub and not adjacent[r].any():
                adjacent[r, hub] = adjacent[hub, r] = True
    return adjacent


def _steps(
    metres: NDArray[np.float64], room: NDArray[np.int64], adjacent: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Metres, and which places one step joins: those of a room, and the nearest pair of adjoining rooms."""
    joined = room[:, None] == room[None, :]
    for a, b in zip(*np.nonzero(adjacent), strict=True):
        block = np.where((room[:, None] == a) & (room[None, :] == b), metres, _FAR)
        i, j = np.unravel_index(int(block.argmin()), block.shape)
        joined[i, j] = True
    return metres, joined


def shortest_ways(
    metres: NDArray[np.float64], joined: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Floyd-Warshall over places: walking distance, and the next place on the way from a to b.

    Args:
        metres: Straight distance between places, (N, N).
        joined: Pairs of places that one step joins, (N, N).
    """
    n = len(metres)
    distance = np.where(joined, metres, _FAR)
    following = np.where(distance < _FAR, np.arange(n)[None, :], -1)
    for k in range(n):
        through = distance[:, k, None] + distance[None, k, :]
        shorter = through < distance
        distance = np.where(shorter, through, distance)
        following = np.where(shorter, following[:, k, None], following)
    return distance, following


def ways_between(
    distance: NDArray[np.float64], following: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Hops, seconds at which each is reached, first hop and number of hops per pair; as in `Ways`."""
    n = len(distance)
    pair = np.arange(n * n)
    goal = pair % n
    here = pair // n
    walked, pairs, steps = [], [], []
    for step in range(n):
        # Every way takes its next step at once; a way ends at its goal.
        going = (here != goal) & (following[here, goal] >= 0)
        if not going.any():
            break
        here = np.where(going, following[here, goal], here)
        walked.append(here[going])
        pairs.append(pair[going])
        steps.append(np.full(int(going.sum()), step))
    nothing = np.zeros(0, dtype=np.int64)
    way, hop, step_of = (np.concatenate([nothing, *parts]) for parts in (pairs, walked, steps))
    order = np.lexsort((step_of, way))
    count = np.bincount(way, minlength=n * n)
    reached = distance[way[order] // n, hop[order]] / _WALK_M_PER_S
    return hop[order], reached, np.cumsum(count) - count, count


def _nearest_places(
    sensors: list[Sensor],
    room_of: NDArray[np.int64],
    xy: NDArray[np.float64],
    place_sensor: NDArray[np.int64],
    place_room: NDArray[np.int64],
    place_xy: NDArray[np.float64],
) -> NDArray[np.int64]:
    result = np.zeros(len(sensors), dtype=np.int64)
    for i in range(len(sensors)):
        own = np.nonzero(place_sensor == i)[0]
        inside = np.nonzero(place_room == room_of[i])[0]
        far = np.nan_to_num(np.hypot(*(place_xy[inside] - xy[i]).T), nan=0.0)
        result[i] = own[0] if len(own) else inside[int(far.argmin())]
    return result
