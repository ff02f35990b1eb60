"""A heat map of a cluster on the floor plan, with the names of the home's objects."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from discover.changes.where_when import heat_field
from discover.core.home import Home
from discover.reports.rooms_figure import paint_rooms
from discover.reports.style import GREY, INK

__all__ = ["paint_heat_plan"]

_HEAT = LinearSegmentedColormap.from_list("heat", ["#ffffff00", "#fdd49ecc", "#e6550dcc", "#7f2704dd"])
_SPREAD = 0.045
_MARGIN = 3 * _SPREAD
"""Free space around the plan, as a share of its longer side: a spot at the wall ends inside it."""
_NAMES_POINTS = 84.0
"""Space for names on each side of the plan."""
_MOST_PER_SIDE = 12
_FONT = 7.5


def paint_heat_plan(
    axes: Axes,
    home: Home,
    use: pl.DataFrame,
    places: Sequence[Mapping[str, Any]],
    used: Collection[str],
    size_points: tuple[float, float],
) -> None:
    """Paint the plan, the heat of a cluster's events, and the names of things left and right of it.

    Args:
        axes: Where to.
        home: Its plan and sensors.
        use: Columns sensor, events.
        places: object (words), x, y; those of `used` are written darker.
        used: Objects in the cluster's windows.
        size_points: Width and height of the drawing in points, to keep names apart.
    """
    plan = home.floor_plan
    assert plan is not None
    longer = max(plan.width, plan.height)
    margin = _MARGIN * longer
    # Points per unit of the plan once the names have their space.
    scale = min(
        (size_points[0] - 2 * _NAMES_POINTS) / (plan.width + 2 * margin),
        size_points[1] / (plan.height + 2 * margin),
    )
    names = _NAMES_POINTS / scale
    paint_rooms(axes, home, plan, {}, plan.width * scale)
    wide = _with_margin(home, margin)
    field = heat_field(wide, use, spread=_SPREAD * longer / (longer + 2 * margin))
    # Origin top left: the image's first row belongs to the top, and the axis runs downwards.
    axes.imshow(
        field, extent=(-margin, plan.width + margin, plan.height + margin, -margin), origin="upper",
        cmap=_HEAT, vmin=0, vmax=1, interpolation="bilinear", zorder=3, aspect="equal",
    )  # fmt: skip
    half = plan.width / 2
    for right in (False, True):
        side = [p for p in places if (p["x"] > half) == right]
        side = sorted(side, key=lambda p: (p["object"] not in used, p["object"]))[:_MOST_PER_SIDE]
        edge = plan.width + margin if right else -margin
        _paint_names(axes, side, used, edge, right, (plan.height, 1.5 * _FONT / scale))
    axes.set_xlim(-margin - names, plan.width + margin + names)
    axes.set_ylim(plan.height + margin, -margin)
    axes.spines[:].set_visible(False)
    axes.set_title("Where")


def _paint_names(
    axes: Axes,
    side: Sequence[Mapping[str, Any]],
    used: Collection[str],
    edge: float,
    right: bool,
    height_and_line: tuple[float, float],
) -> None:
    """Names of one side, top to bottom as their things lie, each with a thin line to its place."""
    height, line = height_and_line
    ordered = sorted(side, key=lambda p: (p["y"], p["object"]))
    if not ordered:
        return
    y = spread_apart(np.array([p["y"] for p in ordered], dtype=np.float64), line, -line, height + line)
    for place, at in zip(ordered, y, strict=True):
        dark = place["object"] in used
        colour = INK if dark else GREY
        axes.plot([edge, place["x"]], [at, place["y"]], color=colour, linewidth=0.5, alpha=0.7, zorder=4)
        axes.scatter([place["x"]], [place["y"]], s=7, color=colour, zorder=4.5, linewidths=0)
        axes.text(
            edge, at, f" {place['object']} ", ha="left" if right else "right", va="center", fontsize=_FONT,
            color=colour, weight="bold" if dark else "normal", zorder=5,
        )  # fmt: skip


def spread_apart(y: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Ascending positions moved as little as a simple rule can until neighbours are `gap` apart.

    Those that find no room below `high` are pushed up; with too many for the space, they are spread evenly.
    """
    if (len(y) - 1) * gap >= high - low:
        return np.linspace(low, high, len(y))
    steps = gap * np.arange(len(y))
    down: NDArray[np.float64] = np.maximum.accumulate(np.clip(y, low, high) - steps) + steps
    ceiling = high - steps[::-1]
    placed: NDArray[np.float64] = np.minimum(down, ceiling)
    return placed


def _with_margin(home: Home, margin: float) -> Home:
    """The same home on a plan with free space around it."""
    plan = home.floor_plan
    assert plan is not None
    sensors = tuple(
        s if s.x is None or s.y is None else s.model_copy(update={"x": s.x + margin, "y": s.y + margin})
        for s in home.sensors
    )
    wider = plan.model_copy(update={"width": plan.width + 2 * margin, "height": plan.height + 2 * margin})
    return home.model_copy(update={"sensors": sensors, "floor_plan": wider})
