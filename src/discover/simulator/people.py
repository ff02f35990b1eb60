"""Who lives in a random home: roles, work, hours of the day, tastes."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Person", "random_people"]


@dataclass(frozen=True, slots=True)
class Person:
    """One person, or the pet.

    Attributes:
        name: resident_1, guest_1, carer, ...
        code: Number in truth tables: residents from 0, guests from 50, carer 60, cleaner 61, pet -2.
        role: adult, senior, teen, child, guest, carer, cleaner or pet.
        occupation: office, home_office, part_time, night_shift, school, student, retired or none.
        wake_h, bed_h: Usual hours on working days; bed_h above 24 is after midnight.
        later_h: How much later on free days.
        regular: Spread of the person's own hours, 1 as usual; a very regular person has less.
        night_toilet: Ways to the toilet per night.
        wanderer: Walks about at night.
    """

    name: str
    code: int
    role: str
    occupation: str = "none"
    wake_h: float = 7.0
    bed_h: float = 23.0
    later_h: float = 0.8
    regular: float = 1.0
    night_toilet: float = 0.15
    wanderer: bool = False


_FAMILIES = {
    2: (
        ("adult", "adult"),
        ("senior", "senior"),
        ("adult", "adult"),
        ("senior", "senior"),
        ("adult", "child"),
        ("senior", "adult"),
    ),
    3: (
        ("adult", "adult", "child"),
        ("adult", "adult", "teen"),
        ("adult", "adult", "adult"),
        ("adult", "adult", "senior"),
    ),
    4: (("adult", "adult", "child", "child"), ("adult", "adult", "teen", "child")),
    5: (("adult", "adult", "child", "child", "teen"), ("adult", "adult", "senior", "child", "teen")),
    6: (("adult", "adult", "senior", "senior", "child", "teen"),),
}
_WORK = ("office", "home_office", "part_time", "night_shift", "student", "none")
_WORK_P = (0.52, 0.17, 0.12, 0.06, 0.07, 0.06)


def random_people(n: int, care: bool, rng: np.random.Generator) -> list[Person]:
    """The residents of a home; `care`: of a unit where carers come."""
    if care:
        roles: tuple[str, ...] = ("senior",) * n
    elif n == 1:
        roles = ("senior",) if rng.random() < 0.45 else ("adult",)
    else:
        options = _FAMILIES[min(n, 6)]
        roles = options[int(rng.integers(len(options)))]
    shared_wake, shared_bed = rng.normal(0, 0.5), rng.normal(0, 0.5)
    return [_person(i, role, shared_wake, shared_bed, rng) for i, role in enumerate(roles)]


def _person(number: int, role: str, wake: float, bed: float, rng: np.random.Generator) -> Person:
    work = {"senior": "retired", "child": "school", "teen": "school"}.get(role)
    work = work or _WORK[int(rng.choice(len(_WORK), p=_WORK_P))]
    hours = {
        "retired": (7.3, 22.5),
        "school": (6.9, 21.0 if role == "child" else 22.6),
        "night_shift": (15.5, 32.0),
        "student": (8.6, 24.6),
        "none": (8.0, 23.8),
    }.get(work, (6.9, 22.7))
    senior = role == "senior"
    return Person(
        f"resident_{number + 1}",
        number,
        role,
        work,
        wake_h=hours[0] + wake + rng.normal(0, 0.7),
        bed_h=hours[1] + bed + rng.normal(0, 0.7),
        later_h=0.2 if senior else abs(rng.normal(1.1, 0.6)),
        regular=float(np.clip(rng.lognormal(0, 0.4), 0.4, 2.2)),
        night_toilet=float(rng.gamma(2.0, 0.55 if senior else 0.12)),
        wanderer=bool(rng.random() < (0.15 if senior else 0.02)),
    )
