"""Recognition: every row's F1 with its interval, and the confusion matrix of one label-free row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from discover.reports.markdown_evaluation import method_title
from discover.reports.style import COLOURS, Drawing, draw, paint_shares, shares_side

__all__ = ["draw_confusion", "draw_scores", "shown_row"]

_SCORES_NOTE = (
    "One line per method: the mark is its score on the test days, the bar its 95 % interval over "
    "days. Macro F1 counts every activity once, weighted F1 by its number of windows. Orange methods "
    "read no label."
)
_CONFUSION_NOTE = (
    "Rows are what the annotation says, columns what was answered without labels; numbers are "
    "windows. The darker the diagonal, the better; a dark cell off it is a mix-up."
)
_LABEL_FREE, _SUPERVISED = COLOURS[1], COLOURS[0]


def draw_scores(rows: Sequence[Mapping[str, Any]], pool: str, name: str) -> Drawing:
    """Macro and weighted F1 of recognition rows, a point and a 95 % interval each."""
    shown = [row for row in rows if pool in row]

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        places = np.arange(len(shown))[::-1]
        for axes, score, title in zip(
            panels, ("macro_f1", "weighted_f1"), ("Macro F1", "Weighted F1"), strict=True
        ):
            for place, row in zip(places, shown, strict=True):
                value = row[pool][score]
                colour = _SUPERVISED if row["uses_labels"] else _LABEL_FREE
                marker = "s" if row["uses_labels"] else "o"
                ends = [value["low"], value["high"]]
                if None not in ends:
                    axes.plot(ends, [place, place], color=colour, linewidth=2, alpha=0.55)
                axes.plot(value["value"], place, marker, color=colour, markersize=6)
            axes.set_title(title)
            axes.set_xlim(0, 1)
            axes.grid(axis="x")
            axes.set_ylim(-0.7, len(shown) - 0.3)
        panels[0].set_yticks(places, [method_title(row) for row in shown])
        panels[0].plot([], [], "o", color=_LABEL_FREE, label="no label used")
        panels[0].plot([], [], "s", color=_SUPERVISED, label="trained on labels")
        figure.legend(loc="outside upper right", ncols=2)

    alt = "Macro and weighted F1 of every method with 95 % intervals"
    return draw(name, alt, (9.6, 1.3 + 0.27 * len(shown)), paint, note=_SCORES_NOTE)


def shown_row(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The row whose confusion is shown: fixed beforehand, not the one that scores best.

    Aligned zero-shot, described prompts, centred, single windows; else the next simpler thing there is.
    """
    wanted: tuple[dict[str, str], ...] = (
        {"variant": "centred", "prompts": "described"},
        {"variant": "centred"},
        {},
    )
    for method in ("aligned_zero_shot", "text_only", "bag_logistic", "majority"):
        for extra in wanted:
            for row in rows:
                if row["method"] == method and not row["smoothed"] and extra.items() <= dict(row).items():
                    return row
    return None


def draw_confusion(row: Mapping[str, Any], pool: str, name: str) -> Drawing:
    """Share of each true class (row) that was answered as each class (column), counts inside."""
    counts = np.asarray(row[pool]["confusion"], dtype=float)
    classes = row[pool]["classes"]
    keep = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    counts = counts[np.ix_(keep, keep)]
    names = [c.replace("_", " ") for c, kept in zip(classes, keep, strict=True) if kept]
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    side = shares_side(names)
    words = {(i, j): _short(counts[i, j]) for i, j in zip(*np.nonzero(counts), strict=True)}

    def paint(figure: Figure) -> None:
        axes = paint_shares(
            figure, share, words, names,
            across="answered", down="true activity", bar="share of the true activity",
        )  # fmt: skip
        axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="minor", length=0)

    return draw(
        name, f"Confusion matrix of {method_title(row)}", (side + 1.2, side), paint, note=_CONFUSION_NOTE
    )


def _short(count: float) -> str:
    return f"{count:,.0f}" if count < 10_000 else f"{count / 1000:.0f}k"
