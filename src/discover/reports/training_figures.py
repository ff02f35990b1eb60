"""Training curves from the lines of metrics.jsonl, whichever numbers they hold."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from discover.reports.style import COLOURS, Drawing, draw

__all__ = ["draw_training_curves", "training_series"]

Series = dict[str, tuple[list[float], list[float]]]

# Panel title -> what must be in a number's name to be drawn in it, first match wins.
_PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Loss", ("loss",)),
    ("Retrieval", ("recall", "r@")),
    ("Mean average precision", ("map",)),
    ("Accuracy", ("accuracy", "acc")),
    ("Temperature", ("temperature",)),
    ("Learning rate", ("learning_rate", "lr")),
)
_MOST_LINES = 8


def training_series(rows: Sequence[Mapping[str, Any]]) -> Series:
    """Numbers by name over steps; nested blocks get names with "/", `split` or `kind` goes in front."""
    series: Series = {}
    for row in rows:
        if not isinstance(row.get("step"), int | float):
            continue
        prefix = row.get("split") or row.get("kind") or row.get("phase")
        for name, value in _flat(row):
            if name == "step" or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            full = f"{prefix}/{name.removeprefix(prefix + '_')}" if isinstance(prefix, str) else name
            steps, values = series.setdefault(full, ([], []))
            steps.append(float(row["step"]))
            values.append(float(value))
    return series


def draw_training_curves(rows: Sequence[Mapping[str, Any]]) -> Drawing | None:
    """One panel per kind of number; None where nothing can be drawn."""
    panels = _panels(training_series(rows))
    if not panels:
        return None
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)

    def paint(figure: Figure) -> None:
        grid = figure.subplots(lines, columns, squeeze=False).flatten()
        for axes, (title, series) in zip(grid, panels.items(), strict=False):
            for i, (name, (steps, values)) in enumerate(series.items()):
                marker = "o" if len(steps) <= 30 else ""
                style = "-" if i < len(COLOURS) else "--"
                axes.plot(
                    steps, values, style, marker=marker, markersize=3.5, linewidth=1.7,
                    label=_words(name), color=COLOURS[i % len(COLOURS)],
                )  # fmt: skip
            axes.set_title(title)
            axes.set_xlabel("step")
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
            axes.grid(axis="y")
            if len(series) <= 3:
                axes.legend(loc="best", handlelength=1.4)
            else:
                # Too many names to find a free corner among the lines.
                axes.legend(
                    loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, handlelength=1.4, fontsize=8
                )
        for axes in grid[len(panels) :]:
            axes.set_axis_off()

    alt = "Training curves: " + ", ".join(panels)
    return draw(
        "training_curves",
        alt,
        (4.8 * columns, (3.1 if all(len(s) <= 3 for s in panels.values()) else 3.5) * lines),
        paint,
    )


def _panels(series: Series) -> dict[str, Series]:
    panels: dict[str, Series] = {}
    for name in sorted(series, key=_natural):
        for title, words in _PANELS:
            if any(word in name.lower().split("/")[-1] for word in words):
                panel = panels.setdefault(title, {})
                # With a single loss the total equals it: one line is enough.
                if len(panel) < _MOST_LINES and series[name] not in panel.values():
                    panel[name] = series[name]
                break
    return {title: panels[title] for title, _ in _PANELS if title in panels}


def _words(name: str) -> str:
    """A metric's name for people: "val/text_to_window_recall_at_5" -> "val: text to window recall@5"."""
    return name.replace("_at_", "@").replace("_", " ").replace("/", ": ")


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorting key that puts recall@5 before recall@10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _flat(row: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in row.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}/")
        else:
            found.append((f"{prefix}{name}", value))
    return found
