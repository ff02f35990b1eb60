"""What a person wants to do on each day, and when: by hours of the clock, getting up and going to bed.

Times are seconds on the wall clock from the first midnight; day index 0 is the day before the first, so that
the first night is there. Letters: A activities, D days, E entries of the catalogue, I items.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discover.simulator.people import Person
from discover.simulator.repertoire import ACTIVITIES, CODE, Repertoire

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "OUT",
    "Calendar",
    "Items",
    "Tastes",
    "days_ill",
    "days_off",
    "hours",
    "wanted",
]

DAY = 86_400.0
HOUR = 3600.0
MINUTE = 60.0
OUT = np.array([bool(a.spec.get("out")) for a in ACTIVITIES.values()])
"""Activities away from home, (A,)."""

_NAMES = np.array(list(ACTIVITIES))
_FAMILY = np.array([a.family for a in ACTIVITIES.values()])
_DOOR = [CODE["leave_home"], CODE["enter_home"]]
_MEALS = {CODE[f"cook_{meal}"]: CODE[f"eat_{meal}"] for meal in ("breakfast", "lunch", "dinner")}


def _entries() -> tuple[NDArray[np.float64], ...]:
    """The `when` of all activities, activity, base (hour, wake, bed, any), time, spread, p, day."""
    rows = []
    for code, activity in enumerate(ACTIVITIES.values()):
        for w in activity.spec.get("when", ()):
            day = {"work": 1, "free": 2}.get(w.get("d", ""), 0)
            if "n" in w:
                rows.append((code, 3, w["h"][0] * HOUR, (w["h"][1] - w["h"][0]) * HOUR, w["n"] / 7, day))
            else:
                base = 0 if "h" in w else 1 if "wake" in w else 2
                at = w["h"] * HOUR if base == 0 else w.get("wake", w.get("bed")) * MINUTE
                rows.append((code, base, at, w["sd"] * MINUTE, w["p"], day))
    return tuple(np.array(rows, dtype=float).T)


_E_ACTIVITY, _E_BASE, _E_AT, _E_SD, _E_P, _E_DAY = _entries()
_E_CODE = _E_ACTIVITY.astype(np.int64)


@dataclass(frozen=True)
class Calendar:
    """What all people of a home share, per day, (D,).

    Attributes:
        weekday: 0 Monday.
        holiday: Public holiday: nobody works.
        meal_s: Wanted start of cooking lunch and dinner, (D, 2), seconds of the day.
        cook: Resident who cooks lunch and dinner, (D, 2).
        guests: Wanted begin of a visit, seconds of the day; NaN where there is none, (D, 2).
        shopper: Resident who does most of the shopping; laundry and cleaning follow the same share.
        dog, pet: Whether there is one.
    """

    weekday: NDArray[np.int64]
    holiday: NDArray[np.bool_]
    meal_s: NDArray[np.float64]
    cook: NDArray[np.int64]
    guests: NDArray[np.float64]
    shopper: int
    dog: bool
    pet: bool
    carer: bool

    @property
    def n_days(self) -> int:
        """D, the day before the first included."""
        return len(self.weekday)


@dataclass
class Items:
    """Wanted activities, one row each; `head` joins the rows of a chain."""

    day: NDArray[np.int64]
    code: NDArray[np.int64]
    want: NDArray[np.float64]
    head: NDArray[np.int64]


class Tastes:
    """What one person may do, likes to do and how; with the person's randomness."""

    def __init__(
        self, person: Person, repertoire: Repertoire, bed_room: int, pet: bool, rng: np.random.Generator
    ) -> None:
        self.person, self.rep, self.rng = person, repertoire, rng
        n = len(ACTIVITIES)
        roles = [a.spec.get("roles", ["adult", "senior", "teen"]) for a in ACTIVITIES.values()]
        allowed = np.array([r == "all" or person.role in r for r in roles])
        self.allowed = allowed & repertoire.possible
        self.allowed[CODE["play_with_pet"]] &= pet
        self.taste = rng.lognormal(0.0, 0.55, size=n)
        self.length = rng.lognormal(0.0, 0.2, size=n)
        # The own bed for all that is done in bed; other rooms of a kind by preference.
        own = np.array(
            [p >= 0 and r != bed_room for p, r in zip(repertoire.place, repertoire.room, strict=True)]
        )
        in_bed = np.isin(
            repertoire.activity,
            [
                CODE["sleep"],
                CODE["lie_awake"],
                CODE["rest_ill"],
                CODE["make_bed"],
                CODE["change_sheets"],
                CODE["dress"],
                CODE["undress"],
            ],
        )
        weight = repertoire.weight * rng.lognormal(0.0, 0.9, size=len(repertoire))
        weight = np.where(in_bed & own, weight * 0.002, weight)
        total = np.bincount(repertoire.activity, weights=weight, minlength=n)
        running = np.cumsum(weight / total[repertoire.activity])
        self.ladder = running
        self.ladder_base = np.concatenate([[0], np.cumsum(repertoire.possible)])[:n]

    def manner(self, code: NDArray[np.int64]) -> NDArray[np.int64]:
        """A manner for each activity, by the person's preference."""
        # Weights of each activity add up to one, so activity number k of the possible ones owns (k, k + 1).
        at = self.ladder_base[code] + self.rng.random(len(code)) * 0.999_999
        found: NDArray[np.int64] = np.minimum(
            np.searchsorted(self.ladder, at, side="right"), len(self.ladder) - 1
        )
        return found

    def seconds(self, code: NDArray[np.int64], manner: NDArray[np.int64]) -> NDArray[np.float64]:
        """A length for each activity, log-normal."""
        spread = np.exp(self.rep.sigma[manner] * self.rng.standard_normal(len(code)))
        length: NDArray[np.float64] = np.maximum(
            self.rep.minutes[manner] * self.length[code] * spread * MINUTE, 40.0
        )
        return length


def days_ill(n_days: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Days of illness, (D,); rare, one to four in a row."""
    ill = np.zeros(n_days, dtype=bool)
    for first in np.flatnonzero(rng.random(n_days) < 0.008):
        ill[first : first + int(rng.integers(1, 5))] = True
    return ill


def days_off(
    person: Person, calendar: Calendar, ill: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Days on which the person does not work or go to school, (D,)."""
    weekend = calendar.weekday >= 5
    if person.occupation == "night_shift":
        weekend = (np.arange(calendar.n_days) + int(rng.integers(7))) % 7 >= 4
    elif person.occupation == "part_time":
        weekend = (
            weekend | (calendar.weekday == int(rng.integers(5))) | (calendar.weekday == int(rng.integers(5)))
        )
    elif person.occupation in ("retired", "none"):
        weekend = np.ones(calendar.n_days, dtype=bool)
    return weekend | calendar.holiday | ill | (rng.random(calendar.n_days) < 0.04)


def hours(
    person: Person,
    calendar: Calendar,
    ill: NDArray[np.bool_],
    off: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Getting up (D + 1,) and wanted going to bed (D,), seconds from the first midnight."""
    n = calendar.n_days
    free = np.append(off, off[-1])
    ill = np.append(ill, False)
    night_owl = person.occupation == "night_shift"
    later = np.where(free, person.later_h, 0.0) * (calendar.weekday.size > 0)
    wake_h = np.where(free & night_owl, 9.5, person.wake_h) + later + 1.3 * ill
    wake_h = wake_h + rng.normal(0, 0.4, n + 1) * person.regular
    tomorrow = free[1:]
    bed_h = np.where(free[:-1] & night_owl, 24.5, person.bed_h) + np.where(
        tomorrow, 0.6 * person.later_h, 0.0
    )
    bed_h = bed_h + rng.normal(0, 0.45, n) * person.regular
    late = rng.random(n) < 0.04
    bed_h = np.where(late, bed_h + rng.uniform(0.5, 2.5, n), bed_h)
    day = (np.arange(n + 1) - 1) * DAY
    bed = day[:-1] + np.clip(bed_h, 19.5, 33.0) * HOUR
    wake = day + np.clip(wake_h, 4.0, 18.0) * HOUR
    wake[1:] = np.maximum(wake[1:], bed + 3.5 * HOUR)
    return wake, np.maximum(bed, wake[:-1] + 9 * HOUR)


def wanted(
    life: Tastes,
    calendar: Calendar,
    wake: NDArray[np.float64],
    bed: NDArray[np.float64],
    ill: NDArray[np.bool_],
    off: NDArray[np.bool_],
) -> Items:
    """All wanted activities with their chains, unordered."""
    person, rng, n = life.person, life.rng, calendar.n_days
    e = np.flatnonzero(life.allowed[_E_CODE] & _kept_entries(person, calendar))
    code, base, sd = _E_CODE[e], _E_BASE[e].astype(np.int64), _E_SD[e]
    shape = (len(e), n)
    habit = np.where(base == 3, 0.0, rng.standard_normal(len(e)) * 0.6) * sd
    chance = np.minimum(_E_P[e] * life.taste[code] ** np.where(_E_P[e] > 0.6, 0.35, 1.0), 0.985)
    chance[person.regular * rng.random(len(e)) < 0.03] = 0.0
    midnight = (np.arange(n) - 1) * DAY
    bases = np.stack([midnight, wake[:-1], bed, midnight])
    spread = np.where((base == 3)[:, None], rng.random(shape), rng.standard_normal(shape) * person.regular)
    want = bases[base] + (_E_AT[e] + habit)[:, None] + sd[:, None] * spread
    day_ok = np.where((_E_DAY[e] == 1)[:, None], ~off, np.where((_E_DAY[e] == 2)[:, None], off, True))
    staying = np.isin(code, np.flatnonzero(OUT))[:, None] & ill
    there = (rng.random(shape) < chance[:, None]) & day_ok & ~staying
    there &= (want >= wake[:-1]) & (want < bed + 1200.0)
    which: Any
    day: Any
    which, day = np.nonzero(there)
    codes, wants = code[which], want[which, day]
    codes, wants = _meals_together(life, calendar, codes, day, wants)
    parts: Any = [(day, codes, wants), *_fixed(life, calendar, wake, off, ill)]
    day, codes, wants = (np.concatenate([p[i] for p in parts]) for i in range(3))
    keep = life.allowed[codes]
    return _chained(life, day[keep], codes[keep], wants[keep])


def _kept_entries(person: Person, calendar: Calendar) -> NDArray[np.bool_]:
    """Entries that fit the household: pets only where there is one, most chores for one person."""
    keep = np.ones(len(_E_CODE), dtype=bool)
    names = _NAMES[_E_CODE]
    keep &= ~((names == "walk_dog") & (not calendar.dog or person.code != calendar.shopper))
    keep &= ~((names == "feed_pet") & (not calendar.pet or person.code != calendar.shopper))
    chores = np.isin(_FAMILY[_E_CODE], ["housekeeping", "laundry", "wash_dishes"]) | (names == "out_shopping")
    keep &= ~(chores & (person.code != calendar.shopper) & ((_E_CODE + person.code) % 3 != 0))
    return keep


def _meals_together(
    life: Tastes,
    calendar: Calendar,
    code: NDArray[np.int64],
    day: NDArray[np.int64],
    want: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lunch and dinner at the time of the household, cooked by one; the others come when it is ready."""
    for meal, cooking in enumerate((CODE["cook_lunch"], CODE["cook_dinner"])):
        here = code == cooking
        together = (day[here] - 1) * DAY + calendar.meal_s[day[here], meal]
        want[here] = together + life.rng.normal(0, 300.0, int(here.sum()))
        others = here.copy()
        others[here] = calendar.cook[day[here], meal] != life.person.code
        want = np.where(others, want + 30 * MINUTE, want)
        code = np.where(others, _MEALS[cooking], code)
    return code, want


def _fixed(
    life: Tastes,
    calendar: Calendar,
    wake: NDArray[np.float64],
    off: NDArray[np.bool_],
    ill: NDArray[np.bool_],
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Work, school, guests and carers."""
    rng, person = life.rng, life.person
    at_work = np.flatnonzero(~off)
    rows = []

    def add(name: str, days: NDArray[np.int64], want: NDArray[np.float64]) -> None:
        rows.append((days, np.full(len(days), CODE[name]), want))

    def noise(days: NDArray[np.int64], sd_min: float) -> NDArray[np.float64]:
        return rng.normal(0, sd_min * MINUTE * person.regular, len(days))

    ready = wake[at_work] + (65 + noise(at_work, 10) / MINUTE) * MINUTE
    if person.occupation in ("office", "part_time"):
        add("out_work", at_work, ready)
    elif person.occupation == "school":
        add("out_school", at_work, ready)
    elif person.occupation == "night_shift":
        add("out_work", at_work, (at_work - 1) * DAY + 21.2 * HOUR + noise(at_work, 12))
    elif person.occupation == "student":
        going = at_work[rng.random(len(at_work)) < 0.6]
        add("out_school", going, (going - 1) * DAY + rng.uniform(8.5, 14, len(going)) * HOUR)
    if person.occupation in ("home_office", "student"):
        for hour, p in ((8.8, 0.95), (10.6, 0.85), (13.4, 0.9), (15.3, 0.8)):
            days = at_work[rng.random(len(at_work)) < p]
            meeting = rng.random(len(days)) < (0.25 if person.occupation == "home_office" else 0.0)
            want = (days - 1) * DAY + hour * HOUR + noise(days, 15)
            desk = "work_at_desk" if person.occupation == "home_office" else "study"
            add(desk, days[~meeting], want[~meeting])
            add("online_meeting", days[meeting], want[meeting])
    if person.code == 0:
        days = np.flatnonzero(~np.isnan(calendar.guests[:, 0]))
        add("host_guests", days, (days - 1) * DAY + calendar.guests[days, 0])
    if calendar.carer and person.role == "senior":
        for hour, p in ((8.2, 0.9), (18.8, 0.4)):
            days = np.flatnonzero(rng.random(calendar.n_days) < p)
            add("help_washing", days, (days - 1) * DAY + hour * HOUR + noise(days, 20))
    return rows


def _chained(
    life: Tastes, day: NDArray[np.int64], code: NDArray[np.int64], want: NDArray[np.float64]
) -> Items:
    """Add what follows at once: the door around absences, eating after cooking, dishes after eating."""
    rng = life.rng
    head = np.arange(len(code))
    out = OUT[code]
    parts: list[Any] = [(day, code, np.where(out, want + 1e-3, want), head)]
    parts.append((day[out], np.full(int(out.sum()), _DOOR[0]), want[out], head[out]))
    parts.append((day[out], np.full(int(out.sum()), _DOOR[1]), want[out] + 2e-3, head[out]))
    latest: Any = (day, code, want + 3e-3, head)
    for _ in range(3):
        found = []
        for parent, follows in _THEN.items():
            rows = np.flatnonzero(latest[1] == parent)
            for next_code, p in follows:
                hit = rows[rng.random(len(rows)) < min(p * life.taste[next_code] ** 0.4, 0.99)]
                if len(hit) and life.allowed[next_code]:
                    want_next = latest[2][hit] + 1e-3 * (1 + rng.random(len(hit)))
                    found.append((latest[0][hit], np.full(len(hit), next_code), want_next, latest[3][hit]))
        if not found:
            break
        latest = tuple(np.concatenate([f[i] for f in found]) for i in range(4))
        parts.append(latest)
    return Items(*(np.concatenate([p[i] for p in parts]) for i in range(4)))


_THEN = {
    CODE[name]: [(CODE[next_name], float(p)) for next_name, p in a.spec["then"]]
    for name, a in ACTIVITIES.items()
    if "then" in a.spec
}
