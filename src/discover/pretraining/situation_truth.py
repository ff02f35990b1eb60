"""Which situations are true of which windows of a simulated home, from what its people truly did.

Most situations are first the stretches of time in which they hold (`Spells`), then a question per window:
true where they cover most of it, false where they cover nothing of it, else not known.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.pretraining.daily_life import OUTSIDE, Spells, is_weekend, local_hour
from discover.pretraining.manner_truth import manner_rows
from discover.pretraining.sensor_situations import sensor_situations
from discover.pretraining.situation_scene import (
    ASLEEP,
    FALSE,
    GUEST,
    TRUE,
    Answers,
    Mask,
    Scene,
    answers,
    anyone,
    between,
    bounds,
    end_of,
    microseconds,
    opposite,
    together,
    within,
)
from discover.pretraining.situations import situations
from discover.simulator import RandomLife

__all__ = ["situation_truth"]

# Shape letters: W windows, N situations, P people, B stretches between changes, R rows of the truth.

_CARER, _CLEANER = 60, 61
_SITTING = (
    "watch_tv",
    "read",
    "sit_quietly",
    "listen_music",
    "use_phone",
    "use_computer",
    "work_at_desk",
    "study",
    "homework",
    "craft",
    "play_video_games",
    "play_board_game",
    "online_meeting",
    "paperwork",
    "talk",
    "meditate",
    "video_call",
)
_MEALS = ("eat_breakfast", "eat_lunch", "eat_dinner")
_COOKING = ("cook_breakfast", "cook_lunch", "cook_dinner", "bake")
_DOOR = ("leave_home", "enter_home", "answer_door", "fetch_mail", "take_out_rubbish")
_PLACES = {
    "at_bed": ("bed",),
    "at_couch": ("couch",),
    "at_armchair": ("armchair",),
    "at_table": ("dining table", "kitchen table"),
    "at_desk": ("desk",),
    "at_stove": ("stove",),
    "at_sink": ("kitchen sink",),
    "at_basin": ("basin",),
    "at_toilet": ("toilet",),
    "at_shower": ("shower",),
    "outdoors_at_home": ("garden chair",),
}
_HOURS = {
    "small_hours": (0, 4),
    "before_dawn": (4, 6),
    "early_morning": (6, 8.5),
    "late_morning": (9, 11.5),
    "lunchtime": (11.5, 13.5),
    "afternoon": (13.5, 17),
    "late_afternoon": (16, 18),
    "evening": (18, 22),
    "late_evening": (22, 24),
    "day_time": (7, 21),
}


def situation_truth(life: RandomLife, windows: pl.DataFrame) -> Answers:
    """(W, N): 1 where a situation is true of a window, 0 where it is false, 255 where neither is sure.

    Args:
        life: The simulated home.
        windows: `start` and `end`, times of the first and the last event of each window.

    Columns are in the order of `situations`.
    """
    scene = Scene(life, windows)
    found = {
        **_presence(scene),
        **_sleep(scene),
        **_lengths(scene),
        **_order(scene),
        **_repeats(scene),
        **_clock(scene),
        **_places(scene),
        **_manners(scene),
        **sensor_situations(scene),
    }
    return np.column_stack([found[s.key] for s in situations()])


def _presence(scene: Scene) -> dict[str, Answers]:
    life, n = scene.life, scene.n_here
    residents = scene.here[scene.resident].sum(axis=0)
    one = scene.times(n == 1)
    home = scene.times(n >= 1)
    all_home = scene.times(residents == scene.resident.sum())
    known = np.full(len(one), scene.resident.sum() >= 2)
    visitors = {
        "guests": (life.people >= GUEST) & (life.people < _CARER),
        "carer_here": life.people == _CARER,
        "cleaner_here": life.people == _CLEANER,
    }
    found = {name: scene.times(anyone(scene.here[who])) for name, who in visitors.items()}
    rooms = np.unique(scene.room, return_inverse=True)[1].reshape(scene.room.shape)
    least = np.where(scene.here, rooms, rooms.max(initial=0) + 1).min(axis=0, initial=1_000)
    most = np.where(scene.here, rooms, -1).max(axis=0, initial=-1)
    settled = ~((scene.room == "roaming") & scene.here).any(axis=0) & (n >= 2)
    side_by_side = scene.life.spells(settled & (least == most)).share(scene.start, scene.end)
    apart = scene.life.spells(settled & (least != most)).share(scene.start, scene.end)
    alone = life.spells(n == 1)
    became = alone.begin[np.isin(alone.begin, life.spells(n >= 2).end)]
    left = Spells.union(became, np.minimum(became + microseconds(60), end_of(alone, became)))
    ill = scene.kept.filter(pl.col("kind") == "ill")
    return {
        **found,
        "somebody_home": home,
        "nobody_home": opposite(home),
        "no_guests": opposite(found["guests"]),
        "one_at_home": one,
        "company_at_home": scene.times(n >= 2),
        "two_at_home": scene.times(n == 2),
        "many_at_home": scene.times(n >= 3),
        "everyone_home": answers((all_home == TRUE) & known, (all_home == FALSE) & known),
        "someone_out": answers((all_home == FALSE) & known, (all_home == TRUE) & known),
        "same_room": answers(side_by_side >= 0.8, (apart >= 0.5) | (scene.times(n <= 1) == TRUE)),
        "different_rooms": answers(apart >= 0.8, (side_by_side >= 0.5) | (scene.times(n <= 1) == TRUE)),
        "left_alone": scene.mostly(left),
        "someone_ill": scene.mostly(Spells.union(*bounds(ill))),
    }


def _sleep(scene: Scene) -> dict[str, Answers]:
    asleep, awake = scene.n_asleep, scene.n_here - scene.n_asleep
    middle = local_hour((scene.life.edges[:-1] + scene.life.edges[1:]) // 2)
    mixed = (asleep >= 1) & (awake == 1)
    some, all_sleep = scene.times(asleep >= 1), scene.times((asleep >= 1) & (awake == 0))
    return {
        "someone_asleep": some,
        "nobody_asleep": opposite(some),
        "all_asleep": all_sleep,
        "someone_awake": scene.times(awake >= 1),
        "one_up_one_asleep": scene.times((asleep >= 1) & (awake >= 1)),
        "first_up": scene.times(mixed & (middle >= 4) & (middle < 11)),
        "last_up": scene.times(mixed & ((middle >= 20) | (middle < 3))),
    }


def _lengths(scene: Scene) -> dict[str, Answers]:
    life = scene.life
    minutes, home = life.minutes, life.room != OUTSIDE
    top = life.inside < 0
    sitting = life.does(_SITTING)
    changes = np.sort(life.begin[home & ~life.does(("walk_about",))])
    kinds = within(changes, scene.middle - microseconds(30), scene.middle + microseconds(30))
    people = np.maximum(scene.people_near(), 1)
    out = life.stays(scene.room == OUTSIDE)
    back = {
        "back_after_long": np.concatenate([s.end[s.minutes >= 300] for s in out] or [changes[:0]]),
        "back_after_short": np.concatenate([s.end[s.minutes <= 40] for s in out] or [changes[:0]]),
    }
    at_home = [between(own, out_own) for own, out_own in zip(life.stays(scene.here), out, strict=True)]
    in_bed = life.stays(np.append(life.place == "bed", False)[life.rows])
    brief = home & (minutes <= 2.5)
    rows = {
        "sat_half_hour": sitting & (minutes >= 30),
        "sat_for_hours": sitting & (minutes >= 120),
        "one_thing_long": home & top & (minutes >= 60) & ~life.does(ASLEEP),
    }
    return {
        **_of_rows(scene, rows),
        "in_bed_for_hours": scene.mostly(together([s.where(s.minutes >= 240) for s in in_bed])),
        "short_stop": scene.mostly(life.of_rows(brief), 0.4),
        "many_things": answers(kinds >= 5 * people, kinds <= 2 * people),
        **{key: scene.near(moments, 0, 15) for key, moments in back.items()},
        "home_briefly": scene.mostly(together([s.where(s.minutes <= 60) for s in at_home])),
    }


def _order(scene: Scene) -> dict[str, Answers]:
    life = scene.life
    hour = local_hour(life.end)
    slept = life.does(("sleep",)) & (life.minutes >= 60)
    meal, door = life.does(_MEALS), life.does(("leave_home",))
    came = life.does(("enter_home",))
    nobody = life.spells(scene.n_here == 0)
    guests = scene.life.spells(scene.here[(life.people >= GUEST) & (life.people < _CARER)].any(axis=0))
    cooks = life.now(life.does(_COOKING))
    busy = scene.here & ~scene.sleeps & ~cooks & ~np.isin(scene.room, ["kitchen", "roaming"])
    shower = life.does(("shower", "take_bath"))
    return {
        "after_getting_up": scene.near(life.end[slept & (hour > 3) & (hour < 18)], 0, 20),
        "before_bed": scene.near(life.begin[slept], 30, 0),
        "just_came_home": scene.near(life.begin[came], 0, 15),
        "about_to_leave": scene.near(life.begin[door], 12, 2),
        "after_meal": scene.near(life.end[meal], 0, 20),
        "before_meal": scene.near(life.begin[meal], 20, 0),
        "after_shower": scene.near(life.end[shower], 0, 15),
        "after_toilet": scene.near(life.end[life.does(("use_toilet", "bed_to_toilet"))], 0, 4),
        "after_cooking": scene.near(life.end[life.does(_COOKING)], 0, 15),
        "after_everyone_left": scene.near(nobody.begin, 2, 15),
        "before_guests": scene.near(guests.begin, 60, 0),
        "after_guests": scene.near(guests.end, 0, 40),
        "while_cooking_and_other": scene.times(anyone(cooks) & anyone(busy)),
    }


def _repeats(scene: Scene) -> dict[str, Answers]:
    life = scene.life
    sleep = life.does(("sleep",)) & (life.minutes >= 120)
    parent = np.maximum(life.inside, 0)
    nested = life.inside >= 0
    up = nested & sleep[parent]
    # Which time in the same night: rows are in order of time.
    nth = np.zeros(len(up), dtype=np.int64)
    rows = np.flatnonzero(up)
    order = np.argsort(life.inside[rows], kind="stable")
    _, first, size = np.unique(life.inside[rows[order]], return_index=True, return_counts=True)
    nth[rows[order]] = np.arange(len(rows)) - np.repeat(first, size) + 1
    often = np.bincount(life.inside[rows], minlength=len(up))
    toilet = np.sort(life.begin[life.does(("use_toilet", "bed_to_toilet"))])
    doors, snacks = (np.sort(life.begin[life.does(a)]) for a in (_DOOR, ("snack", "get_drink")))

    def around(moments: NDArray[np.int64], minutes: float, least: int) -> Answers:
        half = microseconds(minutes / 2)
        found = within(moments, scene.middle - half, scene.middle + half)
        return answers(found >= least, found <= least // 3)

    def broken(mask: Mask) -> Answers:
        hit, far = nested & mask[parent], microseconds(1)
        return scene.mostly(Spells.union(life.begin[hit] - far, life.end[hit] + far), 0.4)

    awake = life.does(("lie_awake",)) & (life.minutes >= 15)
    rows_of = {
        "up_at_night": up,
        "up_again_at_night": up & (nth >= 2),
        "restless_night": (sleep & (often >= 3)) | awake,
    }
    return {
        **_of_rows(scene, rows_of),
        "back_to_bed": scene.near(life.end[up], 0, 6),
        "many_toilet_visits": around(toilet, 180, 4),
        "meal_interrupted": broken(life.does(_MEALS)),
        "tv_interrupted": broken(life.does(("watch_tv",))),
        "busy_door": around(doors, 90, 4),
        "many_snacks": around(snacks, 120, 3),
        "broken_off": broken(~life.does(ASLEEP)),
    }


def _clock(scene: Scene) -> dict[str, Answers]:
    hour = local_hour(scene.middle)
    found = {key: (hour >= low) & (hour < high) for key, (low, high) in _HOURS.items()}
    night = (hour >= 22) | (hour < 6)
    weekend = is_weekend(scene.middle)
    return {
        **{key: mask.astype(np.uint8) for key, mask in found.items()},
        "night_time": night.astype(np.uint8),
        "weekend": weekend.astype(np.uint8),
        "working_day": (~weekend).astype(np.uint8),
    }


def _places(scene: Scene) -> dict[str, Answers]:
    masks = {key: np.isin(scene.life.place, names) for key, names in _PLACES.items()}
    masks["outdoors_at_home"] |= np.isin(scene.life.room, ["garden", "balcony"])
    return {key: scene.times(anyone(scene.life.now(mask))) for key, mask in masks.items()}


def _manners(scene: Scene) -> dict[str, Answers]:
    return _of_rows(scene, manner_rows(scene.life, scene.n_here, scene.n_asleep))


def _of_rows(scene: Scene, rows: dict[str, Mask]) -> dict[str, Answers]:
    """Answers of situations that hold while anybody is at one of some rows of the truth."""
    return dict(zip(rows, scene.anybody(np.column_stack(list(rows.values()))).T, strict=True))
