"""Situations that sensors tell as well as people: rooms in use, quiet, things used, left open or left on."""

from collections.abc import Collection

import numpy as np
import polars as pl

from discover.pretraining.daily_life import Spells, local_hour
from discover.pretraining.situation_scene import (
    FALSE,
    TRUE,
    Answers,
    Mask,
    Scene,
    answers,
    anyone,
    bounds,
    microseconds,
    minutes_since,
    minutes_until,
    opposite,
    soon_back,
    together,
    within,
)
from discover.pretraining.situations import situation_source

__all__ = ["sensor_situations"]

_SHORT_MIN = {"bathroom": 3.0}
_LONG_MIN = {"bathroom": 15.0, "bedroom": 60.0, "hallway": 5.0}
_LEFT = {
    "fridge_left_open": (("fridge", "freezer"), ("fridge", "freezer")),
    "front_door_left_open": (("front door",), ("front_door",)),
    "wardrobe_left_open": (("wardrobe",), ("wardrobe",)),
    "stove_left_on": (("burner", "oven"), ("stove", "oven")),
    "tv_left_on": (("tv",), ("television",)),
    "lamp_left_on": (("reading lamp", "desk lamp"), ("light",)),
}
"""What is left open or on: names of the simulator, and things of `situations.yaml` whose sensors show it."""


def sensor_situations(scene: Scene) -> dict[str, Answers]:
    """(W,) answers of each situation."""
    return {**_rooms(scene), **_ways(scene), **_quiet(scene), **_things(scene), **_left(scene)}


def _rooms(scene: Scene) -> dict[str, Answers]:
    found: dict[str, Answers] = {}
    for room, entry in situation_source()["rooms"].items():
        there = np.isin(scene.kinds, entry["kinds"])
        exists = there.any() or np.isin(scene.life.room, entry["kinds"]).any()
        answered = _one_room(scene, room, entry["kinds"], there) if exists else {}
        found |= {f"{kind}.{room}": answered.get(kind, scene.unknown) for kind in entry["has"]}
    return found


def _one_room(scene: Scene, room: str, kinds: Collection[str], sensors_there: Mask) -> dict[str, Answers]:
    life, start, end = scene.life, scene.start, scene.end
    inside = life.now(np.isin(life.room, list(kinds)))
    stays = life.stays(inside)
    seen = scene.begin_times(sensors_there)
    n_seen = within(seen, start, end)
    elsewhere = within(scene.begin_times(~sensors_there), start, end)
    share = life.spells(anyone(inside)).share(start, end)
    somebody = answers((share >= 0.5) | (n_seen > 0), (share == 0) & (n_seen == 0))
    short, long = _SHORT_MIN.get(room, 4.0), _LONG_MIN.get(room, 30.0)
    brief = [s.where(s.minutes <= short) for s in stays]
    lasting = [s.where(s.minutes >= long) for s in stays]
    again = [soon_back(s, 15.0) for s in stays]
    since = minutes_since(np.sort(np.concatenate([seen, *(s.end for s in stays)])), start)
    hour = microseconds(30)
    entered = sum((s.begins(scene.middle - hour, scene.middle + hour) for s in stays), np.zeros(len(start)))
    return {
        "somebody_in": somebody,
        "nobody_in": opposite(somebody),
        "two_in": scene.times(inside.sum(axis=0) >= 2),
        "short_stay": scene.mostly(together(brief), 0.4),
        "long_stay": scene.mostly(together(lasting)),
        "in_and_out": answers(entered >= 3, entered <= 1),
        "unused": answers((since >= 180) & (n_seen == 0) & (share == 0), (since < 90) | (n_seen > 0)),
        "only_in": answers((n_seen > 0) & (elsewhere == 0), (elsewhere > 0) | (share == 0)),
        "back_in": scene.mostly(together(again), 0.4),
    }


def _ways(scene: Scene) -> dict[str, Answers]:
    rooms, found = situation_source()["rooms"], {}
    for first, second in situation_source()["ways"]["between"]:
        one, two = (scene.life.now(np.isin(scene.life.room, rooms[r]["kinds"])) for r in (first, second))
        moments = np.sort(scene.life.edges[1:-1][(one[:, :-1] & two[:, 1:]).any(axis=0)])
        near = within(moments, scene.start - microseconds(0.5), scene.end + microseconds(0.5))
        far = within(moments, scene.start - microseconds(5), scene.end + microseconds(5))
        exists = one.any() and two.any()
        found[f"way.{first}.{second}"] = answers((near > 0) & exists, (far == 0) & exists)
    return found


def _quiet(scene: Scene) -> dict[str, Answers]:
    times = scene.begin_times(np.ones(len(scene.sensors), dtype=bool))
    before = minutes_since(times, scene.start)
    after = minutes_until(times, scene.end)
    # Kinds of rooms with movement: a window in one kitchen, or in three rooms and more.
    rooms = np.unique(scene.kinds)
    count = sum(
        ((within(scene.begin_times(scene.kinds == k), scene.start, scene.end) > 0) for k in rooms if k),
        np.zeros(len(before), dtype=np.int64),
    )
    around = within(times, scene.middle - microseconds(7.5), scene.middle + microseconds(7.5))
    # What is usual of this home: the median quarter of an hour with movement.
    _, counts = np.unique(times // microseconds(15), return_counts=True)
    usual = float(np.median(counts)) if len(counts) else 1.0
    busy, calm = around >= np.maximum(2.5 * usual, 6), around <= max(0.25 * usual, 1.0)
    quiet = answers(before >= 60, before < 10)
    return {
        "quiet_hour_before": quiet,
        "no_quiet_before": opposite(quiet),
        "quiet_hour_after": answers(after >= 60, after < 10),
        "one_room_active": answers(count == 1, count >= 2),
        "many_rooms_active": answers(count >= 3, count <= 1),
        "hardly_any_movement": answers(calm, around >= usual),
        "much_movement": answers(busy, around <= usual),
    }


def _things(scene: Scene) -> dict[str, Answers]:
    found = {}
    for thing, entry in situation_source()["things"].items():
        sensors, used = scene.sensors_of_thing[thing], scene.unknown
        if sensors.any():
            begins = within(scene.begin_times(sensors), scene.start, scene.end) > 0
            on = scene.on(sensors).share(scene.start, scene.end)
            used = answers(begins | (on >= 0.5), ~begins & (on == 0))
        found[f"used.{thing}"] = used
        if "unused" in entry:
            found[f"unused.{thing}"] = opposite(used)
    return found


def _left(scene: Scene) -> dict[str, Answers]:
    left = scene.kept.filter(pl.col("kind").is_in(["left_open", "left_on"]))
    begin, end = bounds(left)
    thing = left["thing"].to_numpy().astype(np.str_)
    found, all_left, any_seen = {}, np.zeros(len(thing), dtype=bool), False
    for key, (names, seen_by) in _LEFT.items():
        mine = np.isin(thing, names)
        seen = any(scene.sensors_of_thing[t].any() for t in seen_by)
        late = Spells.union(begin[mine] + microseconds(1), end[mine])
        found[key] = scene.mostly(late) if seen else scene.unknown
        any_seen |= seen
        all_left |= mine & seen
    some = scene.mostly(Spells.union(begin[all_left] + microseconds(1), end[all_left]))
    return {
        **found,
        "something_left_on": some if any_seen else scene.unknown,
        "all_closed": opposite(some) if any_seen else scene.unknown,
        "stove_on_nobody_there": _stove_alone(scene),
        "light_all_night": _light_all_night(scene),
    }


def _stove_alone(scene: Scene) -> Answers:
    """Whether the stove is on while nobody is in the kitchen."""
    sensors = scene.sensors_of_thing["stove"]
    if not sensors.any():
        return scene.unknown
    stove = scene.mostly(scene.on(sensors))
    kitchen = scene.times(anyone(np.isin(scene.room, ["kitchen", "studio", "roaming"])))
    return answers((stove == TRUE) & (kitchen == FALSE), (stove == FALSE) | (kitchen == TRUE))


def _light_all_night(scene: Scene) -> Answers:
    """A light that is on from midnight to five; asked of windows between ten in the evening and six."""
    sensors = scene.sensors_of_thing["light"]
    if not sensors.any():
        return scene.unknown
    midnight = (scene.middle + microseconds(120)) // microseconds(1440) * microseconds(1440)
    hour = local_hour(scene.middle)
    night = (hour >= 22) | (hour < 6)
    most = np.zeros(len(midnight))
    for code in np.flatnonzero(sensors):
        one = np.zeros(len(sensors), dtype=bool)
        one[code] = True
        most = np.maximum(most, scene.on(one).share(midnight, midnight + microseconds(300)))
    return answers(night & (most >= 0.95), ~night | (most < 0.5))
