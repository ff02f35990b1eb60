"""Marks straight from the sensors: objects used, doors opened, and two seats in use at once.

Two seats used in turn within five minutes hint at company: one person cannot keep both warm. It is a
hint only; somebody who tidies up between couch and armchair looks the same.
"""

import polars as pl

from discover.changes.grid import MARKS
from discover.core.home import Home

__all__ = ["TWO_SEATS", "marks_of_objects"]

TWO_SEATS = "two seats in turn"
_SEAT_WORDS = ("couch", "sofa", "chair", "bed", "desk", "table")
_SEAT_PAUSE_S = 300.0


def marks_of_objects(events: pl.DataFrame, home: Home, present: pl.Series) -> pl.DataFrame:
    """`MARKS` of every event that needs a person; a sensor without an object only ends what was before.

    Args:
        events: `core.tables.EVENTS`.
        home: Says which sensor watches which object.
        present: Which events need a person, (E,).
    """
    sensors = pl.DataFrame(
        [(s.id, s.object, s.type == "door", _is_seat(s.object, s.type)) for s in home.sensors],
        schema={"sensor": pl.String, "object": pl.String, "door": pl.Boolean, "seat": pl.Boolean},
        orient="row",
    )
    table = (
        events.select("time", pl.col("sensor", "state").cast(pl.String))
        .filter(present)
        .join(sensors, on="sensor", how="left", maintain_order="left")
    )
    opened = pl.col("door") & pl.col("state").is_in(["OPEN", "ON"])
    thing = (
        pl.when(opened).then(pl.col("object") + " opened").when(~pl.col("door")).then(pl.col("object"))
    )  # fmt: skip
    objects = table.select("time", thing=thing, weight=pl.lit(1.0))
    seats = table.filter(pl.col("seat")).filter(
        (pl.col("object") != pl.col("object").shift(1))
        & ((pl.col("time") - pl.col("time").shift(1)).dt.total_microseconds() <= _SEAT_PAUSE_S * 1e6)
    )
    company = seats.select("time", thing=pl.lit(TWO_SEATS), weight=pl.lit(1.0))
    return pl.concat([objects, company]).select(list(MARKS)).sort("time", maintain_order=True)


def _is_seat(name: str | None, kind: str) -> bool:
    return kind in ("motion", "pressure") and any(word in (name or "") for word in _SEAT_WORDS)
