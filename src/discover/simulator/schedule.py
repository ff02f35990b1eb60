"""What one person does all day for many days, drawn at once: a queue, free time, interruptions.

The queue makes wanted activities follow each other (start = the later of the wanted start and the end before
it). Gaps are filled with what the person likes at that hour. Short activities interrupt long ones. Times are
seconds on the wall clock from the first midnight; day index 0 is the day before the first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.simulator.catalogue import activities
from discover.simulator.people import Person
from discover.simulator.repertoire import ACTIVITIES, CODE, Repertoire
from discover.simulator.wanted import (
    DAY,
    HOUR,
    MINUTE,
    OUT,
    Calendar,
    Items,
    Tastes,
    days_ill,
    days_off,
    hours,
    wanted,
)

__all__ = ["Stretches", "person_schedule"]

_FAMILY = np.array([a.family for a in ACTIVITIES.values()])
_CALM = np.array([bool(a.spec.get("calm")) for a in ACTIVITIES.values()])
_DURING = np.array([float(a.spec.get("during", 0.0)) for a in ACTIVITIES.values()])
_NIGHT = np.array([float(a.spec.get("night", 0.0)) for a in ACTIVITIES.values()])
_USUAL_S = np.array([float(a.spec["min"][0]) for a in ACTIVITIES.values()]) * MINUTE
_FILL = np.array([float(a.spec.get("fill", [0.0, "any"])[0]) for a in ACTIVITIES.values()])
_PROFILE = np.array(
    [activities()["profiles"][a.spec.get("fill", [0.0, "any"])[1]] for a in ACTIVITIES.values()], dtype=float
)


@dataclass(frozen=True)
class Stretches:
    """What one person does, in order of begin; parents before the children inside them.

    Attributes:
        activity, manner: Codes.
        begin_s, end_s: Seconds from the first midnight.
        parent: Row of the stretch that this one interrupts, -1 none.
        ill: Days of illness, (D,).
    """

    activity: NDArray[np.int64]
    manner: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    parent: NDArray[np.int64]
    ill: NDArray[np.bool_]

    def pieces(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Stretches without the time of the children inside them: row, begin and end, in order of begin."""
        child = np.flatnonzero(self.parent >= 0)
        every = np.arange(len(self.activity))
        row = np.concatenate([every, self.parent[child]])
        begin = np.concatenate([self.begin_s, self.end_s[child]])
        end = np.concatenate([self.end_s, self.begin_s[child]])
        begin, end = begin[np.lexsort((begin, row))], end[np.lexsort((end, row))]
        row = np.sort(row)
        keep = end - begin > 0.5
        order = np.argsort(begin[keep], kind="stable")
        return row[keep][order], begin[keep][order], end[keep][order]


def person_schedule(
    person: Person, repertoire: Repertoire, calendar: Calendar, bed_room: int, rng: np.random.Generator
) -> Stretches:
    """Draw everything a resident does from day 0 to the last day of the calendar."""
    life = Tastes(person, repertoire, bed_room, calendar.pet, rng)
    ill = days_ill(calendar.n_days, rng)
    off = days_off(person, calendar, ill, rng)
    wake, bed = hours(person, calendar, ill, off, rng)
    items = wanted(life, calendar, wake, bed, ill, off)
    day, code, manner, begin, end = _queued(life, items, wake, bed)
    filled = _filled(life, day, code, manner, begin, end, wake, ill)
    return _interrupted(life, *filled, ill)


def _queued(
    life: Tastes, items: Items, wake: NDArray[np.float64], bed: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Items one after the other, sleep at the end of each day: day, activity, manner, begin and end."""
    manner = life.manner(items.code)
    length = life.seconds(items.code, manner)
    # What would fall into an absence is not done; what belongs to an absence that falls into another neither.
    order: Any = np.lexsort((items.want, items.day))
    away_until = np.where(OUT[items.code], items.want + length, -np.inf)[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(away_until)[:-1]])
    ok_head = np.ones(len(order), dtype=bool)
    is_head = np.zeros(len(order), dtype=bool)
    is_head[np.unique(items.head)] = True
    ok_head[order] = items.want[order] >= before
    keep = ok_head[items.head]
    rows = order[keep[order]]
    every: Any = (items.day, items.code, manner, items.want, length)
    day, code, manner, want, length = (a[rows] for a in every)
    begin = _one_after_other(day, np.maximum(want, wake[day]), length)
    # Whoever would still be busy long after bedtime leaves the rest undone.
    late = begin > bed[day] + 50 * MINUTE
    late |= begin + length > wake[day + 1] - 2.5 * HOUR
    late &= ~OUT[code] & (code != CODE["enter_home"])
    every = (day, code, manner, begin, length)
    day, code, manner, begin, length = (a[~late] for a in every)
    end = np.minimum(begin + length, wake[day + 1] - 1.5 * HOUR)
    n_days = len(bed)
    last = bed.copy()
    np.maximum.at(last, day, end)
    last = np.minimum(last, wake[1:] - 1.0 * HOUR)
    nights = np.arange(n_days)
    sleep = np.full(n_days, CODE["sleep"])
    day = np.concatenate([day, nights])
    begin, end = np.concatenate([begin, last]), np.concatenate([end, wake[1:]])
    code, manner = np.concatenate([code, sleep]), np.concatenate([manner, life.manner(sleep)])
    order = np.argsort(begin, kind="stable")
    every = (day, code, manner, begin, end)
    day, code, manner, begin, end = (a[order] for a in every)
    end = np.minimum(end, np.append(begin[1:], np.inf))
    real = end - begin > 20
    return day[real], code[real], manner[real], begin[real], end[real]


def _one_after_other(
    group: NDArray[np.int64], want: NDArray[np.float64], length: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Start of each row: as wanted, or when the row before it in its group ends (rows sorted by group)."""
    if not len(group):
        return want
    spent = np.cumsum(length) - length
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    sizes = np.diff(np.append(first, len(group)))
    spent = spent - np.repeat(spent[first], sizes)
    # One running maximum serves all groups: each is lifted above the one before.
    slack = want - spent
    height = float(np.ptp(slack)) + 1.0
    lift = np.repeat(np.arange(len(first)), sizes) * height
    start: NDArray[np.float64] = np.maximum.accumulate(slack + lift) - lift + spent
    return start


def _filled(
    life: Tastes,
    day: NDArray[np.int64],
    code: NDArray[np.int64],
    manner: NDArray[np.int64],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    wake: NDArray[np.float64],
    ill: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Fill the gaps with free time: activity, manner, begin and end without holes."""
    rng = life.rng
    gap_begin = np.concatenate([[wake[0]], end])
    gap_end = np.concatenate([begin, [end[-1]]])
    gap_day = np.concatenate([day, [day[-1]]])
    some = gap_end - gap_begin > 1.0
    gap_begin, gap_end, gap_day = gap_begin[some], gap_end[some], gap_day[some]
    length = gap_end - gap_begin
    n = 1 + rng.poisson(np.maximum(length - 12 * MINUTE, 0) / (48 * MINUTE))
    g = np.repeat(np.arange(len(n)), n)
    share = rng.gamma(1.6, size=len(g)) + 0.05
    share /= np.bincount(g, weights=share)[g]
    cut = np.cumsum(share) - g
    piece_end = np.minimum(gap_begin[g] + cut * length[g], gap_end[g])
    last = np.append(np.diff(g) > 0, True)
    piece_end = np.where(last, gap_end[g], piece_end)
    piece_begin = np.where(np.diff(g, prepend=-1) > 0, gap_begin[g], np.roll(piece_end, 1))
    chosen = _free_time(life, gap_day[g], piece_begin, piece_end, ill)
    code = np.concatenate([code, chosen])
    manner = np.concatenate([manner, life.manner(chosen)])
    begin, end = np.concatenate([begin, piece_begin]), np.concatenate([end, piece_end])
    order = np.argsort(begin, kind="stable")
    return code[order], manner[order], begin[order], end[order]


def _free_time(
    life: Tastes,
    day: NDArray[np.int64],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    ill: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """What the person does in each piece of free time, by hour, taste and the day's mood."""
    rng = life.rng
    options = np.flatnonzero(life.allowed & (_FILL > 0))
    weight = (_FILL * life.taste)[options]
    mood = rng.lognormal(0.0, 0.7, size=(len(ill), len(options)))
    sick = np.isin(options, [CODE["nap"], CODE["watch_tv"]])
    mood = np.where(ill[:, None], mood * np.where(sick, 2.0, 0.2), mood)
    hour = ((begin + end) / 2 % DAY // HOUR).astype(np.int64)
    odds = _PROFILE[options][:, hour].T * weight * mood[day]
    # A piece much shorter or longer than usual for an activity is less likely to be that activity.
    odds = odds * np.exp(-0.6 * np.log((end - begin)[:, None] / _USUAL_S[options] + 1e-9) ** 2) + 1e-12
    running = np.cumsum(odds, axis=1)
    at = rng.random(len(begin)) * running[:, -1]
    chosen = options[np.minimum((running < at[:, None]).sum(axis=1), len(options) - 1)]
    bed = (
        ill[day] & (rng.random(len(day)) < 0.5) & (end - begin > 20 * MINUTE) & life.allowed[CODE["rest_ill"]]
    )
    chosen = np.where(bed, CODE["rest_ill"], chosen)
    short = end - begin < 4 * MINUTE
    result: NDArray[np.int64] = np.where(short, CODE["walk_about"], chosen)
    return result


def _interrupted(
    life: Tastes,
    code: NDArray[np.int64],
    manner: NDArray[np.int64],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    ill: NDArray[np.bool_],
) -> Stretches:
    """Put short activities into long ones."""
    at, what = _moments(life, code, begin, end)
    parent = np.searchsorted(begin, at, side="right") - 1
    in_sleep = code[parent] == CODE["sleep"]
    what = np.where(in_sleep & (what == CODE["use_toilet"]), CODE["bed_to_toilet"], what)
    fits = ~_CALM[code[parent]] & ~OUT[code[parent]] & (what != code[parent]) & life.allowed[what]
    fits &= (in_sleep == (_NIGHT[what] > 0)) | np.isin(what, [CODE["bed_to_toilet"]])
    kitchen = np.isin(_FAMILY[code[parent]], ["cook", "eat", "wash_dishes", "childcare"])
    fits &= ~(kitchen & np.isin(_FAMILY[what], ["cook", "eat"]))
    fits &= (at - begin[parent] > 120.0) & (end[parent] - begin[parent] > 420.0)
    at, what, parent = at[fits], what[fits], parent[fits]
    order = np.lexsort((at, parent))
    at, what, parent = at[order], what[order], parent[order]
    how = life.manner(what)
    length = life.seconds(what, how)
    start = _one_after_other(parent, at, length + 45.0)
    fits = start + length < end[parent] - 60.0
    every: Any = (what, how, parent, start, length)
    what, how, parent, start, length = (a[fits] for a in every)
    n = len(code)
    every_code = np.concatenate([code, what])
    every_begin, every_end = np.concatenate([begin, start]), np.concatenate([end, start + length])
    order = np.lexsort((np.arange(n + len(what)) >= n, every_begin))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    over = np.concatenate([np.full(n, -1), rank[:n][parent]])
    return Stretches(
        every_code[order],
        np.concatenate([manner, how])[order],
        every_begin[order],
        every_end[order],
        over[order],
        ill,
    )


def _moments(
    life: Tastes, code: NDArray[np.int64], begin: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When the person would interrupt something, and for what."""
    rng, person = life.rng, life.person
    span = end[-1] - begin[0]
    pause = 2.9 * HOUR * np.clip(1 / life.taste[CODE["use_toilet"]] ** 0.4, 0.6, 1.7)
    toilet = begin[0] + np.cumsum(rng.gamma(4.0, pause / 4.0, size=int(span / pause * 1.3) + 2))
    asleep = code[np.maximum(np.searchsorted(begin, toilet, side="right") - 1, 0)] == CODE["sleep"]
    toilet = toilet[~asleep & (toilet < end[-1])]
    rates = _DURING * life.taste * life.allowed
    n = rng.poisson(rates * span / HOUR)
    nights = np.flatnonzero(code == CODE["sleep"])
    night_rate = _NIGHT * life.taste * life.allowed
    night_rate[CODE["bed_to_toilet"]] = person.night_toilet
    night_rate[CODE["wander_at_night"]] = (
        0.9 if person.wanderer else night_rate[CODE["wander_at_night"]] * 0.3
    )
    per_night = rng.poisson(night_rate[:, None], size=(len(night_rate), len(nights)))
    what, which = np.nonzero(per_night)
    where = nights[which]
    broken = begin[where] + rng.uniform(0.15, 0.95, len(where)) * (end[where] - begin[where])
    at = np.concatenate([toilet, begin[0] + rng.random(int(n.sum())) * span, broken])
    kinds = np.concatenate([np.full(len(toilet), CODE["use_toilet"]), np.repeat(np.arange(len(n)), n), what])
    return at, kinds
