"""Every day of a recording by cluster: the calendar and the typical day."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.changes import TimeGrid
from discover.reports.style import GREY, Drawing, draw

__all__ = ["draw_calendar", "draw_typical_day", "minutes_per_hour"]

# Shape letters: T clusters, D days, B quarter hours of a day, R rows of the calendar.

_UNSEEN = "#e3e7eb"
_SHORTEST_HOLE = 3
_HOLE_ROWS = 2


def minutes_per_hour(grid: TimeGrid, days: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T, 24) minutes of each thing per recorded hour of some days; 0 below half an hour recorded."""
    seen = grid.by_hour(grid.observed_B)[days].sum(axis=0)
    minutes: NDArray[np.float64] = (
        60 * grid.by_hour(grid.time_TB)[:, days].sum(axis=1) / np.maximum(seen, 1e-9)
    )
    minutes[:, seen < 0.5] = 0.0
    return minutes


def draw_typical_day(grid: TimeGrid, colours: Sequence[str]) -> Drawing:
    """Minutes of each cluster per recorded hour over the day, stacked; Monday to Friday and weekend."""
    weekend = np.array([d.weekday() >= 5 for d in grid.days])
    recorded = grid.by_hour(grid.observed_B).sum(axis=1) > 0

    def paint(figure: Figure) -> None:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, kind, name in zip(axes, (~weekend, weekend), ("Monday to Friday", "Weekend"), strict=True):
            bottom = np.zeros(24)
            for row, colour in zip(minutes_per_hour(grid, kind), colours, strict=True):
                axis.bar(
                    np.arange(24), row, bottom=bottom, width=1.0, align="edge", color=colour,
                    edgecolor="white", linewidth=0.3,
                )  # fmt: skip
                bottom = bottom + row
            axis.set_title(f"{name} ({int(recorded[kind].sum())} days)")
            axis.set_xlim(0, 24)
            axis.set_xticks(range(0, 25, 3))
            axis.set_xlabel("hour of day")
        axes[0].set_ylabel("minutes per recorded hour")

    return draw("typical_day", "How an average day divides, hour by hour.", (11, 3.0), paint)


def draw_calendar(grid: TimeGrid, colours: Sequence[str], names: Sequence[str]) -> Drawing:
    """Days as rows, quarter hours in the colour of the cluster with most time; holes as hatched bands."""
    rows, labels = _calendar_rows(grid)
    height = min(16.0, max(4.2, 0.062 * len(rows) + 0.9, 0.19 * (len(names) + 2) + 0.6))

    def paint(figure: Figure) -> None:
        from matplotlib.patches import Patch, Rectangle

        axes = figure.subplots()
        image = _calendar_image(grid, colours)
        shown = np.array([image[r] if r is not None else np.ones_like(image[0]) for r in rows])
        axes.imshow(shown, aspect="auto", interpolation="nearest", extent=(0, 24, len(rows), 0))
        hatched: dict[str, Any] = {
            "facecolor": "white",
            "edgecolor": "#b8c0c8",
            "hatch": "////",
            "linewidth": 0.0,
        }
        for begin, end in _holes(rows):
            axes.add_patch(Rectangle((0, begin), 24, end - begin, **hatched))
        axes.set_xticks(range(0, 25, 3))
        axes.set_xlabel("hour of day")
        axes.set_yticks([at for at, _ in labels], [text for _, text in labels], fontsize=8)
        for tick in axes.get_yticklabels():
            if tick.get_text().endswith("recorded"):
                tick.set_color(GREY)
        axes.tick_params(axis="y", length=2)
        handles = [Patch(color=c, label=n) for c, n in zip(colours, names, strict=True)]
        handles.append(Patch(facecolor="white", edgecolor=GREY, label="quiet"))
        handles.append(Patch(color=_UNSEEN, label="nothing recorded for hours"))
        handles.append(Patch(label="days without recording, not to scale", **hatched))
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8)

    return draw("calendar", f"{grid.n_days} days, one row each, hours across.", (11, height), paint)


def _calendar_image(grid: TimeGrid, colours: Sequence[str]) -> NDArray[np.float64]:
    """(D, B, 3) colours."""
    from matplotlib.colors import to_rgb

    time = np.moveaxis(grid.by_day(grid.time_TB), 0, 1)
    table = np.array([to_rgb(c) for c in colours])
    some = time.max(axis=1) > 0
    image: NDArray[np.float64] = np.where(some[..., None], table[time.argmax(axis=1)], 1.0)
    image[grid.by_day(grid.observed_B) <= 0] = to_rgb(_UNSEEN)
    return image


def _calendar_rows(grid: TimeGrid) -> tuple[list[int | None], list[tuple[float, str]]]:
    """The day of each row (None: part of a hole), and the position of each label.

    Labelled are the first day, every Monday, and every hole with its number of days.
    """
    seen = grid.by_day(grid.observed_B).sum(axis=1) > 0
    days = grid.days
    rows: list[int | None] = []
    labels: list[tuple[float, str]] = []
    i = 0
    while i < len(days):
        end = i
        while end < len(days) and not seen[end]:
            end += 1
        if end - i >= _SHORTEST_HOLE:
            labels.append((len(rows) + _HOLE_ROWS / 2, f"{end - i} days not recorded"))
            rows += [None] * _HOLE_ROWS
            i = end
            continue
        if days[i].weekday() == 0 or not rows:
            labels.append((len(rows) + 0.5, _day_words(days[i], days[0], first=not rows)))
        rows.append(i)
        i += 1
    return rows, _apart(labels)


def _day_words(day: dt.date, first_day: dt.date, *, first: bool) -> str:
    year = first or day.year != first_day.year
    return f"{day:%a %d %b %Y}" if year else f"{day:%a %d %b}"


def _apart(labels: Sequence[tuple[float, str]], rows: float = 2.4) -> list[tuple[float, str]]:
    """Labels without those of Mondays that would touch the one before; holes always stay."""
    kept: list[tuple[float, str]] = []
    for at, text in labels:
        if kept and at - kept[-1][0] < rows:
            if not text.endswith("recorded"):
                continue
            kept.pop()
        kept.append((at, text))
    return kept


def _holes(rows: Sequence[int | None]) -> list[tuple[int, int]]:
    begins = [i for i, r in enumerate(rows) if r is None and (i == 0 or rows[i - 1] is not None)]
    return [(i, i + _HOLE_ROWS) for i in begins]
