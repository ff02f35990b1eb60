"""All people of a random home over all days: residents, guests, carers, a cleaner, a pet, and days away."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from discover.simulator.dwelling import Dwelling
from discover.simulator.people import Person
from discover.simulator.repertoire import CODE, Repertoire
from discover.simulator.schedule import Stretches, person_schedule
from discover.simulator.wanted import Calendar

__all__ = ["CARER", "CLEANER", "GUEST", "PET", "Household", "live"]

GUEST, CARER, CLEANER, PET = 50, 60, 61, -2
"""Codes of the first guest, the carer, the cleaner and the pet; residents count from 0."""

_DAY = 86_400.0


@dataclass(frozen=True)
class Household:
    """Everyone and what they do; wall-clock seconds from the first midnight.

    Attributes:
        people: Residents first.
        stretches: Of each person, in the order of `people`.
        repertoire: What they choose from.
        absence: Begin and end of days away of all residents, None without.
    """

    people: tuple[Person, ...]
    stretches: tuple[Stretches, ...]
    repertoire: Repertoire
    absence: tuple[float, float] | None

    def pieces(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Row of the movement tables, who, begin and end of everything done at home without interruption."""
        parts = []
        for number, (person, own) in enumerate(zip(self.people, self.stretches, strict=True)):
            row, begin, end = own.pieces()
            at_home = self.repertoire.room[own.manner[row]] >= 0
            row, begin, end = row[at_home], begin[at_home], end[at_home]
            parts.append(
                (own.manner[row] + number * len(self.repertoire), np.full(len(row), person.code), begin, end)
            )
        rows, who, begin, end = (np.concatenate([p[i] for p in parts]) for i in range(4))
        return rows, who, begin, end


def live(
    residents: list[Person],
    dwelling: Dwelling,
    repertoire: Repertoire,
    start: dt.date,
    days: int,
    pet: bool,
    care: bool,
    rng_of: Callable[[str], np.random.Generator],
) -> Household:
    """Draw what everyone does."""
    rng = rng_of("calendar")
    calendar = _calendar(residents, start, days, pet, care, rng)
    beds = [int(dwelling.place_room[p]) for p, n in enumerate(dwelling.place_name) if n == "bed"]
    pairs = [b for b in beds for _ in range(2)] if len(beds) < len(residents) or rng.random() < 0.6 else beds
    absence = _absence(days, rng)
    people, stretches = list(residents), []
    for person in residents:
        bed = pairs[person.code % len(pairs)]
        own = person_schedule(person, repertoire, calendar, bed, rng_of(f"person {person.code}"))
        stretches.append(own if absence is None else _away(own, *absence, repertoire))
    for person, own in _visitors(residents, stretches, repertoire, days, care, absence, rng_of("visitors")):
        people.append(person)
        stretches.append(own)
    if pet:
        people.append(Person("pet", PET, "pet"))
        stretches.append(
            _simple([(CODE["pet"], d * _DAY, (d + 1) * _DAY) for d in range(-1, days + 1)], repertoire)
        )
    return Household(tuple(people), tuple(stretches), repertoire, absence)


def _calendar(
    residents: list[Person], start: dt.date, days: int, pet: bool, care: bool, rng: np.random.Generator
) -> Calendar:
    n = days + 2
    adults = [p.code for p in residents if p.role in ("adult", "senior")] or [0]
    meals = np.array([rng.normal(12.4, 0.5), rng.normal(18.4, 0.8)])
    meal_s = (meals + rng.normal(0, 0.4, (n, 2))) * 3600
    favourite = adults[int(rng.integers(len(adults)))]
    cook = np.where(rng.random((n, 2)) < 0.7, favourite, rng.choice(adults, size=(n, 2)))
    weekday = (start.weekday() + np.arange(-1, n - 1)) % 7
    visits = rng.gamma(1.5, 0.9) / 7 * np.where(weekday >= 5, 1.6, 0.76)
    guests = np.full((n, 2), np.nan)
    invited = rng.random(n) < np.minimum(visits, 0.8)
    guests[invited, 0] = np.clip(rng.normal(15.8, 2.2, int(invited.sum())), 9.5, 20.5) * 3600
    return Calendar(
        weekday=weekday,
        holiday=rng.random(n) < 0.025,
        meal_s=meal_s,
        cook=cook,
        guests=guests,
        shopper=favourite if rng.random() < 0.6 else int(rng.choice(adults)),
        dog=pet and bool(rng.random() < 0.5),
        pet=pet,
        carer=care or bool(rng.random() < 0.08),
    )


def _absence(days: int, rng: np.random.Generator) -> tuple[float, float] | None:
    """Days away of the whole household."""
    if days < 6 or rng.random() > 0.25 * min(days / 21, 2.0):
        return None
    length = int(rng.integers(2, max(3, min(days // 3, 12))))
    first = int(rng.integers(1, days - length))
    return first * _DAY + rng.uniform(8, 13) * 3600, (first + length) * _DAY + rng.uniform(13, 21) * 3600


def _away(own: Stretches, left: float, back: float, repertoire: Repertoire) -> Stretches:
    """Cut out days away; the person leaves before and comes home after."""
    leaves, enters = left - 180.0, back + 120.0
    begin, end = own.begin_s.copy(), own.end_s.copy()
    top = own.parent < 0
    end = np.where(top & (begin < leaves) & (end > leaves), leaves, end)
    begin = np.where(top & (begin < enters) & (end > enters) & (begin >= leaves), enters, begin)
    split = top & (own.begin_s < leaves) & (own.end_s > enters)
    keep = (end - begin > 1.0) & ((end <= leaves) | (begin >= enters)) & ~(split & (begin >= enters))
    inside = ~top
    keep &= ~inside | (keep[own.parent] & (begin >= begin[own.parent]) & (end <= end[own.parent]))
    number = np.cumsum(keep) - 1
    codes = [CODE["leave_home"], CODE["out_holiday"], CODE["enter_home"]]
    manner = [int(np.flatnonzero(repertoire.activity == c)[0]) for c in codes]
    activity = np.concatenate([own.activity[keep], codes])
    manners = np.concatenate([own.manner[keep], manner])
    begin = np.concatenate([begin[keep], [leaves, left, back]])
    end = np.concatenate([end[keep], [left, back, enters]])
    parent = np.concatenate([np.where(own.parent[keep] >= 0, number[own.parent[keep]], -1), [-1, -1, -1]])
    order = np.lexsort((parent >= 0, begin))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    parent = np.where(parent >= 0, rank[parent], -1)[order]
    return replace(
        own,
        activity=activity[order],
        manner=manners[order],
        begin_s=begin[order],
        end_s=end[order],
        parent=parent,
    )


def _simple(rows: list[tuple[int, float, float]], repertoire: Repertoire) -> Stretches:
    """Stretches without interruptions, in the first manner of each activity."""
    rows = sorted(rows, key=lambda r: r[1])
    code = np.array([r[0] for r in rows], dtype=np.int64)
    manner = np.searchsorted(repertoire.activity, code)
    begin, end = (np.array([r[i] for r in rows], dtype=float) for i in (1, 2))
    end = np.minimum(end, np.append(begin[1:], np.inf))
    return Stretches(code, manner, begin, end, np.full(len(rows), -1), np.zeros(0, dtype=bool))


def _visitors(
    residents: list[Person],
    stretches: list[Stretches],
    repertoire: Repertoire,
    days: int,
    care: bool,
    absence: tuple[float, float] | None,
    rng: np.random.Generator,
) -> list[tuple[Person, Stretches]]:
    """Guests while a resident has guests, the carer around help with washing, and perhaps a cleaner."""
    found = []
    host = stretches[0]
    hosted = np.flatnonzero(host.activity == CODE["host_guests"])
    for number in range(int(rng.integers(1, 4)) if len(hosted) else 0):
        comes = hosted[rng.random(len(hosted)) < (1.0 if number == 0 else 0.5)]
        rows: list[tuple[int, float, float]] = []
        for h in comes:
            b, e = float(host.begin_s[h]) + 40 + 5 * number, float(host.end_s[h])
            rows += [(CODE["visit"], b, e - 60), (CODE["leave_home"], e - 60, e)]
        if rows:
            found.append((Person(f"guest_{number + 1}", GUEST + number, "guest"), _simple(rows, repertoire)))
    visits = []
    for own in stretches:
        for w in np.flatnonzero(own.activity == CODE["help_washing"]):
            b, e = float(own.begin_s[w]) - 100, float(own.end_s[w]) + rng.uniform(5, 25) * 60
            visits += [(CODE["carer_help"], b, e), (CODE["leave_home"], e, e + 70)]
    if visits:
        found.append((Person("carer", CARER, "carer"), _simple(visits, repertoire)))
    if rng.random() < (0.5 if care else 0.1):
        day, hour = int(rng.integers(5)), rng.uniform(8.5, 13)
        rows = []
        for d in range(day, days, 7):
            b = d * _DAY + hour * 3600 + rng.normal(0, 600)
            e = b + 60 * 130 * rng.lognormal(0, 0.2)
            if absence is None or e < absence[0] or b > absence[1]:
                rows += [(CODE["cleaner_work"], b, e), (CODE["leave_home"], e, e + 70)]
        if rows:
            found.append((Person("cleaner", CLEANER, "cleaner"), _simple(rows, repertoire)))
    return found
