"""A random dwelling: rooms on a plan in metres, doors between them, furniture, and the ways people walk.

Each floor is a strip of hub (hallway, or the living room where there is none) with a row of rooms above and
one below, so every room can be reached. Letters: R rooms, N places where someone can be, D doors, T things.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.simulator.catalogue import dwellings
from discover.simulator.rooms import Ways, shortest_ways, ways_between

__all__ = ["OUTSIDE", "Door", "Dwelling", "Room", "Thing", "random_dwelling"]

OUTSIDE = -1
"""Room index of what lies outside the front door."""

_STAIRS_M = 5.0
_OPEN_AIR = ("balcony", "garden")


@dataclass(frozen=True, slots=True)
class Room:
    """A rectangle on the plan; x, y of its corner, width and height in metres."""

    name: str
    kind: str
    floor: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Door:
    """A way between two rooms (OUTSIDE: out of the home).

    Attributes:
        rooms: Room indices.
        x, y: Middle of the opening, metres.
        leaf: A door that can be closed; False is an open passage or stairs.
        stairs: It is a flight of stairs.
    """

    rooms: tuple[int, int]
    x: float
    y: float
    leaf: bool
    stairs: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is opened, switched on or sat on; `ways` are the ways it can be sensed."""

    name: str
    place: int
    ways: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Dwelling(Ways):
    """Rooms, doors, places, things and ways.

    Attributes:
        place_name: Furniture at each place; "room" the free floor, "door" beside a door, (N,).
        place_xy: Metres, (N, 2).
        door_places: Places on both sides of each door; an outer door has its inner one twice, (D, 2).
        things: The last one is the front door; `place_of` is the place of each, (T,).
    """

    kind: str
    rooms: tuple[Room, ...]
    doors: tuple[Door, ...]
    place_name: tuple[str, ...]
    place_xy: NDArray[np.float64]
    door_places: NDArray[np.int64]
    things: tuple[Thing, ...]

    def rooms_of_kind(self, *kinds: str) -> list[int]:
        """Rooms of some kinds."""
        return [r for r, room in enumerate(self.rooms) if room.kind in kinds]


def random_dwelling(kind: str, rng: np.random.Generator) -> Dwelling:
    """A dwelling of a kind listed in data/dwellings.yaml."""
    data = dwellings()
    rooms: list[Room] = []
    doors: list[Door] = []
    hubs: list[int] = []
    left = 0.0
    for floor, wanted in enumerate(data["dwellings"][kind]["floors"]):
        kinds = [k for k, chance in wanted if rng.random() < chance]
        hub = len(rooms)
        _lay_out(kinds, floor, left, rooms, doors, hub, data["areas"], rng)
        hubs.append(hub)
        left = max(r.x + r.width for r in rooms) + 2.0
    for below, above in pairwise(hubs):
        at = rooms[below]
        doors.append(Door((below, above), at.x + 0.8 * at.width, at.y + 0.5 * at.height, False, stairs=True))
    return _furnished(kind, _named(rooms, data["room_names"], rng), doors, data, rng)


def _lay_out(
    kinds: list[str],
    floor: int,
    left: float,
    rooms: list[Room],
    doors: list[Door],
    hub: int,
    areas: dict[str, list[float]],
    rng: np.random.Generator,
) -> None:
    """One floor: the hub as a strip, the others in two rows along it; outdoor space at the end."""
    area = {i: float(rng.uniform(areas[k][0], areas[k][1])) for i, k in enumerate(kinds)}
    others = [i for i in range(1, len(kinds)) if kinds[i] not in _OPEN_AIR]
    order = [others[i] for i in rng.permutation(len(others))]
    rows: list[list[int]] = [[], []]
    for i in sorted(order, key=lambda i: -area[i]):
        rows[int(sum(area[j] for j in rows[0]) > sum(area[j] for j in rows[1]))].append(i)
    rows = [[i for i in order if i in row] for row in rows]
    longest = max((sum(area[i] for i in row) for row in rows), default=0.0)
    width = max(float(np.sqrt(max(longest, area[0]) * rng.uniform(1.3, 2.2))), 3.0)
    depth = area[0] / width if kinds[0] not in ("hallway", "entrance") else float(rng.uniform(1.2, 2.0))
    place = len(rooms)
    rooms.append(Room("", kinds[0], floor, left, 20.0, width, depth))
    for side, row in enumerate(rows):
        total = sum(area[i] for i in row)
        height = total / width if row else 0.0
        x = left
        for number, i in enumerate(row):
            w = width * area[i] / total
            y = 20.0 - height if side == 0 else 20.0 + depth
            rooms.append(Room("", kinds[i], floor, x, y, w, height))
            door_x = x + w * rng.uniform(0.25, 0.75)
            # A bathroom may open into the bedroom beside it instead of the hub.
            into_next = kinds[i] == "bathroom" and number > 0 and kinds[row[number - 1]] == "bedroom"
            alone = kinds.count("bathroom") == 1 and kinds.count("toilet") == 0
            if into_next and rng.random() < (0.15 if alone else 0.5):
                doors.append(Door((len(rooms) - 2, len(rooms) - 1), x, y + height * 0.5, True))
            else:
                leaf = rng.random() < (0.45 if kinds[i] in ("kitchen", "dining", "living") else 0.97)
                doors.append(Door((place, len(rooms) - 1), door_x, 20.0 if side == 0 else 20.0 + depth, leaf))
                pair = {kinds[i], kinds[row[number - 1]]} if number else set()
                if (
                    number
                    and pair <= {"kitchen", "dining", "living", "laundry", "garage"}
                    and rng.random() < 0.6
                ):
                    doors.append(
                        Door((len(rooms) - 2, len(rooms) - 1), x, y + height * 0.4, rng.random() < 0.4)
                    )
            x += w
    if floor == 0:
        doors.append(Door((place, OUTSIDE), left, 20.0 + depth / 2, True))
    for i, k in enumerate(kinds):
        if k in _OPEN_AIR and i:
            inner = [
                r for r in range(place, len(rooms)) if rooms[r].kind in ("living", "studio", "kitchen")
            ] or [place]
            wide = min(area[i] / 2.0, 8.0)
            high = min(area[i] / wide, 6.0)
            rooms.append(Room("", k, floor, left + width + 0.1, 20.0 - high / 2, wide, high))
            doors.append(Door((inner[0], len(rooms) - 1), left + width, 20.0, True))


def _named(rooms: list[Room], names: dict[str, list[str]], rng: np.random.Generator) -> list[Room]:
    """Give every room a name of its own."""
    result: list[Room] = []
    taken: set[str] = set()
    for room in rooms:
        n = 1 + sum(r.kind == room.kind for r in result)
        options = names[room.kind]
        # A room alone of its kind has the plain name most often; the last names are for further rooms.
        first = options[: max(1, len(options) - 2)]
        choice = first[0] if rng.random() < 0.45 else first[int(rng.integers(len(first)))]
        spelled = [c.replace("<n>", str(n)).replace("<a>", chr(96 + n)) for c in (choice, *options)]
        found = next((c for c in spelled if c not in taken), f"{room.kind}_{len(result)}")
        taken.add(found)
        result.append(Room(found, room.kind, room.floor, room.x, room.y, room.width, room.height))
    return result


def _furnished(
    kind: str, rooms: list[Room], doors: list[Door], data: dict[str, Any], rng: np.random.Generator
) -> Dwelling:
    place_room: list[int] = []
    name: list[str] = []
    xy: list[tuple[float, float]] = []
    things: list[Thing] = []
    sides = np.zeros((len(doors), 2), dtype=np.int64)
    for d, door in enumerate(doors):
        for side, r in enumerate(door.rooms):
            if r == OUTSIDE:
                sides[d, side] = sides[d, 1 - side]
                continue
            sides[d, side] = len(name)
            place_room.append(r)
            name.append("door" if OUTSIDE in door.rooms else "doorway")
            xy.append(_inside(rooms[r], door.x, door.y, 0.35) if not door.stairs else _middle(rooms[r], 0.85))
    wanted = _furniture(rooms, data, rng)
    for r, room in enumerate(rooms):
        place_room.append(r)
        name.append("room")
        xy.append(_middle(room, 0.5))
        spots = _wall_spots(room)
        here = np.array([p for p, q in zip(xy, place_room, strict=True) if q == r])
        far = np.hypot(*(spots[:, None, :] - here[None, :, :]).transpose(2, 0, 1)).min(axis=1)
        for furniture, objects in wanted[r]:
            free = np.flatnonzero(far >= min(0.9, far.max()))
            spot = spots[free[int(rng.integers(len(free)))]]
            far = np.minimum(far, np.hypot(*(spots - spot).T))
            place_room.append(r)
            name.append(furniture)
            xy.append((float(spot[0]), float(spot[1])))
            things += [Thing(t, len(name) - 1, tuple(data["things"].get(t, ()))) for t in objects]
    way_out = next(d for d, door in enumerate(doors) if OUTSIDE in door.rooms)
    things.append(Thing("front door", int(sides[way_out, 0]), ("contact",)))
    rooms_of, where = np.array(place_room), np.array(xy)
    distance, following = shortest_ways(*_links(rooms_of, where, doors, sides))
    hops, hop_s, first, count = ways_between(distance, following)
    return Dwelling(
        kind=kind,
        rooms=tuple(rooms),
        doors=tuple(doors),
        place_room=rooms_of,
        place_name=tuple(name),
        place_xy=where,
        door_places=sides,
        things=tuple(things),
        place_of=np.array([t.place for t in things], dtype=np.int64),
        distance=distance,
        hops=hops,
        hop_s=hop_s,
        way_first=first,
        way_count=count,
    )


def _furniture(
    rooms: list[Room], data: dict[str, Any], rng: np.random.Generator
) -> list[list[tuple[str, list[str]]]]:
    """Furniture per room as (name, things); what a home must have is added where it is lacking."""
    result: list[list[tuple[str, list[str]]]] = []
    written: dict[str, Any] = {}
    for room in rooms:
        entries = data["furniture"][room.kind]
        written.update({f: e for f, e in entries.items() if f not in written})
        chosen = []
        for furniture, entry in entries.items():
            chance, *objects = entry if isinstance(entry, list) else [entry]
            if rng.random() < chance:
                chosen.append((furniture, _drawn_things(objects, rng)))
        result.append(chosen)
    every = {f: e for kind in data["furniture"].values() for f, e in kind.items()}
    for furniture, kinds in data["must"].items():
        if any(f == furniture for row in result for f, _ in row):
            continue
        home_room = next(r for k in kinds for r, room in enumerate(rooms) if room.kind == k)
        entry = written.get(furniture, every[furniture])
        result[home_room].append(
            (furniture, _drawn_things(entry[1:] if isinstance(entry, list) else [], rng))
        )
    return result


def _drawn_things(objects: list[str], rng: np.random.Generator) -> list[str]:
    parts = [o.partition("*") for o in objects]
    return [thing for thing, _, chance in parts if rng.random() < float(chance or 1)]


def _links(
    room: NDArray[np.int64], xy: NDArray[np.float64], doors: list[Door], sides: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Metres between places that one step joins (N, N), and which pairs those are (N, N)."""
    gap = xy[:, None, :] - xy[None, :, :]
    metres = np.maximum(np.hypot(gap[..., 0], gap[..., 1]), 0.3)
    np.fill_diagonal(metres, 0.0)
    joined = room[:, None] == room[None, :]
    for (a, b), door in zip(sides, doors, strict=True):
        if a != b:
            metres[a, b] = metres[b, a] = _STAIRS_M if door.stairs else 0.7
            joined[a, b] = joined[b, a] = True
    return metres, joined


def _inside(room: Room, x: float, y: float, inset: float) -> tuple[float, float]:
    """The point of a room nearest to (x, y), at least `inset` from its walls."""
    dx, dy = min(inset, room.width / 2), min(inset, room.height / 2)
    return (
        float(np.clip(x, room.x + dx, room.x + room.width - dx)),
        float(np.clip(y, room.y + dy, room.y + room.height - dy)),
    )


def _middle(room: Room, along: float) -> tuple[float, float]:
    return room.x + along * room.width, room.y + 0.5 * room.height


def _wall_spots(room: Room) -> NDArray[np.float64]:
    """Spots in front of the walls, half a metre apart, (n, 2)."""
    dx, dy = min(0.5, room.width / 2), min(0.5, room.height / 2)
    xs = np.linspace(room.x + dx, room.x + room.width - dx, max(2, int((room.width - 2 * dx) / 0.5) + 1))
    ys = np.linspace(room.y + dy, room.y + room.height - dy, max(2, int((room.height - 2 * dy) / 0.5) + 1))
    sides = [(x, y) for y in (ys[0], ys[-1]) for x in xs] + [(x, y) for x in (xs[0], xs[-1]) for y in ys]
    return np.array(sorted(set(sides)))
