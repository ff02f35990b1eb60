"""Pictures of clusters: their colours, where, when and how long each is, and what follows what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.core.home import Home
from discover.reports.plan_figure import paint_heat_plan
from discover.reports.style import INK, MANY_COLOURS, Drawing, draw

__all__ = ["ClusterPicture", "draw_cluster", "draw_transitions", "duration_shares", "family_colours"]

OTHER_COLOUR = "#8f9aa5"
# Hues of the palette that stay apart when they are made lighter and darker.
_FAMILY_COLOURS = tuple(MANY_COLOURS[i] for i in (0, 1, 2, 10, 7, 6, 8, 5, 4, 11))

_DURATIONS = (0, 0.5, 1, 2, 5, 10, 20, 60, np.inf)
_DURATION_WORDS = (
    "under 30 s", "30 s to 1 min", "1 to 2 min", "2 to 5 min", "5 to 10 min", "10 to 20 min",
    "20 min to 1 h", "over 1 h",
)  # fmt: skip


def family_colours(families: Sequence[Sequence[int]]) -> dict[int, str]:
    """A colour for each cluster: one hue per family (largest first), shades of it for its members.

    Families beyond the palette share a grey.
    """
    found: dict[int, str] = {}
    for i, members in enumerate(families):
        base = np.array(to_rgb(_FAMILY_COLOURS[i] if i < len(_FAMILY_COLOURS) else OTHER_COLOUR))
        dark, light = 0.8 * base, 0.35 * base + 0.65
        shades = np.linspace(dark, light, len(members)) if len(members) > 1 else base[None]
        found |= {member: to_hex(shade) for member, shade in zip(members, shades, strict=True)}
    return found


@dataclass(frozen=True)
class ClusterPicture:
    """What the figure of one cluster shows.

    Attributes:
        use: Columns sensor, events.
        week: (7, 24) minutes per recorded hour; NaN where nothing was recorded.
        lengths: Shares of episodes by length, as `duration_shares` gives them.
        used: Objects in its windows.
        colour: Its colour in the calendar.
    """

    use: pl.DataFrame
    week: NDArray[np.float64]
    lengths: NDArray[np.float64]
    used: Collection[str]
    colour: str


def duration_shares(minutes: pl.Series) -> NDArray[np.float64]:
    """Share of episodes in each class of length."""
    shares: NDArray[np.float64] = np.histogram(minutes.to_numpy(), bins=_DURATIONS)[0] / max(1, len(minutes))
    return shares


def draw_cluster(
    name: str, home: Home, places: Sequence[Mapping[str, Any]], picture: ClusterPicture, most: float
) -> Drawing:
    """Floor-plan heat map, hour x weekday map, and lengths of episodes of one cluster.

    Args:
        name: Of the file.
        home: Its plan.
        places: Things with words and places on the plan.
        picture: What is shown.
        most: Largest share of `lengths` among all clusters: every figure has the same scale.
    """

    def paint(figure: Figure) -> None:
        has_plan = home.floor_plan is not None
        ratios = [2.7, 1.4, 0.9] if has_plan else [1.5, 1.0]
        axes = figure.subplots(1, len(ratios), width_ratios=ratios)
        if has_plan:
            paint_heat_plan(axes[0], home, picture.use, places, picture.used, (400.0, 215.0))
        _paint_week(figure, axes[-2], picture.week)
        _paint_lengths(axes[-1], picture.lengths, most, picture.colour)

    return draw(
        name, "Where on the floor plan, at which hours of the week, and for how long.", (11, 3.3), paint
    )


def _paint_week(figure: Figure, axes: Any, week: NDArray[np.float64]) -> None:
    axes.set_facecolor("#e3e7eb")
    image = axes.imshow(
        np.ma.masked_invalid(week), aspect="auto", cmap="YlGnBu", vmin=0, interpolation="nearest"
    )
    axes.set_yticks(range(7), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    axes.set_xticks(np.arange(0, 25, 4) - 0.5, [str(h) for h in range(0, 25, 4)])
    axes.set_xlabel("hour of day")
    axes.set_title("When")
    scale = figure.colorbar(image, ax=axes, location="bottom", shrink=0.8, aspect=30, pad=0.02)
    scale.set_label("minutes per recorded hour", fontsize=8)
    scale.ax.tick_params(labelsize=8)
    scale.outline.set_visible(False)


def _paint_lengths(axes: Any, shares: NDArray[np.float64], most: float, colour: str) -> None:
    axes.barh(range(len(shares)), 100 * shares, color=colour, height=0.75)
    axes.set_yticks(range(len(shares)), _DURATION_WORDS, fontsize=8)
    axes.set_ylim(len(shares) - 0.4, -0.6)
    axes.set_xlim(0, 10 * np.ceil(10 * most) if most > 0 else 100)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("% of episodes")
    axes.set_title("How long")


def draw_transitions(
    steps: pl.DataFrame, names: Mapping[int, str], colours: Mapping[int, str], n_days: int
) -> Drawing:
    """Clusters on a circle; arrows for the most frequent changes, wider for more, with a key of widths."""
    ids = list(names)
    angle = {c: np.pi / 2 - 2 * np.pi * i / max(1, len(ids)) for i, c in enumerate(ids)}
    place = {c: (float(np.cos(a)), float(np.sin(a))) for c, a in angle.items()}
    kept = steps.filter(pl.col("before").is_in(ids) & pl.col("after").is_in(ids)).head(2 * len(ids))
    daily = kept.with_columns(pl.col("count") / max(1, n_days))
    top = float(daily["count"].max() or 1.0)  # type: ignore[arg-type]

    def width(times: float) -> float:
        return 0.6 + 4 * times / top

    def paint(figure: Figure) -> None:
        from matplotlib.lines import Line2D

        axes = figure.subplots()
        for before, after, times in daily.select("before", "after", "count").iter_rows():
            axes.annotate(
                "", xy=place[after], xytext=place[before], zorder=1,
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": colours[before],
                    "linewidth": width(times), "shrinkA": 13, "shrinkB": 13,
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
        key = [
            Line2D([], [], color=INK, linewidth=width(t), label=f"{t:.2g}") for t in (top / 4, top / 2, top)
        ]
        axes.legend(
            handles=key, title="times per recorded day", loc="lower right", title_fontsize=8.5, fontsize=8.5
        )
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
