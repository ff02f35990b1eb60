"""Life in a home that nobody ever saw: random dwelling, people, sensors, faults, and what truly was done."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import Field

from discover.core.config import StrictModel
from discover.core.errors import DataError
from discover.core.home import Home
from discover.core.seeds import derive_seed
from discover.core.tables import EVENTS, validate_table
from discover.simulator.catalogue import dwellings, kits
from discover.simulator.dwelling import Dwelling, random_dwelling
from discover.simulator.faults import Fault, with_faults
from discover.simulator.found_home import as_found, home_of
from discover.simulator.household_days import Household, live
from discover.simulator.kits import KITS, Installation, install
from discover.simulator.movement import Activations, Movement, concatenate, opened
from discover.simulator.people import Person, random_people
from discover.simulator.repertoire import Repertoire, build_repertoire
from discover.simulator.senses import noticed, readings, to_messages
from discover.simulator.sensing import STATES, Messages, join_messages
from discover.simulator.truth import situation_table, truth_table
from discover.simulator.wall_clock import WallClock

__all__ = ["DWELLINGS", "RandomLife", "RandomLifeConfig", "simulate_random"]

DWELLINGS: tuple[str, ...] = tuple(dwellings()["dwellings"])
"""Names of all kinds of dwellings."""

_ZONES = (
    "Europe/Amsterdam",
    "Europe/Madrid",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/Chicago",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Paris",
    "UTC",
)


class RandomLifeConfig(StrictModel):
    """Which random home to simulate, and for how long. What is None is drawn from the seed."""

    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Another seed gives another home with other people."""
    days: int = Field(default=14, ge=1, le=3_660)
    """Calendar days, from midnight to midnight."""
    kit: str | None = None
    """Sensor kit, one of KITS."""
    dwelling: str | None = None
    """Kind of dwelling, one of DWELLINGS."""
    residents: int | None = Field(default=None, ge=1, le=6)
    """People who live there."""
    style: str | None = None
    """Naming style of the sensors."""
    start: dt.date | None = None
    """First calendar day."""
    faults: bool = True
    """Whether sensors and logger fail now and then."""
    metadata: Literal["as_found", "right"] = "as_found"
    """What `RandomLife.home` knows: as_found may lack or mistake types, rooms, objects and positions."""


@dataclass(frozen=True)
class RandomLife:
    """A simulated home with its log and what truly happened.

    Attributes:
        home: What its owner wrote down about the sensors.
        true_home: The same sensors with everything right.
        room_kinds: Kind of each room by its name.
        events: `core.tables.EVENTS`.
        truth: One row per activity of a person: resident, activity, begin, end, room, place, nested_in,
            shared.
        situations: What is worth saying and no activity: kind, begin, end, resident, sensor_room, thing.
        people: Residents, guests, carer and cleaner.
        dwelling: The floor plan.
        facts: dwelling, kit, style, residents, floors, pets, time_zone, seed, days.
    """

    home: Home
    true_home: Home
    room_kinds: dict[str, str]
    events: pl.DataFrame
    truth: pl.DataFrame
    situations: pl.DataFrame
    people: tuple[Person, ...]
    dwelling: Dwelling
    facts: dict[str, Any]


def simulate_random(config: RandomLifeConfig) -> RandomLife:
    """Simulate one random home. The same configuration gives the same bytes.

    Raises:
        DataError: There is no kit, dwelling or naming style of that name.
    """
    _checked("kit", config.kit, KITS)
    _checked("dwelling", config.dwelling, DWELLINGS)
    _checked("style", config.style, sorted({s for k in kits()["kits"].values() for s in k["styles"]}))

    def rng(purpose: str) -> np.random.Generator:
        return np.random.default_rng(derive_seed(config.seed, "random home", purpose))

    choice = rng("choice")
    kit_name = config.kit or _weighted(kits()["kits"], choice)
    kind = config.dwelling or _weighted(dwellings()["dwellings"], choice)
    options = dwellings()["dwellings"][kind]["people"]
    n_people = config.residents or int(options[int(choice.integers(len(options)))])
    zone = str(choice.choice(_ZONES))
    start = config.start or dt.date(2008, 1, 1) + dt.timedelta(days=int(choice.integers(0, 6500)))
    pet = bool(choice.random() < (0.05 if kind == "care_unit" else 0.25))
    dwelling = random_dwelling(kind, rng("dwelling"))
    kit = install(dwelling, kit_name, config.style, rng("kit"))
    repertoire = build_repertoire(dwelling)
    clock = WallClock(zone, start, config.days)
    people = random_people(n_people, kind == "care_unit", rng("people"))
    household = live(people, dwelling, repertoire, start, config.days, pet, kind == "care_unit", rng)
    used, visits, moments = _moved(dwelling, repertoire, household, clock, rng("movement"))
    used, left = _forgotten(dwelling, used, rng("forgotten"))
    found = noticed(dwelling, kit, moments, visits, used, clock.dark, config.days, rng("senses"))
    end_us = _last_us(clock, config.days)
    inside = (found.begin_s >= 0) & (found.begin_s < end_us / 1e6)
    found = Activations(*(getattr(found, f)[inside] for f in ("sensor", "begin_s", "end_s", "who")))
    sent = join_messages(
        [to_messages(kit, found, rng("messages")), readings(kit, config.days, rng("readings"))]
    )
    sent = sent.rows(np.argsort(sent.time_us, kind="stable"))
    sent = sent.rows((sent.time_us >= 0) & (sent.time_us < end_us))
    faults: list[Fault] = []
    if config.faults:
        sent, faults = with_faults(kit, sent, config.days, rng("faults"))
    true_home = home_of(kit, dwelling, f"random_{config.seed}", zone, n_people, pet)
    truth = truth_table(household, dwelling, repertoire, clock, start, config.days)
    return RandomLife(
        home=as_found(true_home, rng("metadata")) if config.metadata == "as_found" else true_home,
        true_home=true_home,
        room_kinds={r.name: r.kind for r in dwelling.rooms},
        events=_event_table(kit, true_home, sent, clock, start),
        truth=truth,
        situations=situation_table(household, dwelling, kit, left, faults, clock, start, config.days),
        people=tuple(household.people),
        dwelling=dwelling,
        facts={
            "dwelling": kind,
            "kit": kit_name,
            "style": kit.style,
            "residents": n_people,
            "pets": pet,
            "time_zone": zone,
            "floors": 1 + max(r.floor for r in dwelling.rooms),
            "seed": config.seed,
            "days": config.days,
        },
    )


def _checked(what: str, name: str | None, known: tuple[str, ...] | list[str]) -> None:
    if name is not None and name not in known:
        raise DataError(f"There is no {what} '{name}' for random homes. Choose one of: {', '.join(known)}.")


def _weighted(options: dict[str, Any], rng: np.random.Generator) -> str:
    weights = np.array([float(o["weight"]) for o in options.values()])
    return str(rng.choice(list(options), p=weights / weights.sum()))


def _last_us(clock: WallClock, days: int) -> int:
    return int(clock.elapsed(np.array([days * 86_400.0]))[0] * 1e6)


def _moved(
    dwelling: Dwelling,
    repertoire: Repertoire,
    household: Household,
    clock: WallClock,
    rng: np.random.Generator,
) -> tuple[Activations, Any, Any]:
    """Use of things, stays and movements of everyone, in elapsed seconds."""
    tables = repertoire.tables(len(household.people), rng)
    rows, who, begin, end = household.pieces()
    begin, end = clock.elapsed(begin), clock.elapsed(end)
    real = end - begin > 0.5
    spans, visits, moments = Movement(dwelling, tables).drawn(
        rows[real], who[real], begin[real], end[real], rng
    )
    return concatenate([opened(visits, rng), spans]), visits, moments


def _forgotten(
    dwelling: Dwelling, used: Activations, rng: np.random.Generator
) -> tuple[Activations, list[tuple[str, str, float, float, int, int]]]:
    """Open things again at once, and leave some open or on: kind, thing, begin, end, who and room of each."""
    often = rng.uniform(0.0, 0.45)
    again = np.flatnonzero((used.end_s - used.begin_s < 60) & (rng.random(len(used.sensor)) < often))
    later = used.end_s[again] + rng.exponential(8.0, len(again)) + 1.0
    more = Activations(used.sensor[again], later, later + rng.uniform(1, 8, len(again)), used.who[again])
    used = concatenate([used, more])
    names = np.array([t.name for t in dwelling.things])
    chance = np.zeros(len(names))
    chance[np.isin(names, ["fridge", "freezer", "front door"])] = 0.004
    chance[np.isin(names, ["tv", "burner", "oven", "iron", "reading lamp", "desk lamp", "wardrobe"])] = 0.01
    hit = np.flatnonzero(rng.random(len(used.sensor)) < chance[used.sensor])
    end = used.end_s.copy()
    end[hit] += rng.lognormal(np.log(2400.0), 0.9, len(hit))
    switched = {"tv", "burner", "iron", "reading lamp", "desk lamp", "oven"}
    left = [
        (
            "left_on" if names[used.sensor[i]] in switched else "left_open",
            str(names[used.sensor[i]]),
            float(used.end_s[i]),
            float(end[i]),
            int(used.who[i]),
            int(dwelling.place_room[dwelling.place_of[used.sensor[i]]]),
        )
        for i in hit
    ]
    return Activations(used.sensor, used.begin_s, end, used.who), left


def _event_table(
    kit: Installation, home: Home, sent: Messages, clock: WallClock, start: dt.date
) -> pl.DataFrame:
    wall = clock.wall(sent.time_us / 1e6) - sent.time_us / 1e6 if clock.changes else np.zeros(len(sent))
    time_us = sent.time_us + np.round(wall * 1e6).astype(np.int64)
    order = np.argsort(time_us, kind="stable")
    sent = sent.rows(order)
    names = pl.Enum([s.id for s in home.sensors])
    code = {s.id: i for i, s in enumerate(home.sensors)}
    sensor = np.array([code[s.id] for s in kit.sensors], dtype=np.uint32)[sent.sensor]
    table = pl.DataFrame(
        {
            "time": np.datetime64(start, "us") + time_us[order].astype("timedelta64[us]"),
            "sensor": pl.Series(names.categories).cast(names).gather(sensor),
            "state": pl.Series(STATES).cast(pl.Enum(STATES)).gather(sent.state),
            "value": pl.Series(sent.value).fill_nan(None),
            "resident": pl.Series([None], dtype=pl.String).new_from_index(0, len(sent)),
            "line": np.arange(1, len(sent) + 1, dtype=np.uint32),
        }
    )
    return validate_table(table, EVENTS, "simulated events")
