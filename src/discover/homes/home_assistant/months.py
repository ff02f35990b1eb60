"""Events go into the months of a home's table: late and changed rows find their place, repeats are left out.

An event is known by its sensor and its time, so reading a row again changes nothing. Memory holds one month,
and what was read since the last spill.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from discover.core.event_files import EventMonths
from discover.core.table_files import read_table, write_table
from discover.core.tables import EVENTS
from discover.homes._local_time import wall_clock
from discover.homes.home_assistant.reading import AUTOMATIC, EVENT_ROWS

__all__ = ["MonthSorter"]

_SPILL_ROWS = 4_000_000
Last = dict[str, tuple[str, float | None]]
"""State and value of the last event of each thing."""

_THING = pl.col("sensor").str.strip_suffix(AUTOMATIC)

_MONTH: dict[str, Any] = {**EVENTS, "sensor": pl.String, "state": pl.String}
_LOCAL = {**EVENT_ROWS, "time": pl.Datetime("us")}


class MonthSorter:
    """Collects events in any order, then gives each month that they touch."""

    def __init__(self, zone: ZoneInfo, *, spill_rows: int = _SPILL_ROWS) -> None:
        self._zone, self._spill_rows = zone, spill_rows
        self._parts: dict[str, list[pl.DataFrame]] = {}
        self._spilled: dict[str, list[Path]] = {}
        self._held = 0
        self._folder = tempfile.TemporaryDirectory(prefix="discover-import-")

    def __enter__(self) -> "MonthSorter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def add(self, events: pl.DataFrame) -> None:
        """Take a table of `EVENT_ROWS`."""
        if not len(events):
            return
        local = events.with_columns(time=wall_clock(events["time"], self._zone))
        month = pl.col("time").dt.strftime("%Y-%m")
        for (name,), part in local.group_by(month, maintain_order=True):
            self._parts.setdefault(str(name), []).append(part)
        self._held += len(events)
        if self._held >= self._spill_rows:
            self._spill()

    def _spill(self) -> None:
        for month, parts in self._parts.items():
            paths = self._spilled.setdefault(month, [])
            paths.append(Path(self._folder.name) / f"{month}.{len(paths)}.parquet")
            write_table(paths[-1], pl.concat(parts), _LOCAL)
        self._parts, self._held = {}, 0

    def sensors(self) -> set[int]:
        """Places of the sensors that have an event."""
        found: set[int] = set()
        for month in self.months():
            found.update(self._month(month)["sensor"].unique().to_list())
        return found

    def months(self) -> list[str]:
        """Months that have an event, oldest first."""
        return sorted({*self._parts, *self._spilled})

    def _month(self, month: str) -> pl.DataFrame:
        parts = [read_table(path, _LOCAL) for path in self._spilled.get(month, [])]
        return pl.concat([*parts, *self._parts.get(month, [])])

    def merged(
        self, known: EventMonths, sensor_ids: Sequence[str], pressed: Sequence[str]
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        """Months that change, with all their events.

        Args:
            known: The table as it is.
            sensor_ids: Name of each sensor place.
            pressed: Sensors of which every event counts.
        """
        names = pl.DataFrame({"sensor": range(len(sensor_ids)), "name": sensor_ids})
        names = names.with_columns(pl.col("sensor").cast(pl.UInt32))
        lasts: dict[str, Last] = {}
        carried = False
        for month in sorted({*self.months(), *known.months}):
            own = month in self._parts or month in self._spilled
            if not own and not carried:
                continue
            new = self._named(month, names) if own else pl.DataFrame(schema=_MONTH)
            old = known.read(month) if month in known.months else new.head(0)
            # What lies before the first new event stays as it is.
            first = 0 if carried else old.filter(pl.col("time") < new["time"].min()).height
            head, rest = old.head(first), pl.concat([old.slice(first), new])
            things = rest.select(_THING).to_series().unique().to_list()
            lasts_of_head = _last_of(head.filter(_THING.is_in(things)))
            missing = [thing for thing in things if thing not in lasts_of_head]
            before = {**_before(known, month, missing, lasts), **lasts_of_head}
            table = pl.concat([head, without_repeats(rest, before, pressed)])
            lasts[month] = _last_of(table)
            # What a month ends with decides whether the next one begins with a repeat.
            carried = month not in known.months or lasts[month] != _last_of(old)
            if month not in known.months or not table.equals(old):
                yield month, table

    def _named(self, month: str, names: pl.DataFrame) -> pl.DataFrame:
        """The new events of a month as in its file."""
        return (
            self._month(month)
            .join(names, on="sensor", how="left", maintain_order="left")
            .select(
                "time",
                sensor=pl.col("name"),
                state=pl.col("state"),
                value=pl.col("value"),
                resident=pl.lit(None, dtype=pl.String),
                line=(pl.col("row") % 2**32).cast(pl.UInt32),
            )
        )


def without_repeats(events: pl.DataFrame, before: Last, pressed: Sequence[str]) -> pl.DataFrame:
    """Events in order of time; of two of one thing and time the later row counts; repeats are left out.

    Args:
        events: Rows read later stand further down.
        before: Last state and value of things before the month.
        pressed: Sensors of which every event counts.
    """
    # What automations do with a thing is a sensor of its own, but the thing has one state.
    events = events.with_columns(thing=_THING)
    firsts = events.unique(["thing", "time", "state", "value"], keep="first", maintain_order=True)
    once = firsts.unique(["thing", "time"], keep="last", maintain_order=True)
    earlier = pl.DataFrame(
        [(thing, *last) for thing, last in before.items()],
        schema={"thing": pl.String, "before_state": pl.String, "before_value": pl.Float64},
        orient="row",
    )
    told = (
        once.sort("time", "line", maintain_order=True)
        .join(earlier, on="thing", how="left", maintain_order="left")
        .with_columns(first=pl.int_range(pl.len()).over("thing") == 0)
    )
    state = pl.when("first").then("before_state").otherwise(pl.col("state").shift(1).over("thing"))
    value = pl.when("first").then("before_value").otherwise(pl.col("value").shift(1).over("thing"))
    repeats = pl.col("state").eq_missing(state) & pl.col("value").eq_missing(value)
    return told.filter(~repeats | pl.col("sensor").is_in(list(pressed))).select(list(EVENTS))


def _last_of(events: pl.DataFrame) -> Last:
    last = events.group_by(thing=_THING).agg(pl.col("state", "value").last())
    return {thing: (state, value) for thing, state, value in last.iter_rows()}


def _before(known: EventMonths, month: str, things: Sequence[str], lasts: Mapping[str, Last]) -> Last:
    """Last state of things before a month: looked for in the months before it, the nearest first.

    Args:
        known: The table as it is on disk.
        month: Such as "2024-05".
        things: Those of interest.
        lasts: Of each month that was merged just now.
    """
    listed = {sensor.removesuffix(AUTOMATIC) for sensor in known.orders["sensor"]}
    wanted = {t for t in things if t in listed or any(t in last for last in lasts.values())}
    found: Last = {}
    for earlier in sorted({*known.months, *lasts}, reverse=True):
        if earlier >= month or not wanted:
            continue
        last = lasts[earlier] if earlier in lasts else _last_of(known.read(earlier))
        found.update({t: last[t] for t in wanted if t in last})
        wanted -= last.keys()
    return found
