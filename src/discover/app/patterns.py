"""What recurs and what differs: days, clusters, changes, the typical day, unusual days, the map."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discover.api.changes_result import change_row
from discover.api.clusters_result import ClustersResult
from discover.app.columns import NO_CODE, pack_columns
from discover.app.contract import Day, Days
from discover.app.contract_patterns import (
    Change,
    Changes,
    Cluster,
    Clusters,
    TypicalDay,
    TypicalRow,
    UnusualDay,
    UnusualDays,
)
from discover.app.event_arrays import DAY_MS
from discover.app.home_view import HomeView, Recognised
from discover.app.jobs import JobProgress
from discover.changes import ChangeConfig, Comparison, TimeGrid, build_grid, marks_of_lists, marks_of_windows
from discover.changes.grid import BIN_H, BINS_PER_DAY, thin_windows
from discover.changes.unusual_days import unusual_days
from discover.core.errors import ConfigError, DataError
from discover.core.home import UNKNOWN_ROOM
from discover.recognition import UNKNOWN
from discover.reports.window_places import MAP_NOTE, window_places

__all__ = ["changes", "clusters", "days", "map_columns", "places_on_map", "rare_days", "typical_day"]

_HOUR_MS = 3_600_000.0
_NIGHT_ENDS = 4 * _HOUR_MS


def days(view: HomeView, recognised: Recognised | None) -> Days:
    """Every day from the first event to the last."""
    events = view.events
    first = int(events.begin // DAY_MS)
    n = int(events.time[-1] // DAY_MS) - first + 1
    edges = np.arange(first, first + n + 1, dtype=np.float64) * DAY_MS
    cut = np.searchsorted(events.time, edges)
    windows = np.diff(np.searchsorted(np.sort(view.begin), edges))
    people = events.time[events.person]
    cut_people = np.searchsorted(people, edges)
    hours = _hours(recognised, edges)
    rise, rest = _busy(people, edges)
    found = []
    for k in range(n):
        a, b = int(cut_people[k]), int(cut_people[k + 1])
        found.append(
            Day(
                day=str(date(1970, 1, 1) + timedelta(days=first + k)),
                begin=float(edges[k]),
                events=int(cut[k + 1] - cut[k]),
                windows=int(windows[k]),
                first=float(people[a]) if b > a else None,
                last=float(people[b - 1]) if b > a else None,
                rise=rise[k],
                rest=rest[k],
                hours=hours[k],
            )
        )
    return Days(days=tuple(found))


def _busy(
    people: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[list[float | None], list[float | None]]:
    """Per day: the event that begins its first busy hour, and the one that ends its last (`Day.rise`).

    A visit to the bathroom at night is no busy hour, so these are nearer to a person's day than the first and
    last event after midnight.
    """
    clock = people % DAY_MS
    daytime = np.count_nonzero((clock >= 8 * _HOUR_MS) & (clock < 20 * _HOUR_MS))
    lived = len(np.unique(people // DAY_MS))
    enough = max(2.0, 0.25 * daytime / 12 / max(lived, 1))
    here = np.arange(len(people))
    begins = people[np.searchsorted(people, people + _HOUR_MS) - here >= enough]
    ends = people[here + 1 - np.searchsorted(people, people - _HOUR_MS, side="right") >= enough]
    at = edges + _NIGHT_ENDS
    first, last = np.searchsorted(begins, at), np.searchsorted(ends, at)
    some_begin, some_end = np.diff(first) > 0, np.diff(last) > 0
    return (
        [float(begins[i]) if some else None for i, some in zip(first, some_begin, strict=False)],
        [float(ends[i - 1]) if some else None for i, some in zip(last[1:], some_end, strict=True)],
    )


def _hours(recognised: Recognised | None, edges: NDArray[np.float64]) -> list[dict[str, float]]:
    """Hours per activity and day; a segment over midnight counts on both days."""
    found: list[dict[str, float]] = [{} for _ in range(len(edges) - 1)]
    if recognised is None:
        return found
    table = np.zeros((len(edges) - 1, len(recognised.names)))
    day = np.searchsorted(edges, recognised.begin, side="right") - 1
    begin, end, activity = recognised.begin, recognised.end, recognised.activity.astype(np.int64)
    while len(begin):
        until = np.minimum(end, edges[np.minimum(day + 1, len(edges) - 1)])
        np.add.at(table, (day, activity), (until - begin) / 3.6e6)
        more = (end > until) & (day + 2 < len(edges))
        begin, end, activity, day = until[more], end[more], activity[more], day[more] + 1
    for k, name in enumerate(recognised.names):
        for d in np.flatnonzero(table[:, k] > 0).tolist():
            found[d][name] = round(float(table[d, k]), 4)
    return found


def clusters(view: HomeView, found: ClustersResult | None) -> Clusters:
    """What recurs; None: a trained model without clusters."""
    if found is None:
        reason = f"This model has no clusters yet. Make them with `discover cluster {view.source}`."
        return Clusters(available=False, reason=reason)
    rows = view.row_of
    return Clusters(
        available=True,
        name=str(found.content["name"]),
        clusters=tuple(
            Cluster(
                id=c["id"],
                title=c["title"],
                sentence=c.get("sentence", ""),
                windows=c["windows"],
                share=c["share"],
                when=c.get("when", ""),
                hours=tuple(c.get("hours", ())),
                examples=tuple(rows[e["window_id"]] for e in c.get("examples", ()) if e["window_id"] in rows),
            )
            for c in sorted(found.content["clusters"], key=lambda c: (-c["windows"], c["id"]))
        ),
    )


def changes(view: HomeView, baseline: str, period: str, by: str) -> Changes:
    """Two periods compared; without periods the last third of the log with what is before it.

    Raises:
        ConfigError: A period or a source that does not fit.
        DataError: Too few usable days.
    """
    if not baseline and not period:
        whole = view.windows.select(pl.col("start").dt.date().alias("day"))["day"]
        first, last = date.fromisoformat(str(whole.min())), date.fromisoformat(str(whole.max()))
        n = (last - first).days + 1
        # A third, but enough days for a comparison where there are as many.
        cut = last - timedelta(days=max(n // 3, min(ChangeConfig().min_days, n // 2), 1) - 1)
        baseline, period = f"{first}..{cut - timedelta(days=1)}", f"{cut}..{last}"
    by = by or (view.countable or ["room"])[0]
    result = view.opened.changes(
        baseline or None, period or None, by=by, home=view.name if view.several else None,  # type: ignore[arg-type]
    )  # fmt: skip
    found = result.comparison
    assert isinstance(found, Comparison)
    return Changes(
        baseline=str(found.baseline),
        period=str(found.period),
        by=result.by,
        baseline_days=found.baseline_days,
        period_days=found.period_days,
        note=next((part for part in result.parts() if isinstance(part, str)), ""),
        changes=tuple(
            Change(
                thing=c.thing, measure=c.measure, found=c.found, direction=c.direction,
                words=change_row(c)[2], baseline=c.baseline, period=c.period,
                difference=c.difference, low=c.low, high=c.high, q_value=c.q_value,
            )
            for c in found.changes
        ),
    )  # fmt: skip


@lru_cache(maxsize=8)
def grid_of(view: HomeView, by: Literal["room", "activity"], recognised: Recognised | None) -> TimeGrid:
    """Time per room or recognised activity and quarter hour; made once.

    Raises:
        DataError: No window says anything about it.
    """
    facts = view.windows
    if by == "room":
        marks = marks_of_lists(thin_windows(facts), "rooms").with_columns(
            pl.col("thing").replace({UNKNOWN_ROOM: None})
        )
    else:
        if recognised is None:
            raise ConfigError("Activities are not recognised yet. Ask again when that is ready.")
        names = [*recognised.names, None]
        things = [names[min(code, len(names) - 1)] for code in recognised.of_window.tolist()]
        thinned = thin_windows(facts.with_columns(pl.Series("activity", things, pl.String)))
        marks = marks_of_windows(thinned, thinned["activity"].replace({UNKNOWN: None}))
    if not marks["thing"].drop_nulls().len():
        raise DataError(f"No window of this log is in a known {by}. Describe its sensors in a home file.")
    return build_grid(marks, view.window_set.events["time"], ChangeConfig())


def typical_day(
    view: HomeView, by: Literal["room", "activity"], begin: date, end: date, recognised: Recognised | None
) -> TypicalDay:
    """Mean share of each quarter hour in each room or activity, over the days from `begin` to `end`."""
    grid = grid_of(view, by, recognised).between(begin, end)
    time, seen = grid.by_day(grid.time_TB).sum(axis=1), grid.by_day(grid.observed_B).sum(axis=0)
    # A window's hold may reach past the last event, so that a bin has more time than was observed.
    whole = np.maximum(seen, time.sum(axis=0))
    share = np.divide(time, whole, out=np.zeros_like(time), where=whole > BIN_H / 2)
    order = np.argsort(-share.sum(axis=1), kind="stable")
    return TypicalDay(
        by=by,
        bins=BINS_PER_DAY,
        days=int((grid.by_day(grid.observed_B).sum(axis=1) > 0).sum()),
        rows=tuple(
            TypicalRow(thing=grid.things[k], share=tuple(share[k].round(4).tolist())) for k in order.tolist()
        ),
    )


def rare_days(view: HomeView, by: Literal["room", "activity"], recognised: Recognised | None) -> UnusualDays:
    """Days unlike the others of their kind (weekdays, weekends), most unusual first."""
    try:
        found = unusual_days(grid_of(view, by, recognised), {})
    except DataError as error:
        return UnusualDays(available=False, reason=str(error))
    if not found:
        reason = (
            "A day is compared with at least four others of its kind, weekday or weekend; the log has fewer."
        )
        return UnusualDays(available=False, reason=reason)
    return UnusualDays(
        available=True,
        days=tuple(
            UnusualDay(
                day=str(d.day), score=round(d.distance, 4), p_value=d.p_value, stays=d.stays,
                reasons=tuple(d.words.replace("_", " ").split("; ")),
            )
            for d in found[:60]
        ),
    )  # fmt: skip


def places_on_map(view: HomeView, progress: JobProgress) -> tuple[NDArray[np.float32], str]:
    """`window_places` of all windows, in the background."""
    progress.start("drawing the map")
    return window_places(view.searcher.index.vectors)


def map_columns(
    view: HomeView,
    made: tuple[NDArray[np.float32], str],
    recognised: Recognised | None,
    found: ClustersResult | None,
) -> bytes:
    """The map with what windows can be coloured by."""
    places, method = made
    rooms = sorted({s.room for s in view.home.sensors})
    code = {room: k for k, room in enumerate(rooms)}
    first = view.windows["rooms"].list.first().to_list()
    nothing = np.full(len(view.windows), NO_CODE, dtype=np.uint16)
    meta: dict[str, Any] = {
        "rooms": rooms,
        "activities": list(view.activities if recognised is None else recognised.names),
        "method": method,
        "note": MAP_NOTE,
    }
    return pack_columns(
        {
            "x": np.ascontiguousarray(places[:, 0]),
            "y": np.ascontiguousarray(places[:, 1]),
            "begin": view.begin,
            "end": view.end,
            "room": np.array([code.get(room, NO_CODE) for room in first], dtype=np.uint16),
            "activity": nothing if recognised is None else recognised.of_window,
            "cluster": _cluster_of_window(view, found),
        },
        meta,
    )


def _cluster_of_window(view: HomeView, found: ClustersResult | None) -> NDArray[np.int32]:
    if found is None:
        return np.full(len(view.windows), -1, dtype=np.int32)
    joined = view.windows.select("window_id").join(
        found.assignments.select("window_id", "cluster"), on="window_id", how="left", maintain_order="left"
    )
    return joined["cluster"].fill_null(-1).to_numpy().astype(np.int32)
