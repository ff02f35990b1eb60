"""Time per thing (a cluster, a room, an activity) on a grid of quarter hours, and the observed time.

A mark states that a thing goes on from its time on. It lasts until the next mark, at most `hold_s`; after
that the home counts as quiet. Where no sensor reports for `gap_h`, the recording has a hole, and that time is
not counted. A long absence looks the same as a hole.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.changes.config import ChangeConfig
from discover.core.errors import DataError
from discover.core.home import Home

__all__ = [
    "BINS_PER_DAY",
    "BIN_H",
    "MARKS",
    "TimeGrid",
    "build_grid",
    "marks_of_lists",
    "marks_of_objects",
    "marks_of_windows",
    "thin_windows",
]

# Shape letters: T things, B quarter hours of the whole recording, D days.


BINS_PER_DAY = 96
BIN_H = 24 / BINS_PER_DAY
_BIN_US = 900_000_000
_PAUSE_S = 120.0

MARKS: dict[str, object] = {"time": pl.Datetime("us"), "thing": pl.String, "weight": pl.Float64}
"""One row per mark; weight: share of the time that is this thing's, where several go on at once."""


@dataclass(frozen=True)
class TimeGrid:
    """Time per thing and quarter hour.

    Attributes:
        first_day: Bin 0 begins at its midnight.
        things: Names, (T,).
        observed_B: Hours observed in each bin, 0 to 0.25.
        time_TB: Hours of each thing in each bin.
        starts_TB: Episodes of each thing that begin in each bin.
        moments: Whether the things are moments (a door that opens), of which only the number counts.
    """

    first_day: dt.date
    things: tuple[str, ...]
    observed_B: NDArray[np.float64]
    time_TB: NDArray[np.float64]
    starts_TB: NDArray[np.float64]
    moments: bool = False

    @property
    def n_days(self) -> int:
        """Calendar days."""
        return len(self.observed_B) // BINS_PER_DAY

    @property
    def days(self) -> list[dt.date]:
        """Calendar days, in order."""
        return [self.first_day + dt.timedelta(days=i) for i in range(self.n_days)]

    def between(self, first: dt.date, last: dt.date) -> "TimeGrid":
        """The same grid with only the days from `first` to `last`, as far as it has them.

        Raises:
            DataError: It has none of them.
        """
        begin = max((first - self.first_day).days, 0)
        end = min((last - self.first_day).days + 1, self.n_days)
        if begin >= end:
            raise DataError(f"The recording has no day from {first} to {last}. Choose days inside it.")
        bins = slice(begin * BINS_PER_DAY, end * BINS_PER_DAY)
        first_kept = self.first_day + dt.timedelta(days=begin)
        cut = self.observed_B[bins], self.time_TB[:, bins], self.starts_TB[:, bins]
        return TimeGrid(first_kept, self.things, *cut, self.moments)

    def by_day(self, values: NDArray[np.float64], cut_bin: int = 0) -> NDArray[np.float64]:
        """(..., B) as (..., D, 96), days running from `cut_bin` to the same time of the next day.

        With a cut after midnight the last day has only its beginning; the rest is filled with zeros, so that
        its observed time distinguishes it from a whole day.
        """
        moved = np.zeros_like(values)
        moved[..., : values.shape[-1] - cut_bin] = values[..., cut_bin:]
        return moved.reshape(*values.shape[:-1], values.shape[-1] // BINS_PER_DAY, BINS_PER_DAY)

    def by_hour(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., B) summed to (..., D, 24), by hour of the day."""
        days = self.by_day(values)
        summed: NDArray[np.float64] = days.reshape(*days.shape[:-1], 24, BINS_PER_DAY // 24).sum(axis=-1)
        return summed


def thin_windows(facts: pl.DataFrame, slot_s: int = 60) -> pl.DataFrame:
    """Keep the first window that begins in each slot of the clock, sorted by start.

    Training windows usually overlap and the others do not; without this, training days would seem to have
    twice as many short episodes.
    """
    slot = pl.col("start").dt.truncate(f"{slot_s}s")
    return facts.sort("start", maintain_order=True).unique(slot, keep="first", maintain_order=True)


def marks_of_windows(facts: pl.DataFrame, things: pl.Series) -> pl.DataFrame:
    """`MARKS` of windows with one thing each (null: none, which ends the thing before it)."""
    table = facts.select(time="start", thing=things.cast(pl.String), weight=pl.lit(1.0))
    return table.sort("time", maintain_order=True)


def marks_of_lists(facts: pl.DataFrame, column: str) -> pl.DataFrame:
    """`MARKS` of windows with a list of things (rooms), the time shared equally by the distinct ones."""
    distinct = facts.select(time="start", thing=pl.col(column).list.unique(maintain_order=True))
    counted = distinct.with_columns(weight=1.0 / pl.col("thing").list.len().clip(lower_bound=1))
    return counted.explode("thing").select(list(MARKS)).sort("time", maintain_order=True)


def build_grid(
    marks: pl.DataFrame,
    event_times: pl.Series,
    config: ChangeConfig,
    *,
    things: Sequence[str] | None = None,
    moments: bool = False,
) -> TimeGrid:
    """Spread marks over quarter hours.

    Args:
        marks: `MARKS`, sorted by time; a null thing only ends what went on before.
        event_times: Times of all sensor messages, sorted; they determine when the home was observed.
        config: Hold and gap.
        things: Names to keep, in this order; default: all, sorted.
        moments: Whether the things are moments, of which only the number counts.

    Raises:
        DataError: There are no events or no marks.
    """
    if not len(event_times) or not len(marks):
        what = "events" if not len(event_times) else "windows or moments to count"
        raise DataError(f"There is nothing to compare: the recording has no {what}.")
    names = sorted(marks["thing"].drop_nulls().unique()) if things is None else list(things)
    first_day: dt.date = event_times[0].date()
    last_day: dt.date = event_times[-1].date()
    n_bins = ((last_day - first_day).days + 1) * BINS_PER_DAY
    origin = dt.datetime.combine(first_day, dt.time())
    observed = _observed(_micros(event_times, origin), n_bins, config.gap_h)

    when = _micros(marks["time"], origin)
    code_of = {name: i for i, name in enumerate(names)}
    thing = marks["thing"].replace_strict(code_of, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    weight = marks["weight"].to_numpy()
    distinct = np.unique(when)
    following = np.append(distinct[1:], distinct[-1] + int(config.hold_s * 1e6))
    until = np.minimum(following[np.searchsorted(distinct, when)], when + int(config.hold_s * 1e6))
    # Marks on days without any event were not observed.
    keep = (thing >= 0) & (when >= 0) & (when < n_bins * _BIN_US)
    when, until, thing, weight = when[keep], until[keep], thing[keep], weight[keep]
    time = np.zeros((len(names), n_bins))
    begin_bin = when // _BIN_US
    # A mark lasts at most 900 s (hold_s), one bin, so it touches its own bin and at most the next.
    edge = (begin_bin + 1) * _BIN_US
    np.add.at(time, (thing, begin_bin), weight * (np.minimum(until, edge) - when) / 3.6e9)
    over = (until > edge) & (begin_bin + 1 < n_bins)
    np.add.at(time, (thing[over], begin_bin[over] + 1), weight[over] * (until - edge)[over] / 3.6e9)
    starts = np.zeros_like(time)
    order = np.lexsort((when, thing))
    t, w, u = thing[order], when[order], until[order]
    new = np.ones(len(t), dtype=bool)
    new[1:] = (t[1:] != t[:-1]) | (w[1:] - u[:-1] > _PAUSE_S * 1e6)
    np.add.at(starts, (t[new], w[new] // _BIN_US), 1.0)
    # The window's hold may reach into a hole or past the last event: what was not observed does not count.
    time = np.minimum(time, observed[None, :])
    return TimeGrid(first_day, tuple(names), observed, time, starts, moments)


def _micros(times: pl.Series, origin: dt.datetime) -> NDArray[np.int64]:
    start = np.datetime64(origin, "us")
    offsets: NDArray[np.int64] = (times.to_numpy().astype("datetime64[us]") - start).astype(np.int64)
    return offsets


def _observed(times: NDArray[np.int64], n_bins: int, gap_h: float) -> NDArray[np.float64]:
    """Hours observed per bin: everything between the first and the last event except long silences."""
    hole = np.flatnonzero(np.diff(times) > gap_h * 3.6e9)
    begins = np.concatenate([times[:1], times[hole + 1]])
    ends = np.concatenate([times[hole], times[-1:]])
    edges = np.arange(n_bins + 1, dtype=np.int64) * _BIN_US
    # Observed time up to each edge: whole stretches before it, plus the part of the running one.
    lengths = np.concatenate([[0], np.cumsum(ends - begins)])
    running = np.searchsorted(begins, edges, side="right")
    last = np.maximum(running - 1, 0)
    part = np.where(running > 0, np.clip(edges - begins[last], 0, ends[last] - begins[last]), 0)
    return np.diff(lengths[last] + part) / 3.6e9


def marks_of_objects(events: pl.DataFrame, home: Home, present: pl.Series) -> pl.DataFrame:
    """`MARKS` of every event that needs a person; a sensor without an object only ends what was before.

    Args:
        events: `core.tables.EVENTS`.
        home: Names the object of each sensor.
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
