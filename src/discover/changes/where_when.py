"""Where and when each cluster happens: sensors used, hours and weekdays, episodes, what follows what."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.changes.grid import TimeGrid
from discover.core.errors import ShapeError
from discover.core.home import Home
from discover.core.window_set import WindowSet

__all__ = ["episodes_of", "heat_field", "hours_of_week", "sensor_use", "transitions_of"]

_PAUSE_S = 120.0
_BREAK_S = 300.0


def sensor_use(
    window_set: WindowSet, facts: pl.DataFrame, cluster: pl.Series, present: NDArray[np.bool_]
) -> pl.DataFrame:
    """How often people triggered each sensor in the windows of each cluster.

    Args:
        window_set: Events the windows are slices of.
        facts: Columns first_event, n_events.
        cluster: Cluster of each row of `facts`; -1 for none.
        present: Which events need a person, (E,).

    Returns:
        Columns cluster (Int32), sensor (String), events (Int64), sorted by cluster and sensor.
    """
    if len(cluster) != len(facts) or len(present) != len(window_set.events):
        raise ShapeError(
            f"{len(facts):,} windows, {len(cluster):,} clusters, {len(present):,} marked events."
        )
    count = facts["n_events"].to_numpy().astype(np.int64)
    first = facts["first_event"].to_numpy().astype(np.int64)
    rows = np.repeat(np.arange(len(facts)), count)
    event = first[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    kept = present[event]
    table = pl.DataFrame(
        {
            "cluster": cluster.cast(pl.Int32).gather(rows[kept]),
            "sensor": window_set.events["sensor"].gather(event[kept]).cast(pl.String),
        }
    )
    counted = table.filter(pl.col("cluster") >= 0).group_by("cluster", "sensor").len("events")
    return counted.with_columns(pl.col("events").cast(pl.Int64)).sort("cluster", "sensor")


def heat_field(
    home: Home, use: pl.DataFrame, *, cells: int = 120, spread: float = 0.045
) -> NDArray[np.float64]:
    """Sensor counts of one cluster as a smooth field over the floor plan.

    Row 0 is the top of the plan (y = 0) and column 0 its left side (x = 0), as in `core.home`: draw it with
    the origin at the top left. Largest value 1; all 0 where no used sensor has a place.

    Args:
        home: Its plan and sensor places.
        use: Columns sensor, events.
        cells: Columns; rows follow from the plan's shape.
        spread: Standard deviation of a sensor's spot, as a share of the longer side.
    """
    plan = home.floor_plan
    width, height = (1.0, 1.0) if plan is None else (plan.width, plan.height)
    rows = max(2, round(cells * height / width))
    field = np.zeros((rows, cells))
    places = {s.id: (s.x, s.y) for s in home.sensors if s.x is not None and s.y is not None}
    x = (np.arange(cells) + 0.5) * width / cells
    y = (np.arange(rows) + 0.5) * height / rows
    scale = 2 * (spread * max(width, height)) ** 2
    for sensor, events in use.select("sensor", "events").iter_rows():
        if sensor in places:
            px, py = places[sensor]
            field += events * np.exp(-((y[:, None] - py) ** 2 + (x[None, :] - px) ** 2) / scale)
    top = field.max()
    scaled: NDArray[np.float64] = field / top if top > 0 else field
    return scaled


def hours_of_week(grid: TimeGrid) -> NDArray[np.float64]:
    """(T, 7, 24) minutes of each thing per recorded hour, by weekday (row 0: Monday) and hour of day.

    NaN where the recording has less than half an hour of that hour of the week.
    """
    weekday = np.array([d.weekday() for d in grid.days])
    time, seen = (grid.by_hour(v) for v in (grid.time_TB, grid.observed_B))
    sums = np.stack([time[:, weekday == d].sum(axis=1) for d in range(7)], axis=1)
    hours = np.stack([seen[weekday == d].sum(axis=0) for d in range(7)])
    minutes: NDArray[np.float64] = np.divide(
        60 * sums, hours, out=np.full_like(sums, np.nan), where=hours >= 0.5
    )
    return minutes


def episodes_of(facts: pl.DataFrame, cluster: pl.Series, *, pause_s: float = _PAUSE_S) -> pl.DataFrame:
    """Runs of windows of one cluster with pauses of `pause_s` at most.

    Returns:
        Columns cluster, start, end, minutes, windows; sorted by start.
    """
    gap_s = (pl.col("start") - pl.col("end").cum_max().shift(1)).dt.total_microseconds() / 1e6
    return (
        facts.select("start", "end", cluster=cluster.cast(pl.Int32))
        .filter(pl.col("cluster") >= 0)
        .sort("cluster", "start")
        .with_columns(new=(gap_s.over("cluster") > pause_s).fill_null(True))
        .with_columns(run=pl.col("new").cast(pl.Int64).cum_sum())
        .group_by("cluster", "run")
        .agg(pl.col("start").min(), pl.col("end").max(), windows=pl.len())
        .with_columns(minutes=(pl.col("end") - pl.col("start")).dt.total_microseconds() / 6e7)
        .select("cluster", "start", "end", "minutes", "windows")
        .sort("start", "cluster")
    )


def transitions_of(facts: pl.DataFrame, cluster: pl.Series, *, break_s: float = _BREAK_S) -> pl.DataFrame:
    """Number of changes from one cluster to another; never across a silence longer than `break_s`.

    Returns:
        Columns before, after (Int32), count, share (of all changes away from `before`), most frequent first.
    """
    ordered = facts.select("start", "end", after=cluster.cast(pl.Int32)).sort("start")
    ordered = ordered.filter(pl.col("after") >= 0)
    steps = ordered.with_columns(
        before=pl.col("after").shift(1),
        pause_s=(pl.col("start") - pl.col("end").shift(1)).dt.total_microseconds() / 1e6,
    ).filter((pl.col("before") != pl.col("after")) & (pl.col("pause_s") <= break_s))
    counted = steps.group_by("before", "after").len("count").with_columns(pl.col("count").cast(pl.Int64))
    return counted.with_columns(share=pl.col("count") / pl.col("count").sum().over("before")).sort(
        "count", "before", "after", descending=[True, False, False]
    )
