"""Rooms on a floor plan: outlines around their sensors, and names that do not cover each other."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from discover.core.home import UNKNOWN_ROOM, FloorPlan, Home

__all__ = ["paint_rooms", "sensor_positions"]

_FILL, _EDGE, _VISITED, _VISITED_EDGE = "#f1f4f7", "#c3ccd6", "#fdf0d5", "#E69F00"
_LABEL_POINTS = 7.5


def sensor_positions(home: Home) -> dict[str, tuple[float, float]]:
    """Plan coordinates of every sensor that has them."""
    return {s.id: (s.x, s.y) for s in home.sensors if s.x is not None and s.y is not None}


def paint_rooms(axes: Axes, home: Home, plan: FloorPlan, visited: set[str], width_points: float) -> None:
    """Draw the plan's frame, room outlines (visited ones tinted), sensors and room names.

    Args:
        axes: Where to; gets plan coordinates, y downwards.
        home: Sensors with rooms and positions.
        plan: Size of the plan.
        visited: Rooms to tint.
        width_points: Width of the drawing in points, to keep names apart.
    """
    pad = 0.028 * max(plan.width, plan.height)
    points: dict[str, list[tuple[float, float]]] = {}
    for sensor in home.sensors:
        if sensor.x is not None and sensor.y is not None and sensor.is_activity:
            points.setdefault(sensor.room, []).append((sensor.x, sensor.y))
    rooms = {room: np.array(p) for room, p in sorted(points.items())}
    for room, places in rooms.items():
        axes.scatter(places[:, 0], places[:, 1], s=5, color="#a9b4bf", zorder=2, linewidths=0)
        if room == UNKNOWN_ROOM:
            continue
        seen = room in visited
        outline = Polygon(
            _outline(places, pad), closed=True, zorder=1.2 if seen else 1.0, linewidth=1.0,
            facecolor=_VISITED if seen else _FILL, edgecolor=_VISITED_EDGE if seen else _EDGE,
        )  # fmt: skip
        axes.add_patch(outline)
    _paint_names(
        axes, {r: p for r, p in rooms.items() if r != UNKNOWN_ROOM}, visited, plan, pad, width_points
    )
    margin = 1.6 * pad
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
    visited: set[str],
    plan: FloorPlan,
    pad: float,
    width_points: float,
) -> None:
    """Names start at the top of their room and are pushed apart up and down until none overlap."""
    if not rooms:
        return
    scale = plan.width / width_points
    names = [room.replace("_", " ") for room in rooms]
    half_width = np.array([0.5 * 0.62 * _LABEL_POINTS * len(name) * scale for name in names])
    half_height = 0.62 * _LABEL_POINTS * scale
    x = np.array([p[:, 0].mean() for p in rooms.values()])
    y = np.array([p[:, 1].min() for p in rooms.values()]) - pad + half_height
    x = np.clip(x, half_width, np.maximum(half_width, plan.width - half_width))
    for _ in range(80):
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
        if not moved:
            break
    y = np.clip(y, 0, plan.height)
    for name, room, px, py in zip(names, rooms, x, y, strict=True):
        seen = room in visited
        axes.text(
            px, py, name, ha="center", va="center", fontsize=_LABEL_POINTS, zorder=5,
            color="#5d4200" if seen else "#5c6773", weight="bold" if seen else "normal",
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip
