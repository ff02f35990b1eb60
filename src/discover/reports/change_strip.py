"""A rolling comparison as a picture: windows across, things down, coloured by effect size."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from discover.changes import RollingComparison
from discover.changes.day_measures import ANY
from discover.reports.change_figures import measure_name
from discover.reports.style import COLOURS, INK, Drawing, draw

__all__ = ["draw_rolling_changes"]

_MOST_ROWS = 30
_MOST_DATES = 16
_MARKS = {"more": "^", "less": "v", "earlier": "<", "later": ">"}
_SKIPPED = "#c3cad1"
_HATCH = "/////"
# The colours that bars of two periods have: blue for less and earlier, orange for more and later.
_COLOUR_MAP = LinearSegmentedColormap.from_list("effect", [COLOURS[0], "#ffffff", COLOURS[1]])
_Row = tuple[str, str]


def draw_rolling_changes(comparison: RollingComparison, title: str) -> Drawing:
    """Cliff's delta per window (across) and measure (down); a triangle marks what passes the level.

    Rows are the measures found in any window, the most often found first, then the time of the other things,
    at most 30; windows that were skipped stay as grey columns. Holes in the recording are left out: a thick
    line stands for each.
    """
    every = _rows(comparison)
    rows, left = every[:_MOST_ROWS], max(len(every) - _MOST_ROWS, 0)
    size = (min(3.8 + 0.34 * max(len(comparison.windows), 16), 16.0), 2.6 + 0.27 * max(len(rows), 3))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        picture = axes.imshow(
            _effects(comparison, rows),
            cmap=_COLOUR_MAP,
            vmin=-1,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
        )
        axes.patch.set(facecolor="white", edgecolor=_SKIPPED, hatch=_HATCH)
        for at, window in enumerate(comparison.windows):
            if window.skipped is not None:
                axes.axvspan(at - 0.5, at + 0.5, color=_SKIPPED, linewidth=0)
        for hole in comparison.holes:
            before = sum(w.period.first < hole.first for w in comparison.windows)
            axes.axvline(before - 0.5, color=INK, linewidth=3)
        _mark_found(axes, comparison, rows)
        _label(axes, comparison, rows)
        axes.set_xlabel("first day of the window" + (f"; {left} more rows are in the table" if left else ""))
        bar = figure.colorbar(picture, ax=axes, ticks=[-1, 0, 1], pad=0.01, fraction=0.03)
        bar.ax.set_yticklabels(["-1 less,\nearlier", "0", "+1 more,\nlater"])
        lowest, _, highest = bar.ax.get_yticklabels()
        lowest.set_verticalalignment("bottom")
        highest.set_verticalalignment("top")
        bar.set_label("Cliff's delta", labelpad=-18)
        rolling = comparison.rolling
        axes.set_title(
            f"{title}\n{rolling.window_days} days against the {rolling.baseline_days} days before them\n"
            f"marked: passes a false discovery rate of {comparison.fdr:g} over all windows"
            + ("" if comparison.found else "; none does")
        )
        figure.legend(
            handles=list(_legend(comparison)), loc="outside lower center", ncols=6, handletextpad=0.4
        )

    alt = (
        f"Effect sizes of {len(rows)} measures in {len(comparison.compared)} windows; "
        f"{len(comparison.found)} pass the level, {len(comparison.skipped)} windows were skipped."
    )
    return draw("rolling_changes", alt, size, paint)


def _rows(comparison: RollingComparison) -> list[_Row]:
    counts: dict[_Row, int] = {}
    for _, change in comparison.found:
        counts[change.thing, change.measure] = counts.get((change.thing, change.measure), 0) + 1
    found = sorted(counts, key=lambda row: (-counts[row], _place(row)))
    times = {(c.thing, c.measure) for w in comparison.windows for c in w.changes if c.measure == "time"}
    return [*found, *sorted(times - set(found), key=_place)]


def _place(row: _Row) -> tuple[bool, int, _Row]:
    # The home as a whole first; clusters, whose names begin with their number, in the order of their numbers.
    number = row[0].partition(":")[0]
    return row[0] != ANY, int(number) if number.isdecimal() else -1, row


def _effects(comparison: RollingComparison, rows: list[_Row]) -> NDArray[np.float64]:
    at = {row: i for i, row in enumerate(rows)}
    effects = np.full((len(rows), len(comparison.windows)), np.nan)
    for column, window in enumerate(comparison.windows):
        for change in window.changes:
            if (change.thing, change.measure) in at:
                effects[at[change.thing, change.measure], column] = change.cliffs_delta
    return effects


def _mark_found(axes: Axes, comparison: RollingComparison, rows: list[_Row]) -> None:
    at = {row: i for i, row in enumerate(rows)}
    for column, window in enumerate(comparison.windows):
        for change in window.found:
            if (change.thing, change.measure) in at:
                axes.plot(
                    column, at[change.thing, change.measure], _MARKS[change.direction], color=INK,
                    markeredgecolor="white", markersize=8,
                )  # fmt: skip


def _label(axes: Axes, comparison: RollingComparison, rows: list[_Row]) -> None:
    windows = comparison.windows
    step = -(-len(windows) // _MOST_DATES)
    dates = range(0, len(windows), step)
    axes.set_xticks(list(dates), [str(windows[i].period.first) for i in dates], rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), [measure_name(*row) for row in rows])
    axes.set_xlim(-0.5, len(windows) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)


def _legend(comparison: RollingComparison) -> Iterable[Line2D | Patch]:
    for word, mark in _MARKS.items():
        yield Line2D([], [], marker=mark, color=INK, linestyle="none", markersize=7, label=f"found: {word}")
    yield Patch(color=_SKIPPED, label="window skipped")
    yield Patch(facecolor="white", edgecolor=_SKIPPED, hatch=_HATCH, label="too few days with it")
    if comparison.holes:
        yield Line2D([], [], color=INK, linewidth=3, label="nothing recorded")
