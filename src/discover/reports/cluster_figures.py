"""Pictures of clusters: where and when, what follows what, and every day of the recording."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.changes.where_when import heat_field, hour_weekday
from discover.core.home import Home
from discover.reports.rooms_figure import paint_rooms
from discover.reports.style import GREY, INK, MANY_COLOURS, Drawing, draw

__all__ = ["OTHER_COLOUR", "cluster_colours", "draw_calendar", "draw_cluster", "draw_transitions"]

OTHER_COLOUR = "#8f9aa5"
_HEAT = LinearSegmentedColormap.from_list("heat", ["#ffffff00", "#fdd49ecc", "#e6550dcc", "#7f2704dd"])
_DURATIONS = (0, 1, 2, 5, 10, 20, 60, np.inf)
_DURATION_WORDS = ("<1", "1–2", "2–5", "5–10", "10–20", "20–60", ">60")


def cluster_colours(ids_by_size: Sequence[int]) -> dict[int, str]:
    """Colours of the twelve largest clusters; the others share one grey."""
    return {c: MANY_COLOURS[i] if i < len(MANY_COLOURS) else OTHER_COLOUR for i, c in enumerate(ids_by_size)}


def draw_cluster(name: str, home: Home, use: pl.DataFrame, start: pl.Series, minutes: pl.Series) -> Drawing:
    """Floor-plan heat map, hour x weekday map, and lengths of episodes of one cluster."""

    def paint(figure: Figure) -> None:
        has_plan = home.floor_plan is not None
        ratios = [1.25, 1.6, 1.0] if has_plan else [1.6, 1.0]
        axes = figure.subplots(1, len(ratios), width_ratios=ratios)
        if has_plan:
            _paint_heat(axes[0], home, use)
        _paint_week(axes[-2], hour_weekday(start))
        _paint_lengths(axes[-1], minutes.to_numpy())

    return draw(
        name, "Where on the floor plan, at which hours of the week, and for how long.", (11, 2.9), paint
    )


def _paint_heat(axes: Any, home: Home, use: pl.DataFrame) -> None:
    plan = home.floor_plan
    assert plan is not None
    paint_rooms(axes, home, plan, {}, 215.0)
    field = heat_field(home, use)
    # Origin top left: the image's first row belongs to y = 0, and the axis runs downwards.
    axes.imshow(
        field, extent=(0, plan.width, plan.height, 0), origin="upper", cmap=_HEAT, vmin=0, vmax=1,
        interpolation="bilinear", zorder=3, aspect="equal",
    )  # fmt: skip
    axes.set_title("Where")


def _paint_week(axes: Any, week: NDArray[np.float64]) -> None:
    axes.imshow(week, aspect="auto", cmap="YlGnBu", vmin=0, interpolation="nearest")
    axes.set_yticks(range(7), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    axes.set_xticks(np.arange(0, 25, 4) - 0.5, [str(h) for h in range(0, 25, 4)])
    axes.set_xlabel("hour of day")
    axes.set_title("When")


def _paint_lengths(axes: Any, minutes: NDArray[np.float64]) -> None:
    shares = np.histogram(minutes, bins=_DURATIONS)[0] / max(1, len(minutes))
    axes.bar(range(len(shares)), 100 * shares, color="#0072B2", width=0.8)
    axes.set_xticks(range(len(shares)), _DURATION_WORDS, fontsize=7.5)
    axes.set_xlabel("minutes")
    axes.set_ylabel("% of episodes")
    axes.set_title("How long")


def draw_calendar(
    time_DTB: NDArray[np.float64],
    observed_DB: NDArray[np.float64],
    days: Sequence[Any],
    colours: Sequence[str],
    names: Sequence[str],
) -> Drawing:
    """Days as rows, quarter hours coloured by the thing with most time; white quiet, pale grey unseen."""
    n_days = len(days)

    def paint(figure: Figure) -> None:
        from matplotlib.colors import to_rgb
        from matplotlib.patches import Patch

        axes = figure.subplots()
        best = time_DTB.argmax(axis=1)
        some = time_DTB.max(axis=1) > 0
        table = np.array([to_rgb(c) for c in colours])
        image = np.where(some[..., None], table[best], 1.0)
        image[observed_DB <= 0] = to_rgb("#e3e7eb")
        axes.imshow(image, aspect="auto", interpolation="nearest", extent=(0, 24, n_days, 0))
        axes.set_xticks(range(0, 25, 3))
        axes.set_xlabel("hour of day")
        step = max(1, round(n_days / 24))
        axes.set_yticks(
            np.arange(0, n_days, step) + 0.5, [f"{d:%a %d %b %Y}" for d in days[::step]], fontsize=8
        )
        shown: dict[str, str] = {}
        for colour, name in zip(colours, names, strict=True):
            shown.setdefault(colour, "other clusters" if colour == OTHER_COLOUR else name)
        handles = [Patch(color=c, label=n) for c, n in shown.items()]
        handles.append(Patch(facecolor="white", edgecolor=GREY, label="quiet"))
        handles.append(Patch(color="#e3e7eb", label="not recorded, or a long silence"))
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8)

    height = min(14.0, max(5.0, 0.055 * n_days + 1.5))
    return draw("calendar", f"{n_days} days, one row each, coloured by cluster.", (11, height), paint)


def draw_transitions(steps: pl.DataFrame, names: Mapping[int, str], colours: Mapping[int, str]) -> Drawing:
    """Clusters on a circle; arrows for the most frequent changes, wider for more."""
    ids = list(names)
    angle = {c: np.pi / 2 - 2 * np.pi * i / max(1, len(ids)) for i, c in enumerate(ids)}
    place = {c: (float(np.cos(a)), float(np.sin(a))) for c, a in angle.items()}
    kept = steps.filter(pl.col("before").is_in(ids) & pl.col("after").is_in(ids)).head(2 * len(ids))
    top = float(kept["count"].max() or 1)  # type: ignore[arg-type]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for before, after, count in kept.select("before", "after", "count").iter_rows():
            axes.annotate(
                "", xy=place[after], xytext=place[before], zorder=1,
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": colours[before],
                    "linewidth": 0.6 + 4 * count / top, "shrinkA": 13, "shrinkB": 13,
                    "connectionstyle": "arc3,rad=0.15", "alpha": 0.85, "mutation_scale": 10,
                },
            )  # fmt: skip
        for c in ids:
            x, y = place[c]
            axes.scatter([x], [y], s=420, color=colours[c], edgecolor="white", zorder=3)
            axes.text(
                x, y, str(c), ha="center", va="center", zorder=4, fontsize=9, color="white", weight="bold",
                path_effects=[_outline()],
            )  # fmt: skip
            side = "left" if x > 0.05 else "right" if x < -0.05 else "center"
            axes.text(1.16 * x, 1.16 * y, names[c], ha=side, va="center", fontsize=8.5, color=INK)
        axes.set_xlim(-3.0, 3.0)
        axes.set_ylim(-1.3, 1.3)
        axes.set_aspect("equal")
        axes.axis("off")

    return draw(
        "transitions", "Which cluster follows which; wider arrows are more frequent.", (11, 4.9), paint
    )


def _outline() -> Any:
    from matplotlib.patheffects import withStroke

    return withStroke(linewidth=1.6, foreground="#1d2733")
