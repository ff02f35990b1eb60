"""Rooms without a plan are laid out from the ways people go."""

from itertools import combinations, pairwise
from math import dist

from discover.app.contract_patterns import Plan
from discover.app.event_arrays import EventArrays
from discover.app.rooms import place_rooms, room_edges
from discover.core.window_set import EventLog


def test_rooms_are_laid_out_alike_in_every_run_and_near_where_people_go_on(small_home_log: EventLog) -> None:
    home = small_home_log.home
    bare = home.model_copy(
        update={
            "floor_plan": None,
            "sensors": tuple(s.model_copy(update={"x": None, "y": None}) for s in home.sensors),
        }
    )
    events = EventArrays.of(small_home_log.events, bare)
    edges = room_edges(events)
    person = [k for k, p in enumerate(events.person.tolist()) if p]
    rooms = [events.sensors[events.sensor[k]].room for k in person]
    ways: dict[tuple[str, str], int] = {}
    for (k, a), (m, b) in pairwise(zip(person, rooms, strict=True)):
        if a != b and events.time[m] - events.time[k] <= 300_000:
            pair = min(a, b), max(a, b)
            ways[pair] = ways.get(pair, 0) + 1
    assert {(e.a, e.b): e.count for e in edges} == ways
    placed, sensors = place_rooms(events, {}, edges, None, Plan())
    again, _ = place_rooms(events, {}, edges, None, Plan())
    assert placed == again
    at = {r.room: (r.x, r.y) for r in placed}
    assert all(0.05 <= v <= 0.95 for place in at.values() for v in place)
    assert min(dist(a, b) for a, b in combinations(at.values(), 2)) > 0.1
    assert len({(s.x, s.y) for s in sensors}) == len(sensors)
    assert not any(s.placed for s in sensors)
