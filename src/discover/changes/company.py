"""Moments that suggest company (visitors), from sensor events.

One person cannot open the front door from outside while moving about inside, or occupy two seats. There are
three kinds of moments, and none reads a label:

- an outer door opens;
- an outer door opens while somebody is at home before and after it: a caller, a delivery or a walk to the
  letter box, but neither leaving nor coming home;
- ten minutes in which movement changes between seats at least three times.

They are hints. Where several people live or a pet moves, somebody is always at home, so the second kind says
little more than the first; somebody who tidies up between couch and armchair looks like two people.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.changes.grid import MARKS
from discover.core.home import Home

__all__ = ["AT_HOME", "DOOR", "TWO_SEATS", "hints_at_company", "marks_of_company"]

DOOR = "outer door opened"
AT_HOME = "outer door opened, home not empty"
TWO_SEATS = "two seats in turn"

_OUTER_DOORS = ("front door", "back door", "outside door", "main door", "entrance", "garage door")
_SEAT_WORDS = ("couch", "sofa", "chair", "bed", "desk", "table")
_NEAR_S, _FAR_S = 120.0, 900.0
"""Between the door and a room people pass other rooms, so only events further away in time count."""
_SLOT_S = 600
_SLOT_SWITCHES = 3
_SENSORS = {
    "sensor": pl.String, "object": pl.String, "room": pl.String, "outer": pl.Boolean, "seat": pl.Boolean,
}  # fmt: skip


def marks_of_company(events: pl.DataFrame, home: Home, present: pl.Series) -> pl.DataFrame:
    """`MARKS` of moments that suggest company; for `build_grid(..., moments=True)`.

    Args:
        events: `core.tables.EVENTS`, sorted by time.
        home: Names the sensors of outer doors and seats.
        present: Which events need a person, (E,).
    """
    sensors = pl.DataFrame(
        [
            (s.id, s.object, s.room, _is_outer(s.object, s.type), _is_seat(s.object, s.type))
            for s in home.sensors
        ],
        schema=_SENSORS,
        orient="row",
    )
    table = (
        events.select("time", pl.col("sensor", "state").cast(pl.String))
        .filter(present)
        .join(sensors, on="sensor", how="left", maintain_order="left")
    )
    opened = table.filter(pl.col("outer") & pl.col("state").is_in(["OPEN", "ON"]))
    rooms = {s.room for s in home.sensors if _is_outer(s.object, s.type)}
    inside = table.filter(
        ~pl.col("outer").fill_null(False) & ~pl.col("room").is_in(list(rooms)).fill_null(False)
    )
    at_home = opened.filter(pl.Series(_somebody_around(_seconds(opened), _seconds(inside)), dtype=pl.Boolean))
    parts = [
        frame.select("time", thing=pl.lit(name), weight=pl.lit(1.0))
        for name, frame in ((DOOR, opened), (AT_HOME, at_home), (TWO_SEATS, _shared_seats(table)))
    ]
    return pl.concat(parts).select(list(MARKS)).sort("time", maintain_order=True)


def hints_at_company(home: Home) -> bool:
    """Whether the home names an outer door or two seats, without which no moment can suggest company."""
    seats = {s.object for s in home.sensors if _is_seat(s.object, s.type)}
    return len(seats) > 1 or any(_is_outer(s.object, s.type) for s in home.sensors)


def _somebody_around(doors: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.bool_]:
    def seen(begin_s: float, end_s: float) -> NDArray[np.bool_]:
        several: NDArray[np.bool_] = np.searchsorted(inside, doors + end_s) > np.searchsorted(
            inside, doors + begin_s
        )
        return several

    return seen(-_FAR_S, -_NEAR_S) & seen(_NEAR_S, _FAR_S)


def _shared_seats(table: pl.DataFrame) -> pl.DataFrame:
    """Beginnings of the slots of ten minutes with enough changes between seats."""
    seats = table.filter(pl.col("seat")).with_columns(slot=pl.col("time").dt.truncate(f"{_SLOT_S}s"))
    switched = (pl.col("object") != pl.col("object").shift(1)) & (pl.col("slot") == pl.col("slot").shift(1))
    counted = seats.with_columns(switched=switched.fill_null(False)).group_by("slot", maintain_order=True)
    busy = counted.agg(pl.col("switched").sum()).filter(pl.col("switched") >= _SLOT_SWITCHES)
    return busy.select(time="slot")


def _seconds(table: pl.DataFrame) -> NDArray[np.float64]:
    seconds: NDArray[np.float64] = table["time"].dt.epoch("us").to_numpy() / 1e6
    return seconds


def _is_outer(name: str | None, kind: str) -> bool:
    return kind == "door" and any(word in (name or "") for word in _OUTER_DOORS)


def _is_seat(name: str | None, kind: str) -> bool:
    return kind in ("motion", "pressure") and any(word in (name or "") for word in _SEAT_WORDS)
