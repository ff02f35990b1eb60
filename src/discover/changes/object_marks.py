"""Marks straight from the sensors: objects used and doors opened."""

import polars as pl

from discover.changes.grid import MARKS
from discover.core.home import Home

__all__ = ["marks_of_objects"]


def marks_of_objects(events: pl.DataFrame, home: Home, present: pl.Series) -> pl.DataFrame:
    """`MARKS` of every event that needs a person; a sensor without an object only ends what was before.

    Args:
        events: `core.tables.EVENTS`.
        home: Says which sensor watches which object.
        present: Which events need a person, (E,).
    """
    sensors = pl.DataFrame(
        [(s.id, s.object, s.type == "door") for s in home.sensors],
        schema={"sensor": pl.String, "object": pl.String, "door": pl.Boolean},
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
    return objects.select(list(MARKS)).sort("time", maintain_order=True)
