"""What truly happened in a random home, as tables: activities per person, and situations."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.simulator.dwelling import Dwelling
from discover.simulator.faults import Fault
from discover.simulator.household_days import CARER, CLEANER, GUEST, Household
from discover.simulator.kits import Installation
from discover.simulator.repertoire import ACTIVITIES, CODE, Repertoire
from discover.simulator.wall_clock import WallClock

__all__ = ["SITUATIONS", "situation_table", "truth_table"]

SITUATIONS: dict[str, Any] = {
    "kind": pl.String,
    "begin": pl.Datetime("us"),
    "end": pl.Datetime("us"),
    "resident": pl.Int16,
    "sensor_room": pl.String,
    "thing": pl.String,
}
"""Columns of the table of situations."""

_NAMES = np.array(list(ACTIVITIES))
_OUT = np.array([bool(a.spec.get("out")) for a in ACTIVITIES.values()])


def _stamps(seconds: NDArray[np.float64], clock: WallClock, start: dt.date) -> NDArray[np.datetime64]:
    """Wall-clock seconds, freed of hours that a change of the clock skips, as times."""
    shown = clock.wall(clock.elapsed(seconds))
    result: NDArray[np.datetime64] = np.datetime64(start, "us") + np.round(shown * 1e6).astype(
        "timedelta64[us]"
    )
    return result


def truth_table(
    household: Household,
    dwelling: Dwelling,
    repertoire: Repertoire,
    clock: WallClock,
    start: dt.date,
    days: int,
) -> pl.DataFrame:
    """One row per activity of a person inside the log, sorted by begin; columns as in `RandomLife.truth`."""
    parts = []
    offset = 0
    last = days * 86_400.0
    for person, own in zip(household.people, household.stretches, strict=True):
        if person.role == "pet":
            continue
        inside = (own.end_s > 0) & (own.begin_s < last)
        number = np.cumsum(inside) - 1 + offset
        parent = np.where(own.parent >= 0, own.parent, 0)
        nested = np.where((own.parent >= 0) & inside[parent], number[parent], -1)
        rows = np.flatnonzero(inside)
        offset += len(rows)
        parts.append(
            (
                np.full(len(rows), person.code),
                own.activity[rows],
                own.manner[rows],
                np.clip(own.begin_s[rows], 0, last),
                np.clip(own.end_s[rows], 0, last),
                nested[rows],
            )
        )
    who, activity, manner, begin, end, nested = (np.concatenate([p[i] for p in parts]) for i in range(6))
    order = np.lexsort((nested >= 0, begin))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    nested = np.where(nested >= 0, rank[nested], -1)[order]
    who, activity, manner, begin, end = (a[order] for a in (who, activity, manner, begin, end))
    rooms = np.array([*(r.name for r in dwelling.rooms), "outside"])
    places = np.array([*dwelling.place_name, ""])
    place = places[repertoire.place[manner]]
    return pl.DataFrame(
        {
            "resident": pl.Series(who, dtype=pl.Int16),
            "activity": pl.Series(_NAMES[activity], dtype=pl.String),
            "begin": _stamps(begin, clock, start),
            "end": _stamps(end, clock, start),
            "room": pl.Series(rooms[repertoire.room[manner]], dtype=pl.String),
            "place": pl.Series(np.where(np.isin(place, ["room", "door"]), "", place), dtype=pl.String),
            "nested_in": pl.Series(nested, dtype=pl.Int32).replace(-1, None),
            "shared": pl.Series(_shared(who, activity, begin, end), dtype=pl.Int8),
        }
    )


def _shared(
    who: NDArray[np.int64], activity: NDArray[np.int64], begin: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.int64]:
    """How many people do the same in the middle of each row."""
    middle = (begin + end) / 2
    count = np.ones(len(who), dtype=np.int64)
    for other in np.unique(who):
        rows = np.flatnonzero(who == other)
        # Per activity in turn: key by activity, then time.
        key = activity[rows] * 1e9 + begin[rows]
        order = np.argsort(key, kind="stable")
        at = np.searchsorted(key[order], activity * 1e9 + middle, side="right") - 1
        found = rows[order][np.maximum(at, 0)]
        same = (at >= 0) & (activity[found] == activity) & (end[found] > middle) & (who != other)
        count += same
    return count


def situation_table(
    household: Household,
    dwelling: Dwelling,
    kit: Installation,
    left: list[tuple[str, str, float, float, int, int]],
    faults: list[Fault],
    clock: WallClock,
    start: dt.date,
    days: int,
) -> pl.DataFrame:
    """Everything worth saying that is no activity, sorted by begin; times cut to the log."""
    rows: list[tuple[str, float, float, int | None, str | None, str | None]] = []
    for kind, thing, begin, end, who, room in left:
        walls = clock.wall(np.array([begin, end]))
        rows.append((kind, walls[0], walls[1], who, dwelling.rooms[room].name, thing))
    if household.absence:
        rows.append(("holiday", *household.absence, None, None, None))
    residents = [i for i, p in enumerate(household.people) if p.code >= 0 and p.code < GUEST]
    for i, person in enumerate(household.people):
        own = household.stretches[i]
        if person.code in (CARER, CLEANER) or person.role == "guest":
            kind = {CARER: "carer", CLEANER: "cleaner"}.get(person.code, "guests")
            stays = own.activity != CODE["leave_home"]
            rows += [
                (kind, b, e, person.code, None, None)
                for b, e in zip(own.begin_s[stays], own.end_s[stays], strict=True)
            ]
        for d in np.flatnonzero(own.ill):
            rows.append(("ill", (d - 1) * 86_400.0, d * 86_400.0, person.code, None, None))
    for kind, wanted in (("nobody_home", _OUT), ("everyone_asleep", np.arange(len(_OUT)) == CODE["sleep"])):
        rows += [(kind, b, e, None, None, None) for b, e in _all_at_once(household, residents, wanted, days)]
    for f in faults:
        walls = clock.wall(np.array([f.begin_us, f.end_us]) / 1e6)
        rows.append(
            ("fault", walls[0], walls[1], None, kit.sensors[f.sensor].id if f.sensor >= 0 else None, f.kind)
        )
    for at, shift in clock.changes:
        rows.append(
            ("dst", at, at + 3600.0, None, None, "spring" if shift > 0 or _grows(clock, at) else "autumn")
        )
    last = days * 86_400.0
    rows = sorted((r for r in rows if r[2] > 0 and r[1] < last), key=lambda r: (r[1], r[2], r[0]))
    from_s = np.array([max(r[1], 0.0) for r in rows], dtype=float)
    to_s = np.array([min(r[2], last) for r in rows], dtype=float)
    columns = {
        "kind": [r[0] for r in rows],
        "begin": _stamps(from_s, clock, start) if rows else [],
        "end": _stamps(to_s, clock, start) if rows else [],
        "resident": [r[3] for r in rows],
        "sensor_room": [r[4] for r in rows],
        "thing": [r[5] for r in rows],
    }
    return pl.DataFrame(columns, schema=SITUATIONS)


def _grows(clock: WallClock, at: float) -> bool:
    before = 0.0
    for when, shift in clock.changes:
        if when == at:
            return shift > before
        before = shift
    return False


def _all_at_once(
    household: Household, residents: list[int], wanted: NDArray[np.bool_], days: int
) -> list[tuple[float, float]]:
    """Stretches, five minutes or longer, in which every resident does one of the wanted activities."""
    edges = []
    for i in residents:
        own = household.stretches[i]
        rows = wanted[own.activity] & (own.parent < 0)
        edges += [(t, 1) for t in own.begin_s[rows]] + [(t, -1) for t in own.end_s[rows]]
    found: list[tuple[float, float]] = []
    count, since = 0, 0.0
    for t, step in sorted(edges):
        if count == len(residents) and t - since >= 300:
            found.append((since, t))
        count += step
        if count == len(residents):
            since = t
    return found
