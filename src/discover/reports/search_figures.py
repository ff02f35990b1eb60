"""Hits of one query drawn on the floor plan with the path through the rooms.

A home without positions gets a strip instead: one line per room, events over time.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from discover.core.event_semantics import person_mask
from discover.core.home import UNKNOWN_ROOM
from discover.core.window_set import WindowSet
from discover.reports.rooms_figure import PLAN_MARGIN, paint_rooms, sensor_positions
from discover.reports.style import COLOURS, INK, Drawing, draw
from discover.retrieval import Hit, Moment

__all__ = ["draw_search"]

_MOST_PANELS = 3
_NOTE = (
    "The three best moments on the floor plan. Rooms that were visited are tinted and numbered in "
    "the order of visits; the line joins the sensors that fired, dark to light in time."
)
_PANEL_INCHES = 3.45
# The bright end of the map is left out: yellow lines vanish on white.
_TIME = LinearSegmentedColormap.from_list("time", matplotlib.colormaps["viridis"](np.linspace(0.0, 0.78, 64)))


def draw_search(query: str, hits: Sequence[Hit | Moment], window_set: WindowSet, name: str) -> Drawing | None:
    """The first three hits side by side; None where there is no hit."""
    shown = list(hits[:_MOST_PANELS])
    if not shown:
        return None
    plan = window_set.home.floor_plan
    positions = sensor_positions(window_set.home)
    on_plan = plan is not None and bool(positions)
    height = 1.3 + 0.3 * max(len(_lanes(_events_of(hit, window_set), window_set)[1]) for hit in shown)
    if plan is not None and on_plan:
        margin = 2 * PLAN_MARGIN * max(plan.width, plan.height)
        aspect = float(np.clip((plan.height + margin) / (plan.width + margin), 0.4, 1.6))
        height = 0.98 + (_PANEL_INCHES - 0.08) * aspect

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(shown), squeeze=False)[0]
        for rank, (axes, hit) in enumerate(zip(panels, shown, strict=True), start=1):
            events = _events_of(hit, window_set)
            if on_plan:
                _paint_path(axes, hit, events, window_set, positions)
            else:
                _paint_strip(axes, hit, events, window_set)
            lasted = f"{hit.duration_s / 60:.1f} min" if hit.duration_s >= 90 else f"{hit.duration_s:.0f} s"
            axes.set_title(
                f"{rank}. {hit.start:%a %d %b %Y %H:%M}\n", fontsize=9.5, color=INK, loc="left", pad=4
            )
            detail = f"score {hit.score:.3f} · {lasted} · {len(events)} events"
            axes.text(0, 1.015, detail, transform=axes.transAxes, fontsize=8, color="#5c6773", va="bottom")
        if on_plan:
            figure.legend(handles=_legend(), loc="outside lower left", ncols=4, fontsize=8)

    width = max(_PANEL_INCHES * len(shown), 5.2)
    return draw(name, f"Hits for the query: {query}", (width, height), paint, note=_NOTE if on_plan else "")


def _events_of(hit: Hit | Moment, window_set: WindowSet) -> pl.DataFrame:
    events = window_set.events.slice(hit.first_event, hit.n_events)
    kept = events.filter(person_mask(events, window_set.home))
    return kept if len(kept) else events


def _paint_path(
    axes: Axes,
    hit: Hit | Moment,
    events: pl.DataFrame,
    window_set: WindowSet,
    positions: dict[str, tuple[float, float]],
) -> None:
    home = window_set.home
    plan = home.floor_plan
    assert plan is not None
    rooms = {s.id: s.room for s in home.sensors}
    stops = [s for s in events["sensor"].cast(pl.String).to_list() if s in positions]
    stops = [s for i, s in enumerate(stops) if i == 0 or stops[i - 1] != s]
    paint_rooms(axes, home, plan, _visits(hit, stops, rooms), width_points=72 * (_PANEL_INCHES - 0.25))
    if not stops:
        axes.text(0.5, 0.03, "no position known for these sensors", transform=axes.transAxes,
                  ha="center", fontsize=8, color="#5c6773")  # fmt: skip
        return
    path = np.array([positions[s] for s in stops])
    if len(path) > 1:
        segments = np.stack([path[:-1], path[1:]], axis=1)
        axes.add_collection(LineCollection(list(segments), colors="white", linewidths=3.2, zorder=3))
        lines = LineCollection(list(segments), cmap=_TIME, linewidths=1.6, zorder=3.1, alpha=0.9)
        lines.set_array(np.linspace(0, 1, len(segments)))
        axes.add_collection(lines)
    times = np.linspace(0, 1, len(path))
    axes.scatter(
        path[:, 0], path[:, 1], c=times, cmap=_TIME, s=16, zorder=3.3, edgecolors="white", linewidths=0.6
    )
    axes.scatter(
        path[0, 0], path[0, 1], s=95, facecolors="white", edgecolors=_TIME(0.0), linewidths=2, zorder=4
    )
    axes.scatter(
        path[-1, 0],
        path[-1, 1],
        s=52,
        marker="s",
        color=_TIME(1.0),
        edgecolors="white",
        linewidths=1,
        zorder=4.1,
    )


def _visits(hit: Hit | Moment, stops: list[str], rooms: dict[str, str]) -> dict[str, list[int]]:
    """Places of each room in the order of visits; no numbers where only one room was visited."""
    sequence = [rooms.get(s, UNKNOWN_ROOM) for s in stops]
    order = [room for i, room in enumerate(sequence) if i == 0 or sequence[i - 1] != room]
    visits: dict[str, list[int]] = {room: [] for room in hit.rooms}
    for number, room in enumerate(order, start=1):
        visits.setdefault(room, []).append(number)
    return visits if len(order) > 1 else {room: [] for room in visits}


def _paint_strip(axes: Axes, hit: Hit | Moment, events: pl.DataFrame, window_set: WindowSet) -> None:
    lanes, order = _lanes(events, window_set)
    seconds = (events["time"] - hit.start).dt.total_microseconds().to_numpy() / 1e6
    kept = [(s, order.index(lane)) for s, lane in zip(seconds, lanes, strict=True) if lane in order]
    x, y = np.array(kept, dtype=float).T
    axes.step(x, y, where="post", color="#c3ccd6", linewidth=1.2, zorder=1)
    axes.scatter(x, y, s=18, color=COLOURS[0], zorder=2)
    axes.set_yticks(range(len(order)), [lane.replace("_", " ") for lane in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlabel("seconds")
    axes.grid(axis="y")


def _lanes(events: pl.DataFrame, window_set: WindowSet) -> tuple[list[str], list[str]]:
    """Room of each event, or its sensor where no room is known, and the first twelve in order of use."""
    by_id = {s.id: s for s in window_set.home.sensors}
    ids = events["sensor"].cast(pl.String).to_list()
    rooms = [by_id[i].room if i in by_id else UNKNOWN_ROOM for i in ids]
    lanes = ids if set(rooms) == {UNKNOWN_ROOM} else rooms
    return lanes, list(dict.fromkeys(lanes))[:12]


def _legend() -> list[Line2D]:
    def mark(marker: str, face: Any, edge: Any, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=marker, markersize=7, markerfacecolor=face,
                      markeredgecolor=edge, markeredgewidth=1.6, label=label)  # fmt: skip

    return [
        mark("o", "white", _TIME(0.0), "first sensor"),
        mark("s", _TIME(1.0), "white", "last sensor"),
        Line2D([], [], color=_TIME(0.45), linewidth=2, label="path, dark to light in time"),
        Line2D([], [], linestyle="", marker="$(1)$", color=INK, markersize=11, label="order of rooms"),
    ]
