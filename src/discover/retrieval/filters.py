"""Search filters as one boolean per window."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.core.config import closest
from discover.core.day_parts import WEEKDAYS
from discover.core.errors import ConfigError
from discover.retrieval.config import SearchFilters

__all__ = ["filter_mask"]


def filter_mask(windows: pl.DataFrame, filters: SearchFilters) -> NDArray[np.bool_]:
    """Which rows of `WINDOW_FACTS` meet every condition, (W,).

    Args:
        windows: `WINDOW_FACTS`; also a column `cluster` where the filters name clusters
            (`Index.with_clusters`).
        filters: The conditions.

    Raises:
        ConfigError: A room, home or cluster that no window has: a misspelt name must not look like
            "no result".
    """
    if filters.homes:
        _check_known("home", filters.homes, windows["home"].unique().to_list())
    if filters.clusters:
        _check_clusters(filters.clusters, windows)
    _check_rooms(filters.rooms, windows["rooms"])
    conditions = _conditions(filters)
    if not conditions:
        return np.ones(len(windows), dtype=bool)
    mask: NDArray[np.bool_] = windows.select(pl.all_horizontal(conditions).alias("keep"))["keep"].to_numpy()
    return mask


def _conditions(filters: SearchFilters) -> list[pl.Expr]:
    start = pl.col("start")
    conditions: list[pl.Expr] = []
    if filters.homes:
        conditions.append(pl.col("home").is_in(filters.homes))
    if filters.splits:
        conditions.append(pl.col("split").is_in(filters.splits))
    if filters.after is not None:
        conditions.append(start >= filters.after)
    if filters.before is not None:
        conditions.append(start < filters.before)
    if filters.hours is not None:
        begin, end = filters.hours
        seconds = (
            start.dt.hour().cast(pl.Int64) * 3600 + start.dt.minute().cast(pl.Int64) * 60 + start.dt.second()
        )
        after, before = seconds >= begin * 3600, seconds < end * 3600
        conditions.append(after & before if begin < end else after | before)
    if filters.weekdays:
        conditions.append(start.dt.weekday().is_in([WEEKDAYS.index(day) + 1 for day in filters.weekdays]))
    if filters.rooms:
        conditions.append(pl.any_horizontal([pl.col("rooms").list.contains(room) for room in filters.rooms]))
    if filters.clusters:
        conditions.append(pl.col("cluster").is_in(filters.clusters).fill_null(False))
    duration = (pl.col("end") - start).dt.total_microseconds() / 1e6
    if filters.min_duration_s > 0:
        conditions.append(duration >= filters.min_duration_s)
    if filters.max_duration_s is not None:
        conditions.append(duration <= filters.max_duration_s)
    return conditions


def _check_clusters(wanted: tuple[int, ...], windows: pl.DataFrame) -> None:
    if "cluster" not in windows.columns:
        raise ConfigError(
            "The search asks for clusters, but none are known for these windows. "
            "Make them with `discover cluster`, or leave the filter out."
        )
    known = set(windows["cluster"].drop_nulls().unique().to_list())
    for number in wanted:
        if number not in known:
            listed = ", ".join(str(n) for n in sorted(known))
            raise ConfigError(f"No window is in cluster {number}. The clusters are: {listed}.")


def _check_rooms(wanted: tuple[str, ...], visited: pl.Series) -> None:
    # Listing all rooms of a million windows takes longer than a search: only for the error's hint.
    for room in wanted:
        if not visited.list.contains(room).any():
            _check_known("room", (room,), visited.explode().drop_nulls().unique().to_list())


def _check_known(what: str, wanted: tuple[str, ...], known: list[str]) -> None:
    for name in wanted:
        if name not in known:
            raise ConfigError(f"No window of this index is in {what} '{name}'. {closest(name, known)}")
