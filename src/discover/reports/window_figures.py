"""One figure about the windows: how many events, how long, at what hour, on which days."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

from discover.core.tables import SPLITS
from discover.reports.style import SPLIT_COLOURS, Drawing, draw

__all__ = ["draw_window_statistics"]


_NOTE = (
    "How big windows are, at what hour and on which days they lie. Training, validation and test "
    "days are kept apart; the three should look alike, or the test asks for something that training "
    "never saw."
)


def draw_window_statistics(windows: pl.DataFrame) -> Drawing:
    """Four panels over `core.tables.WINDOWS`, one colour per split."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots(2, 2)
        present = [s for s in SPLITS if (windows["split"] == s).any()]
        parts = {s: windows.filter(pl.col("split") == s) for s in present}
        _histogram(axes[0, 0], {s: p["n_events"].to_numpy() for s, p in parts.items()}, "events in a window")
        axes[0, 0].set_title("Events per window")
        seconds = {
            s: (p["end"] - p["start"]).dt.total_microseconds().to_numpy() / 1e6 for s, p in parts.items()
        }
        _histogram(axes[0, 1], seconds, "seconds from first to last event")
        axes[0, 1].set_title("Duration of a window")
        _hours(axes[1, 0], parts)
        _days(axes[1, 1], parts)
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper right", ncols=len(names))

    alt = "Distribution of window sizes, durations, hours of day and days, per split"
    return draw("window_statistics", alt, (9.6, 6.2), paint, note=_NOTE)


def _histogram(axes: Axes, values: Mapping[str, NDArray[Any]], label: str) -> None:
    everything = np.concatenate([v.astype(float) for v in values.values()]) if values else np.zeros(1)
    # The longest 1 % would squeeze the rest into the first bar; they are counted in the last one.
    top = float(np.percentile(everything, 99)) if len(everything) else 1.0
    low = float(everything.min())
    whole = label.startswith("events")
    if whole:
        step = max(1, int(np.ceil((top - low + 1) / 30)))
        edges = np.arange(np.floor(low), top + step + 1, step) - 0.5
    else:
        edges = np.linspace(0, max(top, 1e-3), 31)
    for split, numbers in values.items():
        clipped = np.clip(numbers.astype(float), edges[0], edges[-1] - 1e-9)
        counts, _ = np.histogram(clipped, bins=edges)
        share = 100 * counts / max(1, counts.sum())
        axes.stairs(
            share, edges, color=SPLIT_COLOURS[split], linewidth=1.6, label=_named(split, len(numbers))
        )
    axes.set_xlabel(label + (" (top 1 % in the last bar)" if everything.max() > edges[-1] else ""))
    axes.set_ylabel("% of windows")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")


def _hours(axes: Axes, parts: dict[str, pl.DataFrame]) -> None:
    for split, part in parts.items():
        counts = np.bincount(part["start"].dt.hour().to_numpy(), minlength=24)
        share = 100 * counts / max(1, counts.sum())
        axes.stairs(share, np.arange(25), color=SPLIT_COLOURS[split], linewidth=1.6)
    axes.set_title("Hour of day")
    axes.set_xlabel("hour in which the window starts")
    axes.set_ylabel("% of windows")
    axes.set_xlim(0, 24)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(0, 25, 4))
    axes.grid(axis="y")


def _days(axes: Axes, parts: dict[str, pl.DataFrame]) -> None:
    for split, part in parts.items():
        days = part.group_by(pl.col("start").dt.date().alias("day")).len().sort("day")
        axes.vlines(
            days["day"].to_list(),
            0,
            days["len"].to_list(),
            color=SPLIT_COLOURS[split],
            linewidth=_bar_width(parts),
        )
    axes.set_title("Windows per day")
    axes.set_ylabel("windows")
    axes.set_ylim(bottom=0)
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.03)
    axes.grid(axis="y")


def _bar_width(parts: dict[str, pl.DataFrame]) -> float:
    starts = pl.concat([p["start"] for p in parts.values()]).dt.date().to_physical()
    span = max(1, int(starts.max()) - int(starts.min()) + 1)  # type: ignore[arg-type]
    return float(np.clip(230 / span, 0.8, 9))


def _named(split: str, count: int) -> str:
    return f"{split} ({count:,})"
