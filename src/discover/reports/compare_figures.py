"""Compared runs as one figure: macro F1 of each row, and its difference from the first run."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from discover.reports.markdown_compare import main_entries, row_words
from discover.reports.style import GREY, MANY_COLOURS, Drawing, draw

__all__ = ["draw_comparison"]

_LABEL_FREE = ("text_only", "aligned_zero_shot", "combined", "self_trained", "text_only_self_trained")
_GROUPS = ("no label", "few labels", "all training labels")
_NOTE = (
    "Left: macro F1 on annotated windows, single windows, described prompts. Right: each run minus the "
    "first, on the same windows; a line that does not touch 0 is a difference. Lines are 95 % intervals "
    "over days; a hollow dot has the range of the draws instead, and no interval of its difference."
)


def draw_comparison(result: Mapping[str, Any], protocol: str) -> Drawing | None:
    """A dot with its interval per row and run; None where no row of this protocol was scored.

    Args:
        result: Of `evaluation.compare.compare_runs`.
        protocol: "free_running" or "presegmented".
    """
    entries = [
        *main_entries(result["recognition"], protocol),
        *main_entries(result.get("few_labels", ()), protocol),
    ]
    rows = _rows(entries)
    if not rows:
        return None
    places = {row: place for place, (row, _) in enumerate(rows)}
    runs: Sequence[str] = result["runs"]
    shown = [e for e in entries if e["row"] in places]

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for i, run in enumerate(runs):
            shift = 0.6 * ((i + 0.5) / len(runs) - 0.5)
            own = [e for e in shown if e["run"] == run]
            colour = MANY_COLOURS[i % len(MANY_COLOURS)]
            _dots(left, own, [places[e["row"]] + shift for e in own], colour, label=run)
            later = [e for e in own if "minus_first" in e]
            differences = [{**e, **e["minus_first"]} for e in later]
            _dots(right, differences, [places[e["row"]] + shift for e in later], colour)
        left.set_yticks(range(len(rows)), [row_words(row).replace(" · described", "") for row, _ in rows])
        left.set_ylim(len(rows) - 0.4, -0.6)
        left.set_xlim(0, 1)
        left.set_xlabel("macro F1")
        right.set_xlabel(f"macro F1 minus {runs[0]}")
        right.axvline(0, color=GREY, linewidth=1.2, zorder=1.5)
        right.xaxis.set_major_locator(MaxNLocator(4))  # more would run into each other
        groups = [group for _, group in rows]
        for axes in (left, right):
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x")
            for place in range(1, len(groups)):
                if groups[place] != groups[place - 1]:
                    axes.axhline(place - 0.5, color=GREY, linewidth=0.8)
        for group in dict.fromkeys(groups):
            own_rows = [place for place, other in enumerate(groups) if other == group]
            middle, words = (own_rows[0] + own_rows[-1]) / 2, _GROUPS[group]
            right.text(1.03, middle, words, transform=right.get_yaxis_transform(), rotation=270, va="center")
        figure.legend(loc="outside upper left", ncols=min(3, len(runs)))

    height = 1.2 + 0.2 * -(-len(runs) // 3) + len(rows) * (0.17 + 0.1 * len(runs))
    alt = f"Macro F1 of {', '.join(runs)}, {protocol.replace('_', '-')} windows"
    return draw(f"comparison_{protocol}", alt, (10.5, height), paint, note=_NOTE)


def _rows(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Rows that are drawn, with their group: single windows; prompts by name only where none is described."""
    keys = [k for k in dict.fromkeys(str(e["row"]) for e in entries) if not k.endswith("/smoothed")]
    if any("/described" in key for key in keys):
        keys = [key for key in keys if "/name" not in key]
    few = {str(e["row"]) for e in entries if "interval_over" in e}
    grouped = [(k, 0 if k.split("/")[0] in _LABEL_FREE else 1 if k in few else 2) for k in keys]
    methods = list(dict.fromkeys(k.split("/")[0] for k in keys))
    return sorted(grouped, key=lambda row: (row[1], methods.index(row[0].split("/")[0])))


def _dots(
    axes: Axes, entries: Sequence[Mapping[str, Any]], places: Sequence[float], colour: str, label: str = ""
) -> None:
    for entry, place in zip(entries, places, strict=True):
        score = entry["macro_f1"]
        if score["low"] is not None:
            axes.plot([score["low"], score["high"]], [place, place], color=colour, linewidth=1.2)
        face = "white" if entry.get("interval_over") == "draws" else colour
        axes.plot(score["value"], place, "o", markersize=4.5, color=colour, markerfacecolor=face)
    if label:
        axes.plot([], [], "o-", markersize=4.5, color=colour, label=label)
