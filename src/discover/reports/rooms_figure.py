"""Rooms on a floor plan: outlines around their sensors, and names that do not cover each other."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from discover.core.home import UNKNOWN_ROOM, FloorPlan, Home

__all__ = ["PLAN_MARGIN", "paint_rooms", "sensor_positions"]

_FILL, _EDGE, _VISITED, _VISITED_EDGE = "#f1f4f7", "#c3ccd6", "#fdf0d5", "#E69F00"
_LABEL_POINTS = 8.0
_PAD = 0.028
_MOST_NUMBERS = 3


PLAN_MARGIN = 0.05
"""Free space around the plan, as a share of its longer side."""


def sensor_positions(home: Home) -> dict[str, tuple[float, float]]:
    """Plan coordinates of every sensor that has them."""
    return {s.id: (s.x, s.y) for s in home.sensors if s.x is not None and s.y is not None}


def paint_rooms(
    axes: Axes, home: Home, plan: FloorPlan, visits: Mapping[str, Sequence[int]], width_points: float
) -> None:
    """Draw the plan's frame, room outlines (visited ones tinted), sensors and room names.

    Args:
        axes: Where to; gets plan coordinates, y downwards.
        home: Sensors with rooms and positions.
        plan: Size of the plan.
        visits: Rooms to tint, each with the places it has in the order of visits, written after its name.
        width_points: Width of the drawing in points, to keep names apart.
    """
    pad = _PAD * max(plan.width, plan.height)
    points: dict[str, list[tuple[float, float]]] = {}
    for sensor in home.sensors:
        if sensor.x is not None and sensor.y is not None and sensor.is_activity:
            points.setdefault(sensor.room, []).append((sensor.x, sensor.y))
    rooms = {room: np.array(p) for room, p in sorted(points.items())}
    for room, places in rooms.items():
        axes.scatter(places[:, 0], places[:, 1], s=5, color="#a9b4bf", zorder=2, linewidths=0)
        if room == UNKNOWN_ROOM:
            continue
        seen = room in visits
        outline = Polygon(
            _outline(places, pad), closed=True, zorder=1.2 if seen else 1.0, linewidth=1.0,
            facecolor=_VISITED if seen else _FILL, edgecolor=_VISITED_EDGE if seen else _EDGE,
        )  # fmt: skip
        axes.add_patch(outline)
    _paint_names(axes, {r: p for r, p in rooms.items() if r != UNKNOWN_ROOM}, visits, plan, pad, width_points)
    margin = PLAN_MARGIN * max(plan.width, plan.height)
    axes.set_xlim(-margin, plan.width + margin)
    axes.set_ylim(plan.height + margin, -margin)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#d5dbe1")


def _outline(places: NDArray[np.float64], pad: float) -> NDArray[np.float64]:
    """Corners of the rounded hull at distance `pad` around the sensors."""
    from scipy.spatial import ConvexHull

    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = pad * np.column_stack([np.cos(angles), np.sin(angles)])
    cloud = (places[:, None, :] + ring[None, :, :]).reshape(-1, 2)
    corners: NDArray[np.float64] = cloud[ConvexHull(cloud).vertices]
    return corners


def _paint_names(
    axes: Axes,
    rooms: dict[str, NDArray[np.float64]],
    visits: Mapping[str, Sequence[int]],
    plan: FloorPlan,
    pad: float,
    width_points: float,
) -> None:
    """Names start just above their room and are pushed apart up and down until none overlap."""
    if not rooms:
        return
    scale = plan.width / width_points
    names = [_name(room, visits.get(room, ())) for room in rooms]
    # Mean width of a letter as a share of its size: 0.62 in DejaVu Sans, 0.7 in its bold.
    letter = np.array([0.7 if room in visits else 0.62 for room in rooms])
    half_width = 0.5 * letter * _LABEL_POINTS * np.array([len(name) for name in names]) * scale
    half_height = 0.66 * _LABEL_POINTS * scale
    x = np.array([p[:, 0].mean() for p in rooms.values()])
    y = np.array([p[:, 1].min() for p in rooms.values()]) - pad - 0.9 * half_height
    x = np.clip(x, half_width, np.maximum(half_width, plan.width - half_width))
    for _ in range(200):
        moved = False
        for i in range(len(x)):
            for j in range(i + 1, len(x)):
                wide = half_width[i] + half_width[j] - abs(x[i] - x[j])
                high = 2 * half_height - abs(y[i] - y[j])
                if wide > 0 and high > 0:
                    push = 0.5 * high + 0.01 * half_height
                    upper, lower = (i, j) if y[i] <= y[j] else (j, i)
                    y[upper] -= push
                    y[lower] += push
                    moved = True
        # A name pushed out of the plan comes back; the next round then moves its neighbour instead.
        y = np.clip(y, 0, plan.height)
        if not moved:
            break
    for name, room, px, py in zip(names, rooms, x, y, strict=True):
        seen = room in visits
        axes.text(
            px, py, name, ha="center", va="center", fontsize=_LABEL_POINTS, zorder=5,
            color="#5d4200" if seen else "#5c6773", weight="bold" if seen else "normal",
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip


def _name(room: str, numbers: Sequence[int]) -> str:
    """Label such as "hall (1, 3)": the room and its positions in the order of visits."""
    words = room.replace("_", " ")
    if not numbers:
        return words
    more = "…" if len(numbers) > _MOST_NUMBERS else ""
    return f"{words} ({', '.join(map(str, numbers[:_MOST_NUMBERS]))}{more})"
